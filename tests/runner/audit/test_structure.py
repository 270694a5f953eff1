"""What the names, kinds and sizes in a tree tell."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tinyrunner.runner.audit.evidence.findings import AuditFinding, Rule
from tinyrunner.runner.audit.evidence.tree import find_layout, read_tree
from tinyrunner.runner.audit.official.rules import MAX_FILE_BYTES
from tinyrunner.runner.audit.structure import check_structure
from tinyrunner.runner.config.rounds import load_rounds
from tinyrunner.runner.score.rules import Severity

EEMBC_FILES = ("results.txt", "result.txt", "log.txt", "script.async")
TREE = [
    *(
        f"closed/acme/results/board/{benchmark}/{mode}/{file}"
        for benchmark in ("kws", "ad")
        for mode in ("performance", "accuracy", "energy")
        for file in EEMBC_FILES
    ),
    "closed/acme/systems/board.json",
    "closed/acme/systems/TinyMLPerf_v1.2_Submission_Checklist.pdf",
    "closed/acme/systems/Energy-Hookup.pdf",
    "closed/acme/code/keyword_spotting/tflm/README.md",
    "closed/acme/code/ad/tflm/README.md",
]
KWS = "closed/acme/results/board/kws"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for file in TREE:
        write(tmp_path, file)
    return tmp_path


def write(root: Path, file: str, text: str = "x") -> None:
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def found(root: Path, round_name: str = "v1.2") -> list[AuditFinding]:
    tree = read_tree(root)
    return list(check_structure(tree, find_layout(tree), load_rounds().get(round_name)))


def only(root: Path, round_name: str = "v1.2") -> tuple[Rule, Severity, str]:
    (finding,) = found(root, round_name)
    return finding.rule, finding.severity, finding.path


def test_a_tree_as_the_round_describes_it_has_no_findings(root: Path) -> None:
    assert found(root) == []


@pytest.mark.parametrize(
    ("removed", "rule", "where"),
    [
        (f"{KWS}/accuracy/log.txt", Rule.REQUIRED_FILE, f"{KWS}/accuracy"),
        (f"{KWS}/energy/script.async", Rule.REQUIRED_FILE, f"{KWS}/energy"),
        (
            "closed/acme/systems/TinyMLPerf_v1.2_Submission_Checklist.pdf",
            Rule.CHECKLIST,
            "closed/acme/systems",
        ),
        ("closed/acme/systems/Energy-Hookup.pdf", Rule.HOOKUP, "closed/acme/systems"),
    ],
)
def test_a_missing_file_is_named(root: Path, removed: str, rule: Rule, where: str) -> None:
    (root / removed).unlink()
    assert only(root) == (rule, Severity.VIOLATION, where)


def test_one_of_the_two_results_files_is_enough(root: Path) -> None:
    (root / KWS / "accuracy" / "results.txt").unlink()
    assert found(root) == []
    (root / KWS / "accuracy" / "result.txt").unlink()
    assert only(root)[0] is Rule.REQUIRED_FILE


@pytest.mark.parametrize("mode", ["performance", "accuracy"])
def test_a_missing_mode_is_named(root: Path, mode: str) -> None:
    for file in EEMBC_FILES:
        (root / KWS / mode / file).unlink()
    (root / KWS / mode).rmdir()
    assert only(root) == (Rule.MODE_FOLDER, Severity.VIOLATION, KWS)


def test_energy_may_be_absent_and_then_needs_no_hookup(root: Path) -> None:
    for benchmark in ("kws", "ad"):
        for file in EEMBC_FILES:
            (root / f"closed/acme/results/board/{benchmark}/energy/{file}").unlink()
        (root / f"closed/acme/results/board/{benchmark}/energy").rmdir()
    (root / "closed/acme/systems/Energy-Hookup.pdf").unlink()
    assert found(root) == []


@pytest.mark.parametrize(
    ("old", "new", "rule", "severity"),
    [
        (KWS, f"{KWS[:-3]}keyword_spotting", Rule.BENCHMARK, Severity.VIOLATION),
        (KWS, f"{KWS[:-3]}sww", Rule.BENCHMARK, Severity.VIOLATION),
        (f"{KWS}/accuracy/log.txt", f"{KWS}/accuracy/accuracy_log.txt", Rule.FILE_NAME,
         Severity.WARNING),
        (
            "closed/acme/systems/TinyMLPerf_v1.2_Submission_Checklist.pdf",
            "closed/acme/systems/Checklist.docx", Rule.CHECKLIST, Severity.WARNING,
        ),
        ("closed/acme/code/ad", "closed/acme/code/more", Rule.CODE, Severity.WARNING),
        ("closed/acme/code", "closed/acme/source", Rule.SUBMITTER_FOLDERS, Severity.VIOLATION),
    ],
)  # fmt: skip
def test_a_renamed_thing_is_named(
    root: Path, old: str, new: str, rule: Rule, severity: Severity
) -> None:
    (root / old).rename(root / new)
    assert (rule, severity) in {(one.rule, one.severity) for one in found(root)}


@pytest.mark.parametrize(
    ("file", "rule", "severity"),
    [
        (f"{KWS}/accuracy/._results.txt", Rule.DEBRIS, Severity.WARNING),
        (f"{KWS}/.DS_Store", Rule.DEBRIS, Severity.WARNING),
        ("closed/acme/systems/~$ecklist.docx", Rule.DEBRIS, Severity.WARNING),
        ("closed/acme/code/ad/tflm/main file.c", Rule.FILE_NAME, Severity.WARNING),
        ("closed/acme/code/ad/tflm/.gitignore", Rule.FILE_NAME, Severity.WARNING),
        ("closed/acme/code/ad/tflm/aux.c", Rule.FILE_NAME, Severity.WARNING),
        ("other/acme/file", Rule.DIVISION, Severity.VIOLATION),
        (f"{KWS}/EEMBC_RUNNER", Rule.ROUND_RULE, Severity.VIOLATION),
        (f"{KWS}/notes.txt", Rule.UNEXPECTED, Severity.WARNING),
        (f"{KWS}/accuracy/older/log.txt", Rule.UNEXPECTED, Severity.WARNING),
        ("closed/acme/notes.txt", Rule.UNEXPECTED, Severity.WARNING),
        ("closed/.acme.x1/results/board/notes.txt", Rule.FILE_NAME, Severity.WARNING),
    ],
)
def test_what_does_not_belong_is_named(
    root: Path, file: str, rule: Rule, severity: Severity
) -> None:
    write(root, file)
    assert [(one.rule, one.severity) for one in found(root)] == [(rule, severity)]


def test_an_empty_file_and_an_empty_folder_are_named(root: Path) -> None:
    write(root, f"{KWS}/accuracy/log.txt", "")
    assert only(root)[0] is Rule.REQUIRED_FILE
    write(root, f"{KWS}/accuracy/log.txt")
    (root / "closed/acme/code/ad/empty").mkdir()
    assert only(root) == (Rule.EMPTY_FOLDER, Severity.VIOLATION, "closed/acme/code/ad/empty")


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_is_named(root: Path) -> None:
    (root / "closed/acme/code/ad/link.c").symlink_to("/etc/passwd")
    assert only(root) == (Rule.SYMLINK, Severity.VIOLATION, "closed/acme/code/ad/link.c")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_is_named_and_not_opened(root: Path) -> None:
    os.mkfifo(root / "closed/acme/code/ad/pipe")
    assert only(root)[0] is Rule.FILE_NAME


def test_a_file_too_large_for_the_official_checker_is_named(root: Path) -> None:
    with (root / "closed/acme/code/ad/data.bin").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    assert only(root) == (Rule.FILE_SIZE, Severity.VIOLATION, "closed/acme/code/ad/data.bin")


def test_the_later_rounds_ask_for_results_json_unless_marked(root: Path) -> None:
    checklist = root / "closed/acme/systems/TinyMLPerf_v1.2_Submission_Checklist.pdf"
    checklist.rename(checklist.with_name("TinyMLPerf_v1.3_Submission_Checklist.pdf"))
    missing = {one.path for one in found(root, "v1.3") if one.rule is Rule.REQUIRED_FILE}
    assert missing == {
        f"closed/acme/results/board/{benchmark}/{mode}"
        for benchmark in ("kws", "ad")
        for mode in ("performance", "accuracy", "energy")
    }
    for benchmark in ("kws", "ad"):
        write(root, f"closed/acme/results/board/{benchmark}/EEMBC_RUNNER", "")
    assert found(root, "v1.3") == []
    assert {one.rule for one in found(root, "v1.4")} >= {Rule.ROUND_RULE, Rule.CHECKLIST}


def test_an_unknown_benchmark_is_a_warning_in_the_open_division(root: Path) -> None:
    (root / "closed").rename(root / "open")
    (root / "open/acme/results/board/kws").rename(root / "open/acme/results/board/my_kws")
    assert [(o.rule, o.severity) for o in found(root)] == [(Rule.BENCHMARK, Severity.WARNING)]


def test_a_submitter_without_a_session_is_named(root: Path) -> None:
    write(root, "closed/beta/results/README.md")
    write(root, "closed/beta/systems/TinyMLPerf_v1.2_Submission_Checklist.pdf")
    write(root, "closed/beta/code/README.md")
    assert only(root) == (Rule.MODE_FOLDER, Severity.VIOLATION, "closed/beta/results")


def test_every_folder_of_a_division_is_a_submitter_whatever_it_holds(root: Path) -> None:
    write(root, "closed/beta/Results/board/notes.txt")
    rules = {one.rule for one in found(root / "closed") if one.path.startswith("beta")}
    assert {Rule.SUBMITTER_FOLDERS, Rule.MODE_FOLDER} <= rules


def test_nothing_to_audit_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, "holiday/pictures.txt")
    assert only(tmp_path)[0] is Rule.SUBMITTER_FOLDERS
