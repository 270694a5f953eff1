"""The first thing that anybody runs."""

from __future__ import annotations

import json
import re
import sys
import webbrowser
from itertools import product
from pathlib import Path

import pytest
from support.cli import document, sessions_in, tinyrunner
from tinyrunner.models.demo_models import DEMO_NOTE

FIGURES = re.compile(
    r"(vww|ic|kws|ad) +\d+\.\d{3} +\d+\.\d{3} +0\.00% +\d+\.\d+ +0\.00% +"
    r"(Top-1 \d\d\.\d% +≥ \d\d%|AUC 0\.\d{4} +≥ 0\.85)"
)
WORDS = re.compile(r"sww +11\.500 +86\.957 +\d\d\.\d{3} mW +[78] TP, [01] FN, [01] FP")
CELLS = {
    *product(("vww", "ic", "kws", "ad"), ("performance", "accuracy", "energy")),
    *product(("sww",), ("performance", "energy")),
}


def test_a_person_sees_whole_figures_then_what_is_synthetic_and_nothing_that_looks_like_failure(
    demo,
):
    said, _, end = demo.shown.partition("\n\n")
    *_, head, vww, ic, kws, ad, sww = said.splitlines()
    assert head.split()[:2] == ["task", "ms/inf"]
    assert all(len(row) <= 80 and FIGURES.fullmatch(row) for row in (vww, ic, kws, ad)), said
    assert len(sww) <= 80
    assert WORDS.fullmatch(sww.rstrip()), sww
    synthetic = " ".join(end.split())
    assert synthetic.startswith("All of it is synthetic: generated inputs, small models trained on")
    for failure in ("violation", "not valid", "warning", "error", "fail", "traceback"):
        assert failure not in demo.shown.lower()


def audited(tree: Path) -> dict:
    ran = tinyrunner("submission", "verify", tree, "--json")
    assert ran.status == 3, ran  # synthetic, simulated
    return json.loads(ran.out)


def violations(found: dict) -> set[str]:
    return {one["found"] for one in found["findings"] if one["severity"] == "violation"}


def test_the_demo_ends_in_sessions_a_sound_submission_and_a_report(demo):
    root = demo.folder
    sessions = sessions_in(root)
    found = {
        (document(session)["provenance"]["task"], document(session)["provenance"]["mode"])
        for session in sessions
    }
    assert found == CELLS
    for session in sessions:
        findings = document(session)["result"]["findings"]
        assert {finding["kind"] for finding in findings} == {"synthetic data", "simulated device"}
        assert document(session)["result"]["valid"] is False
    tree = root / "submission" / "closed" / "tinyrunner_demo"
    report = root / "submission" / "report.html"
    for place in (tree, report, root):
        assert f" {place}\n" in demo.shown
    assert "SIMULATED DEVICE" in report.read_text(encoding="utf-8")
    assert report.stat().st_size < 1_500_000
    told = audited(tree)
    assert told["round"] == "v1.3"
    assert told["verdicts"] == {
        "official": False,  # for one thing: the recording has eight words
        "sound": True,
        "official data": False,
        "submittable": False,
    }
    kinds = {violation.partition(":")[0] for violation in violations(told)}
    few_words = "true positives and false negatives make 8"
    assert kinds == {"synthetic data", "simulated device", "no sources", few_words}
    assert "has 8 words, not the round's 50" in " ".join(demo.shown.split())
    assert all(session["simulated"] for session in told["sessions"])
    sound = tinyrunner("submission", "verify", tree, "--level", "sound")
    assert sound.status == 0, sound


def test_the_demos_words_are_heard_by_its_model_and_measured_by_a_monitor_that_sees_the_pin(demo):
    last = sessions_in(demo.folder)[-1]
    said = document(last)["provenance"]
    assert (said["task"], said["mode"]) == ("sww", "energy")
    assert (said["dataset"]["synthetic"], said["simulated"]["note"]) == (True, DEMO_NOTE)
    assert said["monitor"]["model"] == "LPM01A"
    for purpose, status in (("submission", 3), ("development", 0)):
        assert tinyrunner("score", last, "--for", purpose).status == status


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """A browser that writes down what it is to open, and the file that it does so in."""
    script, told = tmp_path / "browser.py", tmp_path / "opened"
    script.write_text(f"import sys; open({str(told)!r}, 'a').write(sys.argv[1])")
    monkeypatch.setenv("BROWSER", f"{sys.executable} {script} %s")
    for name, value in (("_tryorder", None), ("_browsers", {})):  # as in a new process
        monkeypatch.setattr(webbrowser, name, value)
    return told


def test_another_demo_measures_the_same_and_leaves_what_was_there_alone(demo, tmp_path, opened):
    kept = tmp_path / "submission" / "kept"
    kept.mkdir(parents=True)
    ran = tinyrunner("demo", tmp_path, "--round", "v1.2", "--open")
    assert ran.status == 0, ran
    report = tmp_path / "submission_2" / "report.html"
    assert opened.read_text() == report.as_uri()
    first, second = (
        [document(session)["result"] for session in sessions_in(folder)]
        for folder in (demo.folder, tmp_path)
    )
    assert len(second) == 12  # v1.2 has no sww, which is the last that is run
    assert first[:12] == second
    assert len(first) == len(CELLS)
    assert list(kept.parent.iterdir()) == [kept]
    told = audited(tmp_path / "submission_2" / "closed" / "tinyrunner_demo")
    assert told["round"] == "v1.2"
    assert told["verdicts"]["sound"]
    assert told["verdicts"]["official"]
    assert len(violations(told)) == 3
    assert "has 8 words" not in ran.out


def test_what_the_demo_runs_is_a_campaign_of_anybodys(tmp_path):
    example = tinyrunner("config", "example", "demo")
    (tmp_path / "demo.yaml").write_text(example.out)
    ran = tinyrunner("campaign", "plan", tmp_path / "demo.yaml")
    assert ran.status == 0, ran
    planned = [line.strip() for line in ran.out.splitlines() if line.startswith("  simulated/")]
    assert {tuple(line.split("/")[1:]) for line in planned} == CELLS
    assert len(planned) == len(CELLS)
