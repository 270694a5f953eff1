"""Judges the system descriptions of a tree."""

from __future__ import annotations

from collections.abc import Iterator

from ..submission.describe.system_json import (
    STATUSES,
    SystemDescription,
    SystemJsonError,
    read_system_json,
)
from .evidence.findings import AuditFinding, Rule, violation, warning
from .evidence.tree import Layout, Submitter, Tree

_FILLED = ("Submitter", "Board Name", "Processor(s) Frequencies")
"""Keys of a system that the public table shows, and that should not be empty."""
_PROCESSOR = "Processor(s) Name"
_SHOWN = 5


def check_systems(tree: Tree, layout: Layout) -> Iterator[AuditFinding]:
    """Check each system description against the template and the folders it describes."""
    for submitter in layout.submitters:
        folder, results = submitter.inside("systems"), submitter.inside("results")
        measured = {one.system for one in layout.sessions if one.submitter == submitter}
        # A folder without a session counts by its name.
        measured |= {
            entry.name
            for entry in tree.folders(results)
            if not any(one.path.startswith(f"{entry.path}/") for one in layout.sessions)
        }
        for system in sorted(measured):
            path = f"{folder}/{system}.json"
            if not tree.has_file(path):
                yield violation(Rule.SYSTEM_JSON, folder, f"no {system}.json", path)
        for entry in tree.files(folder):
            if not entry.name.endswith(".json") or entry.name.startswith("._"):
                continue
            if entry.name.removesuffix(".json") not in measured:
                yield warning(
                    Rule.SYSTEM_JSON, entry.path, "describes a system without results",
                    f"a folder results/{entry.name.removesuffix('.json')}",
                )  # fmt: skip
            yield from _system(tree, submitter, entry.path)


def _system(tree: Tree, submitter: Submitter, path: str) -> Iterator[AuditFinding]:
    try:
        system = read_system_json(tree.locate(path))
    except SystemJsonError as error:
        yield violation(Rule.SYSTEM_JSON, path, str(error), "a JSON object of texts", error.line)
        return
    except OSError as error:
        yield violation(Rule.SYSTEM_JSON, path, f"cannot be read: {error.strerror or error}")
        return
    yield from _keys(system, path)
    yield from _values(system, submitter, path)


def _keys(system: SystemDescription, path: str) -> Iterator[AuditFinding]:
    for twice in system.duplicates:
        report = warning if twice.equal else violation
        value = "the same value" if twice.equal else "another value"
        yield report(
            Rule.SYSTEM_KEYS,
            path,
            f"{twice.key!r} again, with {value}",
            "each key once",
            twice.line,
        )
    if system.missing:
        names = ", ".join(repr(name) for name in system.missing[:_SHOWN])
        more = f" and {len(system.missing) - _SHOWN} more" if len(system.missing) > _SHOWN else ""
        yield violation(
            Rule.SYSTEM_KEYS,
            path,
            f"no {names}{more}",
            "every key of the template; it may be empty",
        )
    for odd in system.unknown[:_SHOWN]:
        # The official checker takes it for another kind of benchmark, and stops.
        report = violation if odd.key == "system_type" else warning
        yield report(
            Rule.SYSTEM_KEYS,
            path,
            f"the key {odd.key[:80]!r}",
            "the template's keys only",
            odd.line,
        )
    yield from _beyond(len(system.unknown), "keys that are not the template's", path)
    for odd in system.not_text[:_SHOWN]:
        yield violation(
            Rule.SYSTEM_KEYS, path, f"{odd.key[:80]!r} is {odd.value}", "a text", odd.line
        )
    yield from _beyond(len(system.not_text), "values that are no text", path)


def _beyond(count: int, what: str, path: str) -> Iterator[AuditFinding]:
    """Say how many there are where only the first are shown."""
    if count > _SHOWN:
        text = f"the first {_SHOWN} of {count} {what} are shown"
        yield warning(Rule.SYSTEM_KEYS, path, text)


def _values(system: SystemDescription, submitter: Submitter, path: str) -> Iterator[AuditFinding]:
    values, lines = system.values, system.lines
    if "Status" in values and not system.status_known:
        yield violation(
            Rule.SYSTEM_STATUS, path, f"{values['Status'][:80]!r}", " or ".join(STATUSES),
            lines["Status"],
        )  # fmt: skip
    division = values.get("Division", submitter.division.value).strip()
    if division.lower() != submitter.division.value:
        yield violation(
            Rule.DIVISION_FIELD, path, f"Division is {division[:80]!r}",
            f"{submitter.division.value}, as the folder is", lines["Division"],
        )  # fmt: skip
    if _PROCESSOR in values and not values[_PROCESSOR].strip():
        text = f"{_PROCESSOR!r} is empty"
        yield violation(Rule.PROCESSOR, path, text, "its name", lines[_PROCESSOR])
    for key in _FILLED:
        if key in values and not values[key].strip():
            yield warning(Rule.SYSTEM_KEYS, path, f"{key!r} is empty", "its value", lines[key])
