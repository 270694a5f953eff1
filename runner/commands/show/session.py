"""Shows a session to a person: a table of its figures, and what was found wrong."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Any

from rich.console import Console
from rich.text import Text

from ....models.suite import Metric, StreamingTask, Task
from ...config.rounds import Round
from ...score.assess import Assessment
from ...score.results import AccuracyResult, EnergyResult, PerformanceResult
from ...score.rules import Severity
from ...terms import Purpose
from .fitted_table import print_fitted
from .streaming import streaming_lines

SEVERITY_STYLES = {
    Severity.VIOLATION: "bold red",
    Severity.NOT_JUDGED: "cyan",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}


def show_assessment(
    console: Console,
    title: str,
    assessment: Assessment,
    task: Task | StreamingTask,
    round_: Round,
) -> None:
    """Print the figures and the findings of one session."""
    console.print(Text(title, style="bold"), soft_wrap=True)
    if assessment.simulated:
        console.print("  on a simulated device: its times and energies are modelled")
    if assessment.performance is not None:
        _show_performance(console, assessment.performance)
    if isinstance(task, StreamingTask):
        for line in streaming_lines(assessment, task):
            console.print(line)
    elif assessment.energy is not None:
        _show_energy(console, assessment.energy)
    if assessment.accuracy is not None and isinstance(task, Task):
        console.print(_accuracy(assessment.accuracy, task, round_))
    for finding in assessment.findings:
        text = Text(f"  {finding.severity.value}: ", style=SEVERITY_STYLES[finding.severity])
        console.print(text.append(finding.text, style="default"))
    verdict = f"  {verdict_on(assessment, round_)}"
    console.print(Text(verdict, style="green" if assessment.good else "red"))


def verdict_on(assessment: Assessment, round_: Round) -> str:
    """Say in a few words whether a session is good for what it is judged for."""
    if assessment.purpose is Purpose.DEVELOPMENT:
        good = "good" if assessment.good else "not good"
        is_one = assessment.facts.development_line is not None
        beside = "nothing of it is for submission" if is_one else "not judged for submission"
        return f"{good} as a run for development; {beside}"
    if assessment.valid:
        return f"valid for {round_.name}"
    of_whom = ": the device is a simulated one" if assessment.simulated else ""
    return f"not valid for submission{of_whom}"


def _show_performance(console: Console, result: PerformanceResult) -> None:
    rows = [
        {
            "window": str(window.number),
            "input": _input(window.file, window.offset),
            "inferences": str(window.iterations),
            "runtime s": _number(window.elapsed_s),
            "inf/s": _number(window.throughput),
            "host s": _number(window.host_elapsed_s),
        }
        for window in result.windows
    ]
    _show_windows(console, rows, ("host s",))
    console.print(_median(result).append_text(_spread(result.coefficient_of_variation)))


def _show_energy(console: Console, result: EnergyResult) -> None:
    rows = [
        {
            "window": str(measured.number),
            "input": _input(measured.file, measured.offset),
            "inferences": str(measured.iterations),
            "runtime s": _number(measured.timing.elapsed_s),
            "inf/s": _number(measured.timing.throughput),
            "energy mJ": _number(measured.window.energy_j, factor=1e3),
            "power mW": _number(measured.window.power_w, factor=1e3),
            "µJ/inf": _number(measured.energy_per_inference_j, factor=1e6),
        }
        for measured in result.windows
    ]
    _show_windows(console, rows, ("energy mJ", "power mW", "runtime s"))
    line = Text("  median energy ")
    line.append(f"{_number(result.median_energy_j, factor=1e6)} µJ/inf", style="bold")
    console.print(line.append_text(_spread(result.coefficient_of_variation)))
    console.print(_median(result.performance))
    console.print(f"  edges from {result.edges}", markup=False, highlight=False)


def _show_windows(
    console: Console, rows: Sequence[dict[str, str]], first_to_go: tuple[str, ...]
) -> None:
    """Print a row for each window; of a narrow terminal no figure is cut."""
    if rows:
        texts = [{head: Text(text) for head, text in row.items()} for row in rows]
        goes = (*first_to_go, "window", "inferences")
        print_fitted(
            console, texts, name="input", first_to_go=goes, left=("input",), indent=_INDENT
        )


_INDENT = 2


def _input(file: str, offset: int) -> str:
    return file + (f" +{offset}" if offset else "")


def _median(result: PerformanceResult) -> Text:
    rate = result.median_throughput
    each_ms = None if not rate else 1e3 / rate
    line = Text("  median throughput ").append(f"{_number(rate)} inf/s", style="bold")
    return line.append(", ").append(f"{_number(each_ms)} ms/inf", style="bold")


def _spread(value: float | None) -> Text:
    return Text("" if value is None else f", spread {value:.2%}")


def _accuracy(result: AccuracyResult, task: Task, round_: Round) -> Text:
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
    return line


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
