"""The link to a simulated monitor in the same process, on a virtual clock.

Its samples come by themselves while the bench's clock moves; reading moves the clock only when
nothing is there: to the moment something will be, or else to the time-out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from ...dut_protocol.link.clock import VirtualClock
from .power_model import PowerModel

OnPower = Callable[[bool, float], None]
"""Is told that the supply was switched, at this time of the bench's clock."""


class SimulatedMonitor(Protocol):
    """Is the monitor's end of the wire."""

    def receive(self, data: bytes, at_s: float) -> None:
        """Take bytes from the host."""

    def produce(self, until_s: float) -> bytes:
        """Return what it has sent since the last call, up to ``until_s``."""

    def next_output_s(self) -> float | None:
        """Return when it will send something if nobody says anything; None: never."""


class SimulatedMonitorLink:
    """Is the wire between a host and one simulated monitor."""

    def __init__(self, monitor: SimulatedMonitor, clock: VirtualClock, address: str) -> None:
        self._monitor = monitor
        self._clock = clock
        self._rest = b""
        self.address = address

    def write(self, data: bytes) -> None:
        self._monitor.receive(data, self._clock.now_s())

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        data = self._rest or self._monitor.produce(self._clock.now_s())
        if not data:
            until_s = self._clock.now_s() + timeout_s
            next_s = self._monitor.next_output_s()
            self._clock.advance_to(until_s if next_s is None else min(until_s, next_s))
            data = self._monitor.produce(self._clock.now_s())
            if not data:
                self._clock.advance_to(until_s)
        data, self._rest = data[:max_bytes], data[max_bytes:]
        return data

    def close(self) -> None:
        """Release nothing; a device that is supplied stays so, as with the real thing."""


class SimulatedSupply:
    """Supplies the board: tells the power model, then whoever is connected."""

    def __init__(self, model: PowerModel, on_power: OnPower | None) -> None:
        self._model = model
        self._on_power = on_power
        self.volts = 0.0
        self.on = False

    def set(self, volts: float, at_s: float) -> None:
        self.volts = volts
        if self.on:
            self._model.switch(at_s, volts)

    def switch(self, on: bool, at_s: float) -> None:
        if on == self.on:
            return
        self.on = on
        self._model.switch(at_s, self.volts if on else 0.0)
        if self._on_power is not None:
            self._on_power(on, at_s)


class Outbox:
    """Keeps answers that leave some time after they were given."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, bytes]] = deque()

    def put(self, at_s: float, data: bytes) -> None:
        self._waiting.append((at_s, data))

    def take(self, until_s: float) -> bytes:
        due = []
        while self._waiting and self._waiting[0][0] <= until_s:
            due.append(self._waiting.popleft()[1])
        return b"".join(due)

    @property
    def next_s(self) -> float | None:
        return self._waiting[0][0] if self._waiting else None
