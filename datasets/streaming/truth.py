"""Reads the truth of a recording for a streaming task: when the wake word is spoken in it.

It is a list of recordings, as MLCommons' runner has them beside the sound
(``sww01/sww_long_test.json``)::

    [{"wav_file": "long_wav.wav", "length_sec": 1200.0, "sample_rate": 16000,
      "detection_windows": [[9.457699148021609, 10.105324148021609], …]}]

A window is begin and end of a word, in seconds from the recording's first sample.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from pathlib import Path
from typing import Any, TypeGuard

from ...models.suite import StreamingTask
from ..errors import DatasetError

MAX_TRUTH_BYTES = 2 << 20
"""The largest file that is read; the official one has 3 kB."""
MAX_WORDS = 1_000
"""Twenty times as many as the official recording has."""
LENGTH_TOLERANCE_S = 0.05
"""A recording of a length that differs by more is another one."""


@dataclass(frozen=True, slots=True)
class StreamingTruth:
    """A truth names a recording and the windows of its words; times in seconds."""

    wav_file: str
    windows_s: tuple[tuple[float, float], ...]
    length_s: float
    sample_rate_hz: int
    source: str
    """Where it was read from."""

    @property
    def sha256(self) -> str:
        """Returns a hash over name, length and windows: how the file is laid out does not count."""
        return _sha256(self.wav_file, self.length_s, self.windows_s)

    def lasts(self, length_s: float) -> bool:
        """Tells whether the recording is that long, as far as a log tells."""
        return abs(self.length_s - length_s) <= LENGTH_TOLERANCE_S

    def words_alike(self, other: StreamingTruth) -> bool:
        """Tells whether it is the same recording with the same words, wherever it was read from."""
        return (self.wav_file, self.length_s, self.windows_s) == (
            other.wav_file,
            other.length_s,
            other.windows_s,
        )

    def entry(self) -> dict[str, Any]:
        """Returns it as an entry of such a file, which MLCommons' runner reads."""
        return {
            "wav_file": self.wav_file,
            "detection_windows": [list(window) for window in self.windows_s],
            "length_sec": self.length_s,
            "sample_rate": self.sample_rate_hz,
        }

    @property
    def is_official(self) -> bool:
        """Tells whether it is that of the rounds' recording, long_wav.wav."""
        return self.sha256 == OFFICIAL_SHA256


@lru_cache(maxsize=16)
def _sha256(wav_file: str, length_s: float, windows_s: tuple[tuple[float, float], ...]) -> str:
    text = json.dumps([wav_file, length_s, windows_s])
    return hashlib.sha256(text.encode()).hexdigest()


OFFICIAL_SHA256 = "d51f058c0a7620f2be2ee8b2ddf0d78a1d6c4082a4b820bad4ee7a31a1494db8"
"""That of ``sww_long_test.json`` in mlcommons/tiny (``benchmark/runner/sww_data_dir``)."""


def truths_folder(root: Path, task: StreamingTask) -> Path:
    """Returns the folder of a task's recordings: ``root/<model id>``, or ``root`` itself."""
    folder = root / task.model_id
    return folder if folder.is_dir() else root


def read_truths(path: Path) -> tuple[StreamingTruth, ...]:
    """Reads the recordings that a file describes; DatasetError where it does not."""
    try:
        size = path.stat().st_size
        if size > MAX_TRUTH_BYTES:
            raise DatasetError(f"{path}: {size} bytes; more than {MAX_TRUTH_BYTES} are not read")
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise DatasetError(f"{path}: no JSON: {error}") from error
    if not isinstance(found, list) or not found:
        raise _wrong(str(path), "a list of recordings such as sww_long_test.json", found)
    return tuple(truth_of(one, f"{path}, entry {count}") for count, one in enumerate(found, 1))


def truth_of(value: object, source: str) -> StreamingTruth:
    """Returns the truth in an entry of such a file, or of a results.json; else DatasetError."""
    if not isinstance(value, dict):
        raise _wrong(source, "an object", value)
    name, windows = value.get("wav_file"), value.get("detection_windows")
    length_s, rate_hz = value.get("length_sec"), value.get("sample_rate")
    if not isinstance(name, str) or not name:
        raise _wrong(source, "the recording's name as `wav_file`", name)
    if not _is_number(length_s) or not length_s > 0:
        raise _wrong(source, "seconds as `length_sec`", length_s)
    if not _is_number(rate_hz) or not rate_hz > 0:
        raise _wrong(source, "Hz as `sample_rate`", rate_hz)
    if not isinstance(windows, list) or len(windows) > MAX_WORDS:
        raise _wrong(source, "`detection_windows` as [[begin, end], …]", windows)
    pairs = []
    for pair in windows:
        if not isinstance(pair, list) or len(pair) != 2 or not all(map(_is_number, pair)):
            raise _wrong(source, "a window as [begin, end] in seconds", pair)
        if not 0 <= pair[0] < pair[1] <= length_s:
            raise _wrong(source, f"a window within the {length_s:g} s of {name[:80]}", pair)
        pairs.append((float(pair[0]), float(pair[1])))
    return StreamingTruth(name, tuple(pairs), float(length_s), int(rate_hz), source)


def truth_text(truth: StreamingTruth) -> str:
    """Returns a truth as the JSON that MLCommons' runner reads."""
    return json.dumps([truth.entry()], indent=1)


def truth_for(
    wav_file: str, truths: Iterable[StreamingTruth], length_s: float | None = None
) -> StreamingTruth | None:
    """Returns the truth of the recording that was played; None where none is of this name.

    DatasetError where the one of this name is of a recording of another length.
    """
    for truth in truths:
        if truth.wav_file == wav_file:
            if length_s is not None and not truth.lasts(length_s):
                raise DatasetError(
                    f"{truth.source}: it is of a {wav_file} of {truth.length_s:g} s, and one of "
                    f"{length_s:g} s was played; give the truth that belongs to the recording"
                )
            return truth
    return None


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < 1 << 53 and isfinite(value)


def _wrong(source: str, expected: str, found: object) -> DatasetError:
    return DatasetError(f"{source}: expected {expected}, found {str(found)[:80]!r}")
