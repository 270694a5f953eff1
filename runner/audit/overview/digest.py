"""Sums an audit up for somebody who has a minute: what agrees, what does not, and the gravest.

A reviewer of a whole round has hundreds of findings before him, most of them the same thing in many
places. Here each session has one standing, and findings of one rule at one submitter are one group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ...score.minus_sign import signed
from ...score.rules import Severity
from ...terms import Mode
from ...write.printed_results import PrintedFigure
from ..evidence.audit_result import SessionAudit, TreeAudit
from ..evidence.findings import AuditFinding, Level, Rule
from .standings import Unit, agrees_with, figure_of, headline_of

_GRAVEST = (
    Rule.RESULT_LINE, Rule.OFFICIAL_LIST, Rule.DEVICE, Rule.INPUT_ORDER, Rule.LOG, Rule.TRACE,
    Rule.RESULTS_ALIKE, Rule.SESSION, Rule.FIRMWARE, Rule.MODEL, Rule.THROUGHPUTS, Rule.TIMER,
    Rule.SESSION_ID, Rule.SCRIPT, Rule.SESSION_JSON, Rule.HASH, Rule.ROUND_RULE,
    Rule.OFFICIAL_CHECKER, Rule.PROCESSOR, Rule.SOURCES, Rule.ANSWERS, Rule.REQUIRED_FILE,
    Rule.MODE_FOLDER,
)  # fmt: skip
"""What speaks against figures first, then what speaks against a submission; the rest follows."""


SHOWN_SESSIONS, SHOWN_REASONS, SHOWN_RULES = 12, 4, 10
"""Lines of each kind that a digest shows, to fit a screen."""


class Standing(Enum):
    """Says how what a session prints stands to what its log, trace and lists give."""

    REPRODUCED = "reproduced"
    BY_WORDS = "reproduced by words alone"
    """The words of a streaming session are, and what it was run for cannot be recomputed."""
    COMPUTED = "computed, nothing printed"
    DISAGREES = "disagree"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True, slots=True)
class SessionStanding:
    """Is one session's standing, with the figure that it was run for."""

    session: SessionAudit
    standing: Standing
    unit: Unit
    printed: str
    """The figure as its results file prints it, "" where it does not."""
    recomputed: float | None
    """The same recomputed, in the unit; None where it cannot be told."""
    why: str = ""
    """By how much it disagrees, or why it is not judged."""
    line: AuditFinding | None = None
    """The first line that is wrong, where it is not the one with the figure itself."""

    @property
    def against(self) -> str:
        """Say what is printed that does not follow, what was recomputed instead, and by how much.

        Empty where nothing disagrees.
        """
        if self.standing is not Standing.DISAGREES:
            return ""
        if self.line is not None:
            expected = f", expected {self.line.expected}" if self.line.expected else ""
            return f"{self.line.found}{expected} ({self.why})"
        recomputed = "nothing" if self.recomputed is None else f"{self.recomputed:.6g}"
        figures = f"printed {self.printed or 'nothing'}, recomputed {recomputed} {self.unit.value}"
        return f"{figures} ({self.why})"


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Holds the findings of one rule and severity at one submitter."""

    rule: Rule
    severity: Severity
    submitter: str
    """The organization's name; "" for what is no submitter's."""
    findings: tuple[AuditFinding, ...]

    @property
    def folders(self) -> tuple[str, ...]:
        """Return the folders that it was found in, in order."""
        return tuple(dict.fromkeys(one.path.rpartition("/")[0] for one in self.findings))

    @property
    def examples(self) -> tuple[tuple[AuditFinding, int], ...]:
        """Return a finding of each text, and how many have it.

        Several of one kind in one session are one: five short windows, a timer that is off in each.
        """
        seen: dict[tuple[str, str], list[AuditFinding]] = {}
        for finding in self.findings:
            kind, colon, _ = finding.found.partition(": ")
            text = finding.found, finding.expected
            same = (kind, finding.path) if colon else text
            alike = seen.get(text) or seen.get(same) or []
            alike.append(finding)
            seen[text] = seen[same] = alike
        kept = {id(found): found for found in seen.values()}
        return tuple((found[0], len(found)) for found in kept.values())


@dataclass(frozen=True, slots=True)
class Digest:
    """Is an audit in short."""

    sessions: tuple[SessionStanding, ...]
    """All sessions, in the tree's order."""
    groups: tuple[RuleGroup, ...]
    """What was found, the gravest first."""

    def of(self, standing: Standing) -> tuple[SessionStanding, ...]:
        """Return the sessions of one standing."""
        return tuple(one for one in self.sessions if one.standing is standing)

    @property
    def counts(self) -> tuple[tuple[int, str], ...]:
        """Return how many sessions there are of each standing; what nobody has is left out.

        Those reproduced and those that disagree are told in any case.
        """
        always = (Standing.REPRODUCED, Standing.DISAGREES)
        told = ((len(self.of(standing)), standing) for standing in Standing)
        return tuple((count, one.value) for count, one in told if count or one in always)

    @property
    def reasons(self) -> tuple[tuple[str, int], ...]:
        """Return why sessions are not judged, or by words alone, the most frequent first.

        Each comes with how many sessions it is of.
        """
        unjudged = (*self.of(Standing.NOT_JUDGED), *self.of(Standing.BY_WORDS))
        return tuple(Counter(one.why for one in unjudged).most_common())

    @property
    def broken(self) -> tuple[tuple[RuleGroup, ...], ...]:
        """Return the groups of each rule that is not kept, the gravest rule first."""
        rules: dict[Rule, list[RuleGroup]] = {}
        for group in self.groups:
            if group.severity is Severity.VIOLATION:
                rules.setdefault(group.rule, []).append(group)
        return tuple(map(tuple, rules.values()))

    @property
    def warnings(self) -> int:
        return sum(len(one.findings) for one in self.groups if one.severity is Severity.WARNING)

    def groups_of(self, level: Level, severity: Severity) -> int:
        """Return how many groups speak against a verdict, or keep it from being judged."""
        return sum(one.rule.level is level and one.severity is severity for one in self.groups)


