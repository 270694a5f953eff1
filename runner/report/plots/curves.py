"""ROC curves: how many positives are found, against how many negatives are taken for one.

A result holds counts only; a ROC curve needs every score, and a paired comparison needs to know
which inputs were right. So what a device answered to each input is read from the accuracy log
again. Each input counts once, by its first answer, as in `score`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ....errors import TinyrunnerError
from ...journal.open_log import open_log
from ...journal.reader import LogError
from ...score.auc import normalised, roc_auc
from ...terms import Mode
from ..page import ReportSession

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """Is one ROC curve, from (0, 0) to (1, 1)."""

    name: str
    false_positives: Floats
    """The rates of false positives, rising."""
    true_positives: Floats
    thresholds: Floats | None
    """Scores at and above which an input counts as positive; the first is infinite. None for a mean
    of curves."""
    auc: float


def roc_curve(name: str, positive: npt.NDArray[np.bool_], scores: Floats) -> Curve | None:
    """Compute the curve of these scores; None where all are of one kind."""
    area = roc_auc(positive, scores)
    if area is None:
        return None
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(positive[order], dtype=np.int64)
    ends = np.flatnonzero(ranked[1:] != ranked[:-1])
    last = np.append(ends, len(ranked) - 1)  # of each group of ties
    found = np.concatenate([[0], hits[last]])
    false = np.concatenate([[0], last + 1 - hits[last]])
    thresholds = np.concatenate([[np.inf], ranked[last]])
    kept = _corners(found, false)
    return Curve(
        name,
        false[kept] / false[-1],
        found[kept] / found[-1],
        thresholds[kept],
        area,
    )


def classifier_curves(answers: ScoredInputs, class_names: tuple[str, ...]) -> list[Curve]:
    """Compute the curves of a classifier: of two classes the second's, of more their mean.

    Of more than two classes each is taken against the rest. Beside the mean (whose area is the AUC
    that is published) stands the micro average, in which every score of every class counts alike.
    """
    truth, scores = answers.labels, answers.scores
    if scores.shape[1] == 2:
        curve = roc_curve(class_names[1], truth == 1, scores[:, 1])
        return [] if curve is None else [curve]
    each = [roc_curve("", truth == c, scores[:, c]) for c in range(scores.shape[1])]
    curves = [curve for curve in each if curve is not None]
    if not curves:
        return []
    found = [_mean(curves, scores.shape[1])]
    is_positive = truth[:, None] == np.arange(scores.shape[1])
    micro = roc_curve("all classes pooled (micro)", is_positive.ravel(), scores.ravel())
    return found if micro is None else [*found, micro]


def _mean(curves: list[Curve], classes: int) -> Curve:
    """Compute the vertical mean, exact at every rate where one of the curves bends."""
    rates = np.unique(np.concatenate([curve.false_positives for curve in curves]))
    # A rate with a vertical step has two values: the lower ends the piece before it.
    low = np.mean([_value(curve, rates, "left") for curve in curves], axis=0)
    high = np.mean([_value(curve, rates, "right") for curve in curves], axis=0)
    x = np.repeat(rates, 2)
    y = np.column_stack([low, high]).ravel()
    whose = "each class against the rest, mean"
    if len(curves) < classes:
        whose += f" of the {len(curves)} of {classes} classes that have inputs"
    return Curve(whose, x, y, None, float(np.mean([curve.auc for curve in curves])))


def _value(curve: Curve, rates: Floats, side: str) -> Floats:
    x, y = curve.false_positives, curve.true_positives
    if side == "left":
        first = np.minimum(np.searchsorted(x, rates, "left"), len(x) - 1)
        return np.where(x[first] == rates, y[first], np.interp(rates, x, y))
    last = np.maximum(np.searchsorted(x, rates, "right") - 1, 0)
    return np.where(x[last] == rates, y[last], np.interp(rates, x, y))


def _corners(found: npt.NDArray[np.int64], false: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Drop the points on a straight line between their neighbours."""
    ahead = np.diff(found), np.diff(false)
    turns = ahead[0][:-1] * ahead[1][1:] != ahead[0][1:] * ahead[1][:-1]
    return np.concatenate([[0], np.flatnonzero(turns) + 1, [len(found) - 1]])


def thinned(curve: Curve, points: int) -> Curve:
    """Choose at most so many points of a curve, evenly, both ends among them."""
    count = len(curve.false_positives)
    if count <= points:
        return curve
    kept = np.unique(np.linspace(0, count - 1, points).astype(np.int64))
    return Curve(
        curve.name,
        curve.false_positives[kept],
        curve.true_positives[kept],
        None if curve.thresholds is None else curve.thresholds[kept],
        curve.auc,
    )


MAX_INFERENCES = 100_000
"""The most answers that are read: above the 48,608 windows of the longest official list; bounds
memory and time."""


@dataclass(frozen=True, slots=True)
class ScoredInputs:
    """Holds the inputs that were answered, in the order of the log."""

    files: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    """The label of each input: (inputs,)."""
    scores: npt.NDArray[np.float64]
    """The scores: (inputs, classes), each row divided by its sum where that is possible."""
    firsts: npt.NDArray[np.int64]
    """The first class of each input: (inputs,), taken before the division."""

    @property
    def right(self) -> dict[str, bool]:
        """Tell of each input whether its first class is its label."""
        hits = (self.firsts == self.labels).tolist()
        return dict(zip(self.files, hits, strict=True))


class NoAnswersError(TinyrunnerError):
    """Says why there is nothing to read."""


def read_answers(session: ReportSession) -> ScoredInputs:
    """Read the answers of a classifier's accuracy session; or NoAnswersError."""
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
    return ScoredInputs(
        files=tuple(rows),
        labels=np.array([truth[file] for file in rows], dtype=np.int64),
        scores=np.array([normalised(row) or row for row in rows.values()]),
        firsts=np.array([row.index(max(row)) for row in rows.values()], dtype=np.int64),
    )
