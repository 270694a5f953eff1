"""The measures of two sessions: each with its difference, and how sure that is.

Throughput, latency and energy are compared by the means over the windows, with Welch's interval:
a median of five has no interval worth the name. Top-1 by the inputs that only one side got right,
where both ran the same ones. The AUC of ad by DeLong's method, which takes the scores as they are
and knows that both sides ranked the same files; Hanley and McNeil's formula assumes a shape of the
scores' distribution that the errors of an autoencoder do not have, and independence besides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from statistics import fmean, median

import numpy as np

from ....models.suite import Metric
from ...score.json_form import JsonForm
from ...score.results import AccuracyResult
from ..page import ReportSession
from ..plots.curves import NoAnswersError, read_answers
from .statistics import (
    Interval,
    RocParts,
    delong,
    mcnemar_p,
    paired_difference,
    roc_parts,
    unpaired_difference,
    welch,
)

SIGNIFICANT_P = 0.05
RESOLUTION = 1e-6
"""The relative difference below which there is none: a 1 us timer tells no more of a window of some
seconds, and a trace's float32 samples of its energy."""


class Measure(Enum):
    """Names what is compared: its unit, the factor to it, and whether more is better."""

    THROUGHPUT = ("throughput", "inf./s", 1.0, True)
    LATENCY = ("latency", "ms", 1e3, False)
    ENERGY = ("energy", "µJ/inf.", 1e6, False)
    TOP1 = ("Top-1", "%", 100.0, True)
    AUC = ("AUC", "", 1.0, True)
    WORDS = ("words heard", "%", 100.0, True)
    FALSE = ("false detections", "", 1.0, False)
    DUTY_CYCLE = ("duty cycle", "%", 100.0, False)
    POWER = ("power", "mW", 1e3, False)

    def __init__(self, title: str, unit: str, factor: float, more_is_better: bool) -> None:
        self.title = title
        self.unit = unit
        self.factor = factor
        self.more_is_better = more_is_better

    @property
    def key(self) -> str:
        """Return the name that JSON has for it."""
        return self.name.lower()

    @property
    def is_share(self) -> bool:
        """Tell whether it is a share of 0 to 1, whose differences are not relative to A's value."""
        return self in (Measure.TOP1, Measure.AUC, Measure.WORDS, Measure.DUTY_CYCLE)


@dataclass(frozen=True, slots=True)
class Difference(JsonForm):
    """Is one measure of a pair, in SI units and fractions; B's less A's."""

    JSON = (
        "measure=measure.key a b a_published b_published difference=absolute relative "
        "interval_95 relative_half_width_95=relative_half_width p method significant"
    )

    measure: Measure
    a: float
    b: float
    method: str
    interval: Interval | None
    """The 95 % interval; None where there is too little to tell."""
    relative_half_width: float | None = None
    p: float | None = None
    """The p of the exact McNemar test, where that was made."""
    a_published: float | None = None
    """The figure that is published of A: the median of the windows."""
    b_published: float | None = None

    @property
    def absolute(self) -> float:
        return self.b - self.a

    @property
    def interval_95(self) -> tuple[float, float] | None:
        """Return the interval's two ends."""
        return None if self.interval is None else (self.interval.low, self.interval.high)

    @property
    def relative(self) -> float | None:
        return self.absolute / abs(self.a) if self.a else None

    @property
    def significant(self) -> bool | None:
        """Tell whether it is more than chance; None where nobody can tell."""
        if self.interval is None:
            return None
        relative = self.relative
        if relative is not None and abs(relative) < RESOLUTION:
            return False
        sure = self.p is None or self.p < SIGNIFICANT_P
        return sure and self.interval.excludes_zero

    @property
    def worsening(self) -> float:
        """Return how much worse B is, absolute; negative where it is better."""
        return -self.absolute if self.measure.more_is_better else self.absolute


