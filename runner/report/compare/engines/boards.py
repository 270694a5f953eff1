"""Boards among the engines: one that is asked now, and one that answered in a session's log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from .....models.suite import Task
from ....bench.bench import Bench
from ....journal.records import InferenceRecord
from .answer import Answer, GivenInput, OutputScale

BOARD, SESSION = "board", "session"

_INT8_MOST = 127


@dataclass(frozen=True, slots=True)
class AskedBoard:
    """Is a device that loads and infers each input."""

    bench: Bench
    task: Task
    scale: OutputScale
    vendor: str
    name: str = BOARD

    @property
    def runs_as(self) -> str:
        """Return who it says it is, and where."""
        return f"{self.vendor} at {self.bench.dut.address}"

    def answer(self, given: GivenInput) -> Answer:
        """Load an input, infer it once, and return the scores that the device prints."""
        self.bench.loader.load(given.data)
        inference = self.bench.timer.infer(1, 0, self.task.score_count)
        return Answer(as_values(inference.scores, self.scale), None)


@dataclass(frozen=True, slots=True)
class RecordedBoard:
    """Is a device that answered in a session; the first answer to an input counts."""

    where: str
    task: Task
    scale: OutputScale
    answers: dict[tuple[str, int], tuple[float, ...]] = field(repr=False)
    name: str = SESSION

    @classmethod
    def of(
        cls, where: str, task: Task, scale: OutputScale, records: Iterable[InferenceRecord]
    ) -> RecordedBoard:
        """Take the answers of a log; those that cannot be read are left out."""
        answers: dict[tuple[str, int], tuple[float, ...]] = {}
        for record in records:
            if len(record.scores) == task.score_count:
                answers.setdefault((record.file, record.offset), record.scores)
        return cls(where, task, scale, answers)

    @property
    def runs_as(self) -> str:
        """Return where the log is."""
        return self.where

    @property
    def files(self) -> frozenset[str]:
        """Return the names of the files that were answered."""
        return frozenset(file for file, _ in self.answers)

    def answer(self, given: GivenInput) -> Answer | None:
        """Return the scores of an input in the log; None where it has none."""
        scores = self.answers.get((given.file, given.offset))
        return None if scores is None else Answer(as_values(scores, self.scale), None)


def as_values(scores: tuple[float, ...], scale: OutputScale) -> tuple[float, ...]:
    """Return what scores stand for, where a classifier's board prints the output's integers.

    Shares of one are taken as they are, and so is the one score of ad.
    """
    integers = len(scores) > 1 and all(score.is_integer() for score in scores)
    if not integers or (sum(scores) == 1 and min(scores) == 0):
        return scores
    # A uint8 is 128 more than the int8 that it stands for. Shares as uint8 make 256 together, and
    # as int8 0 or less; of other outputs only what no int8 can be tells.
    shares = scale.least == -128
    unsigned = min(scores) >= 0 and (sum(scores) if shares else max(scores)) > _INT8_MOST
    return tuple(scale.value(score - 128 * unsigned) for score in scores)
