"""The parts of a session's view, by mode: facts, tables, matrices, and what is plotted.

An accuracy session shows its confusion matrix, its ROC curve and its scores by label; a performance
or energy session its headline figures, a row for each window, and how the windows lie around their
median.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

import numpy as np

from ..score.minus_sign import signed
from ..score.results import AccuracyResult, EnergyResult, PerformanceResult
from .page import ReportSession, Row
from .plots.curves import Curve, NoAnswersError, classifier_curves, read_answers, roc_curve, thinned
from .plots.dots import NONE, Dots, dots_of, fixed, percent, spread
from .plots.traces import Plot

_MOST_BINS = 40


@dataclass(frozen=True, slots=True)
class ConfusionCell:
    count: int
    share: float
    """The share in its row's inputs."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """Is a confusion matrix: a row a true class, a column a first class."""

    names: tuple[str, ...]
    rows: tuple[tuple[ConfusionCell, ...], ...]


def accuracy_facts(result: AccuracyResult) -> list[Row]:
    """List the figures of the task's metric, and how many inputs they are of."""
    rows = [("Inputs", f"{result.inputs} of {result.listed} listed")]
    if result.file_scores:
        rows += [
            ("AUC", fixed(result.auc, 4)),
            ("Right at the best threshold", percent(result.top1)),
        ]
    else:
        rows += [
            ("Top-1", f"{percent(result.top1)} ({result.correct} right)"),
            ("AUC", fixed(result.auc, 4)),
        ]
    return rows


def confusion_of(session: ReportSession, result: AccuracyResult) -> Confusion | None:
    """Make the matrix with the task's class names; None for ad, which has none."""
    if not result.confusion:
        return None
    names = session.task.class_names if session.task is not None else ()
    if len(names) != len(result.confusion):
        names = tuple(map(str, range(len(result.confusion))))
    rows = tuple(
        tuple(ConfusionCell(count, count / sum(row) if sum(row) else 0.0) for count in row)
        for row in result.confusion
    )
    return Confusion(names, rows)


def add_curves(
    session: ReportSession,
    result: AccuracyResult,
    anchor: str,
    points: int,
    plots: list[Plot],
    missing: list[str],
) -> None:
    """Append the ROC curves and, of ad, the histogram; else why there are none."""
    curves: list[Curve] = []
    if result.file_scores:
        scores = np.array([each.score for each in result.file_scores])
        anomalous = np.array([each.label == 1 for each in result.file_scores])
        curve = roc_curve("anomalies", anomalous, scores)
        curves = [] if curve is None else [curve]
        if isfinite(float(scores.max()) - float(scores.min())):
            plots.append(_histogram(anchor, scores, anomalous, session))
        else:
            missing.append("No histogram: the scores are too far apart.")
        if curve is None:
            missing.append("No ROC curve: all files scored are of one kind.")
    elif session.task is not None:
        try:
            curves = classifier_curves(read_answers(session), session.task.class_names)
        except NoAnswersError as error:
            missing.append(f"No ROC curve: {error}.")
    if curves:
        told = "; ".join(f"{curve.name}: area {curve.auc:.4f}" for curve in curves)
        lines = [_line(thinned(curve, points)) for curve in curves]
        plots.append(
            Plot(f"{anchor}-roc", "roc", "ROC curve", f"ROC curve; {told}", {"lines": lines})
        )


def _line(curve: Curve) -> dict[str, Any]:
    thresholds = None
    if curve.thresholds is not None:
        thresholds = [value if isfinite(value) else None for value in curve.thresholds.tolist()]
    return {
        "name": f"{curve.name} (AUC {curve.auc:.4f})",
        "x": curve.false_positives.round(6).tolist(),
        "y": curve.true_positives.round(6).tolist(),
        "thresholds": thresholds,
    }


def _histogram(
    anchor: str, scores: np.ndarray[Any, Any], anomalous: np.ndarray[Any, Any],
    session: ReportSession,
) -> Plot:  # fmt: skip
    low, high = float(scores.min()), float(scores.max())
    bins = min(_MOST_BINS, max(8, round(2 * len(scores) ** 0.5)))
    edges = np.linspace(low, high if high > low else low + 1.0, bins + 1)
    names = session.task.class_names if session.task is not None else ("0", "1")
    bars = [
        {"name": name, "counts": np.histogram(scores[chosen], edges)[0].tolist()}
        for name, chosen in ((names[0], ~anomalous), (names[1], anomalous))
    ]
    described = "Histogram of the files' scores; " + "; ".join(
        f"{name}: {int(chosen.sum())} files"
        + (f", median {np.median(scores[chosen]):.4g}" if chosen.any() else "")
        for name, chosen in ((names[0], ~anomalous), (names[1], anomalous))
    )
    return Plot(
        f"{anchor}-histogram",
        "histogram",
        "Scores by label",
        described,
        {"edges": edges.tolist(), "bars": bars},
    )


