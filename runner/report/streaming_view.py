"""What a page shows of a streaming session: its figures, and what it got wrong."""

from __future__ import annotations

from collections.abc import Iterator

from ...models.suite import StreamingTask
from ..journal.records import StreamingRecord
from ..score.assess import Assessment
from ..score.streaming.formulas import OFFICIAL_DELAY_S, README_DELAY_S
from ..score.streaming.printed import streaming_figures
from ..score.streaming.results import DutyCycle, StreamingResult
from ..terms import Mode
from ..write.printed_results import Block, parse_results
from .page import Row
from .plots.dots import fixed, percent
from .plots.streaming_timeline import found_of
from .session_views import MAX_WINDOW_ROWS, Table

_NO_TIME_ZERO = "counted from a word, which means nothing: a finding says why"
AS_PRINTED = "as printed, not recomputed"
_RATES = {
    "duty cycle": ("Duty cycle", ""),
    "period": ("Period", " s"),
    "throughput": ("Throughput", " inf./s"),
}
_ENERGIES = {"power in mW": ("Power", " mW"), "energy": ("Energy", " µJ"), "duration": ("In", " s")}


def streaming_facts(assessment: Assessment, task: StreamingTask | None) -> list[Row]:
    """List what a session measured; what cannot be recomputed, as its log prints it."""
    result = assessment.streaming
    return [] if result is None else [*_facts(assessment, result, task)]


def _facts(
    assessment: Assessment, result: StreamingResult, task: StreamingTask | None
) -> Iterator[Row]:
    record, words = assessment.facts.streaming, result.words
    if words is not None:
        text = f"{words.true_positives} of {words.words} heard, {words.false_negatives} missed"
        text = f"{text}; {words.false_positives} false"
        yield "Words", text if result.has_time_zero else f"{text}; {_NO_TIME_ZERO}"
    if result.sure_words is not None:
        yield "F1", fixed(result.sure_words.f1, 4)
    if words is not None and task is not None:
        yield "Closed division", f"at most {task.max_false} missed, {task.max_false} false"
    if result.duty is not None:
        yield from _duty(result.duty)
    else:
        yield from _printed(printed_rates(record), _RATES)
    if assessment.energy is not None:
        for measured in assessment.energy.windows:
            window = measured.window
            yield "Power", f"{fixed(window.power_w, 4, 1e3)} mW"
            energy = fixed(window.energy_j, 3, 1e3)
            yield "Energy", f"{energy} mJ in {window.duration_s:.3f} s"
    elif assessment.facts.mode is Mode.ENERGY:
        yield from _printed(printed_energies(record), _ENERGIES)
    if result.drift is not None:
        drift = result.drift
        yield "Audio clock of the board", f"{drift} ({drift.source})"
    if result.corrected_words is not None and result.has_time_zero:
        yield "Without its drift", _corrected(result)


def _duty(duty: DutyCycle) -> Iterator[Row]:
    frames = f"({duty.frames} frames, {duty.source})"
    if not duty.pairs:
        yield "Duty cycle", f"none: the edges do not pair, as a finding says {frames}"
        return
    yield "Duty cycle", f"{percent(duty.duty_cycle, 2)} {frames}"
    yield "Period", f"{fixed(duty.period_s, 3, 1e3)} ms"
    yield "Throughput", f"{fixed(duty.throughput)} inf./s"


def _corrected(result: StreamingResult) -> str:
    """Say what is counted with the drift taken off; where that differs, a finding says why."""
    other, words = result.corrected_words, result.words
    text = f"{other}, to {README_DELAY_S:g} s behind a word"
    if other is None or words is None:
        return text
    if (other.missed_s, other.false_positives) == (words.missed_s, words.false_positives):
        return f"{text}: the same"
    return (
        f"{text}, where {words} are counted officially, to {OFFICIAL_DELAY_S:g} s behind it: a "
        "finding says what that means"
    )


def _printed(told: dict[str, str], named: dict[str, tuple[str, str]]) -> Iterator[Row]:
    for name, (title, unit) in named.items():
        if name in told:
            yield title, f"{told[name][:40]}{unit} ({AS_PRINTED})"


def printed_rates(record: StreamingRecord | None) -> dict[str, str]:
    """Return duty cycle, period and throughput as the log's end has them."""
    printed = [] if record is None else record.printed
    found = {figure.name: figure.text for figure in streaming_figures(printed)}
    return {name: found[name] for name in _RATES if name in found}


def printed_energies(record: StreamingRecord | None) -> dict[str, str]:
    """Return power, energy and time of the window as the log's end has them."""
    printed = parse_results([] if record is None else [text for _, text in record.printed])
    figures = (one for block in printed.of_kind(Block.TRIAL) for one in block.figures)
    return {figure.name: figure.text for figure in figures}


def wrong_words(result: StreamingResult) -> Table | None:
    """List the words that were missed and the detections that were of none, by their times."""
    words = result.words
    if words is None or not (words.missed_s or words.false_s):
        return None
    found = found_of(result)
    rows = [
        (begin, ("missed", str(number), f"{begin:.3f}", f"{end:.3f}"))
        for number, ((begin, end), heard) in enumerate(zip(result.windows_s, found, strict=True), 1)
        if not heard
    ]
    rows += [(time, ("false", "–", f"{time:.3f}", "–")) for time in words.false_s]
    shown = tuple(row for _, row in sorted(rows)[:MAX_WINDOW_ROWS])
    heads = ("What", "Word", "From (s)", "To (s)")
    return Table(heads, shown, frozenset({0}), len(rows) - len(shown))