def differences(a: ReportSession, b: ReportSession) -> Iterator[Difference]:
    """Compare every measure that both sessions have of those that are no streaming task's."""
    first, second = a.assessment, b.assessment
    if first is None or second is None:
        return
    if first.energy is not None and second.energy is not None:
        yield from _of_windows(Measure.ENERGY, first.energy.energies_j, second.energy.energies_j)
    rates_a, rates_b = _rates(a), _rates(b)
    yield from _of_windows(Measure.THROUGHPUT, rates_a, rates_b)
    yield from _of_windows(
        Measure.LATENCY, [1 / rate for rate in rates_a], [1 / rate for rate in rates_b]
    )
    if first.accuracy is not None and second.accuracy is not None:
        if first.accuracy.metric is Metric.AUC:
            yield from _auc(first.accuracy, second.accuracy)
        else:
            yield from _top1(a, b, first.accuracy, second.accuracy)


def _rates(session: ReportSession) -> list[float]:
    assessment = session.assessment
    if assessment is None:
        return []
    timed = assessment.performance if assessment.energy is None else assessment.energy.performance
    return [] if timed is None else [rate for rate in timed.throughputs if rate > 0]


def _of_windows(measure: Measure, a: Sequence[float], b: Sequence[float]) -> Iterator[Difference]:
    a, b = [v for v in a if isfinite(v)], [v for v in b if isfinite(v)]
    if not a or not b:
        return
    tested = welch(a, b)
    yield Difference(
        measure,
        fmean(a),
        fmean(b),
        f"Welch's t over {len(a)} and {len(b)} windows",
        None if tested is None else tested.interval,
        relative_half_width=None if tested is None else tested.relative_half_width,
        a_published=median(a),
        b_published=median(b),
    )


def _top1(
    a: ReportSession, b: ReportSession, first: AccuracyResult, second: AccuracyResult
) -> Iterator[Difference]:
    if first.top1 is None or second.top1 is None:
        return
    try:
        right_a, right_b = read_answers(a).right, read_answers(b).right
    except NoAnswersError as error:
        reason = f"unpaired (Newcombe): {error}"
    else:
        if right_a.keys() == right_b.keys() and len(right_a) == first.inputs == second.inputs:
            only_a = sum(right and not right_b[file] for file, right in right_a.items())
            only_b = sum(right_b[file] and not right for file, right in right_a.items())
            yield Difference(
                Measure.TOP1,
                first.top1,
                second.top1,
                f"exact McNemar: of {len(right_a)} inputs {only_a} right in A only, "
                f"{only_b} in B only",
                paired_difference(only_a, only_b, len(right_a)),
                p=mcnemar_p(only_a, only_b),
            )
            return
        reason = "unpaired (Newcombe): the inputs are not the same"
    interval = unpaired_difference(first.correct, first.inputs, second.correct, second.inputs)
    yield Difference(Measure.TOP1, first.top1, second.top1, reason, interval)


def _auc(first: AccuracyResult, second: AccuracyResult) -> Iterator[Difference]:
    if first.auc is None or second.auc is None:
        return
    labels = [{each.file: each.label for each in one.file_scores} for one in (first, second)]
    paired = labels[0] == labels[1]
    parts = _parts(first, first), _parts(second, first if paired else second)
    interval = None
    method = "DeLong, of the same files" if paired else "DeLong, of different files"
    if parts[0] is not None and parts[1] is not None:
        interval = delong(parts[0], parts[1], paired=paired)
    else:
        method += ": too few files to tell"
    yield Difference(Measure.AUC, first.auc, second.auc, method, interval)


def _parts(result: AccuracyResult, order: AccuracyResult) -> RocParts | None:
    """Return the components of a result's AUC, its files in the order of another's."""
    scores = {each.file: each for each in result.file_scores}
    chosen = [scores[each.file] for each in order.file_scores]
    anomalous = np.array([each.label == 1 for each in chosen], dtype=bool)
    return roc_parts(anomalous, np.array([each.score for each in chosen], dtype=float))
