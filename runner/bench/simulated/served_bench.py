"""A whole simulated bench served in real time: for other people's software, or for ours.

The board runs energy firmware behind an IO manager on one port; the energy monitor on another one
switches the board's supply. The timestamp pin goes to the IO manager, and to the monitor where it
has an input for it. All keep the same real time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from ....dut_protocol.errors import LinkError
from ....dut_protocol.host.io_manager import PASS_THROUGH
from ....dut_protocol.link.clock import Clock, MonotonicClock
from ....dut_protocol.simulated.device import Activity, SimulatedDut
from ....dut_protocol.simulated.io_manager import SimulatedIoManager
from ....dut_protocol.simulated.serve import ServedPort
from ....dut_protocol.wire.messages import TimestampMode
from ....energy.simulated.n6705 import SimulatedN6705
from ....energy.simulated.power_model import Activity as Drawing
from ....energy.simulated.power_model import PowerModel
from .device import SimulatedDevice
from .monitors import MonitorKind, OnPower, byte_monitor, served_monitor

_IDLE_S = 0.05
"""How soon the banner of a board that was just powered is noticed."""

_OF_THE_BOARD = (PASS_THROUGH, b"m-lap-us-")
"""Beginnings of the lines that the board's pins cause."""


class ServedBench:
    """The wiring, on a real clock. The monitor's thread and the IO manager's both come here."""

    def __init__(self, described: SimulatedDevice, io_baud_rate: int, dut_baud_rate: int) -> None:
        self.clock = MonotonicClock()
        self.power = PowerModel()
        settings = replace(
            described.device.settings, baud_rate=dut_baud_rate, mode=TimestampMode.ENERGY
        )
        self._lock = threading.RLock()
        self._io_baud_rate = io_baud_rate
        self._device = SimulatedDut(
            described.device.model, settings, self._on_edge, self._on_activity
        )
        self._io_manager = SimulatedIoManager(self._device, io_baud_rate)
        self._received_until_s = 0.0
        self._device.power_off(0.0)

    def connect(self) -> None:
        """Opening its port resets an IO manager; the board behind it goes on."""
        with self._lock:
            self._io_manager = SimulatedIoManager(self._device, self._io_baud_rate)

    def on_power(self, on: bool, at_s: float) -> None:
        """The monitor switched the supply."""
        with self._lock:
            if on:
                self._device.boot(at_s)
                self._io_manager.forward()
                return
            self._device.power_off(at_s)
            waiting = self._io_manager.outgoing
            self._io_manager.outgoing = deque(
                (done_s, line)
                for done_s, line in waiting
                if done_s <= at_s or not line.startswith(_OF_THE_BOARD)
            )

    def run(self, port: ServedPort, stop: threading.Event) -> None:
        """Serve the IO manager until ``stop`` is set."""
        while not stop.is_set():
            data = port.wait(self._patience_s())
            with self._lock:
                if data:
                    self._receive(data)
                due = self._take_due()
            if due:
                port.write(due)

    def _receive(self, data: bytes) -> None:
        start_s = max(self.clock.now_s(), self._received_until_s)
        byte_time_s = self._io_manager.settings.byte_time_s
        self._received_until_s = start_s + len(data) * byte_time_s
        self._io_manager.receive(data, start_s)

    def _patience_s(self) -> float:
        with self._lock:
            waiting = self._io_manager.outgoing
            if not waiting:
                return _IDLE_S
            return min(_IDLE_S, max(0.0, waiting[0][0] - self.clock.now_s()))

    def _take_due(self) -> bytes:
        waiting = self._io_manager.outgoing
        now_s = self.clock.now_s()
        due = []
        while waiting and waiting[0][0] <= now_s:
            due.append(waiting.popleft()[1])
        return b"".join(due)

    def _on_edge(self, at_s: float) -> None:
        self.power.edge(at_s)
        self._io_manager.edge(at_s)

    def _on_activity(self, at_s: float, activity: Activity) -> None:
        self.power.change(at_s, Drawing(activity.value))


@contextmanager
def served_instrument(
    kind: MonitorKind,
    power: PowerModel,
    clock: Clock,
    on_power: OnPower | None,
    tcp: tuple[str, int] | None,
) -> Iterator[str]:
    """Serve a monitor on ``tcp``, or on a pty where that is None; gives what --monitor takes."""
    if kind is MonitorKind.N6705:
        host, port = ("127.0.0.1", 0) if tcp is None else tcp
        instrument = SimulatedN6705(power, clock, on_power=on_power, host=host, port=port)
        try:
            instrument.start()
        except OSError as error:
            raise LinkError(f"cannot listen on {host}:{port}: {error}") from error
        with closing(instrument):
            yield instrument.address
        return
    with served_monitor(byte_monitor(kind, power, on_power), clock, tcp=tcp) as address:
        yield f"{kind.value}:{address}"
