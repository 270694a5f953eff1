"""Trees that are meant to hurt: a finding, status 3, bounded memory, nothing outside touched.

Every one is given to the real command line in a process of its own, which also reports its peak
memory and each file that it opened; it may take a minute.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from support.benches.forked import CommandLines, command_lines
from support.sessions.audited import judged, judged_once
from support.sessions.nested_folders import nested_folders
from support.sessions.tree_mutations import SYSTEM_JSON, SpoiltTree, linked_copy
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import Level
from tinyrunner.runner.commands.show.audit import show_audit

__all__ = ["judged", "judged_once"]

pytest.importorskip("resource")
MEMORY_BYTES = 300_000_000
TIME_S = 60.0
SENTINEL = "xyzzy-sentinel-outside"

Change = Callable[[SpoiltTree, Path], object]


@dataclass(frozen=True)
class Told:
    """What a run of `submission verify --json` ended with."""

    status: int | None
    peak_bytes: int
    opened: list[str]
    text: str
    findings: list[dict[str, object]]


@pytest.fixture(scope="module")
def program() -> Iterator[CommandLines]:
    with command_lines(TIME_S) as lines:
        yield lines


def verify(program: CommandLines, spoilt: SpoiltTree, tmp_path: Path, round_name: str) -> Told:
    command = ["submission", "verify", spoilt.root, "--round", round_name, "--json"]
    ended = program.run(*command, cwd=tmp_path)
    assert ended.status is not None, ended.err[-3000:]
    assert "Traceback" not in ended.err, ended.err[-3000:]
    findings = json.loads(ended.out)["findings"]
    return Told(ended.status, ended.peak_bytes, ended.opened, ended.out, findings)


def seen(folder: Path) -> list[tuple[str, int, int]]:
    """Everything in a folder as it is now, the links as links; only its top of what is deep."""
    found = []
    for here, folders, files in os.walk(folder):
        if here.count(os.sep) - str(folder).count(os.sep) > 20:
            folders.clear()
        for name in (*folders, *files):
            state = os.lstat(os.path.join(here, name))
            found.append((os.path.join(here, name), state.st_size, state.st_mtime_ns))
    return sorted(found)


KWS = "kws/performance"
LOG, PRINTED = f"{KWS}/log.txt", f"{KWS}/results.txt"
HUGE = "9" * 5000


def grown(name: str, size: int) -> Change:
    """A sparse end of zeros: one line without an end."""

    def change(tree: SpoiltTree, _outside: Path) -> None:
        tree.write(name, tree.at(name).read_bytes())
        with tree.at(name).open("r+b") as file:
            file.truncate(size)

    return change


def text(name: str, content: str | bytes) -> Change:
    data = content if isinstance(content, bytes) else content.encode()
    return lambda tree, _outside: tree.write(name, data)


def put_in(name: str, old: str, new: str, count: int = 1) -> Change:
    return lambda tree, _outside: tree.edit(name, lambda found: found.replace(old, new, count))


def link(name: str, target: str) -> Change:
    def change(tree: SpoiltTree, outside: Path) -> None:
        path = tree.at(name)
        if path.is_dir():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(outside / target)

    return change


def all_texts(data: bytes) -> Change:
    """The same bytes in every text of the tree."""

    def change(tree: SpoiltTree, _outside: Path) -> None:
        for path in sorted(tree.folder.rglob("*")):
            if path.suffix in (".txt", ".json", ".async", ".csv", ".md"):
                tree.write(path.relative_to(tree.folder).as_posix(), data)

    return change


def together(*changes: Change) -> Change:
    def change(tree: SpoiltTree, outside: Path) -> None:
        for one in changes:
            one(tree, outside)

    return change


def odd_names(tree: SpoiltTree, _outside: Path) -> None:
    for name in (
        "line\nbreak.txt", "bell\a.txt", "\x1b[31mred.txt", "gpj.\u202etxt", "<script>alert(1)<",
        "x" * 200, "con", "aux.txt", "nul", "trailing.", "100%s{0}$HOME`id`", "[bold]x[/]",
    ):  # fmt: skip
        tree.write(f"code/{name}", b"x")
        (tree.folder / "results" / name.replace("/", "") / "kws" / "accuracy").mkdir(parents=True)
    (tree.folder / "code" / os.fsdecode(b"\xff\xfe.txt")).write_bytes(b"x")


def special_files(tree: SpoiltTree, _outside: Path) -> None:
    for name in ("kws/accuracy/log.txt", "kws/accuracy/y_labels.csv", SYSTEM_JSON, "SHA256SUMS"):
        tree.at(name).unlink(missing_ok=True)
        os.mkfifo(tree.at(name))


def folders_for_files(tree: SpoiltTree, _outside: Path) -> None:
    for name in (
        LOG,
        PRINTED,
        SYSTEM_JSON,
        f"{KWS}/session.json",
        "SHA256SUMS",
        f"{KWS}/EEMBC_RUNNER",
    ):
        tree.at(name).unlink(missing_ok=True)
        tree.at(name).mkdir()


def many_labels(tree: SpoiltTree, _outside: Path) -> None:
    rows = b"".join(b"tst_%06d.bin,12,1\n" % number for number in range(1_000_000))
    tree.write("kws/accuracy/y_labels.csv", rows)


def many_lines(tree: SpoiltTree, _outside: Path) -> None:
    tree.write("SHA256SUMS", b"nonsense\n" * 500_000)


def empty_files(tree: SpoiltTree, _outside: Path) -> None:
    for path in sorted(tree.folder.rglob("*")):
        if path.is_file():
            tree.write(path.relative_to(tree.folder).as_posix(), b"")


UP = "../../../../../../../outside/secret.bin"
ESCAPES = together(
    put_in(LOG, "demo_000000_On_5.bin", UP, 9),
    put_in(f"{KWS}/script.async", "demo_000000_On_5.bin", UP),
    put_in("kws/accuracy/y_labels.csv", "demo_000000_On_5.bin", UP),
    put_in(f"{KWS}/session.json", "demo-datasets/kws01", UP, 2),
    put_in("kws/energy/log.txt", "trace1-energy.bin", UP),
    text(
        "SHA256SUMS",
        f"{'0' * 64}  ../../../outside/secret.bin\n{'0' * 64}  {'../' * 40}etc/passwd\n",
    ),
)
NUMBERS = ("nan", "inf", "1e999", "-1e999", HUGE)


@dataclass(frozen=True)
class Hostile:
    name: str
    change: Change
    named: str
    """What one finding's file ends with."""
    round: str = "v1.2"


