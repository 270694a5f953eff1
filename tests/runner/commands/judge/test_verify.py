"""`submission verify` as it is called: statuses, files, what it shows."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from support.cli import Ran, tinyrunner
from support.reference import reference_path
from support.sessions.submission_trees import copied_tree

PUBLISHED = {
    # the rules violated: what the copies in the reference data lack, and one that
    # the submission itself has, a key repeated with another value.
    "v1.1": {"submitter folders", "checklist", "energy hook-up", "system description keys"},
    "v1.2": {"submitter folders", "checklist", "energy hook-up", "required file"},
    "v1.3": {"submitter folders", "checklist", "energy hook-up"},
}


def verify(*arguments: object) -> Ran:
    return tinyrunner("submission", "verify", *arguments)


@pytest.fixture
def tree(built_tree, tmp_path: Path) -> Path:
    return copied_tree(built_tree("v1.2"), tmp_path / "tree")


@pytest.mark.parametrize(
    ("level", "status"),
    [("official", 0), ("sound", 0), ("official-data", 3), ("submittable", 3), (None, 3)],
)
def test_the_level_says_which_verdict_sets_the_status(tree, level, status):
    flags = () if level is None else ("--level", level)
    ran = verify(tree, *flags)
    assert ran.status == status, ran
    assert "synthetic data" in ran.out
    assert "submittable    no   because not official data" in ran.out


def test_page_and_summary_are_written_and_never_over_a_file(tree, tmp_path):
    page, summary = tmp_path / "audit.html", tmp_path / "summary.csv"
    assert verify(tree, "--html", page, "--csv", summary).status == 3
    assert "synthetic data" in page.read_text(encoding="utf-8")
    rows = list(csv.DictReader(summary.read_text(encoding="utf-8").splitlines()))
    assert [row["Model"] for row in rows] == ["ad", "ic", "kws", "vww"]
    assert all(row["HasPower"] == "True" for row in rows)
    for flag, file in (("--html", page), ("--csv", summary)):
        ran = verify(tree, flag, file)
        assert ran.status == 2
        assert f"{file} exists" in ran.err
    summary.write_text("old")
    assert verify(tree, "--csv", summary, "--force", "--summary").status == 3
    assert summary.read_text(encoding="utf-8").startswith("Organization,")
    stranger = tmp_path / "notes.html"
    stranger.write_text("mine")
    ran = verify(tmp_path / "nowhere", "--html", stranger, "--force")  # before anything is read
    assert ran.status == 2
    assert "is no report of tinyrunner" in ran.err
    assert stranger.read_text() == "mine"


@pytest.mark.parametrize("round_name", PUBLISHED)
def test_published_trees_are_judged_by_their_round_with_their_figures(round_name):
    root = reference_path("published", round_name)
    ran = verify(root, "--datasets", reference_path("datasets"), "--json")
    assert ran.status == 3, ran
    told = json.loads(ran.out)
    assert told["round"] == round_name
    assert told["verdicts"]["official"]
    against = {f["rule"] for f in told["findings"] if f["severity"] == "violation"}
    assert against - {"official data"} == PUBLISHED[round_name]
    for session in told["sessions"]:
        if not session["recomputed"]:
            continue
        if session["benchmark"] == "sww":
            words = session["recomputed"]["streaming"]["words"]
            keys = ("true_positives", "false_negatives", "false_positives")
            shown = "{} TP, {} FN, {} FP".format(*(words[key] for key in keys))
            assert session["printed"]["words"] == shown
            continue
        figures, printed = session["recomputed"], session["printed"]
        if session["mode"] == "performance":
            there = figures["performance"]["median_throughput"]
            assert float(printed["median_throughput"]) == pytest.approx(there, abs=5.1e-4)
        elif session["mode"] == "energy":
            there = figures["energy"]["median_energy_per_inference_j"] * 1e6
            assert float(printed["median_energy_uj"]) == pytest.approx(there, abs=5.1e-4)
        else:
            assert float(printed["top1"]) == pytest.approx(100 * figures["accuracy"]["top1"])


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("nowhere",), "cannot look into"),
        ((".", "--round", "v9"), "no round 'v9'"),
        ((".", "--level", "good"), "level"),
    ],
)
def test_wrong_usage_is_told_and_has_status_2(tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    ran = verify(*arguments)
    assert ran.status == 2
    assert told in ran.err


def test_a_session_by_itself_is_sent_to_score(demo_sessions):
    ran = verify(next(iter(demo_sessions.values())))
    assert ran.status == 3
    assert "tinyrunner score" in ran.out


def test_rules_are_listed_and_explained():
    listed = tinyrunner("submission", "rules")
    assert listed.status == 0, listed
    assert "result-line" in listed.out
    assert "remedy" not in listed.out
    one = tinyrunner("submission", "rules", "result-line")
    assert "asked by:" in one.out
    assert "remedy:" in one.out
    wrong = tinyrunner("submission", "rules", "result-lines")
    assert wrong.status == 2
    assert "did you mean result-line?" in wrong.err
