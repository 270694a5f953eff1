"""Writes MLCommons' results.txt, whose lines end its log.txt too, and results.json's entries.

    Performance results for window 1
        # Inferences : 250
        Runtime: 10.862042 sec.
        Throughput: 23.01593015383295 inf./sec.
        Runtime requirements have been met.
    …
    0726.010245 ulp-mlperf: Median throughput is     23.032 inf./sec.

An accuracy session has `Top 1% = 90.2` (of ad: the best mean of precision and recall) and
`AUC = 0.995`, an energy session blocks of `Energy data for trial 0`. The official checker looks
for the stamped lines, and for `Median energy cost is`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...models.suite import Metric, Task
from ..config.rounds import Round
from ..journal.records import InferenceRecord
from ..score.results import (
    AccuracyResult,
    EnergyResult,
    MeasuredWindow,
    PerformanceResult,
    TimedWindow,
)
from ..script.plan import BENCHMARK_CODE
from ..terms import Mode
from .eembc_results import RULE

_INDENTS = {Mode.PERFORMANCE: "    ", Mode.ACCURACY: "", Mode.ENERGY: "  "}
_MODE_LETTERS = {Mode.PERFORMANCE: "p", Mode.ACCURACY: "a", Mode.ENERGY: "e"}


def stamp_line(stamp: str, text: str) -> str:
    """Write `0726.010245 ulp-mlperf: …`; ``stamp`` is MMDD.HHMMSS."""
    return f"{stamp} {BENCHMARK_CODE}: {text}"


def result_lines(
    result: PerformanceResult | AccuracyResult | EnergyResult, round_: Round, stamp: str
) -> Iterator[str]:
    """Return the lines of results.txt, without their line ends."""
    match result:
        case PerformanceResult():
            yield from _performance(result, round_, stamp)
        case AccuracyResult():
            yield from _accuracy(result, stamp)
        case EnergyResult():
            yield from _energy(result)


def _performance(result: PerformanceResult, round_: Round, stamp: str) -> Iterator[str]:
    indent = _INDENTS[Mode.PERFORMANCE]
    for number, window in enumerate(result.windows, 1):
        yield f"Performance results for window {number}"
        for line in _window(window, round_):
            yield indent + line
    median = result.median_throughput
    text = "Median throughput cannot be told: no window is valid."
    if median is not None:
        text = f"Median throughput is {median:>10.3f} inf./sec."
    yield from (stamp_line(stamp, line) for line in (RULE, text, RULE))


def _window(window: TimedWindow, round_: Round) -> Iterator[str]:
    yield f"# Inferences : {window.iterations}"
    throughput, elapsed_s = window.throughput, window.elapsed_s
    if throughput is None or elapsed_s is None:
        yield f"Invalid: {window.invalid}"
    else:
        yield f"Runtime: {exact(elapsed_s)} sec."
        yield f"Throughput: {exact(throughput)} inf./sec."
        if elapsed_s >= round_.min_window_s and window.iterations >= round_.min_inferences:
            yield "Runtime requirements have been met."
            return
    yield (
        "Runtime requirements have NOT been met: at least "
        f"{round_.min_window_s:g} sec. and {round_.min_inferences} inferences."
    )


def _accuracy(result: AccuracyResult, stamp: str) -> Iterator[str]:
    top1 = result.top1 if result.metric is Metric.TOP1 else result.precision_recall
    auc = result.auc
    yield stamp_line(
        stamp,
        "Top 1% was not computed, no input was inferred"
        if top1 is None
        else f"Top 1% = {top1 * 100:.1f}",
    )
    yield stamp_line(
        stamp,
        "AUC was not computed, a class has no input" if auc is None else f"AUC = {auc:.3f}",
    )


def _energy(result: EnergyResult) -> Iterator[str]:
    indent = _INDENTS[Mode.ENERGY]
    yield "Power Edition Output"
    for trial, measured in enumerate(result.windows):
        yield f"Energy data for trial {trial}"
        for line in _trial(measured):
            yield indent + line
    median = result.median_energy_j
    yield RULE
    if median is None:
        yield "Median energy cost cannot be told: no window is valid."
    else:
        yield f"Median energy cost is {median * 1e6:.4f} uJ/inf."
    yield RULE


def _trial(measured: MeasuredWindow) -> Iterator[str]:
    window, energy_j = measured.window, measured.energy_per_inference_j
    yield f"Elapsed time  : {exact(window.duration_s)}"
    yield f"Inferences    : {measured.iterations}"
    if window.energy_j is None or window.power_w is None or energy_j is None:
        yield f"Invalid       : {measured.invalid}"
        return
    yield f"Power         : {window.power_w * 1e3:.4f} mW."
    yield f"Total Energy  : {window.energy_j * 1e6:.3f} uJ"
    yield f"Energy/Inf    : {energy_j * 1e6:.3f} uJ/inf"


def exact(value: float) -> str:
    """Write every digit that tells a float from its neighbours, without an exponent."""
    return str(np.format_float_positional(value, trim="0"))


def entry(
    record: InferenceRecord,
    window: TimedWindow | None,
    labels: Mapping[str, int],
    task: Task,
    mode: Mode,
) -> dict[str, Any]:
    """Make the results.json entry of a load and its inference, without its ``power``.

    The caller adds that. ``window`` is the inference as `score_performance` has it, None in an
    energy session. Its elapsed time counts: where the device's counter wrapped, ``end_time`` goes
    on beyond 2^32, because a reader of this form has no host time to tell a wrap by.
    """
    label = labels.get(record.file)
    infer: dict[str, Any] = {}
    start_us, end_us = record.start_us, record.end_us
    if mode is not Mode.ENERGY and start_us is not None and end_us is not None:
        if window is not None and window.elapsed_s is not None:
            end_us = start_us + round(window.elapsed_s * 1e6)
        infer |= {"start_time": start_us, "end_time": end_us}
    infer["results"] = list(record.scores)
    if "end_time" in infer and end_us is not None and start_us is not None and end_us > start_us:
        infer["elapsed_time"] = end_us - start_us
    infer |= {
        "total_inferences": 1,
        "iterations": record.iterations,
        "warmups": record.warmups,
    }
    if mode is Mode.PERFORMANCE and window is not None and window.throughput is not None:
        infer["throughput"] = window.throughput
    windowed = task.stride_bytes is not None
    return {
        "file": record.file,
        "classes": str(task.class_count),
        "class": None if label is None else str(label),
        "bytes_to_send": str(task.input_bytes) if windowed else None,
        "stride": str(task.stride_bytes) if windowed else None,
        "total_length": (
            (task.windows_per_file if mode is Mode.ACCURACY else 1) if windowed else None
        ),
        "infer": infer,
        "mode": _MODE_LETTERS[mode],
    }
