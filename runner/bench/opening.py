"""Opens the bench that a configuration's addresses name.

In energy mode that is an IO manager, the device behind it, and a monitor. Where ``--wire-log FILE``
asks for it, what goes over the bench's wires, the monitor's among them, is written into a wire log.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from ... import __version__
from ...dut_protocol.discovery.ports import find_dut
from ...dut_protocol.errors import LinkError
from ...dut_protocol.host.dut import Dut
from ...dut_protocol.host.exchange import QUIET_S
from ...dut_protocol.host.inference import InferenceTimer
from ...dut_protocol.host.io_manager import IoManager
from ...dut_protocol.host.load_with_retries import Loader
from ...dut_protocol.link.clock import Clock, MonotonicClock, VirtualClock
from ...dut_protocol.link.latency import shorten_latency
from ...dut_protocol.link.transport import Transport, check_address, open_transport
from ...dut_protocol.link.wire_log import IO_MANAGER, LoggingTransport, WireLog, WireLogError
from ...dut_protocol.simulated.link import SimulatedLink
from ...dut_protocol.wire.settings import LinkSettings, VerifyLoad
from ...energy.errors import MonitorError, SupplyMayBeOn
from ...energy.interruptions import SafeStack
from ...energy.monitor import EnergyMonitor
from ...models.suite import Task
from ..config.config import Config
from ..config.labgrid_address import with_ports
from ..config.sim_address import AUTO, SIMULATED, is_simulated, names_simulated, parse_simulated
from ..errors import JournalError, SetupError
from .bench import Bench, EnergyParts
from .labgrid.lease import PlacedConfig, ports_of_places
from .link import refuse_behind_io_manager
from .monitors import check_monitor_address, open_monitor
from .recorder import Recorder, ServedTransport
from .simulated.device import SimulatedModel, simulated_device
from .simulated.wiring import SimulatedBench

SOME_PORT = "socket://place:1"
"""Stands for the port of a place of labgrid's where addresses are only checked."""


def check_addresses(config: Config, *, energy: bool) -> None:
    """Refuse (SetupError) addresses of which no bench can be made, before any port is opened."""
    # Of a place of labgrid's it is read whether the address is one; its ports are found later.
    config = with_ports(config, lambda _: SOME_PORT, energy=energy)
    try:
        if not energy:
            address = _dut_address(config)
            if address != AUTO and not is_simulated(config):
                check_address(address)
        elif is_simulated(config):
            _refuse_mixture(config)
        else:
            check_address(_io_address(config))
            check_monitor_address(config.monitor)
    except (LinkError, MonitorError) as error:
        raise SetupError(str(error)) from error


@contextmanager
def open_bench(config: Config, task: Task) -> Iterator[Bench]:
    """Open what the configuration's addresses name; the port is closed on every path."""
    address = _dut_address(config)
    link = config.dut.link
    if is_simulated(config):
        device = simulated_device(config, task)
        virtual = VirtualClock()
        device.device.boot(0.0)
        wire: Transport = SimulatedLink(device.device, virtual, address)
        with bench_on(wire, virtual, config, link, device.model) as bench:
            yield bench
        return
    with ports_of_places(config, energy=False) as placed:
        address = _dut_address(placed.config)
        try:
            if address == AUTO:
                address, baud_rate = find_dut(link, task.model_id)
                link = replace(link, baud_rate=baud_rate)
            transport = open_transport(address, link.baud_rate)
        except LinkError as error:
            raise SetupError(str(error)) from error
        note = shorten_latency(transport, transport.address)
        transport.address = placed.names.get(address, transport.address)
        with bench_on(transport, MonotonicClock(), config, link, port_note=note) as bench:
            yield bench


@contextmanager
def bench_on(
    transport: Transport,
    clock: Clock,
    config: Config,
    link: LinkSettings,
    simulated: SimulatedModel | None = None,
    port_note: str | None = None,
) -> Iterator[Bench]:
    """Make a bench on an open transport, which is closed on every path."""

    def tell(text: str) -> None:
        bench.dut.listener.note(text)

    with closing(wire_logged(config, transport, clock, link.baud_rate, tell)) as wire:
        bench = Bench.of(wire, clock, link, simulated, config.dut.wishes)
        bench.port_note = port_note
        yield bench


@contextmanager
def open_energy_bench(config: Config, task: Task) -> Iterator[Bench]:
    """Open monitor and IO manager. Whatever happens inside, the supply is off afterwards."""
    check_addresses(config, energy=True)
    io_baud_rate = config.io_manager.baud_rate
    refuse_behind_io_manager(config.dut.wishes)

    with SafeStack() as stack:
        board = BoardWire(config, stack, io_baud_rate)
        if is_simulated(config):
            simulated = SimulatedBench(config, task)
            wire, log = board.logged(simulated.link, simulated.clock)
            try:
                monitor: EnergyMonitor = stack.enter_context(
                    simulated.open_monitor(config.monitor, log)
                )
            except MonitorError as error:  # a vendor's package is absent, say
                raise SetupError(str(error)) from error
            board.bench = _bench(config, wire, simulated.clock, monitor, simulated.model)
            yield board.bench
            return
        clock = MonotonicClock()
        placed = stack.enter_context(ports_of_places(config, energy=True))
        io_address = _io_address(placed.config)
        try:
            wire, log = board.logged(open_placed(placed, io_address, io_baud_rate), clock)
            monitor = stack.enter_context(open_monitor(placed.config.monitor, clock, log))
        except SupplyMayBeOn:
            raise
        except (LinkError, MonitorError) as error:
            raise SetupError(str(error)) from error
        board.bench = _bench(config, wire, clock, monitor, None)
        yield board.bench


