"""The gate's statistic: what it takes for a regression, what not, and how often it errs.

The rates are of few seeded series; `tests/bench/history/error_rates.py` measures them of 10,000.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from tinyrunner.runner.export.history.regression import (
    LEAST_BASELINE,
    MOST_NEW,
    RecentValue,
    compare_newest,
)

COUNTS = 0.005
"""Of series around 1: half a per cent."""


def noise(seed: int, count: int, share: float = 0.005) -> list[float]:
    return (1 + share * np.random.default_rng(seed).normal(size=count)).tolist()


def of_baseline(values):
    return [RecentValue(value, True) for value in values]


def alarm(candidate: float, before: list[float], recent: list[float] = ()) -> bool:
    compared = compare_newest([candidate], of_baseline(recent), before, COUNTS)
    return compared.regressed


@pytest.mark.parametrize("count", range(LEAST_BASELINE))
def test_a_short_baseline_tells_nothing_however_far_the_candidate_is(count):
    assert compare_newest([2.0], [], [1.0] * count, COUNTS) is None


def test_of_figures_that_are_always_the_same_the_last_digit_is_no_regression_and_2_percent_is():
    for count in (LEAST_BASELINE, 20):
        before = [1.0] * count
        assert not alarm(1.0, before)
        assert not alarm(1.0 + 1e-9, before)
        assert not alarm(1.0049, before)
        assert alarm(1.02, before)


def test_better_is_never_a_regression():
    assert not alarm(0.5, [1.0] * 20)
    assert not alarm(0.9, noise(1, 20))


def test_a_single_candidate_is_held_against_the_prediction_interval_of_the_baseline():
    """By scipy's t: a shade below the limit passes, a shade above does not."""
    before = noise(12, 20)
    middle = np.median(before)
    worse = np.mean([(value - middle) ** 2 for value in before if value > middle])
    spread = np.sqrt(max(np.var(before, ddof=1), worse) + (0.1 * COUNTS) ** 2)
    limit = stats.t.isf(0.0001, 19) * spread * np.sqrt(1 + 1 / 20)
    assert limit > COUNTS
    compared = compare_newest([float(np.mean(before) + limit)], [], before, COUNTS)
    assert compared.limit == pytest.approx(limit, rel=1e-9)
    assert not alarm(float(np.mean(before) + 0.999 * limit), before)
    assert alarm(float(np.mean(before) + 1.001 * limit), before)


def test_the_chance_is_shared_among_series_that_are_gated_together():
    before = noise(3, 20)
    alone, of_twelve = (compare_newest([1.03], [], before, COUNTS, n).limit for n in (1, 12))
    ratio = stats.t.isf(0.0001 / 12, 19) / stats.t.isf(0.0001, 19)
    assert of_twelve / alone == pytest.approx(ratio, rel=1e-6)


def test_the_sessions_before_it_on_the_same_level_count_with_the_candidate():
    before, step = noise(4, 20), [1.015, 1.017, 1.016]
    assert not alarm(step[-1], before)
    compared = compare_newest(step[-1:], of_baseline(step[:-1]), before, COUNTS)
    assert (compared.regressed, compared.new, compared.baseline) == (True, 3, 20)


def test_a_candidate_that_has_come_back_is_no_regression():
    before = noise(5, 20)
    assert alarm(1.1, before)
    assert not alarm(1.001, before, [1.1])
    assert not alarm(1.001, before, [1.1, 1.1, 1.1])


def test_sessions_of_another_branch_are_no_baseline():
    """Of a branch's own sessions before the candidate, none counts as what it is compared with."""
    before = noise(6, 20)
    own = [RecentValue(value, False) for value in (1.1, 1.1, 1.1, 1.1)]
    compared = compare_newest([1.1], own, before, COUNTS)
    assert compared.regressed
    assert compared.baseline == 20
    assert compared.level == pytest.approx(np.mean(before))


def test_noise_that_is_skewed_to_the_worse_side_has_wider_limits_than_its_mirror_image():
    skewed = [1 + 0.002 * abs(value) for value in np.random.default_rng(2).normal(size=20)]
    mirrored = [2 - value for value in skewed]
    limits = [compare_newest([1.1], [], before, COUNTS).limit for before in (skewed, mirrored)]
    assert limits[0] > 1.1 * limits[1]


def test_a_single_outlier_in_the_baseline_does_not_blind_the_gate():
    before = noise(7, 20)
    before[8] = 1.3
    assert alarm(1.04, before)


def test_behind_an_improvement_the_new_level_is_the_baseline():
    before = [*(1.2 * v for v in noise(8, 10)), *noise(9, 10)]
    assert alarm(1.05, before)
    assert not alarm(1.0, before)


def rates(step: float, count: int = 150, before: int = 25, since: int = 0) -> tuple[float, float]:
    """The shares of series with an alarm at the first session behind ``before``, and in five.

    With ``since``, the level was 5 % worse until so many sessions before it.
    """
    first = within = 0
    for seed in range(count):
        series = np.array(noise(1000 + seed, before + 5))
        series[before:] *= 1 + step
        if since:
            series[: before - since] *= 1.05
        told = []
        for at in range(before, before + 5):
            cut = at - MOST_NEW + 1
            recent, known = series[cut:at].tolist(), series[max(0, cut - 20) : cut].tolist()
            told.append(alarm(float(series[at]), known, recent))
        first, within = first + told[0], within + any(told)
    return first / count, within / count


def test_false_alarms_are_rare_and_a_step_of_four_deviations_is_found_within_five_sessions():
    """Of 150 series 0.25 % and 0.7 % of false alarms: three and five of them are one in a million
    runs of other seeds."""
    first, within = rates(0.0)
    assert first <= 3 / 150
    assert within <= 5 / 150
    assert rates(0.02)[1] >= 148 / 150


@pytest.mark.parametrize(("since", "found"), [(3, 0.5), (4, 0.75), (8, 0.9)])
def test_a_level_of_three_sessions_is_a_baseline_with_the_spread_around_the_ones_before(
    since, found
):
    """Of many series 75, 92 and 99 % are found; none where only the last level had a spread."""
    assert rates(0.0, 60, 20 + since, since)[1] <= 3 / 60
    assert rates(0.02, 60, 20 + since, since)[1] >= found


def test_a_new_level_that_is_noisier_than_the_one_before_it_has_its_own_spread():
    quiet, loud = noise(3, 20, 0.002), [0.99, 1.01, 0.995, 1.005, 1.0, 1.0]
    compared = compare_newest([1.0], [], [*(1.05 * value for value in quiet), *loud], COUNTS)
    assert compared.baseline == len(loud)
    assert compared.spread >= np.std(loud, ddof=1) * 0.99
