"""The first thing that anybody runs."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from support.cli import document, ended, process, sessions_in


def audited(tree: Path) -> dict:
    ran = ended(process("submission", "verify", tree, "--json"))
    assert ran.status == 3, ran  # synthetic
    return json.loads(ran.out)


def violations(found: dict) -> set[str]:
    return {one["found"] for one in found["findings"] if one["severity"] == "violation"}


def test_the_demo_ends_in_sessions_a_sound_submission_and_a_report(tmp_path):
    ran = ended(process("demo", cwd=tmp_path))
    assert ran.status == 0, ran
    assert "Traceback" not in ran.err
    root = tmp_path / "tinyrunner-demo"
    sessions = sessions_in(root)
    found = {
        (document(session)["provenance"]["task"], document(session)["provenance"]["mode"])
        for session in sessions
    }
    assert found == set(product(("vww", "ic", "kws", "ad"), ("performance", "accuracy", "energy")))
    for session in sessions:
        assert session.name in ran.out
        findings = document(session)["result"]["findings"]
        assert [finding["kind"] for finding in findings] == ["synthetic data"]
        assert document(session)["result"]["valid"] is False  # synthetic inputs
    assert "synthetic demonstration" in ran.out

    tree = root / "submission" / "closed" / "tinyrunner_demo"
    report = root / "submission" / "report.html"
    for place in (tree, report):
        assert str(place) in ran.out
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
    sound = ended(process("submission", "verify", tree, "--level", "sound"))
    assert sound.status == 0, sound


def test_another_demo_measures_the_same_and_leaves_the_first_alone(tmp_path):
    figures = []
    kept = tmp_path / "b" / "submission" / "kept"
    kept.mkdir(parents=True)
    for name, *flags in (("a",), ("b", "--round", "v1.4")):
        ran = ended(process("demo", tmp_path / name, *flags))
        assert ran.status == 0, ran
        figures.append([document(session)["result"] for session in sessions_in(tmp_path / name)])
    assert figures[0] == figures[1]
    assert list(kept.parent.iterdir()) == [kept]
    told = audited(tmp_path / "b" / "submission_2" / "closed" / "tinyrunner_demo")
    assert told["round"] == "v1.4"
    assert told["verdicts"]["sound"]
    assert told["verdicts"]["official"]
    assert len(violations(told)) == 1
