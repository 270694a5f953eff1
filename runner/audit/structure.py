"""Judges a tree by its names: folders, required files, debris, sizes.

Source: the directory structure that the rounds' results repositories describe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..config.rounds import Round
from ..submission.sums import SUMS_NAME
from ..terms import Dialect, Division, Mode
from ..write.mlcommons_session import JOURNAL_NAME
from .evidence.findings import AuditFinding, Rule, violation, warning
from .evidence.tree import (
    LONG_NAMES,
    MAX_DEPTH,
    MAX_ENTRIES,
    NOT_LOOKED_INTO,
    EntryKind,
    Layout,
    ModeFolder,
    Submitter,
    Tree,
    TreeEntry,
)
from .official.rules import MAX_FILE_BYTES, RUNNER_MARK

_NOT_OF_EEMBC = frozenset({"session.json", "results.json", JOURNAL_NAME})

_DEBRIS = re.compile(
    r"\.DS_Store|\._.*|Thumbs\.db|[Dd]esktop\.ini|~\$.*|.*~|.*\.sw[op]|.*\.(?:partial|orig|bak|tmp)"
    r"|__MACOSX|__pycache__|\.ipynb_checkpoints"
)
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?")
_FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f\x7f]')
_CHECKLIST = re.compile(r"(?i).*check[ _-]?list.*\.(?:pdf|docx?|odt|md|txt)")
_HOOKUP = re.compile(r"(?i).*hook[ _-]?up.*\.(?:pdf|png|jpe?g|gif|svg|webp|txt|md|docx?)")
_README = re.compile(r"(?i)readme.*")
_SHOWN = 3


def check_structure(tree: Tree, layout: Layout, round_: Round) -> Iterator[AuditFinding]:
    """Find everything that the names, kinds and sizes of a tree's entries tell."""
    yield from _whole(tree, layout)
    for entry in tree.entries.values():
        yield from _entry(tree, entry)
    for submitter in layout.submitters:
        yield from _submitter(tree, submitter, layout, round_)


def _whole(tree: Tree, layout: Layout) -> Iterator[AuditFinding]:
    for folder in tree.too_deep:
        yield violation(
            Rule.NESTING, _short(folder), "nested too deeply, not looked into",
            f"at most {MAX_DEPTH} folders in one another",
        )  # fmt: skip
    for folder, why in tree.unreadable:
        yield violation(Rule.NESTING, _short(folder), f"cannot be looked into: {why}")
    if tree.cut_off:
        yield violation(
            Rule.NESTING, "", f"more than {MAX_ENTRIES} entries; the rest was not looked at"
        )
    if not layout.submitters:
        yield violation(
            Rule.SUBMITTER_FOLDERS, "", "no submission in it",
            "a session by itself is judged by `tinyrunner score`" if tree.has_file("session.json")
            else "open/ or closed/ with a folder for each organization, or one of these folders",
        )  # fmt: skip
    elif any(
        one.path.startswith(tuple(f"{d.value}/" for d in Division)) for one in layout.submitters
    ):
        for entry in tree.folders(""):
            if entry.name not in {d.value for d in Division} | NOT_LOOKED_INTO:
                yield violation(
                    Rule.DIVISION, entry.path, f"a top folder {entry.name!r}", "open or closed"
                )


def _entry(tree: Tree, entry: TreeEntry) -> Iterator[AuditFinding]:
    name = entry.name
    if entry.kind is EntryKind.LINK:
        yield violation(
            Rule.SYMLINK, entry.path, "a symbolic link (not followed)", "a plain file or folder"
        )
    elif entry.kind is EntryKind.OTHER:
        yield violation(
            Rule.FILE_NAME, entry.path, "neither file nor folder, or a name that is no text",
            "plain files with UTF-8 names",
        )  # fmt: skip
    elif entry.kind is EntryKind.FILE and entry.size > MAX_FILE_BYTES:
        yield violation(
            Rule.FILE_SIZE, entry.path, f"{entry.size / 1e6:.0f} MB",
            f"at most {MAX_FILE_BYTES // 1024**2} MiB",
        )  # fmt: skip
    if _DEBRIS.fullmatch(name):
        yield warning(Rule.DEBRIS, entry.path, "left behind by a system or an editor", "remove it")
    elif name.startswith(".") and "/" in entry.path:
        yield warning(Rule.FILE_NAME, entry.path, "a name with a leading dot", "a visible name")
    elif " " in name:
        yield warning(Rule.FILE_NAME, entry.path, "a name with a space", "a name without")
    elif _FORBIDDEN.search(name) or _RESERVED.fullmatch(name) or name.endswith("."):
        yield warning(
            Rule.FILE_NAME, entry.path, "a name that Windows cannot hold", "a portable name"
        )
    if (
        entry.kind is EntryKind.FOLDER
        and tree.children.get(entry.path) == []
        and not any(entry.path == folder for folder, _ in tree.unreadable)
    ):
        yield violation(Rule.EMPTY_FOLDER, entry.path, "an empty folder", "remove or fill it")


