"""The result of an audit: each session with its figures, all findings, and the four verdicts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ....datasets.labels import LabelList
from ....energy.trace_files import MLCOMMONS_RATE_HZ
from ...config.rounds import Round
from ...journal.claimed_provenance import ClaimedProvenance
from ...score.assess import Assessment
from ...score.results import AccuracyResult, EnergyResult, PerformanceResult
from ...score.rules import Severity
from ...score.streaming.results import StreamingResult
from ...terms import Dialect
from .findings import AuditFinding, Level
from .tree import Layout, ModeFolder

_FLOAT_NOISE = 1e-12
"""The difference that adding samples in another order makes, as a fraction."""


_ROUNDING = 2.0**-53
"""What a sum of floats may be off by each number that is added, as a fraction."""

_ROUNDED_SAMPLES = 2e-8
"""The difference, as a fraction, where our trace went through results.json, whose samples have nine
digits."""


@dataclass(frozen=True, slots=True)
class ListUsed:
    """Says which label list a session was judged by."""

    source: str
    """The place where the list was found: the file beside the log, or a list that was offered."""
    sha256: str
    official: str | None
    """The name of the official list that it is (``kws01``), None for another."""


@dataclass(frozen=True, slots=True)
class SessionAudit:
    """Says what one mode folder measured, and what is amiss in it."""

    place: ModeFolder
    findings: tuple[AuditFinding, ...]
    assessment: Assessment | None = None
    """The figures; None where the log is missing or cannot be scored."""
    labels: ListUsed | None = None
    label_list: LabelList | None = None
    """The rows of the label list that was used."""
    provenance: ClaimedProvenance = field(default_factory=ClaimedProvenance)
    """The provenance in session.json, where it has one."""
    synthetic: bool = False
    """Whether the inputs are generated ones, or a demonstration model ran on them."""
    printed: dict[str, str] = field(default_factory=dict)
    """The headline figures as its results file prints them: median_throughput,
    median_energy_uj, top1, auc; of a streaming task throughput and words."""
    recomputed: Recomputed | None = None
    """The figures that the printed ones have to follow from; None with the assessment."""

    @property
    def simulated(self) -> bool:
        return self.assessment is not None and self.assessment.simulated


@dataclass(frozen=True, slots=True)
class OfficialRow:
    """Is one line of the official checker's summary.csv: column to value, in order."""

    values: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class OfficialReport:
    """Says what the official checker would say of a tree."""

    checker: str
    """The commit of the checker whose rules these are; empty where the round had none."""
    ok: bool
    """Whether the checker would end with "Results look OK"."""
    messages: tuple[AuditFinding, ...]
    """The checker's errors (violations where they fail something) and warnings."""
    rows: tuple[OfficialRow, ...] = ()
    crashed: str | None = None
    """What the checker stumbles over, where it would end in a traceback instead of a verdict."""


@dataclass(frozen=True, slots=True)
class TreeAudit:
    """Holds the whole outcome of an audit."""

    root: Path
    round: Round
    round_from: str
    """How the round was chosen: said, or what it was taken from."""
    layout: Layout
    sessions: tuple[SessionAudit, ...]
    findings: tuple[AuditFinding, ...]
    """All findings, the sessions' and the official checker's included, in order of the places."""
    official: OfficialReport

    def against(self, level: Level) -> tuple[AuditFinding, ...]:
        """Return the violations that speak against one verdict itself."""
        return tuple(
            finding
            for finding in self.findings
            if finding.severity is Severity.VIOLATION and finding.rule.level is level
        )

    def not_judged(self, level: Level) -> tuple[AuditFinding, ...]:
        """Return what a verdict needs and could not be looked at here."""
        return tuple(
            finding
            for finding in self.findings
            if finding.severity is Severity.NOT_JUDGED and finding.rule.level is level
        )

    def holds(self, level: Level) -> bool:
        """Tell whether a verdict holds. Submittable asks for all of the others.

        One that something is not judged for does not hold, and nothing need speak against it.
        """
        if level is Level.SUBMITTABLE:
            whole = all(not self.against(each) and not self.not_judged(each) for each in Level)
            return whole and self.official.ok
        if level is Level.OFFICIAL:
            return self.official.ok
        return not self.against(level) and not self.not_judged(level)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """Holds what a session measured, as far as it could be recomputed, and who printed it."""

    round: Round
    dialect: Dialect
    performance: PerformanceResult | None = None
    accuracy: AccuracyResult | None = None
    energy: EnergyResult | None = None
    streaming: StreamingResult | None = None
    ours: bool = False
    """Whether tinyrunner wrote the results, so that its way of rounding holds."""
    exact_auc: bool = False
    """Whether it was a tinyrunner that printed the exact AUC in EEMBC's dialect as well."""

    @property
    def noise(self) -> float:
        """Return what a figure may be off beyond its rounding, as a fraction."""
        through_json = self.ours and self.energy is not None
        if through_json and self.dialect is Dialect.MLCOMMONS:
            return _ROUNDED_SAMPLES
        if self.streaming is None or self.energy is None:
            return _FLOAT_NOISE
        # Whoever adds up a million samples one after the other rounds a million times.
        longest_s = max((one.window.duration_s for one in self.energy.windows), default=0.0)
        return max(_FLOAT_NOISE, longest_s * MLCOMMONS_RATE_HZ * _ROUNDING)
