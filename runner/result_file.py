"""`results.txt`: written in EEMBC's form, read in both dialects.

    00155.007 ulp-mlperf: Performance results for window 2:
    00155.008 ulp-mlperf:   # Inferences :          800
    00155.008 ulp-mlperf:   Runtime      :       13.381 sec.
    00155.008 ulp-mlperf:   Throughput   :       59.787 inf./sec.
    00155.008 ulp-mlperf: Runtime requirements have been met.
    …
    00155.018 ulp-mlperf: ---------------------------------------------------------
    00155.019 ulp-mlperf: Median throughput is 59.788 inf./sec.
    00155.019 ulp-mlperf: ---------------------------------------------------------

MLCommons' runner writes `Top 1% = 90.2`, `AUC = 0.995`, and unrounded throughputs per window.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .results import AccuracyResult, PerformanceResult, Window
from .rounds import Round

SOURCE = "ulp-mlperf"
ENERGY_SOURCE = "ulp-ml"
RULE = "-" * 57

_FIGURES = {
    "median_throughput": re.compile(r"Median throughput is +([0-9.]+) inf\./sec"),
    "median_energy_uj": re.compile(r"Median energy cost is +([0-9.]+) uJ/inf"),
    "top1": re.compile(r"(?:Top-1:|Top 1% =) *([0-9.]+)"),
    "auc": re.compile(r"AUC(?::| =) *([0-9.]+)"),
}
_WINDOW = re.compile(r"Performance results for window +(\d+)")
_VALUE = re.compile(r"(# Inferences|Runtime|Throughput) *: *([0-9.]+)")


def stamped(time_s: float, source: str, text: str) -> str:
    """One line as the field writes it: `00155.007 ulp-mlperf: …`."""
    return f"{time_s:09.3f} {source}: {text}\n"


def render_performance(
    result: PerformanceResult, round_: Round, *, time_s: float, source: str = SOURCE
) -> str:
    """The text of a performance session's results; ``time_s`` is the log's time of writing."""
    lines = [line for window in result.windows for line in _window_lines(window, round_)]
    median = result.median_throughput
    lines.append(RULE)
    if median is None:
        lines.append("Median throughput cannot be told: no window is valid.")
    else:
        lines.append(f"Median throughput is {median:.3f} inf./sec.")
    lines += [RULE, "Cannot compute accuracy metrics in single-run mode."]
    return _text(lines, time_s, source)


def render_accuracy(result: AccuracyResult, *, time_s: float, source: str = SOURCE) -> str:
    """The text of an accuracy session's results: Top-1 to 0.1 %, AUC to two decimals."""
    top1, auc = result.top1, result.auc
    lines = [
        "Top-1: not computed, no input was inferred" if top1 is None else f"Top-1: {top1:.1%}",
        "AUC: not computed, a class has no input" if auc is None else f"AUC: {auc:.2f}",
    ]
    return _text(lines, time_s, source)


def _window_lines(window: Window, round_: Round) -> Iterator[str]:
    yield f"Performance results for window {window.number}:"
    yield f"  # Inferences : {window.iterations:>12}"
    throughput = window.throughput
    if throughput is None or window.elapsed_s is None:
        yield f"  Invalid      : {window.invalid}"
    else:
        yield f"  Runtime      : {window.elapsed_s:>12.3f} sec."
        yield f"  Throughput   : {throughput:>12.3f} inf./sec."
        if window.elapsed_s >= round_.min_window_s and window.iterations >= round_.min_inferences:
            yield "Runtime requirements have been met."
            return
    yield (
        "Runtime requirements have NOT been met: at least "
        f"{round_.min_window_s:g} sec. and {round_.min_inferences} inferences."
    )


def _text(lines: Iterable[str], time_s: float, source: str) -> str:
    return "".join(stamped(time_s, source, line) for line in lines)


@dataclass(frozen=True, slots=True)
class PublishedWindow:
    """A window as it was printed."""

    number: int
    inferences: str | None = None
    runtime_s: str | None = None
    throughput: str | None = None


@dataclass(frozen=True, slots=True)
class PublishedResults:
    """The figures of a results.txt as they were printed; None where it has none."""

    windows: tuple[PublishedWindow, ...]
    median_throughput: str | None = None
    median_energy_uj: str | None = None
    top1: str | None = None
    """In per cent, without the sign."""
    auc: str | None = None


def read_results(text: str) -> PublishedResults:
    """What a results.txt of either dialect says."""
    figures: dict[str, str] = {}
    windows: list[dict[str, str]] = []
    for line in text.splitlines():
        if match := _WINDOW.search(line):
            windows.append({"number": match[1]})
        elif windows and (match := _VALUE.search(line)):
            windows[-1].setdefault(match[1], match[2])
        for name, pattern in _FIGURES.items():
            if match := pattern.search(line):
                figures[name] = match[1].rstrip(".")
    return PublishedResults(
        windows=tuple(
            PublishedWindow(
                number=int(window["number"]),
                inferences=window.get("# Inferences"),
                runtime_s=window.get("Runtime"),
                throughput=window.get("Throughput"),
            )
            for window in windows
        ),
        **figures,
    )
