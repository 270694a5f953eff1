"""Reading a tree that nobody vouches for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.reference import reference_path
from support.sessions.nested_folders import nested_folders
from tinyrunner.runner.audit.evidence import tree as tree_module
from tinyrunner.runner.audit.evidence.tree import EntryKind, find_layout, read_tree
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.terms import Division, Mode


def make(root: Path, *files: str) -> Path:
    for file in files:
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    return root


SESSION = ("accuracy/results.txt", "accuracy/log.txt", "performance/results.txt")
BOARD = [f"results/board/kws/{name}" for name in SESSION] + ["systems/board.json", "code/x"]


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        ("", (Division.CLOSED, "root", "")),
        ("acme/", (Division.CLOSED, "acme", "acme")),
        ("open/acme/", (Division.OPEN, "acme", "open/acme")),
    ],
)
def test_a_submitter_a_division_and_a_repository_are_told_apart(
    tmp_path: Path, top: str, expected: tuple[Division, str, str]
) -> None:
    root = make(tmp_path / "root", *(f"{top}{file}" for file in BOARD))
    layout = find_layout(read_tree(root))
    (submitter,) = layout.submitters
    assert (submitter.division, submitter.name, submitter.path) == expected
    assert [(s.system, s.benchmark, s.mode) for s in layout.sessions] == [
        ("board", "kws", Mode.ACCURACY),
        ("board", "kws", Mode.PERFORMANCE),
    ]


def test_the_division_of_a_lone_submitter_is_the_name_of_the_folder_above(tmp_path: Path) -> None:
    root = make(tmp_path / "open" / "acme", *BOARD)
    (submitter,) = find_layout(read_tree(root)).submitters
    assert (submitter.division, submitter.name) == (Division.OPEN, "acme")


def test_long_benchmark_names_and_a_level_of_implementations_are_read(tmp_path: Path) -> None:
    make(
        tmp_path, "systems/b.json", "results/tvm/b/anomaly_detection/accuracy/accuracy_results.txt"
    )
    (session,) = find_layout(read_tree(tmp_path)).sessions
    assert (session.system, session.benchmark, session.task_key) == ("b", "anomaly_detection", "ad")
    assert session.results == ("accuracy_results.txt",)
    assert session.log is None


def sessions_of(root: Path, *files: str) -> list[tuple[str, str, str, Mode]]:
    make(root, "systems/b.json", *files)
    layout = find_layout(read_tree(root))
    return [(one.system, one.benchmark, one.implementation, one.mode) for one in layout.sessions]


def test_an_implementation_below_the_benchmark_leaves_it_its_name(tmp_path: Path) -> None:
    found = sessions_of(
        tmp_path, "results/b/ic/RN07/accuracy/log.txt", "results/b/ic/a/b/performance/log.txt"
    )
    assert found == [
        ("b", "ic", "RN07", Mode.ACCURACY),
        ("b", "ic", "a/b", Mode.PERFORMANCE),
    ]


@pytest.mark.parametrize(
    ("folder", "log", "task"),
    [
        ("ic_fp32", "00001.000 dut: m-model-[ic01]", "ic"),
        ("RN07", "00001.000 io: [dut]: m-model-[vww01]", "vww"),
        ("RN07", "00001.000 parser: m-bm-cfg-name[u]-key[model]-val[kws01]", "kws"),
        ("finn", "0726.010109 ulp-mlperf: Device model retrieved: ad01", "ad"),
        ("ad_hoc", "00001.000 dut: m-model-[kws01]", "kws"),
        ("kws-int8", "", "kws"),
        ("image_classification.v2", "", "ic"),
        ("ic2_int8", "", "ic2"),
        ("icy", "", "icy"),
        ("kws", "00001.000 dut: m-model-[ic01]", "kws"),
    ],
)
def test_an_implementation_in_the_benchmarks_place_is_of_the_task_that_its_log_tells(
    folder: str, log: str, task: str, tmp_path: Path
) -> None:
    path = make(tmp_path, f"results/b/{folder}/accuracy/log.txt")
    (path / "results" / "b" / folder / "accuracy" / "log.txt").write_text(f"{log}\n")
    make(tmp_path, "systems/b.json")
    (session,) = find_layout(read_tree(tmp_path)).sessions
    assert (session.system, session.benchmark, session.task_key) == ("b", folder, task)


CONTENTS = {
    "results.txt": ("Median energy cost is 1.0 uJ/inf.", Mode.ENERGY),
    "enegy_results.txt": ("Energy data for trial 0", Mode.ENERGY),
    "trace1-energy.bin": ("", Mode.ENERGY),
    "energy_inf_000.png": ("", Mode.ENERGY),
    "accuracy_log.txt": (
        "00001.000 parser: m-bm-cfg-name[u]-key[runMode]-val[multi]",
        Mode.ACCURACY,
    ),
    "result.txt": ("0726.010109 ulp-mlperf: Top 1% = 90.2", Mode.ACCURACY),
    "log.txt": ("00001.000 parser: m-bm-cfg-name[u]-key[runMode]-val[bmark]", Mode.PERFORMANCE),
    "performance_results.txt": ("Median throughput is 1.0 inf./sec.", Mode.PERFORMANCE),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_a_misnamed_mode_folder_is_told_by_what_lies_in_it(name: str, tmp_path: Path) -> None:
    text, mode = CONTENTS[name]
    folder = tmp_path / "results" / "b" / "ic" / "power"
    folder.mkdir(parents=True)
    (folder / "log.txt").write_text("", encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    assert sessions_of(tmp_path) == [("b", "ic", "", mode)]


@pytest.mark.parametrize("other", ["energy", "notes"])
def test_a_second_session_of_a_mode_and_a_folder_of_notes_are_none(
    other: str, tmp_path: Path
) -> None:
    text = "" if other == "notes" else "Median energy cost is 1.0 uJ/inf."
    for name in ("old", other):
        folder = tmp_path / "results" / "b" / "ic" / name
        folder.mkdir(parents=True)
        (folder / "results.txt").write_text(text, encoding="utf-8")
    found = sessions_of(tmp_path)
    assert found == ([] if other == "notes" else [("b", "ic", "", Mode.ENERGY)])


def test_every_published_session_is_found() -> None:
    layout = find_layout(read_tree(reference_path("published")))
    assert layout.submitters == ()  # rounds stand above the divisions there
    found = [
        session.path
        for round_name in ("v1.1", "v1.2", "v1.3")
        for session in find_layout(read_tree(reference_path("published", round_name))).sessions
    ]
    assert len(found) == 14


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_seen_and_never_followed(tmp_path: Path) -> None:
    outside = make(tmp_path / "outside", "secret.txt")
    root = make(tmp_path / "root", *BOARD)
    (root / "results" / "away").symlink_to(outside, target_is_directory=True)
    (root / "results" / "loop").symlink_to(root, target_is_directory=True)
    (root / "systems" / "file.json").symlink_to(outside / "secret.txt")
    tree = read_tree(root)
    links = {entry.path for entry in tree.entries.values() if entry.kind is EntryKind.LINK}
    assert links == {"results/away", "results/loop", "systems/file.json"}
    assert not any("secret" in path for path in tree.entries)


@pytest.mark.skipif(sys.platform == "win32", reason="paths that long need a prefix there")
def test_three_thousand_nested_folders_are_not_looked_into(tmp_path: Path) -> None:
    root = make(tmp_path / "root", *BOARD)
    with nested_folders(root, 3_000):
        tree = read_tree(root)
    assert tree.too_deep == ["/".join("d" * tree_module.MAX_DEPTH)]
    assert len(tree.entries) < 100


def test_a_tree_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "MAX_ENTRIES", 50)
    make(tmp_path, *(f"f{number // 10}/{number}" for number in range(200)))
    tree = read_tree(tmp_path)
    assert tree.cut_off
    assert len(tree.entries) <= 100


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    make(tmp_path, "file")
    with pytest.raises(SetupError, match="not a folder"):
        read_tree(tmp_path / "file")
    with pytest.raises(SetupError, match="cannot look into"):
        read_tree(tmp_path / "nothing")
    with pytest.raises(KeyError):
        read_tree(tmp_path).locate("../elsewhere")
