"""The energy monitors that a simulated bench can have, each through its real driver.

Serving a simulated energy monitor in real time, on a pseudo-terminal or a TCP port.

The joint between a monitor's simulator, which knows bytes and a clock, and the ports that the
simulated device is served on.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum

from ....dut_protocol.link.clock import Clock, MonotonicClock, VirtualClock
from ....dut_protocol.simulated.serve import PtyPort, ServedPort, TcpPort
from ....energy.drivers.lpm01a import Lpm01a
from ....energy.drivers.n6705 import N6705
from ....energy.drivers.ppk2 import Ppk2
from ....energy.monitor import EnergyMonitor
from ....energy.simulated.link import SimulatedMonitor, SimulatedMonitorLink
from ....energy.simulated.lpm01a import SimulatedLpm01a
from ....energy.simulated.n6705 import SimulatedN6705
from ....energy.simulated.power_model import PowerModel
from ....energy.simulated.ppk2 import SimulatedPpk2
from ...config.config import MonitorConfig
from ...errors import SetupError
from ..monitors import SIMULATED

OnPower = Callable[[bool, float], None]
"""The device's supply was switched, at this time of the bench's clock."""


class MonitorKind(Enum):
    """What can be simulated; the values are those of ``--kind`` and of ``sim:KIND``."""

    N6705 = "n6705"
    LPM01A = "lpm01a"
    PPK2 = "ppk2"


def kind_named(name: str) -> MonitorKind:
    """The kind by its name; SetupError names those that there are."""
    try:
        return MonitorKind(name)
    except ValueError as error:
        kinds = ", ".join(kind.value for kind in MonitorKind)
        raise SetupError(f"no energy monitor {name!r} to simulate; there are {kinds}") from error


def simulated_kind(address: str | None) -> MonitorKind:
    """What ``--monitor`` means on a simulated bench: ``sim:KIND``; an N6705 unless told."""
    if address is None or address in ("sim", SIMULATED):
        return MonitorKind.N6705
    if not address.startswith(SIMULATED):
        raise SetupError(
            f"{address} cannot measure a simulated device: give --monitor sim:n6705, sim:lpm01a or "
            "sim:ppk2, or a real device with --dut"
        )
    return kind_named(address.removeprefix(SIMULATED))


@contextmanager
def simulated_monitor(
    kind: MonitorKind,
    clock: VirtualClock,
    power: PowerModel,
    on_power: OnPower,
    config: MonitorConfig,
) -> Iterator[EnergyMonitor]:
    """A monitor of this kind on ``power``, opened by its driver; the supply is off afterwards."""
    if kind is MonitorKind.N6705:
        with (
            SimulatedN6705(power, clock, on_power=on_power) as instrument,
            N6705.open(
                instrument.address,
                clock,
                max_voltage_v=config.max_voltage_v,
                current_limit_a=config.current_limit_a,
            ) as monitor,
        ):
            yield monitor
        return
    device = byte_monitor(kind, power, on_power)
    link = SimulatedMonitorLink(device, clock, f"{SIMULATED}{kind.value}")
    with _driver(kind, link, clock, config.max_voltage_v) as monitor:
        yield monitor


def _driver(
    kind: MonitorKind, link: SimulatedMonitorLink, clock: Clock, max_voltage_v: float | None
) -> EnergyMonitor:
    if kind is MonitorKind.LPM01A:
        return Lpm01a.open(link, clock, max_voltage_v=max_voltage_v)
    return Ppk2.open(link, clock, max_voltage_v=max_voltage_v, serial="simulated")


def byte_monitor(
    kind: MonitorKind, power: PowerModel, on_power: OnPower | None
) -> SimulatedMonitor:
    """One of those that are reached through a serial port."""
    if kind is MonitorKind.LPM01A:
        return SimulatedLpm01a(power, on_power)
    return SimulatedPpk2(power, on_power)


_IDLE_S = 0.01
"""How often samples are sent."""


class MonitorServer:
    """Joins a simulated monitor to a port, in real time."""

    def __init__(self, monitor: SimulatedMonitor, clock: Clock | None = None) -> None:
        """``clock`` is the bench's, where other simulated devices share it."""
        self._monitor = monitor
        self._clock = clock or MonotonicClock()

    def run(self, port: ServedPort, stop: threading.Event) -> None:
        """Serve until ``stop`` is set."""
        while not stop.is_set():
            if data := port.wait(_IDLE_S):
                self._monitor.receive(data, self._clock.now_s())
            if data := self._monitor.produce(self._clock.now_s()):
                port.write(data)


@contextlib.contextmanager
def served_monitor(
    monitor: SimulatedMonitor,
    clock: Clock | None = None,
    *,
    tcp: tuple[str, int] | None = None,
    on_connect: Callable[[], None] = lambda: None,
) -> Iterator[str]:
    """Serve it from a thread, on a pty or on TCP; gives the address that a host opens."""
    port: ServedPort = PtyPort.open() if tcp is None else TcpPort.listen(*tcp, on_connect)
    stop = threading.Event()
    thread = threading.Thread(
        target=MonitorServer(monitor, clock).run, args=(port, stop), name="simulated monitor"
    )
    thread.start()
    try:
        yield port.address
    finally:
        stop.set()
        thread.join()
        port.close()
