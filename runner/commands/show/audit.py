"""Shows an audit as a person reads it, and as a program does."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ....models.suite import Metric
from ...audit.evidence.audit_result import SessionAudit, TreeAudit
from ...audit.evidence.findings import FindingGroup, Level, group_findings
from ...terms import Mode
from .session import SEVERITY_STYLES

_SHOWN_PLACES = 3
_LINE_END = "\n"
_UNITS = {
    "median_energy_uj": "{} µJ/inf",
    "median_throughput": "{} inf/s",
    "top1": "Top-1 {}%",
    "auc": "AUC {}",
}
_RUNNER_NOTE = (
    "note: measured with tinyrunner. Since summer 2025 the rules take official submissions from "
    "MLCommons' own runner only: this tree is for development, review, and preparing one."
)


def verdict_texts(audit: TreeAudit) -> tuple[tuple[Level, bool, str], ...]:
    """Say in a few words of each verdict whether it holds, and why."""
    texts = []
    simulated = sum(session.simulated for session in audit.sessions)
    for level in Level:
        holds = audit.holds(level)
        against = len(group_findings(audit.against(level)))
        text = f"{against} finding{'s' if against != 1 else ''} against it" if against else ""
        if unjudged := len(group_findings(audit.not_judged(level))):
            text += f"{', ' if text else ''}{unjudged} not judged"
        if level is Level.OFFICIAL:
            said = "looks OK" if holds else "would not pass"
            text = f"the checker of mlcommons/tiny at {audit.official.checker}: {said}"
            if not audit.official.checker:
                text = f"{audit.round.name} had no checker"
        elif level is Level.SUBMITTABLE and not holds and not text:
            missing = [each.value for each in Level if each is not level and not audit.holds(each)]
            text = f"because not {', '.join(missing)}"
        if simulated and level in (Level.OFFICIAL_DATA, Level.SUBMITTABLE):
            text += f"; {simulated} of {len(audit.sessions)} sessions are of a simulated device"
        texts.append((level, holds, text))
    return tuple(texts)


def figure_of(session: SessionAudit) -> str:
    """Return the recomputed figure that a session was run for; a dash where there is none."""
    assessment = session.assessment
    if assessment is None:
        return "–"
    if assessment.energy is not None:
        median_j = assessment.energy.median_energy_j
        return "–" if median_j is None else f"{median_j * 1e6:.3f} µJ/inf"
    if assessment.performance is not None:
        median = assessment.performance.median_throughput
        return "–" if median is None else f"{median:.3f} inf/s"
    accuracy = assessment.accuracy
    if accuracy is None or accuracy.figure is None:
        return "–"
    if accuracy.file_scores:
        return f"AUC {accuracy.figure:.4f}"
    return f"Top-1 {accuracy.figure:.1%}"


def printed_of(session: SessionAudit) -> str:
    """Return the figure that a session was run for as its results file prints it."""
    task, printed = session.place.task, session.printed
    accuracy = "auc" if task is not None and task.metric is Metric.AUC else "top1"
    key = {Mode.ENERGY: "median_energy_uj", Mode.PERFORMANCE: "median_throughput"}.get(
        session.place.mode, accuracy
    )
    if key not in printed:
        return "–"
    return _UNITS[key].format(printed[key])


def list_of(session: SessionAudit) -> str:
    """Say which label list a session was judged by."""
    if session.labels is None:
        return "–"
    return session.labels.official or ("synthetic" if session.synthetic else "not official")


def show_audit(console: Console, audit: TreeAudit, level: Level) -> None:
    """Print who was audited, every session's figure, what was found, and the verdicts."""
    names = ", ".join(f"{one.division.value}/{one.name}" for one in audit.layout.submitters[:8])
    more = len(audit.layout.submitters) - 8
    title = Text(_plain(names or str(audit.root)), style="bold")
    title.append(f" and {more} more" if more > 0 else "")
    title.append(f"   round {audit.round.name} (by {audit.round_from})", style="dim")
    console.print(title)
    if audit.sessions:
        console.print(_sessions_table(audit))
    groups = group_findings(audit.findings)
    for group in groups:
        _print_group(console, group)
    console.print(_verdicts(audit, level))
    if any(session.provenance for session in audit.sessions):
        console.print(Text(_RUNNER_NOTE, style="dim"), soft_wrap=True)


