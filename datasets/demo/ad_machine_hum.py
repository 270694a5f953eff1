"""Makes the demo inputs of ad: the hum of a machine, in 200 frames of 128 bands.

A value is 10*log10 of the energy. A machine has a sloping floor and the harmonics of its speed,
which differs from one file to the next and wavers within it, as do load and background noise. In an
anomaly some harmonics stand elsewhere, drift, are missing or flutter, or something knocks. All of
it is computed in 1/256 dB and ends as a float32 of that many dB: an integer times a power of two,
so exact.
"""

from __future__ import annotations

from enum import IntEnum
from typing import assert_never

import numpy as np

from ...models.suite import AD
from .portable_random import Draw, Integers, key_of, noise

_BINS = AD.stride_bytes // 4 if AD.stride_bytes else 0
_FRAMES = AD.file_bytes // (4 * _BINS)
_ANOMALY = AD.class_names.index("anomaly")

_DB = 256
"""One decibel, in the unit of the calculation."""

_HARMONICS = (
    (9, 26), (18, 20), (27, 23), (36, 14), (45, 17), (54, 11), (66, 13), (78, 9), (92, 10),
    (108, 8),
)  # fmt: skip
"""Band of each at the middle speed, and how far it stands above the floor in dB."""

_FLANK = 5 * _DB
"""How steeply a harmonic falls off on either side, a band."""

_ROUGHNESS = (37, 50)
"""Background noise, the least and the most: 10 is a standard deviation of 0.58 dB."""

_WEAKEST, _STRONGEST = 26, 100
"""Sets how hard the set is: how pronounced an anomaly is, in percent."""


class _Fault(IntEnum):
    SHIFTED = 0
    DRIFTING = 1
    MISSING = 2
    FLUTTERING = 3
    KNOCKING = 4


def make_input(key: int, label: int) -> bytes:
    """Returns a whole file, 200 x 128 float32 little-endian, for a normal (0) or broken machine."""
    draw = Draw(key_of(key, 7))  # the keys before it gave a dozen files too easy
    # The speed moves the harmonics by up to 3 % of their place, which is in 1/16 of a band.
    speed = draw.pick(-24, 24) * 16 + _wavering(key_of(key, 2), 80)
    load = draw.pick(-3, 3) * _DB + _wavering(key_of(key, 3), 2 * _DB)
    places = [16 * band + band * speed // 1000 for band, _ in _HARMONICS]
    heights = [above * _DB + draw.pick(-_DB, _DB) + load for _, above in _HARMONICS]
    values = _floor(draw)[None, :] + load[:, None] // 2
    if label == _ANOMALY:
        values = values + _break(draw, places, heights)[:, None]
    bands = 16 * np.arange(_BINS, dtype=np.int64)
    for place, height in zip(places, heights, strict=True):
        away = abs(bands[None, :] - place[:, None])
        values = values + np.maximum(height[:, None] - away * _FLANK // 16, 0)
    rough = draw.pick(*_ROUGHNESS)
    values = values + noise(key_of(key, 4), values.shape) * rough // 10
    whole = values.clip(-80 * _DB, 20 * _DB).astype(np.float32)  # exact: below 2^24
    data: bytes = (whole * np.float32(1 / _DB)).astype("<f4").tobytes()
    return data


def _floor(draw: Draw) -> Integers:
    """Returns the level between the harmonics, falling towards the high bands."""
    bands = np.arange(_BINS, dtype=np.int64)
    steep = 72 + draw.pick(-4, 4)
    floor: Integers = draw.pick(-30, -24) * _DB - bands * steep + bands * bands // 6
    return floor


def _wavering(key: int, spread: int) -> Integers:
    """Returns a slow random walk through the frames, within about ``spread`` either way."""
    knots = noise(key, (_FRAMES // 40 + 2,)) * spread // 300
    frames = np.arange(_FRAMES, dtype=np.int64)
    index, part = frames // 40, frames % 40
    walk: Integers = (knots[index] * (40 - part) + knots[index + 1] * part) // 40
    return walk


def _break(draw: Draw, places: list[Integers], heights: list[Integers]) -> Integers:
    """Changes the harmonics as the fault does; returns what it adds to every band, by frame."""
    fault = _Fault(draw.pick(0, max(_Fault)))
    strength = draw.pick(_WEAKEST, _STRONGEST)
    frames = np.arange(_FRAMES, dtype=np.int64)
    knocks = np.zeros(_FRAMES, np.int64)
    first = draw.pick(0, 3)
    for index in (first, first + draw.pick(1, 3)):
        way = 1 - 2 * draw.pick(0, 1)
        match fault:
            case _Fault.SHIFTED:  # by up to 3 bands
                places[index] = places[index] + way * strength * 48 // 100
            case _Fault.DRIFTING:  # by up to 5 bands until the end
                places[index] = places[index] + way * frames * strength * 80 // (100 * _FRAMES)
            case _Fault.MISSING:
                heights[index] = heights[index] * (110 - strength) // 110
            case _Fault.FLUTTERING:  # by up to 16 dB
                period = draw.pick(6, 14)
                wave = abs(frames % period * 4 - 2 * period) - period
                heights[index] = heights[index] + wave * strength * 16 * _DB // (100 * period)
            case _Fault.KNOCKING:  # up to 14 dB, in two frames of every so many
                hit = (frames + draw.pick(0, 19)) % draw.pick(14, 26) < 2
                knocks += hit * (strength * 14 * _DB // 100)
            case _:
                assert_never(fault)
    return knocks
