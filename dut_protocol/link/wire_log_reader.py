"""Reads a wire log back; :mod:`.wire_log` says what it looks like."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from .transport import READ_BYTES
from .wire_log import BEGINNING, FORMAT, FROM_DEVICE, TO_DEVICE, WireLogBeginning, WireLogError

MAX_LINE_BYTES = 4 * READ_BYTES + 100
"""The longest honest line: a whole read, each byte of it escaped."""

_EVENT = re.compile(rb"(\d{1,12}\.\d{6}) ([<>])([a-z]{0,16}) ([ -~]*)")
_WIRE = re.compile(rb"# \d{1,12}\.\d{6} wire ([a-z]{1,16}) at ([ -~]*)")
_LAYER = re.compile(rb"# layer (\d{1,3}) ([ -~]*)")
_ESCAPES = re.compile(rb"(?:[^\\]|\\[\\rnt]|\\x[0-9a-f]{2})*+")
"""A text in which each backslash begins one of the escapes."""


class Direction(Enum):
    TO_DEVICE = TO_DEVICE.decode()
    FROM_DEVICE = FROM_DEVICE.decode()


@dataclass(frozen=True, slots=True)
class WireEvent:
    """Says what one write or one read moved."""

    at_s: float
    """Seconds on the bench's clock; six decimals."""
    direction: Direction
    data: bytes
    wire: str = ""
    """The name of the wire, where the bench had several."""


@dataclass(frozen=True, slots=True)
class NamedWire:
    """Says what was at the other end of a wire, from here on."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class LayerName:
    """Says what a model file calls a layer that the device timed, which it may not know itself."""

    number: int
    name: str


WireLogEntry = WireLogBeginning | NamedWire | LayerName | WireEvent


class WireLogReader:
    """Yields what was written and read, in order, and the log's beginnings, wires and layers.

    A line that a killed run cut is left out and counted. WireLogError names the line of anything
    else that is wrong.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut_lines = 0
        self.line = 0
        """The line that was handed out last, from 1."""

    def __iter__(self) -> Iterator[WireLogEntry]:
        try:
            with self.path.open("rb") as file:
                yield from self._read(file)
        except OSError as error:
            raise WireLogError(
                f"cannot read the wire log {self.path}: {error.strerror or error}"
            ) from error

    def _read(self, file: BinaryIO) -> Iterator[WireLogEntry]:
        self.line = self.cut_lines = 0
        doubtful: WireLogError | None = None
        while raw := file.readline(MAX_LINE_BYTES):
            self.line += 1
            line = raw.rstrip(b"\r\n")
            beginning = BEGINNING.fullmatch(line)
            if beginning is not None:
                self.cut_lines += doubtful is not None
                doubtful = None
                yield self._beginning(beginning)
                continue
            if doubtful is not None:
                raise doubtful
            if self.line == 1:
                raise self._error("no wire log: it does not begin with `# tinyrunner … wire log`")
            if not raw.endswith(b"\n") and len(raw) < MAX_LINE_BYTES:
                self.cut_lines += 1
            elif not line.startswith(b"#"):
                try:
                    event = self._event(line)
                except WireLogError as error:
                    doubtful = error  # cut, if a beginning follows
                else:
                    yield event
            elif (named := _WIRE.fullmatch(line)) is not None:
                address = self._bytes(named[2]).decode("utf-8", "replace")
                yield NamedWire(named[1].decode("ascii"), address)
            elif (layer := _LAYER.fullmatch(line)) is not None:
                yield LayerName(int(layer[1]), self._bytes(layer[2]).decode("utf-8", "replace"))
        if doubtful is not None:
            raise doubtful
        if self.line == 0:
            raise WireLogError(f"{self.path} is empty: no wire log")

    def _beginning(self, match: re.Match[bytes]) -> WireLogBeginning:
        version, number, clock, baud_rate, begun, address = match.groups()
        if int(number) > FORMAT:
            raise self._error(f"a wire log of format {int(number)}; this tinyrunner reads {FORMAT}")
        return WireLogBeginning(
            version.decode("latin-1"),
            clock.decode("latin-1"),
            int(baud_rate),
            begun.decode("latin-1"),
            self._bytes(address).decode("utf-8", "replace"),
        )

    def _event(self, line: bytes) -> WireEvent:
        match = _EVENT.fullmatch(line)
        if match is None:
            shown = line[:80].decode("latin-1")
            raise self._error(f"expected `SECONDS > BYTES` or `SECONDS < BYTES`, found {shown!r}")
        at_s, direction, wire, text = match.groups()
        way = Direction(direction.decode())
        return WireEvent(float(at_s), way, self._bytes(text), wire.decode("ascii"))

    def _bytes(self, text: bytes) -> bytes:
        if b"\\" not in text:
            return text
        if not _ESCAPES.fullmatch(text):
            raise self._error("a backslash that begins none of \\\\, \\r, \\n, \\t and \\xff")
        return text.decode("unicode_escape").encode("latin-1")

    def _error(self, text: str) -> WireLogError:
        return WireLogError(f"{self.path}, line {self.line}: {text}", self.line, self.path)


def is_wire_log(path: Path) -> bool:
    """Tell whether the file begins as a wire log does; OSError where it cannot be read."""
    with path.open("rb") as file:
        return BEGINNING.match(file.readline(READ_BYTES)) is not None
