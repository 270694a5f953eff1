"""The energy monitors of a simulated bench: in this process, or served to anybody.

A monitor's simulator knows bytes and a clock. In this process its real driver talks to it on the
bench's virtual clock; served, it keeps real time on a pseudo-terminal or a TCP port.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from ....dut_protocol.errors import LinkError
from ....dut_protocol.link.clock import Clock, VirtualClock
from ....dut_protocol.link.wire_log import WireLog, WireLogError, WireTap
from ....dut_protocol.simulated.serve import PtyPort, ServedPort, TcpPort
from ....energy.drivers.lpm01a.driver import Lpm01a
from ....energy.drivers.n6705.driver import N6705
from ....energy.drivers.otii.driver import Otii
from ....energy.drivers.ppk2.driver import Ppk2
from ....energy.drivers.stlinkv3pwr.driver import StlinkV3Pwr
from ....energy.monitor import EnergyMonitor
from ....energy.simulated.joulescope import SimulatedJoulescope, SimulatedJoulescopeMonitor
from ....energy.simulated.link import OnPower, SimulatedMonitor, SimulatedMonitorLink
from ....energy.simulated.lpm01a import SimulatedLpm01a
from ....energy.simulated.n6705 import SimulatedN6705
from ....energy.simulated.otii import SimulatedOtii
from ....energy.simulated.power_model import PowerModel
from ....energy.simulated.ppk2 import SimulatedPpk2
from ....energy.simulated.replay import Recording, ReplayedInstrument, ReplayedMonitor
from ....energy.simulated.scpi import SimulatedInstrument
from ....energy.simulated.stlinkv3pwr import SimulatedStlinkV3Pwr
from ...config.config import MonitorConfig
from ...config.instruments import load_instrument
from ...config.sim_address import (
    SIMULATED,
    MonitorKind,
    described_file,
    kind_named,
    recorded_kind,
    simulated_name,
)
from ...errors import SetupError
from ..monitors import logged_link, note_no_log, tap_of

_IDLE_S = 0.01
"""Seconds between two deliveries of samples."""


@contextmanager
def simulated_monitor(
    clock: VirtualClock,
    power: PowerModel,
    on_power: OnPower,
    config: MonitorConfig,
    log: WireLog | None,
    n6705: Callable[[], SimulatedN6705],
) -> Iterator[EnergyMonitor]:
    """Open a simulated monitor that measures ``power``, by its driver; its supply is off after.

    ``log`` takes what goes both ways. ``n6705`` gives the bench's own instrument of that kind.
    """
    kind, name, recording = named_monitor(simulated_name(config.address))
    if not kind.is_on_tcp:
        with _in_process(kind, clock, power, on_power, config, recording, log) as monitor:
            yield monitor
        return
    instrument: Instrument = (
        n6705() if kind is MonitorKind.N6705 else _instrument(kind, name, power, clock, on_power)
    )
    if recording is not None:
        instrument = ReplayedInstrument(recording, clock, instrument.handle)
    tap = tap_of(log, clock, f"{SIMULATED}{name}")
    with instrument, _by_its_driver(kind, name, instrument, clock, config, tap) as monitor:
        yield monitor


def open_recording(name: str) -> Recording:
    """Read the wire log of ``replay:FILE``; SetupError says why it cannot be replayed."""
    file = name.partition(":")[2]
    if not file:
        raise SetupError(f"{name}: which wire log? Give replay:FILE")
    try:
        return Recording.open(Path(file).expanduser())
    except WireLogError as error:
        raise SetupError(f"cannot replay: {error}") from error


Instrument = SimulatedInstrument | SimulatedOtii


def _instrument(
    kind: MonitorKind,
    name: str,
    power: PowerModel,
    clock: Clock,
    on_power: OnPower | None,
    host: str = "127.0.0.1",
    port: int = 0,
) -> Instrument:
    """Make the simulator of a monitor that is reached through TCP; ``name`` is ``scpi:FILE``."""
    if kind is MonitorKind.SCPI:
        from ....energy.simulated.scpi_described import SimulatedScpi

        said = load_instrument(described_file(name)).instrument
        return SimulatedScpi(power, clock, said, on_power=on_power, host=host, port=port)
    if kind is MonitorKind.OTII:
        return SimulatedOtii(power, clock, on_power=on_power, host=host, port=port)
    return SimulatedN6705(power, clock, on_power=on_power, host=host, port=port)


def _by_its_driver(
    kind: MonitorKind,
    name: str,
    instrument: Instrument,
    clock: Clock,
    config: MonitorConfig,
    tap: WireTap | None,
) -> EnergyMonitor:
    """Open one that is served, by the real one's driver."""
    most_v, limit_a = config.max_voltage_v, config.current_limit_a
    if kind is MonitorKind.SCPI:
        from ....energy.drivers.scpi_described.driver import ScpiInstrument

        described = load_instrument(described_file(name))
        return ScpiInstrument.open(described, instrument.address, clock, most_v, limit_a, tap=tap)
    if kind is MonitorKind.OTII:
        return Otii.open(
            clock, *instrument.bound, max_voltage_v=most_v, current_limit_a=limit_a, tap=tap
        )
    return N6705.open(
        instrument.address, clock, max_voltage_v=most_v, current_limit_a=limit_a, tap=tap
    )


