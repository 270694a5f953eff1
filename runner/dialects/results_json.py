"""`results.json` of MLCommons' runner: one entry per load and `infer`, read one by one.

    [{"file": "tst_000000_Stop_7.bin", "classes": "12", "class": "7", "bytes_to_send": null,
      "stride": null, "total_length": null,
      "infer": {"start_time": 114879046, "end_time": 125741088, "results": [0.0, …],
                "elapsed_time": 10862042, "iterations": 250, "warmups": 1, …}, "mode": "p"}, …]

For ad every window is an entry, with the window's bytes, the stride and the number of windows
in the file as text or numbers. Entries with an ``error`` can hold nothing else. In energy mode
a ``power`` with the samples stands in each entry, so entries can be large.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from ..log_reader import LogError, base_name
from ..session_log import Mode

_CHUNK_CHARACTERS = 1 << 16
_MAX_ENTRY_CHARACTERS = 1 << 27
"""An energy entry holds a sample per millisecond: ten minutes are about 6 MB."""

_MODES = {"p": Mode.PERFORMANCE, "a": Mode.ACCURACY, "e": Mode.ENERGY}


@dataclass(frozen=True, slots=True)
class Entry:
    """One load and `infer`; times in the device's microseconds."""

    number: int
    file: str
    stride: int | None
    iterations: int
    warmups: int | None
    scores: tuple[float, ...]
    start_us: int | None
    end_us: int | None
    elapsed_us: int | None
    mode: Mode | None


def read_entries(path: Path) -> Iterator[Entry | str]:
    """Each entry in order; a string is the text of an error entry without an inference."""
    for number, value in enumerate(_elements(path), 1):
        yield _entry(path, number, value)


def _elements(path: Path) -> Iterator[Any]:
    """The elements of the file's top-level list, without holding more than one of them."""
    decoder = json.JSONDecoder()
    with path.open(encoding="utf-8", errors="replace") as stream:
        text = stream.read(_CHUNK_CHARACTERS).lstrip("\ufeff \t\r\n")
        if not text.startswith("["):
            raise LogError(f"{path}: expected a list `[{{…}}, …]`, found {text[:40]!r}")
        text = text[1:].lstrip()
        first = True
        while True:
            while len(text) < 2 and (more := stream.read(_CHUNK_CHARACTERS)):
                text = (text + more).lstrip()
            if text.startswith("]"):
                return
            if not first:
                if not text.startswith(","):
                    raise LogError(f"{path}: expected `,` or `]`, found {text[:40]!r} (cut off?)")
                text = text[1:].lstrip()
            first = False
            size = _CHUNK_CHARACTERS
            while True:
                try:
                    value, end = decoder.raw_decode(text)
                    if end < len(text):  # a number at the very end could go on
                        break
                except json.JSONDecodeError as error:
                    if len(text) > _MAX_ENTRY_CHARACTERS:
                        raise LogError(f"{path}: an entry of more than {len(text)}") from error
                more = stream.read(size)
                if not more:
                    raise LogError(f"{path}: broken or cut off at {text[:60]!r}")
                text = (text + more).lstrip()
                size *= 2
            text = text[end:].lstrip()
            yield value


def _entry(path: Path, number: int, value: object) -> Entry | str:
    if not isinstance(value, dict):
        raise _wrong(path, number, "an object", value)
    infer = value.get("infer")
    if infer is None and value.get("error"):
        return str(value["error"])[:200]
    if not isinstance(infer, dict):
        raise _wrong(path, number, "an `infer` object", infer)
    file = value.get("file")
    if not isinstance(file, str):
        raise _wrong(path, number, "a `file` name", file)
    scores = infer.get("results")
    if not isinstance(scores, list) or not scores or not all(map(_is_finite, scores)):
        raise _wrong(path, number, "`infer.results` as a list of finite numbers", scores)
    iterations = _whole(path, number, "infer.iterations", infer.get("iterations"))
    if iterations is None:
        raise _wrong(path, number, "`infer.iterations`", None)
    mode = value.get("mode")
    return Entry(
        number=number,
        file=base_name(file.encode("utf-8", "replace")),
        stride=_whole(path, number, "stride", value.get("stride")),
        iterations=iterations,
        warmups=_whole(path, number, "infer.warmups", infer.get("warmups")),
        scores=tuple(float(score) for score in scores),
        start_us=_whole(path, number, "infer.start_time", infer.get("start_time")),
        end_us=_whole(path, number, "infer.end_time", infer.get("end_time")),
        elapsed_us=_whole(path, number, "infer.elapsed_time", infer.get("elapsed_time")),
        mode=_MODES.get(mode) if isinstance(mode, str) else None,
    )


def _whole(path: Path, number: int, name: str, value: object) -> int | None:
    """A whole number, which some versions of the runner write as text; null is None."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 20:
        return int(value)
    raise _wrong(path, number, f"a whole number as `{name}`", value)


def _is_finite(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return isfinite(value)
    except OverflowError:
        return False


def _wrong(path: Path, number: int, expected: str, found: object) -> LogError:
    return LogError(f"{path}, entry {number}: expected {expected}, found {str(found)[:80]!r}")
