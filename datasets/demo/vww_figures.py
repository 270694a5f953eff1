"""Makes the demo inputs of vww: is there an upright figure of a head on a body?

Behind it is a blotched wall with a striped or chequered patch and some shapes; all of them, and
the figure, have any place, size and colour, and something may stand in front. Some pictures without
a person show a figure put together wrongly, so that neither a round nor a long shape decides it,
and no colour does.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from ...models.suite import VWW
from .canvas import Canvas, colour_of
from .portable_random import Draw, Integers, key_of

_SIZE = VWW.input_shape[0]
_PERSON = VWW.class_names.index("person")

_TONES = ((70, 45, 32), (110, 72, 50), (150, 104, 78), (190, 142, 112), (222, 180, 150),
          (240, 205, 182))  # fmt: skip
"""The colours of faces; shapes in the background have them as well."""

_MOCKERY = 26
"""How many of a hundred pictures without a person show a figure put together wrongly; with
``_STRONGEST_GRAIN`` it sets how hard the set is."""

_STRONGEST_GRAIN = 20
"""A standard deviation of up to 12."""


class _Figure(IntEnum):
    """Says how the parts are put together; all but the first are no person."""

    UPRIGHT = 0
    UPSIDE_DOWN = 1
    LYING = 2
    HEADLESS = 3
    HEAD_ONLY = 4
    APART = 5


def make_input(key: int, label: int) -> bytes:
    """Returns the 96x96 RGB pixels of a picture with (1) or without (0) a person."""
    draw = Draw(key_of(key, 1))
    canvas = Canvas(_SIZE, colour_of(draw, 40, 215))
    canvas.add_field(key_of(key, 2), draw.pick(24, 40), draw.pick(10, 40))
    canvas.add_field(key_of(key, 3), draw.pick(5, 10), draw.pick(4, 18))
    if draw.chance(40):
        _pattern(canvas, draw)
    for _ in range(draw.pick(1, 3)):
        _shape(canvas, draw)
    if label == _PERSON:
        _figure(canvas, draw, _Figure.UPRIGHT)
    elif draw.chance(_MOCKERY):
        _figure(canvas, draw, _Figure(draw.pick(1, max(_Figure))))
    if draw.chance(25):
        _shape(canvas, draw)
    canvas.add_grain(key_of(key, 4), draw.pick(3, _STRONGEST_GRAIN))
    return canvas.to_bytes()


def _pattern(canvas: Canvas, draw: Draw) -> None:
    """Draws a window, a shelf, a floor: somewhere, stripes or a chequer."""
    period, thickness = draw.pick(6, 16), draw.pick(2, 5)
    lines = (canvas.x + draw.pick(0, 15)) % period < thickness
    across = (canvas.y + draw.pick(0, 15)) % period < thickness
    match draw.pick(0, 2):
        case 0:
            mask = lines | np.zeros_like(across)
        case 1:
            mask = across | np.zeros_like(lines)
        case _:
            mask = lines | across
    place = (draw.pick(0, _SIZE), draw.pick(0, _SIZE), draw.pick(30, 96), draw.pick(30, 96))
    canvas.fill(mask & canvas.rectangle(*place), colour_of(draw))


def _shape(canvas: Canvas, draw: Draw) -> None:
    """Draws a ball, a box or a lamp shade, at times of the colour of a face."""
    x, y = draw.pick(0, _SIZE), draw.pick(0, _SIZE)
    width, height = draw.pick(7, 30), draw.pick(7, 30)
    colour = _tone(draw) if draw.chance(20) else colour_of(draw)
    match draw.pick(0, 3):
        case 0:
            mask = canvas.ellipse(x, y, width, height)
        case 1:
            mask = canvas.rectangle(x, y, width, height)
        case 2:
            mask = canvas.trapezium(x, y, draw.pick(0, width), width, height)
        case _:
            mask = canvas.ellipse(x, y, width, width)
    canvas.fill(mask, colour)


def _figure(canvas: Canvas, draw: Draw, kind: _Figure) -> None:
    """Draws a figure upright, turned about its middle, which is somewhere in the picture."""
    height = draw.pick(52, 86)
    head = height * draw.pick(20, 28) // 100
    shoulders = height * draw.pick(26, 38) // 100
    hips = height * draw.pick(16, 34) // 100
    legs = height * draw.pick(24, 42) // 100
    torso = height - head - legs
    x = draw.pick(height // 5, _SIZE - height // 5)
    y = draw.pick(height // 2 - 4, _SIZE - height // 2 + 4)
    if kind is _Figure.LYING:
        x, y = y, x
    face, coat, trousers = _tone(draw), colour_of(draw), colour_of(draw)
    turn = {_Figure.UPSIDE_DOWN: 2, _Figure.LYING: draw.pick(0, 1) * 2 + 1}.get(kind, 0)
    stage = canvas.turned(x, y, turn)
    top = y - height // 2
    if kind is not _Figure.HEAD_ONLY:
        middle = top + head + torso // 2
        stage.fill(stage.trapezium(x, middle, shoulders, hips, torso + 1), coat)
        for side in (-1, 1):
            leg = x + side * hips // 4
            middle = top + head + torso + legs // 2
            stage.fill(stage.rectangle(leg, middle, max(hips * 2 // 5, 3), legs), trousers)
    if kind is not _Figure.HEADLESS:
        away = draw.pick(22, 40) * (1 - 2 * draw.pick(0, 1)) if kind is _Figure.APART else 0
        wide = head * draw.pick(70, 95) // 100
        stage.fill(stage.ellipse(x + away, top + head // 2, wide, head), face)


def _tone(draw: Draw) -> Integers:
    base = np.array(_TONES[draw.pick(0, len(_TONES) - 1)], np.int64)
    return base + draw.pick(-12, 12)
