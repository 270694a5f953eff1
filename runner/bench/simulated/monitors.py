"""The energy monitors of a simulated bench: in this process, or served to anybody.

A monitor's simulator knows bytes and a clock. In this process its real driver talks to it on the
bench's virtual clock; served, it keeps real time on a pseudo-terminal or a TCP port.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from ....dut_protocol.errors import LinkError
from ....dut_protocol.link.clock import Clock, VirtualClock
from ....dut_protocol.simulated.serve import PtyPort, ServedPort, TcpPort
from ....energy.drivers.lpm01a.driver import Lpm01a
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
from ....energy.simulated.scpi import SimulatedInstrument
from ....energy.simulated.stlinkv3pwr import SimulatedStlinkV3Pwr
from ...config.config import MonitorConfig
from ...config.instruments import SCPI, load_instrument
from ...config.sim_address import SIMULATED, MonitorKind, described_file
from ...errors import SetupError

_IDLE_S = 0.01
"""Seconds between two deliveries of samples."""


@contextmanager
def simulated_monitor(
    kind: MonitorKind,
    clock: VirtualClock,
    power: PowerModel,
    on_power: OnPower,
    config: MonitorConfig,
) -> Iterator[EnergyMonitor]:
    """Open a simulated monitor that measures ``power``, by its driver; its supply is off after."""
    max_voltage_v = config.max_voltage_v
    if kind is MonitorKind.OTII:
        with (
            SimulatedOtii(power, clock, on_power=on_power) as server,
            Otii.open(
                clock,
                *server.bound,
                max_voltage_v=max_voltage_v,
                current_limit_a=config.current_limit_a,
            ) as otii,
        ):
            yield otii
        return
    with _in_process(kind, clock, power, on_power, config) as monitor:
        yield monitor


def _in_process(
    kind: MonitorKind,
    clock: VirtualClock,
    power: PowerModel,
    on_power: OnPower,
    config: MonitorConfig,
) -> EnergyMonitor:
    """Open one that has no thread."""
    max_voltage_v = config.max_voltage_v
    if kind.is_joulescope:
        driver = SimulatedJoulescope(power, clock, kind.value, on_power=on_power)
        return SimulatedJoulescopeMonitor.open(
            "", clock, max_voltage_v=max_voltage_v, driver=driver
        )
    device = byte_monitor(kind, power, on_power)
    link = SimulatedMonitorLink(device, clock, f"{SIMULATED}{kind.value}")
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


@contextmanager
def described_monitor(
    config: MonitorConfig, clock: VirtualClock, power: PowerModel, on_power: OnPower
) -> Iterator[EnergyMonitor]:
    """Open the simulated instrument ``sim:scpi:FILE``, over real VISA, as FILE describes it."""
    from ....energy.drivers.scpi_described.driver import ScpiInstrument
    from ....energy.simulated.scpi_described import SimulatedScpi

    name = (config.address or "").removeprefix(SIMULATED)
    described = load_instrument(described_file(name))
    simulated = SimulatedScpi(power, clock, described.instrument, on_power=on_power)
    with (
        simulated,
        ScpiInstrument.open(
            described, simulated.address, clock, config.max_voltage_v, config.current_limit_a
        ) as monitor,
    ):
        yield monitor


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
    kind: MonitorKind,
    power: PowerModel,
    clock: Clock,
    on_power: OnPower | None,
    tcp: tuple[str, int] | None,
    file: str = "",
) -> Iterator[str]:
    """Serve a monitor on ``tcp``, or on a pty where that is None; give what --monitor takes.

    ``file`` describes it where the kind is ``scpi``.
    """
    if kind.is_on_tcp:
        host, port = ("127.0.0.1", 0) if tcp is None else tcp
        instrument: SimulatedInstrument | SimulatedOtii
        if kind is MonitorKind.SCPI:
            from ....energy.simulated.scpi_described import SimulatedScpi

            said = load_instrument(file).instrument
            instrument = SimulatedScpi(power, clock, said, on_power=on_power, host=host, port=port)
        elif kind is MonitorKind.OTII:
            instrument = SimulatedOtii(power, clock, on_power=on_power, host=host, port=port)
        else:
            instrument = SimulatedN6705(power, clock, on_power=on_power, host=host, port=port)
        try:
            instrument.start()
        except OSError as error:
            raise LinkError(f"cannot listen on {host}:{port}: {error}") from error
        with closing(instrument):
            yield f"{SCPI}{file}@{instrument.address}" if file else instrument.address
        return
    with served_monitor(byte_monitor(kind, power, on_power), clock, tcp) as address:
        yield f"{kind.value}:{address}"


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
