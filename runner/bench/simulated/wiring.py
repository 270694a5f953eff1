"""A whole energy bench on one virtual clock: board, IO manager and monitor, wired together.

The board's activity sets what it draws; its timestamp pin goes to the IO manager; the monitor's
output powers it. The monitor is an N6705 that speaks SCPI over TCP on this machine, and is reached
through the real driver and real VISA; or, where its address says so (``sim:lpm01a``, ``sim:ppk2``),
one that speaks its own bytes to its own driver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from ....dut_protocol.link.clock import VirtualClock
from ....dut_protocol.simulated.device import Activity, DeviceSettings, SimulatedDut
from ....dut_protocol.simulated.io_manager import SimulatedIoManager
from ....dut_protocol.simulated.link import SimulatedLink
from ....dut_protocol.wire.messages import TimestampMode
from ....energy.drivers.n6705 import N6705
from ....energy.monitor import EnergyMonitor
from ....energy.simulated.n6705 import SimulatedN6705
from ....energy.simulated.power_model import Activity as Drawing
from ....energy.simulated.power_model import PowerModel
from ....models.suite import Task
from ...config.config import Config, MonitorConfig
from ..bench import SimulatedModel
from .device import simulated_device
from .monitors import MonitorKind, simulated_kind, simulated_monitor

Wire = Callable[[float], Sequence[float]]

_DRAWING = {activity: Drawing(activity.value) for activity in Activity}


class SimulatedBench:
    """The wiring. ``link`` is the host's wire to the IO manager."""

    def __init__(self, config: Config, task: Task, wire: Wire = lambda at_s: (at_s,)) -> None:
        """``wire`` is the timestamp pin's: an edge there arrives at the moments that it returns."""
        self._wire = wire
        self.clock = VirtualClock()
        self.power = PowerModel()
        described = simulated_device(config, task)
        self.model: SimulatedModel = replace(
            described.model, baud_rate=config.io_manager.dut_baud_rate
        )
        settings = replace(
            described.device.settings,
            baud_rate=config.io_manager.dut_baud_rate,
            mode=TimestampMode.ENERGY,
        )
        self.device = self._wired(described.device, settings)
        self.io_manager = SimulatedIoManager(self.device, config.io_manager.baud_rate)
        self.link = SimulatedLink(self.io_manager, self.clock, config.dut.address or "sim:")
        self.monitor = SimulatedN6705(self.power, self.clock, on_power=self._on_power)
        self.device.power_off(0.0)

    @classmethod
    @contextmanager
    def assemble(cls, config: Config, task: Task) -> Iterator[SimulatedBench]:
        """The bench with its instrument listening."""
        bench = cls(config, task)
        with bench.monitor:
            yield bench

    def open_monitor(self, config: MonitorConfig) -> AbstractContextManager[EnergyMonitor]:
        """The driver of the simulated instrument, as it would be opened for a real one."""
        kind = simulated_kind(config.address)
        if kind is not MonitorKind.N6705:
            return simulated_monitor(kind, self.clock, self.power, self._on_power, config)
        return N6705.open(
            self.monitor.address,
            self.clock,
            max_voltage_v=config.max_voltage_v,
            current_limit_a=config.current_limit_a,
        )

    def _wired(self, device: SimulatedDut, settings: DeviceSettings) -> SimulatedDut:
        def on_edge(at_s: float) -> None:
            self.power.edge(at_s)
            for arrives_s in self._wire(at_s):
                self.io_manager.edge(arrives_s)

        def on_activity(at_s: float, activity: Activity) -> None:
            self.power.change(at_s, _DRAWING[activity])

        return SimulatedDut(device.model, settings, on_edge, on_activity)

    def _on_power(self, on: bool, at_s: float) -> None:
        """In the instrument's thread, while the driver waits for its answer."""
        if on:
            self.device.boot(at_s)
            self.io_manager.forward()
        else:
            self.device.power_off(at_s)
