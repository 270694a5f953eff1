"""Makes the features of sww from sound: 40 int8 log-mel energies for each 32 ms, in numpy.

The arithmetic is that of the reference firmware (mlcommons/tiny,
``streaming_wakeword/sww_ref_l4r5zi``: ``th_compute_lfbe_f32``), in float64 where that has float32.
Each window of 1024 samples is the hop before and the newest hop of 512; before the first sample
there is silence.

One thing differs on purpose: a value above 127 stays 127 here. In the firmware it is a cast of a
float out of range, which C leaves undefined. The published ten-second clip stays 7 dB below that.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from ..htk_mel import htk_mel_weights
from .sound import SAMPLE_RATE_HZ, Samples

Features = npt.NDArray[np.int8]
_Floats = npt.NDArray[np.float64]

HOP_SAMPLES = 512
"""Sound between two frames: 32 ms."""
WINDOW_SAMPLES = 1024
BANDS = 40

INPUT_SCALE = 0.003701042616739869
INPUT_ZERO_POINT = -128
"""Quantisation of the reference model's input."""

_PRE_EMPHASIS = 0.96875
_BINS = WINDOW_SAMPLES // 2 + 1
_HIGHEST_HZ = 8000.0
_LEAST_POWER = 1e-30
_OFFSET_DB, _RANGE_DB = 52.0, 64.0
_FRAMES_AT_ONCE = 256
"""Bounds the memory that a long recording takes: 4 MB of windows."""


class FrontEnd:
    """Makes features of a stream, and remembers of it what the next frame needs."""

    __slots__ = ("_before", "_last")

    def __init__(self) -> None:
        """Begins in silence."""
        self._before: _Floats = np.zeros(WINDOW_SAMPLES - HOP_SAMPLES)
        self._last = 0.0

    def features(self, samples: Samples) -> Features:
        """Returns (frame, 40) int8 for the stream's next samples, int16 and whole hops of 512.

        It does not matter into how many calls a stream is cut.
        """
        if samples.dtype != np.int16 or samples.ndim != 1 or len(samples) % HOP_SAMPLES:
            raise ValueError(f"expected int16 samples in hops of {HOP_SAMPLES}, one channel")
        step = _FRAMES_AT_ONCE * HOP_SAMPLES
        pieces = [self._piece(samples[at : at + step]) for at in range(0, len(samples), step)]
        return np.concatenate(pieces) if pieces else np.zeros((0, BANDS), np.int8)

    def _piece(self, samples: Samples) -> Features:
        sound = samples / 32768.0
        emphasised = sound - _PRE_EMPHASIS * np.concatenate(([self._last], sound[:-1]))
        self._last = float(sound[-1])
        stream = np.concatenate((self._before, emphasised))
        self._before = stream[-len(self._before) :].copy()
        windows = np.lib.stride_tricks.sliding_window_view(stream, WINDOW_SAMPLES)[::HOP_SAMPLES]
        spectrum = np.fft.rfft(windows * _hamming())
        power = (spectrum.real**2 + spectrum.imag**2) / WINDOW_SAMPLES
        return quantised(level(power @ mel_weights()))


def features_of(samples: Samples) -> Features:
    """Returns (frame, 40) int8 for a whole recording from its first sample on.

    The samples behind the last whole hop make no frame.
    """
    return FrontEnd().features(samples[: len(samples) // HOP_SAMPLES * HOP_SAMPLES])


def level(power: _Floats) -> _Floats:
    """Returns a band's power as a fraction of the range that the model sees: -52 dB 0, 12 dB 1."""
    decibels = 10.0 * np.log10(np.maximum(power, _LEAST_POWER))
    fraction: _Floats = ((decibels + _OFFSET_DB) / _RANGE_DB).clip(0.0, 1.0)
    return fraction


def quantised(fraction: _Floats) -> Features:
    """Returns int8 values, truncated toward zero as the firmware's cast does, not rounded."""
    steps: _Floats = np.trunc(fraction / INPUT_SCALE + INPUT_ZERO_POINT)
    return steps.clip(-128, 127).astype(np.int8)


@cache
def mel_weights() -> _Floats:
    """Returns (bin of the spectrum, band): 513 x 40 triangles, linear in mel from 0 to 8 kHz."""
    bins_hz = np.arange(_BINS) * SAMPLE_RATE_HZ / WINDOW_SAMPLES
    return htk_mel_weights(0.0, _HIGHEST_HZ, BANDS, bins_hz)


@cache
def _hamming() -> _Floats:
    """Returns a symmetric Hamming window: its last value equals its first."""
    return np.hamming(WINDOW_SAMPLES)
