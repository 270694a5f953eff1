"""Shows an audit as a person reads it, and as a program does."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...audit.evidence.audit_result import SessionAudit, TreeAudit
from ...audit.evidence.findings import AuditFinding, Level, Rule
from ...audit.overview.digest import (
    SHOWN_REASONS,
    SHOWN_RULES,
    SHOWN_SESSIONS,
    Digest,
    RuleGroup,
    SessionStanding,
    Standing,
    digest,
    whose,
)
from ...audit.overview.rule_guide import GUIDES
from ...audit.overview.standings import headline_of
from ...score.rules import Severity
from .fitted_table import print_fitted
from .session import SEVERITY_STYLES

_SHOWN_PLACES = 3
_WIDE = 80
"""Columns of a terminal below which modes would be cut for the sake of lists and devices."""
_WITH_WORDS = 104
"""The width that a table needs with the counts of words named."""
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


def verdict_texts(audit: TreeAudit, short: Digest) -> tuple[tuple[Level, bool, str], ...]:
    """Say in a few words of each verdict whether it holds, and why."""
    texts = []
    simulated = sum(session.simulated for session in audit.sessions)
    for level in Level:
        holds = audit.holds(level)
        against = short.groups_of(level, Severity.VIOLATION)
        text = f"{against} finding{'s' if against != 1 else ''} against it" if against else ""
        if unjudged := short.groups_of(level, Severity.NOT_JUDGED):
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
    if assessment.streaming is not None:
        streaming = assessment.streaming
        words = "–" if streaming.words is None else str(streaming.words)
        rate = None if streaming.duty is None else streaming.duty.throughput
        return words if rate is None else f"{words}, {rate:1.5} inf/s"
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
    printed = session.printed
    if session.place.streaming is not None:
        words, rate = printed.get("words", "–"), printed.get("throughput")
        return words if rate is None else f"{words}, {rate} inf/s"
    key, _ = headline_of(session.place)
    return _UNITS[key].format(printed[key]) if key in printed else "–"


def list_of(session: SessionAudit) -> str:
    """Say which label list a session was judged by."""
    if session.labels is None:
        return "–"
    return session.labels.official or ("synthetic" if session.synthetic else "not official")


class Detail(Enum):
    """Says how much of an audit is shown."""

    SUMMARY = "the digest"
    GROUPS = "the digest, every session's figure, and what was found by rule and submitter"
    ALL = "the same with each place"


def show_audit(
    console: Console, audit: TreeAudit, level: Level, detail: Detail = Detail.GROUPS
) -> None:
    """Print who was audited, the digest with the verdicts, every figure, and what was found."""
    names = ", ".join(f"{one.division.value}/{one.name}" for one in audit.layout.submitters[:8])
    more = len(audit.layout.submitters) - 8
    title = Text(_plain(names or str(audit.root)), style="bold")
    title.append(f" and {more} more" if more > 0 else "")
    title.append(f"   round {audit.round.name} (by {audit.round_from})", style="dim")
    console.print(title)
    short = digest(audit)
    _print_digest(console, audit, short)
    console.print(_verdicts(audit, short, level))
    if detail is not Detail.SUMMARY:
        if audit.sessions:
            console.print()
            _print_sessions(console, audit, short)
        said: Rule | None = None
        for group in short.groups:
            _print_group(console, group, every=detail is Detail.ALL, new=group.rule is not said)
            said = group.rule
        if short.groups:
            hint = "" if detail is Detail.ALL else "each place: --all; "
            console.print(
                f"{hint}what a rule asks for: tinyrunner submission rules ID",
                style="dim", highlight=False,
            )  # fmt: skip
    if any(session.provenance for session in audit.sessions):
        console.print(Text(_RUNNER_NOTE, style="dim"), soft_wrap=True)


def _print_digest(console: Console, audit: TreeAudit, short: Digest) -> None:
    """Print what fits a screen: counts, what disagrees, what is not judged, the gravest."""
    total = len(short.sessions)
    counts = ", ".join(f"{count} {standing}" for count, standing in short.counts)
    console.print(f"{total} session{'' if total == 1 else 's'}: {counts}", highlight=False)
    disagreeing = short.of(Standing.DISAGREES)
    several = len(audit.layout.submitters) > 1
    for one in disagreeing[:SHOWN_SESSIONS]:
        _print_cut(console, _disagreement(one, several=several))
    _print_rest(console, len(disagreeing) - SHOWN_SESSIONS, "that disagree")
    for why, count in short.reasons[:SHOWN_REASONS]:
        line = Text(f"  {count:>3} not judged: ", style="cyan")
        _print_cut(console, line.append(_plain(why), style="default"))
    _print_rest(console, len(short.reasons) - SHOWN_REASONS, "reasons")
    for groups in short.broken[:SHOWN_RULES]:
        _print_cut(console, _rule_line(groups))
    _print_rest(console, len(short.broken) - SHOWN_RULES, "rules that are not kept")
    if short.warnings:
        console.print(f"      and {short.warnings} warnings", style="dim", highlight=False)


def _rule_line(groups: Sequence[RuleGroup]) -> Text:
    """Say of a rule that is not kept how often, by whom, and what was found first."""
    first, told = groups[0], whose(groups)
    line = Text("  violation: ", style=SEVERITY_STYLES[Severity.VIOLATION])
    line.append(first.rule.id, style="bold")
    where = f" ({told})" if told else ""
    return line.append(_plain(f"{where}: {first.findings[0].found}"), style="default")


def _disagreement(one: SessionStanding, *, several: bool) -> Text:
    place = one.session.place
    who = f"{place.submitter.name}: " if several else ""
    line = Text("  disagrees: ", style="bold red")
    line.append(_plain(f"{who}{place.system} {place.benchmark} {place.mode.value}"))
    return line.append(_plain(f", {one.against}"))


def _print_cut(console: Console, line: Text) -> None:
    """Print one line of the digest, cut to the terminal: the whole text is further down."""
    line = Text(" ").join(line.split("\n"))
    line.truncate(max(console.width, 80), overflow="ellipsis")
    console.print(line, soft_wrap=True, highlight=False)


def _print_rest(console: Console, count: int, what: str) -> None:
    if count > 0:
        console.print(f"      and {count} more {what}", style="dim", highlight=False)


def _print_sessions(console: Console, audit: TreeAudit, short: Digest) -> None:
    """Print each session's figure, recomputed and printed; a line above those of a system."""
    rows = []
    owner = None
    several = len(audit.layout.submitters) > 1
    counts_only = console.width < _WITH_WORDS and any(
        one.session.place.streaming is not None for one in short.sessions
    )
    for one in short.sessions:
        session, place = one.session, one.session.place
        if (place.submitter, place.system) != owner:
            owner = place.submitter, place.system
            name = f"{place.submitter.name}: {place.system}" if several else place.system
            rows.append(_row(Text(_plain(name), style="bold")))
        marked = one.standing is Standing.DISAGREES
        other = f" ({one.why})" if one.line is not None else ""
        device = "simulated" if session.simulated else "board" if session.assessment else "–"
        rows.append(
            _row(
                Text(f"{'✗' if marked else ' '} {_plain(place.benchmark)} {place.mode.value}"),
                *(
                    _counts(text) if counts_only else text
                    for text in (figure_of(session), printed_of(session) + other)
                ),
                *((list_of(session), device) if console.width >= _WIDE else ()),
                style="bold red" if marked else "",
            )
        )
    print_fitted(
        console, rows, name="session", first_to_go=("device", "labels"),
        left=("session", "labels", "device"),
    )  # fmt: skip
    if counts_only:
        console.print("a/b/c of sww: TP, FN and FP", style="dim", highlight=False)