def open_placed(placed: PlacedConfig, address: str, baud_rate: int) -> Transport:
    """Open a port, which goes by its name at a place of labgrid's where it is at one."""
    transport = open_transport(address, baud_rate)
    transport.address = placed.names.get(address, transport.address)
    return transport


class BoardWire:
    """Logs the wire of a board between host and device, as far as that is asked for.

    The monitor's goes into the same log, and its opening stands there before there is a bench.
    """

    def __init__(self, config: Config, stack: SafeStack, baud_rate: int) -> None:
        """Leave the closing to ``stack``; ``baud_rate`` is the board's."""
        self._config = config
        self._stack = stack
        self._baud_rate = baud_rate
        self.bench: Bench | None = None
        """What has the journal that is told of trouble with the log, once it is open."""

    def logged(self, transport: Transport, clock: Clock) -> tuple[Transport, WireLog | None]:
        """Return the transport itself, or one that logs, with the log that it writes."""
        log = begin_wire_log(self._config, transport, clock, self._baud_rate, self._tell)
        if log is not None:
            transport = LoggingTransport(transport, clock, log, IO_MANAGER)
        self._stack.callback(transport.close)
        return transport, log

    def _tell(self, text: str) -> None:
        if self.bench is None:  # the monitor is being opened
            raise ValueError("there is no journal yet")
        self.bench.dut.listener.note(text)


def _dut_address(config: Config) -> str:
    if config.dut.address is None:
        raise SetupError(
            "which device? Give --dut with a port (`tinyrunner devices` lists them), a URL, "
            "`auto`, or sim: for a simulated one"
        )
    return config.dut.address


def _refuse_mixture(config: Config) -> None:
    """Refuse a simulated device with real instruments, or the reverse: they share no clock."""
    if parse_simulated(config.dut.address or SIMULATED)[1].replay is not None:
        raise SetupError(
            f"{config.dut.address}: a log is replayed in performance and accuracy mode; energy "
            "mode needs a model (sim:kws01, say)"
        )
    for what, address in (
        ("energy monitor", config.monitor.address),
        ("IO manager", config.io_manager.address),
    ):
        if address is not None and not names_simulated(address):
            raise SetupError(
                f"{config.dut.address} is a simulated device and brings its own {what}; leave "
                f"{address} out, or leave --dut out to measure the board behind the IO manager"
            )


def _io_address(config: Config) -> str:
    address = config.io_manager.address
    if address is None:
        raise SetupError(
            "which IO manager? Energy firmware is reached through one: give --io with its port "
            "(`tinyrunner devices` lists them), or --dut sim: for a simulated bench"
        )
    if names_simulated(address):
        raise SetupError(
            f"--io {address}: a simulated IO manager is behind a simulated device only: give --dut "
            "sim: in its place"
        )
    return address


def _bench(
    config: Config,
    transport: Transport,
    clock: Clock,
    monitor: EnergyMonitor,
    simulated: SimulatedModel | None,
) -> Bench:
    recorder = Recorder(monitor, clock)
    io_link = LinkSettings(baud_rate=config.io_manager.baud_rate)
    io_manager = IoManager(ServedTransport(transport, recorder), clock, io_link)
    link = replace(
        config.dut.link_behind(config.io_manager),
        verify_load=VerifyLoad.NEVER,  # a read-back through the IO manager takes minutes
    )
    dut = Dut(io_manager.dut, clock, link)
    parts = EnergyParts(io_manager, monitor, recorder)
    loader = Loader(dut, settle_s=QUIET_S)
    return Bench(clock, dut, loader, InferenceTimer(dut), simulated, parts)


Tell = Callable[[str], None]


def wire_logged(
    config: Config, transport: Transport, clock: Clock, baud_rate: int, tell: Tell
) -> Transport:
    """Return the transport itself, or one that logs into the wire log that is asked for.

    Closing it closes both. For ``tell`` and errors see :func:`begin_wire_log`.
    """
    log = begin_wire_log(config, transport, clock, baud_rate, tell)
    return transport if log is None else LoggingTransport(transport, clock, log)


def begin_wire_log(
    config: Config, transport: Transport, clock: Clock, baud_rate: int, tell: Tell
) -> WireLog | None:
    """Begin the wire log that is asked for, if one is.

    ``tell`` notes, once, that the log could not be continued (a full disk); SetupError where it
    cannot be begun, and then the transport is closed.
    """
    path = config.dut.wire_log
    if path is None:
        return None

    def tell_somehow(text: str) -> None:
        try:
            tell(text)
        except (JournalError, ValueError):  # a full disk is the journal's trouble too; or closed
            warnings.warn(text, RuntimeWarning, stacklevel=2)

    try:
        return WireLog.open(path, clock, transport.address, baud_rate, tell_somehow, __version__)
    except WireLogError as error:
        transport.close()
        raise SetupError(f"--wire-log: {error}") from error
