"""Opens the bench of a streaming task: an interface board, the device, perhaps a monitor.

The device is behind the board, or on a port of its own where one is named. In energy mode the
monitor powers it, and sees its timestamp pin by an event input.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from ...dut_protocol.errors import LinkError
from ...dut_protocol.host.dut import Dut
from ...dut_protocol.host.inference import InferenceTimer
from ...dut_protocol.host.interface_board import InterfaceBoard
from ...dut_protocol.host.load_with_retries import Loader
from ...dut_protocol.link.clock import Clock, MonotonicClock
from ...dut_protocol.link.transport import Transport, check_address
from ...dut_protocol.link.wire_log import LoggingTransport
from ...dut_protocol.wire.settings import LinkSettings, VerifyLoad
from ...energy.errors import MonitorError, SupplyMayBeOn
from ...energy.interruptions import SafeStack
from ...energy.monitor import EnergyMonitor
from ...models.suite import SWW_INFERENCE
from ..config.config import Config, MonitorConfig
from ..config.labgrid_address import with_ports
from ..config.sim_address import AUTO, is_simulated, names_simulated
from ..errors import SetupError
from .bench import Bench, StreamingParts
from .labgrid.lease import ports_of_places
from .monitors import check_monitor_address, open_monitor
from .opening import SOME_PORT, BoardWire, bench_on, open_bench, open_placed
from .recorder import Recorder, ServedTransport
from .simulated.device import SimulatedModel
from .simulated.streaming.wiring import SimulatedStreamingBench


def with_simulated_board(config: Config) -> Config:
    """Return the configuration with a simulated device where the board alone is said to be one.

    It is behind the board, as a real device that is not named.
    """
    dut, board = config.dut, config.interface_board
    if dut.address is None and names_simulated(board.address):
        return config.model_copy(
            update={
                "dut": dut.model_copy(update={"address": board.address}),
                "interface_board": board.model_copy(update={"address": None}),
            }
        )
    return config


def is_device_behind(config: Config) -> bool:
    """Tell whether the device is reached through the interface board."""
    if config.dut.address is None:
        return True
    return is_simulated(config) and config.interface_board.address is None


def device_baud_rate(config: Config, *, energy: bool) -> int:
    """Return the rate at which the device talks, to the board or on a port of its own."""
    if is_device_behind(config):
        return config.interface_board.device_rate(energy=energy)
    return config.dut.baud_rate


def check_streaming_addresses(config: Config, *, energy: bool) -> None:
    """Refuse (SetupError) addresses of which no bench can be made, before any port is opened."""
    if is_simulated(config):
        for what, address in (
            ("energy monitor", config.monitor.address),
            ("interface board", config.interface_board.address),
        ):
            if address is not None and not names_simulated(address):
                raise SetupError(
                    f"{config.dut.address} is a simulated device and brings its own {what}; leave "
                    f"{address} out, or name the port of a real device"
                )
        return
    # Of a place of labgrid's it is read whether the address is one; its ports are found later.
    config = with_ports(config, lambda _: SOME_PORT, energy=energy, streaming=True)
    try:
        for address in (_board_address(config), config.dut.address or ""):
            if address == AUTO:
                raise SetupError(
                    f"{address}: with an interface board each port is named as it is: "
                    "`tinyrunner devices` lists them"
                )
            if address:
                check_address(address)
        if energy:
            check_monitor_address(config.monitor)
    except (LinkError, MonitorError) as error:
        raise SetupError(str(error)) from error


def _board_address(config: Config) -> str:
    address = config.interface_board.address
    if address is None:
        raise SetupError(
            "which interface board? A streaming task has its recording played by one: give "
            "--interface-board with its port (`tinyrunner devices` lists them), or --dut sim: for "
            "a simulated bench"
        )
    if names_simulated(address):
        raise SetupError(f"{address} is a simulated board, and {config.dut.address} a real device")
    return address


@contextmanager
def open_streaming_bench(config: Config, *, energy: bool) -> Iterator[Bench]:
    """Open what the configuration names. Whatever happens inside, the supply is off afterwards."""
    check_streaming_addresses(config, energy=energy)
    with SafeStack() as stack:
        opening = _Opening(config, stack, energy=energy)
        yield opening.simulated() if is_simulated(config) else opening.real()


@contextmanager
def open_uart_bench(config: Config) -> Iterator[Bench]:
    """Open the device's own port, for sound that goes over it, without a board.

    A simulated device is the one of the simulated bench; the port is closed on every path.
    """
    if not is_simulated(config):
        with open_bench(config, SWW_INFERENCE) as bench:
            yield bench
        return
    simulated = SimulatedStreamingBench(config, energy=False)
    link = replace(config.dut.link, verify_load=VerifyLoad.NEVER)
    with bench_on(simulated.dut_link, simulated.clock, config, link, simulated.model) as bench:
        yield bench


class _Opening:
    """Opens one bench; what it opened is closed by the stack."""

    def __init__(self, config: Config, stack: SafeStack, *, energy: bool) -> None:
        self._config = config
        self._stack = stack
        self._energy = energy
        self._board = BoardWire(config, stack, config.interface_board.baud_rate)

    def simulated(self) -> Bench:
        bench = SimulatedStreamingBench(self._config, energy=self._energy)
        wire, log = self._board.logged(bench.link, bench.clock)
        monitor: EnergyMonitor | None = None
        if self._energy:
            try:
                monitor = self._stack.enter_context(bench.open_monitor(self._config.monitor, log))
            except MonitorError as error:  # a vendor's package is absent, say
                raise SetupError(str(error)) from error
        own: Transport | None = None
        if not is_device_behind(self._config):
            link = bench.dut_link
            own = link if log is None else LoggingTransport(link, bench.clock, log, its_log=False)
        return self._made(wire, own, bench.clock, monitor, bench.model)

    def real(self) -> Bench:
        clock = MonotonicClock()
        placed = self._stack.enter_context(
            ports_of_places(self._config, energy=self._energy, streaming=True)
        )
        config = placed.config
        own: Transport | None = None
        monitor: EnergyMonitor | None = None
        try:
            address = _board_address(config)
            board = open_placed(placed, address, config.interface_board.baud_rate)
            wire, log = self._board.logged(board, clock)
            if config.dut.address is not None:
                own = open_placed(placed, config.dut.address, config.dut.baud_rate)
                own = own if log is None else LoggingTransport(own, clock, log, its_log=False)
                self._stack.callback(own.close)
            if self._energy:
                monitor = self._stack.enter_context(open_monitor(config.monitor, clock, log))
        except SupplyMayBeOn:
            raise
        except (LinkError, MonitorError) as error:
            raise SetupError(str(error)) from error
        return self._made(wire, own, clock, monitor, None)

    def _made(
        self,
        wire: Transport,
        own: Transport | None,
        clock: Clock,
        monitor: EnergyMonitor | None,
        model: SimulatedModel | None,
    ) -> Bench:
        config = self._config
        recorder = None
        if monitor is not None:
            _check_events(monitor, config.monitor)
            recorder = Recorder(monitor, clock)
            wire = ServedTransport(wire, recorder)
            own = None if own is None else ServedTransport(own, recorder)
        link = LinkSettings(baud_rate=config.interface_board.baud_rate)
        board = InterfaceBoard(wire, clock, link)
        rate = device_baud_rate(config, energy=self._energy)
        settings = replace(config.dut.link, baud_rate=rate, verify_load=VerifyLoad.NEVER)
        dut = Dut(board.dut if own is None else own, clock, settings)
        parts = StreamingParts(board, own is None, recorder)
        bench = Bench(clock, dut, Loader(dut), InferenceTimer(dut), model, streaming_parts=parts)
        self._board.bench = bench
        return bench


def _check_events(monitor: EnergyMonitor, asked: MonitorConfig) -> None:
    """Refuse (SetupError) a monitor that cannot see where the window of energy begins and ends."""
    if not (monitor.capabilities.event_input or asked.soft_markers):
        raise SetupError(
            # A simulated one's own address is a port of this process, which nobody has named.
            f"{asked.address or monitor.address} has no input for the timestamp pin, and an "
            "interface board does not stamp it: use one that has (an LPM01A's D7, a Joulescope's "
            "GPI0), or --soft-markers, which is never valid for submission"
        )
