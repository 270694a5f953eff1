"""Draws the generated pictures, in integers: surfaces, outlines, grain.

A picture is (row, column, channel), 0..255, with the values left unclipped until it is finished.
"""

from __future__ import annotations

import copy

import numpy as np
import numpy.typing as npt

from .portable_random import Draw, Integers, below, noise, stream

Mask = npt.NDArray[np.bool_]


class Canvas:
    """A canvas is a square picture in the making."""

    __slots__ = ("pixels", "size", "x", "y")

    def __init__(self, size: int, colour: Integers) -> None:
        """Begins with one colour throughout."""
        self.size = size
        self.pixels: Integers = np.tile(colour, (size, size, 1))
        steps = np.arange(size, dtype=np.int64)
        self.x: Integers = steps[None, :]
        self.y: Integers = steps[:, None]

    def ellipse(self, x: int, y: int, width: int, height: int) -> Mask:
        """Outlines an ellipse around (x, y), with half axes of half of ``width`` and ``height``."""
        across, down = 2 * (self.x - x) * height, 2 * (self.y - y) * width
        inside: Mask = across * across + down * down <= (width * height) ** 2
        return inside

    def rectangle(self, x: int, y: int, width: int, height: int) -> Mask:
        """Outlines a rectangle around (x, y)."""
        inside: Mask = (2 * abs(self.x - x) <= width) & (2 * abs(self.y - y) <= height)
        return inside

    def trapezium(self, x: int, y: int, top: int, bottom: int, height: int) -> Mask:
        """Outlines a trapezium around (x, y), ``top`` wide above and ``bottom`` below."""
        down = 2 * (self.y - y) + height
        width = 2 * height * top + (bottom - top) * down
        inside: Mask = (down >= 0) & (down <= 2 * height) & (
            4 * height * abs(self.x - x) <= width
        )  # fmt: skip
        return inside

    def turned(self, x: int, y: int, quarters: int) -> Canvas:
        """Returns the same pixels, to be drawn on as if turned by so many quarters about (x, y)."""
        stage = copy.copy(self)
        for _ in range(quarters):
            stage.x, stage.y = x + (stage.y - y), y - (stage.x - x)
        return stage

    def fill(self, mask: Mask, colour: Integers) -> None:
        """Paints over what is inside."""
        self.pixels[mask] = colour

    def add_field(self, key: int, cell: int, spread: int) -> None:
        """Adds soft blotches about ``cell`` pixels wide, up to ``spread`` either way."""
        self.pixels += soft_field(key, self.size, cell, spread)

    def add_grain(self, key: int, strength: int) -> None:
        """Adds noise to every channel of every pixel, with a standard deviation of 0.58 a step."""
        self.pixels += (noise(key, self.pixels.shape) * strength) >> 8

    def to_bytes(self) -> bytes:
        """Returns row after row, RGB interleaved."""
        return self.pixels.clip(0, 255).astype(np.uint8).tobytes()


def soft_field(key: int, size: int, cell: int, spread: int) -> Integers:
    """Returns a grid of random colours, one a ``cell``, with straight lines drawn between them."""
    places = np.arange(size, dtype=np.int64)
    index, part = places // cell, places % cell
    side = size // cell + 2
    grid = below(stream(key, side * side * 3), 2 * spread + 1).reshape(side, side, 3) - spread
    down = part[:, None, None]
    rows = grid[index] * (cell - down) + grid[index + 1] * down
    along = part[None, :, None]
    total = rows[:, index] * (cell - along) + rows[:, index + 1] * along
    field: Integers = total // (cell * cell)
    return field


def colour_of(draw: Draw, low: int = 15, high: int = 240) -> Integers:
    """Returns any colour, each channel on its own."""
    return np.array([draw.pick(low, high) for _ in range(3)], np.int64)
