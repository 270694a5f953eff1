"""Scores energy: from the inferences of a log and the trace beside it to joules per inference.

The same code scores a live run and a published session, in both dialects: EEMBC's (and ours) has
one trace of all the windows, MLCommons' one of each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...energy.errors import TraceError
from ...energy.trace import EnergyTrace, EventSource, TraceOrigin
from ...energy.trace_files import read_trace, read_trial
from ...energy.windows import (
    EnergyWindow,
    lost_error,
    measure_window,
    measure_windows,
    merge_edges,
    pair_events,
    split_events,
)
from ...models.suite import Task
from ..journal.records import InferenceRecord, LogFacts
from ..journal.results_json import read_elements
from ..terms import Dialect
from .results import EnergyResult, MeasuredWindow
from .score import odd_scores

_MAX_TRIAL_SAMPLES = 8_000_000
"""The most samples of all the trials of a results.json: five of half an hour each."""


def score_energy(
    records: Iterable[InferenceRecord], trace: EnergyTrace, task: Task | None = None
) -> EnergyResult:
    """Measure the windows of a session with one trace; `rules` says whether they are valid.

    With another number of edges than the inferences ask for there are no windows, but in a trace of
    EEMBC's runner, which takes two by two what edges there are: so that what it printed can be
    checked.
    """
    inferences = list(records)
    edges = split_events(trace.events_s, len(inferences))
    spans_s = edges.windows_s
    if edges.error is not None and trace.origin is TraceOrigin.EEMBC:
        spans_s = pair_events(trace.events_s)
    windows = measure_windows(trace, spans_s)
    return EnergyResult(
        windows=tuple(
            _measured(window, record, task)
            for window, record in zip(windows, inferences, strict=False)
        ),
        edge_error=edges.error,
        event_source=trace.event_source,
        event_uncertainty_s=trace.event_uncertainty_s,
        lost_samples=trace.lost_samples,
        lost_error=lost_error(trace),
    )


def score_energy_trials(
    records: Iterable[InferenceRecord], traces: Sequence[EnergyTrace], task: Task | None = None
) -> EnergyResult:
    """Measure the windows of MLCommons' trials.

    Of each trial the last two events count, as its runner takes them.
    """
    inferences = list(records)
    if len(inferences) != len(traces):
        error = f"the log holds {len(inferences)} inferences, the results.json {len(traces)} traces"
        return EnergyResult((), edge_error=f"{error}: are both of the same session?")
    windows = []
    for count, (record, trace) in enumerate(zip(inferences, traces, strict=True), 1):
        edges = merge_edges(trace.events_s)
        if len(edges) not in (2, 3):
            split = split_events(trace.events_s, 1, leading=0)
            return EnergyResult((), edge_error=f"trial {count} ({record.file}): {split.error}")
        windows.append(_measured(measure_window(trace, count, *edges[-2:]), record, task))
    return EnergyResult(
        tuple(windows),
        # As the worst trial has them: a reader wants to know what the whole is worth.
        event_source=next(
            (t.event_source for t in traces if t.event_source is not EventSource.MONITOR),
            EventSource.MONITOR,
        ),
        event_uncertainty_s=max((trace.event_uncertainty_s for trace in traces), default=0.0),
        lost_samples=sum(trace.lost_samples for trace in traces),
        lost_error=next((why for trace in traces if (why := lost_error(trace))), None),
    )


def score_energy_records(
    records: Iterable[InferenceRecord], facts: LogFacts, folder: Path, task: Task | None = None
) -> EnergyResult:
    """Score what a log holds by the trace in ``folder``; LogError or TraceError as they are read.

    ``facts`` is the log's, complete when ``records`` has ended.
    """
    inferences = list(records)
    if facts.dialect is Dialect.MLCOMMONS:
        traces = _read_trials(folder / "results.json", len(inferences))
        return score_energy_trials(inferences, traces, task)
    return score_energy(inferences, read_trace(folder), task)


def _read_trials(path: Path, count: int) -> tuple[EnergyTrace, ...]:
    """Yield the traces of a results.json; of too many, one more than asked."""
    traces: list[EnergyTrace] = []
    samples = 0
    for number, element in enumerate(read_elements(path), 1):
        traces.append(read_trial(path, number, element))
        samples += len(traces[-1].samples_uj)
        if samples > _MAX_TRIAL_SAMPLES:
            raise TraceError(f"{path}: more than {_MAX_TRIAL_SAMPLES} samples in its trials")
        if number > count:
            break
    return tuple(traces)


def _measured(window: EnergyWindow, record: InferenceRecord, task: Task | None) -> MeasuredWindow:
    odd = None if task is None else odd_scores(record, task)
    return MeasuredWindow(window, record.file, record.offset, record.iterations, record.line, odd)
