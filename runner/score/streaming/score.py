"""Scores a streaming session: the same pure code for whoever's log it is."""

from __future__ import annotations

from collections.abc import Sequence

from ....datasets.streaming.truth import StreamingTruth
from ....models.suite import StreamingTask
from ...journal.records import InferenceRecord
from ..energy_score import score_energy_trials
from ..results import EnergyResult
from .formulas import (
    MOST_DRIFT,
    PERIOD_SPREAD,
    README_DELAY_S,
    TICK_S,
    drift_of,
    duty_cycle_of,
    score_words,
)
from .printed import number_of, streaming_figures
from .results import Drift, DutyCycle, StreamingResult
from .stream import Stream


def score_stream(
    stream: Stream, task: StreamingTask, truth: StreamingTruth | None
) -> StreamingResult:
    """Score what was detected by ``truth``; without one only the rates and the drift are told."""
    record = stream.record
    duty = duty_cycle_of(stream.starts_s, stream.stops_s, stream.edges_from)
    drift = _drift(duty, record.printed, task)
    words = corrected = None
    if truth is not None:
        words = score_words(stream.detections_ms, truth.windows_s)
        if drift is not None:
            stretch = 1 / (1 + drift.ppm / 1e6)
            corrected = score_words(
                stream.detections_ms, truth.windows_s, delay_s=README_DELAY_S, stretch=stretch
            )
    return StreamingResult(
        wav_file=record.wav_file,
        length_s=record.length_s if truth is None else truth.length_s,
        truth=None if truth is None else truth.source,
        detections=len(stream.detections_ms),
        marker_ms=stream.detections_ms[0],
        words=words,
        duty=duty,
        drift=drift,
        corrected_words=corrected,
        windows_s=() if truth is None else truth.windows_s,
        times_ms=stream.detections_ms,
    )


def _drift(
    duty: DutyCycle | None, printed: Sequence[tuple[int, str]], task: StreamingTask
) -> Drift | None:
    """Measure the drift by the edges; where there are none, by the period that the log prints."""
    if duty is not None:
        odd = abs(duty.period_s / task.frame_s - 1) > MOST_DRIFT
        if odd or not duty.pairs or duty.period_spread > PERIOD_SPREAD:
            return None  # edges that were lost, or are somebody else's
        within_s = TICK_S / (duty.frames - 1)
        return drift_of(duty.period_s, task.frame_s, within_s, f"edges in {duty.source}")
    for figure in streaming_figures(one for one in printed if "period" in one[1]):
        if figure.name == "period":
            told = number_of(figure)
            if told is None or not 0 < told[0] < 1:
                return None
            return drift_of(told[0], task.frame_s, told[1], "the period that is printed")
    return None


def score_stream_energy(stream: Stream) -> EnergyResult | None:
    """Measure the one window of a trace beside the log; None where there is no trace.

    It lies between the last two events, from `start` to `stop`; the official runner counts it as
    one inference.
    """
    if stream.trace is None:
        return None
    record = stream.record
    inference = InferenceRecord(record.wav_file, 0, 1, None, (), record.line)
    return score_energy_trials([inference], [stream.trace])
