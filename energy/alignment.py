"""Puts the IO manager's laps on the trace's axis, for a monitor that sees no events itself.

The IO manager stamps each edge of the timestamp pin with its own timer (`m-lap-us-N`: 4 us steps,
2^32 us and round again) and sends it to the host. Its clock, the monitor's and the host's differ.
The method:

1. Unwrap the lap times by the host's stamps of their lines.
2. Position on the trace = offset + rate x lap time. A line arrives after its edge by up to
   ``MAX_LATENCY_S``, and the recording began between two moments of the host's clock: that bounds
   the offset; the stamps of the first and the last line, and what clocks are worth, the rate.
3. Within those bounds, look for the offset and the rate at which the power steps up at the
   beginning and down at the end of every window: the sum of all those steps is greatest (a
   cross-correlation with the edges, on the trace in bins of a millisecond).
4. Locate each step within its sample, at the full rate: from the energy around it and the levels
   on both sides, where a straight step has to be. Fit the line of 2 to these places.

The IO manager sees an edge up to ``LATE_EDGE_S`` late where it comes while the device talks. So a
lap that far from the line is as good as any other, and a window is that much shorter or longer.

The uncertainty stated is that of every event: half a sample, the timer's step, how late it may be
seen, what may lie between a pulse and the work behind it (``STEP_LAG_S``), and four standard errors
of the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil, inf, sqrt

import numpy as np
import numpy.typing as npt

from ..dut_protocol.wire.timer import (
    CRYSTAL_DEVIATION,
    LATE_EDGE_S,
    RESONATOR_DEVIATION,
    WRAP_US,
)
from .errors import TraceError
from .trace import EnergyTrace, EventSource
from .windows import TIMESTAMP_HOLD_S

LAP_STEP_S = 4e-6
"""An Arduino Uno's `micros()` counts in steps of 4 us."""

MAX_LATENCY_S = 0.25
"""Seconds from an edge to the host's stamp of its line: 20 characters at 115200, USB, a busy host.
"""

STEP_LAG_S = 100e-6
"""Seconds from the pulse to the step in power, and back: a few instructions and the board's
capacitors."""

_BIN_S = 1e-3
_INSIDE_S = 0.2
"""How much of a window's inside is looked at: a few inferences, so that their shape averages."""
_OUTSIDE_BINS = 2
"""How much of a window's outside is looked at: the warm-up ends as shortly before as two lines take
on the UART."""
_SAME_PLACE_BINS = 20
"""Two places closer together than this are one peak, and the scatter of the steps is the judge."""
_AMBIGUOUS = 0.8
"""Another place where the steps add up to so much of the best one's makes the best a guess."""
_STANDARD_ERRORS = 4.0
_MAX_CANDIDATES = 30_000_000

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LapStamp:
    """Is one `m-lap-us-N` of the IO manager, with the host's time when its line had arrived."""

    lap_us: int
    host_s: float


@dataclass(frozen=True, slots=True)
class Alignment:
    """Holds events on a trace's axis that the monitor did not see itself."""

    events_s: tuple[float, ...]
    uncertainty_s: float
    """Each event is within this of the true edge."""
    source: EventSource
    drift: float | None = None
    """How much longer a second of the IO manager is than one of the monitor, as a fraction."""
    residual_s: float | None = None
    """Standard deviation of the steps from the fitted line."""
    steps: int = 0
    """Steps in power that the line was fitted to."""

    def apply(self, trace: EnergyTrace) -> EnergyTrace:
        """Return the trace with these events, and how they came about in its provenance."""
        by_laps = self.source is EventSource.IO_MANAGER
        method = {
            "method": "power steps" if by_laps else "host stamps",
            "uncertainty_s": self.uncertainty_s,
            "late_edge_s": LATE_EDGE_S if by_laps else None,
            "drift_ppm": None if self.drift is None else self.drift * 1e6,
            "residual_s": self.residual_s,
            "steps": self.steps,
        }
        return replace(
            trace,
            events_s=self.events_s,
            event_source=self.source,
            event_uncertainty_s=self.uncertainty_s,
            provenance={**trace.provenance, "alignment": method},
        )


