"""What a session of the streaming wake word amounts to, in the public form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runner.score.assess import Assessment


@dataclass(frozen=True, slots=True)
class Streaming:
    """A streaming result says which words of a recording were heard.

    None is what is not known, and what means nothing: words without the pulse of the first frame,
    a duty cycle whose edges do not pair.
    """

    recording: str
    """The name of the recording's file."""
    true_positives: int | None
    """Words that were heard, as MLCommons' runner counts."""
    false_negatives: int | None
    """Words that were missed."""
    false_positives: int | None
    """Detections that are of no word, those of a second counted once."""
    f1: float | None
    """2 TP / (2 TP + FP + FN)."""
    missed_s: tuple[float, ...]
    """Where missed words begin, in seconds of the recording."""
    false_s: tuple[float, ...]
    """When false detections came, in seconds from the first detection."""
    heard_s: tuple[float, ...] = field(repr=False)
    """When all detections behind the first one came, counted from that, in seconds."""
    windows_s: tuple[tuple[float, float], ...] = field(repr=False)
    """Begin and end of each word, in seconds of the recording."""
    duty_cycle: float | None
    """The share of its time that the device was busy, 0 to 1."""
    period_s: float | None
    """Seconds from one inference to the next."""
    power_w: float | None
    """Watts while the recording played, in an energy session with its samples."""
    drift_ppm: float | None
    """How much faster than it should the board's audio clock ran, in millionths."""
    corrected: tuple[int, int, int] | None
    """Words heard, missed and false with that drift taken off, to 1 s behind a word."""


def streaming_of(assessment: Assessment) -> Streaming | None:
    """Return what was assessed of a streaming task, None of any other."""
    result = assessment.streaming
    if result is None:
        return None
    words, duty = result.sure_words, result.sure_duty
    corrected = None if words is None else result.corrected_words
    return Streaming(
        recording=result.wav_file,
        true_positives=None if words is None else words.true_positives,
        false_negatives=None if words is None else words.false_negatives,
        false_positives=None if words is None else words.false_positives,
        f1=None if words is None else words.f1,
        missed_s=() if words is None else words.missed_s,
        false_s=() if words is None else words.false_s,
        heard_s=result.heard_s,
        windows_s=result.windows_s,
        duty_cycle=None if duty is None else duty.duty_cycle,
        period_s=None if duty is None else duty.period_s,
        power_w=assessment.power_w,
        drift_ppm=None if result.drift is None else result.drift.ppm,
        corrected=None if corrected is None else corrected.counts,
    )
