"""Draws a trend as text: a dot a session, a line where the level changed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from .trend import Trend

_HEIGHT = 7
_LEAST_SPAN = 0.002
"""The height of the picture at the least, as a share of the value: less is noise drawn large."""
_AXIS = 12
"""Characters at the left of the picture."""
_MARKS = "abcdefghijklmnopqrstuvwxyz"


def chart(trend: Trend, width: int) -> list[str]:
    """Return the lines of a picture that is at most ``width`` wide, without a last line break.

    Where there are more sessions than columns, a column's dot is the median of its sessions.
    """
    values = [value * trend.figure.factor for value in trend.values]
    columns = max(1, min(len(values), width - _AXIS - 1))
    column_of = [at * columns // len(values) for at in range(len(values))]
    shown = _medians(values, column_of, columns)
    low, high = min(shown), max(shown)
    spare = max(0.0, _LEAST_SPAN * abs(high) - (high - low)) / 2
    low, high = low - spare, high + spare
    marks = {
        column_of[change.at]: mark
        for change, mark in zip(trend.changes, marks_of(trend), strict=True)
    }
    grid = [["│" if at in marks else " " for at in range(columns)] for _ in range(_HEIGHT)]
    for at, value in enumerate(shown):
        share = (value - low) / (high - low) if high > low else 0.5
        grid[round((1 - share) * (_HEIGHT - 1))][at] = "•"
    scale = {0: high, _HEIGHT // 2: (low + high) / 2, _HEIGHT - 1: low}
    lines = [
        f"{_number(scale[row]) if row in scale else '':>{_AXIS - 2}} ┤{''.join(cells).rstrip()}"
        for row, cells in enumerate(grid)
    ]
    if marks:
        below = "".join(marks.get(at, " ") for at in range(columns))
        lines.append(" " * _AXIS + below.rstrip())
    return lines


def marks_of(trend: Trend) -> list[str]:
    """Return a letter for each change, which stands below the picture."""
    return [_MARKS[at % len(_MARKS)] for at in range(len(trend.changes))]


def _medians(values: Sequence[float], column_of: Sequence[int], columns: int) -> list[float]:
    of_column: list[list[float]] = [[] for _ in range(columns)]
    for value, column in zip(values, column_of, strict=True):
        of_column[column].append(value)
    return [median(each) for each in of_column]


def _number(value: float) -> str:
    return f"{value:.5g}"
