"""A page of many sessions stays one that can be opened, and says what it leaves out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from support.report.blocks import unpacked_bytes
from support.sessions.for_reports import accuracy, energy, performance
from tinyrunner.runner.report.budget import MAX_BUCKETS, MAX_FINDINGS, MAX_POINTS, Budget
from tinyrunner.runner.report.gather import Asked, gather
from tinyrunner.runner.report.render import MOST_UNFOLDED, render_report
from tinyrunner.runner.report.views import view_of


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """A page of one energy session, whose trace has more samples than a page of 200 has room."""
    folder = tmp_path_factory.mktemp("session") / "e"
    return gather([energy(folder, samples=20_000)], Asked())


def test_a_page_of_few_sessions_leaves_nothing_out(page, tmp_path):
    folders = [accuracy(tmp_path / "a"), performance(tmp_path / "p", [10.4] * 5)]
    budget = Budget.of([*page.sessions * 3, *gather(folders, Asked()).sessions])
    assert (budget.buckets, budget.points, budget.findings) == (
        MAX_BUCKETS, MAX_POINTS, MAX_FINDINGS,
    )  # fmt: skip
    assert budget.left_out == ()


def test_a_page_of_200_traces_of_noise_is_below_3_mb_and_says_what_it_leaves_out(page):
    text = render_report(replace(page, sessions=page.sessions * 200))
    assert "A trace is drawn by at most 1500 stretches, and not 100000." in text
    assert "A report of fewer sessions shows more." in text
    assert len(text.encode()) < 3e6
    folded = re.findall(r'class="packed">([^<]*)</script>', text)
    assert len(folded) == 200
    inside = unpacked_bytes(folded[-1]).decode()
    assert "the least and the greatest of every 14 (45.5 ms)" in inside
    assert inside.count('data-kind="trace"') == 1


def test_a_page_of_many_sessions_without_a_plot_can_unfold_them(tmp_path):
    page = gather([performance(tmp_path / "p", [10.4] * 5)], Asked())
    unfolds = "DecompressionStream"
    assert unfolds not in render_report(page)
    many = render_report(replace(page, sessions=page.sessions * (MOST_UNFOLDED + 1)))
    assert 'class="packed"' in many
    assert unfolds in many


def test_what_there_is_no_room_for_is_not_drawn_and_said_to_be_left_out(page):
    budget = Budget.of(page.sessions * 3000)
    assert budget.left_out[0] == "Of 3000 energy traces the first 600 are drawn."
    assert (budget.traces, budget.buckets) == (600, 500)
    budget.traces = 0
    view = view_of(page.sessions[0], "s1", budget)
    assert view.plots == ()
    assert view.missing == (
        "No energy trace: this page draws no more; a report of this session does.",
    )


def test_curves_and_findings_are_shared_out_too(tmp_path):
    (session,) = gather([accuracy(tmp_path / "a")], Asked()).sessions
    budget = Budget.of([replace(session, findings=session.findings[:1] * 13)] * 400)
    assert (budget.points, budget.findings) == (50, 12)
    assert "A ROC curve is drawn by at most 50 points, and not 1000." in budget.left_out
    assert "Of a session at most 12 findings are shown." in budget.left_out
    budget = Budget.of([replace(session, findings=session.findings[:1] * 12)] * 400)
    assert not any("findings" in sentence for sentence in budget.left_out)