def whose(groups: Sequence[RuleGroup]) -> str:
    """Say at whom and in how many places a rule was not kept; "" for one place of the tree's."""
    places = sum(len(group.findings) for group in groups)
    text = groups[0].submitter if len(groups) == 1 else f"{len(groups)} submitters"
    often = f"{places} places" if places > len(groups) else ""
    return ", ".join(filter(None, (text, often)))


def digest(audit: TreeAudit) -> Digest:
    """Sum an audit up."""
    return Digest(tuple(map(_standing, audit.sessions)), _group_by_rule(audit))


def _group_by_rule(audit: TreeAudit) -> tuple[RuleGroup, ...]:
    """Group findings by rule, severity and submitter: violations first, the gravest rules first."""
    paths = sorted(((one.path, one.name) for one in audit.layout.submitters), reverse=True)
    groups: dict[tuple[Rule, Severity, str], list[AuditFinding]] = {}
    for finding in audit.findings:
        key = finding.rule, finding.severity, _submitter(finding.path, paths)
        groups.setdefault(key, []).append(finding)
    made = [RuleGroup(*key, tuple(found)) for key, found in groups.items()]
    severities, rules = list(Severity), list(dict.fromkeys((*_GRAVEST, *Rule)))
    return tuple(
        sorted(
            made,
            key=lambda one: (
                severities.index(one.severity), rules.index(one.rule), -len(one.findings)
            ),
        )
    )  # fmt: skip


def _submitter(path: str, submitters: Sequence[tuple[str, str]]) -> str:
    for folder, name in submitters:
        if not folder or path == folder or path.startswith(f"{folder}/"):
            return name
    return ""


def _standing(session: SessionAudit) -> SessionStanding:
    name, unit = headline_of(session.place)
    printed, recomputed = session.printed.get(name, ""), session.recomputed
    value = None if recomputed is None else figure_of(recomputed, name)
    streaming = None if recomputed is None else recomputed.streaming
    words = streaming.words if streaming is not None and value is None else None
    if words is not None:
        # Nobody publishes the samples of its energy: the words are what can be held against it.
        printed, value, unit = session.printed.get("words", ""), words.f1, Unit.F1
    against = [
        one
        for one in session.findings
        if one.rule is Rule.RESULT_LINE and one.severity is Severity.VIOLATION
    ]
    if against and recomputed is not None:
        why = f"{len(against)} line{'' if len(against) == 1 else 's'} of its results"
        line: AuditFinding | None = against[0]
        if value is not None and words is None and not agrees_with(printed, name, recomputed):
            line = None
            if printed:
                why = _by_how_much(PrintedFigure(name, printed, None), value, unit) or why
        return SessionStanding(session, Standing.DISAGREES, unit, printed, value, why, line)
    if value is None:
        return SessionStanding(
            session, Standing.NOT_JUDGED, unit, printed, None, _why_not_judged(session)
        )
    if words is not None and printed:
        why = _why_not_judged(session)
        return SessionStanding(session, Standing.BY_WORDS, unit, printed, value, why)
    standing = Standing.REPRODUCED if printed else Standing.COMPUTED
    return SessionStanding(session, standing, unit, printed, value)


def _by_how_much(figure: PrintedFigure, value: float, unit: Unit) -> str:
    if figure.value is None or not value:
        return ""
    if unit is Unit.TOP_1:
        return f"{signed(float(figure.value) - value, '.1f')} points"
    if unit is Unit.AUC:
        return signed(float(figure.value) - value, ".4f")
    return f"{signed(100 * (float(figure.value) / value - 1), '.3g')} %"


def _why_not_judged(session: SessionAudit) -> str:
    """Say in the words of the finding that tells it."""
    if not session.place.scored:
        return f"{session.place.task_key} is not scored here"
    told = [
        one
        for one in session.findings
        if one.severity is Severity.NOT_JUDGED or one.rule in (Rule.LOG, Rule.TRACE)
    ]
    if told:
        return told[0].found.removeprefix("not scored: ")
    if session.place.log is None:
        return "no log"
    windows = session.place.mode is not Mode.ACCURACY
    return "no window counts" if windows else "no inference has a score"
