"""``tinyrunner simulate``: devices and instruments that any runner, or a terminal, can talk to."""

from __future__ import annotations

import threading
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ....models.suite import SWW
from ...errors import SetupError
from .. import options
from ..interrupts import interrupt_the_work
from .serving import (
    PtyOption,
    TcpOption,
    host_and_port,
    monitor_place,
    one_place,
    open_port,
)
from .simulate_streaming import interface_board, serve_streaming_bench, serve_streaming_dut

_KINDS = "n6705, lpm01a, ppk2, stlinkv3pwr, otii, scpi:FILE, or replay:FILE."

_LOAD_MA = 10.0
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


app.command("interface-board")(interface_board)


@app.command()
@options.with_settings(
    "task model engine replay datasets config pty tcp baud_rate inference_ms energy extension",
    datasets=("With --replay: the inputs, to know them by.", "none: answers in the log's order"),
)
def dut(
    flags: dict[str, Any],
    task: Annotated[
        str | None,
        typer.Option(
            "--task",
            help="What it runs: vww, ic, kws, ad, ic2, sww or custom.",
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
    pty: PtyOption = False,
    tcp: TcpOption = None,
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
    from ....dut_protocol.simulated.serve import DeviceServer
    from ...bench.simulated.device import simulated_device
    from ...config.config import override
    from ...config.name_lookup import task_named

    settings = options.base_config(config)
    place = one_place(pty, tcp)
    if task == SWW.key and replay is None:
        if extension:
            raise SetupError("sww has no inputs to be loaded; leave --extension out")
        address = f"sim:{SWW.model_id}?mode={_mode(energy)}"
        if inference_ms is not None:
            address += f"&inference_ms={inference_ms}"
        serve_streaming_dut(override(settings, dut=address, **flags), baud_rate, pty, place)
        return
    if replay is None and flags["datasets"] is not None:
        raise SetupError("--datasets is by what the inputs of --replay are known; leave it out")
    address = f"?baud={baud_rate}"
    if inference_ms is not None:
        address += f"&inference_ms={inference_ms}"
    if replay is not None:
        runs = (task, flags["model"], flags["engine"])
        if any(one is not None for one in runs) or energy or extension:
            raise SetupError(
                "the log says what its board ran; leave --task, --model, --engine, --energy, "
                "--extension out"
            )
        address = f"sim:{address}&replay={quote(str(replay))}"
    else:
        chosen = task_named(task or "kws", settings)
        address = f"sim:{chosen.model_id}{address}&mode={_mode(energy)}&extension={extension:d}"
    device = simulated_device(override(settings, dut=address, **flags), None)
    server = DeviceServer(device.device)
    port = open_port(pty, place, server.boot)
    if pty:
        server.boot()
    note = f" ({device.model.note})" if device.model.note else ""
    model_id = device.device.model.model_id
    with closing(port), suppress(KeyboardInterrupt):  # the way to end it
        options.tell_on_stderr(
            f"{model_id} on {port.address}: {device.model.model}{note}; Ctrl-C ends it"
        )
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
    pty: PtyOption = False,
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
        float | None,
        typer.Option(
            "--load-ma",
            help="What its load draws while the supply is on.",
            show_default="10",
            metavar="MA",
        ),
    ] = None,
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
    if replay is not None and load_ma is not None:
        raise SetupError("the log says what was drawn; leave --load-ma out")
    load_ma = _LOAD_MA if load_ma is None else load_ma
    kind = f"replay:{replay}" if replay is not None else kind or "n6705"
    named = named_monitor(kind)
    where = monitor_place(named.kind, pty, tcp, "--tcp")
    if not 0 <= load_ma <= 1000:
        raise SetupError(f"--load-ma {load_ma:g}: expected 0 to 1000")
    load_a = load_ma / 1000.0
    power = PowerModel(BoardCurrents(0.0, load_a, load_a, load_a, load_a))
    with (
        suppress(KeyboardInterrupt),  # the way to end it
        served_instrument(named, power, MonotonicClock(), None, where) as address,
    ):
        load = "" if replay is not None else f", {load_ma:g} mA while its output is on"
        options.tell_on_stderr(f"{kind}{load}: --monitor {address}; Ctrl-C ends it")
        typer.echo(address)
        threading.Event().wait()


@app.command()
@options.with_settings(
    "task model engine datasets dut config kind io pty tcp_io tcp_monitor dut_baud_rate "
    "inference_ms",
    datasets=("With --task sww: the recordings on the card, in sww01/.", "none: an empty card"),
    dut=("With --task sww: what is simulated, sim:sww01?audio_ppm=-2300.", "sim:sww01"),
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
            "--task",
            help="What the board runs: vww, ic, kws, ad, ic2, sww or custom.",
            metavar="TASK",
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
            help="Where the IO manager or the interface board listens.",
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
    the monitor's. With --task sww an interface board stands in the IO manager's place.
    """
    from ....dut_protocol.link.clock import MonotonicClock
    from ....dut_protocol.simulated.serve import DeviceServer
    from ...bench.simulated.device import simulated_device
    from ...bench.simulated.monitors import named_monitor, served_instrument
    from ...bench.simulated.wiring import Wiring
    from ...config.config import override
    from ...config.name_lookup import task_named
    from ...config.sim_address import names_simulated

    settings = options.base_config(config)
    named = named_monitor(kind)
    if flags["io"] is not None and not names_simulated(flags["io"]):
        raise SetupError(f"--io {flags['io']}: this bench simulates its own; expected sim:?…")
    if pty and tcp_io is not None:
        raise SetupError("where is the IO manager to be? Give either --pty or --tcp-io HOST:PORT")
    on_pty = pty and tcp_monitor is None and not named.kind.is_on_tcp
    where = monitor_place(named.kind, on_pty, tcp_monitor, "--tcp-monitor")
    io_place = None if tcp_io is None else host_and_port(tcp_io, "--tcp-io")
    if task == SWW.key:
        if flags["io"] is not None or dut_baud_rate is not None or inference_ms is not None:
            raise SetupError(
                "sww has an interface board, and all of it is told by --dut: "
                "sim:sww01?baud=115200&inference_ms=11.5, say"
            )
        serve_streaming_bench(override(settings, **flags), named, where, pty, io_place)
        return
    if flags.pop("dut") is not None:
        raise SetupError("--dut says what is simulated for --task sww; leave it out here")
    if flags["datasets"] is not None:
        raise SetupError("--datasets is what lies on the card for --task sww; leave it out here")
    chosen = task_named(task, settings)
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
        port = open_port(pty, io_place, server.boot)
        stack.callback(port.close)
        note = f" ({described.model.note})" if described.model.note else ""
        options.tell_on_stderr(
            f"{chosen.model_id}, {described.model.model}{note}, behind an IO manager, powered by "
            f"a simulated {kind}; Ctrl-C ends it. To measure it:\n"
            f"tinyrunner run {chosen.key} --mode energy --io {port.address} --monitor {at} "
            "--supply-v 3.0 --datasets FOLDER"
        )
        typer.echo(port.address)
        typer.echo(at)
        server.run(port, threading.Event())


def _mode(energy: bool) -> str:
    return "energy" if energy else "performance"
