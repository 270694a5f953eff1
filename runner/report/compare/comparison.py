"""Sets two groups of sessions side by side: which belongs to which, and what is different.

A threshold says how much worse is too much: ``2%`` of everything, or ``energy=3%,accuracy=0.5pp``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import SetupError
from ...score.rules import Severity
from ..page import ReportSession, SessionStatus
from ..views import session_windows, told_text, told_texts
from .measures import Difference, Measure, differences
from .streaming import streaming_differences

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComparedPair:
    """Is a pair: what it measured, and what else is different about it."""

    name: str
    a: ReportSession
    b: ReportSession
    differences: tuple[Difference, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Holds everything that could be paired, and what could not."""

    pairs: tuple[ComparedPair, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]

    def failures(self, thresholds: Thresholds) -> list[tuple[ComparedPair, Difference]]:
        """Return what is worse in B by more than its threshold."""
        return [
            (pair, each)
            for pair in self.pairs
            for each in pair.differences
            if thresholds.exceeded(each)
        ]

    def to_json(self, thresholds: Thresholds) -> dict[str, Any]:
        return {
            "pairs": [
                {
                    "name": pair.name,
                    "a": pair.a.title,
                    "b": pair.b.title,
                    "lines": [
                        each.to_json()
                        | {"verdict": verdict(each), "exceeded": thresholds.exceeded(each)}
                        for each in pair.differences
                    ],
                    "warnings": list(pair.warnings),
                }
                for pair in self.pairs
            ],
            "only_a": list(self.only_a),
            "only_b": list(self.only_b),
        }


def compare_sessions(
    a: Sequence[ReportSession], b: Sequence[ReportSession], paired: Sequence[str] = ()
) -> Comparison:
    """Pair by task and mode, and by system where both sides have several.

    ``paired`` names systems that are called differently on the two sides, each ``A=B``. What has
    no known task and mode is paired by its folder's name. SetupError where nothing pairs, where a
    pair names no system, or where one key stands for two sessions of a side.
    """
    names = _paired_systems(a, b, paired)
    by_system = bool(names) or all(len(_systems(side)) > 1 for side in (a, b))
    first, second = _keyed("A", a, by_system), _keyed("B", b, by_system)
    renamed = set(names.values())
    partners = {
        key: (*key[:2], *(names.get(one, "" if one in renamed else one) for one in key[2:]))
        for key in first
    }
    pairs = tuple(
        _pair(_pair_name(key, partner), first[key], second[partner])
        for key, partner in partners.items()
        if partner in second
    )
    if not pairs:
        held = [", ".join(map(_name, side)) or "nothing" for side in (first, second)]
        raise SetupError(
            f"nothing to compare: A holds {held[0]}, B {held[1]}; give two sessions of one task "
            "and mode, or two trees that share some, and --pair A=B for systems of two names"
        )
    taken = set(partners.values())
    return Comparison(
        pairs,
        tuple(_name(key) for key, partner in partners.items() if partner not in second),
        tuple(_name(key) for key in second if key not in taken),
    )


def _systems(side: Sequence[ReportSession]) -> list[str]:
    return sorted({one.system for one in side if one.system})


def _paired_systems(
    a: Sequence[ReportSession], b: Sequence[ReportSession], paired: Sequence[str]
) -> dict[str, str]:
    """Return A's names with B's; SetupError for what is no pair, or no system of its side."""
    sides = [_systems(side) for side in (a, b)]
    names: dict[str, str] = {}
    for text in paired:
        # A name may have an equals sign of its own.
        cuts = (tuple(text.split("=", 1)), tuple(text.rsplit("=", 1)))
        found = [cut for cut in cuts if len(cut) == 2 and cut[0] in sides[0] and cut[1] in sides[1]]
        if not found:
            raise SetupError(
                f"--pair {text!r}: expected A=B, a system of A ({', '.join(sides[0])}) and one of "
                f"B ({', '.join(sides[1])})"
            )
        left, right = found[0]
        if left in names or right in names.values():
            raise SetupError(f"--pair {text!r}: that system is paired already; give it once")
        names[left] = right
    return names