def _submitter(
    tree: Tree, submitter: Submitter, layout: Layout, round_: Round
) -> Iterator[AuditFinding]:
    for name in ("systems", "code", "results"):
        if submitter.inside(name) not in {e.path for e in tree.folders(submitter.path)}:
            yield violation(
                Rule.SUBMITTER_FOLDERS, submitter.path, f"no folder {name}",
                "systems, code and results",
            )  # fmt: skip
    known = {"systems", "code", "results", SUMS_NAME, "LICENSE", "model_mapping.json"}
    for entry in tree.children.get(submitter.path, ()):
        if entry.name not in known and not _README.fullmatch(entry.name):
            yield from _unexpected(entry, "systems, code, results and a README")
    sessions = [one for one in layout.sessions if one.submitter == submitter]
    if not sessions:
        yield violation(
            Rule.MODE_FOLDER, submitter.inside("results"), "no session in it",
            "results/<system>/<benchmark>/<mode>",
        )  # fmt: skip
    yield from _systems_folder(tree, submitter, sessions, round_)
    yield from _results(tree, submitter, sessions, round_)
    yield from _code(tree, submitter, sessions)


def _unexpected(entry: TreeEntry, expected: str) -> Iterator[AuditFinding]:
    if not _DEBRIS.fullmatch(entry.name) and entry.kind is not EntryKind.LINK:
        yield warning(Rule.UNEXPECTED, entry.path, f"a {entry.kind.value} of no use here", expected)


def _systems_folder(
    tree: Tree, submitter: Submitter, sessions: list[ModeFolder], round_: Round
) -> Iterator[AuditFinding]:
    folder = submitter.inside("systems")
    # Some rounds' submitters made a folder of each system.
    files = [entry for entry in tree.under(folder) if entry.kind is EntryKind.FILE]
    names = [entry.name for entry in files]
    for entry in files:
        for rule, pattern in ((Rule.CHECKLIST, _CHECKLIST), (Rule.HOOKUP, _HOOKUP)):
            if not entry.size and pattern.fullmatch(entry.name):
                yield violation(rule, entry.path, "an empty file", "its content")
    if "checklist" in round_.asks and not any(name in names for name in round_.checklists):
        others = [
            name for name in names if _CHECKLIST.fullmatch(name) and not _DEBRIS.fullmatch(name)
        ]
        report = warning if others else violation
        found = f"the checklist is called {others[0]}" if others else "no submission checklist"
        yield report(Rule.CHECKLIST, folder, found, round_.checklists[0])
    energy = any(one.mode is Mode.ENERGY for one in sessions)
    if (
        "hookup" in round_.asks
        and energy
        and not any(_HOOKUP.fullmatch(name) and not _DEBRIS.fullmatch(name) for name in names)
    ):
        yield violation(
            Rule.HOOKUP, folder, "energy results without a picture or text of the hook-up",
            "Energy-Hookup.pdf",
        )  # fmt: skip


def _results(
    tree: Tree, submitter: Submitter, sessions: list[ModeFolder], round_: Round
) -> Iterator[AuditFinding]:
    by_benchmark: dict[str, list[ModeFolder]] = {}
    for one in sessions:
        by_benchmark.setdefault(one.path.rpartition("/")[0], []).append(one)
    for system in tree.folders(submitter.inside("results")):
        if not any(path.startswith(f"{system.path}/") for path in by_benchmark):
            yield violation(
                Rule.MODE_FOLDER, system.path, "no results in it",
                "<benchmark>/performance and <benchmark>/accuracy",
            )  # fmt: skip
        for benchmark in tree.folders(system.path):
            below = [
                p for p in by_benchmark if p == benchmark.path or p.startswith(f"{benchmark.path}/")
            ]
            if not below and tree.children.get(benchmark.path):
                by_benchmark[benchmark.path] = []
    yield from _without_base(sessions)
    for path, modes in sorted(by_benchmark.items()):
        yield from _benchmark(tree, path, modes, submitter, round_)


def _without_base(sessions: list[ModeFolder]) -> Iterator[AuditFinding]:
    """Find each task that has to stand beside another of the same system, and does not."""
    have = {(one.system, one.task_key) for one in sessions}
    alone: dict[str, str] = {}
    for one in sessions:
        base = None if one.task is None else one.task.base
        if base is not None and (one.system, base.key) not in have:
            alone[one.path.rpartition("/")[0]] = base.key
    for path, key in alone.items():
        name = path.rpartition("/")[2]
        yield violation(
            Rule.ROUND_RULE, path, f"{name} without {key} of the same system",
            f"results of {key} beside it, for {name} is the larger of two",
        )  # fmt: skip


