"""``tinyrunner simulate`` for the streaming wake word: an interface board, its device, a bench."""

from __future__ import annotations

import threading
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import typer

from ....models.suite import SWW
from ...errors import SetupError
from .. import options
from .serving import PtyOption, TcpOption, one_place, open_port

if TYPE_CHECKING:
    from ....dut_protocol.simulated.serve import ServedEnd
    from ...bench.simulated.monitors import NamedMonitor
    from ...bench.simulated.streaming.wiring import StreamingWiring
    from ...config.config import Config

_ADDRESS = f"sim:{SWW.model_id}"


@options.with_settings(
    "dut datasets model engine config pty tcp",
    dut=("What is simulated, with all its options: sim:sww01?audio_ppm=-2300.", "sim:sww01"),
    datasets=("The recordings on its card, in sww01/.", "none: an empty card"),
    model=("What the device hears by.", "of the demo: demo; else the lists of the words"),
)
def interface_board(
    flags: dict[str, Any],
    config: options.ConfigOption = None,
    pty: PtyOption = False,
    tcp: TcpOption = None,
) -> None:
    """Serve an interface board with a device behind it until Ctrl-C; its address goes to stdout.

    It plays in real time what lies in the folder --datasets, and the device listens: by a model
    (--model), or by the lists of the words. Faults stand in the address: fault=no_card, say.
    """
    from ...config.config import override

    place = one_place(pty, tcp)
    settings = override(options.base_config(config), **flags)
    wired = _wired(settings, energy=False)
    _serve(wired, wired.board, pty, place, "behind an interface board")


def serve_streaming_dut(
    settings: Config, baud_rate: int, pty: bool, place: tuple[str, int] | None
) -> None:
    """Serve the device of the streaming wake word on its own port."""
    wired = _wired(settings, energy=False)
    wired.device.set_baud_rate(baud_rate)
    _serve(wired, wired.device, pty, place, "with no board: give it sound by `db`")


def serve_streaming_bench(
    settings: Config,
    named: NamedMonitor,
    where: tuple[str, int] | None,
    pty: bool,
    place: tuple[str, int] | None,
) -> None:
    """Serve an interface board, its device, and the monitor that powers it."""
    from ...bench.simulated.monitors import served_instrument

    wired = _wired(settings, energy=True)
    with served_instrument(named, wired.power, wired.clock, wired.on_power, where) as at:
        what = f"behind an interface board, powered by a simulated {named.name} (--monitor {at})"
        _serve(wired, wired.board, pty, place, what, at)


def _wired(settings: Config, *, energy: bool) -> StreamingWiring:
    from ....dut_protocol.link.clock import MonotonicClock
    from ...bench.simulated.streaming.wiring import StreamingWiring
    from ...config.config import override
    from ...config.sim_address import simulated_model_id

    if settings.dut.address is None:
        settings = override(settings, dut=_ADDRESS)
    if simulated_model_id(settings) != SWW.model_id:
        raise SetupError(f"--dut {settings.dut.address}: expected {_ADDRESS}, with options or not")
    return StreamingWiring(settings, MonotonicClock(), energy=energy)


def _serve(
    wired: StreamingWiring,
    end: ServedEnd,
    pty: bool,
    place: tuple[str, int] | None,
    what: str,
    *more_addresses: str,
) -> None:
    """Serve until Ctrl-C. A connection resets nothing: an ST-LINK's port does not either."""
    from ....dut_protocol.simulated.streaming.live import LiveServer

    with (
        suppress(KeyboardInterrupt),  # the way to end it
        closing(open_port(pty, place, lambda: None)) as port,
    ):
        note = f" ({wired.model.note})" if wired.model.note else ""
        options.tell_on_stderr(
            f"{SWW.model_id}, {wired.model.model}{note}, {what}, on {port.address}; Ctrl-C ends it"
        )
        for address in (port.address, *more_addresses):
            typer.echo(address)
        LiveServer(end, wired.live, wired.clock, wired.lock).run(port, threading.Event())
