"""The intervals and p values against scipy, scikit-learn, and their definitions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as reference_roc
from tinyrunner.runner.report.compare.statistics import (
    delong,
    incomplete_beta,
    mcnemar_p,
    paired_difference,
    roc_parts,
    t_quantile,
    unpaired_difference,
    welch,
)
from tinyrunner.runner.report.plots.curves import roc_curve

SAMPLES = st.lists(st.floats(1.0, 100.0), min_size=2, max_size=9)


@given(st.floats(0.5, 5e4), st.sampled_from([0.9, 0.95, 0.99]))
def test_the_t_quantile_is_scipys(df, level):
    assert t_quantile(df, level) == pytest.approx(stats.t.ppf((1 + level) / 2, df), rel=1e-8)


def test_the_t_quantile_of_the_tables():
    """Any textbook's: 4 and 8 degrees of freedom, 95 %."""
    assert t_quantile(4) == pytest.approx(2.776, abs=5e-4)
    assert t_quantile(8) == pytest.approx(2.306, abs=5e-4)
    assert t_quantile(float("inf")) == pytest.approx(1.95996, abs=1e-5)


@given(st.floats(0.0, 1.0), st.floats(0.5, 400.0), st.floats(0.5, 400.0))
def test_the_incomplete_beta_function_is_scipys(x, a, b):
    assert incomplete_beta(x, a, b) == pytest.approx(special.betainc(a, b, x), abs=1e-10)


@pytest.mark.filterwarnings("ignore:Precision loss")  # scipy's, of nearly equal values
@given(SAMPLES, SAMPLES)
def test_welchs_interval_is_scipys(a, b):
    found = welch(a, b)
    if np.var(a) + np.var(b) < 1e-4:  # scipy warns of what is left of the digits
        assert found.interval.half_width < 1.0
        return
    reference = stats.ttest_ind(b, a, equal_var=False).confidence_interval(0.95)
    assert found.interval.low == pytest.approx(reference.low, rel=1e-6, abs=1e-6)
    assert found.interval.high == pytest.approx(reference.high, rel=1e-6, abs=1e-6)


def test_windows_without_any_spread_have_an_exact_difference():
    found = welch([50.0] * 5, [51.0] * 5)
    assert found.interval.low == found.interval.high == 1.0
    assert found.relative == pytest.approx(0.02)
    assert welch([50.0], [51.0] * 5) is None


def test_the_relative_half_width_covers_as_often_as_it_says():
    """The ratio of two means of five windows, 1000 times."""
    random = np.random.default_rng(7)
    hits = 0
    for _ in range(1000):
        a, b = random.normal(50, 0.5, 5), random.normal(100, 1.5, 5)
        found = welch(list(a), list(b))
        hits += abs(found.relative - 1.0) <= found.relative_half_width
    assert 0.93 < hits / 1000 < 0.985


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (0, 6), (3, 9), (40, 21), (900, 1000)])
def test_mcnemars_p_is_the_exact_binomial_one(b, c):
    expected = 1.0 if b + c == 0 else stats.binomtest(b, b + c, 0.5).pvalue
    assert mcnemar_p(b, c) == pytest.approx(expected, rel=1e-9)


def test_the_paired_interval_is_wald_with_half_added_to_each_discordant_count():
    """By its definition, from the table's four cells of n + 2."""
    for only_a, only_b, n in ((0, 0, 40), (3, 9, 100), (30, 10, 1000)):
        cells = np.array([(n - only_a - only_b) / 2 + 0.5] * 2 + [only_a + 0.5, only_b + 0.5])
        values = np.array([0.0, 0.0, -1.0, 1.0])
        shares = cells / cells.sum()
        mean = shares @ values
        error = np.sqrt((shares @ values**2 - mean**2) / cells.sum())
        found = paired_difference(only_a, only_b, n)
        assert found.low == pytest.approx(mean - 1.959964 * error, rel=1e-6)
        assert found.high == pytest.approx(mean + 1.959964 * error, rel=1e-6)


def test_the_unpaired_interval_is_newcombes_published_example():
    """Newcombe 1998, table II, method 10: 56/70 less 48/80 is 0.0524 to 0.3339."""
    found = unpaired_difference(48, 80, 56, 70)
    assert found.low == pytest.approx(0.0524, abs=5e-5)
    assert found.high == pytest.approx(0.3339, abs=5e-5)


def _scores(seed, count=60, ties=False):
    random = np.random.default_rng(seed)
    positive = random.random(count) < 0.4
    scores = random.normal(0, 1, count) + positive
    return positive, np.round(scores, 1) if ties else scores


@pytest.mark.parametrize("ties", [False, True])
def test_delongs_components_are_those_of_every_pair(ties):
    positive, scores = _scores(3, ties=ties)
    ups, downs = scores[positive], scores[~positive]
    wins = np.array([[(u > d) + 0.5 * (u == d) for d in downs] for u in ups])
    found = roc_parts(positive, scores)
    assert found.of_positives == pytest.approx(wins.mean(axis=1))
    assert found.of_negatives == pytest.approx(wins.mean(axis=0))
    assert found.auc == pytest.approx(roc_auc_score(positive, scores))


def test_a_paired_delong_is_the_covariance_formula():
    positive, first = _scores(3)
    second = first + np.random.default_rng(9).normal(0, 0.5, len(first))
    a, b = roc_parts(positive, first), roc_parts(positive, second)
    ups = np.cov([a.of_positives, b.of_positives]) / len(a.of_positives)
    downs = np.cov([a.of_negatives, b.of_negatives]) / len(a.of_negatives)
    contrast = np.array([-1.0, 1.0])
    error = np.sqrt(contrast @ (ups + downs) @ contrast)
    found = delong(a, b, paired=True)
    assert found.half_width == pytest.approx(1.959964 * error, rel=1e-6)
    assert delong(a, b, paired=False).half_width > found.half_width  # the same files: less noise
    assert delong(a, a, paired=True).half_width == 0.0


def test_an_auc_of_one_positive_has_no_interval():
    assert roc_parts(np.array([True, False, False]), np.array([1.0, 2.0, 3.0])) is None


@pytest.mark.parametrize(("seed", "ties"), list(product(range(5), [False, True])))
def test_the_roc_curve_is_scikit_learns(seed, ties):
    positive, scores = _scores(seed, 200, ties)
    found = roc_curve("x", positive, scores)
    x, y, thresholds = reference_roc(positive, scores, drop_intermediate=False)
    assert np.interp(x, found.false_positives, found.true_positives)[-1] == 1.0
    points = set(zip(x.round(9), y.round(9), strict=True))
    kept = list(zip(found.false_positives.round(9), found.true_positives.round(9), strict=True))
    assert set(kept) <= points
    steps = np.diff(found.false_positives)
    heights = (found.true_positives[1:] + found.true_positives[:-1]) / 2
    assert float(steps @ heights) == pytest.approx(roc_auc_score(positive, scores))
    assert set(found.thresholds[1:]) <= set(thresholds)
