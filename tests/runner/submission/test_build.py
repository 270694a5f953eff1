"""The tree that is built: complete, the session's own files, the same every time."""

from __future__ import annotations

import filecmp
import hashlib
import json
import shutil
import subprocess
import time
from itertools import product
from pathlib import Path

import pytest
from support.sessions.altered import pointed_to
from support.sessions.submission_trees import IMPLEMENTATION, SYSTEM, copied_tree, write_description
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.score.judge import judge_any
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.describe.system_json import read_system_json
from tinyrunner.runner.terms import Mode

ROUNDS = ("v1.1", "v1.2", "v1.3", "v1.4")
EEMBC, MLCOMMONS = ROUNDS[:2], ROUNDS[2:]


def only_kws(sessions):
    return {place: path for place, path in sessions.items() if place[0] == "kws"}


def names_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("round_name", ROUNDS)
def test_the_tree_has_its_three_folders_and_nothing_else(built_tree, round_name):
    tree = built_tree(round_name)
    assert {path.name for path in tree.iterdir()} == {"closed"}
    assert {path.name for path in (tree / "closed").iterdir()} == {"Acme"}
    root = tree / "closed" / "Acme"
    assert {path.name for path in root.iterdir()} == {"systems", "code", "results", "SHA256SUMS"}
    assert names_in(root / "systems") == {
        f"{SYSTEM}.json",
        f"TinyMLPerf_{round_name}_Submission_Checklist.pdf",
        "Energy-Hookup.pdf",
    }
    assert {path.name for path in (root / "results" / SYSTEM).iterdir()} == set(TASKS)
    assert not any("EEMBC_RUNNER" in name for name in names_in(root))
    assert all(any(folder.iterdir()) for folder in root.rglob("*") if folder.is_dir())


ALWAYS = {"script.async", "session.json", "y_labels.csv"}
ENERGY = {
    "calibration.txt",
    "energy_trace.png",
    *(f"energy_inf_{n:03d}.png" for n in range(5)),
    *(f"trace1-{part}" for part in ("energy.bin", "timestamps.json", "details.json")),
}
BY_MODE = {"performance": {"calibration.txt"}, "accuracy": set(), "energy": ENERGY}


@pytest.mark.parametrize("round_name", EEMBC)
def test_a_round_of_eembcs_dialect_gets_the_sessions_own_files(
    built_tree, demo_sessions, round_name
):
    results = built_tree(round_name) / "closed" / "Acme" / "results" / SYSTEM
    for (key, mode), session in demo_sessions.items():
        folder = results / key / mode.value
        expected = ALWAYS | BY_MODE[mode.value] | {"log.txt", "result.txt", "results.txt"}
        assert names_in(folder) == expected
        for name in expected - {"session.json", "results.txt"}:
            assert filecmp.cmp(folder / name, session / name, shallow=False), name
        assert filecmp.cmp(folder / "result.txt", folder / "results.txt", shallow=False)


@pytest.mark.parametrize("round_name", MLCOMMONS)
def test_a_round_of_mlcommons_dialect_gets_its_files_and_our_journal(
    built_tree, demo_sessions, round_name
):
    results = built_tree(round_name) / "closed" / "Acme" / "results" / SYSTEM
    for (key, mode), session in demo_sessions.items():
        folder = results / key / mode.value
        rendered = {"log.txt", "results.txt", "results.json"}
        assert names_in(folder) == ALWAYS | BY_MODE[mode.value] | rendered | {"journal.txt"}
        assert filecmp.cmp(folder / "journal.txt", session / "log.txt", shallow=False)
        assert "tinyrunner" in (folder / "log.txt").open(encoding="utf-8").readline()


@pytest.mark.parametrize("round_name", ROUNDS)
def test_what_is_built_scores_as_the_session_does(built_tree, demo_sessions, round_name):
    results = built_tree(round_name) / "closed" / "Acme" / "results" / SYSTEM
    for mode in (Mode.PERFORMANCE, Mode.ACCURACY):
        before = judge_any(demo_sessions["kws", mode]).assessment
        after = judge_any(results / "kws" / mode.value).assessment
        assert (before.performance is None) == (after.performance is None)
        if before.performance and after.performance:
            assert after.performance.median_throughput == pytest.approx(
                before.performance.median_throughput, rel=1e-9
            )
        if before.accuracy and after.accuracy:
            assert after.accuracy.top1 == before.accuracy.top1
            assert after.accuracy.auc == before.accuracy.auc


@pytest.mark.parametrize("round_name", ["v1.2", "v1.3"])
def test_every_files_hash_is_recorded(built_tree, round_name):
    root = built_tree(round_name) / "closed" / "Acme"
    lines = (root / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    recorded = dict(reversed(line.split("  ", 1)) for line in lines)
    assert list(recorded) == sorted(recorded)
    assert set(recorded) == names_in(root) - {"SHA256SUMS"}
    for name, digest in recorded.items():
        assert hashlib.sha256((root / name).read_bytes()).hexdigest() == digest, name


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")
def test_sha256sum_agrees_and_sees_a_change(built_tree, tmp_path):
    root = copied_tree(built_tree("v1.2"), tmp_path / "tree")
    command = ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=root, check=False).returncode == 0
    log = root / "results" / SYSTEM / "kws" / "accuracy" / "log.txt"
    log.write_bytes(log.read_bytes() + b" ")
    assert subprocess.run(command, cwd=root, check=False, capture_output=True).returncode == 1


