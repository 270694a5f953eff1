"""Shows what several sessions came to: a row a task, whatever modes it was run in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from ....models.suite import Benchmark, Metric, Task
from ...config.rounds import Round
from ...score.assess import Assessment
from ...score.rules import Severity
from ...terms import Mode, Purpose
from .fitted_table import print_fitted

_TARGETS = {Metric.TOP1: "Top-1", Metric.AUC: "AUC"}
_FIRST_TO_GO = ("± energy", "± time", "target", "inf/s")
"""The columns that a narrow terminal does without, in this order."""


@dataclass(frozen=True, slots=True)
class TableCell:
    """Is one task in one mode, measured or failed."""

    task: Benchmark
    mode: Mode
    assessment: Assessment | None
    """None where it failed."""
    round: Round | None
    """What it is judged by; None where it failed."""
    board: str = ""

    @property
    def name(self) -> str:
        board = f"{self.board} " if self.board else ""
        return f"{board}{self.task.key} {self.mode.value}"


def show_results_table(
    console: Console, cells: Sequence[TableCell], *, judged: bool = True, reasons: bool = True
) -> None:
    """Print a row for each board and task, then what is not good, and why.

    Without ``judged``, the figures alone; without ``reasons``, the rows alone, where they are told.
    """
    rows: dict[tuple[str, str], dict[Mode, TableCell]] = {}
    for cell in cells:
        rows.setdefault((cell.board, cell.task.key), {})[cell.mode] = cell
    texts = [_row(by_mode, judged=judged) for by_mode in rows.values()]
    print_fitted(console, texts, name="board", first_to_go=_FIRST_TO_GO, left=("board", "task"))
    for line in _reasons(cells) if judged and reasons else ():
        console.print(line, soft_wrap=True)


def _row(by_mode: dict[Mode, TableCell], *, judged: bool) -> dict[str, Text]:
    """Return the texts of a row by the heads of its columns; "" where nothing was asked for."""
    first = next(iter(by_mode.values()))
    row = {"board": Text(first.board), "task": Text(first.task.key, style="bold")}
    row |= dict.fromkeys(
        ("ms/inf", "inf/s", "± time", "µJ/inf", "± energy", "accuracy", "target"), Text("")
    )
    for mode, cell in by_mode.items():
        row |= _texts(mode, cell, judged=judged)
    return row


def _texts(mode: Mode, cell: TableCell, *, judged: bool) -> dict[str, Text]:
    head = {Mode.PERFORMANCE: "ms/inf", Mode.ENERGY: "µJ/inf", Mode.ACCURACY: "accuracy"}[mode]
    if cell.assessment is None:
        return {head: Text("failed", style="bold red")}
    style = "" if cell.assessment.good or not judged else "yellow"
    performance, energy = cell.assessment.performance, cell.assessment.energy
    accuracy = cell.assessment.accuracy
    if cell.assessment.streaming is not None:
        return _streaming_texts(head, cell.assessment, style)
    if mode is Mode.PERFORMANCE and performance is not None:
        rate = performance.median_throughput
        return {
            "ms/inf": Text(shown_figure(1e3 / rate if rate else None), style),
            "inf/s": Text(shown_figure(rate), style),
            "± time": Text(_spread(performance.coefficient_of_variation)),
        }
    if mode is Mode.ENERGY and energy is not None:
        joules = energy.median_energy_j
        return {
            "µJ/inf": Text(shown_figure(None if joules is None else joules * 1e6), style),
            "± energy": Text(_spread(energy.coefficient_of_variation)),
        }
    if mode is Mode.ACCURACY and accuracy is not None and isinstance(cell.task, Task):
        metric = cell.task.metric
        figure = accuracy.figure
        target = None if cell.round is None else cell.round.target(cell.task)
        missed = figure is not None and target is not None and figure < target
        said = "–" if figure is None else shown_rate(metric, figure)
        return {
            "accuracy": Text(f"{_TARGETS[metric]} {said}", "bold red" if missed else style),
            "target": Text("" if target is None else f"≥ {_target(metric, target)}"),
        }
    return {head: Text("–")}


def _streaming_texts(head: str, assessment: Assessment, style: str) -> dict[str, Text]:
    """Return the texts of a streaming session, whose words are counted in any mode."""
    texts, result = {head: Text("–")}, assessment.streaming
    if (power_w := assessment.power_w) is not None:  # its energy is that of a whole recording
        texts["µJ/inf"] = Text(f"{shown_figure(power_w * 1e3)} mW", style)
    if result is not None and (duty := result.sure_duty) is not None:
        texts["ms/inf"] = Text(shown_figure(duty.inference_s * 1e3), style)
        texts["inf/s"] = Text(shown_figure(duty.throughput), style)
    if result is not None and result.sure_words is not None:
        texts["accuracy"] = Text(str(result.sure_words), style)
    return texts


def shown_rate(metric: Metric, value: float) -> str:
    return f"{value:.1%}" if metric is Metric.TOP1 else f"{value:.4f}"


def _target(metric: Metric, value: float) -> str:
    return f"{value:.0%}" if metric is Metric.TOP1 else f"{value:.2f}"


def shown_figure(value: float | None) -> str:
    """Return a figure with three decimals, or fewer where it is large."""
    if value is None:
        return "–"
    return f"{value:.3f}" if value < 1000 else f"{value:.1f}"


def _spread(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"


def _reasons(cells: Iterable[TableCell]) -> Iterable[Text]:
    """Yield a line for each set of reasons that sessions share."""
    by_reason: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    finished = [cell for cell in cells if cell.assessment is not None]
    for cell in finished:
        assert cell.assessment is not None
        assert cell.round is not None
        against = Severity.VIOLATION
        said = f"not valid for {cell.round.name}"
        if cell.assessment.purpose is Purpose.DEVELOPMENT:
            said = "not good, even for development"
            if cell.assessment.good:
                against, said = Severity.NOTE, "for development, nothing of it for submission"
        kinds = [one.kind.value for one in cell.assessment.findings if one.severity is against]
        if kinds:
            by_reason.setdefault((said, tuple(dict.fromkeys(kinds))), []).append(cell.name)
    for (said, reasons), names in by_reason.items():
        everything = len(names) == len(finished) > 1
        whose = f"all {len(names)}" if everything else ", ".join(names)
        line = Text(f"{said} ", style="yellow")
        yield line.append(f"({whose}): {', '.join(reasons)}", style="default")
