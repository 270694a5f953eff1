"""The first thing that anybody runs."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from support.cli import document, sessions_in, tinyrunner


def audited(tree: Path) -> dict:
    ran = tinyrunner("submission", "verify", tree, "--json")
    assert ran.status == 3, ran  # synthetic, simulated
    return json.loads(ran.out)


def violations(found: dict) -> set[str]:
    return {one["found"] for one in found["findings"] if one["severity"] == "violation"}


def test_the_demo_ends_in_sessions_a_sound_submission_and_a_report(demo):
    assert "Traceback" not in demo.err
    root = demo.folder
    sessions = sessions_in(root)
    found = {
        (document(session)["provenance"]["task"], document(session)["provenance"]["mode"])
        for session in sessions
    }
    assert found == set(product(("vww", "ic", "kws", "ad"), ("performance", "accuracy", "energy")))
    table = [line.split()[0] for line in demo.out.splitlines()[:5]]
    assert table == ["task", "vww", "ic", "kws", "ad"]
    for session in sessions:
        findings = document(session)["result"]["findings"]
        assert {finding["kind"] for finding in findings} == {"synthetic data", "simulated device"}
        assert document(session)["result"]["valid"] is False
    assert "synthetic demonstration" in demo.out

    tree = root / "submission" / "closed" / "tinyrunner_demo"
    report = root / "submission" / "report.html"
    for place in (tree, report):
        assert str(place) in demo.out
    assert "SIMULATED DEVICE" in report.read_text(encoding="utf-8")
    told = audited(tree)
    assert told["round"] == "v1.2"
    assert told["verdicts"] == {
        "official": True,
        "sound": True,
        "official data": False,
        "submittable": False,
    }
    kinds = {violation.partition(":")[0] for violation in violations(told)}
    assert kinds == {"synthetic data", "simulated device", "no sources"}
    assert all(session["simulated"] for session in told["sessions"])
    sound = tinyrunner("submission", "verify", tree, "--level", "sound")
    assert sound.status == 0, sound


def test_another_demo_measures_the_same_and_leaves_what_was_there_alone(demo, tmp_path):
    kept = tmp_path / "submission" / "kept"
    kept.mkdir(parents=True)
    ran = tinyrunner("demo", tmp_path, "--round", "v1.4")
    assert ran.status == 0, ran
    first, second = (
        [document(session)["result"] for session in sessions_in(folder)]
        for folder in (demo.folder, tmp_path)
    )
    assert len(first) == 12
    assert first == second
    assert list(kept.parent.iterdir()) == [kept]
    told = audited(tmp_path / "submission_2" / "closed" / "tinyrunner_demo")
    assert told["round"] == "v1.4"
    assert told["verdicts"]["sound"]
    assert told["verdicts"]["official"]
    assert len(violations(told)) == 3