def soft_markers(
    stamps_host_s: Sequence[float],
    started_host_s: tuple[float, float],
) -> Alignment:
    """Make events of host stamps: never valid for submission, as their source says.

    ``started_host_s``: the recording began between these two moments of the host's clock.
    """
    earliest_s, latest_s = started_host_s
    begin_s = (earliest_s + latest_s) / 2
    events = tuple(sorted(stamp - begin_s for stamp in stamps_host_s))
    uncertainty_s = MAX_LATENCY_S + (latest_s - earliest_s) / 2
    return Alignment(events, uncertainty_s, EventSource.HOST)


def unwrap_laps(laps: Sequence[LapStamp]) -> Floats:
    """Return seconds since the first lap by the IO manager's timer, wraps counted by the host's."""
    elapsed_us = [0]
    for number, (last, lap) in enumerate(pairwise(laps), 2):
        step_us = (lap.lap_us - last.lap_us) % WRAP_US
        host_s = lap.host_s - last.host_s
        step_us += max(0, round((host_s * 1e6 - step_us) / WRAP_US)) * WRAP_US
        if abs(step_us / 1e6 - host_s) > 1.0 + 0.02 * abs(host_s):
            raise TraceError(
                f"lap {number} of the IO manager: m-lap-us went from {last.lap_us} to "
                f"{lap.lap_us}, which is {step_us / 1e6:.3f} s, where the host saw {host_s:.3f} s"
            )
        elapsed_us.append(elapsed_us[-1] + step_us)
    return np.array(elapsed_us) / 1e6


def merge_laps(laps: Sequence[LapStamp]) -> list[LapStamp]:
    """Return the laps without those closer than TIMESTAMP_HOLD_S behind a kept one."""
    kept: list[LapStamp] = []
    for lap in laps:
        if not kept or (lap.lap_us - kept[-1].lap_us) % WRAP_US >= TIMESTAMP_HOLD_S * 1e6:
            kept.append(lap)
    return kept


def align_laps(
    trace: EnergyTrace,
    laps: Sequence[LapStamp],
    started_host_s: tuple[float, float],
) -> Alignment:
    """Turn the IO manager's laps into events of the trace, by the method in the module's text.

    The recording began between the two moments ``started_host_s`` of the host's clock. The first
    lap is no window's. TraceError where no place on the trace fits the laps.
    """
    kept = merge_laps(laps)
    if len(kept) < 3 or len(kept) % 2 == 0:
        raise TraceError(
            f"{len(kept)} laps of the IO manager: expected 1 ahead and 2 for each window; "
            "is the timestamp pin wired to it, and its timer enabled?"
        )
    elapsed_s = unwrap_laps(kept)
    edges_s = elapsed_s[1:] - elapsed_s[1]
    bounds = _bounds(kept[1], kept[-1], float(edges_s[-1]), started_host_s)
    offset_s, rate, height = _correlate(trace, edges_s, *bounds)
    places_s = _locate_steps(trace, offset_s + rate * edges_s, height / 2)
    offset_s, rate, errors_s, residual_s, used = _fit(trace, edges_s, places_s)
    all_s = elapsed_s - elapsed_s[1]
    uncertainty_s = 0.5 / trace.sample_rate_hz + LAP_STEP_S + LATE_EDGE_S + STEP_LAG_S
    return Alignment(
        events_s=tuple(float(event_s) for event_s in offset_s + rate * all_s),
        uncertainty_s=uncertainty_s + _STANDARD_ERRORS * errors_s,
        source=EventSource.IO_MANAGER,
        drift=rate - 1.0,
        residual_s=residual_s,
        steps=used,
    )


