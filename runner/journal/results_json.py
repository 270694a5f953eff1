"""Reads `results.json` of MLCommons' runner, one entry per load and `infer`, one by one.

    [{"file": "tst_000000_Stop_7.bin", "classes": "12", "class": "7", "bytes_to_send": null,
      "stride": null, "total_length": null,
      "infer": {"start_time": 114879046, "end_time": 125741088, "results": [0.0, …],
                "elapsed_time": 10862042, "iterations": 250, "warmups": 1, …}, "mode": "p"}, …]

For ad every window is an entry, with the window's bytes, the stride and the number of windows
in the file as text or numbers. Entries with an ``error`` can hold nothing else. In energy mode
a ``power`` with the samples stands in each entry, so entries can be large. One that was made from
a journal of ours has the host's stamps as well, ``"tinyrunner": {"host_start_s": 0.147, …}``.

An object must say one thing: a key with two values would be read by each reader its own way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, TextIO

from ...energy.trace_files import MLCOMMONS_KEY
from ...errors import TinyrunnerError
from ..terms import Mode
from .reader import LogError, base_name
from .records import InferenceRecord

_CHUNK_CHARACTERS = 1 << 16
MAX_ENTRY_CHARACTERS = 1 << 24
"""The longest entry that is read: an energy entry holds a sample per millisecond, ten minutes are
about 6 MB."""
_MAX_OBJECTS = 1 << 17
"""Strings, lists and objects in an entry: more would fill the memory, and an honest one has tens
beside the numbers."""
_MAX_DEPTH = 100
"""Lists and objects within each other: an honest entry has four."""
_TRACE = ("samples", "timestamps")
_EXPECTED = "expected a list `[{…}, …]`"

_MODES = {"p": Mode.PERFORMANCE, "a": Mode.ACCURACY, "e": Mode.ENERGY}


@dataclass(frozen=True, slots=True)
class ResultsEntry:
    """Is one load and `infer`; times in the device's microseconds."""

    number: int
    file: str
    stride: int | None
    iterations: int
    warmups: int | None
    scores: tuple[float, ...]
    """Empty where it is no list of finite numbers."""
    start_us: int | None
    end_us: int | None
    elapsed_us: int | None
    mode: Mode | None
    start_host_s: float | None = None
    end_host_s: float | None = None
    """The host's stamps of start and end, where the file is one of ours."""
    throughput: float | None = None
    """Inferences a second as printed; None where there is none, or it is no finite number."""
    label: int | None = None
    """The file's ``class``, as the runner knew it."""
    captured: tuple[int, int] | None = None
    """Samples and time stamps of its trace, where it has one."""

    def merged(self, record: InferenceRecord) -> InferenceRecord:
        """Returns what the log says of the same inference, with this entry's exact numbers."""
        elapsed_s = None if self.elapsed_us is None else self.elapsed_us / 1e6
        return record._replace(
            iterations=self.iterations,
            warmups=self.warmups,
            scores=self.scores,
            start_us=self.start_us,
            end_us=self.end_us,
            start_host_s=self.start_host_s,
            end_host_s=self.end_host_s,
            printed_runtime_s=record.printed_runtime_s if elapsed_s is None else elapsed_s,
            unreadable="" if self.scores else record.unreadable or self._unreadable,
        )

    @property
    def _unreadable(self) -> str:
        return f"expected finite numbers as `infer.results` of entry {self.number}"


def read_entries(path: Path) -> Iterator[ResultsEntry | str]:
    """Yields each entry in order; a string is the text of an error entry without an inference."""
    for number, value in enumerate(read_elements(path), 1):
        yield to_entry(path, number, value)


def read_elements(path: Path, *, most_characters: int = MAX_ENTRY_CHARACTERS) -> Iterator[Any]:
    """Yields the elements of the file's top-level list, holding no more than one of them.

    ``most_characters`` is what an element may have. LogError where the text is none, or an element
    is more than can honestly be in it.
    """
    import ijson  # only a session with such a file needs it

    count = 0
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            bounded = _BoundedText(path, stream, most_characters)
            events = ijson.basic_parse(bounded, buf_size=_CHUNK_CHARACTERS, use_float=True)
            for element in _elements(path, events):
                count += 1
                bounded.begin_element()
                yield element
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror or error}") from error
    except TwoValuesError as error:
        raise LogError(f"{path}: {error}") from error
    except ijson.JSONError as error:
        where = f" behind entry {count}" * (count > 0)
        text = f"{path}: {_EXPECTED}, broken or cut off{where}: {_reason(error)}"
        raise LogError(text) from error


