"""Finds the energy of each window from a trace and its events; no I/O beyond mapped samples.

A session's events are 1 + 2 x N edges of the timestamp pin: one of the `timestamp` command, then
two around each stretch of inferences. Counted as EEMBC does, from 1 and with the stretches between
the measured ones, the windows are number 2, 4, 6, 8, 10.

How the energy between two moments is taken depends on whose trace it is, see `span_of`:

- ours: the whole samples between the two, and of the two samples that the moments fall into the
  fraction that is inside (power is taken as constant within a sample);
- EEMBC's: whole samples. Its runner adds 1 / rate up in double precision, sample by sample, and a
  moment's index is the first at which that sum reaches it. The sum's error makes it up to a sample
  late. With it every published window is reproduced to the digit;
- MLCommons': whole samples from event to event, which are sample indices to begin with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, fsum, isfinite
from typing import assert_never

from .errors import SamplesLost
from .trace import EnergyTrace, Samples, TraceOrigin

TIMESTAMP_HOLD_S = 50e-6
"""Edges closer together than this are one edge that bounced (EEMBC's `timestamp-hold-us`)."""

MAX_LOST_FRACTION = 0.001
"""More lost samples fail the run (EEMBC's `emon-drop-thresh-pct` is 0.1)."""

_CHUNK_SAMPLES = 1 << 20
"""4 MB: large enough to cost nothing, small enough to stay out of the way."""


@dataclass(frozen=True, slots=True)
class EnergyWindow:
    """Says what was drawn between two edges."""

    number: int
    """The number as its runner counts: EEMBC's and ours 2, 4, 6, 8, 10, MLCommons' 1 to 5."""
    start_s: float
    end_s: float
    """Seconds on the trace's own axis."""
    energy_j: float | None
    """None where the trace does not hold the whole window."""
    invalid: str | None = None
    """Why the window cannot count, else None."""
    integrated_s: float | None = None
    """The time that the energy is of, where that is whole samples; None: from start to end."""

    @property
    def duration_s(self) -> float:
        """Return the length by the monitor's clock."""
        return self.end_s - self.start_s

    @property
    def power_w(self) -> float | None:
        """Return the mean power."""
        time_s = self.duration_s if self.integrated_s is None else self.integrated_s
        return None if self.energy_j is None or not time_s > 0 else self.energy_j / time_s


@dataclass(frozen=True, slots=True)
class WindowEdges:
    """Holds a session's events, told apart."""

    windows_s: tuple[tuple[float, float], ...]
    """(start, end) of each window; empty where ``error`` says why."""
    error: str | None = None


def merge_edges(events_s: Sequence[float]) -> tuple[float, ...]:
    """Return the events without those that follow a kept one by less than TIMESTAMP_HOLD_S."""
    kept: list[float] = []
    for time_s in events_s:
        if not kept or time_s - kept[-1] >= TIMESTAMP_HOLD_S:
            kept.append(time_s)
    return tuple(kept)


def split_events(
    events_s: Sequence[float],
    windows: int,
    *,
    leading: int = 1,
) -> WindowEdges:
    """Tell which edges belong to which window; an error's text where the number is wrong.

    ``leading`` edges come before the first window: one of the `timestamp` command, and one more
    where the trace was already running when the device booted.
    """
    edges = merge_edges(events_s)
    wanted = leading + 2 * windows
    if len(edges) != wanted:
        return WindowEdges((), _count_error(edges, wanted, leading, windows))
    pairs = zip(edges[leading::2], edges[leading + 1 :: 2], strict=True)
    return WindowEdges(tuple(pairs))


def pair_events(events_s: Sequence[float]) -> tuple[tuple[float, float], ...]:
    """Pair the edges behind the first as EEMBC's runner does, however many there are.

    Where an edge is missing, its results are of these windows all the same.
    """
    edges = merge_edges(events_s)
    return tuple(zip(edges[1::2], edges[2::2], strict=False))


def _count_error(edges: Sequence[float], wanted: int, leading: int, windows: int) -> str:
    found = len(edges)
    shown = ", ".join(f"{time_s:.3f}" for time_s in edges[:24]) + (", …" if found > 24 else "")
    when = f" (at {shown} s)" if edges else ""
    counted = f"{found} edge{'' if found == 1 else 's'} of the timestamp pin{when}"
    expected = f"{wanted} were expected, {leading} ahead and 2 for each of {windows} windows"
    if found == 0:
        meaning = (
            "the pin is not wired to the event input, or the firmware is built for performance "
            "and prints m-lap-us in place of pulses"
        )
    elif found in (2 * wanted, 2 * wanted - 1):
        meaning = "the monitor took both edges of each pulse; set its event source to falling"
    elif found == wanted - 1:
        meaning = (
            "one pulse was too short for the monitor to see (it may be 1 us: make it longer in "
            "th_timestamp), or the recording began after the first"
        )
    elif found == wanted + 1:
        meaning = (
            "one more is usually the boot pulse of a device that was powered, or reset itself, "
            "while the trace was running; else a pin that bounces for longer than 50 us"
        )
    elif found < wanted:
        meaning = (
            "the run ended early, or the wire to the event input is loose; compare the log's "
            "m-infer-start lines"
        )
    else:
        meaning = (
            "the pin bounces or floats, or the device reset itself during the run; look at it "
            "with an oscilloscope, and in the log for boot messages"
        )
    return f"{counted} where {expected}: usually {meaning}"


def measure_windows(
    trace: EnergyTrace, spans_s: Sequence[tuple[float, float]]
) -> list[EnergyWindow]:
    """Measure the windows between these moments, numbered 2, 4, 6, …"""
    moments = [moment for span in spans_s for moment in span]
    whole = whole_sample_indices(trace, moments)
    windows = []
    for place, (start_s, end_s) in enumerate(spans_s):
        span = None if whole is None else (whole[2 * place], whole[2 * place + 1])
        windows.append(_measure(trace, 2 * (place + 1), start_s, end_s, span))
    return windows


def measure_window(trace: EnergyTrace, number: int, start_s: float, end_s: float) -> EnergyWindow:
    """Measure the window between two moments of the trace's axis."""
    whole = whole_sample_indices(trace, (start_s, end_s))
    return _measure(trace, number, start_s, end_s, None if whole is None else (whole[0], whole[1]))


def _measure(
    trace: EnergyTrace, number: int, start_s: float, end_s: float, whole: tuple[int, int] | None
) -> EnergyWindow:
    span = whole or (start_s * trace.sample_rate_hz, end_s * trace.sample_rate_hz)
    count = len(trace.samples_uj)
    slack = 1e-6 if whole is None else 0.0  # samples: what a product of two floats is off
    if not (0 <= span[0] < span[1] <= count + slack):
        return EnergyWindow(
            number,
            start_s,
            end_s,
            None,
            f"it goes from {start_s:.3f} to {end_s:.3f} s where the trace holds "
            f"{trace.duration_s:.3f} s; was the recording stopped too early?",
        )
    energy_j = energy_uj(trace.samples_uj, *span) * 1e-6
    invalid = _gap_error(trace, *span)
    if not isfinite(energy_j):
        return EnergyWindow(number, start_s, end_s, None, "a sample in it is no finite number")
    integrated_s = None if whole is None else (whole[1] - whole[0]) / trace.sample_rate_hz
    return EnergyWindow(number, start_s, end_s, energy_j, invalid, integrated_s)


def _gap_error(trace: EnergyTrace, start: float, end: float) -> str | None:
    inside = [gap for gap in trace.gaps if start <= gap.index <= end and gap.lost]
    if not inside:
        return None
    places = ", ".join(
        f"{gap.lost} at {gap.index / trace.sample_rate_hz:.6f} s" for gap in inside[:5]
    )
    more = f" and in {len(inside) - 5} more places" if len(inside) > 5 else ""
    return f"samples are missing inside it: {places}{more}"


def whole_sample_indices(trace: EnergyTrace, moments_s: Sequence[float]) -> list[int] | None:
    """Return each moment's sample index where a trace counts whole samples, else None."""
    match trace.origin:
        case TraceOrigin.OURS:
            return None
        case TraceOrigin.MLCOMMONS:
            return [round(moment_s * trace.sample_rate_hz) for moment_s in moments_s]
        case TraceOrigin.EEMBC:
            return _running_sum_indices(trace.sample_rate_hz, len(trace.samples_uj), moments_s)
        case _:
            assert_never(trace.origin)


def _running_sum_indices(rate_hz: float, count: int, moments_s: Sequence[float]) -> list[int]:
    """Find for each moment the first k where 1 / rate, added up k times, reaches it.

    The sum is that of float64; ``count + 1`` stands for a moment behind the trace's end.
    """
    import numpy as np

    order = sorted(range(len(moments_s)), key=moments_s.__getitem__)
    found = [count + 1] * len(moments_s)
    base, at_s, place = 0, 0.0, 0
    while place < len(order) and base <= count:
        steps = np.full(min(_CHUNK_SAMPLES, count + 1 - base), 1.0 / rate_hz)
        steps[0] = at_s
        axis_s = np.cumsum(steps)  # one after the other, unlike sum()
        while place < len(order) and moments_s[order[place]] <= axis_s[-1]:
            moment_s = moments_s[order[place]]
            found[order[place]] = base + int(np.searchsorted(axis_s, moment_s, side="left"))
            place += 1
        base += len(steps)
        at_s = float(axis_s[-1]) + 1.0 / rate_hz
    return found


def energy_uj(samples_uj: Samples, start: float, end: float) -> float:
    """Sum microjoules from sample index ``start`` to ``end``, which may lie within a sample."""
    first, last = ceil(start), min(floor(end), len(samples_uj))
    if first > last:  # both within one sample
        return (end - start) * float(samples_uj[last])
    parts = [
        float(samples_uj[at : min(at + _CHUNK_SAMPLES, last)].sum(dtype="float64"))
        for at in range(first, last, _CHUNK_SAMPLES)
    ]
    if first > start:
        parts.append((first - start) * float(samples_uj[first - 1]))
    if end > last and last < len(samples_uj):
        parts.append((end - last) * float(samples_uj[last]))
    return fsum(parts)


def check_lost(trace: EnergyTrace) -> None:
    """Raise SamplesLost where a trace misses more than a measurement can bear."""
    if (error := lost_error(trace)) is not None:
        raise SamplesLost(error)


def lost_error(trace: EnergyTrace) -> str | None:
    """Say why so many samples are missing that the trace does not count, else None."""
    if trace.lost_fraction <= MAX_LOST_FRACTION:
        return None
    places = trace.gaps
    first_s = places[0].index / trace.sample_rate_hz
    return (
        f"{trace.lost_samples} samples ({trace.lost_fraction:.2%}) of the trace are missing in "
        f"{len(places)} place(s), the first at {first_s:.3f} s, where {MAX_LOST_FRACTION:.1%} are "
        "the most; lower the sample rate, or give the monitor a port and a computer of its own"
    )