def _bounds(
    first: LapStamp,
    last: LapStamp,
    elapsed_s: float,
    started_host_s: tuple[float, float],
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Find where on the trace, in seconds, the first and the last edge can be."""
    earliest_s, latest_s = started_host_s
    since_s = first.host_s - earliest_s
    slack_s = CRYSTAL_DEVIATION * max(since_s, 0.0) + 2 * _BIN_S
    start = (first.host_s - MAX_LATENCY_S - latest_s - slack_s, since_s + slack_s)
    host_s = last.host_s - first.host_s
    slack_s = CRYSTAL_DEVIATION * max(host_s, elapsed_s) + 2 * _BIN_S
    by_timer_s = RESONATOR_DEVIATION * elapsed_s + 2 * _BIN_S
    return start, (
        max(host_s - MAX_LATENCY_S - slack_s, elapsed_s - by_timer_s),
        min(host_s + MAX_LATENCY_S + slack_s, elapsed_s + by_timer_s),
    )


def _correlate(
    trace: EnergyTrace, edges_s: Floats, start_s: tuple[float, float], length_s: tuple[float, float]
) -> tuple[float, float, float]:
    """Find (offset, rate) at which the power steps most at the edges, and the mean step."""
    binned, bin_s = _bins(trace)
    inside = min(round(_INSIDE_S / bin_s), int(np.diff(edges_s)[::2].min() / bin_s / 2))
    inside = max(inside, _OUTSIDE_BINS)
    rises, falls = _steps(binned, inside, _OUTSIDE_BINS)
    starts = np.arange(start_s[0] / bin_s, start_s[1] / bin_s + 1)[:, None]
    lengths = np.arange(length_s[0] / bin_s, length_s[1] / bin_s + 1)[None, :]
    if not starts.size * lengths.size:
        raise TraceError(
            f"the IO manager's timer and the host's clock differ by more than "
            f"{RESONATOR_DEVIATION:.1%}; are its lap times in microseconds?"
        )
    if starts.size * lengths.size > _MAX_CANDIDATES:
        raise TraceError(
            f"the host's stamps leave {starts.size * lengths.size} places for the laps; state "
            "the beginning of the recording and the latency more closely"
        )
    scores = np.zeros((starts.size, lengths.size))
    for number, part in enumerate(edges_s / edges_s[-1]):
        at = np.rint(starts + lengths * part).astype(np.intp)
        scores += (falls if number % 2 else rises)[np.clip(at, 0, len(binned))]
    best = np.unravel_index(int(np.argmax(scores)), scores.shape)
    top = float(scores[best])
    rest, ends = scores.copy(), starts + lengths
    close = np.abs(starts - starts[best[0]]) <= _SAME_PLACE_BINS
    rest[close & (np.abs(ends - ends[best]) <= _SAME_PLACE_BINS)] = -inf
    if not top > 0 or rest.max(initial=-inf) > _AMBIGUOUS * top:
        raise TraceError(
            "the IO manager's laps fit no single place on the trace: the power does not step up "
            "at the beginnings and down at the ends of the windows; is it the same run, and does "
            "the device draw more while it infers?"
        )
    rate = float(lengths[0, best[1]] * bin_s / edges_s[-1])
    return float(starts[best[0], 0]) * bin_s, rate, top / len(edges_s)


def _bins(trace: EnergyTrace) -> tuple[Floats, float]:
    """Return mean microjoules a sample in bins of about a millisecond, and the bin's length."""
    width = max(1, round(_BIN_S * trace.sample_rate_hz))
    count = len(trace.samples_uj) // width
    binned = np.empty(count)
    chunk = max(1, (1 << 20) // width)
    for at in range(0, count, chunk):
        end = min(at + chunk, count)
        rows = trace.samples_uj[at * width : end * width].reshape(-1, width)
        binned[at:end] = rows.mean(axis=1, dtype=np.float64)
    return binned, width / trace.sample_rate_hz


def _steps(binned: Floats, inside: int, outside: int) -> tuple[Floats, Floats]:
    """Return how much the power rises, and falls, in front of each bin and at the end.

    A boundary too close to the trace's ends for the means has no step.
    """
    sums = np.concatenate([[0.0], np.cumsum(binned)])
    count = len(binned)

    def mean(first: Floats | npt.NDArray[np.intp], width: int) -> Floats:
        begin = np.clip(first, 0, count).astype(np.intp)
        end = np.clip(first + width, 0, count).astype(np.intp)
        return np.where(end - begin == width, (sums[end] - sums[begin]) / width, np.nan)

    # The long inside tells a window from a warm-up, the short one where exactly it begins.
    at = np.arange(count + 1)
    before, after = mean(at - outside, outside), mean(at, outside)
    rises = (mean(at, inside) + after) / 2 - before
    falls = (mean(at - inside, inside) + before) / 2 - after
    return np.nan_to_num(rises), np.nan_to_num(falls)


def _locate_steps(trace: EnergyTrace, near_s: Floats, least: float) -> Floats:
    """Find where the power steps by ``least`` or more next to each moment, in seconds; else NaN."""
    rate_hz, samples = trace.sample_rate_hz, trace.samples_uj
    level = max(3, round(_BIN_S * rate_hz))
    reach = ceil((_OUTSIDE_BINS + 1) * _BIN_S * rate_hz) + 2
    places = np.full(len(near_s), np.nan)
    for number, moment_s in enumerate(near_s):
        sign = -1.0 if number % 2 else 1.0
        middle = round(moment_s * rate_hz)
        first = middle - reach - level - 3
        last = middle + reach + level + 3
        if first < 0 or last > len(samples):
            continue
        values = np.asarray(samples[first:last], np.float64)
        sums = np.concatenate([[0.0], np.cumsum(values)])
        at = np.arange(level + 3, len(values) - level - 2)
        contrast = sign * (sums[at + level] - 2 * sums[at] + sums[at - level])
        step = int(at[np.argmax(contrast)])
        # The levels stay clear of the two samples next to the step, in one of which it is.
        before = (sums[step - 2] - sums[step - 2 - level]) / level
        after = (sums[step + 2 + level] - sums[step + 2]) / level
        if sign * (after - before) < least:
            continue
        energy = sums[step + 2] - sums[step - 2]
        place = (after * (step + 2) - before * (step - 2) - energy) / (after - before)
        places[number] = (first + place) / rate_hz
    return places


def _fit(
    trace: EnergyTrace, edges_s: Floats, places_s: Floats
) -> tuple[float, float, float, float, int]:
    """Fit the line to the steps: (offset, rate, largest standard error, residual, steps used)."""
    found = np.isfinite(places_s)
    sample_s = 1.0 / trace.sample_rate_hz
    for _ in range(3):
        used = int(found.sum())
        if used < 2 or used < 0.6 * len(edges_s):
            raise TraceError(
                f"only {used} of {len(edges_s)} edges of the IO manager have a step in power "
                "beside them; does the device draw more while it infers?"
            )
        x, y = edges_s[found], places_s[found]
        middle = float(x.mean())
        spread = float(((x - middle) ** 2).sum())
        rate = float(((x - middle) * (y - y.mean())).sum()) / spread
        offset_s = float(y.mean()) - rate * middle
        off = np.abs(places_s - offset_s - rate * edges_s)
        limit_s = max(4.0 * float(np.median(off[found])), 2.0 * sample_s, LATE_EDGE_S)
        closer = found & (off <= limit_s)
        if closer.sum() == used:
            break
        found = closer
    # Of few steps a line says little about their scatter: then a sample at least stands for it.
    residual_s = sqrt(float((off[found] ** 2).sum()) / (used - 2)) if used > 2 else 0.0
    scatter_s = residual_s if used > 6 else max(residual_s, sample_s)
    furthest = max(abs(float(edges_s[0]) - middle), abs(float(edges_s[-1]) - middle))
    error_s = scatter_s * sqrt(1 / used + furthest**2 / spread)
    if residual_s > 2 * sample_s + _BIN_S:
        raise TraceError(
            f"the steps in power scatter by {residual_s * 1e3:.1f} ms around the IO manager's "
            "edges; is it the same run?"
        )
    return offset_s, rate, error_s, residual_s, used
