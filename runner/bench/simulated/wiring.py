"""Wires a simulated energy bench on one clock: board, IO manager and supply.

The board's activity sets what it draws; its timestamp pin goes to the IO manager, and to the
monitor where it has an input for it; the monitor's output powers it. On a virtual clock the bench
is a part of this process; on a real one it is served to anybody, each end on a port of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from ....dut_protocol.link.clock import VirtualClock
from ....dut_protocol.link.wire_log import WireLog
from ....dut_protocol.simulated.device import Activity, SimulatedDut
from ....dut_protocol.simulated.io_manager import IoManagerHabits, SimulatedIoManager
from ....dut_protocol.simulated.link import SimulatedLink
from ....dut_protocol.wire.boot_banner import TimestampMode
from ....energy.monitor import EnergyMonitor
from ....energy.simulated.n6705 import SimulatedN6705
from ....energy.simulated.power_model import PowerModel, PowerState
from ....models.suite import Task
from ...config.config import Config, IoManagerConfig, MonitorConfig
from ...config.sim_address import SIMULATED, names_simulated
from ...errors import SetupError
from .device import SimulatedDevice, SimulatedModel, simulated_device
from .monitors import simulated_monitor

Wire = Callable[[float], Sequence[float]]
"""A timestamp pin's wire: an edge there arrives at the moments that it returns."""

POWER_STATE = {activity: PowerState(activity.value) for activity in Activity}
"""What a device draws while it does something."""


def io_habits(address: str | None) -> IoManagerHabits:
    """Read how a simulated IO manager is: `sim:?command_chars=40&seed=3`; SetupError.

    As EEMBC's unless told, or where the address is a real one's.
    """
    if address is None or not names_simulated(address):
        return IoManagerHabits()
    given: dict[str, Any] = {}
    for key, value in parse_qsl(address.partition("?")[2], keep_blank_values=True):
        match key, value:
            case "command_chars" | "seed", n if n.isdecimal() and len(n) < 7 and int(n) > 0:
                given[key] = int(n)
            case "late_edges" | "first_byte_lost", "0" | "1":
                given[key] = value == "1"
            case _:
                raise SetupError(
                    f"{address}: {key}={value!r} cannot be; known are command_chars=N, seed=N, "
                    "late_edges=0|1 and first_byte_lost=0|1"
                )
    return IoManagerHabits(**given)


class Wiring:
    """Joins a board, not powered yet, to its IO manager; every call says when.

    ``lock`` is for a bench whose ends are served by a thread each.
    """

    def __init__(
        self,
        described: SimulatedDevice,
        io: IoManagerConfig,
        wire: Wire = lambda at_s: (at_s,),
    ) -> None:
        self._wire = wire
        self.lock = threading.RLock()
        self.power = PowerModel()
        self.model: SimulatedModel = replace(described.model, baud_rate=io.dut_baud_rate)
        settings = replace(
            described.device.settings, baud_rate=io.dut_baud_rate, mode=TimestampMode.ENERGY
        )
        self.device = SimulatedDut(
            described.device.model, settings, self._on_edge, self._on_activity
        )
        self.io_manager = SimulatedIoManager(self.device, io.baud_rate, io_habits(io.address))
        self.device.power_off(0.0)

    def on_power(self, on: bool, at_s: float) -> None:
        """Switch the board's supply, as the monitor did."""
        with self.lock:
            if on:
                self.device.boot(at_s)
                self.io_manager.forward()
            else:
                self.device.power_off(at_s)
                self.io_manager.power_off(at_s)

    def _on_edge(self, at_s: float) -> None:
        self.power.edge(at_s)
        for arrives_s in self._wire(at_s):
            self.io_manager.edge(arrives_s)

    def _on_activity(self, at_s: float, activity: Activity) -> None:
        self.power.change(at_s, POWER_STATE[activity])


class SimulatedBench(Wiring):
    """Is the bench in this process, on a virtual clock; ``link`` is the IO manager's wire.

    Its monitor is reached through the driver of the real one: an N6705 speaks SCPI over TCP on
    this machine, through real VISA, an Otii's server JSON, through Qoitech's package; those on a
    serial port speak their own bytes.
    """

    def __init__(self, config: Config, task: Task, wire: Wire = lambda at_s: (at_s,)) -> None:
        self.clock = VirtualClock()
        super().__init__(simulated_device(config, task), config.io_manager, wire)
        address = config.dut.address or SIMULATED
        self.link = SimulatedLink(self.io_manager, self.clock, address)

    @cached_property
    def monitor(self) -> SimulatedN6705:
        """Return the instrument that measures it unless another kind is asked for."""
        return SimulatedN6705(self.power, self.clock, on_power=self.on_power)

    @contextmanager
    def open_monitor(
        self, config: MonitorConfig, log: WireLog | None = None
    ) -> Iterator[EnergyMonitor]:
        """Open its monitor by the real one's driver; the supply is off afterwards.

        ``log`` takes what goes both ways.
        """
        with simulated_monitor(
            self.clock, self.power, self.on_power, config, log, lambda: self.monitor
        ) as monitor:
            yield monitor
