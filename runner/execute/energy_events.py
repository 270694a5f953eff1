"""Whose edges count: the monitor's own, or the IO manager's brought onto the trace's axis."""

from __future__ import annotations

from collections.abc import Sequence

from ...dut_protocol.host.io_manager import PinEdge
from ...energy.alignment import LapStamp, align_laps, merge_laps, unwrap_laps
from ...energy.errors import TraceError
from ...energy.trace import Trace
from ...energy.windows import split_events


def with_events(
    trace: Trace,
    edges: Sequence[PinEdge],
    started_host_s: tuple[float, float],
    *,
    event_input: bool,
    windows: int | None = None,
) -> Trace:
    """The trace with the timestamp pin's edges.

    A monitor with an event input has them already, on its own clock; for one without, the IO
    manager's are aligned by the steps in power. TraceError where they do not fit: by their number,
    where ``windows`` says how many windows there are, or by their times.
    """
    if event_input:
        return trace
    laps = [LapStamp(edge.us, edge.host_s) for edge in edges]
    if windows is not None:
        counted = split_events(_about_s(laps, started_host_s), windows)
        if counted.error is not None:
            raise TraceError(f"by the IO manager's timer: {counted.error}")
    return align_laps(trace, laps, started_host_s).apply(trace)


def _about_s(laps: Sequence[LapStamp], started_host_s: tuple[float, float]) -> list[float]:
    """About when on the trace's axis each lap was: for counting, and for a person to find it."""
    kept = merge_laps(laps)
    if not kept:
        return []
    first_s = kept[0].host_s - sum(started_host_s) / 2
    return [first_s + float(elapsed_s) for elapsed_s in unwrap_laps(kept)]
