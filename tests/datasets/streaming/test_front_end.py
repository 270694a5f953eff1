"""Holds the front end against the reference firmware's own table.

Source: mlcommons/tiny, ``sww_ref_l4r5zi/Core/Src/fixed_data.c`` at 93b1c5c, where the triangles of
the 40 bands lie packed one behind the other.
"""

from __future__ import annotations

import numpy as np
import pytest
from tinyrunner.datasets.streaming.front_end import (
    FrontEnd,
    features_of,
    level,
    mel_weights,
    quantised,
)

FIRST_BINS = [
    1, 3, 6, 10, 13, 17, 20, 25, 29, 34, 39, 44, 49, 55, 62, 68, 75, 83, 91, 100,
    109, 119, 129, 140, 152, 164, 177, 191, 206, 222, 239, 257, 276, 296, 318, 341, 365, 391,
    419, 448,
]  # fmt: skip
BAND_WIDTHS = [
    5, 7, 7, 7, 7, 8, 9, 9, 10, 10, 10, 11, 13, 13, 13, 15, 16, 17, 18, 19,
    20, 21, 23, 24, 25, 27, 29, 31, 33, 35, 37, 39, 42, 45, 47, 50, 54, 57, 60, 64,
]  # fmt: skip
PACKED = {
    0: (0.359173, 0.710586, 0.945429, 0.608567, 0.278538, 0.054571),
    184: (0.253720, 0.139386, 0.025849, 0.042862),
    472: (0.920089, 0.977722, 0.964850, 0.907622),
    608: (0.059205, 0.014172, 0.012956, 0.060629),
    920: (0.087482, 0.056272, 0.025123, 0.013404),
    984: (0.087898, 0.058546, 0.029247),
}


def test_the_mel_bands_are_the_firmwares() -> None:
    weights = mel_weights()
    bands = [np.flatnonzero(band) for band in weights.T]
    assert [band[0] for band in bands] == FIRST_BINS
    assert [len(band) for band in bands] == BAND_WIDTHS
    packed = np.concatenate([weights[bins, band] for band, bins in enumerate(bands)])
    assert len(packed) == 987
    for at, values in PACKED.items():
        assert packed[at : at + len(values)] == pytest.approx(values, abs=1e-5)


def noise(hops: int) -> np.ndarray:
    steps = np.arange(512 * hops, dtype=np.int64)
    return (steps * steps * 7919 % 24001 - 12000).astype(np.int16)


def test_it_does_not_matter_how_a_stream_is_cut() -> None:
    samples = noise(300)  # more than are made at once
    whole = features_of(samples[:-1])
    assert whole.shape == (299, 40)
    front_end = FrontEnd()
    cuts = [samples[at : at + 512] for at in range(0, 2 * 512, 512)] + [samples[1024:]]
    assert (np.concatenate([front_end.features(cut) for cut in cuts])[:299] == whole).all()


def test_a_frame_is_its_hop_and_the_one_before() -> None:
    samples = noise(5)
    both = features_of(samples)
    shifted = features_of(samples[512:])
    assert (both[3:] == shifted[2:]).all()  # shifted[1] lacks the one sample before its first
    assert (both[1] != shifted[0]).any()


def test_silence_is_the_lowest_value_and_a_full_scale_tone_stays_in_range() -> None:
    assert (features_of(np.zeros(1024, np.int16)) == -128).all()
    tone = np.where(np.arange(2048) % 4 < 2, 32767, -32768).astype(np.int16)
    assert features_of(tone).max() == 127


def test_the_level_covers_64_decibels_and_is_truncated() -> None:
    power = 10.0 ** (np.array([-60.0, -52.0, -20.0, 12.0, 20.0]) / 10)
    assert level(power) == pytest.approx([0.0, 0.0, 0.5, 1.0, 1.0])
    scale = 0.003701042616739869
    steps = np.array([0.0, 0.9, 1.9, 127.5, 128.9, 254.9, 255.0, 270.0])
    assert quantised(steps * scale).tolist() == [-128, -127, -126, 0, 0, 126, 127, 127]


@pytest.mark.parametrize(
    "samples",
    [np.zeros(511, np.int16), np.zeros((512, 2), np.int16), np.zeros(512, np.float32)],
)
def test_only_whole_hops_of_one_channel_are_taken(samples: np.ndarray) -> None:
    with pytest.raises(ValueError, match="hops of 512, one channel"):
        FrontEnd().features(samples)
