"""States how a device of sww listens; the simulated device and the demo model's training use it.

The rule is the reference firmware's (mlcommons/tiny, ``streaming_wakeword/sww_ref_l4r5zi``): each
hop's 40 features are shifted into an input of 30 frames, the model runs, and where its first class
is above 115 of -128 to 127 the detection pin pulses. The first frame pulses always: it is the
origin of time. While a word lasts, every frame pulses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...models.suite import SWW
from .front_end import BANDS, HOP_SAMPLES, Features, FrontEnd
from .sound import SAMPLE_RATE_HZ, Samples

INPUT_FRAMES = 30
FRAME_MS = 1000 * HOP_SAMPLES // SAMPLE_RATE_HZ

Infer = Callable[[bytes], Sequence[int]]
"""Runs a model on 1200 int8 features, oldest frame first; returns its int8 answer a class, such as
``models.engine.int8_answers`` makes of a model file."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame is what a device made of one hop of 512 samples."""

    index: int
    """From 0, since the stream began."""
    features: tuple[int, ...]
    """40 int8."""
    activations: tuple[int, ...]
    """The model's int8 answers, by class."""

    @property
    def is_word(self) -> bool:
        """Tells whether the model heard the word."""
        return self.activations[0] > SWW.threshold

    @property
    def pulses(self) -> bool:
        """Tells whether the detection pin pulses: at a word, and at the first frame."""
        return self.index == 0 or self.is_word

    @property
    def end_ms(self) -> int:
        """Returns when its last sample was heard, by the sound's own clock."""
        return (self.index + 1) * FRAME_MS


class WakeWordStream:
    """Listens to one stream from its start; memory does not grow with it."""

    __slots__ = ("_front_end", "_index", "_infer", "_input")

    def __init__(self, infer: Infer) -> None:
        """Begins with an input of zeros, which the firmware has, and not with silence (-128)."""
        self._infer = infer
        self._front_end = FrontEnd()
        self._input: Features = np.zeros((INPUT_FRAMES, BANDS), np.int8)
        self._index = 0

    def hear(self, samples: Samples) -> Iterator[Frame]:
        """Yields the frame of each hop of 512 in the next int16 samples, which are whole hops."""
        for features in self._front_end.features(samples):
            self._input[:-1] = self._input[1:]
            self._input[-1] = features
            activations = tuple(self._infer(self._input.tobytes()))
            yield Frame(self._index, tuple(features.tolist()), activations)
            self._index += 1


def detections_ms(infer: Infer, pieces: Iterable[Samples]) -> list[int]:
    """Returns when an undisturbed device's pin pulses over a recording, the first frame's first."""
    stream = WakeWordStream(infer)
    return [frame.end_ms for piece in pieces for frame in stream.hear(piece) if frame.pulses]
