from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.clips import extensible, labels_of, sawtooth, write_wav
from support.reference import reference_path
from tinyrunner.datasets.build.build_dataset import build_dataset, open_builder
from tinyrunner.datasets.build.kws_speech_commands import mfcc, quantised
from tinyrunner.datasets.build.source_files import read_wav
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.models.suite import KWS

SILENT = (-128, 82, 83, 83, 83, 82, 83, 83, 83, 83)


def make(folder: Path, *names: str) -> list[bytes | DatasetError]:
    builder = open_builder(KWS, folder)
    return builder.convert(labels_of(KWS, [f"{name}.bin" for name in names]).rows)


def values(data: bytes | DatasetError) -> np.ndarray:
    assert isinstance(data, bytes), data
    return np.frombuffer(data, np.int8).reshape(49, 10).astype(int)


def silent_frames(samples: np.ndarray) -> np.ndarray:
    padded = np.concatenate([samples, np.zeros(16000 - len(samples), np.int16)])
    return np.array([not padded[at : at + 480].any() for at in range(0, 48 * 320 + 1, 320)])


def test_the_48_real_clips_become_the_published_bytes(tmp_path: Path) -> None:
    clips = reference_path("audio", "speech_commands_v0.02_test")
    published = reference_path("datasets", "kws01")
    names = sorted(path.stem for path in clips.glob("*.wav"))
    assert len(names) == 48
    builder = open_builder(KWS, clips)
    build_dataset(builder, labels_of(KWS, [f"{name}.bin" for name in names]), tmp_path)
    differences, silent = [], []
    for name in names:
        made = values((tmp_path / "kws01" / f"{name}.bin").read_bytes())
        differences.append(made - values((published / f"{name}.bin").read_bytes()))
        silent.append(silent_frames(read_wav(clips / f"{name}.wav")))
    difference, is_silent = np.stack(differences), np.stack(silent)
    assert is_silent.sum() == 32
    assert (difference[~is_silent] == 0).mean() >= 0.999  # 1 of 23200 differs
    assert not difference[is_silent].any()
    assert np.abs(difference).max() <= 1


def test_the_index_of_the_real_clips_is_understood(tmp_path: Path) -> None:
    clips = reference_path("audio", "speech_commands_v0.02_test")
    builder = open_builder(KWS, clips, clips / "index.csv")
    (made,) = builder.convert(labels_of(KWS, ["tst_000000_Stop_7.bin"]).rows)
    assert made == reference_path("datasets", "kws01", "tst_000000_Stop_7.bin").read_bytes()


def test_a_clip_does_not_depend_on_those_made_with_it(tmp_path: Path) -> None:
    for seed in range(3):
        write_wav(tmp_path / f"{seed}.wav", sawtooth(16000 - 1000 * seed, seed))
    together = make(tmp_path, "0", "1", "2")
    assert [make(tmp_path, str(n))[0] for n in range(3)] == together
    assert len(set(together)) == 3


