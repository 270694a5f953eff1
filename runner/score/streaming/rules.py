"""Checks a streaming session against its round; every text ends in what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from ....dut_protocol.wire.interface_board import MOST_DETECTIONS
from ....energy.trace_files import MLCOMMONS_RATE_HZ
from ....models.suite import StreamingTask
from ...config.rounds import Round
from ...journal.records import StreamingRecord
from ...terms import Division, Mode
from ..minus_sign import signed
from ..results import EnergyResult
from ..rules import FindingKind, SessionFinding, Severity
from .formulas import MOST_DRIFT, OFFICIAL_DELAY_S, PERIOD_SPREAD, README_DELAY_S
from .results import MARKER_MS, DutyCycle, StreamingResult, WordScore

PERIOD_DEVIATION = 0.01
"""How far a period may be off a frame of sound; published ones are within 0.23 %."""
PLAYED_WITHIN = 0.02
"""How far the time that a recording takes to play may be off its length, beside a second of the
link's; an audio clock is within 1 %."""
SAMPLES_WITHIN = 0.001
"""How many samples may be missing of a millisecond each, while the recording plays."""
TIMED_TOO_LONG_S = 10.0
"""The runner gives up that long after the end of a recording."""


def check_streaming(
    result: StreamingResult,
    energy: EnergyResult | None,
    record: StreamingRecord,
    task: StreamingTask,
    round_: Round,
    *,
    mode: Mode,
    division: Division,
    official_truth: bool,
) -> tuple[SessionFinding, ...]:
    """Return what speaks against a streaming session beside what any session can have."""
    findings = list(_mode(task, mode, fed=record.fed))
    findings += _played(record)
    findings += _truth(result, task, official=official_truth)
    findings += _marker(result, record)
    findings += _words(result, task, round_, division, record)
    findings += _drift(result, record)
    if result.duty is not None:
        findings += _duty(result.duty, task, record)
    if mode is Mode.ENERGY:
        findings += _energy(result, energy, record)
    return tuple(findings)


def _violation(kind: FindingKind, text: str, line: int | None = None) -> SessionFinding:
    return SessionFinding(kind, Severity.VIOLATION, text, line or None)


def _warning(kind: FindingKind, text: str, line: int | None = None) -> SessionFinding:
    return SessionFinding(kind, Severity.WARNING, text, line or None)


def _mode(task: StreamingTask, mode: Mode, *, fed: bool) -> Iterator[SessionFinding]:
    if fed:
        yield _violation(
            FindingKind.NO_BOARD,
            "the recording went over the device's UART, frame by frame: nobody played it, and no "
            "pin was watched, which is never valid for submission; run it with an interface board",
        )
    elif mode is Mode.ACCURACY:
        yield _violation(
            FindingKind.RUN_MODE,
            f"a session of accuracy mode, which {task.key} does not have: its accuracy comes with "
            "performance or energy; run one of these",
        )


def _played(record: StreamingRecord) -> Iterator[SessionFinding]:
    if record.refused is not None:
        line, text = record.refused
        yield _violation(
            FindingKind.PLAYED,
            f"the board could not play {record.wav_file} ({text!r}); put the recording on its card "
            "as a stereo wav, and run the session again",
            line,
        )
    elif record.succeeded is None and record.echoed_ms:
        yield _warning(
            FindingKind.PLAYED,
            "the board never said `succeeded.`, so that nobody can tell whether it played the "
            "recording to its end; look at its lines behind `play`",
            record.line,
        )
    yield from _played_in_time(record)
    if record.plays > 1:
        yield _violation(
            FindingKind.PLAYED,
            f"a recording was played {record.plays} times in a session; play it once, from `start`",
            record.line,
        )
    if record.echoed_ms and tuple(record.echoed_ms) != record.detections_ms:
        yield _violation(
            FindingKind.DETECTIONS,
            f"the list of {len(record.detections_ms or ())} detections is not what the board sent, "
            f"{len(record.echoed_ms)} of them; submit the log as the runner wrote it",
            record.detections_line,
        )


