"""A simulated device in the same process, behind the transport interface, on a virtual clock.

Reading moves the clock: to the moment the next bytes are through, or, when none are coming, to the
time-out. So a silent device costs no real time, and a ten-second window costs one inference.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

from ..link.clock import VirtualClock


class WireSpeed(Protocol):
    """Says how fast a wire is."""

    @property
    def byte_time_s(self) -> float: ...


class SimulatedEnd(Protocol):
    """Hangs on the wire: a simulated device, or an IO manager with one behind it."""

    outgoing: deque[tuple[float, bytes]]

    @property
    def settings(self) -> WireSpeed: ...

    def receive(self, data: bytes, start_s: float) -> None: ...


class SimulatedLink:
    """Is the wire between a host and one :class:`SimulatedEnd`."""

    def __init__(self, device: SimulatedEnd, clock: VirtualClock, address: str) -> None:
        self._device = device
        self._clock = clock
        self._byte_time_s = device.settings.byte_time_s
        self._sent_until_s = 0.0
        """When the host's UART has sent all it was given."""
        self._rest = b""
        self.address = address

    def write(self, data: bytes) -> None:
        start_s = self._clock.now_s()
        if start_s < self._sent_until_s:
            start_s = self._sent_until_s
        self._sent_until_s = start_s + len(data) * self._byte_time_s
        self._device.receive(data, start_s)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        if self._rest:
            data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
            return data
        outgoing = self._device.outgoing
        clock = self._clock
        until_s = clock.now_s() + timeout_s
        if not outgoing or outgoing[0][0] > until_s:
            clock.advance_to(until_s)
            return b""
        done_s, data = outgoing.popleft()
        clock.advance_to(done_s)
        if outgoing and outgoing[0][0] <= clock.now_s():
            now_s = clock.now_s()
            while outgoing and outgoing[0][0] <= now_s:
                data += outgoing.popleft()[1]
        if len(data) > max_bytes:
            data, self._rest = data[:max_bytes], data[max_bytes:]
        return data

    def close(self) -> None:
        """Release nothing, for there is nothing; the device forgets nothing either."""
