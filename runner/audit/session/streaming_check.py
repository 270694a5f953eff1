"""Checks what a streaming session prints: against its detections and edges, log against results.

Each figure is printed with five significant digits, and has to be the very text that the recomputed
one would have. What cannot be recomputed (published sessions lack the samples, most the edges) has
to agree with the log's own copy, and with the other figures that it follows from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain
from math import inf

from ...journal.records import StreamingRecord
from ...score.streaming.printed import (
    COUNTS,
    IN_RESULTS,
    StreamingFigure,
    expected_texts,
    number_of,
    numbers_in,
    streaming_figures,
)
from ...score.streaming.results import StreamingResult
from ...score.streaming.rules import check_duration
from ...score.streaming.stream import Stream
from ...write.printed_results import Block, PrintedResults, parse_results
from ..evidence.audit_result import Recomputed
from ..evidence.findings import AuditFinding, Rule, not_judged, violation, warning
from .results_check import check_printed

_HALF_A_MILLISECOND = 0.0005 * (1 + 1e-6)
_TITLES = {
    "duty cycle": "average duty cycle",
    "period": "average period",
    "throughput": "estimated throughput",
    "short duty cycle": "duty cycle",
    "short period": "period in ms",
    "missed": "the list of false negatives",
    "false": "the list of false positives",
}


@dataclass(frozen=True, slots=True)
class StreamingCheck:
    """Compares what is printed of a streaming session with what it measured."""

    result: StreamingResult
    recomputed: Recomputed
    stream: Stream
    log: str
    """The log's path in the tree, for the findings."""

    @property
    def record(self) -> StreamingRecord:
        return self.stream.record

    def findings(
        self, lines: Sequence[str] | None, results: str, *, with_energy: bool
    ) -> Iterator[AuditFinding]:
        """Find what is amiss; ``lines`` are those of the results file at ``results``, if any."""
        own = list(streaming_figures(self.record.printed))
        yield from self._recomputed(own, self.log)
        own_energies = parse_results([text for _, text in self.record.printed])
        if with_energy:
            yield from self._energy_of_log(own_energies)
        yield from self._claims(self.log.rpartition("/")[0] + "/results.json")
        yield from self._cannot_be_told(with_energy=with_energy)
        if lines is None:
            return
        printed = list(streaming_figures(enumerate(lines, 1)))
        wrong = list(self._recomputed(printed, results))
        yield from wrong
        said = {finding.line for finding in wrong}
        yield from (one for one in self._as_the_log(printed, own, results) if one.line not in said)
        seen = {figure.name for figure in printed}
        for name in IN_RESULTS:
            if name not in seen:
                expected = "a line with it, as the runner prints it"
                yield violation(Rule.RESULT_LINE, results, f"no {_title(name)}", expected)
        if not with_energy:
            return
        energies = parse_results(lines)
        if self.recomputed.energy is None:
            yield from self._energies(energies, {}, results)
            yield from self._energy_as_the_log(energies, own_energies, results)
        else:
            yield from check_printed(energies, self.recomputed, results)

    def _recomputed(self, figures: Sequence[StreamingFigure], path: str) -> Iterator[AuditFinding]:
        expected = expected_texts(self.result.words, self.result.duty)
        for figure in figures:
            if figure.name in ("missed", "false"):
                yield from self._list(figure, path)
            elif figure.name in expected and figure.text not in expected[figure.name]:
                text = f"{_title(figure.name)} is printed {figure.text[:40]}"
                right = f"{expected[figure.name][0]}, as it is recomputed"
                yield violation(Rule.RESULT_LINE, path, text, right, figure.line)
        if self.result.duty is None:
            yield from _rates_agree(figures, path)

    def _claims(self, path: str) -> Iterator[AuditFinding]:
        """Check what results.json says of its own numbers; a recording is played once."""
        duty = self.result.duty
        expected = {"iterations": 1.0, "warmups": 0.0}
        if duty is not None:
            expected["duty_cycle"], expected["period"] = duty.duty_cycle, duty.period_s
            expected["processing_time"] = duty.inference_s
        for name, value in self.stream.claims.items():
            wanted = expected.get(name)
            told = value if isinstance(value, (int, float)) else inf
            if wanted is None or abs(told - wanted) <= 1e-9:
                continue
            yield violation(Rule.RESULT_LINE, path, f"{name} is {str(value)[:40]}", f"{wanted:.9g}")

    def _list(self, figure: StreamingFigure, path: str) -> Iterator[AuditFinding]:
        words = self.result.words
        if words is None or "..." in figure.text:  # numpy leaves out the middle of a long list
            return
        wanted = words.missed_s if figure.name == "missed" else words.false_s
        found = numbers_in(figure.text)
        if (
            found is None
            or len(found) != len(wanted)
            or any(
                abs(one - other) > _HALF_A_MILLISECOND
                for one, other in zip(found, wanted, strict=True)
            )
        ):
            shown = ", ".join(f"{time:.3f}" for time in wanted[:20])
            text = f"{_title(figure.name)} is printed [{figure.text[:80]}]"
            expected = f"[{shown}], as it is recomputed"
            yield violation(Rule.RESULT_LINE, path, text, expected, figure.line)

    def _as_the_log(
        self, printed: Sequence[StreamingFigure], own: Sequence[StreamingFigure], path: str
    ) -> Iterator[AuditFinding]:
        told = {figure.name: figure.text for figure in own}
        for figure in printed:
            if figure.text != told.get(figure.name, figure.text):
                text = f"{_title(figure.name)} is printed {figure.text[:40]}"
                expected = f"{told[figure.name][:40]}, as the log ends"
                yield violation(Rule.RESULT_LINE, path, text, expected, figure.line)

    def _energy_of_log(self, own: PrintedResults) -> Iterator[AuditFinding]:
        """Check the log's own copy of the energies, and its samples."""
        record = self.record
        numbers = {at: number for at, (number, _) in enumerate(record.printed, 1)}
        if self.recomputed.energy is None:
            yield from self._energies(own, numbers, self.log)
        else:
            for finding in check_printed(own, self.recomputed, self.log):
                yield replace(finding, line=_line(numbers, finding.line))
        if record.samples is None:
            return
        samples, _, line = record.samples
        for name, duration in _values(own, "duration"):
            if float(duration) * 1e3 > samples + 1:
                yield violation(
                    Rule.TRACE,
                    self.log,
                    f"{samples} samples, a millisecond each",
                    f"at least the {float(duration):.3f} s of {name}",
                    line,
                )

    def _energies(
        self, printed: PrintedResults, numbers: Mapping[int, int], path: str
    ) -> Iterator[AuditFinding]:
        """Check that printed energies follow from one another; the window, from the recording."""
        for place, block in enumerate(printed.of_kind(Block.TRIAL)):
            if block.number != place:
                text = f"{block.kind.value} {block.number}"
                line = _line(numbers, block.line)
                expected = f"{block.kind.value} {place} in this place"
                yield violation(Rule.RESULT_LINE, path, text, expected, line)
            told = {figure.name: figure for figure in block.figures}
            values = {name: figure.value for name, figure in told.items()}
            duration, total = values.get("duration"), values.get("energy")
            if duration is None or total is None or duration <= 0:
                continue
            follows = {
                "power in mW": float(total) / float(duration) / 1e3,
                "energy per inference": float(total),
                "inferences": 1.0,
            }
            for name, wanted in follows.items():
                figure, value = told.get(name), values.get(name)
                if figure is None or value is None:
                    continue
                if abs(float(value) - wanted) > 0.5 * figure.unit * (1 + 1e-6) + 1e-9 * wanted:
                    line = _line(numbers, figure.line)
                    right = f"{wanted:.4f}, by the energy and the time beside it"
                    text = f"{name} is printed {figure.text}"
                    yield violation(Rule.RESULT_LINE, path, text, right, line)
            for headline in printed.headlines:
                value = headline.value
                if headline.name != "median_energy_uj" or value is None:
                    continue
                if abs(value - total) > Decimal("0.00056"):
                    line = _line(numbers, headline.line)
                    text = f"median energy is printed {headline.text} uJ/inf"
                    yield violation(
                        Rule.RESULT_LINE, path, text, f"{total}, the one window's", line
                    )
            for finding in check_duration(float(duration), self.result):
                line = _line(numbers, block.line)
                yield warning(Rule.SESSION, path, finding.text, line=line)

    def _energy_as_the_log(
        self, printed: PrintedResults, own: PrintedResults, path: str
    ) -> Iterator[AuditFinding]:
        told = {
            figure.name: figure.text
            for block in own.of_kind(Block.TRIAL)
            for figure in block.figures
        } | {figure.name: figure.text for figure in own.headlines}
        here = chain(
            (figure for block in printed.of_kind(Block.TRIAL) for figure in block.figures),
            printed.headlines,
        )
        for figure in here:
            if figure.text != told.get(figure.name, figure.text):
                name = figure.name.replace("_uj", " in uJ").replace("_", " ")
                text = f"{name} is printed {figure.text[:40]}"
                expected = f"{told[figure.name][:40]}, as the log ends"
                yield violation(Rule.RESULT_LINE, path, text, expected, figure.line)
        if not printed.of_kind(Block.TRIAL):
            text = "no energy of the window"
            yield violation(Rule.RESULT_LINE, path, text, "the lines of `Energy data for trial 0`")

    def _cannot_be_told(self, *, with_energy: bool) -> Iterator[AuditFinding]:
        """Say what this audit lacks: nobody has to publish it, and nothing can be recomputed."""
        if self.result.words is None:
            yield not_judged(
                Rule.OFFICIAL_LIST,
                self.log,
                f"the words of {self.result.wav_file[:80]} are not at hand, so that hits and "
                "misses cannot be counted",
                "sww_long_test.json of mlcommons/tiny: `tinyrunner datasets fetch sww01`, or give "
                "--datasets DIR with it in DIR/sww01/",
            )
        if self.result.duty is None:
            yield not_judged(
                Rule.LOG,
                self.log,
                "neither the log nor a results.json holds the edges of PROCESSING, so that duty "
                "cycle, period and throughput cannot be recomputed",
                "a log with the board's lines (`echo: True`), or the results.json",
            )
        if with_energy and self.recomputed.energy is None:
            yield not_judged(
                Rule.TRACE,
                self.log,
                "no samples are at hand, so that power and energy cannot be recomputed",
                "the session's results.json, which holds them",
            )


