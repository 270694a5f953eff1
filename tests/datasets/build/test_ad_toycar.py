from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from support.clips import extensible, labels_of, sawtooth, write_wav
from tinyrunner.datasets.build.ad_toycar import log_mel_spectrogram
from tinyrunner.datasets.build.build_dataset import build_dataset, open_builder
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.models.suite import AD

NAME = "normal_id_01_00000003"

TOLERANCE_DB = 1e-4

_AT = ((0, 0), (0, 127), (17, 3), (50, 100), (99, 30), (123, 77), (199, 0), (199, 64))
"""(frame, band) of what is compared."""

GOLDEN_DB = {
    "tone": (
        (-38.2763, -7.9739, -31.4916, -26.7543, -15.6113, -24.2849, -28.3121, -18.8505),
        -27.442621,
    ),
    "shortest": (
        (-38.2764, -7.9739, -31.4916, -26.7543, -15.6113, -24.2849, -28.3121, -18.8505),
        -23.248060,
    ),
    "sine": (
        (-86.7011, -84.6621, -95.7835, -88.9061, -87.6788, -85.6266, -88.1208, -85.7836),
        -82.640063,
    ),
    "noise": (
        (12.1352, 7.3178, 10.7292, 10.3656, 6.6880, 4.9629, 9.4022, 1.4945),
        8.243156,
    ),
    "a bit of noise": (
        (-76.1737, -80.7485, -76.5833, -76.1958, -81.4022, -83.1762, -76.4966, -84.4676),
        -79.038450,
    ),
}
"""By librosa 0.11.0, to four decimals; then the mean over all frames and bands. 0.8.1 says the same
of `tone`."""

GOLDEN_OF_THE_PAUSE_DB = {(70, 5): -156.5356, (71, 90): -156.5356}
"""librosa again."""


def tone() -> np.ndarray:
    """Eleven seconds, with a pause of a quarter of a second."""
    samples = sawtooth(176000)
    samples[60000:64000] = 0
    return samples.astype(np.int16)


def make(folder: Path, name: str = NAME) -> bytes | DatasetError:
    labels = labels_of(AD, [f"{name}_hist_librosa.bin"])
    (outcome,) = open_builder(AD, folder).convert(labels.rows)
    return outcome


def clip(kind: str) -> np.ndarray:
    random = np.random.default_rng(1)
    samples = {
        "tone": tone(),
        "shortest": sawtooth(128000),
        "sine": np.round(20000 * np.sin(np.arange(160000) * 0.4847)),
        "noise": random.integers(-32768, 32768, 160000),
        "a bit of noise": np.random.default_rng(1).integers(-1, 2, 160000),
        "silence": np.zeros(160000),
    }
    return samples[kind].astype(np.int16)


@pytest.mark.parametrize("kind", GOLDEN_DB)
def test_the_levels_are_those_that_librosa_computed(kind: str) -> None:
    levels = log_mel_spectrogram(clip(kind))
    assert levels.shape == (200, 128)
    golden_db, mean_db = GOLDEN_DB[kind]
    assert [levels[at] for at in _AT] == pytest.approx(golden_db, abs=TOLERANCE_DB)
    assert levels.mean() == pytest.approx(mean_db, abs=1e-5)
    if kind == "tone":
        for (frame, band), expected in GOLDEN_OF_THE_PAUSE_DB.items():
            assert levels[frame, band] == pytest.approx(expected, abs=TOLERANCE_DB)


@pytest.mark.slow  # librosa compiles itself anew in every fresh environment
@pytest.mark.parametrize("kind", [*GOLDEN_DB, "silence"])
def test_the_levels_equal_librosas(kind: str) -> None:
    librosa = pytest.importorskip(
        "librosa", reason="librosa is not installed: pip install librosa to compare with it"
    )
    samples = clip(kind)
    mel = librosa.feature.melspectrogram(
        y=samples.astype(np.float32) / 32768,
        sr=16000,
        n_fft=1024,
        hop_length=512,
        n_mels=128,
        power=2.0,
    )
    expected = (20.0 / 2.0 * np.log10(mel + sys.float_info.epsilon))[:, 50:250].T
    assert np.abs(log_mel_spectrogram(samples) - expected).max() < TOLERANCE_DB


def test_silence_is_the_level_of_the_epsilon() -> None:
    levels = log_mel_spectrogram(np.zeros(160000, np.int16))
    assert levels == pytest.approx(10 * np.log10(2.0**-52))


def test_a_file_is_200_frames_of_128_little_endian_floats(tmp_path: Path) -> None:
    write_wav(tmp_path / "clips" / "ToyCar" / "test" / f"{NAME}.wav", tone())
    labels = labels_of(AD, [f"{NAME}_hist_librosa.bin"])
    build_dataset(open_builder(AD, tmp_path / "clips"), labels, tmp_path / "out")
    dataset = Dataset.open(tmp_path / "out", AD)
    windows = list(dataset.windows())
    assert len(windows) == 196
    third = np.frombuffer(dataset.read(windows[3]), "<f4").reshape(5, 128)
    assert np.array_equal(third, log_mel_spectrogram(tone())[3:8].astype(np.float32))


def test_padding_does_not_reach_the_frames_that_are_kept() -> None:
    samples = sawtooth(128000).astype(np.int16)
    longer = np.concatenate([samples, np.full(32000, 9999, np.int16)])
    assert np.array_equal(log_mel_spectrogram(samples), log_mel_spectrogram(longer))


def test_a_clip_of_the_training_set_is_never_taken(tmp_path: Path) -> None:
    write_wav(tmp_path / "ToyCar" / "train" / f"{NAME}.wav", sawtooth(160000, 1))
    problem = make(tmp_path)
    assert f"{NAME}_hist_librosa.bin: no {NAME}.wav outside `train`" in str(problem)
    write_wav(tmp_path / "ToyCar" / "test" / f"{NAME}.wav", sawtooth(160000, 2))
    write_wav(tmp_path / "ToyConveyor" / "test" / f"{NAME}.wav", sawtooth(160000, 3))
    made = make(tmp_path)
    assert isinstance(made, bytes)
    assert made == make(tmp_path / "ToyCar" / "test")


def test_a_clip_too_short_for_250_frames_is_named(tmp_path: Path) -> None:
    path = write_wav(tmp_path / f"{NAME}.wav", sawtooth(127999))
    assert str(make(tmp_path)) == (
        f"{path}: 127999 samples, expected at least 128000 (8 s at 16 kHz) for 250 frames"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"channels": 2}, "2 channels"),
        ({"rate_hz": 8000}, "8000 Hz"),
        ({"width": 3}, "24-bit samples"),
    ],
)
def test_a_clip_of_another_form_is_named(
    tmp_path: Path, options: dict[str, int], expected: str
) -> None:
    path = write_wav(tmp_path / f"{NAME}.wav", sawtooth(128000), **options)
    assert str(make(tmp_path)).startswith(f"{path}: {expected}; expected mono, 16-bit, 16000 Hz")


def test_pcm_with_an_extensible_header_is_pcm(tmp_path: Path) -> None:
    path = write_wav(tmp_path / f"{NAME}.wav", tone())
    plain = make(tmp_path)
    extensible(path)
    assert isinstance(plain, bytes)
    assert make(tmp_path) == plain


def test_a_truncated_clip_is_named(tmp_path: Path) -> None:
    path = write_wav(tmp_path / f"{NAME}.wav", tone())
    path.write_bytes(path.read_bytes()[:300000])
    assert str(make(tmp_path)).startswith(f"{path}: truncated")
