"""Reads and writes `systems/<system>.json`: tolerantly read, written in the template's order.

The template spells the first of its two `Operating System` keys with a trailing space, and so do
all published files of v1.1 to v1.3: either spelling is read as the same key, that one is written.
Reading raises only for what is no description at all; what is odd about one is reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ....errors import TinyrunnerError
from .system_template import STATUSES, TEMPLATE, TEMPLATE_NAMES, template_name

__all__ = [
    "STATUSES",
    "TEMPLATE",
    "TEMPLATE_NAMES",
    "DuplicateKey",
    "OddKey",
    "SystemDescription",
    "SystemJsonError",
    "parse_system_json",
    "read_system_json",
    "system_json_bytes",
]

MAX_BYTES = 1_000_000
"""The largest description that is read; published ones have 2 kB."""


class SystemJsonError(TinyrunnerError, ValueError):
    """Says that a file is no system description; ``line`` where it has one to show."""


@dataclass(frozen=True, slots=True)
class DuplicateKey:
    """Is a key that stands there again (both spellings of Operating System are one key)."""

    key: str
    line: int
    """The line of the repetition."""
    equal: bool
    """Whether it has the value of the first one."""


@dataclass(frozen=True, slots=True)
class OddKey:
    """Is a key that is not the template's, or whose value is not text."""

    key: str
    line: int
    value: str
    """The value that stands there, shortened."""


@dataclass(frozen=True, slots=True)
class SystemDescription:
    """Holds a system description, and what is odd about it."""

    values: Mapping[str, str]
    """Text by key, the template's names without the stray space; of a repeated key the last."""
    lines: Mapping[str, int]
    """The line where each key stands first."""
    duplicates: tuple[DuplicateKey, ...]
    missing: tuple[str, ...]
    """Keys of the template that are not there."""
    unknown: tuple[OddKey, ...]
    """Keys that the template has not, such as `system_type`, which the official checker forbids."""
    not_text: tuple[OddKey, ...]
    """Keys whose value is no text; these are not in ``values``."""

    @property
    def status_known(self) -> bool:
        return self.values.get("Status", "").strip().lower() in STATUSES


def read_system_json(path: Path) -> SystemDescription:
    """Read a file; SystemJsonError where it is no JSON object in UTF-8, OSError as it comes."""
    with path.open("rb") as file:
        data = file.read(MAX_BYTES + 1)
    return parse_system_json(data)


def parse_system_json(data: bytes) -> SystemDescription:
    """Read a description from bytes; SystemJsonError where it is no JSON object in UTF-8."""
    if len(data) > MAX_BYTES:
        raise SystemJsonError(f"larger than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SystemJsonError(f"not UTF-8 text (byte {error.start})", line) from error
    pairs = _pairs(text)
    return _describe(pairs, list(_key_lines(text)))


def system_json_bytes(values: Mapping[str, str]) -> bytes:
    """Return the file's content: every key of the template in order; absent ones are empty."""
    unknown = sorted(set(values) - set(TEMPLATE_NAMES))
    if unknown:
        raise ValueError(f"not keys of the template: {', '.join(unknown)}")
    document = {key.written: values.get(key.name, "") for key in TEMPLATE}
    return (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode("utf-8")


class _Pairs(list[tuple[str, object]]):
    """Is a JSON object with its repetitions."""


def _pairs(text: str) -> _Pairs:
    try:
        # Integers as floats: a number of 5000 digits must not be an error of its own.
        value = json.loads(
            text, object_pairs_hook=_Pairs, parse_constant=_refuse_constant, parse_int=float
        )
    except json.JSONDecodeError as error:
        raise SystemJsonError(f"not JSON: {error.msg}", error.lineno) from error
    except RecursionError as error:
        raise SystemJsonError("nested too deeply to be a system description") from error
    if not isinstance(value, _Pairs):
        raise SystemJsonError(f"expected a JSON object, found {_shown(value)}")
    return value


def _refuse_constant(name: str) -> object:
    raise SystemJsonError(f"not JSON: {name} is no JSON value")


def _describe(pairs: _Pairs, key_lines: list[int]) -> SystemDescription:
    first: dict[str, object] = {}
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    duplicates, unknown, not_text = [], [], []
    for (written, value), line in zip(pairs, key_lines, strict=True):
        key = template_name(written)
        if key in first:
            equal = isinstance(value, str) and first[key] == value
            duplicates.append(DuplicateKey(_printable(key), line, equal))
        else:
            first[key], lines[key] = value, line
            if key not in TEMPLATE_NAMES:
                unknown.append(OddKey(_printable(key), line, _shown(value)))
        if isinstance(value, str) and _printable(value) == value:
            values[key] = value
        else:
            values.pop(key, None)
            not_text.append(OddKey(_printable(key), line, _shown(value)))
    missing = tuple(name for name in TEMPLATE_NAMES if name not in first)
    return SystemDescription(
        values, lines, tuple(duplicates), missing, tuple(unknown), tuple(not_text)
    )


_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]:\n]')


def _key_lines(text: str) -> Iterator[int]:
    """Find the line of each key of the outermost object, in order; ``text`` is valid JSON."""
    depth, line, last_string = 0, 1, 1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        elif token == ":":
            if depth == 1:
                yield last_string
        else:
            last_string = line


def _printable(text: str) -> str:
    """Drop halves of surrogate pairs, which JSON can escape and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _shown(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case _Pairs():
            return "an object"
        case list():
            return "a list"
        case str():
            text = repr(_printable(value[:60]))
        case _:
            text = f"{value:g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