def _counts(text: str) -> str:
    """Leave the numbers of a figure that counts words: 44/6/4."""
    return re.sub(r"(\S+) TP, (\S+) FN, (\S+) FP", r"\1/\2/\3", text)


def _row(session: Text, *texts: str, style: str = "") -> dict[str, Text]:
    session.stylize(style)
    heads = ("recomputed", "printed", "labels", "device")
    cells = (Text(text, style) for text in (*texts, "", "", "", "")[: len(heads)])
    return {"session": session, **dict(zip(heads, cells, strict=True))}


def _head(group: RuleGroup) -> Text:
    head = Text(f"{group.severity.value}: ", style=SEVERITY_STYLES[group.severity])
    head.append(group.rule.id, style="bold")
    head.append(_plain(f"  {group.submitter}" if group.submitter else ""))
    places, folders = len(group.findings), len(group.folders)
    if places > 1:
        where = f" in {folders} folders" if folders > 1 else ""
        head.append(f"  {places} places{where}", style="dim")
    return head


def _print_group(console: Console, group: RuleGroup, *, every: bool, new: bool) -> None:
    """Print what one submitter's tree has against a rule; ``new`` says what the rule demands."""
    head = _head(group)
    head.append(f"  [{group.rule.level.value}]", style="dim")
    console.print(head, soft_wrap=True)
    if new:
        console.print(Text(f"    rule:     {group.rule.demand}", style="dim"), soft_wrap=True)
    if group.rule is Rule.PRIVACY and not every:
        examples = [(group.findings[0], len(group.findings))]
    elif every:
        examples = [(finding, 1) for finding in group.findings]
    else:
        examples = list(group.examples)
    shown = len(examples) if every else _SHOWN_PLACES
    for finding, count in examples[:shown]:
        _print_finding(console, finding, count)
    _print_rest(console, len(examples) - shown, "of other texts")


def _print_finding(console: Console, finding: AuditFinding, count: int) -> None:
    place = Text(f"    {_plain(finding.place)}", style="cyan")
    if count > 1:
        place.append(f"  and {count - 1} more", style="dim")
    if finding.place:
        console.print(place, soft_wrap=True)
    console.print(Text(f"    found:    {_plain(finding.found, keep=_LINE_END)}"), soft_wrap=True)
    if finding.expected:
        console.print(
            Text(f"    expected: {_plain(finding.expected, keep=_LINE_END)}"), soft_wrap=True
        )


def show_rules(console: Console, rules: Iterable[Rule], *, explained: bool) -> None:
    """Print rules by id with what each demands; ``explained`` adds its source and the remedy."""
    for rule in rules:
        head = Text(rule.id, style="bold")
        head.append(f"  [{rule.level.value}]", style="dim")
        head.append(f"  {rule.demand}")
        console.print(head, soft_wrap=True, highlight=False)
        if explained:
            guide = GUIDES[rule]
            for name, text in (("asked by:", guide.source), ("remedy:", guide.remedy)):
                console.print(f"    {name:<10}{text}", soft_wrap=True, highlight=False)


def _plain(text: str, *, keep: str = "") -> str:
    """Escape what would move a terminal's cursor or turn its text round.

    The names and texts are a stranger's.
    """
    return "".join(
        one if one.isprintable() or one in keep else one.encode("unicode_escape").decode()
        for one in text
    )


def _verdicts(audit: TreeAudit, short: Digest, level: Level) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=True, show_header=False)
    for each, holds, text in verdict_texts(audit, short):
        mark = Text("yes", style="green") if holds else Text("no", style="bold red")
        unjudged = not holds and not audit.against(each) and audit.not_judged(each)
        if unjudged or (each is Level.OFFICIAL and not audit.official.checker):
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
