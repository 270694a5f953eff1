"""Trees as they are built: sound in every round, and submittable where the data is real."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.devices.boards import use_plain_board
from support.made_once import made_once
from support.reference import reference_path
from support.sessions.official_restatement import restate
from support.sessions.submission_trees import copied_tree
from tinyrunner.runner.audit import audit as audit_module
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.audit_result import TreeAudit
from tinyrunner.runner.audit.evidence.findings import Level, Rule, Severity
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.report.gather import Asked, gather
from tinyrunner.runner.report.page import SessionStatus

ROUNDS = ("v1.1", "v1.2", "v1.3", "v1.4")
TASKS = ("ad", "ic", "kws", "vww")


@pytest.fixture(scope="module")
def audited(built_tree: Callable[[str], Path]) -> Callable[[str], TreeAudit]:
    """The audit of a round's demonstration, made once."""
    return cache(lambda round_name: audit(built_tree(round_name)))


@pytest.mark.parametrize("round_name", ROUNDS)
def test_a_demonstration_is_sound_but_for_its_data_in_every_round(round_name, audited):
    result = audited(round_name)
    assert result.round.name == round_name  # told by the checklist
    assert {level: result.holds(level) for level in Level} == {
        Level.OFFICIAL: True,
        Level.SOUND: True,
        Level.OFFICIAL_DATA: False,
        Level.SUBMITTABLE: False,
    }
    violations = [f for f in result.findings if f.severity is Severity.VIOLATION]
    rules = Counter(finding.rule for finding in violations)
    assert rules == {Rule.OFFICIAL_LIST: 12, Rule.DEVICE: 12}
    assert len(result.sessions) == 12
    warnings = [f for f in result.findings if f.severity is Severity.WARNING]
    assert all(
        finding.rule is Rule.OFFICIAL_CHECKER and "file list mismatch" in finding.found
        for finding in warnings
    ), warnings


@pytest.mark.parametrize("round_name", ROUNDS)
def test_the_official_checker_restated_says_ok_with_the_same_rows(round_name, built_tree, audited):
    root = built_tree(round_name)
    report = audited(round_name).official
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


@pytest.fixture(scope="session")
def real_sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with kws sessions of the official inputs and reference model, on a board that does
    not call itself simulated: the whole list of 1000 for accuracy."""

    def measure(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patched:
            use_plain_board(patched)
            assert measured(folder) == {0}

    return made_once(tmp_path_factory, "real-kws", measure)


@pytest.fixture(scope="session")
def simulated_sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, measured on the program's own simulated device."""

    def measure(folder: Path) -> None:
        assert measured(folder) == {3}

    return made_once(tmp_path_factory, "simulated-kws", measure)


def measured(folder: Path) -> set[int]:
    """Run kws in every mode as for a submission; how the runs ended."""
    statuses = set()
    for mode in ("performance", "accuracy", "energy"):
        ran = tinyrunner(
            "run", "kws", "--mode", mode, "--dut", "sim:", "--sessions", folder,
            "--datasets", reference_path("datasets"),
            "--model", reference_path("models", "kws_ref_model.tflite"),
            *(("--supply-v", "3.0") if mode == "energy" else ()),
        )  # fmt: skip
        statuses.add(ran.status)
    return statuses


