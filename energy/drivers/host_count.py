"""Samples counted against the host's clock: the loss that a monitor's own index does not show.

An index that wraps looks whole after a loss of a whole round (a PPK2's counter has six bits), and
one that stands still while packets are dropped looks whole after any loss (a Joulescope JS110's).
So every driver says, whenever something came, how many samples there are by now, and ends its
recording by :func:`finish_recording`. How far the samples are behind the host's clock, their
*lag*, has three parts:

- how long the last of them took to arrive: at least a constant, often more, never less;
- the drift of two clocks: a straight line;
- what was lost, which is never made up for.

A busy host makes single lags longer, and the next ones are short again. After a loss none is. So a
loss is where the shortest lag of the seconds that follow is longer than that of the second before.
Pure: times come in, losses come out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from ..trace import EnergyTrace, TraceWriter
from .serial_monitor import check_lost

CLOCK_TOLERANCE = 0.005
"""How far a monitor's sample rate may be off before what is missing counts as lost. Crystals keep
0.01 %, but no maker states it for the rate."""

_SHORTEST_LOSS_S = 0.005
"""Half of what a window of 10 s may miss; a host's scheduling can look like less."""
_POINT_S = 0.02
"""Span of which only the shortest lag is kept."""
_BEFORE_S, _AFTER_S = 1.0, 5.0
_LEAST_BEFORE, _LEAST_AFTER = 5, 10
"""Points, where a monitor is not asked often enough for so many seconds to hold as many."""
_LEAST_TO_JUDGE = 5
"""With fewer points left before the end, a busy host cannot be told from a loss."""
_LEAST_BLOCKS = 6
"""With fewer, one loss would be taken for drift."""
_CERTAIN = 15.0
"""Lags that are all that many times too long by chance occur once in a million."""
_MOST_LOSSES = 100
_PART_S = 0.25

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HostLoss:
    """A loss is ``lost`` samples missing somewhere between two samples of the trace."""

    first: int
    last: int
    lost: int


