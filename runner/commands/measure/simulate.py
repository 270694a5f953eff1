"""``tinyrunner simulate``: devices and instruments that any runner, or a terminal, can talk to."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from ...errors import SetupError
from .. import options
from ..interrupts import interrupt_the_work

if TYPE_CHECKING:
    from ....dut_protocol.simulated.serve import ServedPort
    from ...config.sim_address import MonitorKind

_ANY_PORT = ("127.0.0.1", 0)
_KINDS = "n6705, lpm01a, ppk2, stlinkv3pwr, otii, scpi:FILE, or replay:FILE."

_InferenceOption = Annotated[
    float | None,
    typer.Option(
        "--inference-ms",
        help="Modelled time of an inference.",
        show_default="a usual time of the task",
        metavar="MS",
    ),
]

app = typer.Typer(no_args_is_help=True)


@app.callback()
def simulate() -> None:
    """Serve a simulated device, an energy monitor or a whole bench to other programs."""
    interrupt_the_work(even_if_ignored=True)  # there is no other way to end it


@app.command()
@options.with_settings(
    "task model replay datasets config pty tcp baud_rate inference_ms energy extension",
    datasets=("With --replay: the inputs, to know them by.", "none: answers in the log's order"),
)
def dut(
    flags: dict[str, Any],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="What it runs: vww, ic, kws, ad, ic2 or custom.",
            show_default="kws",
            metavar="TASK",
        ),
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            help="Answer as the board in this log did: log.txt, a wire log.",
            show_default="a model runs",
            metavar="FILE",
        ),
    ] = None,
    config: options.ConfigOption = None,
    pty: Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal.")] = False,
    tcp: Annotated[
        str | None,
        typer.Option(
            "--tcp",
            metavar="HOST:PORT",
            help="On TCP; port 0: any free.",
            show_default="required, or --pty",
        ),
    ] = None,
    baud_rate: Annotated[
        int,
        typer.Option("--baud-rate", help="Modelled speed; 0: as fast as it goes.", metavar="BAUD"),
    ] = 115200,
    inference_ms: _InferenceOption = None,
    energy: Annotated[bool, typer.Option("--energy", help="As energy-mode firmware.")] = False,
    extension: Annotated[
        bool, typer.Option("--extension", help="Offer the wire extension x-tinyrunner-1.")
    ] = False,
) -> None:
    """Serve a simulated device under test until Ctrl-C; its address goes to stdout.

    With --replay it is the board in a log. Which answer belongs to which input is told by the data
    sets (--datasets); without them, the answers come in the log's order.
    """
    from ....dut_protocol.simulated.serve import DeviceServer, PtyPort, TcpPort
    from ...bench.simulated.device import simulated_device
    from ...config.config import override
    from ...config.named import task_named

    settings = options.base_config(config)
    if pty == (tcp is not None):
        raise SetupError("where? Give either --pty or --tcp HOST:PORT")
    address = f"?baud={baud_rate}"
    if inference_ms is not None:
        address += f"&inference_ms={inference_ms}"
    if replay is not None:
        if task is not None or flags["model"] is not None or energy or extension:
            raise SetupError(
                "the log says what its board ran; leave --task, --model, --energy, --extension out"
            )
        address = f"sim:{address}&replay={quote(str(replay))}"
    else:
        chosen = task_named(task or "kws", settings)
        address = f"sim:{chosen.model_id}{address}&mode={_mode(energy)}&extension={extension:d}"
    device = simulated_device(override(settings, dut=address, **flags), None)
    server = DeviceServer(device.device)
    port: ServedPort
    if tcp is None:
        port = PtyPort.open()
        server.boot()
    else:
        port = TcpPort.listen(*_host_and_port(tcp), server.boot)
    note = f" ({device.model.note})" if device.model.note else ""
    model_id = device.device.model.model_id
    with closing(port), suppress(KeyboardInterrupt):  # the way to end it
        _say(f"{model_id} on {port.address}: {device.model.model}{note}; Ctrl-C ends it")
        typer.echo(port.address)
        server.run(port, threading.Event())


@app.command()
def monitor(
    kind: Annotated[
        str | None, typer.Option("--kind", help=_KINDS, show_default="n6705", metavar="KIND")
    ] = None,
    replay: Annotated[
        Path | None,
        typer.Option(
            "--replay",
            help="Answer as the monitor in this wire log did.",
            show_default="a steady load is served",
            metavar="FILE",
        ),
    ] = None,
    pty: Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal.")] = False,
    tcp: Annotated[
        str | None,
        typer.Option(
            "--tcp",
            metavar="HOST:PORT",
            help="On TCP; port 0: any free.",
            show_default="127.0.0.1, any free port",
        ),
    ] = None,
    load_ma: Annotated[
        float,
        typer.Option("--load-ma", help="What its load draws while the supply is on.", metavar="MA"),
    ] = 10.0,
) -> None:
    """Serve an energy monitor with a steady load until Ctrl-C; its address goes to stdout.

    With --replay it is the one that `run --mode energy --wire-log FILE` recorded. What it measures
    is a recording then, though it tells the serial number of a real one.
    """
    from ....dut_protocol.link.clock import MonotonicClock
    from ....energy.simulated.power_model import BoardCurrents, PowerModel
    from ...bench.simulated.monitors import named_monitor, served_instrument

    if replay is not None and kind is not None:
        raise SetupError("the log says which monitor it is; leave --kind out")
    kind = f"replay:{replay}" if replay is not None else kind or "n6705"
    named = named_monitor(kind)
    where = _monitor_place(named.kind, pty, tcp, "--tcp")
    if not 0 <= load_ma <= 1000:
        raise SetupError(f"--load-ma {load_ma:g}: expected 0 to 1000")
    load_a = load_ma / 1000.0
    power = PowerModel(BoardCurrents(0.0, load_a, load_a, load_a, load_a))
    with (
        suppress(KeyboardInterrupt),  # the way to end it
        served_instrument(named, power, MonotonicClock(), None, where) as address,
    ):
        load = "" if replay is not None else f", {load_ma:g} mA while its output is on"
        _say(f"{kind}{load}: --monitor {address}; Ctrl-C ends it")
        typer.echo(address)
        threading.Event().wait()


@app.command()
@options.with_settings(
    "task model config kind io pty tcp_io tcp_monitor dut_baud_rate inference_ms",
    io=(
        "What its IO manager is like: sim:?command_chars=40, first_byte_lost=1, late_edges=0.",
        "sim:",
    ),
)
def bench(
    flags: dict[str, Any],
    task: Annotated[
        str,
        typer.Option(
            "--task", help="What the board runs: vww, ic, kws, ad, ic2 or custom.", metavar="TASK"
        ),
    ] = "kws",
    config: options.ConfigOption = None,
    kind: Annotated[
        str, typer.Option("--kind", help=f"The energy monitor: {_KINDS}", metavar="KIND")
    ] = "n6705",
    pty: Annotated[
        bool, typer.Option("--pty", help="On pseudo-terminals; n6705, otii and scpi stay on TCP.")
    ] = False,
    tcp_io: Annotated[
        str | None,
        typer.Option(
            "--tcp-io",
            metavar="HOST:PORT",
            help="Where the IO manager listens.",
            show_default="127.0.0.1, any free port",
        ),
    ] = None,
    tcp_monitor: Annotated[
        str | None,
        typer.Option(
            "--tcp-monitor",
            metavar="HOST:PORT",
            help="Where the monitor listens.",
            show_default="127.0.0.1, any free port",
        ),
    ] = None,
    dut_baud_rate: Annotated[
        int | None,
        typer.Option(
            "--dut-baud-rate",
            help="Between IO manager and board.",
            show_default="9600",
            metavar="BAUD",
        ),
    ] = None,
    inference_ms: _InferenceOption = None,
) -> None:
    """Serve a board with energy firmware, its IO manager and its monitor until Ctrl-C.

    They are wired together and keep real time. Two addresses go to stdout: the IO manager's, then
    the monitor's.
    """
    from ....dut_protocol.link.clock import MonotonicClock
    from ....dut_protocol.simulated.serve import DeviceServer, PtyPort, TcpPort
    from ...bench.simulated.device import simulated_device
    from ...bench.simulated.monitors import named_monitor, served_instrument
    from ...bench.simulated.wiring import Wiring
    from ...config.config import override
    from ...config.named import task_named
    from ...config.sim_address import names_simulated

    settings = options.base_config(config)
    chosen = task_named(task, settings)
    named = named_monitor(kind)
    if flags["io"] is not None and not names_simulated(flags["io"]):
        raise SetupError(f"--io {flags['io']}: this bench simulates its own; expected sim:?…")
    if pty and tcp_io is not None:
        raise SetupError("where is the IO manager to be? Give either --pty or --tcp-io HOST:PORT")
    on_pty = pty and tcp_monitor is None and not named.kind.is_on_tcp
    where = _monitor_place(named.kind, on_pty, tcp_monitor, "--tcp-monitor")
    address = f"sim:{chosen.model_id}?mode=energy"
    if inference_ms is not None:
        address += f"&inference_ms={inference_ms}"
    settings = override(settings, dut=address, **flags)
    io = settings.io_manager
    if dut_baud_rate is not None:
        io = io.model_copy(update={"dut_baud_rate": dut_baud_rate})
    described = simulated_device(settings, None)
    clock = MonotonicClock()
    wired = Wiring(described, io)
    server = DeviceServer(wired.io_manager, clock, wired.lock)
    with ExitStack() as stack:
        stack.enter_context(suppress(KeyboardInterrupt))  # the way to end it
        at = stack.enter_context(
            served_instrument(named, wired.power, clock, wired.on_power, where)
        )
        port: ServedPort
        if pty:
            port = PtyPort.open()
        else:
            place = _ANY_PORT if tcp_io is None else _host_and_port(tcp_io, "--tcp-io")
            port = TcpPort.listen(*place, server.boot)
        stack.callback(port.close)
        note = f" ({described.model.note})" if described.model.note else ""
        _say(
            f"{chosen.model_id}, {described.model.model}{note}, behind an IO manager, powered by "
            f"a simulated {kind}; Ctrl-C ends it. To measure it:\n"
            f"tinyrunner run {chosen.key} --mode energy --io {port.address} --monitor {at} "
            "--supply-v 3.0 --datasets FOLDER"
        )
        typer.echo(port.address)
        typer.echo(at)
        server.run(port, threading.Event())


def _monitor_place(
    served: MonitorKind, pty: bool, tcp: str | None, option: str
) -> tuple[str, int] | None:
    """Return where a monitor listens on TCP; None: on a pseudo-terminal."""
    if pty and tcp is not None:
        raise SetupError(f"where? Give either --pty or {option} HOST:PORT")
    if pty and served.is_on_tcp:
        raise SetupError(f"an {served.value} speaks TCP: give {option} HOST:PORT instead of --pty")
    if pty:
        return None
    return _ANY_PORT if tcp is None else _host_and_port(tcp, option)


def _say(text: str) -> None:
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def _mode(energy: bool) -> str:
    return "energy" if energy else "performance"


def _host_and_port(text: str, option: str = "--tcp") -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SetupError(f"{option} {text}: expected HOST:PORT, e.g. 127.0.0.1:5000")
    return host, int(port)
