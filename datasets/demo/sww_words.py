"""Makes the demo recording of sww: bursts like words in noise, by integer arithmetic alone.

A word is three sounds in a row, and the wake word is one of such rows; others share sounds with it,
so that no part of it tells it. A sound is three tones at the resonances of a mouth, struck at the
speaker's pitch, or a hiss. Speaker, pace, loudness and background vary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..streaming.sound import SAMPLE_RATE_HZ, Samples
from .portable_random import Draw, Integers, key_of, noise

_WAKE_WORD = (0, 1, 2)
_SOUNDS = (
    (280, 1050, 2250),
    (720, 1180, 2550),
    (400, 1950, 2850),
    (340, 720, 2400),
    (560, 1650, 2500),
    (0, 0, 0),
    (620, 950, 2300),
)
"""The resonances of each in Hz; of a hiss there are none."""
_WEIGHTS = (10, 6, 4)
_GROUP_S, _PLACES = 7.5, (0.4, 2.9, 5.4)
"""In each 7.5 s stand three words, the wake word first or second: 5 s and more from the next."""
_HALF = 1 << 15


@dataclass(frozen=True, slots=True)
class SpokenWord:
    """A spoken word is where in a recording one stands, in samples; ``is_wake`` which it is."""

    begin: int
    end: int
    is_wake: bool


def make_recording(key: int, groups: int = 8) -> tuple[Samples, tuple[SpokenWord, ...]]:
    """Returns the sound of so many groups of 7.5 s, and every word in it."""
    group = int(_GROUP_S * SAMPLE_RATE_HZ)
    sound = _background(key, group * groups)
    spoken = []
    for number in range(groups):
        draw = Draw(key_of(key, 1, number))
        wake_place = draw.pick(0, 1)
        for place, begin_s in enumerate(_PLACES):
            begin = number * group + int(begin_s * SAMPLE_RATE_HZ) + draw.pick(0, 12_000)
            is_wake = place == wake_place
            word = _word(key_of(key, 2, number, place), _WAKE_WORD if is_wake else _other(draw))
            sound[begin : begin + len(word)] += word
            spoken.append(SpokenWord(begin, begin + len(word), is_wake))
    return sound.clip(-_HALF, _HALF - 1).astype(np.int16), tuple(spoken)


def _other(draw: Draw) -> tuple[int, int, int]:
    """Returns the sounds of another word; half of them differ from the wake word in one."""
    last = len(_SOUNDS) - 1
    while True:
        sounds = [draw.pick(0, last) for _ in _WAKE_WORD]
        if draw.chance(50):
            changed = draw.pick(0, 2)
            sounds = [sounds[at] if at == changed else wake for at, wake in enumerate(_WAKE_WORD)]
        if tuple(sounds) != _WAKE_WORD and len(set(sounds)) > 1:
            return sounds[0], sounds[1], sounds[2]


def _word(key: int, sounds: tuple[int, int, int]) -> Integers:
    """Returns a word as one speaker says it."""
    draw = Draw(key)
    size, pitch_hz = draw.pick(88, 113), draw.pick(90, 210)  # percent of the usual mouth
    gain = draw.pick(1, 9)
    lengths = [draw.pick(2_600, 3_900) for _ in sounds]
    overlap = 700
    word = np.zeros(sum(lengths) - overlap * (len(sounds) - 1), np.int64)
    begin = 0
    for at, (sound, length) in enumerate(zip(sounds, lengths, strict=True)):
        tones = [tone * size // 100 for tone in _SOUNDS[sound]]
        steps = np.arange(length, dtype=np.int64)
        made = _hiss(key_of(key, at), length) if not any(tones) else _voiced(tones, pitch_hz, steps)
        rising = np.minimum(steps, length - 1 - steps).clip(0, 900)  # of 900: 56 ms
        word[begin : begin + length] += made * rising // 900
        begin += length - overlap
    return word * gain // 10


def _voiced(tones: list[int], pitch_hz: int, steps: Integers) -> Integers:
    period = SAMPLE_RATE_HZ // pitch_hz
    decay = period - (steps % period) * 3 // 4  # each strike of the voice dies away
    total = np.zeros(len(steps), np.int64)
    for tone, weight in zip(tones, _WEIGHTS, strict=True):
        total += weight * _sine(steps * (tone * 65_536 // SAMPLE_RATE_HZ))
    return total // 64 * decay // period


def _sine(phase: Integers) -> Integers:
    """Returns the sine of a phase of which 65536 is a turn, as parabolas: -32768 to 32768."""
    turn = (phase + _HALF) % (2 * _HALF) - _HALF
    sine: Integers = (turn * (_HALF - abs(turn))) >> 13
    return sine


def _hiss(key: int, length: int) -> Integers:
    grain = noise(key, (length + 1,))
    hiss: Integers = (grain[1:] - grain[:-1]) * 9
    return hiss


def _background(key: int, length: int) -> Integers:
    """Returns noise, more of it below than above, that swells and ebbs by the second."""
    grain = noise(key_of(key, 3), (length + 15,))
    total = np.concatenate((np.zeros(1, np.int64), np.cumsum(grain)))
    low = (total[16:] - total[:-16]) // 4
    knots = noise(key_of(key, 4), (length // SAMPLE_RATE_HZ + 2,)).clip(-300, 300) + 420
    steps = np.arange(length, dtype=np.int64)
    index, part = steps // SAMPLE_RATE_HZ, steps % SAMPLE_RATE_HZ
    swell = (knots[index] * (SAMPLE_RATE_HZ - part) + knots[index + 1] * part) // SAMPLE_RATE_HZ
    background: Integers = (grain[:length] + 2 * low[:length]) * swell // 160
    return background
