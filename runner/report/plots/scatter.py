"""Draws systems against each other as plain SVG: throughput against energy, on logarithmic axes.

As `dots` does, with colours from the style sheet, so that it needs no script. Each point says whose
it is when one points at it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from ....models.suite import ALL_TASKS
from .dots import fixed

_WIDTH, _HEIGHT = 420.0, 290.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 68.0, 24.0, 14.0, 44.0
_LEAST_DECADES = 0.7
"""The shortest axis: a factor of five."""
_ROOM = 0.08
"""Beside the outermost points, as a share of the axis."""
_MOST_TICKS = 7
_LEAST, _MOST = 1e-6, 1e12
"""Figures beyond are nobody's."""


@dataclass(frozen=True, slots=True)
class SystemPoint:
    """Is one system with one task."""

    task: str
    name: str
    """Whose it is, in words."""
    throughput: float | None
    """In inferences a second; None where it is not known."""
    energy_uj: float | None
    """Of an inference; None where it is not known."""
    yours: bool = False
    simulated: bool = False

    @property
    def text(self) -> str:
        told = []
        if self.throughput is not None:
            told.append(f"{fixed(self.throughput)} inf./s")
        if self.energy_uj is not None:
            told.append(f"{fixed(self.energy_uj)} µJ/inf.")
        return f"{self.name}: {', '.join(told)}{' (SIMULATED)' if self.simulated else ''}"


@dataclass(frozen=True, slots=True)
class PlacedPoint:
    x: float | None
    """None, as y is, where the point is a line: the figure is not known."""
    y: float | None
    point: SystemPoint


@dataclass(frozen=True, slots=True)
class AxisTick:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Scatter:
    """Holds what the template draws."""

    title: str
    described: str
    points: tuple[PlacedPoint, ...]
    """Yours last, so that nothing lies on them."""
    across: tuple[AxisTick, ...]
    up: tuple[AxisTick, ...]
    width: float = _WIDTH
    height: float = _HEIGHT
    left: float = _LEFT
    right: float = _WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = _HEIGHT - _BOTTOM

    @property
    def yours(self) -> tuple[SystemPoint, ...]:
        return tuple(each.point for each in self.points if each.point.yours)


def scatters_of(points: Sequence[SystemPoint]) -> list[Scatter]:
    """Draw a picture for each task, in the suite's order."""
    told = {point.task for point in points}
    tasks = [*(task for task in ALL_TASKS if task in told), *sorted(told.difference(ALL_TASKS))]
    drawn = (_scatter(task, [point for point in points if point.task == task]) for task in tasks)
    return [each for each in drawn if each is not None]


def _scatter(task: str, points: Sequence[SystemPoint]) -> Scatter | None:
    shown = [each for each in points if _is_drawn(each.throughput) and _is_drawn(each.energy_uj)]
    throughputs = [each.throughput for each in shown if each.throughput is not None]
    energies = [each.energy_uj for each in shown if each.energy_uj is not None]
    if not throughputs or not energies:
        return None
    shown.sort(key=lambda each: each.yours)
    x, across = _axis(throughputs, _LEFT, _WIDTH - _RIGHT)
    y, up = _axis(energies, _HEIGHT - _BOTTOM, _TOP)
    described = (
        f"{task}: throughput against energy of {len(shown)} system{'s' if len(shown) > 1 else ''}, "
        f"from {fixed(min(throughputs))} to {fixed(max(throughputs))} inf./s and from "
        f"{fixed(min(energies))} to {fixed(max(energies))} µJ/inf."
    )
    yours = [each.text for each in shown if each.yours]
    if yours:
        described += f"; yours: {', '.join(yours[:5])}"
    placed = (PlacedPoint(x(each.throughput), y(each.energy_uj), each) for each in shown)
    return Scatter(task, described, tuple(placed), across, up)


def _is_drawn(figure: float | None) -> bool:
    return figure is None or _LEAST < figure < _MOST


def _axis(
    values: Sequence[float], first: float, last: float
) -> tuple[Callable[[float | None], float | None], tuple[AxisTick, ...]]:
    """Return where a value lies between two places, and the ticks."""
    low, high = log10(min(values)), log10(max(values))
    short = max(_LEAST_DECADES - (high - low), 0.0) / 2
    room = _ROOM * max(high - low, _LEAST_DECADES) + short
    low, high = low - room, high + room

    def at(value: float) -> float:
        return round(first + (log10(value) - low) / (high - low) * (last - first), 1)

    def place(value: float | None) -> float | None:
        return None if value is None else at(value)

    decades = range(floor(low), ceil(high) + 1)
    for steps in ((1, 2, 5), (1,)):
        told = [step * 10.0**decade for decade in decades for step in steps]
        inside = [value for value in told if low <= log10(value) <= high]
        if len(inside) <= _MOST_TICKS:
            break
    return place, tuple(AxisTick(at(value), f"{value:g}") for value in inside)