def verdict(difference: Difference) -> str:
    """Say `B faster by 3.1 % ± 0.2 %`."""
    measure = difference.measure
    if difference.significant is None:
        return "too little to tell"
    if not difference.significant:
        return "no significant difference"
    better = difference.worsening < 0
    word = _WORDS[measure.title][0 if better else 1]
    interval = difference.interval
    half = interval.half_width if interval is not None else 0.0
    size = abs(difference.absolute)
    if measure.title == "AUC":
        return f"B {word} by {size:.4f} ± {half:.4f}"
    if measure.is_share:
        text = f"B {word} by {100 * size:.1f} pp ± {100 * half:.1f} pp"
        return text if difference.p is None else f"{text} (p = {difference.p:.2g})"
    if difference.relative is None or difference.relative_half_width is None:
        return f"B {word}"
    share, around = 100 * abs(difference.relative), 100 * difference.relative_half_width
    return f"B {word} by {_percents(share, around)}"


_WORDS = {
    "throughput": ("faster", "slower"),
    "latency": ("faster", "slower"),
    "energy": ("uses less energy", "uses more energy"),
    "Top-1": ("better", "worse"),
    "AUC": ("better", "worse"),
    "words heard": ("hears more", "hears fewer"),
    "duty cycle": ("less busy", "busier"),
}


def _percents(share: float, around: float) -> str:
    """Write percentages with the digits that the uncertainty leaves."""
    finest = around or share
    decimals = next((d for d in (1, 2, 3) if finest >= 10.0**-d), 4)
    return f"{share:.{decimals}f} % ± {around:.{decimals}f} %"


def _keyed(
    side: str, sessions: Sequence[ReportSession], by_system: bool
) -> dict[Key, ReportSession]:
    found: dict[Key, ReportSession] = {}
    for session in sessions:
        known = session.mode is not None and session.benchmark != "?"
        mode = session.mode.value if session.mode is not None else ""
        key: Key = (session.benchmark, mode) if known else (session.title, "")
        if by_system and session.system:
            key += (session.system,)
        if key in found:
            raise SetupError(
                f"{side} holds two sessions of {_name(key)}: {found[key].title} and "
                f"{session.title}; give the one that is meant"
            )
        found[key] = session
    return found


def _name(key: Key) -> str:
    return " ".join(key[:2]).strip() + (f" ({key[2]})" if len(key) > 2 else "")


def _pair_name(a: Key, b: Key) -> str:
    return _name(a) if a == b else f"{_name(a[:2])} ({a[2]} = {b[2]})"


def _pair(name: str, a: ReportSession, b: ReportSession) -> ComparedPair:
    return ComparedPair(name, a, b, tuple(_differences(a, b)), tuple(_warnings(a, b)))


def _differences(a: ReportSession, b: ReportSession) -> Iterator[Difference]:
    first, second = a.assessment, b.assessment
    if first is not None and second is not None and first.streaming and second.streaming:
        return streaming_differences(first, second)
    return differences(a, b)


def _warnings(a: ReportSession, b: ReportSession) -> Iterator[str]:
    """Say what is different beside the figures, and may be why they are."""
    troubles = [_trouble(session) for session in (a, b)]
    if troubles[0] and troubles[0] == troubles[1]:
        yield f"both: {troubles[0]}"
    else:
        yield from (f"{side}: {text}" for side, text in zip("AB", troubles, strict=True) if text)
    for what, of in _COMPARED.items():
        first, second = of(a), of(b)
        if first and second and first != second:
            yield f"{what}: A has {first}, B has {second}"


def _trouble(session: ReportSession) -> str:
    if session.outcome is SessionStatus.UNSCORED:
        return "could not be scored: " + "; ".join(each.text for each in session.findings)
    if session.outcome is SessionStatus.DEVELOPMENT:
        return "run for development, and not valid for submission"
    if session.outcome is SessionStatus.INVALID:
        violations = [f for f in session.findings if f.severity is Severity.VIOLATION]
        return f"not valid for submission ({', '.join(dict.fromkeys(f.title for f in violations))})"
    return ""


def _iterations(session: ReportSession) -> str:
    if session.mode is None or session.mode.value == "accuracy":
        return ""
    return ", ".join(map(str, sorted({w.iterations for w in session_windows(session)})))