MAX_WINDOW_ROWS = 200
"""The most rows: an honest session has five; a table of a hostile one ends there and says so."""


@dataclass(frozen=True, slots=True)
class Table:
    """Holds rows of text under their heads; those under ``text_columns`` are no numbers."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    text_columns: frozenset[int] = frozenset()
    left_out: int = 0


def performance_facts(result: PerformanceResult) -> list[Row]:
    """List medians and spread of a performance session."""
    rate = result.median_throughput
    return [
        ("Median throughput", f"{fixed(rate)} inf./s"),
        ("Median latency", f"{fixed(1 / rate if rate else None, 3, 1e3)} ms"),
        ("Spread", spread(result.coefficient_of_variation)),
    ]


def performance_table(result: PerformanceResult) -> Table:
    """Make a row for each timed window."""
    rows = []
    for window in result.windows[:MAX_WINDOW_ROWS]:
        rate = window.throughput
        deviation = window.timer_deviation
        rows.append(
            (
                str(window.number),
                _input(window.file, window.offset),
                str(window.iterations),
                fixed(window.elapsed_s),
                fixed(1 / rate if rate else None, 3, 1e3),
                fixed(rate),
                NONE if deviation is None else signed(100 * deviation, ".2f"),
            )
        )
    heads = ("Window", "Input", "N", "Time (s)", "Latency (ms)", "Throughput (inf./s)",
             "Device − host (%)")  # fmt: skip
    return Table(heads, tuple(rows), frozenset({1}), len(result.windows) - len(rows))


def performance_dots(result: PerformanceResult) -> list[Dots | None]:
    """Draw latency and throughput of the valid windows."""
    rates = [(w.number, w.throughput) for w in result.windows[:MAX_WINDOW_ROWS]]
    told = [(number, rate) for number, rate in rates if rate]
    return [
        dots_of("Latency", "ms", [(number, 1e3 / rate) for number, rate in told]),
        dots_of("Throughput", "inf./s", told),
    ]


def energy_facts(result: EnergyResult) -> list[Row]:
    """List medians and spread of an energy session."""
    rate = result.performance.median_throughput
    return [
        ("Median energy", f"{fixed(result.median_energy_j, 3, 1e6)} µJ/inf."),
        ("Spread", spread(result.coefficient_of_variation)),
        ("Median throughput", f"{fixed(rate)} inf./s"),
        ("Median latency", f"{fixed(1 / rate if rate else None, 3, 1e3)} ms"),
    ]


def energy_table(result: EnergyResult) -> Table:
    """Make a row for each measured window."""
    rows = []
    for measured in result.windows[:MAX_WINDOW_ROWS]:
        window, rate = measured.window, measured.timing.throughput
        rows.append(
            (
                str(measured.number),
                _input(measured.file, measured.offset),
                str(measured.iterations),
                fixed(window.start_s),
                fixed(measured.timing.elapsed_s),
                fixed(rate),
                fixed(window.energy_j, 3, 1e3),
                fixed(window.power_w, 3, 1e3),
                fixed(measured.energy_per_inference_j, 3, 1e6),
            )
        )
    heads = ("Window", "Input", "N", "Start (s)", "Time (s)", "Throughput (inf./s)",
             "Energy (mJ)", "Power (mW)", "Energy (µJ/inf.)")  # fmt: skip
    return Table(heads, tuple(rows), frozenset({1}), len(result.windows) - len(rows))


def energy_dots(result: EnergyResult) -> list[Dots | None]:
    """Draw energy and throughput of the valid windows."""
    shown = result.windows[:MAX_WINDOW_ROWS]
    energies = [(w.number, w.energy_per_inference_j) for w in shown]
    rates = [(w.number, w.timing.throughput) for w in shown]
    return [
        dots_of("Energy", "µJ/inf.", [(n, 1e6 * value) for n, value in energies if value]),
        dots_of("Throughput", "inf./s", [(n, value) for n, value in rates if value]),
    ]


def _input(file: str, offset: int) -> str:
    return f"{file} +{offset}" if offset else file
