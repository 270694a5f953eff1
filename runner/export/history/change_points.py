"""Finds where the level of a series changes: PELT with the squared error of each segment's mean.

Source: Killick, Fearnhead and Eckley (2012), "Optimal detection of changepoints with a linear
computational cost". The segmentation is the best one: that of the least squared error plus a
penalty for each change. The noise is estimated from the differences of neighbours, which a step
hardly moves, by their median absolute deviation; a value far off its neighbours counts as one that
is `_FAR` deviations off, so that a single outlier is no change. The penalty was set by simulation
(`tests/bench/history/error_rates.py`): it holds false changes of a series without one below 1 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log, sqrt

import numpy as np
import numpy.typing as npt

LEAST_SEGMENT = 3
"""Sessions between two changes, and behind the last: fewer are an outlier as likely as a level."""

_PENALTY = (14.0, 2.0)
"""What a change has to explain, in squares of the noise: a constant, and times the logarithm of the
series' length, since a longer one has more places where chance looks like a change."""
_FAR = 3.5
_NEIGHBOURS = 7
"""Of a value's neighbourhood, itself included."""
DEVIATION = 1.4826
"""The standard deviation of a normal distribution over its median absolute deviation."""

Floats = npt.NDArray[np.float64]


def change_points(values: Sequence[float], least_noise: float) -> list[int]:
    """Return the places, from 0, of the first value of each new level, in order.

    ``least_noise`` is the standard deviation that the series has at the least, however equal its
    values are: differences far below it are no change.
    """
    series = np.asarray(values, np.float64)
    if len(series) < 2 * LEAST_SEGMENT:
        return []
    noise = sqrt(_noise_of(series) ** 2 + least_noise**2)
    return segments(_drawn_in(series, noise) / noise, penalty_of(len(series)))


def penalty_of(count: int) -> float:
    """Return what a change of so long a series has to explain, in squares of the noise."""
    constant, factor = _PENALTY
    return constant + factor * log(count)


def _noise_of(series: Floats) -> float:
    """Return the standard deviation around the level, a small sample's made larger."""
    steps = np.diff(series)
    return DEVIATION * float(np.median(np.abs(steps))) / sqrt(2) * (1 + 1.5 / len(steps))


def _drawn_in(series: Floats, noise: float) -> Floats:
    """Return the series with each value at most ``_FAR`` deviations off its neighbours' median."""
    half = min(_NEIGHBOURS, len(series)) // 2
    wide = np.pad(series, half, mode="reflect")
    medians = np.median(np.lib.stride_tricks.sliding_window_view(wide, 2 * half + 1), axis=1)
    return np.clip(series, medians - _FAR * noise, medians + _FAR * noise)


def segments(series: Floats, penalty: float) -> list[int]:
    """Return the beginnings of all segments but the first, of the least error and penalties."""
    count = len(series)
    centred = series - series.mean()
    sums = np.concatenate(([0.0], np.cumsum(centred)))
    squares = np.concatenate(([0.0], np.cumsum(centred * centred)))
    if squares[-1] <= penalty:
        return []  # all that there is to explain is less than a change costs
    costs = np.full(count + 1, np.inf)
    costs[0] = -penalty
    before = np.zeros(count + 1, np.intp)
    begins = np.zeros(0, np.intp)
    for end in range(LEAST_SEGMENT, count + 1):
        begins = np.append(begins, end - LEAST_SEGMENT)
        total = sums[end] - sums[begins]
        inside = squares[end] - squares[begins] - total * total / (end - begins)
        reached = costs[begins] + inside
        best = int(np.argmin(reached))
        costs[end] = reached[best] + penalty
        before[end] = begins[best]
        begins = begins[reached <= costs[end]]
    found: list[int] = []
    at = int(before[count])
    while at:
        found.append(at)
        at = int(before[at])
    return found[::-1]
