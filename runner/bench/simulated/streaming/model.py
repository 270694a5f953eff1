"""Lets a simulated device hear by a model: frame by frame, as the reference firmware does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from .....datasets.streaming.wake_word import Frame, WakeWordStream
from .....dut_protocol.simulated.streaming.card import Samples, Sound
from .....models.engine import Engine, int8_answers
from .....models.runtimes.engine_kind import EngineKind
from .....models.suite import SWW_INFERENCE
from ....errors import SetupError

_FRAMES_AT_ONCE = 64
"""How many frames' features are made in one go: two seconds of sound."""


class HearingModel:
    """Is a detector that runs a model on what it hears, and answers frames over the UART.

    Both go through the same buffers, which `start` empties, as in the reference firmware.
    """

    def __init__(
        self, path: Path, note: str | None = None, engine: EngineKind = EngineKind.LITERT
    ) -> None:
        """Load the model; ``note`` is what a session says of it."""
        self.note = note
        self._engine = Engine.load(path, SWW_INFERENCE, engine)
        self._infer = int8_answers(self._engine)
        self.path = path
        self.start()

    @property
    def sha256(self) -> str:
        """Return the hash of the model file."""
        return self._engine.sha256

    @property
    def runtime(self) -> str:
        """Say which engine runs it, with its version."""
        return self._engine.runtime_name

    def start(self) -> None:
        """Begin anew: with silence before, and an input of zeros."""
        self._stream = WakeWordStream(self._infer)
        self._frames: Iterator[Frame] = iter(())
        self._next = -1
        self._until = 0

    def hear(self, sound: Sound, index: int) -> int:
        """Return the wake word's int8 at a frame of the sound; a lost frame is no frame."""
        if index != self._next or index == self._until:
            self._frames = self._stream.hear(self._read(sound, index))
        self._next = index + 1
        return next(self._frames).activations[0]

    def frame(self, hop: bytes) -> tuple[Sequence[int], Sequence[int]]:
        """Return features and answers of a hop that came over the UART, behind those before."""
        (frame,) = self._stream.hear(np.frombuffer(hop, "<i2").astype(np.int16))
        return frame.features, frame.activations

    def _read(self, sound: Sound, index: int) -> Samples:
        self._until = min(index + _FRAMES_AT_ONCE, sound.frames)
        try:
            return sound.left(index, self._until - index)
        except OSError as error:
            raise SetupError(
                f"{sound.path}: cannot read it while it is played: {error.strerror or error}"
            ) from error
