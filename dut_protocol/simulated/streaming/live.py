"""Joins what lives by itself to a host: a board that plays for minutes between two commands.

The simulated devices of the other tasks do something only when they are sent something. Here time
has to pass: the link and the server let it, before they look what has been said.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from ...link.clock import Clock, VirtualClock
from ..link import SimulatedEnd, SimulatedLink
from ..serve import DeviceServer, ServedEnd

Live = Callable[[float], None]
"""Lets the bench's time pass up to a moment; what is later is left for later."""


class LiveLink(SimulatedLink):
    """Is the wire between a host in this process and a simulated end that lives by itself."""

    def __init__(self, end: SimulatedEnd, clock: VirtualClock, address: str, live: Live) -> None:
        super().__init__(end, clock, address)
        self._live = live
        self._now_s = clock.now_s

    def write(self, data: bytes) -> None:
        self._live(self._now_s())
        super().write(data)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        self._live(self._now_s() + timeout_s)
        return super().read(max_bytes, timeout_s)


class LiveServer(DeviceServer):
    """Joins one that lives by itself to a port, in real time."""

    def __init__(
        self,
        end: ServedEnd,
        live: Live,
        clock: Clock,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        super().__init__(end, clock, lock)
        self._live = live

    def _take_due(self) -> bytes:
        self._live(self._clock.now_s())
        return super()._take_due()
