"""Says what MLCommons' `submission_checker.py` would say of a tree: its rules, stated anew.

It looks at far less than this package's own audit does, and passes many a broken tree; it is
what a submission is measured by all the same. A result or none for each benchmark decides: it
"looks OK" where no folder is listed without a result, an empty tree included. It is taken to
run at the repository's root, with nothing there but what is audited.

Two differences, both on the strict side: a symbolic link always fails its submitter here (the
original does not notice one that leads to a folder, and follows it), and after a traceback the
rest is looked at too, so that all that it stumbles over is told at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ...config.rounds import Round
from ...submission.describe.system_template import STATUSES
from ...terms import Division
from ..evidence.audit_result import OfficialReport
from ..evidence.findings import AuditFinding, Rule, violation, warning
from ..evidence.tree import MAPPING_NAME, NOT_LOOKED_INTO, EntryKind, Submitter, Tree, TreeEntry
from . import rules
from .benchmark import Benchmark, judge
from .rules import Checker, checker_of
from .summary_csv import as_written, write_summary_csv
from .text import TooLarge, Unreadable, WouldCrash, read_json

__all__ = ["official_report", "write_summary_csv"]

_MOST_NAMED = 20
"""How many paths are named for one rule of one submitter; then their number."""

_RULE = Rule.OFFICIAL_CHECKER


@dataclass(slots=True)
class _Report:
    tree: Tree
    checker: Checker
    messages: list[AuditFinding] = field(default_factory=list)
    rows: list[Mapping[str, object]] = field(default_factory=list)
    failed: bool = False
    crashed: str | None = None

    def fail(self, path: str, found: str, expected: str = "") -> None:
        self.failed = True
        self.messages.append(violation(_RULE, path, found, expected))

    def crash(self, stumble: WouldCrash) -> None:
        text = f"it ends in a traceback here: {stumble.why}"
        self.messages.append(violation(_RULE, stumble.path, text))
        if self.crashed is None:
            self.crashed = f"{stumble.path}: {stumble.why}" if stumble.path else stumble.why


def official_report(tree: Tree, round_: Round, submitters: tuple[Submitter, ...]) -> OfficialReport:
    """Judge a tree's submitters as the official checker of a round would.

    Nothing outside the tree is read. RoundsError where the round's checker is not known. Of a round
    that had none nothing is said.
    """
    if not round_.checker:
        return OfficialReport(checker="", ok=True, messages=())
    report = _Report(tree, checker_of(round_))
    _top_folders(report, submitters)
    for submitter in submitters:
        try:
            _submitter(report, submitter)
        except WouldCrash as stumble:
            report.crash(stumble)
    if tree.cut_off or tree.too_deep:
        text = "not all of the tree was looked at here, so the original may say something else"
        report.messages.append(warning(_RULE, "", text))
    if not report.failed and not report.crashed and not report.rows:
        text = "it says that the submission looks OK, and lists no result"
        report.messages.append(warning(_RULE, "", text, "a result for each benchmark"))
    return OfficialReport(
        checker=report.checker.commit,
        ok=not report.failed and report.crashed is None,
        messages=tuple(report.messages),
        rows=as_written(report.checker, report.rows),
        crashed=report.crashed,
    )


def _top_folders(report: _Report, submitters: tuple[Submitter, ...]) -> None:
    """Return the divisions of a tree; only a repository's root has them."""
    divisions = {division.value for division in Division}
    below = not all("/" in submitter.path for submitter in submitters)
    if below or report.tree.root.resolve().name in divisions:
        return
    for folder in report.tree.folders(""):
        if folder.name not in divisions and folder.name not in NOT_LOOKED_INTO:
            text = "no division, and not looked into (logged, fails nothing)"
            report.messages.append(warning(_RULE, folder.path, text, "open or closed"))


def _submitter(report: _Report, submitter: Submitter) -> None:
    tree = report.tree
    results = submitter.inside("results")
    if results not in tree.entries or not _folders_sound(report, submitter):
        return
    mapping = _mapping(report, submitter)
    for system in _folders(tree, results):
        try:
            description = _description(report, submitter, system.name)
            if description is None:
                continue
            for benchmark in _folders(tree, system.path):
                _benchmark(report, submitter, system.name, description, benchmark.name, mapping)
        except WouldCrash as stumble:
            report.crash(stumble)


