from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.clips import extensible, sawtooth, write_wav
from support.reference import reference_path
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.streaming.sound import Recording, hops_of, write_stereo


def test_the_left_channel_is_read_in_pieces(tmp_path: Path) -> None:
    left = sawtooth(1000)
    both = np.stack((left, -left), axis=1).reshape(-1)
    path = write_wav(tmp_path / "a.wav", both[:1000])
    data = bytearray(path.read_bytes()[:44]) + both.astype("<i2").tobytes()
    data[22:24] = (2).to_bytes(2, "little")
    data[40:44] = (4000).to_bytes(4, "little")
    path.write_bytes(data)
    recording = Recording.open(path)
    assert (recording.channels, recording.samples, recording.length_s) == (2, 1000, 0.0625)
    pieces = list(recording.pieces(300))
    assert [len(piece) for piece in pieces] == [300, 300, 300, 100]
    assert (np.concatenate(pieces) == left).all()
    assert (recording.whole() == left).all()
    assert [len(piece) for piece in hops_of(recording.pieces(300), 256)] == [256, 256, 256]
    assert (np.concatenate(list(hops_of(recording.pieces(300), 256))) == left[:768]).all()


def test_the_official_clip_is_playable_and_what_is_written_too(tmp_path: Path) -> None:
    official = Recording.open(reference_path("datasets", "sww01", "short_wav_easy10s.wav"))
    assert official.unplayable is None
    with (tmp_path / "same.wav").open("wb") as file:
        write_stereo(file, official.pieces(7000))
    assert (tmp_path / "same.wav").read_bytes() == official.path.read_bytes()


def test_what_the_board_would_refuse_is_told(tmp_path: Path) -> None:
    mono = Recording.open(write_wav(tmp_path / "mono.wav", sawtooth(600)))
    assert "mono" in str(mono.unplayable)
    stereo = write_wav(tmp_path / "stereo.wav", sawtooth(600), channels=2)
    assert Recording.open(stereo).unplayable is None
    other = Recording.open(extensible(stereo))
    assert "plain header, at byte 44" in str(other.unplayable)
    assert other.samples == 600


def test_a_wrong_format_is_named(tmp_path: Path) -> None:
    """What else may be wrong is tried where clips are read (``test_kws_speech_commands``)."""
    path = write_wav(tmp_path / "a.wav", sawtooth(10), channels=3, rate_hz=44100)
    with pytest.raises(
        DatasetError, match=r"a\.wav: 3 channels, 44100 Hz; expected mono or stereo"
    ):
        Recording.open(path)
    path.unlink()
    with pytest.raises(DatasetError, match="cannot read it: No such file"):
        Recording.open(path)
