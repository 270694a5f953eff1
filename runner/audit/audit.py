"""Audits a tree: structure, every session, their consistency, the official checker."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from ..config.rounds import Round, load_rounds
from ..terms import Dialect
from .consistency import check_consistency
from .evidence.audit_result import SessionAudit, TreeAudit
from .evidence.findings import AuditFinding, Rule, Severity, violation
from .evidence.tree import Layout, ModeFolder, Tree, find_layout, read_tree
from .official.checker import official_report
from .official.figures import check_against_official
from .readiness import check_readiness
from .session.label_lists import LabelLists
from .session.session_audit import AuditContext, audit_session
from .structure import check_structure
from .sums import check_sums
from .systems import check_systems

PARALLEL_FROM_BYTES = 16_000_000
"""Bytes of files in mode folders below which starting processes costs more than they save."""

_ROUND_IN_NAME = re.compile(r"v\d\.\d(?![.\d])")
_LEVELS = 3
"""How many folders above may tell the round: an organization's, its division, the repository."""


def audit(
    root: Path,
    *,
    round_name: str | None = None,
    datasets: Path | None = None,
    parallel: bool = True,
) -> TreeAudit:
    """Audit one submitter's folder, a division, or a whole results repository.

    ``datasets`` holds label lists to judge logs by that bring none (`kws01/y_labels.csv`).
    ``parallel`` allows a large tree a process a core.
    SetupError where ``root`` is no folder; whatever stands in it becomes a finding.
    """
    tree = read_tree(root)
    layout = find_layout(tree)
    round_, round_from = _choose_round(tree, layout, round_name)
    context = AuditContext(root, round_, LabelLists.gather(datasets))
    sessions = _audit_sessions(tree, layout.sessions, context, parallel=parallel)
    official = official_report(tree, round_, layout.submitters)
    findings = [
        *check_structure(tree, layout, round_),
        *check_systems(tree, layout),
        *check_readiness(tree, layout),
        *check_sums(tree, layout.submitters),
        *(finding for session in sessions for finding in session.findings),
        *check_consistency(sessions),
        *check_against_official(sessions, official),
        *_without_log(sessions),
        *_of_checker(official.messages, ok=official.ok, crashed=official.crashed),
    ]
    return TreeAudit(
        root=root,
        round=round_,
        round_from=round_from,
        layout=layout,
        sessions=sessions,
        findings=tuple(sorted(findings, key=_by_place)),
        official=official,
    )


def _without_log(sessions: Sequence[SessionAudit]) -> Iterator[AuditFinding]:
    for session in sessions:
        place = session.place
        if place.scored and place.log is None:
            yield violation(
                Rule.OFFICIAL_LIST,
                place.path,
                "no log, so that no input is named",
                "log.txt",
            )


def _by_place(finding: AuditFinding) -> tuple[str, int]:
    return finding.path, finding.line or 0


def _of_checker(
    messages: Sequence[AuditFinding], *, ok: bool, crashed: str | None
) -> Iterator[AuditFinding]:
    yield from messages
    if crashed is not None:
        yield violation(Rule.OFFICIAL_CHECKER, "", f"the official checker crashes: {crashed}")
    elif not ok and not any(one.severity is Severity.VIOLATION for one in messages):
        yield violation(Rule.OFFICIAL_CHECKER, "", "the official checker does not say OK")


def _audit_sessions(
    tree: Tree, places: Sequence[ModeFolder], context: AuditContext, *, parallel: bool
) -> tuple[SessionAudit, ...]:
    """Judge the sessions, over all cores where there is much to read.

    The biggest come first, so that none is waited for.
    """
    sizes = {place.path: sum(entry.size for entry in tree.files(place.path)) for place in places}
    workers = min(len(places), os.cpu_count() or 1) if parallel else 1
    if workers < 2 or sum(sizes.values()) < PARALLEL_FROM_BYTES:
        return tuple(audit_session(place, context) for place in places)
    by_size = sorted(places, key=lambda place: -sizes[place.path])
    with ProcessPoolExecutor(workers) as pool:
        audits = pool.map(audit_session, by_size, [context] * len(by_size))
        by_path = {one.place.path: one for one in audits}
    return tuple(by_path[place.path] for place in places)


def _choose_round(tree: Tree, layout: Layout, said: str | None) -> tuple[Round, str]:
    """Return the round that was named, else the one that the tree's path or content tells."""
    rounds = load_rounds()
    if said is not None:
        return rounds.get(said), "what was asked for"
    for part in reversed(tree.root.resolve().parts[-_LEVELS:]):
        for name in _ROUND_IN_NAME.findall(part):
            if name in rounds.by_name:
                return rounds.get(name), f"the folder {part}"
    for submitter in layout.submitters:
        for entry in tree.files(submitter.inside("systems")):
            for round_ in rounds.by_name.values():
                if round_.checker and entry.name == round_.checklists[0]:
                    return round_, f"the checklist {entry.name}"
    if any("results.json" in place.files for place in layout.sessions):
        late = [r for r in rounds.by_name.values() if r.dialect is Dialect.MLCOMMONS]
        return late[0], "the results.json files"
    return rounds.get(), "the default"
