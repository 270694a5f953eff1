"""The top of an audit's page: the digest, each session's figure beside the printed one, the cards.

It says what ``submission verify`` prints first, in the same order and of the same lengths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..audit.overview.digest import (
    SHOWN_REASONS,
    SHOWN_RULES,
    SHOWN_SESSIONS,
    Digest,
    RuleGroup,
    SessionStanding,
    Standing,
    whose,
)
from ..audit.overview.standings import Unit
from ..score.rules import Severity
from .page import ReportPage, ReportSession
from .plots.dots import fixed

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
    Standing.BY_WORDS: "not-judged",
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
    other: str
    """What of its results disagrees, where it is another line than that of the figure."""
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
    total = Counted(len(lines), "session" if len(lines) == 1 else "sessions")
    return AuditOverview(
        counts=(total, *(Counted(*each) for each in short.counts)),
        disagreeing=tuple(disagreeing[:SHOWN_SESSIONS]),
        more_disagreeing=max(0, len(disagreeing) - SHOWN_SESSIONS),
        unjudged=tuple(Counted(count, why) for why, count in short.reasons[:SHOWN_REASONS]),
        more_unjudged=max(0, len(short.reasons) - SHOWN_REASONS),
        rules=tuple(map(_rule_line, short.broken[:SHOWN_RULES])),
        more_rules=max(0, len(short.broken) - SHOWN_RULES),
        warnings=short.warnings,
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
        other=standing.against if standing.line is not None else "",
        violations=sum(one.severity is Severity.VIOLATION for one in session.findings),
    )


def _rule_line(groups: Sequence[RuleGroup]) -> RuleLine:
    return RuleLine(groups[0].rule.id, whose(groups), groups[0].findings[0].found)


def _cards(lines: Sequence[AuditLine], sessions: Sequence[ReportSession]) -> tuple[AuditCard, ...]:
    """Make a card for the sessions of one folder of a task; what is not scored here has none."""
    folders: dict[str, list[tuple[AuditLine, ReportSession]]] = {}
    for line, session in zip(lines, sessions, strict=True):
        if session.measured is not None:
            folders.setdefault(session.title.rpartition("/")[0], []).append((line, session))
    return tuple(
        AuditCard(
            task=session.benchmark,
            title=session.measured.title,
            submitter=line.submitter,
            system=line.system,
            lines=tuple(each for each, _ in group),
            simulated=any(each.simulated for _, each in group),
        )
        for group in folders.values()
        for line, session in group[:1]
        if session.measured is not None
    )