@pytest.fixture(scope="session")
def submitted(real_sessions: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A tree of them, made by `submission init` and `submission build` as a person would."""

    def tree(round_name: str, sessions: Path = real_sessions, *, status: int = 0) -> Path:
        def build(folder: Path) -> None:
            source = folder / "firmware"
            source.mkdir()
            (source / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
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
                "checklist.engineers": "Ada",
                "checklist.emails": "ada@example.org",
                "checklist.same_code_in_both_modes": "yes",
                "checklist.calibrated_outside_official_set": "no",
                "checklist.numerics": "INT8",
                "checklist.backend": "TF-Lite Micro",
                "checklist.caching_techniques": "none",
                "checklist.disallowed_techniques": "none",
                "checklist.congruent_with_rules": "yes",
                "checklist.reflects_real_world_performance": "yes",
            }
            file = folder / "submission.yaml"
            init = tinyrunner(
                "submission", "init", file, "--yes", "--organization", "Acme", "--division",
                "closed", "--round", round_name, "--system", "board", "--session", sessions,
                *(word for key, value in settings.items() for word in ("--set", f"{key}={value}")),
            )  # fmt: skip
            assert init.status == 0, init
            built = tinyrunner("submission", "build", file, "--out", folder / "tree")
            assert built.status == status, built

        return made_once(tmp_path_factory, f"{sessions.parent.name}-{round_name}", build) / "tree"

    return tree


@pytest.mark.parametrize("round_name", ["v1.2", "v1.3"])
def test_a_tree_of_official_inputs_and_the_reference_model_is_submittable(
    round_name, submitted, tmp_path
):
    tree = submitted(round_name)
    ran = tinyrunner("submission", "verify", tree, "--json")
    assert ran.status == 0, ran.out + ran.err
    told = json.loads(ran.out)
    assert told["round"] == round_name
    assert set(told["verdicts"].values()) == {True}
    assert [f for f in told["findings"] if f["severity"] == "violation"] == []
    assert {one["labels"]["official"] for one in told["sessions"]} == {"kws01"}
    (accuracy,) = [one for one in told["sessions"] if one["mode"] == "accuracy"]
    assert accuracy["recomputed"]["accuracy"]["inputs"] == 1000
    assert restate(tree, load_rounds().get(round_name).checker, round_name).ok
    said = tinyrunner("submission", "verify", tree)
    assert said.status == 0
    assert "submittable" in said.out


@pytest.mark.parametrize("round_name", ["v1.2", "v1.3"])
def test_one_of_a_simulated_device_is_sound_and_nothing_else_by_session_json_or_log(
    round_name, simulated_sessions, submitted, tmp_path
):
    tree = tmp_path / "tree"
    shutil.copytree(submitted(round_name, simulated_sessions, status=3), tree)
    for witnesses in ("log and session.json", "log"):
        ran = tinyrunner("submission", "verify", tree, "--json")
        assert ran.status == 3, ran
        told = json.loads(ran.out)
        assert told["verdicts"] == {
            "official": True,
            "sound": True,
            "official data": False,
            "submittable": False,
        }, witnesses
        against = [f["found"] for f in told["findings"] if f["severity"] == "violation"]
        assert len(against) == len(told["sessions"]) == 3
        assert all(text.startswith("simulated device: the device says") for text in against)
        assert all(session["simulated"] for session in told["sessions"])
        reported = gather([tree], Asked()).sessions
        assert [one.outcome for one in reported] == [SessionStatus.INVALID] * 3
        assert all(one.simulated for one in reported)
        said = " ".join(tinyrunner("submission", "verify", tree).out.split())
        assert (
            "submittable no because not official data; 3 of 3 sessions are of a simulated" in said
        )
        (tree / "closed/Acme/SHA256SUMS").unlink(missing_ok=True)
        for name in ("session.json", "journal.txt"):
            for path in tree.rglob(name):
                path.unlink()


def test_one_swapped_label_in_it_makes_it_unfit(submitted, tmp_path):
    tree = tmp_path / "tree"
    shutil.copytree(submitted("v1.2"), tree)
    (tree / "closed/Acme/SHA256SUMS").unlink()
    labels = tree / "closed/Acme/results/board/kws/accuracy/y_labels.csv"
    text = labels.read_text(encoding="utf-8")
    labels.write_text(text.replace(",12,7\n", ",12,6\n", 1), encoding="utf-8")
    ran = tinyrunner("submission", "verify", tree, "--json")
    assert ran.status == 3
    verdicts = json.loads(ran.out)["verdicts"]
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
