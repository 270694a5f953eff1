"""The figures of a trace by itself, and which windows its edges make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..errors import TraceError
from ..trace import EnergyTrace, TraceOrigin
from ..windows import EnergyWindow, energy_uj, measure_windows, merge_edges

_CHUNK_SAMPLES = 1 << 20


@dataclass(frozen=True, slots=True)
class TraceFigures:
    """Holds what a whole trace amounts to."""

    duration_s: float
    energy_j: float
    mean_w: float
    max_w: float
    """The greatest power of one sample."""


def figures_of(trace: EnergyTrace) -> TraceFigures:
    """Compute the figures; TraceError where there are no samples."""
    count = len(trace.samples_uj)
    if not count:
        raise TraceError("the trace holds no samples")
    energy_j = energy_uj(trace.samples_uj, 0, count) * 1e-6
    most_uj = max(
        float(trace.samples_uj[at : at + _CHUNK_SAMPLES].max())
        for at in range(0, count, _CHUNK_SAMPLES)
    )
    max_w = most_uj * 1e-6 * trace.sample_rate_hz
    return TraceFigures(trace.duration_s, energy_j, energy_j / trace.duration_s, max_w)


def windows_of(
    trace: EnergyTrace,
    spans_s: Sequence[tuple[float, float]] | None = None,
    leading: int | None = None,
) -> tuple[list[EnergyWindow], str]:
    """Measure the windows and say how they were found; numbered 2, 4, 6, … as in a log.

    They are ``spans_s`` where given, else between the trace's edges, two by two behind ``leading``
    ones. Unless told, one edge leads where their number is odd, as in a session, where it is the
    one of `timestamp`; else none. Of a trial of MLCommons' the last two count.
    """
    if spans_s is not None:
        return measure_windows(trace, spans_s), "as given"
    edges = merge_edges(trace.events_s)
    if leading is None:
        leading = len(edges) % 2
        if trace.origin is TraceOrigin.MLCOMMONS:
            leading = max(0, len(edges) - 2)
    rest = edges[leading:]
    spans_s = tuple(zip(rest[::2], rest[1::2], strict=False))
    return measure_windows(trace, spans_s), (
        f"between {len(edges)} edges of the timestamp pin, of which {leading} lead"
    )
