"""Shows a session to a person: a table of its figures, and what was found wrong."""

from __future__ import annotations

from math import fsum
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from ....models.suite import Metric, Task
from ...config.rounds import Round
from ...score.assess import Assessment
from ...score.results import AccuracyResult, EnergyResult, PerformanceResult
from ...score.rules import Severity
from ...terms import Purpose

SEVERITY_STYLES = {
    Severity.VIOLATION: "bold red",
    Severity.NOT_JUDGED: "cyan",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}


def show_assessment(
    console: Console, title: str, assessment: Assessment, task: Task, round_: Round
) -> None:
    """Print the figures and the findings of one session."""
    parts: list[RenderableType] = [Text(title, style="bold")]
    if assessment.simulated:
        parts.append(Text("  on a simulated device: its times and energies are modelled"))
    if assessment.performance is not None:
        parts += _performance(assessment.performance)
    if assessment.energy is not None:
        parts += _energy(assessment.energy)
    if assessment.accuracy is not None:
        parts += _accuracy(assessment.accuracy, task, round_)
    for finding in assessment.findings:
        text = Text(f"  {finding.severity.value}: ", style=SEVERITY_STYLES[finding.severity])
        parts.append(text.append(finding.text, style="default"))
    verdict = Text(f"  {verdict_on(assessment, round_)}", "green" if assessment.good else "red")
    console.print(Group(*parts, verdict))


def verdict_on(assessment: Assessment, round_: Round) -> str:
    """Say in a few words whether a session is good for what it is judged for."""
    if assessment.purpose is Purpose.DEVELOPMENT:
        good = "good" if assessment.good else "not good"
        return f"{good} as a run for development; nothing of it is for submission"
    if assessment.valid:
        return f"valid for {round_.name}"
    of_whom = ": the device is a simulated one" if assessment.simulated else ""
    return f"not valid for submission{of_whom}"


def _performance(result: PerformanceResult) -> list[RenderableType]:
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    table.add_column("window", justify="right")
    table.add_column("input")
    for name in ("inferences", "runtime s", "inf/s", "host s"):
        table.add_column(name, justify="right")
    for window in result.windows:
        table.add_row(
            str(window.number),
            window.file + (f" +{window.offset}" if window.offset else ""),
            str(window.iterations),
            _number(window.elapsed_s),
            _number(window.throughput),
            _number(window.host_elapsed_s),
        )
    median, spread = result.median_throughput, result.coefficient_of_variation
    line = Text("  median throughput ").append(f"{_number(median)} inf/s", style="bold")
    if spread is not None:
        line.append(f", spread {spread:.2%}")
    return [table, line]


def _energy(result: EnergyResult) -> list[RenderableType]:
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    table.add_column("window", justify="right")
    table.add_column("input")
    for name in ("inferences", "runtime s", "inf/s", "energy mJ", "power mW", "µJ/inf"):
        table.add_column(name, justify="right")
    for measured in result.windows:
        window, timing = measured.window, measured.timing
        table.add_row(
            str(measured.number),
            measured.file + (f" +{measured.offset}" if measured.offset else ""),
            str(measured.iterations),
            _number(timing.elapsed_s),
            _number(timing.throughput),
            _number(window.energy_j, factor=1e3),
            _number(window.power_w, factor=1e3),
            _number(measured.energy_per_inference_j, factor=1e6),
        )
    line = Text("  median energy ")
    line.append(f"{_number(result.median_energy_j, factor=1e6)} µJ/inf", style="bold")
    if result.coefficient_of_variation is not None:
        line.append(f", spread {result.coefficient_of_variation:.2%}")
    line.append(f"; median throughput {_number(result.performance.median_throughput)} inf/s")
    return [table, line, Text(f"  edges from {result.edges}")]


def _accuracy(result: AccuracyResult, task: Task, round_: Round) -> list[RenderableType]:
    # The unit of an ad list is the file; its windows are averaged.
    unit = "files" if task.stride_bytes is not None else "inputs"
    line = Text(f"  {result.inputs} of {result.listed} {unit}: ")
    if task.metric is Metric.TOP1:
        line.append(f"Top-1 {_percent(result.top1)}", style="bold")
        line.append(f" ({result.correct} right), AUC {_number(result.auc, 4)}{_why_no_auc(result)}")
    elif result.auc is None and not task.official:
        line.append("one output, and one label for all: there is no accuracy to tell", style="bold")
        if scores := [file.score for file in result.file_scores]:
            mean = fsum(scores) / len(scores)
            line.append(f"; outputs from {min(scores):g} to {max(scores):g}, mean {mean:g}")
    else:
        line.append(f"AUC {_number(result.auc, 4)}", style="bold").append(_why_no_auc(result))
        line.append(f", Top-1 at the best threshold {_percent(result.top1)}")
    if target := _target(task, round_):
        line.append(f"; target {target}")
    return [line]


def _why_no_auc(result: AccuracyResult) -> str:
    return "" if result.auc_missing is None else f" ({result.auc_missing})"


def _target(task: Task, round_: Round) -> str | None:
    target = round_.target(task)
    return None if target is None else f"{task.metric.value} {target:.2f}"


def _number(value: float | None, decimals: int = 3, factor: float = 1.0) -> str:
    return "–" if value is None else f"{value * factor:.{decimals}f}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def assessment_json(title: str, assessment: Assessment) -> dict[str, Any]:
    """Return a session's figures and findings as plain values, for a program."""
    return {"session": title} | assessment.to_json()
