"""Writes what a streaming session came to as MLCommons' runner does: the lines of results.txt.

    Accuracy: 44 True positives, 6 False negatives, 4 False positives
    Average duty cycle: 0.36346
    Average period: 0.032071 s
    Estimated throughput: 85.789 inf./sec.

In energy mode the energy stands before them, as of any other task. Its log has the misses and the
false alarms beside them, as numpy prints them.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..config.rounds import Round
from ..score.assess import Assessment
from ..score.streaming.results import StreamingResult
from .mlcommons_results import result_lines


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


def streaming_log_end(assessment: Assessment, round_: Round) -> Iterator[str]:
    """Return the lines that end its log: those of results.txt, and the two lists."""
    result = assessment.streaming
    if assessment.energy is not None:
        yield from (line.strip() for line in result_lines(assessment.energy, round_, ""))
    if result is not None:
        yield f"== File {result.wav_file} ({result.length_s or 0.0:.1f} s) =="
        yield from _words(result, lists=True)
        yield from _rates(result)
