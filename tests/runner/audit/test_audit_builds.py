"""Trees as they are built: sound in every round, and submittable where the data is real."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from support.reference import reference_path
from support.sessions.official_restatement import restate
from support.sessions.submission_trees import copied_tree
from tinyrunner.runner.audit import audit as audit_module
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.findings import Level, Rule, Severity
from tinyrunner.runner.config.rounds import load_rounds

ROUNDS = ("v1.1", "v1.2", "v1.3", "v1.4")
TASKS = ("ad", "ic", "kws", "vww")


@pytest.mark.parametrize("round_name", ROUNDS)
def test_a_demonstration_is_sound_but_for_its_data_in_every_round(round_name, built_tree):
    result = audit(built_tree(round_name))
    assert result.round.name == round_name  # told by the checklist
    assert {level: result.holds(level) for level in Level} == {
        Level.OFFICIAL: True,
        Level.SOUND: True,
        Level.OFFICIAL_DATA: False,
        Level.SUBMITTABLE: False,
    }
    violations = [f for f in result.findings if f.severity is Severity.VIOLATION]
    assert {finding.rule for finding in violations} == {Rule.OFFICIAL_LIST}
    assert all("synthetic" in finding.found for finding in violations)
    assert len(violations) == len(result.sessions) == 12
    warnings = [f for f in result.findings if f.severity is Severity.WARNING]
    assert all(
        finding.rule is Rule.OFFICIAL_CHECKER and "file list mismatch" in finding.found
        for finding in warnings
    ), warnings


@pytest.mark.parametrize("round_name", ROUNDS)
def test_the_official_checker_restated_says_ok_with_the_same_rows(round_name, built_tree):
    root = built_tree(round_name)
    report = audit(root).official
    said = restate(root, load_rounds().get(round_name).checker, round_name)
    assert (said.ok, said.crashed) == (report.ok, False) == (True, False)
    ours = [dict(row.values) for row in report.rows]
    assert sorted(row["Model"] for row in ours) == sorted(row["Model"] for row in said.rows)
    assert sorted(row["Model"] for row in ours) == sorted(TASKS)
    for row in said.rows:
        (same,) = [one for one in ours if one["Model"] == row["Model"]]
        for column in ("Organization", "Division", "Result", "Accuracy", "Power", "HasPower"):
            assert _number(same[column]) == _number(row[column]), (row["Model"], column)


def _number(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def tinyrunner(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The real command line."""
    command = [sys.executable, "-m", "tinyrunner", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=cwd
    )


@pytest.fixture(scope="module")
def real_sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with kws sessions of the official inputs and reference model, on a simulated board:
    the whole list of 1000 for accuracy."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if base.name.startswith("popen-") else base
    folder = root / "real-kws"
    with FileLock(root / "real-kws.lock"):
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for mode in ("performance", "accuracy", "energy"):
                ran = tinyrunner(
                    "run", "kws", "--mode", mode, "--dut", "sim:", "--sessions", folder / "s",
                    "--datasets", reference_path("datasets"),
                    "--model", reference_path("models", "kws_ref_model.tflite"),
                    *(("--supply-v", "3.0") if mode == "energy" else ()),
                    cwd=folder,
                )  # fmt: skip
                assert ran.returncode == 0, ran.stderr
            (folder / "done").touch()
    return folder / "s"


@pytest.fixture
def submitted(real_sessions: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A tree of them, made by `submission init` and `submission build` as a person would."""
    source = tmp_path / "firmware"
    source.mkdir()
    (source / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")

    def build(round_name: str) -> Path:
        file = tmp_path / f"{round_name}.yaml"
        settings = {
            "Status": "available",
            "Board Name": "A board",
            "SoC Name": "An SoC",
            "Processor(s) Name": "Cortex-M4",
            "Processor(s) Frequencies": "120 MHz",
            "Inference Framework": "TensorFlow Lite Micro",
            "code.implementation": "tflm",
            "code.folder": str(source),
            "hookup.text": "The monitor supplies the board; a pin of it marks the windows.",
            "checklist.numerics": "INT8",
        }
        init = tinyrunner(
            "submission", "init", file, "--yes", "--organization", "Acme", "--division", "closed",
            "--round", round_name, "--system", "board", "--session", real_sessions,
            *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
            cwd=tmp_path,
        )  # fmt: skip
        assert init.returncode == 0, init.stderr
        out = tmp_path / round_name
        built = tinyrunner("submission", "build", file, "--out", out, cwd=tmp_path)
        assert built.returncode == 0, built.stdout + built.stderr
        return out

    return build


@pytest.mark.parametrize("round_name", ["v1.2", "v1.3"])
def test_a_tree_of_official_inputs_and_the_reference_model_is_submittable(
    round_name, submitted, tmp_path
):
    tree = submitted(round_name)
    ran = tinyrunner("submission", "verify", tree, "--json", cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert told["round"] == round_name
    assert set(told["verdicts"].values()) == {True}
    assert [f for f in told["findings"] if f["severity"] == "violation"] == []
    assert {one["labels"]["official"] for one in told["sessions"]} == {"kws01"}
    (accuracy,) = [one for one in told["sessions"] if one["mode"] == "accuracy"]
    assert accuracy["recomputed"]["accuracy"]["inputs"] == 1000
    assert restate(tree, load_rounds().get(round_name).checker, round_name).ok
    said = tinyrunner("submission", "verify", tree, cwd=tmp_path)
    assert said.returncode == 0
    assert "submittable" in said.stdout


def test_one_swapped_label_in_it_makes_it_unfit(submitted, tmp_path):
    tree = submitted("v1.2")
    (tree / "closed/Acme/SHA256SUMS").unlink()
    labels = tree / "closed/Acme/results/board/kws/accuracy/y_labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace(",12,7\n", ",12,6\n", 1), encoding="utf-8")
    ran = tinyrunner("submission", "verify", tree, "--json", cwd=tmp_path)
    assert ran.returncode == 3
    verdicts = json.loads(ran.stdout)["verdicts"]
    assert verdicts == {
        "official": True,
        "sound": False,
        "official data": False,
        "submittable": False,
    }


def test_many_processes_find_what_one_finds(built_tree, tmp_path, monkeypatch):
    root = tmp_path / "tree"
    folder = copied_tree(built_tree("v1.2"), root) / "results" / "simulated_board"
    for path, old, new in (
        (folder / "kws/performance/result.txt", "49.99", "49.98"),
        (folder / "ad/accuracy/log.txt", "m-results-[", "m-results-[1e999"),
        (folder / "vww/energy/results.txt", "Median energy", "No energy"),
    ):
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    alone = audit(root)
    pools = []

    class Pool(audit_module.ProcessPoolExecutor):
        def __init__(self, workers: int) -> None:
            pools.append(workers)
            super().__init__(workers)

    monkeypatch.setattr(audit_module, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(audit_module.os, "cpu_count", lambda: 2)
    monkeypatch.setattr(audit_module, "PARALLEL_FROM_BYTES", 0)
    together = audit(root)
    assert pools == [2]
    assert together.findings == alone.findings
    assert together.sessions == alone.sessions
    assert not together.holds(Level.SOUND)
