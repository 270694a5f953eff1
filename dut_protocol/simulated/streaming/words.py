"""What a device hears in a sound: a detector's answer, frame by frame; here by a list of words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from .card import Sound

WORD, SILENCE = 127, -128
"""Answers of the wake word's class, as int8, of which no doubt is possible."""


class Detector(Protocol):
    """Answers for the device's model."""

    def start(self) -> None:
        """Begin anew, as the device does at `start`."""

    def hear(self, sound: Sound, index: int) -> int:
        """Return the int8 of the wake word's class at a frame; frames come in order."""


@dataclass(frozen=True, slots=True)
class WordHabits:
    """Says how a device that knows the words beforehand hears them."""

    latency_s: float = 0.4
    """From a word's begin to the end of the first frame that answers; about as in ST's sessions."""
    pulses: int = 20
    """How many frames in a row answer a word; ST's boards 19 or 20, Syntiant's 1."""
    missed: frozenset[int] = frozenset()
    """The numbers of words that it does not hear, from 1."""
    false_s: tuple[float, ...] = ()
    """When it hears a word that is none, in the recording's seconds."""


class ListedWords:
    """Is a detector without a model: it answers at the words of a truth list."""

    def __init__(
        self, words_s: Mapping[str, Sequence[tuple[float, float]]], habits: WordHabits
    ) -> None:
        """Take (begin, end) of each word, in seconds, by the recording's file name."""
        self._words_s = words_s
        self._habits = habits
        self._of: Sound | None = None
        self._frames: frozenset[int] = frozenset()

    def start(self) -> None:
        """Begin anew; it remembers nothing of what it heard."""

    def hear(self, sound: Sound, index: int) -> int:
        if sound is not self._of:
            self._of, self._frames = sound, self._answers(sound)
        return WORD if index in self._frames else SILENCE

    def _answers(self, sound: Sound) -> frozenset[int]:
        habits = self._habits
        times_s = [
            begin_s + habits.latency_s
            for number, (begin_s, _) in enumerate(self._words_s.get(sound.name, ()), 1)
            if number not in habits.missed
        ]
        firsts = (math.ceil(at_s / sound.frame_s) - 1 for at_s in (*times_s, *habits.false_s))
        return frozenset(
            first + pulse for first in firsts for pulse in range(habits.pulses) if first >= 0
        )