def _benchmark(
    tree: Tree, path: str, modes: list[ModeFolder], submitter: Submitter, round_: Round
) -> Iterator[AuditFinding]:
    name = modes[0].benchmark if modes else path.rpartition("/")[2]
    key = modes[0].task_key if modes else LONG_NAMES.get(name, name)
    if modes and modes[0].implementation:
        between = modes[0].implementation
        yield warning(
            Rule.UNEXPECTED, path, f"a level between benchmark and mode, {between!r}",
            f"{path.removesuffix(f'/{between}')}/<mode>",
        )  # fmt: skip
    known = round_.benchmarks
    if name not in known:
        report = warning if submitter.division is Division.OPEN else violation
        expected = key if key in known else f"one of {', '.join(known)} in {round_.name}"
        yield report(Rule.BENCHMARK, path, f"a benchmark called {name!r}", expected)
    have = {one.mode for one in modes}
    if key == "sww":
        if not have & {Mode.ENERGY, Mode.PERFORMANCE}:
            yield violation(Rule.MODE_FOLDER, path, "neither energy nor performance", "one of them")
    else:
        for mode in (Mode.PERFORMANCE, Mode.ACCURACY):
            if mode not in have:
                yield violation(
                    Rule.MODE_FOLDER, path, f"no folder {mode.value}", "performance and accuracy"
                )
    misnamed = {one.name: one.mode.value for one in modes if one.name != one.mode.value}
    for called, mode_name in misnamed.items():
        yield violation(
            Rule.MODE_FOLDER, f"{path}/{called}", f"a session of {mode_name} in {called!r}",
            mode_name,
        )  # fmt: skip
    eembc = tree.has_file(f"{path}/{RUNNER_MARK}")
    if eembc and round_.name != "v1.3":
        yield violation(
            Rule.ROUND_RULE, f"{path}/{RUNNER_MARK}", "marked as measured with EEMBC's runner",
            f"no such mark in {round_.name}: only v1.3 knows it",
        )  # fmt: skip
    others = {name for one in modes for name in one.files} & _NOT_OF_EEMBC
    if eembc and others:
        yield violation(
            Rule.ROUND_RULE,
            f"{path}/{RUNNER_MARK}",
            f"marked as measured with EEMBC's runner, which leaves no {min(others)}",
            "no such mark: it would pass for another runner's output",
        )
    for entry in tree.children.get(path, ()):
        if entry.name not in {*(mode.value for mode in Mode), RUNNER_MARK, *misnamed}:
            yield from _unexpected(entry, "the folders performance, accuracy and energy")
    for one in modes:
        if one.scored:
            yield from _mode_folder(tree, one, round_, eembc=eembc)


def _mode_folder(
    tree: Tree, one: ModeFolder, round_: Round, *, eembc: bool
) -> Iterator[AuditFinding]:
    ours = {name.replace("{mode}", one.mode.value) for name in round_.result_files}
    theirs = {name.replace("{mode}", one.mode.value) for name in round_.session_files}
    if not one.results and "results" in round_.asks:
        wanted = " or ".join(sorted({*ours, "results.txt"}))
        yield violation(Rule.REQUIRED_FILE, one.path, "no results file", wanted)
    eembc = eembc or round_.dialect is Dialect.EEMBC
    present = {"log.txt": one.log, "script.async": one.script}
    wanted_files = ["log.txt", "script.async" if eembc else "results.json"]
    if one.streaming is not None and one.mode is Mode.ENERGY:
        wanted_files.pop()  # its samples are some 30 MB, and the rules do not ask for them
    for name in wanted_files:
        called = present.get(name, name if name in one.files else None)
        if called is None:
            yield violation(Rule.REQUIRED_FILE, one.path, f"no {name}", name)
        elif called not in (name, *theirs):
            yield warning(Rule.FILE_NAME, f"{one.path}/{called}", f"called {called}", name)
    for name in one.results:
        if name not in ("results.txt", "result.txt", *ours):
            yield warning(Rule.FILE_NAME, f"{one.path}/{name}", f"called {name}", "results.txt")
    for name in one.files:
        if tree.entries[f"{one.path}/{name}"].size == 0:
            yield violation(
                Rule.REQUIRED_FILE, f"{one.path}/{name}", "an empty file", "its content"
            )
    for entry in tree.folders(one.path):
        yield from _unexpected(entry, "files only")


def _code(tree: Tree, submitter: Submitter, sessions: list[ModeFolder]) -> Iterator[AuditFinding]:
    folder = submitter.inside("code")
    benchmarks = {
        LONG_NAMES.get(entry.name, entry.name): entry.path for entry in tree.folders(folder)
    }
    for key in sorted({one.task_key for one in sessions if one.scored}):
        if not benchmarks:
            break
        path = benchmarks.get(key)
        if path is None:
            # Published trees also share one folder between benchmarks.
            yield warning(
                Rule.CODE,
                folder,
                f"no folder for {key}",
                f"code/{_reference_name(key)}/<implementation>",
            )
        elif not any(_README.fullmatch(entry.name) for entry in tree.under(path)):
            yield violation(
                Rule.CODE, path, "no README that says how to reproduce the results", "README.md"
            )


def _reference_name(key: str) -> str:
    return next((name for name, short in LONG_NAMES.items() if short == key), key)


def _short(path: str) -> str:
    """Shorten a path that may be thousands of characters long to what a person wants to see."""
    return path if len(path) <= 200 else f"{path[:197]}…"
