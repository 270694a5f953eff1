"""Reads files as the official checker does, in bounded memory and only where the tree is."""

from __future__ import annotations

import codecs
import io
import json
import re
from dataclasses import dataclass

from ....errors import TinyrunnerError
from ..evidence.tree import EntryKind, Tree
from .rules import Finder

MAX_TEXT_BYTES = 4 * 1024 * 1024
"""The most that is read of a file: published results have under 10 kB, descriptions under 5 kB."""
_SHORTEST_LINE = len(" AUC: 1")
"""No finder matches a shorter line; a file may be all line ends."""


class WouldCrash(TinyrunnerError):
    """Says where the official checker ends in a traceback."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path
        self.why = why


class Unreadable(TinyrunnerError):
    """Says why the checker could not have read a file either."""


class TooLarge(TinyrunnerError):
    """Says how large a file is that the checker would read, and that is not read here."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Is the last line of a file that a regular expression found."""

    groups: tuple[str, ...]
    line: int
    """The line's number, from 1."""


@dataclass(frozen=True, slots=True)
class Scan:
    """Holds what each regular expression found last."""

    hits: tuple[Hit | None, ...]
    cut: bool
    """Whether only the first MAX_TEXT_BYTES were looked at."""


def scan(tree: Tree, path: str, finders: tuple[Finder, ...]) -> Scan:
    """Apply finders to each line of a text file, either line end; Unreadable where it is none."""
    text, cut = _text(tree, path)
    last: list[tuple[re.Match[str], int] | None] = [None] * len(finders)
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if len(line) < _SHORTEST_LINE:
            continue
        for index, find in enumerate(finders):
            match = find(line)
            if match is not None:
                last[index] = (match, number)
    hits = tuple(None if one is None else Hit(tuple(one[0].groups()), one[1]) for one in last)
    return Scan(hits, cut)


def read_json(tree: Tree, path: str) -> object:
    """Read a JSON file as `json.load` does: the last of equal keys, NaN allowed.

    Unreadable where it would raise, TooLarge where it is not tried.
    """
    text, cut = _text(tree, path)
    if cut:
        size = tree.entries[path].size
        raise TooLarge(f"{size / 1e6:.1f} MB, of which JSON is not read here")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise Unreadable("JSON nested too deeply") from error
    except ValueError as error:
        raise Unreadable(f"no JSON: {error}") from error


def _text(tree: Tree, path: str) -> tuple[str, bool]:
    entry = tree.entries.get(path)
    if entry is None:
        raise Unreadable("there is no such file")
    if entry.kind is not EntryKind.FILE:
        raise Unreadable(f"it is a {entry.kind.value}, not a file")
    try:
        with tree.locate(path).open("rb") as file:
            data = file.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror or error}") from error
    cut = len(data) > MAX_TEXT_BYTES
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return decoder.decode(data[:MAX_TEXT_BYTES], final=not cut), cut
    except UnicodeDecodeError as error:
        raise Unreadable(f"it is not UTF-8: byte {error.start} ({error.reason})") from error
