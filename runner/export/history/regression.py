"""Tells a regression from chance: the newest values of a series against a baseline.

The candidates, then also with the one to four values before them, are compared with the baseline
by Student's t of two samples, which for a single value is the prediction interval of the next. So
what one session cannot show is found with the second or third of the new level. A baseline whose
level has changed is compared with by its last level, which three values are enough for: the spread
is that around every level of it, since few values tell little of theirs. A value that is far off is
drawn in, and the spread is that of the worse half, or that of the last level alone, where either is
wider.

The limits were set by simulation (`tests/bench/history/error_rates.py`); docs/history.md has the
rates of error that it measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import sqrt
from statistics import fmean, median
from typing import NamedTuple

from ...report.compare.statistics import t_quantile
from .change_points import DEVIATION, change_points

MOST_NEW = 5
"""The most values that are compared with the baseline together."""
LEAST_BASELINE = 5
"""Values of a baseline: the spread of fewer says too little."""
LEAST_SPREAD = 0.1
"""The standard deviation that a series has at the least, as a share of the change that counts:
figures that are always the same do not regress by their last digit."""

_CHANCE_OF_ONE, _CHANCE_OF_MORE = 0.0001, 0.0006
"""How often chance may make one comparison look like a regression: of a single value less, since
noise with heavy tails makes single values that are far off."""
_FAR = 5.0
"""Deviations, by the median absolute one, beyond which a value of a baseline is drawn in."""


class RecentValue(NamedTuple):
    """Is a value right before the candidates, which may be of their level."""

    value: float
    is_baseline: bool
    """Whether it is of the baseline otherwise."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Is the comparison of the newest values with a baseline; larger values are worse."""

    new: int
    """How many of the newest values were compared, the candidates among them."""
    baseline: int
    """How many values they were compared with: those of the baseline's last level."""
    level: float
    """Their mean."""
    spread: float
    """The standard deviation of all values, each around the mean of its level."""
    excess: float
    """How much worse the new values are in the mean."""
    limit: float
    """The excess that is taken for chance."""
    regressed: bool


def compare_newest(
    candidates: Sequence[float],
    recent: Sequence[RecentValue],
    before: Sequence[float],
    counts: float,
    together: int = 1,
) -> Comparison | None:
    """Compare the candidates with a baseline; larger is worse. None where it is too short.

    ``recent`` are the values before the candidates and behind ``before``, all with the newest last.
    ``counts`` is the least change that counts. ``together`` says how many series are gated at once:
    the chance of a false alarm is shared among them. Of several comparisons the one is returned
    that is furthest beyond its limit, a regression first.
    """
    least = LEAST_SPREAD * counts
    best: Comparison | None = None
    for taken in range(min(len(recent), max(0, MOST_NEW - len(candidates))) + 1):
        cut = len(recent) - taken
        new = [*(each.value for each in recent[cut:]), *candidates]
        baseline = [*before, *(each.value for each in recent[:cut] if each.is_baseline)]
        if len(baseline) < LEAST_BASELINE:
            continue
        found = _compare(new, fmean(candidates), _levels_of(baseline, least), counts, together)
        if best is None or _rank(found) > _rank(best):
            best = found
    return best


def _rank(found: Comparison) -> tuple[bool, float]:
    return found.regressed, found.excess / found.limit


def _levels_of(baseline: Sequence[float], least: float) -> list[list[float]]:
    """Cut a baseline where its level changes, and draw in what is far off its level."""
    cuts = [0, *change_points(baseline, least), len(baseline)]
    levels = [baseline[start:end] for start, end in pairwise(cuts)]
    middles = [median(values) for values in levels]
    off = [
        abs(value - each) for each, level in zip(middles, levels, strict=True) for value in level
    ]
    deviation = DEVIATION * median(off)
    far = _FAR * sqrt(deviation * deviation + least * least)
    return [
        [min(max(value, middle - far), middle + far) for value in values]
        for middle, values in zip(middles, levels, strict=True)
    ]


def _compare(
    new: Sequence[float],
    candidate: float,
    levels: Sequence[Sequence[float]],
    counts: float,
    together: int,
) -> Comparison:
    last = levels[-1]
    level, mean = fmean(last), fmean(new)
    off = [value - each for values in levels for each in (fmean(values),) for value in values]
    free = len(off) - len(levels)
    squares = max(_squares(off, 0.0), free * _worse_variance(off))
    if len(levels) > 1:  # a level may come with a noise of its own
        own = max(_squares(last, level) / (len(last) - 1), _worse_variance(last))
        squares = max(squares, free * own)
    squares += _squares(new, mean)
    df = free + len(new) - 1
    spread = sqrt(squares / df + (LEAST_SPREAD * counts) ** 2)
    chance = _CHANCE_OF_ONE if len(new) == 1 else _CHANCE_OF_MORE
    limit = _reach(df, chance / together) * spread * sqrt(1 / len(new) + 1 / len(last))
    excess = mean - level
    # They are one level: each is worse, and the candidates have not come back from it.
    one_level = min(new) > level and candidate - level >= excess / 2
    regressed = one_level and excess > max(limit, counts)
    return Comparison(len(new), len(last), level, spread, excess, limit, regressed)


def _squares(values: Sequence[float], level: float) -> float:
    return sum((value - level) ** 2 for value in values)


def _worse_variance(baseline: Sequence[float]) -> float:
    """Return the variance of the worse half: noise that is skewed has its far values there."""
    middle = median(baseline)
    worse = [value for value in baseline if value > middle]
    return _squares(worse, middle) / len(worse) if worse else 0.0


@cache
def _reach(df: int, chance: float) -> float:
    """Return how many standard errors chance reaches on one side."""
    return t_quantile(df, 1 - 2 * chance)
