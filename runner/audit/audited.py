"""What an audit yields: each session with its figures, everything found, and the four verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ...datasets.labels import LabelList
from ..config.rounds import Round
from ..journal.told_provenance import ToldProvenance
from ..score.assess import Assessment
from ..score.rules import Severity
from .findings import AuditFinding, Level
from .session.results_check import Recomputed
from .tree import Layout, ModeFolder


@dataclass(frozen=True, slots=True)
class ListUsed:
    """The label list that a session was judged by."""

    source: str
    """Where it was found: the file beside the log, or a list that was offered."""
    sha256: str
    official: str | None
    """The name of the official list that it is (``kws01``), None for another."""


@dataclass(frozen=True, slots=True)
class SessionAudit:
    """One mode folder: what it measured, and what is amiss in it."""

    place: ModeFolder
    findings: tuple[AuditFinding, ...]
    assessment: Assessment | None = None
    """None where the log is missing or cannot be scored."""
    labels: ListUsed | None = None
    label_list: LabelList | None = None
    """That list itself."""
    provenance: ToldProvenance = field(default_factory=ToldProvenance)
    """Of session.json, where it has one."""
    synthetic: bool = False
    """The first input files, in order (five are enough to compare)."""
    printed: dict[str, str] = field(default_factory=dict)
    """The headline figures as its results file prints them: median_throughput,
    median_energy_uj, top1, auc."""
    recomputed: Recomputed | None = None
    """What those have to follow from; None with the assessment."""

    @property
    def simulated(self) -> bool:
        return self.assessment is not None and self.assessment.simulated


@dataclass(frozen=True, slots=True)
class OfficialRow:
    """One line of the official checker's summary.csv: column to value, in the columns' order."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OfficialReport:
    """What the official checker would say of a tree."""

    checker: str
    """The commit that the rules are of."""
    ok: bool
    """It would end with "Results look OK"."""
    messages: tuple[AuditFinding, ...]
    """Its errors (violations where they fail something) and warnings."""
    rows: tuple[OfficialRow, ...] = ()
    crashed: str | None = None
    """Where it would end in a traceback instead of a verdict, what it stumbles over."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The whole outcome."""

    root: Path
    round: Round
    round_from: str
    """How the round was chosen: said, or what it was taken from."""
    layout: Layout
    sessions: tuple[SessionAudit, ...]
    findings: tuple[AuditFinding, ...]
    """All of them, the sessions' and the official checker's included, in order of the places."""
    official: OfficialReport

    def against(self, level: Level) -> tuple[AuditFinding, ...]:
        """The violations that speak against one verdict itself."""
        return tuple(
            finding
            for finding in self.findings
            if finding.severity is Severity.VIOLATION and finding.rule.level is level
        )

    def holds(self, level: Level) -> bool:
        """Whether a verdict holds. Submittable asks for all of the others."""
        if level is Level.SUBMITTABLE:
            return all(not self.against(each) for each in Level) and self.official.ok
        if level is Level.OFFICIAL:
            return self.official.ok
        return not self.against(level)
