"""Reads a recording in pieces: 16-bit PCM wav, 16 kHz, mono or stereo."""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ..errors import DatasetError

Samples = npt.NDArray[np.int16]

SAMPLE_RATE_HZ = 16_000
"""All sound of the suite has it; another would need a resampler, and none is said."""

_PCM, _EXTENSIBLE = 1, 0xFFFE
"""Tags of a wav file's format; an extensible header has the tag in the first bytes of a GUID."""
_FORMAT_GUID = bytes.fromhex("0000 0000 1000 8000 00aa 0038 9b71")
"""What follows the tag in the GUID of every format that has a tag."""
_OTHER_FORMATS = {
    2: "Microsoft ADPCM",
    3: "floating-point samples",
    6: "A-law",
    7: "mu-law",
    17: "IMA ADPCM",
    49: "GSM 6.10",
    85: "MP3",
    _EXTENSIBLE: "an extensible header with a GUID of no known format",
}
_MOST_CHUNKS = 1000
_PLAIN_DATA_AT = 44
"""Where samples begin behind a RIFF header, a fmt chunk of 16 bytes and a data chunk's header."""
PIECE_SAMPLES = 1 << 16
"""A multiple of a hop of sww."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording is a wav file whose header was read, and found good."""

    path: Path
    channels: int
    samples: int
    """Of each channel."""
    data_at: int
    """Where in the file the samples begin."""

    @classmethod
    def open(cls, path: Path, *, most_channels: int = 2) -> Recording:
        """Reads the header; DatasetError tells what is wrong with it, or with the file's length."""
        if path.is_dir():
            raise DatasetError(f"{path}: a folder, expected a wav file")
        try:
            with path.open("rb") as file:
                fmt, data_at, data_bytes = _chunks(path, file)
            file_bytes = path.stat().st_size
        except OSError as error:
            raise DatasetError(f"{path}: cannot read it: {error.strerror or error}") from error
        channels = _checked_format(path, fmt, most_channels)
        count = data_bytes // (2 * channels)
        if data_at + data_bytes > file_bytes:
            raise DatasetError(f"{path}: truncated: {file_bytes} bytes hold no {count} samples")
        if not count:
            raise DatasetError(f"{path}: an empty clip, it holds no samples")
        return cls(path, channels, count, data_at)

    @property
    def length_s(self) -> float:
        return self.samples / SAMPLE_RATE_HZ

    @property
    def unplayable(self) -> str | None:
        """Says why the interface board would not play it; None where it would.

        Its firmware wants 2 channels, and a plain header: nothing between a fmt chunk of 16 bytes
        and the samples (mlcommons/tiny, ``benchmark/interface``).
        """
        if self.channels != 2:
            return "it is mono, and the interface board plays files of 2 channels only"
        if self.data_at != _PLAIN_DATA_AT:
            return (
                f"its samples begin at byte {self.data_at}; the interface board wants them behind "
                f"a plain header, at byte {_PLAIN_DATA_AT}"
            )
        return None

    def read(self, begin: int, count: int) -> Samples:
        """Returns ``count`` samples of the left channel from sample ``begin`` on."""
        size = 2 * self.channels
        try:
            with self.path.open("rb") as file:
                file.seek(self.data_at + size * begin)
                data = file.read(size * count)
        except OSError as error:
            raise DatasetError(f"{self.path}: cannot read it: {error.strerror or error}") from error
        if len(data) != size * count:
            raise DatasetError(f"{self.path}: became shorter while it was read")
        return np.frombuffer(data, "<i2")[:: self.channels].astype(np.int16)

    def pieces(self, samples: int = PIECE_SAMPLES) -> Iterator[Samples]:
        """Yields the left channel, so many samples at a time; the last piece may be shorter."""
        for at in range(0, self.samples, samples):
            yield self.read(at, min(samples, self.samples - at))

    def whole(self) -> Samples:
        """Returns all of the left channel."""
        return self.read(0, self.samples)


def hops_of(pieces: Iterable[Samples], hop: int) -> Iterator[Samples]:
    """Yields the same sound in whole hops, and leaves out what is behind the last of them."""
    rest = np.zeros(0, np.int16)
    for piece in pieces:
        sound = np.concatenate((rest, piece)) if len(rest) else piece
        cut = len(sound) // hop * hop
        rest = sound[cut:]
        if cut:
            yield sound[:cut]


def write_stereo(file: BinaryIO, pieces: Iterable[Samples]) -> None:
    """Writes a wav that the interface board plays: the sound on both of its channels."""
    with wave.open(file, "wb") as clip:
        clip.setnchannels(2)
        clip.setsampwidth(2)
        clip.setframerate(SAMPLE_RATE_HZ)
        for piece in pieces:
            clip.writeframesraw(np.repeat(piece.astype("<i2"), 2).tobytes())


def _chunks(path: Path, file: BinaryIO) -> tuple[bytes, int, int]:
    """Returns the fmt chunk, where the samples begin, and how many bytes they are said to have."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise DatasetError(f"{path}: not a PCM wav file: it does not begin as one does")
    fmt = None
    for _ in range(_MOST_CHUNKS):
        name, size_bytes = file.read(4), file.read(4)
        if len(size_bytes) != 4:
            break
        size, begin = int.from_bytes(size_bytes, "little"), file.tell()
        if name == b"fmt ":
            fmt = file.read(min(size, 40))
            if len(fmt) < 16 or len(fmt) < min(size, 40):
                break
        elif name == b"data" and fmt is not None:
            return fmt, begin, size
        file.seek(begin + size + size % 2)  # chunks are even
    raise DatasetError(f"{path}: not a PCM wav file: the file ends in its header")


def _checked_format(path: Path, fmt: bytes, most_channels: int) -> int:
    """Returns the number of channels; DatasetError names all that is not as it must be."""
    tag, channels = (int.from_bytes(fmt[at : at + 2], "little") for at in (0, 2))
    rate_hz, bits = int.from_bytes(fmt[4:8], "little"), int.from_bytes(fmt[14:16], "little")
    if tag == _EXTENSIBLE and fmt[26:40] == _FORMAT_GUID:
        tag = int.from_bytes(fmt[24:26], "little")
    if tag != _PCM:
        what = _OTHER_FORMATS.get(tag, "a format of its own")
        raise DatasetError(f"{path}: not a PCM wav file: {what} (format {tag})")
    wrong = []
    if not 1 <= channels <= most_channels:
        wrong.append(f"{channels} channels")
    if bits != 16:
        wrong.append(f"{bits}-bit samples")
    if rate_hz != SAMPLE_RATE_HZ:
        wrong.append(f"{rate_hz} Hz")
    if wrong:
        expected = "mono" if most_channels == 1 else "mono or stereo"
        raise DatasetError(f"{path}: {', '.join(wrong)}; expected {expected}, 16-bit, 16000 Hz")
    return channels