def _sessions_table(audit: TreeAudit) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True)
    table.add_column("session", no_wrap=True)
    for name in ("recomputed", "printed"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("labels", no_wrap=True)
    table.add_column("device", no_wrap=True)
    owner = None
    for session in audit.sessions:
        place = session.place
        if (place.submitter, place.system) != owner:
            owner = place.submitter, place.system
            several = len(audit.layout.submitters) > 1
            name = f"{place.submitter.name}: {place.system}" if several else place.system
            table.add_row(Text(_plain(name), style="bold", overflow="ellipsis"))
        table.add_row(
            Text(f"  {_plain(place.benchmark)} {place.mode.value}"),
            figure_of(session),
            printed_of(session),
            list_of(session),
            "simulated" if session.simulated else "–" if session.assessment is None else "board",
        )
    return table


def _print_group(console: Console, group: FindingGroup) -> None:
    finding, places = group.finding, group.places
    head = Text(f"{finding.severity.value}: ", style=SEVERITY_STYLES[finding.severity])
    head.append(finding.rule.title, style="bold")
    head.append(f"  [{finding.rule.level.value}]", style="dim")
    console.print(head)
    for place in places[:_SHOWN_PLACES]:
        if place:
            console.print(Text(f"    {_plain(place)}", style="cyan"), soft_wrap=True)
    if len(places) > _SHOWN_PLACES:
        console.print(Text(f"    and {len(places) - _SHOWN_PLACES} more places", style="cyan"))
    console.print(Text(f"    found:    {_plain(finding.found, keep=_LINE_END)}"), soft_wrap=True)
    if finding.expected:
        console.print(
            Text(f"    expected: {_plain(finding.expected, keep=_LINE_END)}"), soft_wrap=True
        )
    console.print(Text(f"    rule:     {finding.rule.demand}", style="dim"), soft_wrap=True)


def _plain(text: str, *, keep: str = "") -> str:
    """Escape what would move a terminal's cursor or turn its text round.

    The names and texts are a stranger's.
    """
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape").decode()
        for one in text
    )


def _verdicts(audit: TreeAudit, level: Level) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True, show_header=False)
    for each, holds, text in verdict_texts(audit):
        mark = Text("yes", style="green") if holds else Text("no", style="bold red")
        if not holds and not audit.against(each) and audit.not_judged(each):
            mark = Text("–", style="cyan")
        name = Text(each.value, style="bold" if each is level else "")
        table.add_row(name, mark, text)
    return table


def audit_json(audit: TreeAudit) -> dict[str, Any]:
    """Return everything, for a program; every place of a finding on its own."""
    return {
        "root": str(audit.root),
        "round": audit.round.name,
        "round_from": audit.round_from,
        "verdicts": {level.value: audit.holds(level) for level in Level},
        "official_checker": {
            "commit": audit.official.checker,
            "ok": audit.official.ok,
            "crashed": audit.official.crashed,
            "rows": [dict(row.values) for row in audit.official.rows],
        },
        "submitters": [
            {"division": one.division.value, "name": one.name, "path": one.path}
            for one in audit.layout.submitters
        ],
        "sessions": [_session_json(session) for session in audit.sessions],
        "findings": [finding.to_json() for finding in audit.findings],
    }


def _session_json(session: SessionAudit) -> dict[str, Any]:
    place, assessment, labels = session.place, session.assessment, session.labels
    return {
        "path": place.path,
        "system": place.system,
        "benchmark": place.task_key,
        "mode": place.mode.value,
        "recomputed": None if assessment is None else assessment.to_json(),
        "printed": session.printed,
        "labels": None
        if labels is None
        else {"source": labels.source, "sha256": labels.sha256, "official": labels.official},
        "synthetic": session.synthetic,
        "simulated": session.simulated,
    }
