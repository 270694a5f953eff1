"""Asks engines and boards the same inputs, and says where their answers differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from .....models.suite import Metric, Task
from ....journal.records import InferenceRecord
from ....score.results import AccuracyResult
from ....score.score import ScoreError, score_accuracy
from .answer import Answering, OutputScale, Unavailable
from .inputs import AskedInputs
from .tally import Tally


@dataclass(frozen=True, slots=True)
class Respondent:
    """Is one who was asked, with what its answers score."""

    name: str
    runs_as: str
    answered: int
    """Windows."""
    accuracy: AccuracyResult | None
    """None where there is nothing to score."""

    def to_json(self, task: Task) -> dict[str, Any]:
        """Return plain values."""
        scored = self.accuracy
        return {
            "name": self.name,
            "runs_as": self.runs_as,
            "answered": self.answered,
            "metric": task.metric.value,
            "figure": None if scored is None else scored.figure,
            "top1": None if scored is None or task.metric is Metric.AUC else scored.top1,
            "auc": None if scored is None else scored.auc,
            "auc_missing": None if scored is None else scored.auc_missing,
        }


@dataclass(frozen=True, slots=True)
class EngineComparison:
    """Says where engines and boards differ over the same inputs."""

    task: Task
    model: str
    model_sha256: str
    inputs: AskedInputs
    asked: tuple[Respondent, ...]
    pairs: tuple[Tally, ...]
    unavailable: tuple[Unavailable, ...]

    @property
    def equal(self) -> bool:
        """Tell whether nobody differs from anybody."""
        return all(pair.equal for pair in self.pairs)

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Return the names of those whose answers are equal, group by group."""
        differ = {frozenset((pair.a, pair.b)) for pair in self.pairs if not pair.equal}
        groups: list[list[str]] = []
        for one in self.asked:
            for group in groups:
                if all(frozenset((one.name, other)) not in differ for other in group):
                    group.append(one.name)
                    break
            else:
                groups.append([one.name])
        return tuple(map(tuple, groups))

    def pair(self, a: str, b: str) -> Tally:
        """Return what was counted of two."""
        return next(pair for pair in self.pairs if {pair.a, pair.b} == {a, b})

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "task": self.task.key,
            "model": self.model,
            "model_sha256": self.model_sha256,
            "datasets": str(self.inputs.folder),
            "files": self.inputs.files,
            "windows": self.inputs.windows,
            "equal": self.equal,
            "equal_answers": [list(group) for group in self.groups],
            "asked": [each.to_json(self.task) for each in self.asked],
            "pairs": [pair.to_json() for pair in self.pairs],
            "unavailable": [each._asdict() for each in self.unavailable],
        }


def compare_engines(
    task: Task,
    model: str,
    model_sha256: str,
    scale: OutputScale,
    inputs: AskedInputs,
    asked: Sequence[Answering],
    unavailable: Sequence[Unavailable],
    progress: Callable[[int], None] = lambda done: None,
) -> EngineComparison:
    """Ask everybody for every input; ``progress`` is told how many windows are done."""
    pairs = {
        (a.name, b.name): Tally(a.name, b.name, scale, not task.reconstructs_input)
        for a, b in combinations(asked, 2)
    }
    records: dict[str, list[InferenceRecord]] = {one.name: [] for one in asked}
    for done, given in enumerate(inputs.given(), 1):
        answers = {one.name: one.answer(given) for one in asked}
        for (a, b), tally in pairs.items():
            first, second = answers[a], answers[b]
            if first is not None and second is not None:
                tally.add(given, first, second)
        for name, answer in answers.items():
            if answer is not None:
                records[name].append(
                    InferenceRecord(given.file, given.offset, 1, 0, answer.scores, done)
                )
        progress(done)
    scored = tuple(
        Respondent(
            one.name, one.runs_as, len(records[one.name]), _scored(records[one.name], inputs, task)
        )
        for one in asked
    )
    return EngineComparison(
        task, model, model_sha256, inputs, scored, tuple(pairs.values()), tuple(unavailable)
    )


def _scored(
    records: list[InferenceRecord], inputs: AskedInputs, task: Task
) -> AccuracyResult | None:
    """Score one's answers; None where nothing can be scored, such as scores that are all 0."""
    if not records or not inputs.rows:
        return None
    try:
        return score_accuracy(records, inputs.rows, task)
    except ScoreError:
        return None
