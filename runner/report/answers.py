"""What a device answered to each input of an accuracy log, read from the log again.

A result holds counts only; a ROC curve needs every score, and a paired comparison needs to know
which inputs were right. Each input counts once, by its first answer, as in `score`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..journal.open_log import open_log
from ..journal.reader import LogError
from ..journal.records import Mode
from ..score.metrics import normalised
from .page import ReportSession

MAX_INFERENCES = 100_000
"""Above the 48,608 windows of the longest official list; bounds memory and time."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The inputs that were answered, in the order of the log."""

    files: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    """(inputs,)"""
    scores: npt.NDArray[np.float64]
    """(inputs, classes), each row divided by its sum where that is possible."""
    firsts: npt.NDArray[np.int64]
    """(inputs,): the first class, taken before the division."""

    @property
    def right(self) -> dict[str, bool]:
        """Whether each input's first class is its label."""
        hits = (self.firsts == self.labels).tolist()
        return dict(zip(self.files, hits, strict=True))


class NoAnswersError(Exception):
    """There is nothing to read; the text says why."""


def read_answers(session: ReportSession) -> Answers:
    """The answers of a classifier's accuracy session; NoAnswersError where there are none."""
    task, labels = session.task, session.labels
    if task is None or session.mode is not Mode.ACCURACY or task.stride_bytes is not None:
        raise NoAnswersError("it is no accuracy session of a classifier")
    if labels is None:
        raise NoAnswersError("its label list is not at hand")
    if not session.may_open(session.log_name):
        raise NoAnswersError("its log is not at hand")
    truth = {row.file: row.label for row in labels.rows}
    rows: dict[str, tuple[float, ...]] = {}
    try:
        with open_log(session.log) as reader:
            for count, record in enumerate(reader, 1):
                if count > MAX_INFERENCES:
                    raise NoAnswersError(f"its log holds more than {MAX_INFERENCES} inferences")
                if record.file in truth and len(record.scores) == task.score_count:
                    rows.setdefault(record.file, record.scores)
    except LogError as error:
        raise NoAnswersError(str(error)) from error
    if not rows:
        raise NoAnswersError("its log holds no input of the label list")
    return Answers(
        files=tuple(rows),
        labels=np.array([truth[file] for file in rows], dtype=np.int64),
        scores=np.array([normalised(row) or row for row in rows.values()]),
        firsts=np.array([row.index(max(row)) for row in rows.values()], dtype=np.int64),
    )
