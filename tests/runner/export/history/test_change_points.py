"""Change points: found where they were made, none where there is none."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from tinyrunner.runner.export.history.change_points import (
    LEAST_SEGMENT,
    change_points,
    penalty_of,
    segments,
)

LEAST_NOISE = 0.0005


def series(seed: int, *levels: tuple[float, int]) -> list[float]:
    """A level for so many sessions, then the next, in noise of 0.5 %."""
    rng = np.random.default_rng(seed)
    return [v for level, n in levels for v in (level * (1 + 0.005 * rng.normal(size=n))).tolist()]


def found(values: list[float]) -> list[int]:
    return change_points(values, LEAST_NOISE)


@pytest.mark.parametrize("seed", range(5))
def test_steps_are_found_where_they_are(seed):
    places = found(series(seed, (1.0, 40), (1.02, 30), (0.97, 8), (1.0, 40)))
    assert len(places) == 3
    assert all(abs(a - b) <= 2 for a, b in zip(places, (40, 70, 78), strict=True))


def test_large_steps_are_found_exactly():
    assert found(series(1, (1.0, 20), (1.1, 3), (1.0, 20))) == [20, 23]


def test_a_step_is_found_with_the_fifth_session_behind_it():
    right = [found(series(seed, (1.0, 60), (1.02, 5))) for seed in range(40)]
    assert sum(len(places) == 1 and abs(places[0] - 60) <= 2 for places in right) >= 38


def test_noise_is_no_change_whatever_its_tails():
    rng = np.random.default_rng(7)
    false = 0
    for _ in range(40):
        heavy = (1 + 0.005 * rng.standard_t(3, 60) / np.sqrt(3)).tolist()
        false += bool(found(heavy)) + bool(found(series(int(rng.integers(1 << 30)), (1.0, 60))))
    assert false <= 4


def test_an_outlier_is_no_change():
    for at in (0, 1, 30, 58, 59):
        values = series(3, (1.0, 60))
        values[at] *= 1.5
        assert found(values) == [], at


def test_figures_that_are_always_the_same_change_by_a_step_and_not_by_the_last_digit():
    assert found([1.0] * 30) == []
    assert found([1.0] * 15 + [1.0 + 1e-12] * 15) == []
    assert found([1.0, 1.0 + 1e-9] * 15) == []
    assert found([1.0] * 15 + [1.02] * 15) == [15]


@pytest.mark.parametrize("count", range(2 * LEAST_SEGMENT))
def test_a_short_series_has_none(count):
    assert found([1.0, 1.0, 1.0, 9.0, 9.0, 9.0][:count]) == []


def test_the_segmentation_is_the_best_of_all():
    """Held against every segmentation there is, of short series in units of their noise."""
    rng = np.random.default_rng(11)
    for _ in range(12):
        values = rng.normal(size=12) + rng.choice([0.0, 7.0], size=4).repeat(3)
        penalty = penalty_of(12)

        def cost(places, values=values, penalty=penalty):
            edges = [0, *places, 12]
            inside = sum(
                float(((p := values[a:b]) - p.mean()) @ (p - p.mean())) for a, b in pairwise(edges)
            )
            return inside + penalty * len(places)

        every = [
            places
            for count in range(4)
            for places in combinations(range(1, 12), count)
            if all(b - a >= LEAST_SEGMENT for a, b in pairwise([0, *places, 12]))
        ]
        assert cost(segments(values, penalty)) == pytest.approx(min(map(cost, every)))
