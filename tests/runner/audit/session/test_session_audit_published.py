"""What an audit finds in the published sessions: their figures follow, user names are in them."""

from __future__ import annotations

import pytest
from support.sessions.audited import (
    KRAI,
    ST_V12,
    ST_V13,
    of_rule,
    official_lists,
    published_session,
    violations,
)
from tinyrunner.runner.audit.evidence.findings import Rule, Severity

EEMBC = [
    (KRAI, "kws", "performance", "kws01", 5, 11),
    (KRAI, "kws", "accuracy", "kws01", 1000, 2001),
    (KRAI, "kws", "energy", "kws01", 5, 11),
    (ST_V12, "ic", "performance", "ic01-2021", 5, 11),
    (ST_V12, "ic", "accuracy", "ic01", 200, 401),
    (ST_V12, "ic", "energy", "ic01-2021", 5, 11),
    (ST_V12, "ad", "performance", "ad01", 5, 11),
    (ST_V12, "ad", "energy", "ad01", 5, 11),
]


@pytest.mark.parametrize(("board", "task", "mode", "labels", "script", "log"), EEMBC)
def test_of_eembcs_sessions_only_the_user_names_are_amiss(
    board, task, mode, labels, script, log, tmp_path
):
    session = published_session(tmp_path, board, task, mode)
    audit = session.audit(official_lists())
    home = {KRAI: "sahel", ST_V12: "trillinr"}[board]
    first = session.line("script.async", "Users")
    assert [(f.rule, f.severity, f.place.rpartition("/")[2], f.found) for f in audit.findings] == [
        (
            Rule.PRIVACY,
            Severity.WARNING,
            f"script.async:{first}",
            f"a user's home folder, C:\\\\Users\\\\{home}\\ ({script} times)",
        ),
        (
            Rule.PRIVACY,
            Severity.WARNING,
            "log.txt:14",
            f"a user's home folder, C:\\Users\\{home}\\ ({log} times)",
        ),
    ]
    assert audit.labels is not None
    assert audit.labels.official == labels
    assert audit.assessment is not None


@pytest.mark.parametrize("mode", ["performance", "accuracy", "energy"])
def test_in_mlcommons_kws_sessions_nothing_is_amiss(mode, tmp_path):
    audit = published_session(tmp_path, ST_V13, "kws", mode).audit(official_lists())
    assert audit.findings == ()
    assert audit.labels is not None
    assert audit.labels.official == "kws01"
    assert audit.label_list is not None
    files = [row.file for row in audit.label_list.rows[:2]]
    assert files == ["tst_000000_Stop_7.bin", "tst_000001_Left_2.bin"]


def test_in_the_wake_words_performance_session_nothing_is_amiss(tmp_path):
    audit = published_session(tmp_path, ST_V13, "sww", "performance").audit()
    assert audit.findings == ()
    assert audit.printed == {"throughput": "55.908", "words": "44 TP, 6 FN, 4 FP"}
    assert audit.assessment.streaming.words.counts == (44, 6, 4)
    assert audit.labels.official == "sww01"


def test_of_the_wake_words_energy_session_is_said_what_nobody_can_recompute(tmp_path):
    audit = published_session(tmp_path, ST_V13, "sww", "energy").audit(official_lists())
    assert [(one.rule, one.severity) for one in audit.findings] == [
        (Rule.LOG, Severity.NOT_JUDGED),
        (Rule.TRACE, Severity.NOT_JUDGED),
    ]
    assert "holds the edges of PROCESSING" in audit.findings[0].found
    assert "no samples are at hand" in audit.findings[1].found
    without = published_session(tmp_path / "w", ST_V13, "sww", "energy").audit()
    assert [one.severity for one in without.findings] == [Severity.NOT_JUDGED] * 3
    assert without.findings[0].rule is Rule.OFFICIAL_LIST
    assert without.assessment.streaming.words is None


def test_the_accuracy_session_without_a_log_is_not_scored_and_nothing_is_made_up(tmp_path):
    audit = published_session(tmp_path, ST_V12, "ad", "accuracy").audit(official_lists())
    assert (audit.assessment, audit.findings) == (None, ())
    assert audit.printed == {"top1": "77.8", "auc": "0.86"}


def test_without_any_list_mlcommons_accuracy_is_recomputed_by_the_runners_own_classes(tmp_path):
    audit = published_session(tmp_path, ST_V13, "kws", "accuracy").audit()
    assert violations(audit) == []
    (found,) = of_rule(audit, Rule.OFFICIAL_LIST)
    assert found.severity is Severity.NOT_JUDGED
    assert "classes that results.json names" in found.found
    assert audit.assessment is not None
    assert audit.assessment.accuracy is not None
    assert audit.assessment.accuracy.correct == 902


def test_without_any_list_eembc_accuracy_is_said_to_be_unknown(tmp_path):
    audit = published_session(tmp_path, KRAI, "kws", "accuracy").audit()
    (found,) = of_rule(audit, Rule.OFFICIAL_LIST)
    assert found.severity is Severity.NOT_JUDGED
    assert "cannot be recomputed" in found.found
    assert "--datasets" in found.expected
    assert audit.assessment is not None
    assert audit.assessment.accuracy is None


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch, tmp_path_factory):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path_factory.mktemp("cache")))
