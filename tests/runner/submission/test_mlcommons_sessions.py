"""Sessions of MLCommons' runner become a submission: described, built, verified as they are."""

from __future__ import annotations

import filecmp
import json
import re
from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.reference import reference_path
from support.sessions.of_mlcommons import (
    INIT,
    PUBLISHED,
    as_of_mlcommons,
    described,
    published_sessions,
)
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level, Rule, Severity
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.gather import BuildError
from tinyrunner.runner.terms import Mode


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return published_sessions(tmp_path / "sessions")


@pytest.mark.parametrize("round_name", ["v1.3", "v1.4"])
def test_a_folder_of_sessions_becomes_a_submittable_tree(sessions, tmp_path, round_name) -> None:
    file = described(tmp_path, sessions, "--round", round_name)
    built = build(load_description(file), tmp_path / "out")
    results = built.root / "results" / "board" / "kws"
    for mode, name in PUBLISHED.items():
        there, here = results / mode, sessions / name
        names = {path.name for path in here.iterdir()}
        assert {path.name for path in there.iterdir()} == names
        assert all(filecmp.cmp(there / one, here / one, shallow=False) for one in names)
    found = audit(built.root, round_name=round_name, datasets=reference_path("datasets"))
    assert [f.found for f in found.findings if f.severity is Severity.VIOLATION] == []
    assert found.holds(Level.SUBMITTABLE)
    assert found.official.ok


def test_the_newest_round_is_proposed_and_what_no_session_tells_is_asked(sessions, tmp_path):
    told = load_description(described(tmp_path, sessions))
    assert (told.round, told.runner.commit) == ("v1.4", "1afd2c9")
    ran = tinyrunner(*INIT, tmp_path / "other.yaml", "--session", sessions)
    assert ran.status == 0, ran
    assert "commit: ''" in (tmp_path / "other.yaml").read_text(encoding="utf-8")


def test_the_readme_and_the_hookup_say_whose_runner_measured(sessions, tmp_path) -> None:
    built = build(load_description(described(tmp_path, sessions)), tmp_path / "out")
    (readme,) = built.root.rglob("README.md")
    text = readme.read_text(encoding="utf-8")
    assert "Measured with MLCommons' runner (1afd2c9), not with the EEMBC runner." in text
    assert "python main.py --mode e" in text
    assert "| label list | kws01 (official) |" in text
    assert "tinyrunner run" not in text


def test_windows_of_files_and_several_tasks_are_built(demo_sessions, tmp_path) -> None:
    """Of simulated devices, which is said of them, and else nothing is amiss.

    But for durations: the runner's follow from whole samples, these are ours, a last bit away.
    """
    chosen = {place: path for place, path in demo_sessions.items() if place[0] in ("ad", "ic")}
    for (key, mode), session in chosen.items():
        as_of_mlcommons(session, tmp_path / "sessions" / f"{key}_{mode.value}")
    file = described(tmp_path, tmp_path / "sessions", "--round", "v1.3")
    built = build(load_description(file), tmp_path / "out")
    found = audit(built.root, round_name="v1.3")
    assert {(one.place.task_key, one.place.mode) for one in found.sessions} == set(chosen)
    assert found.official.ok
    violations = [f for f in found.findings if f.severity is Severity.VIOLATION]
    accused = {f.rule for f in violations if not f.found.startswith("duration of energy of trial")}
    assert accused == {Rule.DEVICE, Rule.OFFICIAL_LIST}


def test_what_the_runner_did_not_finish_is_left_out_with_the_reason(sessions, tmp_path) -> None:
    broken = sessions / "20250726_000000"
    broken.mkdir()
    (broken / "log.txt").write_text("Logging initialized. Writing output to x\n")
    ran = tinyrunner(*INIT, tmp_path / "s.yaml", "--session", sessions)
    assert f"left out: {broken}, which is unfinished or incomplete: no results.txt" in ran.err
    ran = tinyrunner(*INIT, tmp_path / "t.yaml", "--session", broken)
    assert ran.status == 2
    assert "leave it out" in ran.err


def test_a_name_that_the_runner_could_not_read_differs_from_none(sessions, tmp_path) -> None:
    log = sessions / PUBLISHED["energy"] / "log.txt"
    text = log.read_text(encoding="utf-8")
    log.write_text(re.sub("Device name retrieved.*\n", "", text), encoding="utf-8")
    built = build(load_description(described(tmp_path, sessions)), tmp_path / "out")
    (readme,) = built.root.rglob("README.md")
    assert "| firmware | unknown; ULPMark" in readme.read_text(encoding="utf-8")


def test_eembcs_rounds_do_not_take_them(sessions, tmp_path) -> None:
    file = described(tmp_path, sessions, "--round", "v1.2")
    with pytest.raises(BuildError, match=r"which v1\.2 does not take: rounds v1\.3 and v1\.4 do"):
        build(load_description(file), tmp_path / "out")


@pytest.mark.parametrize(
    ("mode", "name", "pattern", "new", "told"),
    [
        ("performance", "results.txt", "23.032 inf", "24.032 inf", "median_throughput"),
        ("performance", "results.txt", ": 250", ": 251", "window 1 inferences"),
        ("accuracy", "results.txt", "90.2", "90.4", "top1"),
        ("energy", "results.txt", "1430.6681", "1430.7681", "median_energy_uj"),
        ("energy", "log.txt", "Session logged.*", "", "is unfinished"),
    ],
)
def test_files_that_do_not_agree_are_not_built_from(
    sessions, tmp_path, mode, name, pattern, new, told
) -> None:
    file = described(tmp_path, sessions)
    path = sessions / PUBLISHED[mode] / name
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(pattern, new, text, count=1), encoding="utf-8")
    with pytest.raises(BuildError, match=told):
        build(load_description(file), tmp_path / "out")


def test_a_session_that_tinyrunner_rendered_is_not_passed_for_the_runners(
    demo_sessions, tmp_path
) -> None:
    session = as_of_mlcommons(demo_sessions["kws", Mode.PERFORMANCE], tmp_path / "a")
    log = session / "log.txt"
    rendered = "tinyrunner 0.2.0: rendered from journal.txt of session 20260101000000; not"
    log.write_text(f"{rendered}\n{log.read_text('utf-8')}", encoding="utf-8")
    ran = tinyrunner(*INIT, tmp_path / "s.yaml", "--session", session)
    assert ran.status == 2
    assert "was rendered by tinyrunner" in ran.err


def test_sessions_of_two_runners_are_mixed_only_on_request(demo_sessions, sessions, tmp_path):
    file = described(tmp_path, sessions)
    text = file.read_text(encoding="utf-8")
    ours = demo_sessions["kws", Mode.ENERGY]
    file.write_text(re.sub("energy: .*", f"energy: '{ours}'", text, count=1), encoding="utf-8")
    with pytest.raises(BuildError, match="the tool differs"):
        build(load_description(file), tmp_path / "out")


def test_score_takes_the_classes_that_the_runner_names(sessions) -> None:
    ran = tinyrunner("score", sessions / PUBLISHED["accuracy"], "--json")
    told = json.loads(ran.out)
    assert told["accuracy"]["top1"] == 0.902
    assert "kws01" in ran.out
