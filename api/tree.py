"""Audits anybody's submission tree; gives trees and sessions as a page, or as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from .session import DivisionName, Finding, Result, Session, StrPath, result_of

if TYPE_CHECKING:
    from ..runner.audit.evidence.audit_result import SessionAudit
    from ..runner.report.gather import Asked

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
    from ..runner.report.gather import gather
    from ..runner.report.report_file import refuse_overwriting, write_report

    refuse_overwriting(Path(out), force=force)
    asked = _asked(labels, datasets, round, division)
    write_report(gather(_paths(sessions), asked, layers=True), Path(out), force=force)
    return Path(out)


def columns(
    sessions: Session | StrPath | Sequence[Session | StrPath],
    rows: Literal["sessions", "windows", "inputs", "layers"] = "sessions",
    *,
    labels: StrPath | None = None,
    datasets: StrPath | None = None,
    round: str | None = None,
    division: DivisionName | None = None,
) -> dict[str, list[str | int | float | bool | None]]:
    """Return sessions, their windows, scored inputs, or layers as columns, for a data frame.

    Layers are those of the logs that ``tinyrunner profile --out`` kept, named or in a folder. The
    columns are those of ``tinyrunner export``, told in docs/guide/export.md; a cell that nobody
    knows is None. The other arguments are those of ``report``: a session that cannot be scored has
    a row among ``sessions`` with the reason, and none among windows or inputs.
    """
    from ..runner.errors import SetupError
    from ..runner.export.formats import RowKind
    from ..runner.export.tables import columns as columns_of_rows
    from ..runner.export.write import rows_of
    from ..runner.report.gather import gather

    kinds = [kind.value for kind in RowKind]
    if rows not in kinds:
        raise SetupError(f"no rows {rows!r}; there are {', '.join(kinds)}")
    kind = RowKind(rows)
    asked = _asked(labels, datasets, round, division)
    page = gather(_paths(sessions), asked, layers=kind is RowKind.LAYERS)
    return columns_of_rows(rows_of(page, kind)[0], kind.schema)


def _paths(sessions: Session | StrPath | Sequence[Session | StrPath]) -> list[Path]:
    several = [sessions] if isinstance(sessions, Session | str | Path) else sessions
    return [each.folder if isinstance(each, Session) else Path(each) for each in several]


def _asked(
    labels: StrPath | None,
    datasets: StrPath | None,
    round_name: str | None,
    division: DivisionName | None,
) -> Asked:
    from ..runner.report.gather import Asked

    return Asked(
        None if labels is None else Path(labels),
        None if datasets is None else Path(datasets),
        round_name,
        division,
        parallel=False,
    )