HOSTILE = [
    Hostile("a line of 300 MB", grown(LOG, 300_000_000), "performance/log.txt"),
    Hostile("300 MB of a script", grown(f"{KWS}/script.async", 300_000_000), "script.async"),
    Hostile("300 MB of results", grown(PRINTED, 300_000_000), "results.txt"),
    Hostile("300 MB of session.json", grown(f"{KWS}/session.json", 300_000_000), "session.json"),
    Hostile("300 MB of a description", grown(SYSTEM_JSON, 300_000_000), "board.json"),
    Hostile(
        "300 MB of hashes",
        lambda tree, o: (
            tree.write("SHA256SUMS", b"0"),
            os.truncate(tree.at("SHA256SUMS"), 300_000_000),
        ),
        "SHA256SUMS",
    ),
    Hostile(
        "300 MB of edges",
        grown("kws/energy/trace1-timestamps.json", 300_000_000),
        "timestamps.json",
    ),
    Hostile(
        "a trace of 10 GB", grown("kws/energy/trace1-energy.bin", 10_000_000_000), "energy.bin"
    ),
    Hostile(
        "300 MB of results.json", grown(f"{KWS}/results.json", 300_000_000), "results.json", "v1.3"
    ),
    Hostile("300 MB of a journal", grown(f"{KWS}/journal.txt", 300_000_000), "journal.txt", "v1.3"),
    Hostile("300 MB of a rendered log", grown(LOG, 300_000_000), "performance/log.txt", "v1.3"),
    Hostile("a million labels", many_labels, "y_labels.csv"),
    Hostile("half a million wrong hashes", many_lines, "SHA256SUMS"),
    Hostile(
        "linked files",
        together(
            link(LOG, "fifo"),
            link(SYSTEM_JSON, "secret.json"),
            link("kws/accuracy/y_labels.csv", "fifo"),
            link("SHA256SUMS", "fifo"),
            link("kws/energy/trace1-energy.bin", "secret.json"),
        ),
        "performance/log.txt",
    ),
    Hostile(
        "linked folders",
        together(link("kws/accuracy", ""), link("code", ""), link("systems/more", "")),
        "kws/accuracy",
    ),
    Hostile(
        "a linked results.json", link(f"{KWS}/results.json", "secret.json"), "results.json", "v1.3"
    ),
    Hostile("a linked submitter", link("../Other", ""), "Other"),
    Hostile("names that lead out", ESCAPES, "SHA256SUMS"),
    Hostile(
        "names that lead out, in results.json",
        put_in(f"{KWS}/results.json", "demo_000000_On_5.bin", UP),
        "performance/log.txt",
        "v1.3",
    ),
    Hostile("special files", special_files, "accuracy/log.txt"),
    Hostile("folders called as files", folders_for_files, "performance"),
    Hostile("empty files", empty_files, "performance/log.txt"),
    Hostile("odd names", odd_names, "kws/accuracy"),
    Hostile(
        "bytes that are no text", all_texts(b"\xff\xfe\x80{\xc3\x28" * 3000), "performance/log.txt"
    ),
    Hostile("zeros", all_texts(bytes(100_000)), "performance/log.txt"),
    Hostile("nested brackets", all_texts(b"[" * 100_000), "board.json"),
    Hostile("nested objects", all_texts(b'{"a":' * 100_000), "board.json"),
    Hostile(
        "nested brackets in v1.3",
        text(f"{KWS}/results.json", b"[" * 100_000),
        "results.json",
        "v1.3",
    ),
    Hostile("an empty object everywhere", all_texts(b"{}"), "board.json"),
    Hostile("results.json of nothing", text(f"{KWS}/results.json", b"[]"), "results.json", "v1.3"),
    Hostile("a number everywhere", all_texts(HUGE.encode()), "board.json"),
    *(
        Hostile(
            f"{number[:6]} for numbers",
            together(
                put_in(LOG, "m-lap-us-2134722", f"m-lap-us-{number}"),
                put_in(LOG, "m-results-[0.000", f"m-results-[{number}"),
                put_in(LOG, "m-infer-start-525", f"m-infer-start-{number}"),
                put_in(LOG, "total_ms[59200]", f"total_ms[{number}]"),
                put_in("kws/accuracy/log.txt", "m-results-[0.000", f"m-results-[{number}"),
                put_in("kws/accuracy/y_labels.csv", ",12,", f",{number},"),
                put_in(PRINTED, "10.502", number),
                put_in(PRINTED, "is 49.992", f"is {number}"),
                put_in("kws/accuracy/results.txt", "95.8", number),
                put_in("kws/energy/results.txt", "at time 2", f"at time {number}"),
                put_in("kws/energy/trace1-timestamps.json", "[", f"[{number}, "),
                put_in(f"{KWS}/script.async", "7840", number),
                put_in(f"{KWS}/session.json", '"iterations": 525', f'"iterations": {number}', 99),
                put_in(f"{KWS}/session.json", '"elapsed_s": 10', f'"elapsed_s": {number}', 99),
            ),
            "results.txt",
        )
        for number in NUMBERS
    ),
    *(
        Hostile(
            f"{number[:6]} for numbers in results.json",
            put_in(f"{KWS}/results.json", old, f"{old.partition(':')[0]}: {number}"),
            "results.json",
            "v1.3",
        )
        for number, old in (
            ("NaN", '"elapsed_time": 10501562'),
            ("1e999", '"iterations": 525'),
            (HUGE, '"start_time": 2134722'),
            (
                "[Infinity]",
                '"results": [0.0, 0.0, 0.0, 0.0, 0.0, 0.996, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]',
            ),
        )
    ),
]


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the tree that nobody may look into."""
    folder = tmp_path / "outside"
    (folder / "performance").mkdir(parents=True)
    for name in ("secret.json", "secret.bin", "log.txt", "results.txt", "performance/log.txt"):
        (folder / name).write_text(f'{{"Submitter": "{SENTINEL}"}}\n', encoding="utf-8")
    os.mkfifo(folder / "fifo")  # whoever opens it hangs
    return folder


def check(
    program: CommandLines, hostile: Hostile, tree: Path, outside: Path, tmp_path: Path
) -> None:
    spoilt = linked_copy(tree, tmp_path / "tree")
    hostile.change(spoilt, outside)
    before = seen(tmp_path)
    told = verify(program, spoilt, tmp_path, hostile.round)
    assert told.status == 3, told.text[:500]
    assert told.peak_bytes < MEMORY_BYTES
    files = sorted(
        str(f["file"])
        for f in told.findings
        if f["severity"] == "violation"
        and not str(f["found"]).startswith(("synthetic", "simulated"))
    )
    assert any(file.endswith(hostile.named) for file in files), files
    assert SENTINEL not in told.text
    assert not [path for path in told.opened if path.startswith(str(outside))]
    assert not any("/etc/passwd" in path for path in told.opened)
    assert seen(tmp_path) == before


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda hostile: hostile.name)
def test_a_hostile_tree_is_found_out_in_bounded_memory(
    hostile, program, built_tree, outside, tmp_path
):
    check(program, hostile, built_tree(hostile.round), outside, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", [LOG, f"{KWS}/script.async", PRINTED])
def test_a_line_of_two_gigabytes_is_found_out_in_bounded_memory(
    name, program, built_tree, outside, tmp_path
):
    hostile = Hostile("2 GB", grown(name, 2_000_000_000), name.rpartition("/")[2])
    check(program, hostile, built_tree("v1.2"), outside, tmp_path)


@pytest.fixture
def nested(built_tree, tmp_path: Path) -> Iterator[SpoiltTree]:
    """A tree with 3,000 folders in one another: no path to the last one can be named."""
    spoilt = linked_copy(built_tree("v1.2"), tmp_path / "tree")
    with nested_folders(spoilt.at(KWS), 3_000):
        yield spoilt


def test_three_thousand_nested_folders_are_a_finding(program, nested, tmp_path):
    told = verify(program, nested, tmp_path, "v1.2")
    assert told.status == 3, told.text[:500]
    assert told.peak_bytes < MEMORY_BYTES
    (found,) = [f for f in told.findings if f["rule"] == "nesting"]
    assert "performance/d/d" in str(found["file"])


def test_odd_names_move_no_cursor_on_a_terminal(built_tree, tmp_path):
    spoilt = linked_copy(built_tree("v1.2"), tmp_path / "tree")
    odd_names(spoilt, tmp_path)
    console = Console(file=io.StringIO(), width=120)
    show_audit(console, audit(spoilt.root), Level.SUBMITTABLE)
    text = console.file.getvalue()
    assert "red.txt" in text
    assert not [one for one in text if not one.isprintable() and one != "\n"]


PATCHED = [
    ("v1.2", name)
    for name in (
        LOG, PRINTED, f"{KWS}/script.async", f"{KWS}/session.json", "kws/accuracy/log.txt",
        "kws/accuracy/y_labels.csv", "kws/energy/trace1-energy.bin", "kws/energy/log.txt",
        "kws/energy/trace1-timestamps.json", "kws/energy/trace1-details.json", SYSTEM_JSON,
    )
] + [
    ("v1.3", f"{KWS}/{name}") for name in ("log.txt", "results.json", "results.txt", "journal.txt")
]  # fmt: skip


@pytest.fixture(scope="module")
def to_patch(built_tree, tmp_path_factory) -> Callable[[str], SpoiltTree]:
    """A tree of each round for all the examples; what is patched is put back."""
    made: dict[str, SpoiltTree] = {}

    def tree(round_name: str) -> SpoiltTree:
        if round_name not in made:
            target = tmp_path_factory.mktemp("patched") / round_name
            made[round_name] = linked_copy(built_tree(round_name), target)
        return made[round_name]

    return tree


@settings(
    max_examples=50,
    # What `judged_once` keeps is meant to last.
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    where=st.sampled_from(PATCHED),
    place=st.floats(0, 1),
    patch=st.binary(min_size=1, max_size=40)
    | st.sampled_from([b"\n", b"[", b"}", b"\0", b"-1", b'"']),
    over=st.booleans(),
)
def test_random_bytes_in_any_file_never_raise(to_patch, judged_once, where, place, patch, over):
    round_name, name = where
    tree = to_patch(round_name)
    good = tree.at(name).read_bytes()
    at = int(place * len(good))
    try:
        tree.write(name, good[:at] + patch + good[at + (len(patch) if over else 0) :])
        audit(tree.root, round_name=round_name)
    finally:
        tree.write(name, good)