def _folders_sound(report: _Report, submitter: Submitter) -> bool:
    """Check a submitter's whole folder; each failing check ends them."""
    tree = report.tree
    inside = sorted(tree.under(submitter.path), key=lambda entry: entry.path)
    folders = [entry for entry in inside if entry.kind is EntryKind.FOLDER]
    if _fails(report, [e for e in inside if e.kind is EntryKind.LINK], "symbolic link"):
        return False
    if _fails(report, [e for e in inside if e.size > rules.MAX_FILE_BYTES], "over 500 MB"):
        return False
    top = TreeEntry(submitter.path, EntryKind.FOLDER)
    named = [(submitter.name, top), *((entry.name, entry) for entry in inside)]
    _remarks(report, [e for name, e in named if name.startswith(".")], "name with a leading dot")
    _remarks(report, [e for name, e in named if " " in name], "name with a space")
    if _fails(report, [e for e in folders if e.name.endswith("__pycache__")], "__pycache__"):
        return False
    unknown = {folder for folder, _ in tree.unreadable}
    empty = [e for e in folders if tree.children.get(e.path) == [] and e.path not in unknown]
    return not _fails(report, empty, "empty folder")


def _fails(report: _Report, entries: list[TreeEntry], what: str) -> bool:
    for path, extra in _named(entries):
        report.fail(path, f"{what}, which fails the whole submitter{extra}")
    return bool(entries)


def _remarks(report: _Report, entries: list[TreeEntry], what: str) -> None:
    for path, extra in _named(entries):
        report.messages.append(warning(_RULE, path, f"{what} (logged, fails nothing){extra}"))


def _named(entries: list[TreeEntry]) -> Iterator[tuple[str, str]]:
    shown = entries[:_MOST_NAMED]
    for number, entry in enumerate(shown, start=1):
        more = len(entries) - len(shown) if number == len(shown) else 0
        yield entry.path, f"; and {more} more" if more else ""


def _folders(tree: Tree, path: str) -> list[TreeEntry]:
    """List the folders in one; the checker stumbles where that is none, or may not be listed."""
    if tree.entries[path].kind is not EntryKind.FOLDER:
        raise WouldCrash(path, "not a folder (NotADirectoryError)")
    for folder, why in tree.unreadable:
        if folder == path:
            raise WouldCrash(path, why)
    return tree.folders(path)


def _mapping(report: _Report, submitter: Submitter) -> object:
    path = submitter.inside(MAPPING_NAME)
    if submitter.division is not Division.OPEN or path not in report.tree.entries:
        return None
    try:
        return read_json(report.tree, path)
    except TooLarge as error:
        report.fail(path, str(error))
        return None
    except Unreadable as error:
        raise WouldCrash(path, str(error)) from error


def _description(report: _Report, submitter: Submitter, system: str) -> dict[str, object] | None:
    """Read the system's JSON; None where that fails the system."""
    path = submitter.inside("systems", f"{system}.json")
    folder = submitter.inside("results", system)
    if path not in report.tree.entries:
        report.fail(folder, "no system description", path)
        return None
    try:
        data = read_json(report.tree, path)
    except TooLarge as error:
        report.fail(path, str(error))
        return None
    except Unreadable as error:
        raise WouldCrash(path, str(error)) from error
    if not isinstance(data, dict):
        raise WouldCrash(path, f"a JSON {type(data).__name__}, not an object (AttributeError)")
    status = data.get("Status")
    if not isinstance(status, str):
        found = "no Status" if status is None else "a Status that is no text"
        raise WouldCrash(path, f"{found} (AttributeError)")
    if status.lower() not in STATUSES:
        report.fail(path, f"Status {status[:80]!r}", " | ".join(STATUSES))
        return None
    if data.get("system_type") is not None:
        raise WouldCrash(path, "it has a system_type, which must be absent (ValueError)")
    return data


def _benchmark(
    report: _Report,
    submitter: Submitter,
    system: str,
    description: dict[str, object],
    name: str,
    mapping: object,
) -> None:
    path = submitter.inside("results", system, name)
    try:
        model = _model(report.checker, path, name, mapping)
        if submitter.division is Division.CLOSED and model is None:
            expected = ", ".join(sorted(report.checker.models))
            report.fail(path, f"{name!r} is no benchmark of the closed division", expected)
            return
        status = str(description["Status"]).lower()
        judged = judge(
            Benchmark(
                report.tree, report.checker, submitter, system, description, status, name, model
            )
        )
    except WouldCrash as stumble:
        report.crash(stumble)
        return
    report.failed = report.failed or judged.fails
    report.messages.extend(judged.messages)
    if judged.row is not None:
        report.rows.append(judged.row)


def _model(checker: Checker, path: str, name: str, mapping: object) -> object:
    """Return a benchmark's official name: its own, or what a submitter's mapping makes of it."""
    if name in checker.models or mapping is None:
        return name if name in checker.models else None
    if not isinstance(mapping, dict):
        raise WouldCrash(path, f"{MAPPING_NAME} is no JSON object (AttributeError)")
    model = mapping.get(name) or None
    if isinstance(model, (list, dict)):
        raise WouldCrash(path, f"{MAPPING_NAME} maps {name!r} to a list (TypeError)")
    return model