def _elements(path: Path, events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    """Yields each element of the outermost list, built from the parser's events."""
    first, value = next(events)
    if first != "start_array":
        found = "an object" if first == "start_map" else repr(value)
        raise LogError(f"{path}: {_EXPECTED}, found {found[:40]}")
    containers: list[list[Any]] = []
    for event, value in events:
        if value is None:  # a container's begin or end, or null
            if event == "start_map" or event == "start_array":
                if len(containers) == _MAX_DEPTH:
                    raise LogError(f"{path}: nested too deeply to be a results.json")
                containers.append([])
                continue
            if event == "end_map":
                members = containers.pop()
                value = one_value_a_key([*zip(members[::2], members[1::2], strict=True)])
            elif event == "end_array":
                if not containers:
                    continue  # the end of the list: behind it the parser allows nothing
                value = containers.pop()
        if containers:
            containers[-1].append(value)
        else:
            yield value


def _reason(error: Exception) -> str:
    """Returns what the parser says of broken text, in the words of our other errors."""
    text = error.args[0]
    if isinstance(text, bytes):  # its excerpt begins or ends within a character
        text = text.decode("utf-8", "replace")
    said, *drawing = str(text).splitlines()
    said = said.split(": ", 1)[-1].rstrip(".").replace("I expect", "expected").replace("'", "`")
    place = drawing[0].strip()[:80] if drawing else ""
    if "NaN" in place or "Infinity" in place:
        said += " (NaN and Infinity are no JSON: expected finite numbers)"
    return f"{said}, at {place!r}" if place else said


class _BoundedText:
    """Is a text file as the parser reads it; LogError where one element is too long for memory."""

    def __init__(self, path: Path, stream: TextIO, most_characters: int) -> None:
        self._path = path
        self._most_characters = most_characters
        self._stream = stream
        self.begin_element()

    def begin_element(self) -> None:
        """Counts anew; what was read already of the new element does not count."""
        self._characters = self._objects = 0

    def read(self, size: int) -> bytes:
        """Reads up to ``size`` characters, as UTF-8 whatever the file holds."""
        text = self._stream.read(size)
        self._characters += len(text)
        self._objects += sum(map(text.count, '"[{'))
        if self._characters > self._most_characters:
            text = f"{self._path}: an entry of more than {self._most_characters} characters"
            raise LogError(text)
        if self._objects > _MAX_OBJECTS:
            raise LogError(f"{self._path}: an entry of too many parts")
        return text.encode()


def to_entry(path: Path, number: int, value: object) -> ResultsEntry | str:
    """Returns an element as an entry, or the text of an error; LogError where it is neither."""
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
    if not isinstance(scores, list) or not all(map(_is_finite, scores)):
        scores = []
    iterations = _whole(path, number, "infer.iterations", infer.get("iterations"))
    if iterations is None:
        raise _wrong(path, number, "`infer.iterations`", None)
    mode = value.get("mode")
    throughput = infer.get("throughput")
    host = value.get(MLCOMMONS_KEY)
    stamps = host if isinstance(host, dict) else {}
    power = value.get("power")
    trace = power if isinstance(power, dict) else {}
    counts = [len(part) for key in _TRACE if isinstance(part := trace.get(key), list)]
    return ResultsEntry(
        number=number,
        file=base_name(file.encode("utf-8", "replace")),
        stride=_whole(path, number, "stride", value.get("stride")),
        iterations=iterations,
        warmups=_whole(path, number, "infer.warmups", infer.get("warmups")),
        scores=tuple(map(float, scores)),
        start_us=_whole(path, number, "infer.start_time", infer.get("start_time")),
        end_us=_whole(path, number, "infer.end_time", infer.get("end_time")),
        elapsed_us=_whole(path, number, "infer.elapsed_time", infer.get("elapsed_time")),
        mode=_MODES.get(mode) if isinstance(mode, str) else None,
        throughput=float(throughput) if throughput is not None and _is_finite(throughput) else None,
        label=_whole(path, number, "class", value.get("class")),
        captured=(counts[0], counts[1]) if len(counts) == len(_TRACE) else None,
        start_host_s=_seconds(path, number, "host_start_s", stamps.get("host_start_s")),
        end_host_s=_seconds(path, number, "host_end_s", stamps.get("host_end_s")),
    )


def _seconds(path: Path, number: int, name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        raise _wrong(path, number, f"finite seconds as `{MLCOMMONS_KEY}.{name}`", value)
    return float(value)


def _whole(path: Path, number: int, name: str, value: object) -> int | None:
    """Returns a whole number, which some versions of the runner write as text; null is None."""
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
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


class TwoValuesError(TinyrunnerError, ValueError):
    """Says that an object has a key twice, with different values."""


def one_value_a_key(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the object; TwoValuesError where a key is repeated with another value.

    It serves as the ``object_pairs_hook`` of ``json`` too.
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if found[key] != value:
                raise TwoValuesError(f"the key {key[:60]!r} twice in an object, with two values")
    return found
