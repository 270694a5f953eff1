"""Draws a session's windows as plain SVG: how far each is from their median.

Colours come from the page's style sheet, so that the picture is right in the dark, on paper, and
without scripts. The numbers for people are written here, too: one place for digits and units, a
dash where there is nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, isfinite, log10
from statistics import median

from ...score.minus_sign import MINUS, signed

LEAST_SPAN = 1e-4
"""Half the axis at the least, as a fraction: differences below 0.01 % are drawn small."""

_WIDTH, _HEIGHT = 420.0, 150.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 74.0, 12.0, 14.0, 30.0


@dataclass(frozen=True, slots=True)
class Dot:
    """Is a window's point, in the picture's coordinates."""

    x: float
    y: float
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Dots:
    """Holds what the template draws."""

    title: str
    described: str
    width: float
    height: float
    left: float
    right: float
    bottom: float
    middle: float
    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]


def dots_of(title: str, unit: str, values: Sequence[tuple[int, float]]) -> Dots | None:
    """Place (window number, value) of each valid window; None for fewer than two of them."""
    if len(values) < 2:
        return None
    centre = median(value for _, value in values)
    if not centre:
        return None
    deviations = [(value - centre) / centre for _, value in values]
    span = nice_above(max(LEAST_SPAN, *map(abs, deviations)))
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    middle = _TOP + inner_height / 2
    dots = tuple(
        Dot(
            x=round(_LEFT + inner_width * (place + 0.5) / len(values), 1),
            y=round(middle - inner_height / 2 * deviation / span, 1),
            number=number,
            text=f"window {number}: {fixed(value)} {unit} ({signed(deviation, '.4%')})",
        )
        for place, ((number, value), deviation) in enumerate(zip(values, deviations, strict=True))
    )
    ticks = (
        Tick(_TOP, f"+{100 * span:g} %"),
        Tick(middle, "median"),
        Tick(_HEIGHT - _BOTTOM, f"{MINUS}{100 * span:g} %"),
    )
    low, high = min(deviations), max(deviations)
    described = (
        f"{title}: {len(values)} windows around the median of {fixed(centre)} {unit}, "
        f"from {signed(low, '.4%')} to {signed(high, '.4%')}"
    )
    return Dots(
        title=title,
        described=described,
        width=_WIDTH,
        height=_HEIGHT,
        left=_LEFT,
        right=_WIDTH - _RIGHT,
        bottom=_HEIGHT - 10,
        middle=middle,
        dots=dots,
        ticks=ticks,
    )


NONE = "–"


def fixed(value: float | None, decimals: int = 3, factor: float = 1.0) -> str:
    """Write a number with the field's decimals; more for what would come out as nothing."""
    if value is None or not isfinite(value * factor):
        return NONE
    scaled = value * factor
    if scaled and abs(scaled) < 10.0 ** (1 - decimals):
        text = f"{scaled:.3g}"
    else:
        text = f"{scaled:z.{decimals}f}"  # z: no minus before a zero
    return MINUS + text[1:] if text.startswith("-") else text


def percent(value: float | None, decimals: int = 1) -> str:
    """Write a fraction as a percentage, with the sign."""
    text = fixed(value, decimals, 100.0)
    return text if text == NONE else text + " %"


def points(value: float) -> str:
    """Write a difference of fractions in percentage points, signed."""
    return signed(100 * value, ".1f") + " pp"


def spread(value: float | None) -> str:
    """Write a coefficient of variation; below what a clock can resolve, as a bound."""
    if value is not None and 0 <= value < 1e-5:
        return "< 0.001 %"
    return percent(value, 3 if value is not None and value < 1e-3 else 2)


def nice_above(value: float) -> float:
    """Return the next of 1, 2, 5, 10, … at or above a positive value, for an axis."""
    if not (isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next((step * power for step in (1.0, 2.0, 5.0) if step * power >= value), 10.0 * power)
