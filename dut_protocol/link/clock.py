"""The bench's clock: real and monotonic, or virtual and moved by what happens.

Every deadline, log stamp and modelled duration of one bench is on one clock. On a simulated
bench nothing waits: the link moves the clock by byte times, the device by inference times.
"""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Counts seconds since some start; never goes backwards."""

    def now_s(self) -> float: ...

    def pause(self, seconds: float) -> None:
        """Let time pass: sleep on a real clock, move a virtual one."""


class MonotonicClock:
    """Counts real time, from ``time.monotonic``, zero at creation."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        return time.monotonic() - self._start_s

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """Counts time that only moves when told to."""

    __slots__ = ("_now_s",)

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        return self._now_s

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            self._now_s += seconds

    def advance_to(self, when_s: float) -> None:
        """Move forward to ``when_s``; a time already past changes nothing."""
        if when_s > self._now_s:
            self._now_s = when_s


class Deadline:
    """Is one point in time on a clock, made once for an operation."""

    __slots__ = ("_clock", "seconds", "when_s")

    def __init__(self, clock: Clock, seconds: float, since_s: float | None = None) -> None:
        """End ``seconds`` from now, or from ``since_s`` on the same clock."""
        self._clock = clock
        self.seconds = seconds
        self.when_s = (clock.now_s() if since_s is None else since_s) + seconds

    def extend_to(self, seconds: float) -> None:
        """End ``seconds`` from now instead: what remains to be done is known better."""
        self.seconds = seconds
        self.when_s = self._clock.now_s() + seconds

    @property
    def remaining_s(self) -> float:
        """Return the seconds left, never negative."""
        return max(0.0, self.when_s - self._clock.now_s())

    @property
    def expired(self) -> bool:
        return self._clock.now_s() >= self.when_s
