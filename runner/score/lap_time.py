"""From two readings of the device's microsecond counter to seconds, across a wrap of the counter.

A counter that went backwards has wrapped, or is at fault. It wraps at 2^32 on most ports, but a
tick counter turned into microseconds wraps earlier; so a wrap is believed only where the host's
time agrees.
"""

from __future__ import annotations

_WRAP_US = 1 << 32
"""The microsecond counter is 32 bits wide on most ports."""

_TOLERANCE = 0.05
"""As a fraction of the host's time: RC oscillators stay within 4 %."""

_TOLERANCE_S = 0.020
"""What the host adds to each end: the line's own transfer and the stamp's millisecond."""


def lap_s(start_us: int, end_us: int, host_s: float | None) -> float | None:
    """Seconds between two lap times; None where they went backwards by no wrap to be believed.

    ``host_s`` is how long the host saw it take, None where nobody knows.
    """
    if end_us >= start_us:
        return (end_us - start_us) / 1e6
    seconds = wrapped_s(start_us, end_us)
    if host_s is None or abs(seconds - host_s) > _TOLERANCE * host_s + _TOLERANCE_S:
        return None
    return seconds


def wrapped_s(start_us: int, end_us: int) -> float:
    """Seconds between two lap times if the counter wrapped at 2^32 between them."""
    return (end_us - start_us) % _WRAP_US / 1e6