def _in_process(
    kind: MonitorKind,
    clock: VirtualClock,
    power: PowerModel,
    on_power: OnPower,
    config: MonitorConfig,
    recording: Recording | None,
    log: WireLog | None,
) -> EnergyMonitor:
    """Open one that has no thread."""
    max_voltage_v = config.max_voltage_v
    if kind.is_joulescope:
        note_no_log(log, f"{SIMULATED}{kind.value}")
        driver = SimulatedJoulescope(power, clock, kind.value, on_power=on_power)
        return SimulatedJoulescopeMonitor.open(
            "", clock, max_voltage_v=max_voltage_v, driver=driver
        )
    device = byte_monitor(kind, power, on_power)
    if recording is not None:
        device = ReplayedMonitor(recording, device)
    address = f"{SIMULATED}{kind.value}"
    link = logged_link(log, clock, address, SimulatedMonitorLink(device, clock, address))
    match kind:
        case MonitorKind.LPM01A:
            return Lpm01a.open(link, clock, max_voltage_v=max_voltage_v)
        case MonitorKind.STLINKV3PWR:
            return StlinkV3Pwr.open(link, clock, max_voltage_v=max_voltage_v)
    return Ppk2.open(
        link,
        clock,
        max_voltage_v=max_voltage_v,
        serial="simulated",
        default_calibration=config.ppk2_default_calibration,
    )


def byte_monitor(
    kind: MonitorKind, power: PowerModel, on_power: OnPower | None
) -> SimulatedMonitor:
    """Make the simulator of a monitor that is reached through a serial port; or SetupError."""
    match kind:
        case MonitorKind.LPM01A:
            return SimulatedLpm01a(power, on_power)
        case MonitorKind.PPK2:
            return SimulatedPpk2(power, on_power)
        case MonitorKind.STLINKV3PWR:
            return SimulatedStlinkV3Pwr(power, on_power)
    raise SetupError(
        f"a {kind.value} is reached through its vendor's driver, not through a port, and cannot be "
        "served: measure a simulated device in the same program, --dut sim: --monitor "
        f"sim:{kind.value}"
    )


@contextmanager
def served_instrument(
    named: NamedMonitor,
    power: PowerModel,
    clock: Clock,
    on_power: OnPower | None,
    tcp: tuple[str, int] | None,
) -> Iterator[str]:
    """Serve a monitor on ``tcp``, or on a pty where that is None; give what --monitor takes."""
    kind, name, recording = named
    if not kind.is_on_tcp:
        monitor = byte_monitor(kind, power, on_power)
        if recording is not None:
            monitor = ReplayedMonitor(recording, monitor)
        with served_monitor(monitor, clock, tcp) as address:
            yield f"{kind.value}:{address}"
        return
    host, port = ("127.0.0.1", 0) if tcp is None else tcp
    instrument = _instrument(kind, name, power, clock, on_power, host, port)
    if recording is not None:
        instrument = ReplayedInstrument(recording, clock, instrument.handle, host=host, port=port)
    try:
        instrument.start()
    except OSError as error:
        raise LinkError(f"cannot listen on {host}:{port}: {error}") from error
    with closing(instrument):
        yield _address_of(kind, name, instrument)


class NamedMonitor(NamedTuple):
    """Is what a name such as ``replay:FILE`` stands for."""

    kind: MonitorKind
    """Of a log, the recorded one's."""
    name: str
    """The kind with the file that describes it, where there is one: ``scpi:FILE``."""
    recording: Recording | None


def named_monitor(name: str) -> NamedMonitor:
    """Return what a name stands for; SetupError where there is none. A recording is read whole."""
    kind = kind_named(name)
    if kind is MonitorKind.SCPI:
        described_file(name)
    if kind is not MonitorKind.REPLAY:
        return NamedMonitor(kind, name, None)
    recording = open_recording(name)
    name = recorded_kind(recording.address)
    return NamedMonitor(kind_named(name), name, recording)


def _address_of(kind: MonitorKind, name: str, instrument: Instrument) -> str:
    """Return what --monitor takes for an instrument that is served on TCP."""
    if kind is MonitorKind.OTII:
        host, port = instrument.bound
        return f"{kind.value}:{host}:{port}"
    return f"{name}@{instrument.address}" if kind is MonitorKind.SCPI else instrument.address


@contextmanager
def served_monitor(
    monitor: SimulatedMonitor, clock: Clock, tcp: tuple[str, int] | None
) -> Iterator[str]:
    """Serve a monitor from a thread, on a pty or on TCP; give the address that a host opens."""
    port: ServedPort = PtyPort.open() if tcp is None else TcpPort.listen(*tcp, lambda: None)
    stop = threading.Event()
    thread = threading.Thread(
        target=_serve, args=(monitor, clock, port, stop), name="simulated monitor"
    )
    thread.start()
    try:
        yield port.address
    finally:
        stop.set()
        thread.join()
        port.close()


def _serve(
    monitor: SimulatedMonitor, clock: Clock, port: ServedPort, stop: threading.Event
) -> None:
    while not stop.is_set():
        if data := port.wait(_IDLE_S):
            monitor.receive(data, clock.now_s())
        if data := monitor.produce(clock.now_s()):
            port.write(data)
