"""Shows what a streaming session measured, with the digits of the official runner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from ....models.suite import StreamingTask
from ...journal.records import StreamingRecord
from ...score.assess import Assessment
from ...score.streaming.formulas import OFFICIAL_DELAY_S, README_DELAY_S
from ...score.streaming.results import Drift, DutyCycle, WordScore
from ...terms import Mode

_SHOWN_TIMES = 12
_WRONG = "bold red"
_RATES = ("Average", "Estimated throughput")
_ENERGY = ("Elapsed time", "Power  ", "Total Energy")
"""How the lines begin that an energy session's log ends with."""


def streaming_lines(assessment: Assessment, task: StreamingTask) -> Iterator[Text]:
    """Yield the lines of a session: words, duty cycle, energy, drift."""
    result = assessment.streaming
    if result is None:
        return
    if result.words is not None:
        yield from _words(result.words, task, placed=result.has_time_zero)
    if result.duty is not None:
        yield _duty(result.duty)
    else:
        yield from _only_printed(assessment.facts.streaming, _RATES, "no edges are at hand")
    if assessment.energy is not None:
        for measured in assessment.energy.windows:
            window = measured.window
            line = Text("  energy ")
            line.append(_scaled(window.energy_j, 1e6, "µJ"), style="bold")
            line.append(f" in {window.duration_s:.3f} s, power ")
            yield line.append(_scaled(window.power_w, 1e3, "mW", digits=4), style="bold")
    elif assessment.facts.mode is Mode.ENERGY:
        yield from _only_printed(assessment.facts.streaming, _ENERGY, "no samples are at hand")
    if result.drift is not None:
        yield _drift(result.drift, result.corrected_words)


def _only_printed(
    record: StreamingRecord | None, wanted: tuple[str, ...], why: str
) -> Iterator[Text]:
    """Show figures as the log prints them, which nothing at hand lets anybody recompute."""
    printed = [] if record is None else [text for _, text in record.printed]
    told = [text for text in printed if text.startswith(wanted)]
    if told:
        shown = "; ".join(" ".join(text.split()) for text in told)
        yield Text(f"  as the log prints it ({why} to recompute it): {shown}")


def _words(words: WordScore, task: StreamingTask, *, placed: bool) -> Iterator[Text]:
    line = Text("  ")
    line.append(
        f"{words.true_positives} true positives, {words.false_negatives} false negatives, "
        f"{words.false_positives} false positives",
        style="bold",
    )
    line.append(f", F1 {words.f1:.4f}")
    line.append(
        f"; at most {task.max_false} of each false kind; to {OFFICIAL_DELAY_S:g} s behind a word"
    )
    yield line if placed else line.append("; meaningless, for it has no time zero", _WRONG)
    for name, times in (("missed at", words.missed_s), ("false at", words.false_s)):
        if times:
            yield Text(f"  {name} {_times(times)}")


def _times(times_s: Sequence[float]) -> str:
    shown = ", ".join(f"{time_s:.3f}" for time_s in times_s[:_SHOWN_TIMES])
    more = len(times_s) - _SHOWN_TIMES
    return f"{shown} s and {more} more" if more > 0 else f"{shown} s"


def _duty(duty: DutyCycle) -> Text:
    line = Text("  duty cycle ").append(f"{duty.duty_cycle:1.5}", style="bold")
    line.append(f", period {duty.period_s:1.5} s, throughput ")
    rate = "–" if duty.throughput is None else f"{duty.throughput:1.5} inf/s"
    line.append(rate, style="bold")
    line.append(f" ({duty.frames} frames, {duty.source})")
    return line if duty.pairs else line.append("; meaningless, for its edges do not pair", _WRONG)


def _drift(drift: Drift, corrected: WordScore | None) -> Text:
    line = Text(f"  audio clock {drift} ({drift.source})")
    if corrected is not None:
        line.append(f"; without it, to {README_DELAY_S:g} s behind a word: {corrected}")
    return line


def _scaled(value: float | None, factor: float, unit: str, digits: int = 3) -> str:
    return "–" if value is None else f"{value * factor:.{digits}f} {unit}"
