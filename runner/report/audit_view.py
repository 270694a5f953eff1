"""The top of an audit's page: the digest, each session's figure beside the printed one, the cards.

It says what ``submission verify`` prints first, in the same order and of the same lengths.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..audit.evidence.findings import Rule
from ..audit.overview.digest import Digest, RuleGroup, SessionStanding, Standing
from ..audit.overview.standings import Unit
from ..score.rules import Severity
from .page import ReportPage, ReportSession
from .plots.dots import fixed

_SHOWN_SESSIONS, _SHOWN_REASONS, _SHOWN_RULES = 12, 4, 10

_UNITS = {
    Unit.THROUGHPUT: ("Throughput", "inf./s", 3),
    Unit.ENERGY: ("Energy", "µJ/inf.", 3),
    Unit.TOP_1: ("Top-1", "%", 1),
    Unit.AUC: ("AUC", "", 4),
    Unit.F1: ("F1", "", 4),
}
"""Of each unit what it is of, how the page writes it, and its decimals."""
_BADGES = {
    Standing.REPRODUCED: "valid",
    Standing.COMPUTED: "computed",
    Standing.DISAGREES: "invalid",
    Standing.NOT_JUDGED: "not-judged",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Is how many there are of something."""

    count: int
    text: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """Says of a rule that is not kept by whom, how often, and what was found first."""

    rule: str
    whose: str
    text: str


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Is one session's row: the figure that it was run for, printed and recomputed."""

    anchor: str
    submitter: str
    system: str
    task: str
    mode: str
    figure: str
    printed: str
    recomputed: str
    unit: str
    verdict: str
    why: str
    violations: int

    @property
    def badge(self) -> str:
        return _BADGES[Standing(self.verdict)]


@dataclass(frozen=True, slots=True)
class AuditCard:
    """Shows one task of one system of a submitter."""

    task: str
    title: str
    submitter: str
    system: str
    lines: tuple[AuditLine, ...]
    simulated: bool


@dataclass(frozen=True, slots=True)
class AuditOverview:
    """Holds what stands above the sessions."""

    counts: tuple[Counted, ...]
    disagreeing: tuple[AuditLine, ...]
    more_disagreeing: int
    unjudged: tuple[Counted, ...]
    more_unjudged: int
    rules: tuple[RuleLine, ...]
    more_rules: int
    warnings: int
    lines: tuple[AuditLine, ...]
    cards: tuple[AuditCard, ...]
    heads: tuple[str, ...] = (
        "Submitter", "System", "Task", "Mode", "Printed", "Recomputed", "Unit", "Verdict",
        "Violations",
    )  # fmt: skip
    """Of the table's columns."""

    @property
    def choices(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Return what the table can be filtered by: a column's name and its values."""
        return tuple(
            (name.capitalize(), tuple(dict.fromkeys(getattr(one, name) for one in self.lines)))
            for name in ("submitter", "task", "mode", "verdict")
        )


def overview_of(page: ReportPage, short: Digest) -> AuditOverview:
    """Make the overview of an audit's page, whose sessions all have their standing."""
    named = [(f"s{number}", session) for number, session in enumerate(page.sessions, 1)]
    lines = tuple(_line(anchor, one, one.standing) for anchor, one in named if one.standing)
    disagreeing = [one for one in lines if one.verdict == Standing.DISAGREES.value]
    reasons = Counter(one.why for one in short.of(Standing.NOT_JUDGED)).most_common()
    rules: dict[Rule, list[RuleGroup]] = {}
    for group in short.groups:
        if group.severity is Severity.VIOLATION:
            rules.setdefault(group.rule, []).append(group)
    counts = [Counted(len(short.of(standing)), standing.value) for standing in Standing]
    always = (Standing.REPRODUCED.value, Standing.DISAGREES.value)
    total = Counted(len(lines), "session" if len(lines) == 1 else "sessions")
    warned = (one for one in short.groups if one.severity is Severity.WARNING)
    return AuditOverview(
        counts=(total, *(one for one in counts if one.count or one.text in always)),
        disagreeing=tuple(disagreeing[:_SHOWN_SESSIONS]),
        more_disagreeing=max(0, len(disagreeing) - _SHOWN_SESSIONS),
        unjudged=tuple(Counted(count, why) for why, count in reasons[:_SHOWN_REASONS]),
        more_unjudged=max(0, len(reasons) - _SHOWN_REASONS),
        rules=tuple(map(_rule_line, [*rules.values()][:_SHOWN_RULES])),
        more_rules=max(0, len(rules) - _SHOWN_RULES),
        warnings=sum(len(one.findings) for one in warned),
        lines=lines,
        cards=_cards(lines, page.sessions),
    )


def _line(anchor: str, session: ReportSession, standing: SessionStanding) -> AuditLine:
    place = standing.session.place
    figure, unit, decimals = _UNITS[standing.unit]
    return AuditLine(
        anchor=anchor,
        submitter=place.submitter.name,
        system=place.system,
        task=session.benchmark,
        mode=place.mode.value,
        figure=figure,
        printed=standing.printed,
        recomputed="" if standing.recomputed is None else fixed(standing.recomputed, decimals),
        unit=unit,
        verdict=standing.standing.value,
        why=standing.why,
        violations=sum(one.severity is Severity.VIOLATION for one in session.findings),
    )


def _rule_line(groups: Sequence[RuleGroup]) -> RuleLine:
    first, places = groups[0], sum(len(group.findings) for group in groups)
    whose = first.submitter if len(groups) == 1 else f"{len(groups)} submitters"
    if places > len(groups):
        whose += f"{', ' if whose else ''}{places} places"
    return RuleLine(first.rule.id, whose, first.findings[0].found)


def _cards(lines: Sequence[AuditLine], sessions: Sequence[ReportSession]) -> tuple[AuditCard, ...]:
    """Make a card for the sessions of one folder of a task; what is not scored here has none."""
    folders: dict[str, list[tuple[AuditLine, ReportSession]]] = {}
    for line, session in zip(lines, sessions, strict=True):
        if session.task is not None:
            folders.setdefault(session.title.rpartition("/")[0], []).append((line, session))
    return tuple(
        AuditCard(
            task=session.benchmark,
            title=session.task.title,
            submitter=line.submitter,
            system=line.system,
            lines=tuple(each for each, _ in group),
            simulated=any(each.simulated for _, each in group),
        )
        for group in folders.values()
        for line, session in group[:1]
        if session.task is not None
    )
