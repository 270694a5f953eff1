"""How much worse is too much: ``2%`` of everything, or ``energy=3%,accuracy=0.5pp``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import SetupError
from .measures import Difference, Measure

_NAMES: Mapping[str, tuple[Measure, ...]] = {
    "throughput": (Measure.THROUGHPUT,),
    "latency": (Measure.LATENCY,),
    "energy": (Measure.ENERGY,),
    "accuracy": (Measure.TOP1, Measure.AUC),
    "top1": (Measure.TOP1,),
    "auc": (Measure.AUC,),
}
_FORM = re.compile(r"(?:([a-z0-9]+)=)?(\d+(?:\.\d+)?|\.\d+)(%|pp)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound: a fraction of A's value, or of the whole scale (0.005 is 0.5 pp)."""

    bound: float
    relative: bool

    def __str__(self) -> str:
        return f"{100 * self.bound:g}{' %' if self.relative else ' pp'}"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The bound of each measure that has one."""

    by_measure: Mapping[Measure, Threshold]
    named: tuple[str, ...] = ()
    """The names that were given, as they were."""

    def unjudged(self, found: Sequence[Difference]) -> list[str]:
        """Why a bound judged nothing: a gate that finds nothing to measure must not look shut."""
        measured = {each.measure for each in found}
        reasons = [
            f"--threshold {name}: nothing of it was measured on both sides"
            for name in self.named
            if measured.isdisjoint(_NAMES[name])
        ]
        if self.by_measure and not found:
            reasons = ["--threshold: nothing was measured on both sides"]
        if any(each.significant is None for each in found if each.measure in self.by_measure):
            reasons.append("--threshold: some differences have too few windows or files to tell")
        return reasons

    def exceeded(self, difference: Difference) -> bool:
        """B is worse by more than the bound, and the interval excludes that it is chance."""
        threshold = self.by_measure.get(difference.measure)
        if threshold is None or difference.significant is not True:
            return False
        worse = difference.worsening
        if threshold.relative:
            # Of nothing, any worsening is more than any share.
            return worse > threshold.bound * abs(difference.a)
        return worse > threshold.bound


def parse_thresholds(texts: Sequence[str]) -> Thresholds:
    """From the option's values, each with commas between its parts; a name goes before the rest."""
    general: Threshold | None = None
    named: dict[Measure, Threshold] = {}
    names: list[str] = []
    for part in (part.strip() for text in texts for part in text.split(",")):
        match = _FORM.fullmatch(part.replace(" ", ""))
        if match is None or (match[1] is not None and match[1] not in _NAMES):
            raise SetupError(
                f"--threshold {part!r}: expected a bound such as 2%, or one of "
                f"{', '.join(_NAMES)} with its own, such as energy=3% or accuracy=0.5pp"
            )
        threshold = Threshold(float(match[2]) / 100, match[3] == "%")
        measures = _NAMES[match[1]] if match[1] else tuple(Measure)
        if not threshold.relative and not all(measure.is_share for measure in measures):
            raise SetupError(
                f"--threshold {part!r}: percentage points are for accuracy; give per cent"
            )
        if match[1] is None:
            general = threshold
        else:
            named |= dict.fromkeys(measures, threshold)
            names.append(match[1])
    everywhere = {} if general is None else dict.fromkeys(Measure, general)
    return Thresholds(everywhere | named, tuple(names))
