"""Makes the demo inputs of kws: words of three sounds.

A word is three sounds in a row; a sound is a level for each of the ten coefficients. Words share
sounds, so that no single frame tells them apart. The speaker's start, pace, loudness, colour and
background noise vary. "Silence" has no sounds, "Unknown" three in an order that is no word's.
"""

from __future__ import annotations

import numpy as np

from ...models.suite import KWS
from .portable_random import Draw, Integers, below, key_of, noise, stream

_FRAMES, _COEFFICIENTS, _ = KWS.input_shape
_SILENCE, _UNKNOWN = KWS.class_names.index("Silence"), KWS.class_names.index("Unknown")

_SOUND_COUNT = 7
_WORDS = (
    (0, 1, 2), (3, 1, 2), (0, 4, 5), (3, 1, 6), (5, 4, 2),
    (5, 0, 2), (6, 4, 0), (6, 1, 3), (2, 4, 1), (2, 0, 6),
)  # fmt: skip
"""The sounds of the ten words, in the order of the classes; neighbours differ in one sound."""

_REST = (36, 84, 83, 82, 82, 82, 82, 82, 82, 82)
"""Level of each coefficient with nobody speaking, after the means of the real set."""

_SPREAD = (44, 16, 12, 10, 8, 8, 7, 7, 6, 6)
"""How far a sound can take each coefficient from rest; the first one, loudness, only upward."""

_LOUDEST_NOISE = 6
"""Sets how hard the set is: a standard deviation of 0.58 a step, up to 3.5 here."""


def make_input(key: int, label: int) -> bytes:
    """Returns the 490 int8 coefficients of one word of class ``label``."""
    pick = Draw(key_of(key, 1)).pick
    values = np.tile(np.array(_REST, np.int64) << 8, (_FRAMES, 1))  # 8 fractional bits
    if label != _SILENCE:
        sounds = _sounds()
        if label == _UNKNOWN:
            word = (pick(0, 6), pick(0, 6), pick(0, 6))
            while word in _WORDS or len(set(word)) < 2:
                word = (pick(0, 6), pick(0, 6), pick(0, 6))
        else:
            word = _WORDS[label]
        gain = pick(7, 20)
        middle = pick(8, 18)
        frames = np.arange(_FRAMES, dtype=np.int64)
        for sound in word:
            length = pick(7, 11)
            # A triangle, 16 at its middle and 0 one and a half lengths away: sounds overlap.
            weight = np.maximum(16 - (32 * np.abs(frames - middle)) // (3 * length), 0)
            # 1/16 (level) x 1/16 (weight) x 1/16 (gain) is 12 fractional bits; keep 8.
            values += (weight[:, None] * (sounds[sound] * gain)[None, :]) >> 4
            middle += length
    colour = noise(key_of(key, 2), (_COEFFICIENTS,)) * pick(1, 3)
    background = noise(key_of(key, 3), (_FRAMES, _COEFFICIENTS)) * pick(2, _LOUDEST_NOISE)
    levels: Integers = (values + colour[None, :] + background + 128) >> 8
    return levels.clip(-128, 127).astype(np.int8).tobytes()


def _sounds() -> Integers:
    """Returns each sound's levels above rest, in 1/16: (sound, coefficient), alike in every set."""
    spread = np.array(_SPREAD, np.int64)
    numbers = stream(key_of(0x50, 0x0D), _SOUND_COUNT * _COEFFICIENTS)
    levels = (below(numbers, 33) - 16).reshape(_SOUND_COUNT, _COEFFICIENTS) * spread
    levels[:, 0] = (levels[:, 0] + 48 * spread[0]) >> 2
    return levels
