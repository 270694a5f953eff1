"""Sessions of the streaming wake word, made up: log.txt, results.txt, results.json.

The files are laid out as the published sessions of v1.3 have them; the figures in them are computed
here, by formulas of this file alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean

from support.reference import reference_path

FRAME_MS = 32.0
LONG = "sww_long_test.json"


def official_words() -> list[tuple[float, float]]:
    """The windows of the rounds' recording."""
    path = reference_path("datasets", "sww01", LONG)
    (entry,) = json.loads(path.read_text(encoding="utf-8"))
    return [(begin, end) for begin, end in entry["detection_windows"]]


def edges(clock: float = 1.0, busy_ms: float = 20.0, count: int = 100) -> tuple[list[int], ...]:
    """Ticks of 10 us of rising and falling edges; a clock of 0.9977 is 0.23 % slow."""
    starts = [round(6800 + 100 * FRAME_MS * k / clock) for k in range(count)]
    return starts, [start + round(100 * busy_ms) for start in starts]


@dataclass
class Played:
    """What a board saw of a run; times in ms since record_detections."""

    words: list[tuple[float, float]] = field(default_factory=official_words)
    clock: float = 1.0
    marker_ms: int = 86
    latency_s: float = 0.6
    missed: tuple[int, ...] = ()
    """Numbers of words that are not detected."""
    false_s: tuple[float, ...] = ()
    busy_ms: float = 20.0
    pulses: int = 5
    """Detections that a word gives."""
    samples_j: list[float] | None = None
    wav_file: str = "long_wav.wav"
    length_s: float = 1200.0

    @property
    def detections(self) -> list[int]:
        """The marker, and the pulses of each word, as late as the clock makes them."""
        times = [
            begin + self.latency_s + 0.032 * pulse
            for number, (begin, _) in enumerate(self.words)
            if number not in self.missed
            for pulse in range(self.pulses)
        ]
        shifted = (self.marker_ms + round(1e3 * time / self.clock) for time in times)
        others = (self.marker_ms + round(1e3 * time / self.clock) for time in self.false_s)
        return [self.marker_ms, *sorted([*shifted, *others])]

    def write(self, folder: Path, *, echo: bool = True, with_json: bool = True) -> Path:
        """Write the session as MLCommons' runner would; in energy mode where it has samples."""
        folder.mkdir(parents=True, exist_ok=True)
        starts, stops = edges(self.clock, self.busy_ms)
        results = self._results(starts, stops)
        (folder / "results.txt").write_text("\n".join(results) + "\n", encoding="utf-8")
        log = [*self._log(starts, stops, echo=echo), *(line.strip() for line in results)]
        at = next(n for n, line in enumerate(log) if line.startswith("Accuracy: "))
        missed = [self.words[number][0] for number in self.missed]
        false = " ".join(f"{round(time * 1e3 / self.clock) / 1e3:g}" for time in self.false_s)
        log[at + 1 : at + 1] = [f"False negatives: {missed}", f"False positives: [{false}]"]
        log += ["Session logged in file sessions\\20250729_132607\\log.txt"]
        (folder / "log.txt").write_text("\n".join(log) + "\n", encoding="utf-8")
        if with_json:
            text = json.dumps([self._entry(starts, stops)])
            (folder / "results.json").write_text(text, encoding="utf-8")
        return folder

    def _log(self, starts: list[int], stops: list[int], *, echo: bool) -> list[str]:
        board = ["record_detections%", "Now recording detections", "m-ready"]
        detections = [
            "Detection Timestamps (ms)", *(f"{time}," for time in self.detections), "m-ready",
        ]  # fmt: skip
        duty = ["Duty cycle start times (s)", *_eights(starts), "Duty cycle stop times (s)"]
        duty += [*_eights(stops)[:-1], f"{_eights(stops)[-1]} m-ready"]
        return [
            "Logging initialized. Writing output to sessions\\20250729_132607\\log.txt",
            "Device name retrieved: ACME",
            "Device profile retrieved: ULPMark for tinyML Firmware V0.0.1",
            "Device model retrieved: sww01",
            *(f"RX:{line}" for line in board if echo),
            f"Playing {self.wav_file} (length = {self.length_s}s) at 13:26:12...",
            *(f"RX:{line}" for line in ("Attempting to play", "succeeded.", "m-ready") if echo),
            "... done",
            "No activation data found.",
            *(f"RX:{line}" for line in detections if echo),
            str(self.detections),
            *(f"RX:{line}" for line in duty if echo),
            f"Duty cycle = {self._duty(starts, stops):.3f}, "
            f"Period = {_period(starts) * 1e3:.1f} ms",
            *([] if self.samples_j is None else [f"samples:{len(self.samples_j)} timestamps:3"]),
        ]

    def _results(self, starts: list[int], stops: list[int]) -> list[str]:
        words = len(self.words)
        lines = [] if self.samples_j is None else self._energies(self.samples_j)
        return [
            *lines,
            f"Accuracy: {words - len(self.missed)} True positives, {len(self.missed)} False "
            f"negatives, {len(self.false_s)} False positives",
            f"Average duty cycle: {self._duty(starts, stops):1.5}",
            f"Average period: {_period(starts):1.5} s",
            f"Estimated throughput: {1e5 / fmean(_busy(starts, stops)):1.5} inf./sec.",
        ]

    def _energies(self, samples_j: list[float]) -> list[str]:
        first, last = _events(samples_j)
        energy_uj, time_s = 1e6 * sum(samples_j[first:last]), last / 1e3 - first / 1e3
        return [
            "Power Edition Output",
            "Energy data for trial 0",
            f"  Elapsed time  : {time_s}",
            "  Inferences    : 1",
            f"  Power         : {energy_uj / time_s / 1e3:.4f} mW.",
            f"  Total Energy  : {energy_uj:.3f} uJ",
            f"  Energy/Inf    : {energy_uj:.3f} uJ/inf",
            "-" * 57,
            f"Median energy cost is {energy_uj:.4f} uJ/inf.",
            "-" * 57,
        ]

    def _entry(self, starts: list[int], stops: list[int]) -> dict[str, object]:
        infer = {
            "wav_file": self.wav_file, "detection_windows": self.words,
            "length_sec": self.length_s, "sample_rate": 16000, "detections": self.detections,
            "iterations": 1, "warmups": 0,
        }  # fmt: skip
        duty = {
            "duty_cycle": self._duty(starts, stops), "period": _period(starts),
            "start_times_s": [1e-5 * tick for tick in starts],
            "stop_times_s": [1e-5 * tick for tick in stops],
        }  # fmt: skip
        entry = {"infer": infer, "dutycycle": duty, "activations": []}
        if self.samples_j is None:
            return entry | {"mode": "p"}
        marks = [["00", 900], *(["00", mark] for mark in _events(self.samples_j))]
        power = {"samples": self.samples_j, "timestamps": marks, "voltage": 3.0}
        return entry | {"mode": "e", "power": power}

    def _duty(self, starts: list[int], stops: list[int]) -> float:
        return 1e-5 * fmean(_busy(starts, stops)) / _period(starts)


def _busy(starts: list[int], stops: list[int]) -> list[int]:
    return [stop - start for start, stop in zip(starts, stops, strict=True)]


def _period(starts: list[int]) -> float:
    return 1e-5 * (starts[-1] - starts[0]) / (len(starts) - 1)


def _events(samples_j: list[float]) -> tuple[int, int]:
    return 1000, len(samples_j) - 500


def _eights(ticks: list[int]) -> list[str]:
    return ["".join(f"{tick}, " for tick in ticks[at : at + 8]) for at in range(0, len(ticks), 8)]