class HostCount:
    """Counts the samples of one recording, by when they have come."""

    def __init__(self, sample_rate_hz: float, service_interval_s: float, modulus: int = 1) -> None:
        """Begin a count; only losses of multiples of ``modulus`` escape the monitor's own index."""
        self._rate_hz = sample_rate_hz
        self._modulus = modulus
        self._before = max(_LEAST_BEFORE, round(_BEFORE_S / service_interval_s))
        self._after = max(_LEAST_AFTER, round(_AFTER_S / service_interval_s))
        self._start_s: float | None = None
        self._slot = -1
        self._times_s: list[float] = []
        self._lags_s: list[float] = []
        self._indices: list[int] = []

    def seen(self, now_s: float, index: int, lost: int = 0) -> None:
        """Note that ``index`` samples have come, and ``lost`` more are known to be missing."""
        if self._start_s is None:
            self._start_s = now_s
        time_s = now_s - self._start_s
        lag_s = time_s - (index + lost) / self._rate_hz
        slot = int(time_s / _POINT_S)
        if slot == self._slot:
            if lag_s >= self._lags_s[-1]:
                return
            self._times_s[-1], self._lags_s[-1], self._indices[-1] = time_s, lag_s, index
            return
        self._slot = slot
        self._times_s.append(time_s)
        self._lags_s.append(lag_s)
        self._indices.append(index)

    def losses(self) -> list[HostLoss]:
        """Return what is missing beyond what is known to be, in order."""
        if len(self._lags_s) <= _LEAST_TO_JUDGE:
            return []
        times_s, lags_s = np.array(self._times_s), np.array(self._lags_s)
        drift, noise_s = self._drift_and_noise(times_s, lags_s)
        level_s = lags_s - drift * times_s
        shortest_s = _SHORTEST_LOSS_S + 4 * noise_s + 2 / self._rate_hz
        found: list[tuple[int, int, float]] = []
        for _ in range(_MOST_LOSSES):
            if (step := self._step(level_s, shortest_s)) is None:
                break
            at, before_s = step
            # Looked at in its middle, a loss is a part at first: what counts is what it came to.
            settled = min(at + self._before // 2, len(level_s) - _LEAST_TO_JUDGE)
            after_s = float(level_s[settled : settled + self._after].min())
            lost_s = after_s - before_s
            # From the first of these lags on: the whole loss was in front of its samples.
            last = at + int(np.argmax(np.abs(level_s[at:] - after_s) <= shortest_s / 2))
            level_s[at:last] = np.maximum(level_s[at:last] - lost_s, before_s)
            level_s[last:] -= lost_s
            if found and at - 1 <= found[-1][1]:  # more of the same: it was seen in the middle
                first, before, so_far_s = found.pop()
                found.append((first, max(last, before), so_far_s + lost_s))
            else:
                found.append((at - 1, last, lost_s))
        losses = [
            HostLoss(self._indices[first], self._indices[last], self._samples(lost_s))
            for first, last, lost_s in found
        ]
        if everywhere := self._missing_everywhere(times_s, level_s + drift * times_s, shortest_s):
            losses.append(HostLoss(0, self._indices[-1], everywhere))
        return sorted(losses, key=lambda loss: (loss.first, loss.last))

    def _samples(self, lost_s: float) -> int:
        rounds = max(1, round(lost_s * self._rate_hz / self._modulus))
        return rounds * self._modulus

    def _drift_and_noise(self, times_s: Floats, lags_s: Floats) -> tuple[float, float]:
        """Return the slope of the lags' floor, and how much it varies; losses are outliers."""
        blocks = len(lags_s) // self._before
        if blocks < _LEAST_BLOCKS:
            return 0.0, float(np.median(np.abs(np.diff(lags_s))))
        size = blocks * self._before
        floors = lags_s[:size].reshape(blocks, self._before)
        lowest = floors.argmin(axis=1) + np.arange(blocks) * self._before
        slopes = np.diff(lags_s[lowest]) / np.diff(times_s[lowest])
        drift = float(np.clip(np.median(slopes), -CLOCK_TOLERANCE, CLOCK_TOLERANCE))
        level_s = lags_s[lowest] - drift * times_s[lowest]
        return drift, float(np.median(np.abs(np.diff(level_s))))

    def _step(self, level_s: Floats, shortest_s: float) -> tuple[int, float] | None:
        """Return the first point from which on all lag behind, and the shortest lag before it."""
        before = np.concatenate([np.full(self._before, np.inf), level_s[:-1]])
        after = np.concatenate([level_s, np.full(self._after - 1, np.inf)])
        past_s = sliding_window_view(before, self._before).min(axis=1)
        future_s = sliding_window_view(after, self._after).min(axis=1)
        rise_s = future_s - past_s
        late_s = np.median(np.maximum(level_s[1:] - past_s[1:], 0.0))
        # Of n lags that are each late_s too long on average, the shortest is late_s / n too long.
        points = np.minimum(self._after, np.arange(len(level_s), 0, -1))
        over = np.flatnonzero(
            (rise_s > shortest_s + _CERTAIN * late_s / points) & (points >= _LEAST_TO_JUDGE)
        )
        if not len(over):
            return None
        return int(over[0]), float(past_s[over[0]])

    def _missing_everywhere(self, times_s: Floats, lags_s: Floats, shortest_s: float) -> int:
        """Return the samples missing all the time, where two clocks cannot be so far apart."""
        count = min(self._before, len(lags_s) // 2)
        first, last = int(lags_s[:count].argmin()), int(lags_s[-count:].argmin())
        rise_s = float(lags_s[-count:][last] - lags_s[first])
        span_s = float(times_s[-count:][last] - times_s[first])
        missing_s = rise_s if rise_s > CLOCK_TOLERANCE * span_s + shortest_s else 0.0
        return self._samples(missing_s) if missing_s else 0


def due_by_clock(count: int, period_s: float, elapsed_s: float) -> tuple[str, int]:
    """Compare a count with the time that went by: in words, and how many samples are missing.

    A negative number says how many more came than there can be.
    """
    due = elapsed_s / period_s
    said = f"{count} samples came in {elapsed_s:.3f} s, where {due:.0f} were due"
    return said, round(due - count)


def write_host_losses(writer: TraceWriter, losses: list[HostLoss]) -> int:
    """Note losses as gaps of the trace; return how many samples they are.

    Where within its stretch a loss was, nobody knows: it is noted in parts from one end to the
    other, so that every window that touches the stretch is found to have a gap.
    """
    for loss in losses:
        stretch = max(0, loss.last - loss.first)
        parts = 1 + math.ceil(stretch / (_PART_S * writer.sample_rate_hz))
        parts = min(loss.lost, parts)
        places = np.linspace(loss.first, loss.last, parts) if parts > 1 else [loss.last]
        share, more = divmod(loss.lost, parts)
        for number, place in enumerate(places):
            writer.gap(share + (number < more), round(float(place)))
    return sum(loss.lost for loss in losses)


def host_loss_words(losses: list[HostLoss], sample_rate_hz: float) -> list[str]:
    """Return how many are missing and where, in words."""
    if not losses:
        return []
    places = ", ".join(
        f"{loss.lost} between {loss.first / sample_rate_hz:.3f} and "
        f"{loss.last / sample_rate_hz:.3f} s"
        for loss in losses[:5]
    )
    more = f" and in {len(losses) - 5} more places" if len(losses) > 5 else ""
    total = sum(loss.lost for loss in losses)
    return [f"{total} more missing by the host's clock ({places}{more})"]


class Recorded(Protocol):
    """Is a monitor, as far as it keeps its last recording."""

    trace: EnergyTrace | None


def finish_recording(
    monitor: Recorded,
    name: str,
    writer: TraceWriter,
    count: HostCount,
    provenance: Mapping[str, Any],
    lost: int = 0,
    why: Sequence[str] = (),
) -> EnergyTrace:
    """Close a monitor's trace with what the host's clock misses noted in it, and return it.

    ``lost`` samples are known to be missing already, ``why`` says how. The monitor keeps the trace
    even where SamplesLost is raised about it.
    """
    losses = count.losses()
    missing = write_host_losses(writer, losses)
    said = {**provenance, "samples_missing_by_host_clock": missing}
    monitor.trace = trace = writer.finish(said)
    words = [*why, *host_loss_words(losses, writer.sample_rate_hz)]
    check_lost(name, writer.count, lost + missing, words)
    return trace
