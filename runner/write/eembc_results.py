"""Writes `results.txt` in EEMBC's form.

    00155.007 ulp-mlperf: Performance results for window 2:
    00155.008 ulp-mlperf:   # Inferences :          800
    00155.008 ulp-mlperf:   Runtime      :       13.381 sec.
    00155.008 ulp-mlperf:   Throughput   :       59.787 inf./sec.
    00155.008 ulp-mlperf: Runtime requirements have been met.
    …
    00155.018 ulp-mlperf: ---------------------------------------------------------
    00155.019 ulp-mlperf: Median throughput is 59.788 inf./sec.
    00155.019 ulp-mlperf: ---------------------------------------------------------

An energy session has a block of the energies before it, with `ulp-ml` as the source:

    00176.016 ulp-ml: Energy data for window 2 at time 2.71 for 13.33 sec.:
    00176.016 ulp-ml:   Energy       :  1893399.171 uJ
    00176.016 ulp-ml:   Power        :   141997.838 uW
    00176.016 ulp-ml:   Energy/Inf.  :     2366.749 uJ/inf.
    …
    00176.031 ulp-ml: Median energy cost is 2367.474 uJ/inf.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import ROUND_HALF_DOWN, Decimal

from ...models.suite import Task
from ..config.rounds import Round
from ..journal.stamps import stamped
from ..score.assess import Assessment
from ..score.results import (
    AccuracyResult,
    EnergyResult,
    MeasuredWindow,
    PerformanceResult,
    TimedWindow,
)
from ..script.energy_plan import ENERGY_CODE
from ..script.plan import BENCHMARK_CODE

RULE = "-" * 57


def render_performance(result: PerformanceResult, round_: Round, *, time_s: float) -> str:
    """Write a performance session's results; ``time_s`` is the log's time of writing."""
    return _text(_performance_lines(result, round_), time_s, BENCHMARK_CODE)


def render_energy(result: EnergyResult, round_: Round, *, time_s: float) -> str:
    """Write an energy session's results: the energies, then the throughputs."""
    lines = [line for window in result.windows for line in _energy_lines(window)]
    median = result.median_energy_j
    lines.append(RULE)
    if median is None:
        lines.append("Median energy cost cannot be told: no window is valid.")
    else:
        lines.append(f"Median energy cost is {median * 1e6:.3f} uJ/inf.")
    lines += [RULE, *_performance_lines(result.performance, round_)]
    return _text(lines, time_s, ENERGY_CODE)


def render_accuracy(result: AccuracyResult, *, time_s: float) -> str:
    """Write an accuracy session's results: Top-1 to 0.1 %, EEMBC's AUC to two decimals.

    Of ad, and of models of one's own, no formula of EEMBC's is known: there the AUC is the exact
    one.
    """
    top1 = result.top1
    auc = result.auc if result.eembc_auc is None else result.eembc_auc
    lines = [
        "Top-1: not computed, no input was inferred" if top1 is None else f"Top-1: {top1:.1%}",
        "AUC: not computed, a class has no input" if auc is None else f"AUC: {auc:.2f}",
    ]
    return _text(lines, time_s, BENCHMARK_CODE)


def _performance_lines(result: PerformanceResult, round_: Round) -> Iterator[str]:
    for window in result.windows:
        yield from _window_lines(window, round_)
    median = result.median_throughput
    yield RULE
    if median is None:
        yield "Median throughput cannot be told: no window is valid."
    else:
        yield f"Median throughput is {median:.3f} inf./sec."
    yield RULE
    yield "Cannot compute accuracy metrics in single-run mode."


def _energy_lines(measured: MeasuredWindow) -> Iterator[str]:
    window, energy_j = measured.window, measured.energy_per_inference_j
    yield (
        f"Energy data for window {window.number} at time {_two_decimals(window.start_s)} "
        f"for {window.duration_s:.2f} sec.:"
    )
    if window.energy_j is None or window.power_w is None or energy_j is None:
        yield f"  Invalid      : {window.invalid}"
        return
    yield f"  Energy       : {window.energy_j * 1e6:>12.3f} uJ"
    yield f"  Power        : {window.power_w * 1e6:>12.3f} uW"
    yield f"  Energy/Inf.  : {energy_j * 1e6:>12.3f} uJ/inf."


def _two_decimals(moment_s: float) -> str:
    """Print a window's beginning as EEMBC does: from the file's milliseconds, ties downwards.

    All four ties in the published sessions are (2.875 is printed 2.87, 37.465 is 37.46).
    """
    milliseconds = Decimal(f"{moment_s:.3f}")
    return str(milliseconds.quantize(Decimal("0.01"), ROUND_HALF_DOWN))


def _window_lines(window: TimedWindow, round_: Round) -> Iterator[str]:
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


def render_result(assessment: Assessment, task: Task, round_: Round, *, time_s: float) -> str:
    """Return the text of result.txt."""
    if assessment.accuracy is not None:
        text = render_accuracy(assessment.accuracy, time_s=time_s)
    elif assessment.energy is not None:
        text = render_energy(assessment.energy, round_, time_s=time_s)
    elif assessment.performance is not None:
        text = render_performance(assessment.performance, round_, time_s=time_s)
    else:
        raise ValueError("nothing was measured")
    return (
        text
        if task.official
        else text + stamped(time_s, BENCHMARK_CODE, f"Custom task: {task.title}.")
    )
