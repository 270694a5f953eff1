"""The gate on a history: whom it compares with whom, and what it says."""

from __future__ import annotations

import numpy as np
import pytest
from support.report.histories import entry, filled
from tinyrunner.runner.export.history.figures import Figure
from tinyrunner.runner.export.history.gate import Asked, GateVerdict, gate
from tinyrunner.runner.export.history.store import Wanted


def noisy(count: int, level: float = 0.010, seed: int = 1) -> list[float]:
    return (level * (1 + 0.002 * np.random.default_rng(seed).normal(size=count))).tolist()


@pytest.fixture
def history(tmp_path):
    """Thirty sessions of main around 10 ms, and before them some of a slower past."""
    place = str(tmp_path / "h.db")
    filled(place, noisy(10, 0.012))
    opened = filled(place, noisy(30), first=10)
    yield opened
    opened.close()


MAIN = Asked(baseline={"branch": "main"})


def one(history, latency_s, labels=None, asked=MAIN, **values):
    (found,) = gate(history, [entry(500, labels, latency_s=latency_s, **values)], asked)
    return found


def test_a_slower_session_is_a_regression_and_a_faster_or_equal_one_is_none(history):
    slower = one(history, 0.0105)
    assert slower.verdict is GateVerdict.REGRESSED
    assert slower.baseline == 20
    assert slower.level == pytest.approx(0.010, rel=2e-3)
    assert "10.5 ms: +5." in slower.text
    assert one(history, 0.0100).verdict is GateVerdict.PASSED
    assert one(history, 0.0080).verdict is GateVerdict.PASSED


def test_less_accuracy_is_worse_by_points_and_more_is_not(tmp_path):
    history = filled(str(tmp_path / "h.db"), [0.01] * 8, mode="accuracy", accuracy=0.905)
    found = {
        accuracy: one(history, None, mode="accuracy", accuracy=accuracy).verdict
        for accuracy in (0.5, 0.899, 0.901, 0.905, 0.95)
    }
    worse, same = GateVerdict.REGRESSED, GateVerdict.PASSED
    assert list(found.values()) == [worse, worse, same, same, same]
    told = one(history, None, mode="accuracy", accuracy=0.899)
    assert "−0.60 pp from 0.905" in told.text
    strict = Asked(baseline={"branch": "main"}, counts={Figure.ACCURACY: 0.001})
    assert one(history, None, mode="accuracy", accuracy=0.901, asked=strict).verdict is worse


def test_a_simulated_session_is_never_compared_with_a_real_one(history):
    found = one(history, 0.0105, simulated=True)
    assert (found.verdict, found.baseline) == (GateVerdict.NOT_ENOUGH, 0)


@pytest.mark.parametrize("count", range(5))
def test_a_few_sessions_are_not_enough_and_that_is_said(tmp_path, count):
    history = filled(str(tmp_path / "h.db"), [0.01] * count)
    found = one(history, 0.02) if count else one(filled(str(tmp_path / "h.db"), []), 0.02)
    assert found.verdict is GateVerdict.NOT_ENOUGH
    assert f"with {count} session" in found.text


def test_a_session_without_a_figure_is_not_judged_with_the_reason(history):
    found = one(history, None, verdict="not scored", reason="log cut off: line 12")
    assert found.verdict is GateVerdict.UNJUDGED
    assert "cannot be judged: log cut off: line 12" in found.text


def test_the_baseline_is_of_the_label_that_is_asked_for_and_of_the_newest(history, tmp_path):
    place = str(tmp_path / "h.db")
    filled(place, [0.0105] * 10, first=100, branch="slow")
    slow = Asked(baseline={"branch": "slow"})
    assert one(history, 0.0105, asked=slow).verdict is GateVerdict.PASSED
    assert one(history, 0.0105).verdict is GateVerdict.REGRESSED
    assert one(history, 0.0105, asked=Asked({"branch": "main"}, last=5)).baseline == 5
    nowhere = one(history, 0.0105, asked=Asked({"branch": "none"}))
    assert nowhere.baseline == 0
    assert "no session has branch=none, labels there: branch=slow, main; commit=" in nowhere.text


def test_sessions_that_came_later_or_are_gated_themselves_are_no_baseline(history):
    kept = history.sessions(Wanted(labels={"commit": "c25"}))[0]
    again = entry(25, latency_s=0.0107)
    assert again.content_sha256 == kept.content_sha256
    (found,) = gate(history, [again], MAIN)
    assert found.verdict is GateVerdict.REGRESSED
    assert found.baseline == 15  # c10 to c24: the slower past is another level
    (found,) = gate(history, [entry(5, latency_s=0.0122)], MAIN)
    assert found.baseline == 5


def test_a_branchs_own_sessions_count_with_the_candidate_and_name_the_commit_that_began_it(
    history, tmp_path
):
    filled(str(tmp_path / "h.db"), [0.01007, 0.01008, 0.01007], first=200, branch="topic")
    alone = one(history, 0.01007, {"branch": "other"})
    assert alone.verdict is GateVerdict.PASSED
    found = one(history, 0.01007, {"branch": "topic", "commit": "now"})
    assert (found.verdict, found.new, found.baseline) == (GateVerdict.REGRESSED, 4, 20)
    assert found.since.endswith("(commit c200)")
    assert "worse since" in found.text


def test_several_candidates_are_judged_together(history):
    slower = [entry(500 + n, latency_s=0.01008) for n in range(5)]
    (found,) = gate(history, slower, MAIN)
    assert (found.verdict, found.new) == (GateVerdict.REGRESSED, 5)
    assert found.value == pytest.approx(0.01008)


def test_each_series_of_several_candidates_is_gated(history):
    entries = [
        entry(500, latency_s=0.0106),
        entry(501, latency_s=0.0106, simulated=True),
        entry(502, mode="accuracy", accuracy=0.9),
    ]
    found = gate(history, entries, MAIN)
    assert [each.verdict for each in found] == [
        GateVerdict.REGRESSED,
        GateVerdict.NOT_ENOUGH,
        GateVerdict.NOT_ENOUGH,
    ]
