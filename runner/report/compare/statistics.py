"""Tells differences from chance: intervals of 95 % and p values, with numpy alone.

Sources: Welch (1947) for means of unequal spread; McNemar's test in its exact binomial form;
Agresti and Min (2005) for the interval of a paired difference of proportions; Newcombe (1998),
method 10, for an unpaired one; DeLong, DeLong and Clarke-Pearson (1988) for areas under ROC curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isinf, lgamma, log, log1p, sqrt
from statistics import NormalDist, fmean, variance

import numpy as np
import numpy.typing as npt

LEVEL = 0.95
_NORMAL = NormalDist().inv_cdf((1 + LEVEL) / 2)
_TINY = 1e-300

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Is the 95 % interval of a difference."""

    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Compute the regularised incomplete beta function I_x(a, b), to about 1e-12.

    By Lentz' continued fraction.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):  # where the fraction of the mirrored one converges faster
        return 1.0 - incomplete_beta(1 - x, b, a)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 0.0
    fraction = 1.0
    for step in range(10_000):
        m, odd = divmod(step, 2)
        if step == 0:
            term = 1.0
        elif odd:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / (1.0 + term * d or _TINY)
        c = 1.0 + term / c or _TINY
        fraction *= c * d
        if step and abs(c * d - 1.0) < 1e-15:
            break
    return front * (fraction - 1.0)


def t_quantile(df: float, level: float = LEVEL) -> float:
    """Return how many standard errors the two-sided interval reaches, by Student's distribution."""
    if isinf(df) or df > 1e7:
        return NormalDist().inv_cdf((1 + level) / 2)
    low, high = 0.0, 1.0
    while _outside(high, df) > 1 - level:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if _outside(middle, df) > 1 - level:
            low = middle
        else:
            high = middle
    return high


def _outside(t: float, df: float) -> float:
    """Return the probability of being further out than t, on both sides."""
    return incomplete_beta(df / (df + t * t), df / 2, 0.5)


@dataclass(frozen=True, slots=True)
class Welch:
    """Holds B's mean less A's, absolute and relative to A's."""

    difference: float
    interval: Interval
    relative: float | None
    """The difference as a fraction of A's mean; None where that is zero."""
    relative_half_width: float | None
    """Half the interval of the ratio of the means, by its first-order expansion."""
    df: float


def welch(a: Sequence[float], b: Sequence[float]) -> Welch | None:
    """Compare two means by Welch's t; None with fewer than two values on a side."""
    if min(len(a), len(b)) < 2:
        return None
    mean_a, mean_b = fmean(a), fmean(b)
    share_a, share_b = variance(a) / len(a), variance(b) / len(b)
    squared = share_a + share_b
    difference = mean_b - mean_a
    relative = difference / mean_a if mean_a else None
    df = float("inf")
    if squared > 0:
        weights = (share_a / squared) ** 2 / (len(a) - 1) + (share_b / squared) ** 2 / (len(b) - 1)
        df = 1 / weights
    reach = t_quantile(df)
    half = reach * sqrt(squared)
    relative_half = None
    if relative is not None:
        ratio = mean_b / mean_a
        relative_half = reach * sqrt(share_b + ratio * ratio * share_a) / abs(mean_a)
    interval = Interval(difference - half, difference + half)
    return Welch(difference, interval, relative, relative_half, df)


def mcnemar_p(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p of so uneven a split of inputs that only one side got right."""
    total = only_a + only_b
    if total == 0:
        return 1.0
    fewer = min(only_a, only_b)
    return min(1.0, 2 * incomplete_beta(0.5, total - fewer, fewer + 1))


def paired_difference(only_a: int, only_b: int, inputs: int) -> Interval:
    """Return the interval of B's share right less A's, of one set of inputs.

    With Agresti and Min's +1/2.
    """
    b, c, n = only_a + 0.5, only_b + 0.5, inputs + 2
    difference = (c - b) / n
    half = _NORMAL * sqrt(b + c - (c - b) ** 2 / n) / n
    return Interval(max(-1.0, difference - half), min(1.0, difference + half))


def unpaired_difference(right_a: int, inputs_a: int, right_b: int, inputs_b: int) -> Interval:
    """Return the interval of B's share right less A's, of different inputs.

    By Newcombe's method, from Wilson's intervals of each.
    """
    share_a, share_b = right_a / inputs_a, right_b / inputs_b
    low_a, high_a = _wilson(share_a, inputs_a)
    low_b, high_b = _wilson(share_b, inputs_b)
    difference = share_b - share_a
    return Interval(
        difference - sqrt((share_b - low_b) ** 2 + (high_a - share_a) ** 2),
        difference + sqrt((high_b - share_b) ** 2 + (share_a - low_a) ** 2),
    )


def _wilson(share: float, count: int) -> tuple[float, float]:
    z = _NORMAL
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z * sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) / (1 + z * z / count)
    return centre - half, centre + half


@dataclass(frozen=True, slots=True)
class RocParts:
    """Holds DeLong's components of one AUC."""

    auc: float
    of_positives: Floats
    """For each positive, the share of negatives below it."""
    of_negatives: Floats
    """For each negative, the share of positives above it."""


def roc_parts(positive: npt.NDArray[np.bool_], scores: Floats) -> RocParts | None:
    """Compute an AUC's components from mid-ranks, ties counting half.

    None with fewer than two inputs of either kind.
    """
    ups, downs = scores[positive], scores[~positive]
    if min(len(ups), len(downs)) < 2:
        return None
    ranks = _mid_ranks(np.concatenate([ups, downs]))
    of_ups = (ranks[: len(ups)] - _mid_ranks(ups)) / len(downs)
    of_downs = 1 - (ranks[len(ups) :] - _mid_ranks(downs)) / len(ups)
    return RocParts(float(of_ups.mean()), of_ups, of_downs)


def _mid_ranks(values: Floats) -> Floats:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Floats = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks


def delong(a: RocParts, b: RocParts, *, paired: bool) -> Interval:
    """Return the interval of B's AUC less A's; ``paired``: of one set of inputs in one order."""
    if paired:
        ups, downs = b.of_positives - a.of_positives, b.of_negatives - a.of_negatives
        squared = _mean_variance(ups) + _mean_variance(downs)
    else:
        squared = sum(
            _mean_variance(part) for one in (a, b) for part in (one.of_positives, one.of_negatives)
        )
    difference, half = b.auc - a.auc, _NORMAL * sqrt(squared)
    return Interval(difference - half, difference + half)


def _mean_variance(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values)
