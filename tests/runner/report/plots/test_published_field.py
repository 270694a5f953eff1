"""Your board in the field: the published record as points, and yours called what it is."""

from __future__ import annotations

import re

import pytest
from support.sessions.for_reports import accuracy, energy, performance
from tinyrunner.runner.audit.overview.standings import published_standings
from tinyrunner.runner.report.gather import Asked, gather
from tinyrunner.runner.report.plots.published_field import field_with, systems_of
from tinyrunner.runner.report.plots.scatter import SystemPoint
from tinyrunner.runner.report.render import render_report

SIMULATED = {
    "model": "m", "model_sha256": "ab" * 32, "runtime": "none", "note": None, "baud_rate": 1,
    "inference_time_s": 0.013,
}  # fmt: skip


def field(folder):
    """The part of the page, as text."""
    return (
        render_report(gather([folder], Asked()))
        .partition('<section id="field"')[2]
        .split("</section>")[0]
    )


def test_systems_pair_throughput_of_performance_with_energy():
    rows = published_standings()
    pairs = [*systems_of(rows)]
    energies = [one for one in rows if one.mode == "energy" and one.figure is not None]
    assert 0.9 * len(energies) < len(pairs) <= len(energies)
    for row, point in pairs:
        assert (row.mode, row.figure) == ("performance", point.throughput)
        assert any(
            (one.figure, one.organization, one.system, one.round, one.task)
            == (point.energy_uj, row.organization, row.system, row.round, row.task)
            for one in energies
        )


def test_a_board_is_drawn_with_both_of_its_figures_among_the_published_ones(tmp_path):
    performance(tmp_path / "p", [10.4] * 5)
    energy(tmp_path / "e", samples=20_000)
    told = field(tmp_path)
    assert told.count('class="yours"') == 1
    (energy_uj,) = re.findall(
        r"◆ <bdi>acme-board, not valid: 76.923 inf./s, ([\d.]+) µJ/inf.</bdi>", told
    )
    assert float(energy_uj) == pytest.approx(10e-3 * 10.4 / 800 * 1e6, rel=1e-3)
    published = [point for _, point in systems_of(published_standings()) if point.task == "kws"]
    assert told.count("<circle") == len(published) > 20
    assert "tiny_results_v0.5 … v1.3, recomputed on" in told
    assert "SIMULATED" not in told


@pytest.mark.parametrize(("make", "line"), [
    (lambda folder: performance(folder, [10.4] * 5), r'd="M[\d.]+ [\d.]+V'),
    (lambda folder: energy(folder, samples=20_000), r'd="M[\d.]+ [\d.]+H'),
])  # fmt: skip
def test_one_figure_alone_is_a_line(tmp_path, make, line):
    make(tmp_path / "s")
    told = field(tmp_path)
    assert len(re.findall(line, told)) == 1
    assert "yours" in told
    assert 'class="yours' not in told


def test_a_simulated_board_is_said_to_be_one_at_the_point_and_above(tmp_path):
    performance(tmp_path / "p", [10.4] * 5, simulated=SIMULATED)
    told = field(tmp_path)
    assert "Yours is SIMULATED: modelled, not measured" in told
    assert "inf./s (SIMULATED)</bdi>" in told
    mixed = field_with([
        SystemPoint("kws", "a", 1.0, 1.0, simulated=True), SystemPoint("kws", "b", 1.0, 1.0),
    ])  # fmt: skip
    assert "1 of yours are SIMULATED" in mixed.note


def test_what_has_no_place_in_the_field_is_not_drawn(tmp_path):
    accuracy(tmp_path / "a")
    assert field(tmp_path) == ""
    assert field_with([SystemPoint("own", "a", 1.0, 1.0)]) is None
