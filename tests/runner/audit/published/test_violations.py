"""Precision is a promise: each violation that is reported of a published session is true.

`true_violations.txt` lists them with the reasons. The figures are held against the table of
the public record, which an independent script made (`reference/standings.csv`).
"""

from __future__ import annotations

import csv
from collections import Counter
from functools import cache
from math import isclose
from pathlib import Path

import pytest
from support.reference import reference_path
from support.sessions.published_trees import TREES, audited
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.audit_result import SessionAudit
from tinyrunner.runner.score.rules import Severity
from tinyrunner.runner.terms import Mode

REASONS = Path(__file__).with_name("true_violations.txt")
NOT_JUDGED = {
    "published/v1.2": {"closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ad/accuracy"},  # no log
}


def reasons(tree: str) -> Counter[tuple[str, str]]:
    """The violations that have a reason, by rule and path; a reason each, where one has several."""
    told: Counter[tuple[str, str]] = Counter()
    for line in REASONS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        of, rule, path, reason = line.split(" | ")
        assert reason.strip(), line
        if of == tree:
            told[rule, path] += 1
    return told


@pytest.mark.parametrize("tree", TREES)
def test_every_violation_of_a_published_tree_has_its_reason(tree: str) -> None:
    violations = [f for f in audited(tree).findings if f.severity is Severity.VIOLATION]
    found = Counter((finding.rule.title, finding.path) for finding in violations)
    assert found == reasons(tree)


@pytest.mark.parametrize("tree", TREES)
def test_every_published_session_with_a_log_is_judged(tree: str) -> None:
    sessions = audited(tree).sessions
    assert {s.place.path for s in sessions if s.assessment is None} == NOT_JUDGED.get(tree, set())


@pytest.mark.parametrize("tree", TREES)
def test_the_figures_are_those_of_the_independent_table(tree: str) -> None:
    compared = 0
    for session in audited(tree).sessions:
        if session.assessment is not None and session.place.streaming is None:
            told = figure(session)
            assert isclose(told, recorded(tree, session), rel_tol=1e-5), session.place.path
            compared += 1
    streaming = sum(one.place.streaming is not None for one in audited(tree).sessions)  # no figures
    rest = len(NOT_JUDGED.get(tree, ())) + streaming
    assert compared == len(audited(tree).sessions) - rest


def figure(session: SessionAudit) -> float:
    """The recomputed one, in the table's unit."""
    assessment = session.assessment
    assert assessment is not None
    if assessment.energy is not None:
        return 1e6 * (assessment.energy.median_energy_j or 0.0)
    if assessment.performance is not None:
        return assessment.performance.median_throughput or 0.0
    assert assessment.accuracy is not None
    return 100 * (assessment.accuracy.figure or 0.0)


@cache
def table() -> dict[tuple[str, ...], float]:
    with reference_path("standings.csv").open(encoding="utf-8", newline="") as file:
        return {
            (r["round"], r["organization"], r["system"], r["implementation"], r["task"], r["mode"]):
            float(r["recomputed"])
            for r in csv.DictReader(file)
            if r["recomputed"]
        }  # fmt: skip


def recorded(tree: str, session: SessionAudit) -> float:
    place = session.place
    between = f"{place.benchmark}/{place.implementation}" if place.implementation else ""
    key = (place.submitter.name, place.system, between, place.task_key, place.mode.value)
    return table()[(tree.partition("/")[2], *key)]


def test_nothing_is_accused_for_want_of_the_auditors_own_lists(tmp_path, monkeypatch) -> None:
    """Without any list at hand nothing is added to what stands against a tree."""
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    without = audit(reference_path("record", "v1.2"), parallel=False)
    added = Counter(f.rule for f in without.findings if f.severity is Severity.VIOLATION)
    added -= Counter(
        f.rule for f in audited("record/v1.2").findings if f.severity is Severity.VIOLATION
    )
    assert not added
    accuracies = [s for s in without.sessions if s.place.mode is Mode.ACCURACY]
    assert [s.assessment.accuracy for s in accuracies if s.assessment] == [None]
    assert any(f.severity is Severity.NOT_JUDGED for f in without.findings)