_SHORTENED = (("short duty cycle", "duty cycle", 1.0), ("short period", "period", 1e3))
"""What the log prints of the averages with fewer digits, the period in milliseconds."""


def _rates_agree(figures: Sequence[StreamingFigure], path: str) -> Iterator[AuditFinding]:
    """Check that the rates follow from one another, as far as their digits tell."""
    last = {figure.name: figure for figure in figures}
    for name, whole, factor in _SHORTENED:
        few, many = number_of(last.get(name)), number_of(last.get(whole))
        if few is None or many is None:
            continue
        if abs(few[0] - factor * many[0]) > (few[1] + factor * many[1]) * (1 + 1e-3):
            text = f"{_title(name)} is printed {last[name].text[:40]}"
            expected = f"{factor * many[0]:.5g}, as the average behind it"
            yield violation(Rule.RESULT_LINE, path, text, expected, last[name].line)
    three = [number_of(last.get(name)) for name in ("duty cycle", "period", "throughput")]
    duty, period, rate = three
    if duty is None or period is None or rate is None or not duty[0] * period[0] * rate[0] > 0:
        return
    allowed = sum(half / value for value, half in (duty, period, rate)) * (1 + 1e-3)
    wanted = 1 / (duty[0] * period[0])
    if abs(rate[0] / wanted - 1) > allowed:
        figure = last["throughput"]
        text = f"{_title('throughput')} is printed {figure.text[:40]}"
        expected = f"about {wanted:.5g}, by the duty cycle and the period beside it"
        yield violation(Rule.RESULT_LINE, path, text, expected, figure.line)


def _line(numbers: Mapping[int, int], line: int | None) -> int | None:
    """Return the line of the file that a line among the kept ones is; without a table, itself."""
    return line if line is None else numbers.get(line, line)


def _values(printed: PrintedResults, name: str) -> Iterator[tuple[str, Decimal]]:
    for block in printed.of_kind(Block.TRIAL):
        for figure in block.figures:
            if figure.name == name and figure.value is not None:
                yield f"{block.kind.value} {block.number}", figure.value


def _title(name: str) -> str:
    return _TITLES.get(name, name)


def printed_stream(lines: Sequence[str]) -> dict[str, str]:
    """Return the headline figures of a results file: its throughput, and the words in short."""
    last = {figure.name: figure.text[:40] for figure in streaming_figures(enumerate(lines, 1))}
    found = {"throughput": last["throughput"]} if "throughput" in last else {}
    if all(name in last for name in COUNTS):
        found["words"] = "{} TP, {} FN, {} FP".format(*(last[name] for name in COUNTS))
    return found
