"""Names what is followed over time, and tells which sessions make one series.

A figure has a direction, a unit, and a least change that counts. Sessions are one series where they
measured one task in one mode on one board, simulated or real, with one model and compiler;
accuracy also of the same inputs, energy with the same monitor and supply.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import Enum

from ...errors import SetupError
from ...score.minus_sign import signed
from ...terms import Mode
from ..rows import SessionRow


class Figure(Enum):
    """Names a figure that is followed, by its column, with its unit and its direction."""

    LATENCY = ("latency_s", "ms", 1e3, 1, True, 0.005)
    ENERGY = ("energy_per_inference_j", "µJ/inf.", 1e6, 1, True, 0.005)
    ACCURACY = ("accuracy", "", 1.0, -1, False, 0.005)

    def __init__(
        self,
        column: str,
        unit: str,
        factor: float,
        worse: int,
        is_relative: bool,
        counts: float,
    ) -> None:
        self.column = column
        self.unit = unit
        """The unit that people read; empty for a share of 0 to 1."""
        self.factor = factor
        """From SI to that unit."""
        self.worse = worse
        """1 where more is worse, -1 where less is."""
        self.is_relative = is_relative
        """Whether changes are told as shares of the value, else as differences."""
        self.counts = counts
        """The least change that counts, unless told otherwise."""

    @property
    def title(self) -> str:
        return self.name.lower()

    @property
    def heading(self) -> str:
        """Return the title with the unit that people read."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def value_of(self, row: SessionRow) -> float | None:
        value = getattr(row, self.column)
        return None if value is None else float(value)

    def least_change(self, level: float, counts: Mapping[Figure, float]) -> float:
        """Return the least change that counts at a level, in the figure's own unit."""
        share = counts.get(self, self.counts)
        return share * (abs(level) or 1.0) if self.is_relative else share

    def shown(self, value: float) -> str:
        """Write a value with its unit."""
        scaled = value * self.factor
        text = f"{scaled:.0f}" if abs(scaled) >= 1e5 else f"{scaled:.5g}"  # no 3.1934e+06
        return f"{text} {self.unit}".rstrip()

    def shown_change(self, change: float, level: float) -> str:
        """Write a change from a level with its sign: in per cent, a share's in points."""
        if not self.is_relative:
            return f"{signed(100 * change, '.2f')} pp"
        return f"{signed(100 * change / level, '.2f')} %" if level else signed(change, ".3g")


FIGURES_OF = {
    Mode.PERFORMANCE.value: (Figure.LATENCY, Figure.ACCURACY),
    Mode.ACCURACY.value: (Figure.ACCURACY,),
    Mode.ENERGY.value: (Figure.ENERGY,),
}
"""What a session of a mode is followed by: a streaming task's performance has an accuracy, too."""

_FORM = re.compile(r"(latency|energy|accuracy)=([0-9]+(?:\.[0-9]+)?)(%|pp)")


def parse_counts(texts: Sequence[str]) -> dict[Figure, float]:
    """Read the least changes that count: ``latency=1%,energy=2%,accuracy=0.5pp``."""
    found = {}
    for part in (part.strip() for text in texts for part in text.split(",")):
        match = _FORM.fullmatch(part.replace(" ", ""))
        figure = None if match is None else Figure[match[1].upper()]
        if match is None or figure is None or figure.is_relative != (match[3] == "%"):
            raise SetupError(
                f"--min-change {part!r}: expected latency=1%, energy=1% or accuracy=0.5pp"
            )
        if not float(match[2]) > 0:
            raise SetupError(f"--min-change {part!r}: the least change that counts is above 0")
        found[figure] = float(match[2]) / 100
    return found


Labels = Mapping[str, str]

_LABEL = re.compile(r"[a-z][a-z0-9_.-]{0,49}")
_LONGEST_VALUE = 200


def parse_labels(texts: Sequence[str] | None, option: str = "--tag") -> dict[str, str]:
    """Read labels, each ``name=value``; SetupError where one is none or is given twice."""
    found: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        name, value = name.strip().lower(), value.strip()
        if not equals or _LABEL.fullmatch(name) is None or not value:
            raise SetupError(f"{option} {text!r}: expected a name and a value, such as commit=3f2a")
        if not value.isprintable() or len(value) > _LONGEST_VALUE:
            raise SetupError(
                f"{option} {name}: a label's value is at most {_LONGEST_VALUE} printable characters"
            )
        if found.setdefault(name, value) != value:
            raise SetupError(f"{option} {name} is given twice: {found[name]} and {value}")
    return found


@dataclass(frozen=True, slots=True)
class Series:
    """Is what the sessions of one series have in common; empty where nobody knows."""

    task: str
    mode: str
    board: str
    simulated: bool
    model: str = ""
    compiler: str = ""
    inputs: str = ""
    monitor: str = ""
    supply_v: float | None = None

    @property
    def key(self) -> str:
        """Return the series as one text, which a database holds once."""
        return json.dumps(list(asdict(self).values()), ensure_ascii=False)

    @classmethod
    def of_key(cls, key: str) -> Series:
        return cls(*json.loads(key))

    @property
    def name(self) -> str:
        """Name it for people: board, task, mode, and that it is simulated."""
        return f"{self.board} {self.task} {self.mode}{' (SIMULATED)' if self.simulated else ''}"

    @property
    def details(self) -> str:
        """Return what else tells it from its like, for people."""
        told = [self.model, self.compiler, self.inputs[:12], self.monitor]
        told += [] if self.supply_v is None else [f"{self.supply_v:g} V"]
        return ", ".join(filter(None, told))


def series_of(row: SessionRow, labels: Labels) -> Series:
    """Return the series of a session; the label ``board`` goes before what the session says."""
    is_accuracy, is_energy = (row.mode == mode.value for mode in (Mode.ACCURACY, Mode.ENERGY))
    return Series(
        task=row.task,
        mode=row.mode or "?",
        board=labels.get("board") or row.board or row.device or row.system or "?",
        simulated=bool(row.simulated),
        model=row.model_id or "",
        compiler=labels.get("compiler", ""),
        inputs=(row.inputs_sha256 or "") if is_accuracy else "",
        monitor=(row.monitor or "") if is_energy else "",
        supply_v=row.supply_v if is_energy else None,
    )
