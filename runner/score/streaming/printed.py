"""Reads the figures of a streaming session as MLCommons' runner prints them.

They end the log, and all but the lists stand in results.txt::

    Accuracy: 44 True positives, 6 False negatives, 4 False positives
    False positives: [612.555 715.31  853.826 980.867]
    Average duty cycle: 0.56085
    Average period: 0.031987 s
    Estimated throughput: 55.742 inf./sec.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from .results import DutyCycle, WordScore


class StreamingFigure(NamedTuple):
    """Is one figure, as text."""

    name: str
    text: str
    line: int


_LONGEST_LINE = 20_000
_MOST_DIGITS = 30
# As loose as the official checker's patterns, so that it sees no figure that is not seen here.
_COUNTS = re.compile(
    r"Accuracy: *(\S{1,40}) True positives, *(\S{1,40}) False negatives, "
    r"*(\S{1,40}) False positives"
)
_FIGURES = {
    "duty cycle": re.compile(r"Average duty cycle: *(\S{1,40})"),
    "period": re.compile(r"Average period: *(\S{1,40}) s\b"),
    "throughput": re.compile(r"Estimated throughput: *(\S{1,40}) inf\./sec"),
    "short duty cycle": re.compile(r"Duty cycle = (\S{1,40}),"),
    "short period": re.compile(r"Duty cycle = \S{1,40}, Period = (\S{1,40}) ms"),
    "missed": re.compile(r"False negatives: *\[([^\]]*)\]"),
    "false": re.compile(r"False positives: *\[([^\]]*)\]"),
}
COUNTS = ("true positives", "false negatives", "false positives")
IN_RESULTS = (*COUNTS, "duty cycle", "period", "throughput")
"""What results.txt has of it; the lists and the short figures stand in the log alone."""
_NOISE = 1e-12
"""What adding in another order makes of a figure, as a fraction."""


def streaming_figures(lines: Iterable[tuple[int, str]]) -> Iterator[StreamingFigure]:
    """Yield every figure in lines with their numbers; the last of a name is what counts."""
    for number, text in lines:
        text = text[:_LONGEST_LINE]
        for match in _COUNTS.finditer(text):
            for name, count in zip(COUNTS, match.groups(), strict=True):
                yield StreamingFigure(name, count, number)
        for name, pattern in _FIGURES.items():
            for match in pattern.finditer(text):
                yield StreamingFigure(name, match[1], number)


def number_of(figure: StreamingFigure | None) -> tuple[float, float] | None:
    """Return a printed number and half of its last digit; None where it is none, or endless."""
    try:
        value = None if figure is None else Decimal(figure.text)
    except InvalidOperation:
        return None
    exponent = None if value is None else value.as_tuple().exponent
    if value is None or not isinstance(exponent, int) or abs(exponent) > _MOST_DIGITS:
        return None
    return float(value), float(Decimal(1).scaleb(exponent)) / 2


def numbers_in(text: str) -> list[float] | None:
    """Return the numbers of a printed list, with commas between them or without; else None."""
    try:
        return [float(word) for word in text.replace(",", " ").split()]
    except ValueError:
        return None


def expected_texts(words: WordScore | None, duty: DutyCycle | None) -> dict[str, tuple[str, ...]]:
    """Return every text that a figure may have, the best first; of what can be recomputed."""
    found: dict[str, tuple[str, ...]] = {}
    if words is not None:
        found |= {name: (str(n),) for name, n in zip(COUNTS, words.counts, strict=True)}
    if duty is not None:
        found["duty cycle"] = _texts(duty.duty_cycle, "1.5")
        found["period"] = _texts(duty.period_s, "1.5")
        found["short duty cycle"] = _texts(duty.duty_cycle, ".3f")
        found["short period"] = _texts(duty.period_s * 1e3, ".1f")
        if duty.throughput is not None:
            found["throughput"] = _texts(duty.throughput, "1.5")
    return found


def _texts(value: float, spec: str) -> tuple[str, ...]:
    near = (value, value * (1 + _NOISE), value * (1 - _NOISE))
    return tuple(dict.fromkeys(format(one, spec) for one in near))
