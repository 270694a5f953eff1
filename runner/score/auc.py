"""Computes AUC as scikit-learn defines it and as EEMBC prints it, and informative figures of ad."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, isfinite
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_Floats: TypeAlias = "npt.NDArray[np.float64]"


def normalised(scores: Sequence[float]) -> tuple[float, ...] | None:
    """Divide scores by their sum; None where they add up to nothing, or to no number.

    Devices print three decimals, so that a row rarely adds up to one. Added from left to
    right, as MLCommons' runner does: another order moves the last bit, which parts or joins
    ties between inputs and so moves the AUC by up to 1e-5. (`sum` would depend on the Python.)
    """
    total = 0.0
    for score in scores:
        total += score
    if total == 0.0 or not isfinite(total):
        return None
    return tuple(score / total for score in scores)


def softmax(rows: _Floats) -> _Floats:
    """Turn each row of logits into shares of one."""
    import numpy as np

    weights: _Floats = np.exp(rows - rows.max(axis=1, keepdims=True))
    shares: _Floats = weights / weights.sum(axis=1, keepdims=True)
    return shares


def roc_auc(positive: Sequence[bool] | npt.NDArray[np.bool_], scores: _Floats) -> float | None:
    """Compute the area under the ROC curve: how often a positive outranks a negative.

    Ties count half. None where all are of one kind.
    """
    import numpy as np

    is_positive = np.asarray(positive, dtype=bool)
    positives = int(is_positive.sum())
    negatives = len(is_positive) - positives
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    last_rank = np.cumsum(counts)
    mean_rank = last_rank - (counts - 1) / 2
    rank_sum = fsum(mean_rank[inverse][is_positive])
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def one_vs_rest_auc(labels: Sequence[int], rows: _Floats) -> float | None:
    """Average each class's AUC against the others; of two classes, take that of class 1."""
    import numpy as np

    known = np.asarray(labels)
    if rows.shape[1] == 2:
        return roc_auc(known == 1, rows[:, 1])
    areas = [roc_auc(known == c, rows[:, c]) for c in range(rows.shape[1])]
    found = [area for area in areas if area is not None]
    return fsum(found) / len(found) if len(found) == len(areas) else None


def eembc_auc(labels: Sequence[int], rows: _Floats) -> float | None:
    """Compute the AUC that EEMBC's runner prints of classifiers; None where a class has no input.

    Scores as the device prints them, each class against the others, 101 thresholds from 0 to 1, the
    area in trapezoids, the mean over all classes. So says `calculate_auc` of mlcommons/tiny,
    `benchmark/training/*/eval_functions_eembc.py`; it gives every figure that was published.
    """
    import numpy as np

    known = np.asarray(labels)
    thresholds = np.arange(101) * 0.01
    areas = []
    for number in range(rows.shape[1]):
        shares = []
        for these in (rows[known == number, number], rows[known != number, number]):
            if not len(these):
                return None
            above = len(these) - np.searchsorted(np.sort(these), thresholds, side="right")
            shares.append(above / len(these))
            shares[-1][0] = 1.0  # the curve begins where everything is called positive
        hits, alarms = shares
        heights, widths = hits[1:] + hits[:-1], alarms[:-1] - alarms[1:]
        areas.append(fsum(heights * widths) / 2)
    return fsum(areas) / len(areas)


def best_threshold_correct(positive: Sequence[bool], scores: Sequence[float]) -> int:
    """Count what the best threshold tells apart: EEMBC's "Top-1" of ad, informative."""
    order = sorted(zip(scores, positive, strict=True))
    right = best = sum(positive)  # the threshold below all: everything is called positive
    for i, (score, is_positive) in enumerate(order):
        right += -1 if is_positive else 1
        if i + 1 == len(order) or order[i + 1][0] != score:
            best = max(best, right)
    return best


def best_precision_recall(positive: Sequence[bool], scores: Sequence[float]) -> float | None:
    """Compute MLCommons' "Top 1%" of ad.

    It is the best mean of precision and recall over 100 thresholds.
    """
    if not scores:
        return None
    import numpy as np

    is_positive, values = np.asarray(positive, dtype=bool), np.asarray(scores)
    low, high = values.min(), values.max()
    best = 0.0
    for step in range(100):
        called = values > low + step * 0.01 * (high - low)
        hits = float((called & is_positive).sum())
        # The small terms keep empty sets from dividing by zero, as in MLCommons' definition.
        precision = hits / (float(called.sum()) + 1e-8)
        recall = hits / (float(is_positive.sum()) + 1e-8)
        best = max(best, (precision + recall) / 2)
    return best
