"""Turns two readings of the device's microsecond counter into seconds, across a wrap.

A counter that went backwards has wrapped, or is at fault. It wraps at 2^32 on most ports, but a
tick counter turned into microseconds wraps earlier; so a wrap is believed only where the host's
time agrees.
"""

from __future__ import annotations

from ...dut_protocol.wire.timer import DEFECT_DEVIATION, LINE_DELAY_S, WRAP_US


def lap_s(start_us: int, end_us: int, host_s: float | None) -> float | None:
    """Return seconds between two lap times; None where they went backwards by no credible wrap.

    ``host_s`` is how long the host saw it take, None where nobody knows.
    """
    if end_us >= start_us:
        return (end_us - start_us) / 1e6
    seconds = wrapped_s(start_us, end_us)
    if host_s is None or abs(seconds - host_s) > DEFECT_DEVIATION * host_s + LINE_DELAY_S:
        return None
    return seconds


def wrapped_s(start_us: int, end_us: int) -> float:
    """Return seconds between two lap times if the counter wrapped at 2^32 between them."""
    return (end_us - start_us) % WRAP_US / 1e6