def _played_in_time(record: StreamingRecord) -> Iterator[SessionFinding]:
    if record.began_s is None or record.ended_s is None or record.length_s is None:
        return
    took_s = record.ended_s - record.began_s
    if abs(took_s - record.length_s) > PLAYED_WITHIN * record.length_s + 1.0:
        yield _violation(
            FindingKind.PLAYED,
            f"the board took {took_s:.1f} s for {record.wav_file}, which lasts {record.length_s:g} "
            "s: the file on its card is another of that name, or was not copied whole; copy it "
            "again, and run the session again",
            record.line,
        )


def _truth(
    result: StreamingResult, task: StreamingTask, *, official: bool
) -> Iterator[SessionFinding]:
    if result.truth is None:
        return
    if not official:
        words = 0 if result.words is None else result.words.words
        yield _violation(
            FindingKind.LIST_NOT_OFFICIAL,
            f"the {words} words of {result.wav_file} are not those of the round's recording, which "
            f"has {task.words}; run long_wav.wav by sww_long_test.json of {task.model_id}",
        )
    hits = [] if result.words is None else [result.words.true_positives]
    hits += [] if result.corrected_words is None else [result.corrected_words.true_positives]
    if hits and not any(hits) and result.detections > 1:
        yield _warning(
            FindingKind.DETECTIONS,
            f"none of {result.detections - 1} detections lies at a word of {result.truth}; is it "
            "the truth of what was played, and was the first detection that of the first frame?",
        )


def _marker(result: StreamingResult, record: StreamingRecord) -> Iterator[SessionFinding]:
    if result.detections >= MOST_DETECTIONS:
        yield _violation(
            FindingKind.DETECTIONS,
            f"{result.detections} detections are all that the board keeps: what came behind the "
            "last is lost, and words in it count as missed; look at what drives WW_DETECTED",
            record.detections_line,
        )
    if not result.has_time_zero:
        yield _violation(
            FindingKind.DETECTIONS,
            f"the first detection, from which all times count, came {result.marker_ms} ms after "
            f"record_detections, and is to come within {MARKER_MS} ms: without the pulse of the "
            "first frame all times are those of a word instead, so that no word can be placed, and "
            "what is counted as heard, missed and false means nothing; let the firmware give a "
            "pulse at the first frame behind `start`, and run the session again",
            record.detections_line,
        )


def _words(
    result: StreamingResult,
    task: StreamingTask,
    round_: Round,
    division: Division,
    record: StreamingRecord,
) -> Iterator[SessionFinding]:
    words = result.sure_words
    if words is None or words.most_false <= task.max_false:
        return
    closed = division is Division.CLOSED
    advice = "submit to the open division" if closed else "state it in the submission"
    yield (_violation if closed else _warning)(
        FindingKind.TARGET_MISSED,
        f"{words.false_negatives} words missed and {words.false_positives} false detections where "
        f"{round_.name} allows {task.max_false} of each; check the features and the threshold of "
        f"the firmware, or {advice}",
        record.detections_line,
    )


def _drift(result: StreamingResult, record: StreamingRecord) -> Iterator[SessionFinding]:
    words, other, drift = result.sure_words, result.corrected_words, result.drift
    if words is None or other is None or drift is None:
        return
    if (words.missed_s, words.false_positives) == (other.missed_s, other.false_positives):
        return
    later = (
        "that they differ says that detections come later, or earlier, than the clock explains: "
        "look at the latency of the firmware"
    )
    if _false(other) < _false(words):
        later = (
            "that it is worse is the clock's doing, not the device's: no window is wide enough for "
            "a recording that plays so fast or slowly; use another interface board, or let it come "
            "to room temperature"
        )
    yield _warning(
        FindingKind.AUDIO_CLOCK,
        f"{words} as the official runner counts, which lets a detection come "
        f"{OFFICIAL_DELAY_S:g} s behind its word; {other} within {README_DELAY_S:g} s, as the "
        "benchmark's README has it, the drift of the board's audio clock "
        f"({drift.rounded}) taken off. The first is what counts; {later}",
        record.detections_line,
    )


