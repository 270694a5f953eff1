"""Makes the demo inputs of ic: one thing on a blotched ground, told by outline, surface and tint.

A class is three of these in combination (see ``_CLASSES``); none of them alone decides it. The
classes bear the names of the task's; a demo "airplane" is a plain warm disc.
"""

from __future__ import annotations

import numpy as np

from ...models.suite import IC
from .canvas import Canvas, Mask, colour_of
from .portable_random import Draw, Integers, key_of

_SIZE = IC.input_shape[0]

_CLASSES = (
    ("disc", "plain", "warm"), ("disc", "striped", "cold"), ("disc", "barred", "warm"),
    ("box", "plain", "cold"), ("box", "striped", "warm"), ("box", "barred", "cold"),
    ("wedge", "plain", "warm"), ("wedge", "striped", "warm"),
    ("cross", "plain", "cold"), ("cross", "barred", "warm"),
)  # fmt: skip
"""Outline, surface and tint of each class; stripes lie, bars stand."""

_STRONGEST_GRAIN = 60
"""Sets how hard the set is, with the contrasts: a standard deviation of up to 35."""


def make_input(key: int, label: int) -> bytes:
    """Returns the 32x32 RGB pixels of a thing of class ``label``."""
    outline, surface, tint = _CLASSES[label]
    draw = Draw(key_of(key, 1))
    canvas = Canvas(_SIZE, colour_of(draw, 60, 195))
    canvas.add_field(key_of(key, 2), draw.pick(8, 16), draw.pick(10, 60))
    canvas.add_field(key_of(key, 3), draw.pick(3, 5), draw.pick(4, 24))
    _speck(canvas, draw)
    mask = _outline(canvas, draw, outline)
    light, dark = _shades(draw, tint)
    canvas.fill(mask, light)
    canvas.fill(mask & _lines(canvas, draw, surface), dark)
    _speck(canvas, draw)
    canvas.add_grain(key_of(key, 4), draw.pick(6, _STRONGEST_GRAIN))
    return canvas.to_bytes()


def _outline(canvas: Canvas, draw: Draw, outline: str) -> Mask:
    x, y = draw.pick(11, 20), draw.pick(11, 20)
    width, height = draw.pick(14, 24), draw.pick(14, 24)
    match outline:
        case "disc":
            return canvas.ellipse(x, y, width, height)
        case "box":
            return canvas.rectangle(x, y, width, height)
        case "wedge":
            return canvas.trapezium(x, y, 0, width, height)
        case _:
            arm = draw.pick(5, 8)
            return canvas.rectangle(x, y, width, arm) | canvas.rectangle(x, y, arm, height)


def _lines(canvas: Canvas, draw: Draw, surface: str) -> Mask:
    """Returns where the darker shade goes."""
    period = draw.pick(4, 7)
    along = canvas.y if surface == "striped" else canvas.x
    lines = (along + draw.pick(0, 6)) % period < period // 2
    if surface == "plain":
        lines = np.zeros_like(lines)
    return np.broadcast_to(lines, (_SIZE, _SIZE))


def _shades(draw: Draw, tint: str) -> tuple[Integers, Integers]:
    """Returns two colours of the tint: red and blue differ by as little as 24 steps."""
    high = draw.pick(110, 230)
    low = high - draw.pick(24, 100)
    green = draw.pick(low, high)
    red, blue = (high, low) if tint == "warm" else (low, high)
    light: Integers = np.array((red, green, blue), np.int64)
    return light, light - draw.pick(34, 100)


def _speck(canvas: Canvas, draw: Draw) -> None:
    """Draws a small thing beside or before the large one."""
    x, y = draw.pick(0, _SIZE - 1), draw.pick(0, _SIZE - 1)
    canvas.fill(canvas.ellipse(x, y, draw.pick(2, 8), draw.pick(2, 8)), colour_of(draw))
