"""Assesses a log: figures and findings, by one code for a live, a resumed, a published one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets.labels import FILE_PREFIX, LabelList, LabelRow
from ...datasets.official_lists import identify
from ...models.suite import Task
from ..config.rounds import Round
from ..journal.open_log import open_log
from ..journal.records import InferenceRecord, LogFacts
from ..terms import Division, Mode, Purpose
from .energy_score import score_energy_records
from .json_form import JsonForm
from .results import AccuracyResult, EnergyResult, PerformanceResult
from .rules import CheckInput, SessionFinding, check, is_good
from .score import score_accuracy, score_performance

if TYPE_CHECKING:
    from ..journal.claimed_provenance import ClaimedProvenance
    from ..journal.session_document import Provenance
    from .streaming.results import StreamingResult


@dataclass(frozen=True, slots=True)
class Judging:
    """Says what a session is judged by, beside its log."""

    task: Task
    mode: Mode
    round: Round
    division: Division
    labels: Sequence[LabelRow]
    """The label list; empty where none was given (a published performance log can be scored
    without)."""
    list_name: str | None
    """The name of the official list that the labels are, None for another."""
    synthetic: bool
    simulated: bool = False
    """Whether its session.json says that the device was a simulated one."""
    restored: bool = False
    """Whether the session's provenance was lost, and restored from its log."""
    development: bool = False
    """Whether its session.json says that it was run for development."""
    limit: int | None = None
    """How many files of the list were to be run, where session.json says that not all were."""
    purpose: Purpose = Purpose.SUBMISSION
    """What the session is judged for."""

    @classmethod
    def of_session(
        cls,
        task: Task,
        mode: Mode,
        round_: Round,
        division: Division,
        *,
        labels: LabelList | None,
        files: Iterable[str],
        provenance: Provenance | ClaimedProvenance | None,
        rows: Sequence[LabelRow] = (),
        purpose: Purpose = Purpose.SUBMISSION,
    ) -> Judging:
        """Put together what is known of a session: how it came about, and the files that it ran.

        ``provenance`` is that of its session.json, None where it has none; ``rows`` are labels
        that are known without a list; ``purpose`` is what it is judged for.
        """
        limit = None if provenance is None else provenance.limit
        official = None if labels is None else identify(labels)
        return cls(
            task=task,
            mode=mode,
            round=round_,
            division=division,
            labels=rows if labels is None else labels.rows,
            list_name=None if official is None else official.name,
            synthetic=(provenance is not None and provenance.is_demonstration)
            or any(file.startswith(FILE_PREFIX) for file in files),
            simulated=provenance is not None and provenance.is_simulated,
            restored=provenance is not None and provenance.is_restored,
            development=provenance is not None and provenance.purpose is Purpose.DEVELOPMENT,
            limit=limit if isinstance(limit, int) else None,
            purpose=purpose,
        )


@dataclass(frozen=True, slots=True)
class Assessment(JsonForm):
    """Says what a session measured, and what is wrong with it."""

    JSON = "performance accuracy energy findings valid simulated for=purpose good"

    facts: LogFacts
    performance: PerformanceResult | None
    accuracy: AccuracyResult | None
    energy: EnergyResult | None
    findings: tuple[SessionFinding, ...]
    simulated: bool = False
    """Whether the device was a simulated one, by the log or by session.json: times and energies are
    modelled."""
    purpose: Purpose = Purpose.SUBMISSION
    """What the session is judged for."""
    streaming: StreamingResult | None = None
    """What a session of a streaming task measured; None of any other."""

    def to_json(self) -> dict[str, Any]:
        """Return plain values by their keys; `streaming` only where there is something."""
        plain = JsonForm.to_json(self)
        return plain if self.streaming is None else plain | {"streaming": self.streaming.to_json()}

    @property
    def power_w(self) -> float | None:
        """Return the mean power in a streaming session's window; None where it has no samples."""
        windows = () if self.streaming is None or self.energy is None else self.energy.windows
        return next((measured.window.power_w for measured in windows), None)

    @property
    def throughput(self) -> float | None:
        """Return the inferences per second of a session that has some, whatever it was run for."""
        if self.streaming is not None:
            duty = self.streaming.sure_duty
            return None if duty is None else duty.throughput
        timed = self.performance if self.energy is None else self.energy.performance
        return None if timed is None else timed.median_throughput

    @property
    def good(self) -> bool:
        """Tell whether the session is good for what it is judged for."""
        return is_good(self.findings)

    @property
    def valid(self) -> bool:
        """Tell whether nothing stands between the session and a submission.

        Of what is judged for development nobody can say so, nor of a recording without its words.
        """
        told = self.streaming is None or self.streaming.words is not None
        return self.good and told and self.purpose is Purpose.SUBMISSION


def assess(log: Path, judging: Judging) -> Assessment:
    """Read the log once, score what it holds, check it against the round."""
    with open_log(log) as reader:
        return assess_records(reader, reader.facts, log.parent, judging)


def assess_records(
    records: Iterable[InferenceRecord], facts: LogFacts, folder: Path, judging: Judging
) -> Assessment:
    """Score and check a log that was read, or is being read.

    ``facts`` is complete when ``records`` ends. ``folder`` holds the trace of an energy session. An
    accuracy session without labels is not scored, only checked.
    """
    performance: PerformanceResult | None = None
    accuracy: AccuracyResult | None = None
    energy: EnergyResult | None = None
    if judging.mode is Mode.ENERGY:
        energy = score_energy_records(records, facts, folder, judging.task)
    elif judging.mode is Mode.PERFORMANCE:
        performance = score_performance(records, judging.task, facts.dialect)
    elif judging.labels:
        accuracy = score_accuracy(records, judging.labels, judging.task)
    result = CheckInput.of(
        facts,
        judging.task,
        mode=judging.mode,
        performance=performance,
        accuracy=accuracy,
        energy=energy,
        list_name=judging.list_name,
        list_told=bool(judging.labels),
        synthetic=judging.synthetic,
        simulated=judging.simulated,
        restored=judging.restored,
        development=judging.development,
        limit=judging.limit,
    )
    purpose = judging.purpose
    findings = check(result, judging.round, division=judging.division, purpose=purpose)
    return Assessment(facts, performance, accuracy, energy, findings, result.is_simulated, purpose)
