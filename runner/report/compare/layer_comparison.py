"""Two profiles of layers side by side: which layer of B takes longer than it did in A.

Layers are paired in their order by operator and shape; where one side fused, split or dropped some,
these have no counterpart. Cycles are compared where both sides count the same, else time is. A
profile is of one inference, so a difference has no interval.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from ...errors import SetupError
from ...journal.layer_log import LayerProfile
from ...score.layer_figures import (
    LayerFigures,
    between_layers,
    layers_of,
    mark_of,
    unit_of,
    whole_inference,
)

MICROSECONDS = "µs"
_BOUND = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)%")


@dataclass(frozen=True, slots=True)
class LayerDifference:
    """Is a layer of either side or of both, or a sum; what it takes is in the comparison's unit."""

    a: LayerFigures | None
    b: LayerFigures | None
    took_a: int | None
    took_b: int | None
    whole_a: int
    """What the whole inference takes in A."""

    @property
    def name(self) -> str:
        """Return its place and operator."""
        known = self.b or self.a
        assert known is not None
        return known.operator if known.layer is None else f"{known.layer} {known.operator}"

    @property
    def difference(self) -> int:
        """Return by how much B takes longer; what has no counterpart took nothing there."""
        return (self.took_b or 0) - (self.took_a or 0)

    @property
    def relative(self) -> float | None:
        """Return that as a share of A's; None of what takes nothing there."""
        return self.difference / self.took_a if self.took_a else None

    @property
    def of_whole(self) -> float | None:
        """Return that as a share of A's whole inference."""
        return self.difference / self.whole_a if self.whole_a else None

    def to_json(self) -> dict[str, Any]:
        known = self.b or self.a
        assert known is not None
        return {
            "layer_a": None if self.a is None else self.a.layer,
            "layer_b": None if self.b is None else self.b.layer,
            "operator": known.operator,
            "output": known.output,
            "macs": known.macs,
            "a": self.took_a,
            "b": self.took_b,
            "difference": self.difference,
            "relative": self.relative,
            "of_whole": self.of_whole,
        }


@dataclass(frozen=True, slots=True)
class LayerComparison:
    """Holds what became of each layer, in their order."""

    unit: str
    """What is compared: cycles, ticks, or microseconds."""
    layers: tuple[LayerDifference, ...]
    between: LayerDifference
    whole: LayerDifference
    warnings: tuple[str, ...]

    @property
    def unpaired(self) -> tuple[LayerDifference, ...]:
        """Return the layers that have no counterpart."""
        return tuple(each for each in self.layers if each.a is None or each.b is None)

    @property
    def slowed_most(self) -> LayerDifference | None:
        """Return the layer that took the most on; None where none of both sides did."""
        slower = [each for each in self._on_both_sides if each.difference > 0]
        return max(slower, key=lambda each: each.difference, default=None)

    def exceeding(self, bound: float) -> list[LayerDifference]:
        """Return what is worse by more than this share of A's whole inference, and the whole.

        Of a small layer a tick is many per cent, and nothing; a layer that became slower counts
        although another hides it. What has no counterpart was fused, or split: the whole tells.
        """
        return [
            each
            for each in (*self._on_both_sides, self.whole)
            if each.difference > bound * self.whole.whole_a
        ]

    @property
    def _on_both_sides(self) -> Iterator[LayerDifference]:
        return (each for each in self.layers if each.a is not None and each.b is not None)

    def to_json(self) -> dict[str, Any]:
        return {
            "unit": "us" if self.unit == MICROSECONDS else self.unit,
            "layers": [each.to_json() for each in self.layers],
            "between_layers": self.between.to_json(),
            "whole_inference": self.whole.to_json(),
            "warnings": list(self.warnings),
        }


def compare_layers(a: LayerProfile, b: LayerProfile) -> LayerComparison:
    """Compare what the layers of two profiles take."""
    same = (a.times.kind, a.times.counter) == (b.times.kind, b.times.counter)
    whole_a = a.times.cycles if same else a.times.us

    def took(figures: LayerFigures | None) -> int | None:
        if figures is None:
            return None
        return figures.cycles if same else figures.us

    def difference(one: LayerFigures | None, other: LayerFigures | None) -> LayerDifference:
        return LayerDifference(one, other, took(one), took(other), whole_a)

    pairs = _paired(layers_of(a.times), layers_of(b.times))
    return LayerComparison(
        unit=unit_of(a.times) if same else MICROSECONDS,
        layers=tuple(difference(*pair) for pair in pairs),
        between=difference(between_layers(a.times), between_layers(b.times)),
        whole=difference(whole_inference(a.times), whole_inference(b.times)),
        warnings=tuple(_warnings(a, b)),
    )


def parse_bound(texts: Sequence[str]) -> float | None:
    """Parse `--threshold` as a share of the whole inference; None where it was not given."""
    if not texts:
        return None
    match = _BOUND.fullmatch("".join(texts).replace(" ", "")) if len(texts) == 1 else None
    if match is None:
        raise SetupError(
            f"--threshold {','.join(texts)!r}: of layers it is one bound such as 2%, of the whole "
            "inference"
        )
    return float(match[1]) / 100


_Pair = tuple[LayerFigures | None, LayerFigures | None]


def _paired(a: Sequence[LayerFigures], b: Sequence[LayerFigures]) -> Iterator[_Pair]:
    keys_a, keys_b = ([(each.operator, each.output) for each in side] for side in (a, b))
    matcher = SequenceMatcher(None, keys_a, keys_b, autojunk=False)
    for _, a1, a2, b1, b2 in matcher.get_opcodes():
        if a2 - a1 == b2 - b1:
            for one, other in zip(a[a1:a2], b[b1:b2], strict=True):
                if one.operator == other.operator:  # of another shape: fewer channels, say
                    yield one, other
                else:
                    yield one, None
                    yield None, other
        else:
            yield from ((one, None) for one in a[a1:a2])
            yield from ((None, other) for other in b[b1:b2])


def _warnings(a: LayerProfile, b: LayerProfile) -> Iterator[str]:
    if (a.times.kind, a.times.counter) != (b.times.kind, b.times.counter):
        yield (
            f"A counts by {a.times.counter} ({a.times.kind.value}), B by {b.times.counter} "
            f"({b.times.kind.value}): not their counts are compared, but microseconds"
        )
    if a.model_id != b.model_id:
        yield f"the models are {a.model_id or '?'} and {b.model_id or '?'}"
    if a.vendor != b.vendor:
        yield f"the devices are {a.vendor or '?'} and {b.vendor or '?'}"
    marks = [mark_of(side) for side in (a, b)]
    if marks[0] is not marks[1]:
        names = [f"{side} is {mark.value}" for side, mark in zip("AB", marks, strict=True) if mark]
        yield f"{', '.join(names)}: figures of two kinds say nothing about each other"
