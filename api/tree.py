"""Audits anybody's submission tree, and shows trees and sessions on a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .session import DivisionName, Finding, Result, Session, StrPath, result_of

if TYPE_CHECKING:
    from ..runner.audit.evidence.audit_result import SessionAudit

REPORT_NAME = "tinyrunner-report.html"


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit is what was found in a submission: four verdicts, and what speaks against each."""

    folder: Path
    round: str
    """Whose rules apply, such as ``v1.2``."""
    official: bool
    """MLCommons' own checker would find no error."""
    sound: bool
    """Structure, numbers and consistency hold against the label lists that were used."""
    official_data: bool
    """Those lists are known official ones, whole, and what ran on them was no simulated device."""
    submittable: bool
    """All of the others, and the round's own rules."""
    findings: tuple[Finding, ...] = field(repr=False)
    """Everything that was found, in the order of the files."""
    results: Mapping[str, Result] = field(repr=False)
    """The recomputed figures of each session that can be scored, by its folder in the tree.

    Their ``findings`` are those by the round's rules alone.
    """


def verify(
    folder: StrPath,
    *,
    round: str | None = None,
    datasets: StrPath | None = None,
    parallel: bool = False,
) -> Audit:
    """Audit one submitter's folder, a division, or a whole results repository.

    ``round`` is told by the names in the tree unless given; ``datasets`` holds label lists to try
    for logs that bring none. ``parallel`` takes all cores for a large tree; a script then has to
    call it under ``if __name__ == "__main__":``, for its processes import the script again.
    """
    from ..runner.audit.audit import audit
    from ..runner.audit.evidence.findings import Level

    found = audit(
        Path(folder),
        round_name=round,
        datasets=None if datasets is None else Path(datasets),
        parallel=parallel,
    )
    return Audit(
        folder=found.root,
        round=found.round.name,
        official=found.holds(Level.OFFICIAL),
        sound=found.holds(Level.SOUND),
        official_data=found.holds(Level.OFFICIAL_DATA),
        submittable=found.holds(Level.SUBMITTABLE),
        findings=tuple(
            Finding(
                each.severity.value,
                each.rule.title,
                each.found,
                each.path,
                each.line,
                each.expected,
                each.rule.level.value,
            )
            for each in found.findings
        ),
        results={
            each.place.path: result
            for each in found.sessions
            if (result := _result(each, found.round.name)) is not None
        },
    )


def _result(session: SessionAudit, round_name: str) -> Result | None:
    if session.assessment is None:
        return None
    used = session.labels
    labels = None if used is None else used.official or used.source
    place = session.place
    return result_of(session.assessment, place.task_key, place.mode, round_name, labels)


def report(
    sessions: Session | StrPath | Sequence[Session | StrPath],
    out: StrPath = REPORT_NAME,
    *,
    labels: StrPath | None = None,
    datasets: StrPath | None = None,
    round: str | None = None,
    division: DivisionName | None = None,
    force: bool = False,
) -> Path:
    """Write one HTML file of sessions, of the sessions in a folder, or of one submission tree.

    A session that cannot be scored stands in it with the reason. Only a report gives way to
    ``force``; any other file is never overwritten. Gives the path of the file.
    """
    from ..runner.report.gather import Asked, gather
    from ..runner.report.report_file import refuse_overwriting, write_report

    several = [sessions] if isinstance(sessions, Session | str | Path) else sessions
    paths = [each.folder if isinstance(each, Session) else Path(each) for each in several]
    refuse_overwriting(Path(out), force=force)
    asked = Asked(
        None if labels is None else Path(labels),
        None if datasets is None else Path(datasets),
        round,
        division,
        parallel=False,
    )
    write_report(gather(paths, asked), Path(out), force=force)
    return Path(out)
