"""Counts where two of those who were asked differ."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .answer import Answer, GivenInput, OutputScale

MOST_NAMED = 20
"""Inputs that are named of those that differ; they are counted all."""

PRINTED_WITHIN = 0.0005
"""How far a score that a board prints, with three decimals, may be off what it computed."""

_ROUNDING = 1e-5
"""Of a score that is a sum: what the order of float32 additions makes of it, as a fraction."""


@dataclass(frozen=True, slots=True)
class DifferingInput:
    """Is an input to which two gave different answers."""

    file: str
    offset: int
    steps: int | None
    """The largest difference of an output, in its quantisation's steps; None where only scores that
    are no outputs are known, or the output is float."""
    difference: float | None
    """The largest difference of a score; None where one of them is no finite number."""
    classes: tuple[int, int] | None
    """The first class of each, where they are not the same."""

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        return {
            "file": self.file,
            "offset": self.offset,
            "steps": self.steps,
            "difference": self.difference,
            "classes": None if self.classes is None else list(self.classes),
        }


@dataclass(slots=True)
class Tally:
    """Holds what was seen so far of a pair."""

    a: str
    b: str
    scale: OutputScale
    scores_are_outputs: bool
    """Whether a score is a number of the output, and no error of all of them."""
    compared: int = 0
    differing: int = 0
    other_class: int = 0
    """Inputs of which the first class is another: what accuracy counts."""
    largest_steps: int | None = None
    """None where no difference is known in steps."""
    largest_difference: float = 0.0
    """Of scores."""
    first: list[DifferingInput] = field(default_factory=list)
    """Of those with another class, then of those that differ; at most ``MOST_NAMED`` of each."""
    _reclassified: list[DifferingInput] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Tell whether both answered the same inputs, and all of them equally."""
        return self.compared > 0 and not self.differing

    def add(self, given: GivenInput, a: Answer, b: Answer) -> None:
        """Take the two answers to an input."""
        self.compared += 1
        if _are_equal(a, b):
            return
        gap = _largest_gap(np.array(a.scores), np.array(b.scores))
        steps = self._steps(a, b, gap)
        if steps is not None:
            self.largest_steps = max(steps, self.largest_steps or 0)
        self.largest_difference = max(gap, self.largest_difference)
        if not self._differ(a, b, gap, steps):
            return
        self.differing += 1
        classes = None
        if len(a.scores) > 1:
            both = (_first_class(a.scores), _first_class(b.scores))
            classes = both if both[0] != both[1] else None
        seen = DifferingInput(
            given.file, given.offset, steps, gap if math.isfinite(gap) else None, classes
        )
        if classes is not None:
            self.other_class += 1
            if len(self._reclassified) < MOST_NAMED:
                self._reclassified.append(seen)
        if len(self.first) < MOST_NAMED:
            self.first.append(seen)

    def named(self, most: int = MOST_NAMED) -> list[DifferingInput]:
        """Return the first that differ, those with another class before all."""
        rest = [each for each in self.first if each not in self._reclassified]
        return [*self._reclassified, *rest][:most]

    def _steps(self, a: Answer, b: Answer, gap: float) -> int | None:
        """Return the largest difference of an output in steps; None where that is not known."""
        step = self.scale.step
        if step is None:
            return None
        if a.outputs is not None and b.outputs is not None:
            gap = _largest_gap(a.outputs, b.outputs)
        elif not self.scores_are_outputs or step <= 2 * PRINTED_WITHIN:
            return None
        return round(gap / step) if math.isfinite(gap) else None

    def _differ(self, a: Answer, b: Answer, gap: float, steps: int | None) -> bool:
        if steps is not None:
            return steps > 0
        if a.outputs is not None and b.outputs is not None:
            return True  # not all are equal
        largest = max(map(abs, (*a.scores, *b.scores)), default=0.0)
        return not gap <= PRINTED_WITHIN + (_ROUNDING * largest if math.isfinite(largest) else 0.0)

    def to_json(self) -> dict[str, object]:
        """Return plain values."""
        largest = self.largest_difference
        return {
            "a": self.a,
            "b": self.b,
            "compared": self.compared,
            "differing": self.differing,
            "other_class": self.other_class,
            "largest_steps": self.largest_steps,
            "largest_difference": largest if math.isfinite(largest) else None,
            "first": [each.to_json() for each in self.named()],
        }


def _are_equal(a: Answer, b: Answer) -> bool:
    """Tell whether all that is known of both is the same, which most answers are."""
    if a.outputs is None or b.outputs is None:
        return a.scores == b.scores
    return np.array_equal(a.outputs, b.outputs, equal_nan=True)


def _largest_gap(a: npt.NDArray[np.floating[Any]], b: npt.NDArray[np.floating[Any]]) -> float:
    """Return the largest difference; infinity where one is no finite number and the other is."""
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    return float(np.where(same, 0.0, np.where(np.isnan(gaps), np.inf, gaps)).max(initial=0.0))


def _first_class(scores: tuple[float, ...]) -> int:
    return scores.index(max(scores))
