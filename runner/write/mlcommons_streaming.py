"""Renders a streaming session of ours in MLCommons' form: log.txt, results.json, results.txt.

    Accuracy: 44 True positives, 6 False negatives, 4 False positives
    Average duty cycle: 0.36346
    Average period: 0.032071 s
    Estimated throughput: 85.789 inf./sec.

In energy mode the energy stands before these lines of results.txt, as of any other task. The log
has the misses and the false alarms beside them, as numpy prints them. As of any session of ours the
log says in its first line whence it was rendered, and the journal travels beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from ...datasets.streaming.truth import StreamingTruth
from ..config.rounds import Round
from ..errors import SetupError
from ..score.assess import Assessment
from ..score.streaming.assess import JudgedStream
from ..score.streaming.results import StreamingResult
from ..score.streaming.stream import Stream
from ..terms import Mode
from .mlcommons_power import check_expressible, power_of
from .mlcommons_results import result_lines, stamp_line
from .mlcommons_session import JOURNAL_NAME, beginning_of, log_head, pieces_of


def streaming_result_lines(assessment: Assessment, round_: Round) -> Iterator[str]:
    """Return the lines of results.txt, without their line ends."""
    if assessment.energy is not None:
        yield from result_lines(assessment.energy, round_, "")
    result = assessment.streaming
    if result is not None:
        yield from _words(result, lists=False)
        yield from _rates(result)


def _words(result: StreamingResult, *, lists: bool) -> Iterator[str]:
    words = result.words
    if words is None:
        yield "Accuracy cannot be told: the words of the recording are not known."
        return
    yield (
        f"Accuracy: {words.true_positives} True positives, {words.false_negatives} False "
        f"negatives, {words.false_positives} False positives"
    )
    if lists:
        yield f"False negatives: {list(words.missed_s)}"
        yield f"False positives: [{' '.join(f'{time_s:.3f}' for time_s in words.false_s)}]"


def _rates(result: StreamingResult) -> Iterator[str]:
    duty = result.duty
    if duty is None:
        yield "Duty cycle cannot be told: fewer than two pairs of edges of PROCESSING."
        return
    yield f"Average duty cycle: {duty.duty_cycle:1.5}"
    yield f"Average period: {duty.period_s:1.5} s"
    throughput = duty.throughput
    if throughput is None:
        yield "Estimated throughput cannot be told: the device was never busy."
    else:
        yield f"Estimated throughput: {throughput:1.5} inf./sec."


def render_streaming(
    folder: Path, judged: JudgedStream
) -> Iterator[tuple[str, bytes | Iterator[bytes]]]:
    """Return name and content of each file of a streaming session of ours, in MLCommons' form.

    ``folder`` holds its journal; the session's beginning gives the times of day. SetupError where
    that form cannot hold the session.
    """
    assessment = judged.assessment
    if assessment.streaming is None or judged.stream is None or judged.truth is None:
        raise SetupError(f"{folder}: nothing was measured, so that nothing can be rendered")
    if judged.mode is Mode.ENERGY:
        if assessment.energy is None or judged.stream.trace is None:
            raise SetupError(f"{folder}: its trace is not there, so that no energy can be told")
        check_expressible(assessment.energy, judged.stream.trace)
    entry = _entry(judged, judged.stream, judged.truth, assessment.streaming)
    yield "log.txt", pieces_of(f"{line}\n" for line in _log_lines(folder, judged, entry))
    yield "results.json", pieces_of(iter(["[", json.dumps(entry), "]\n"]))
    lines = streaming_result_lines(assessment, judged.round)
    yield "results.txt", "".join(f"{line}\n" for line in lines).encode()


def _entry(
    judged: JudgedStream, stream: Stream, truth: StreamingTruth, result: StreamingResult
) -> dict[str, Any]:
    duty, energy = result.duty, judged.assessment.energy
    rates: dict[str, Any] = {}
    if duty is not None:
        rates = {
            "duty_cycle": duty.duty_cycle,
            "period": duty.period_s,
            "processing_time": duty.inference_s,
        }
    entry: dict[str, Any] = {
        "infer": truth.entry()
        | {"detections": list(stream.detections_ms), "iterations": 1, "warmups": 0},
        "dutycycle": rates
        | {"start_times_s": list(stream.starts_s), "stop_times_s": list(stream.stops_s)},
        "activations": [],
    }
    if energy is not None and stream.trace is not None:
        entry["power"] = power_of(stream.trace, energy, 0)
    return entry | {"mode": "p" if energy is None else "e"}


def _log_lines(folder: Path, judged: JudgedStream, entry: dict[str, Any]) -> Iterator[str]:
    """Return log.txt as MLCommons' runner prints it, from the first question to the figures."""
    assessment, result = judged.assessment, judged.assessment.streaming
    facts = assessment.facts
    assert facts.streaming is not None
    assert result is not None
    session_id, began = beginning_of(folder, facts)
    yield from log_head(facts, session_id, simulated=assessment.simulated)
    said = f"Session of {judged.task.key}, {judged.mode.value}"
    yield stamp_line(f"{began:%m%d.%H%M%S}", said)
    yield from (f"Device error: {text}" for _, text in facts.device_errors)
    at = began + timedelta(seconds=facts.streaming.began_s or 0.0)
    length_s = entry["infer"]["length_sec"]
    yield f"Playing {result.wav_file} (length = {length_s}s) at {at:%H:%M:%S}..."
    yield "... done"
    yield str(entry["infer"]["detections"])
    if result.duty is not None:
        duty, period_ms = result.duty.duty_cycle, 1e3 * result.duty.period_s
        yield f"Duty cycle = {duty:.3f}, Period = {period_ms:.1f} ms"
    if (power := entry.get("power")) is not None:
        yield f"samples:{len(power['samples'])} timestamps:{len(power['timestamps'])}"
    if assessment.energy is not None:
        yield from (line.strip() for line in result_lines(assessment.energy, judged.round, ""))
    yield f"== File {result.wav_file} ({length_s:.1f} s) =="
    yield from _words(result, lists=True)
    yield from _rates(result)
    if facts.finished:
        yield f"Session logged in file {JOURNAL_NAME}"