def test_the_system_description_is_as_described(built_tree):
    tree = built_tree("v1.2")
    found = read_system_json(tree / "closed" / "Acme" / "systems" / f"{SYSTEM}.json")
    (system,) = load_description(tree.parent / "described" / "submission.yaml").systems
    assert found.values == system.description
    assert found.values["Inference Framework"] == "TensorFlow Lite – reference kernels"
    assert (found.duplicates, found.missing, found.unknown) == ((), (), ())


def test_the_same_input_gives_the_same_bytes_at_another_time(demo_sessions, tmp_path):
    description = load_description(write_description(tmp_path / "d", only_kws(demo_sessions)))
    first = build(description, tmp_path / "a").root
    time.sleep(1.1)  # a PDF's dates have seconds
    second = build(description, tmp_path / "b").root
    assert names_in(first) == names_in(second)
    different = [
        name
        for name in names_in(first)
        if (first / name).read_bytes() != (second / name).read_bytes()
    ]
    assert different == []


@pytest.mark.parametrize("wanted", ["result.txt", "results.txt"])
def test_one_name_of_the_results_can_be_picked(demo_sessions, tmp_path, wanted):
    description = load_description(write_description(tmp_path / "d", only_kws(demo_sessions)))
    root = build(description, tmp_path / "o", results_name=wanted).root
    folders = list((root / "results" / SYSTEM / "kws").iterdir())
    assert len(folders) == 3
    for folder in folders:
        assert names_in(folder) & {"result.txt", "results.txt"} == {wanted}


@pytest.mark.parametrize(("round_name", "wanted"), [("v1.2", "score.txt"), ("v1.3", "result.txt")])
def test_a_name_that_the_round_has_not_is_refused(demo_sessions, tmp_path, round_name, wanted):
    path = write_description(tmp_path / "d", only_kws(demo_sessions), round_name=round_name)
    with pytest.raises(SetupError, match="--results-name"):
        build(load_description(path), tmp_path / "o", results_name=wanted)
    assert not (tmp_path / "o").exists()


def test_the_home_folder_is_not_published_and_nothing_else_changes(
    demo_sessions, tmp_path, monkeypatch
):
    session = demo_sessions["kws", Mode.ACCURACY]
    text = (session / "session.json").read_text(encoding="utf-8")
    folder = json.loads(text)["provenance"]["dataset"]["folder"]
    home = Path(folder).parents[1]
    monkeypatch.setattr(Path, "home", lambda: home)
    description = load_description(write_description(tmp_path / "d", only_kws(demo_sessions)))
    root = build(description, tmp_path / "o").root
    published = root / "results" / SYSTEM / "kws" / "accuracy" / "session.json"
    assert published.read_text(encoding="utf-8") == text.replace(f"{home}/", "~/")
    readme = root / "code" / "keyword_spotting" / IMPLEMENTATION / "README.md"
    assert str(home) not in readme.read_text(encoding="utf-8")


def test_without_energy_there_is_no_hookup(demo_sessions, tmp_path):
    sessions = {p: s for p, s in only_kws(demo_sessions).items() if p[1] is not Mode.ENERGY}
    built = build(load_description(write_description(tmp_path / "d", sessions)), tmp_path / "o")
    assert "Energy-Hookup.pdf" not in names_in(built.root / "systems")
    assert {path.name for path in (built.root / "results" / SYSTEM / "kws").iterdir()} == {
        "performance",
        "accuracy",
    }


def test_what_a_builder_should_know_is_noted(demo_sessions, tmp_path):
    session = tmp_path / "kws_performance"
    shutil.copytree(demo_sessions["kws", Mode.PERFORMANCE], session)
    (session / "my notes.odt").write_bytes(b"x")
    sessions = {("kws", Mode.PERFORMANCE): session}
    path = write_description(tmp_path / "d", sessions, round_name="v1.1", code=False)
    text = path.read_text(encoding="utf-8").replace("  numerics: INT8", "  numerics: ''")
    path.write_text(text, encoding="utf-8")
    built = build(load_description(path), tmp_path / "o")
    notes = "\n".join(built.notes)
    assert "kws: no accuracy session" in notes
    assert "run for v1.3, judged and built as v1.1" in notes
    assert "left in the session's folder: my notes.odt" in notes
    assert "not answered: numerics" in notes
    assert "no sources" in notes
    assert "my notes.odt" not in {path.name for path in built.root.rglob("*")}


def test_two_systems_stand_side_by_side_and_share_an_implementation(demo_sessions, tmp_path):
    path = write_description(tmp_path / "d", only_kws(demo_sessions))
    text = path.read_text(encoding="utf-8")
    start, end = text.index("  - id:"), text.index("# The submission checklist")
    block = text[start:end]
    other = {
        place: shutil.copytree(folder, tmp_path / f"other_{folder.name}")
        for place, folder in only_kws(demo_sessions).items()
    }
    second = block.replace(f"id: {SYSTEM}", "id: other_board")
    for (_, mode), folder in other.items():
        second = pointed_to(second, mode.value, folder)
    path.write_text(text[:end] + second + text[end:], encoding="utf-8")
    root = build(load_description(path), tmp_path / "o").root
    for system, mode in product((SYSTEM, "other_board"), Mode):
        assert (root / "results" / system / "kws" / mode.value / "log.txt").is_file()
    assert {path.stem for path in (root / "systems").glob("*.json")} == {SYSTEM, "other_board"}
    readme = (root / "code" / "keyword_spotting" / IMPLEMENTATION / "README.md").read_text()
    assert "## other_board/kws/energy" in readme
    assert f"## {SYSTEM}/kws/energy" in readme
