"""Makes a report's page of an audited submission tree."""

from __future__ import annotations

from dataclasses import replace

from ..audit.evidence.audit_result import TreeAudit
from ..audit.evidence.findings import AuditFinding, Level
from ..audit.overview.digest import Digest, SessionStanding, digest
from ..audit.overview.standings import rows_of
from ..score.rules import Severity
from .page import PageFinding, ReportPage, ReportSession, TreeVerdict, suite_order
from .plots.published_field import Field, field_with, systems_of


def page_of_audit(audited: TreeAudit) -> ReportPage:
    """Make the page of a tree."""
    by_folder: dict[str, list[AuditFinding]] = {one.place.path: [] for one in audited.sessions}
    rest: list[AuditFinding] = []
    for each in audited.findings:
        folders = (each.path, each.path.rpartition("/")[0])
        by_folder.get(next((f for f in folders if f in by_folder), ""), rest).append(each)
    short = digest(audited)
    ordered = [
        (one.place.submitter.path, one.place.system, _session(audited, standing, found))
        for one, standing, found in zip(
            audited.sessions, short.sessions, by_folder.values(), strict=True
        )
    ]
    ordered.sort(key=lambda each: (*each[:2], *suite_order(each[2])))
    sessions = tuple(each[2] for each in ordered)
    count = len(audited.layout.submitters)
    return ReportPage(
        title=audited.root.resolve().name or str(audited.root),
        subtitle=(
            f"{count} submitter{'' if count == 1 else 's'}, {len(sessions)} "
            f"session{'' if len(sessions) == 1 else 's'}, "
            f"audited for {audited.round.name} ({audited.round_from})"
        ),
        sessions=sessions,
        findings=tuple(map(_finding, rest)),
        verdicts=tuple(_verdict(audited, short, level) for level in Level),
        digest=short,
        field=_field(audited),
    )


def _field(audited: TreeAudit) -> Field:
    """Draw a round's systems against each other, one submitter's in the published record."""
    simulated = {
        (one.place.submitter.name, one.place.system) for one in audited.sessions if one.simulated
    }
    points = tuple(
        replace(point, simulated=(row.organization, row.system) in simulated)
        for row, point in systems_of(rows_of(audited))
    )
    alone = field_with(points) if len(audited.layout.submitters) == 1 else None
    note = (
        "Throughput of the performance session against energy of the energy session, both "
        "recomputed where that can be done; a point says whose it is."
    )
    return alone or Field("Systems against each other", note, points)


def _session(
    audited: TreeAudit, standing: SessionStanding, found: list[AuditFinding]
) -> ReportSession:
    one, place = standing.session, standing.session.place
    folder = audited.root.joinpath(*place.path.split("/"))
    return ReportSession(
        title=place.path,
        benchmark=place.task_key,
        mode=place.mode,
        round=audited.round,
        folder=folder,
        task=place.task,
        assessment=one.assessment,
        system=place.system,
        labels=one.label_list,
        provenance=one.provenance,
        findings=tuple(map(_finding, dict.fromkeys([*found, *one.findings]))),
        files=frozenset(place.files),
        log_name=place.log or "log.txt",
        standing=standing,
    )


def _finding(finding: AuditFinding) -> PageFinding:
    text = finding.found
    if finding.expected:
        text += f"; expected: {finding.expected}"
    return PageFinding(finding.severity, finding.rule.title, text, finding.place)


def _verdict(audited: TreeAudit, short: Digest, level: Level) -> TreeVerdict:
    holds = audited.holds(level)
    if level is Level.OFFICIAL:
        crashed = audited.official.crashed
        says = "results look OK" if holds else (f"crashes: {crashed}" if crashed else "errors")
        text = f"The official checker ({audited.official.checker}): {says}"
        if not audited.official.checker:
            text = f"{audited.round.name} had no official checker"
    else:
        against = short.groups_of(level, Severity.VIOLATION)
        text = _TEXTS[level]
        if against:
            text += f": {against} finding{'' if against == 1 else 's'} against it"
        elif unjudged := short.groups_of(level, Severity.NOT_JUDGED):
            text += f": {unjudged} finding{'' if unjudged == 1 else 's'} not judged"
        elif not holds:
            text += ": another verdict does not hold"
    return TreeVerdict(level.value, holds, text)


_TEXTS = {
    Level.SOUND: "Structure, numbers and consistency, by the label lists used",
    Level.OFFICIAL_DATA: "The inputs are whole official lists",
    Level.SUBMITTABLE: "All of it, and the round's own rules",
}