def _false(words: WordScore) -> int:
    return words.false_negatives + words.false_positives


def _duty(
    duty: DutyCycle, task: StreamingTask, record: StreamingRecord
) -> Iterator[SessionFinding]:
    line = record.edges_line if record.rises else None
    if not duty.pairs:
        yield _violation(
            FindingKind.DUTY_CYCLE,
            f"the edges of PROCESSING do not pair: at pair {duty.odd_pair} of "
            f"{duty.frames} the falling edge does not lie between two rising ones, "
            "so that an edge was lost and duty cycle and throughput are of other edges; look at "
            "the pin and its wire, and run the session again",
            line,
        )
    elif abs(duty.rises - duty.falls) > 1:
        yield _warning(
            FindingKind.DUTY_CYCLE,
            f"{duty.rises} rising and {duty.falls} falling edges of PROCESSING; look at the pin",
            line,
        )
    if duty.period_spread > PERIOD_SPREAD:
        yield _warning(
            FindingKind.DUTY_CYCLE,
            f"the periods of PROCESSING differ by {duty.period_spread:.1%}, and sound is even; "
            "look for frames that the firmware loses or joins",
            line,
        )
    deviation = duty.period_s / task.frame_s - 1
    if abs(deviation) > PERIOD_DEVIATION:
        yield (_violation if abs(deviation) > MOST_DRIFT else _warning)(
            FindingKind.DUTY_CYCLE,
            f"a frame takes {duty.period_s * 1e3:.3f} ms where its sound has "
            f"{task.frame_s * 1e3:g} ms ({signed(deviation, '.1%')}); look for frames that the "
            "firmware loses, and for what else drives PROCESSING",
            line,
        )


def _energy(
    result: StreamingResult, energy: EnergyResult | None, record: StreamingRecord
) -> Iterator[SessionFinding]:
    if record.samples is not None and record.samples[1] < 2:
        yield _violation(
            FindingKind.EDGES,
            f"{record.samples[1]} edges of the timestamp pin, and two are needed, at `start` and "
            "at `stop`; wire the pin to the monitor's event input",
            record.samples[2],
        )
    if record.samples is not None and record.length_s is not None:
        expected = record.length_s * MLCOMMONS_RATE_HZ
        if record.samples[0] < expected * (1 - SAMPLES_WITHIN):
            yield _violation(
                FindingKind.SAMPLES_LOST,
                f"{record.samples[0]} samples of a millisecond each, and {record.wav_file} alone "
                f"lasts {expected:.0f}: samples were lost, and energy with them; measure again",
                record.samples[2],
            )
    if energy is None:
        return
    if energy.lost_error is not None:
        yield _violation(FindingKind.SAMPLES_LOST, energy.lost_error)
    if energy.edge_error is not None:
        yield _violation(FindingKind.EDGES, energy.edge_error)
    for measured in energy.windows:
        if measured.invalid is not None:
            yield _violation(FindingKind.WINDOW_INVALID, f"the window: {measured.invalid}")
        yield from check_duration(measured.window.duration_s, result)


def check_duration(duration_s: float, result: StreamingResult) -> Iterator[SessionFinding]:
    """Compare the window of energy with the time that the recording takes to play."""
    if result.length_s is None:
        return
    stretch = 1.0 if result.drift is None else 1 / (1 + result.drift.ppm / 1e6)
    playing_s = result.length_s * stretch
    if playing_s * 0.9999 <= duration_s <= playing_s + TIMED_TOO_LONG_S:
        return
    yield _warning(
        FindingKind.WINDOW_INVALID,
        f"the window of energy lasts {duration_s:.3f} s, and {result.wav_file} takes "
        f"{playing_s:.3f} s to play; it is to reach from `start` to `stop` around it: look at the "
        "edges of the timestamp pin",
    )
