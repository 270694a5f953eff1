"""Numbers for people: one place for digits and units, a dash where there is nothing."""

from __future__ import annotations

from math import floor, isfinite, log10

NONE = "–"


def fixed(value: float | None, decimals: int = 3, factor: float = 1.0) -> str:
    """With as many decimals as the field prints; more for what would come out as nothing."""
    if value is None or not isfinite(value * factor):
        return NONE
    scaled = value * factor
    if scaled and abs(scaled) < 10.0 ** (1 - decimals):
        return f"{scaled:.3g}"
    return f"{scaled:.{decimals}f}"


def percent(value: float | None, decimals: int = 1) -> str:
    """A fraction as a percentage, with the sign."""
    text = fixed(value, decimals, 100.0)
    return text if text == NONE else text + " %"


def points(value: float, decimals: int = 1) -> str:
    """A difference of fractions in percentage points, signed."""
    return f"{100 * value:+.{decimals}f} pp".replace("-", "−")


def spread(value: float | None) -> str:
    """A coefficient of variation; what no window's clock can resolve is told as a bound."""
    if value is not None and 0 <= value < 1e-5:
        return "< 0.001 %"
    return percent(value, 3 if value is not None and value < 1e-3 else 2)


def nice_above(value: float) -> float:
    """The next of 1, 2, 5, 10, … at or above a positive value, for an axis."""
    if not (isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next((step * power for step in (1.0, 2.0, 5.0) if step * power >= value), 10.0 * power)
