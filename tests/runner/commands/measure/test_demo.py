"""The first thing that anybody runs."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest
from support.cli import document, ended, process, sessions_in, tinyrunner
from support.made_once import made_once


@pytest.fixture(scope="session")
def demos(tmp_path_factory) -> Path:
    """What two demos leave: `tinyrunner-demo`, called without a word, and `b`, of another round
    and beside an older submission; what the first one printed is in `out` and `err`."""

    def run(folder: Path) -> None:
        ran = ended(process("demo", cwd=folder))
        assert ran.status == 0, ran
        (folder / "out").write_text(ran.out, encoding="utf-8")
        (folder / "err").write_text(ran.err, encoding="utf-8")
        (folder / "b" / "submission" / "kept").mkdir(parents=True)
        ran = tinyrunner("demo", folder / "b", "--round", "v1.4")
        assert ran.status == 0, ran

    return made_once(tmp_path_factory, "demos", run)


def audited(tree: Path) -> dict:
    ran = tinyrunner("submission", "verify", tree, "--json")
    assert ran.status == 3, ran  # synthetic
    return json.loads(ran.out)


def violations(found: dict) -> set[str]:
    return {one["found"] for one in found["findings"] if one["severity"] == "violation"}


def test_the_demo_ends_in_sessions_a_sound_submission_and_a_report(demos):
    out = (demos / "out").read_text(encoding="utf-8")
    assert "Traceback" not in (demos / "err").read_text(encoding="utf-8")
    root = demos / "tinyrunner-demo"
    sessions = sessions_in(root)
    found = {
        (document(session)["provenance"]["task"], document(session)["provenance"]["mode"])
        for session in sessions
    }
    assert found == set(product(("vww", "ic", "kws", "ad"), ("performance", "accuracy", "energy")))
    for session in sessions:
        assert session.name in out
        findings = document(session)["result"]["findings"]
        assert [finding["kind"] for finding in findings] == ["synthetic data"]
        assert document(session)["result"]["valid"] is False  # synthetic inputs
    assert "synthetic demonstration" in out

    tree = root / "submission" / "closed" / "tinyrunner_demo"
    report = root / "submission" / "report.html"
    for place in (tree, report):
        assert str(place) in out
    assert "SIMULATED DEVICE" in report.read_text(encoding="utf-8")
    told = audited(tree)
    assert told["round"] == "v1.2"
    assert told["verdicts"] == {
        "official": True,
        "sound": True,
        "official data": False,
        "submittable": False,
    }
    (only,) = violations(told)
    assert only.startswith("synthetic data")
    sound = tinyrunner("submission", "verify", tree, "--level", "sound")
    assert sound.status == 0, sound


def test_another_demo_measures_the_same_and_leaves_what_was_there_alone(demos):
    first, second = (
        [document(session)["result"] for session in sessions_in(demos / name)]
        for name in ("tinyrunner-demo", "b")
    )
    assert len(first) == 12
    assert first == second
    assert [path.name for path in (demos / "b" / "submission").iterdir()] == ["kept"]
    told = audited(demos / "b" / "submission_2" / "closed" / "tinyrunner_demo")
    assert told["round"] == "v1.4"
    assert told["verdicts"]["sound"]
    assert told["verdicts"]["official"]
    assert len(violations(told)) == 1
