"""Public data sets in small: wav clips made by the tests, and label lists for them."""

from __future__ import annotations

import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tinyrunner.datasets.labels import LabelList, parse_labels
from tinyrunner.models.suite import Task


def write_wav(
    path: Path, samples: np.ndarray, *, rate_hz: int = 16000, channels: int = 1, width: int = 2
) -> Path:
    """A PCM file; samples of another width than two bytes are zeros, as many."""
    data = samples.astype("<i2").tobytes() if width == 2 else bytes(width * len(samples))
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as clip:
        clip.setnchannels(channels)
        clip.setsampwidth(width)
        clip.setframerate(rate_hz)
        clip.writeframes(data * channels)
    return path


def extensible(path: Path, *, subformat: int = 1, valid_bits: int | None = None) -> Path:
    """Gives a plain wav file the header that Windows' and many other programs write.

    A chunk of an odd size stands in front of it, as editors leave them there.
    """
    data = path.read_bytes()
    fmt = data[20:36]
    bits = int.from_bytes(fmt[14:16], "little")
    guid = subformat.to_bytes(2, "little") + bytes.fromhex("000000001000800000aa00389b71")
    extended = b"\xfe\xff" + fmt[2:] + (22).to_bytes(2, "little")
    extended += (bits if valid_bits is None else valid_bits).to_bytes(2, "little")
    extended += (4).to_bytes(4, "little") + guid
    body = b"WAVEJUNK\x03\0\0\0abc\0fmt " + len(extended).to_bytes(4, "little") + extended
    body += data[36:]
    path.write_bytes(b"RIFF" + len(body).to_bytes(4, "little") + body)
    return path


def sawtooth(count: int, seed: int = 1) -> np.ndarray:
    """A rising tone with an even noise on it, by integer arithmetic: the same everywhere."""
    n = np.arange(count, dtype=np.int64)
    return (n * n // 50 % 4001 - 2000) + (n * (7919 + 2 * seed) % 601 - 300)


def labels_of(task: Task, names: Iterable[str], label: int = 0) -> LabelList:
    """A list of these files, all with one label."""
    windows = f",{task.input_bytes},{task.stride_bytes}" if task.stride_bytes else ""
    rows = (f"{name},{task.class_count},{label}{windows}\n" for name in names)
    return parse_labels("".join(rows), task, "list.csv")