def _list_hash(session: ReportSession) -> str:
    if session.labels is not None:
        return session.labels.sha256[:16]
    return told_text(session.provenance.dataset.labels_sha256)[:16]


def _recording(session: ReportSession) -> str:
    stream = None if session.assessment is None else session.assessment.streaming
    return "" if stream is None else stream.wav_file


def _firmware(session: ReportSession) -> str:
    return "" if session.assessment is None else ", ".join(session.assessment.facts.names)


def _profile(session: ReportSession) -> str:
    return "" if session.assessment is None else ", ".join(session.assessment.facts.profiles)


def _monitor(session: ReportSession) -> str:
    monitor = session.provenance.monitor
    return told_texts(monitor.maker, monitor.model, monitor.serial)


def _device(session: ReportSession) -> str:
    if session.assessment is None:
        return ""
    return "a simulated device" if session.simulated else "a device that is not simulated"


_COMPARED = {
    "N (inferences a window)": _iterations,
    "label list": _list_hash,
    "recording": _recording,
    "firmware": _firmware,
    "firmware profile": _profile,
    "energy monitor": _monitor,
    "round": lambda session: session.round.name,
    "device": _device,
}


_NAMES: Mapping[str, tuple[Measure, ...]] = {
    "throughput": (Measure.THROUGHPUT,),
    "latency": (Measure.LATENCY,),
    "energy": (Measure.ENERGY,),
    "accuracy": (Measure.TOP1, Measure.AUC),
    "top1": (Measure.TOP1,),
    "auc": (Measure.AUC,),
    "words": (Measure.WORDS,),
    "false": (Measure.FALSE,),
    "duty": (Measure.DUTY_CYCLE,),
    "power": (Measure.POWER,),
}


_FORM = re.compile(r"(?:([a-z0-9]+)=)?(\d+(?:\.\d+)?|\.\d+)(%|pp)")


@dataclass(frozen=True, slots=True)
class Threshold:
    """Is a bound: a fraction of A's value, or of the whole scale (0.005 is 0.5 pp)."""

    bound: float
    relative: bool

    def __str__(self) -> str:
        return f"{100 * self.bound:g}{' %' if self.relative else ' pp'}"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Holds the bound of each measure that has one."""

    by_measure: Mapping[Measure, Threshold]
    named: tuple[str, ...] = ()
    """The names that were given, as they were."""

    def unjudged(self, pairs: Sequence[ComparedPair]) -> list[str]:
        """Say why a bound judged nothing: a gate that finds nothing must not look shut."""
        found = [each for pair in pairs for each in pair.differences]
        measured = {each.measure for each in found}
        reasons = [
            f"--threshold {name}: nothing of it was measured on both sides"
            for name in self.named
            if measured.isdisjoint(_NAMES[name])
        ]
        if self.by_measure and not found:
            reasons = ["--threshold: nothing was measured on both sides"]
        for pair in pairs:
            untold = [
                each.measure.title
                for each in pair.differences
                if each.measure in self.by_measure and each.significant is None
            ]
            if untold:
                reasons.append(
                    f"--threshold: {pair.name} has too few windows or files to tell of "
                    f"{', '.join(untold)}"
                )
        return reasons

    def exceeded(self, difference: Difference) -> bool:
        """Tell whether B is worse by more than the bound, and not by chance."""
        threshold = self.by_measure.get(difference.measure)
        if threshold is None or difference.significant is not True:
            return False
        worse = difference.worsening
        if threshold.relative:
            # Of nothing, any worsening is more than any share.
            return worse > threshold.bound * abs(difference.a)
        return worse > threshold.bound


def parse_thresholds(texts: Sequence[str]) -> Thresholds:
    """Parse the option's values, commas between parts; a name goes before the rest."""
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
                f"--threshold {part!r}: percentage points are for accuracy, words and duty; "
                "give per cent"
            )
        if match[1] is None:
            general = threshold
        else:
            named |= dict.fromkeys(measures, threshold)
            names.append(match[1])
    everywhere = {} if general is None else dict.fromkeys(Measure, general)
    return Thresholds(everywhere | named, tuple(names))
