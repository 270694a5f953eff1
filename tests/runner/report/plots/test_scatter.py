"""Systems against each other: where a point lies, what its axes say, who it is."""

from __future__ import annotations

from math import log10

import pytest
from tinyrunner.runner.report.plots.scatter import SystemPoint, scatters_of


def point(throughput, energy_uj, name="a", **more):
    return SystemPoint("kws", name, throughput, energy_uj, **more)


def test_points_lie_by_the_logarithms_of_their_figures():
    (drawn,) = scatters_of([point(1, 10), point(10, 100), point(1000, 10_000)])
    x = [each.x for each in drawn.points]
    y = [each.y for each in drawn.points]
    assert (x[2] - x[0]) / (x[1] - x[0]) == pytest.approx(3, abs=0.01)
    assert (y[2] - y[0]) / (y[1] - y[0]) == pytest.approx(3, abs=0.01)
    assert all(drawn.left < each < drawn.right for each in x)
    assert all(drawn.top < each < drawn.bottom for each in y)
    assert y[0] > y[2]  # more energy is further up


@pytest.mark.parametrize("figures", [(50.0,), (1.0, 1.0), (1.0, 9.0), (1e-3, 1e6), (3.0, 300.0)])
def test_ticks_are_round_few_and_where_their_values_lie(figures):
    (drawn,) = scatters_of([point(each, each) for each in figures])
    assert 2 <= len(drawn.across) <= 12
    values = [float(tick.text) for tick in drawn.across]
    assert all(f"{value:e}"[0] in "125" for value in values)
    per_decade = (drawn.across[-1].at - drawn.across[0].at) / log10(values[-1] / values[0])
    for tick, value in zip(drawn.across, values, strict=True):
        assert tick.at - drawn.across[0].at == pytest.approx(
            per_decade * log10(value / values[0]), abs=0.2
        )
    assert all(drawn.left <= tick.at <= drawn.right for tick in drawn.across)
    assert all(drawn.top <= tick.at <= drawn.bottom for tick in drawn.up)


def test_yours_is_drawn_over_the_others_and_is_said_to_be_simulated_where_it_is():
    mine = point(5, 50, "mine", yours=True, simulated=True)
    (drawn,) = scatters_of([mine, point(5, 50, "theirs")])
    assert drawn.points[-1].point is mine
    assert "mine: 5.000 inf./s, 50.000 µJ/inf. (SIMULATED)" in drawn.described
    assert "SIMULATED" not in drawn.points[0].point.text


def test_tasks_come_in_the_suites_order_and_what_has_no_logarithm_is_left_out():
    tasks = [SystemPoint(task, "a", 1.0, 1.0) for task in ("ad", "vww", "own")]
    drawn = scatters_of([*tasks, point(0.0, 1.0), point(1.0, float("nan")), point(1e-300, 1.0)])
    assert [each.title for each in drawn] == ["vww", "ad", "own"]
