"""The stamps that begin a log's lines, in each dialect: as patterns, and as they are written."""

from __future__ import annotations

EEMBC_STAMP = rb"\d{5,12}+\.\d{3}"
"""Seconds since the log began: `00086.889`. Bounded, so that no number has digits without end."""

MLCOMMONS_STAMP = rb"\d{4}\.\d{6}"
"""A month, day and time of day, MMDD.HHMMSS: `0726.010245`."""


def stamped(time_s: float, source: str, text: str) -> str:
    """Return one line as EEMBC's runner writes it: `00155.007 ulp-mlperf: …`."""
    return f"{time_s:09.3f} {source}: {text}\n"
