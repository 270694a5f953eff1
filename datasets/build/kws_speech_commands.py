"""Makes kws01 inputs from Speech Commands v0.02 (CC BY 4.0): 49 frames of 10 MFCCs, int8.

The arithmetic is that of the reference's ``make_bin_files.py``, in float64 and over many clips at
once.

Which clip makes which file: the official names (``tst_000000_Stop_7.bin``) count the clips of a
shuffled test set, and no list of them is public. So the clips are either named like the files they
make (``tst_000000_Stop_7.wav``), or an index, a csv, says which is which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...models.suite import KWS, Task
from ..errors import DatasetError
from ..htk_mel import htk_mel_weights
from ..labels import LabelRow
from ..streaming.sound import SAMPLE_RATE_HZ
from .source_files import BuiltFile, SourceFolder, read_wav

_Floats = npt.NDArray[np.float64]

CLIP_SAMPLES = SAMPLE_RATE_HZ
"""One second; shorter clips are padded with zeros at their end."""

_WINDOW, _HOP, _FFT = 480, 320, 512
_MEL_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 40, 20.0, 4000.0
_BINS = int(_HIGHEST_HZ * _FFT / SAMPLE_RATE_HZ) + 1
"""Bins of the spectrum that the bands reach."""
_FRAMES, _COEFFICIENTS, _ = KWS.input_shape
_LOG_OFFSET = 1e-6

_SCALE, _ZERO_POINT = 0.5847029089927673, 83
"""Quantisation of the reference model's input."""

_SILENT_FRAME = (-128, 82, 83, 83, 83, 82, 83, 83, 83, 83)
"""A frame of zeros. Its coefficients above the first are 0, so 83 less a rounding error or not,
truncated: the reference's float32 left these in 679 of the official set's 680 frames that begin
with -128 (the other one is not silent)."""


@dataclass(frozen=True, slots=True)
class KwsBuilder:
    """Makes kws01 files from a folder of clips."""

    folder: SourceFolder

    task: Task = KWS
    batch_size: int = 16

    @classmethod
    def open(cls, source: Path, index: Path | None = None) -> KwsBuilder:
        return cls(SourceFolder.open(source, (".wav",), index))

    def locate(self, row: LabelRow) -> None:
        self._source(row)

    def convert(self, rows: Sequence[LabelRow]) -> list[BuiltFile]:
        outcomes: dict[int, BuiltFile] = {}
        places, clips = [], []
        for place, row in enumerate(rows):
            try:
                clips.append(_scaled_clip(self._source(row)))
                places.append(place)
            except DatasetError as error:
                outcomes[place] = error
        if clips:
            for place, values in zip(places, quantised(mfcc(np.stack(clips))), strict=True):
                outcomes[place] = values.tobytes()
        return [outcomes[place] for place in range(len(rows))]

    def _source(self, row: LabelRow) -> Path:
        stem = row.file.removesuffix(".bin")
        return self.folder.find(row.file, stem, f"{stem}.wav (nor an index that names it)")


def _scaled_clip(path: Path) -> _Floats:
    """Returns one second, divided by the clip's greatest sample: not by its greatest magnitude."""
    samples = read_wav(path)
    if len(samples) > CLIP_SAMPLES:
        raise DatasetError(
            f"{path}: {len(samples)} samples, expected at most {CLIP_SAMPLES} (1 s at 16 kHz)"
        )
    greatest = int(samples.max())
    if greatest <= 0:
        raise DatasetError(f"{path}: no sample above 0, so there is nothing to scale it by")
    clip = np.zeros(CLIP_SAMPLES)
    clip[: len(samples)] = samples / greatest
    return clip


def mfcc(clips: _Floats) -> _Floats:
    """Returns (clip, frame, coefficient) for (clip, sample), scaled; NaN in a silent frame."""
    count = len(clips)
    frames = np.lib.stride_tricks.sliding_window_view(clips, _WINDOW, axis=1)[:, ::_HOP]
    padded = np.zeros((count, _FRAMES, _FFT))
    np.multiply(frames, _window(), out=padded[:, :, :_WINDOW])
    # One matrix of all frames: numpy would multiply a stack of them clip by clip.
    magnitudes = np.abs(np.fft.rfft(padded.reshape(-1, _FFT))[:, :_BINS])
    coefficients: _Floats = np.log(magnitudes @ _mel_weights() + _LOG_OFFSET) @ _dct()
    coefficients[~magnitudes.any(axis=1)] = np.nan
    return coefficients.reshape(count, _FRAMES, _COEFFICIENTS)


def quantised(coefficients: _Floats) -> npt.NDArray[np.int8]:
    """Returns int8 values, truncated toward zero as the reference does, not rounded."""
    silent = np.isnan(coefficients)
    steps = np.where(silent, 0.0, coefficients) / _SCALE + _ZERO_POINT
    values = np.trunc(steps).clip(-128, 127).astype(np.int8)
    pattern = np.broadcast_to(np.array(_SILENT_FRAME, np.int8), values.shape)
    return np.where(silent, pattern, values)


@cache
def _window() -> _Floats:
    """Returns a periodic Hann window."""
    window: _Floats = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_WINDOW) / _WINDOW)
    return window


@cache
def _mel_weights() -> _Floats:
    """Returns (FFT bin, band): triangles linear in HTK mel; the DC bin is in none of them."""
    bins_hz = np.arange(_BINS) * SAMPLE_RATE_HZ / _FFT
    return htk_mel_weights(_LOWEST_HZ, _HIGHEST_HZ, _MEL_BANDS, bins_hz)


@cache
def _dct() -> _Floats:
    """Returns (band, coefficient): the DCT-II, scaled as by tf.signal.mfccs_from_log_mel."""
    bands = 2 * np.arange(_MEL_BANDS) + 1
    angles = np.pi * np.outer(bands, np.arange(_COEFFICIENTS)) / (2 * _MEL_BANDS)
    dct: _Floats = 2.0 * np.cos(angles) / np.sqrt(2.0 * _MEL_BANDS)
    return dct
