"""The card in a simulated interface board, and its files as the board reads them.

The header is read as the board's firmware reads it (mlcommons/tiny, ``benchmark/interface``,
``WaveSource.cpp``): `data` right behind the fields of the `fmt ` chunk, or the file is none.
Samples of other than 16 bits, which the board would play as noise, are refused as well. How
much of a file is heard follows from ``WaveSink.cpp``: it plays 8 KiB in two halves, refills a half
when that was played, and stops when there is nothing left to refill it with, which is before the
other half, the recording's last, begins. No log tells the number of frames to compare that with.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]

HOP_SAMPLES = 512
"""The samples of a channel between two frames of the device."""
_CHANNELS = 2
_SAMPLE_BYTES = 2 * _CHANNELS
_HALF_BYTES = 4096
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")


@dataclass(frozen=True, slots=True)
class Sound:
    """Is a file of the card that is played."""

    name: str
    rate_hz: int
    frames: int
    """How many whole hops of it reach the device."""
    path: Path | None = None
    """Where its samples are; None: it is silence."""

    @property
    def frame_s(self) -> float:
        """Return the seconds of a hop, by the sound's own clock."""
        return HOP_SAMPLES / self.rate_hz

    def left(self, first: int, frames: int) -> Samples:
        """Return the left channel of so many frames from the ``first`` on; OSError."""
        if self.path is None:
            return np.zeros(frames * HOP_SAMPLES, np.int16)
        with self.path.open("rb") as file:
            file.seek(_HEADER.size + first * HOP_SAMPLES * _SAMPLE_BYTES)
            data = file.read(frames * HOP_SAMPLES * _SAMPLE_BYTES)
        data += bytes(frames * HOP_SAMPLES * _SAMPLE_BYTES - len(data))
        return np.frombuffer(data, "<i2")[::_CHANNELS].astype(np.int16)


@dataclass(frozen=True, slots=True)
class CardFile:
    """Is a file on the card: a wav, or silence of some length where ``path`` is None."""

    path: Path | None = None
    length_s: float = 0.0
    """Of silence."""
    channels: int | None = None
    """What its header says; None: what it does say."""


@dataclass(frozen=True, slots=True)
class Card:
    """Is what lies on the card, by name, in the order of `ls`."""

    files: Mapping[str, CardFile]

    def open(self, name: str) -> Sound | None:
        """Return the sound of a file; None where the board has an error for it."""
        file = self.files.get(name)
        if file is None:
            return None
        if file.path is None:
            channels, rate_hz = _CHANNELS, 16_000
            data_bytes = round(file.length_s * rate_hz) * _SAMPLE_BYTES
        else:
            try:
                with file.path.open("rb") as opened:
                    head = opened.read(_HEADER.size)
                left_bytes = file.path.stat().st_size - _HEADER.size
            except OSError:
                return None
            if len(head) != _HEADER.size:
                return None
            riff, _, wave, fmt, _, _, channels, rate_hz, _, _, bits, data, said = _HEADER.unpack(
                head
            )
            if (riff, wave + fmt, data) != (b"RIFF", b"WAVEfmt ", b"data") or bits != 16:
                return None
            data_bytes = min(said, left_bytes)
        if (file.channels or channels) != _CHANNELS or not rate_hz:
            return None
        return Sound(name, rate_hz, _frames(data_bytes), file.path)


def _frames(data_bytes: int) -> int:
    """Return how many hops of a file are heard before the board stops."""
    halves = -(-data_bytes // _HALF_BYTES)
    played = max(halves - 1, min(halves, 1))
    return played * _HALF_BYTES // (HOP_SAMPLES * _SAMPLE_BYTES)
