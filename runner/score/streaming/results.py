"""The results of a streaming session: words found and missed, duty cycle, drift of the clock.

Times in seconds unless named otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..json_form import JsonForm
from ..minus_sign import signed

MARKER_MS = 500
"""The first frame's detection comes within this of `record_detections`; published: 35 to 116 ms."""


@dataclass(frozen=True, slots=True)
class WordScore(JsonForm):
    """Says which words of a recording were detected; times count from the first detection."""

    JSON = "true_positives false_negatives false_positives f1 missed_s false_s"

    true_positives: int
    missed_s: tuple[float, ...]
    """Begins of the windows in which nothing was detected."""
    false_s: tuple[float, ...]
    """Times of detections in no window, each but the first of a second left out."""

    @property
    def false_negatives(self) -> int:
        return len(self.missed_s)

    @property
    def false_positives(self) -> int:
        return len(self.false_s)

    @property
    def words(self) -> int:
        return self.true_positives + self.false_negatives

    @property
    def counts(self) -> tuple[int, int, int]:
        """Return true positives, false negatives, false positives."""
        return self.true_positives, self.false_negatives, self.false_positives

    @property
    def most_false(self) -> int:
        """Return misses or false positives, the greater: a round allows so many of either."""
        return max(self.false_negatives, self.false_positives)

    @property
    def f1(self) -> float:
        """Return 2 TP / (2 TP + FP + FN), the accuracy of the official table."""
        hits = 2 * self.true_positives
        whole = hits + self.false_positives + self.false_negatives
        return hits / whole if whole else 0.0

    def __str__(self) -> str:
        return "{} TP, {} FN, {} FP".format(*self.counts)


@dataclass(frozen=True, slots=True)
class DutyCycle(JsonForm):
    """Says how long the device was busy with a frame: from the edges of its PROCESSING pin."""

    JSON = "duty_cycle period_s inference_s throughput period_spread rises falls source odd_pair"

    inference_s: float
    """The mean time from a rising to a falling edge."""
    period_s: float
    """The mean time from a rising edge to the next."""
    period_spread: float
    """The longest period less the shortest, over the mean."""
    rises: int
    falls: int
    source: str
    """The file that holds the edges: log.txt or results.json."""
    odd_pair: int | None = None
    """The first pair, from 1, whose edges do not alternate; None where all do."""
    busy_s: tuple[float, ...] = ()
    """From a rising to a falling edge, of each pair."""

    @property
    def frames(self) -> int:
        """Return of how many frames both edges are there."""
        return min(self.rises, self.falls)

    @property
    def duty_cycle(self) -> float:
        return self.inference_s / self.period_s

    @property
    def pairs(self) -> bool:
        """Tell whether its edges pair; else one was lost, and the figures are of no frame."""
        return self.odd_pair is None

    @property
    def throughput(self) -> float | None:
        """Return inferences per second without the wait for sound; None of a device never busy."""
        return 1 / self.inference_s if self.inference_s else None


@dataclass(frozen=True, slots=True)
class Drift(JsonForm):
    """Says how far the board's audio clock is off, measured by the device's own frames."""

    JSON = "ppm uncertainty_ppm source"

    ppm: float
    """Millionths; below 0 the sound plays slowly, and all in it comes late."""
    uncertainty_ppm: float
    source: str
    """What it was measured by: edges, or a printed period."""

    @property
    def rounded(self) -> str:
        """Return it with its sign in whole millionths, as it is told: `+12 ppm`."""
        return f"{signed(self.ppm, '.0f')} ppm"

    def __str__(self) -> str:
        return f"{signed(self.ppm, '.0f')} ± {self.uncertainty_ppm:.0f} ppm"


@dataclass(frozen=True, slots=True)
class StreamingResult(JsonForm):
    """Holds what one session of a streaming task measured, energy apart."""

    JSON = "wav_file length_s truth detections marker_ms words duty drift corrected_words"

    wav_file: str
    length_s: float | None
    truth: str | None
    """Where the windows of its words were read from; None where they are not at hand."""
    detections: int
    """Detections in all, the first frame's with them."""
    marker_ms: int
    """When the first detection came, from which all times count."""
    words: WordScore | None
    """As the official runner scores; None without the truth."""
    duty: DutyCycle | None
    """None where neither log nor results.json hold the edges."""
    drift: Drift | None
    corrected_words: WordScore | None
    """The same with the drift taken off, and the second of delay that the README grants."""
    windows_s: tuple[tuple[float, float], ...] = ()
    """Begin and end of each word of the truth."""
    times_ms: tuple[int, ...] = ()
    """When the detections came, by the board's timer."""

    @property
    def has_time_zero(self) -> bool:
        """Tell whether the first detection is the first frame's, from which words are placed."""
        return self.marker_ms <= MARKER_MS

    @property
    def sure_words(self) -> WordScore | None:
        """Return the words where they are figures: counted from the recording's first frame."""
        return self.words if self.has_time_zero else None

    @property
    def sure_duty(self) -> DutyCycle | None:
        """Return the duty cycle where it is a figure: that of frames, whose edges pair."""
        return self.duty if self.duty is not None and self.duty.pairs else None

    @property
    def heard_s(self) -> tuple[float, ...]:
        """Return when all but the first detection came, in seconds from that."""
        return tuple((time - self.marker_ms) / 1000 for time in self.times_ms[1:])
