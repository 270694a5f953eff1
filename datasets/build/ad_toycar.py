"""Makes ad01 inputs from the ToyCar clips of ToyADMOS / DCASE 2020 task 2.

An input has 200 frames of 128 mel bands, in decibels: frames 50 to 250 of
``librosa.feature.melspectrogram(n_fft=1024, hop_length=512, n_mels=128, power=2)``, as the
reference's ``common.py`` writes them; computed here with numpy alone, in float64.

The reference pins librosa 0.6.0, which pads by reflection; librosa 0.10 and later pad with zeros.
It does not matter: frame t sees samples 512 t - 512 to 512 t + 512, so the frames kept see none of
the padding of a clip of 8 s or more, and a shorter clip is refused.

``normal_id_01_00000003_hist_librosa.bin`` is made from ``test/normal_id_01_00000003.wav``; the
``train`` folder has clips of the same names, which are never taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...models.suite import AD, Task
from ..errors import DatasetError
from ..labels import LabelRow
from ..streaming.sound import SAMPLE_RATE_HZ
from .source_files import BuiltFile, SourceFolder, one_by_one, read_wav

_Floats = npt.NDArray[np.float64]

_FFT, _HOP, _MEL_BANDS = 1024, 512, 128
_FIRST_FRAME, _END_FRAME = 50, 250
_FIRST_SAMPLE = _FIRST_FRAME * _HOP - _FFT // 2
_END_SAMPLE = (_END_FRAME - 1) * _HOP + _FFT // 2
"""The samples that the frames kept are made from; a clip must have as many as ``_END_SAMPLE``."""


@dataclass(frozen=True, slots=True)
class AdBuilder:
    """Makes ad01 files from a folder of ToyCar clips."""

    folder: SourceFolder

    task: Task = AD
    batch_size: int = 8

    @classmethod
    def open(cls, source: Path, index: Path | None = None) -> AdBuilder:
        return cls(SourceFolder.open(source, (".wav",), index))

    def locate(self, row: LabelRow) -> None:
        self._source(row)

    def convert(self, rows: Sequence[LabelRow]) -> list[BuiltFile]:
        return one_by_one(rows, self._make)

    def _make(self, row: LabelRow) -> bytes:
        path = self._source(row)
        samples = read_wav(path)
        if len(samples) < _END_SAMPLE:
            raise DatasetError(
                f"{path}: {len(samples)} samples, expected at least {_END_SAMPLE} "
                f"({_END_SAMPLE / SAMPLE_RATE_HZ:g} s at 16 kHz) for {_END_FRAME} frames"
            )
        return log_mel_spectrogram(samples).astype("<f4").tobytes()

    def _source(self, row: LabelRow) -> Path:
        stem = row.file.removesuffix(".bin").removesuffix("_hist_librosa")
        return self.folder.find(
            row.file, stem, f"{stem}.wav outside `train`", prefer="ToyCar", avoid="train"
        )


def log_mel_spectrogram(samples: npt.NDArray[np.int16]) -> _Floats:
    """Returns (frame, band) in decibels, for the 200 frames that are kept."""
    signal = samples[_FIRST_SAMPLE:_END_SAMPLE] / 32768.0
    frames = np.lib.stride_tricks.sliding_window_view(signal, _FFT)[::_HOP]
    spectrum = np.fft.rfft(frames * _window())
    power = spectrum.real**2 + spectrum.imag**2
    levels: _Floats = 10.0 * np.log10(power @ _mel_weights() + np.finfo(np.float64).eps)
    return levels


@cache
def _window() -> _Floats:
    """Returns a periodic Hann window."""
    window: _Floats = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    return window


@cache
def _mel_weights() -> _Floats:
    """Returns (FFT bin, band): librosa's default filters, triangles in hertz of equal area."""
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(SAMPLE_RATE_HZ / 2), _MEL_BANDS + 2))
    low, middle, high = edges[:-2], edges[1:-1], edges[2:]
    bins = (np.arange(_FFT // 2 + 1) * SAMPLE_RATE_HZ / _FFT)[:, None]
    weights: _Floats = np.minimum((bins - low) / (middle - low), (high - bins) / (high - middle))
    weights = weights.clip(0.0, None) * (2.0 / (high - low))
    return weights


# The mel scale of Slaney's Auditory Toolbox: linear to 1000 Hz, logarithmic above.
_HZ_PER_MEL = 200.0 / 3
_KNEE_HZ = 1000.0
_KNEE_MEL = _KNEE_HZ / _HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27.0


def _hz_to_mel(frequency_hz: float) -> float:
    if frequency_hz < _KNEE_HZ:
        return frequency_hz / _HZ_PER_MEL
    return _KNEE_MEL + float(np.log(frequency_hz / _KNEE_HZ) / _LOG_STEP)


def _mel_to_hz(mel: _Floats) -> _Floats:
    above = np.maximum(mel - _KNEE_MEL, 0.0)
    return np.where(mel < _KNEE_MEL, mel * _HZ_PER_MEL, _KNEE_HZ * np.exp(_LOG_STEP * above))