def test_a_bad_clip_among_good_ones_fails_alone(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", sawtooth(16000))
    write_wav(tmp_path / "b.wav", sawtooth(0))
    write_wav(tmp_path / "c.wav", sawtooth(9000))
    first, second, third, fourth = make(tmp_path, "a", "b", "c", "d")
    assert isinstance(second, DatasetError)
    assert isinstance(fourth, DatasetError)
    assert [first, third] == make(tmp_path, "a", "c")


def test_frames_past_a_short_clip_are_silent(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", sawtooth(3200))
    made = values(make(tmp_path, "a")[0])
    assert [tuple(frame) for frame in made[10:]] == [SILENT] * 39
    assert tuple(made[9]) != SILENT


def test_the_scale_is_the_greatest_sample_not_the_greatest_magnitude(tmp_path: Path) -> None:
    samples = np.where(np.arange(16000) % 40 < 20, 100, -25000)
    write_wav(tmp_path / "a.wav", samples)
    write_wav(tmp_path / "b.wav", -samples)
    first, second = (values(data) for data in make(tmp_path, "a", "b"))
    assert (first[:, 0] > second[:, 0]).all()


def test_values_are_truncated_toward_zero_and_clamped() -> None:
    scale = 0.5847029089927673
    steps = np.array([[0.9, -0.9, -82.99, -83.5, -84.2, 44.5, 300.0, -300.0, 1.5, 2.5]])
    assert quantised(steps * scale).tolist() == [[83, 82, 0, 0, -1, 127, 127, -128, 84, 85]]


def test_a_frame_is_silent_where_it_holds_no_sample_but_zeros() -> None:
    clip = np.zeros((1, 16000))
    clip[0, 10000] = 1.0
    frames = mfcc(clip)[0]
    within = [n for n in range(49) if 320 * n < 10000 < 320 * n + 480]
    assert np.isnan(frames).all(axis=1).tolist() == [n not in within for n in range(49)]
    assert np.isnan(frames).any(axis=1).tolist() == [n not in within for n in range(49)]


@pytest.mark.parametrize("valid_bits", [16, 12, 0])
def test_pcm_with_an_extensible_header_is_pcm(tmp_path: Path, valid_bits: int) -> None:
    write_wav(tmp_path / "a.wav", sawtooth(16000))
    extensible(write_wav(tmp_path / "b.wav", sawtooth(16000)), valid_bits=valid_bits)
    plain, extended = make(tmp_path, "a", "b")
    assert isinstance(plain, bytes)
    assert plain == extended


def test_a_folder_named_like_a_clip_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").mkdir()
    (problem,) = make(tmp_path, "a")
    assert str(problem) == f"{tmp_path / 'a.wav'}: a folder, expected a wav file"


def test_a_missing_clip_says_what_was_looked_for(tmp_path: Path) -> None:
    (problem,) = make(tmp_path, "a")
    assert "a.bin: no a.wav (nor an index that names it)" in str(problem)


def damaged(path: Path, kind: str) -> str:
    """Make a bad clip; returns what the error must say."""
    tone = sawtooth(16000)
    match kind:
        case "stereo":
            write_wav(path, tone, channels=2)
            return "2 channels; expected mono"
        case "8 kHz":
            write_wav(path, tone, rate_hz=8000)
            return "8000 Hz; expected"
        case "24-bit":
            write_wav(path, tone, width=3)
            return "24-bit samples; expected"
        case "all of that":
            write_wav(path, tone, width=1, rate_hz=44100, channels=2)
            return "2 channels, 8-bit samples, 44100 Hz; expected mono, 16-bit, 16000 Hz"
        case "empty":
            write_wav(path, tone[:0])
            return "an empty clip"
        case "too long":
            write_wav(path, sawtooth(16001))
            return "16001 samples, expected at most 16000"
        case "silent":
            write_wav(path, tone * 0)
            return "no sample above 0"
        case "cut in the data":
            write_wav(path, tone)
            path.write_bytes(path.read_bytes()[:-200])
            return "truncated"
        case "promising gigabytes":
            data = write_wav(path, tone).read_bytes()
            path.write_bytes(data[:40] + (0x7FFFFFFE).to_bytes(4, "little") + data[44:])
            return "truncated"
        case "cut in the header":
            write_wav(path, tone)
            path.write_bytes(path.read_bytes()[:30])
            return "not a PCM wav file"
        case "floats":
            data = bytearray(write_wav(path, tone).read_bytes())
            data[20] = 3
            path.write_bytes(data)
            return "not a PCM wav file: floating-point samples (format 3)"
        case "extensible floats":
            extensible(write_wav(path, tone), subformat=3)
            return "not a PCM wav file: floating-point samples (format 3)"
        case "extensible A-law":
            extensible(write_wav(path, tone, width=1), subformat=6)
            return "not a PCM wav file: A-law (format 6)"
        case "extensible of nobody's format":
            data = bytearray(extensible(write_wav(path, tone)).read_bytes())
            data[data.index(b"\x9b\x71")] = 0
            path.write_bytes(data)
            return "not a PCM wav file: an extensible header with a GUID of no known format"
        case "extensible 24-bit stereo":
            extensible(write_wav(path, tone, width=3, channels=2))
            return "2 channels, 24-bit samples; expected mono"
        case "extensible, cut in the header":
            path.write_bytes(extensible(write_wav(path, tone)).read_bytes()[:60])
            return "not a PCM wav file"
        case "a text":
            path.write_text("no audio at all, but some text that is long enough for a header")
            return "not a PCM wav file"
        case _:
            path.write_bytes(b"")
            return "not a PCM wav file"


@pytest.mark.parametrize(
    "kind",
    ["stereo", "8 kHz", "24-bit", "all of that", "empty", "too long", "silent", "cut in the data",
     "promising gigabytes", "cut in the header", "floats", "a text", "an empty file",
     "extensible floats", "extensible A-law", "extensible of nobody's format",
     "extensible 24-bit stereo", "extensible, cut in the header"],
)  # fmt: skip
def test_a_bad_clip_is_named_with_what_is_wrong(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.wav"
    expected = damaged(path, kind)
    (problem,) = make(tmp_path, "a")
    assert isinstance(problem, DatasetError)
    assert str(problem).startswith(f"{path}: ")
    assert expected in str(problem)
