"""Reads a log of any length in bounded memory: blocks of lines, and what every reader offers.

Logs come from many machines: lines end in LF or CR LF, bytes may be noise from a booting
board, and a broken device can write one endless line.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

from ...dut_protocol.wire.simulation import says_simulated
from ...errors import TinyrunnerError
from ..terms import Dialect
from .records import MAX_NOTES, InferenceRecord, LogFacts, StreamingRecord

CHUNK_BYTES = 1 << 18
MAX_LINE_BYTES = 1 << 20
"""The longest honest line is an accuracy step's with its path, under 1 kB."""

Observer = Callable[[bytes, int], None]
"""A function that sees each block of whole lines as it is read, and how many lines came before it.
"""

_STREAMING = ("sww", "strww")
"""How the ids of the streaming wake word begin."""

_T = TypeVar("_T")


class LogError(TinyrunnerError):
    """Says that a log cannot be understood: where, and what was expected there."""


class LineBlocks:
    """Yields whole lines, each with one LF, in blocks; ``count`` lines came before a block.

    They end where the log is known to be damaged.
    """

    def __init__(self, stream: BinaryIO, facts: LogFacts, observe: Observer | None = None) -> None:
        self._stream = stream
        self._facts = facts
        self._observe = observe
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        tail = b""
        dropping = False
        damage = self._facts.damage
        left = sys.maxsize if damage is None else damage.sound_bytes
        while chunk := self._stream.read(min(CHUNK_BYTES, left)):
            left -= len(chunk)
            if dropping:
                end = chunk.find(b"\n")
                if end < 0:
                    continue
                chunk = chunk[end:]
                dropping = False
            end = chunk.rfind(b"\n") + 1
            if end:
                block = tail + chunk[:end]
                if b"\r" in block:  # looking costs a twentieth of replacing nothing
                    block = block.replace(b"\r\n", b"\n")
                tail = chunk[end:]
                if self._observe is not None:
                    self._observe(block, self.count)
                yield block
                self.count += block.count(b"\n")
            else:
                tail += chunk
            if len(tail) > MAX_LINE_BYTES:
                tail = tail[:MAX_LINE_BYTES]
                dropping = True
                text = f"longer than {MAX_LINE_BYTES} bytes; the excess was dropped"
                remember(self._facts.notes, (self.count + 1, text))
        if tail:
            block = tail.removesuffix(b"\r") + b"\n"
            if self._observe is not None:
                self._observe(block, self.count)
            yield block
            self.count += 1


def remember(kept: list[_T], item: _T) -> None:
    """Append, unless the list is full."""
    if len(kept) < MAX_NOTES:
        kept.append(item)


class LogReader(ABC):
    """Yields a log's inferences, once; ``facts`` is complete when the log has ended."""

    def __init__(self, path: Path, dialect: Dialect, observe: Observer | None = None) -> None:
        self.path = path
        self._observe = observe
        self.facts = LogFacts(dialect)
        self._stream: BinaryIO | None = None
        self._records: Iterator[InferenceRecord] | None = None

    def __enter__(self) -> Self:
        try:
            self._stream = self.path.open("rb", buffering=0)
        except OSError as error:
            raise LogError(f"cannot read the log {self.path}: {error.strerror}") from error
        self._records = self._read(LineBlocks(self._stream, self.facts, self._observe))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def __iter__(self) -> Iterator[InferenceRecord]:
        if self._records is None:
            raise RuntimeError("a log is read inside its `with` block")
        return self._records

    @abstractmethod
    def _read(self, blocks: LineBlocks) -> Iterator[InferenceRecord]:
        """Yield the inferences, in the order of the log."""

    def _error(self, line: int, text: str) -> LogError:
        return LogError(f"{self.path}, line {line}: {text}", line, self.path)

    def _note_simulated(self, number: int, text: bytes) -> None:
        """Keep the line where it is the first in which the device says that it is simulated."""
        if self.facts.simulated_line is None and says_simulated(text):
            self.facts.simulated_line = number

    def _identify(self, seen: list[str], value: bytes) -> None:
        """Keep a name, profile or model id that was not seen before."""
        text = readable(value)
        if text not in seen:
            remember(seen, text)
            if seen is self.facts.model_ids and text.lower().startswith(_STREAMING):
                self.facts.streaming = self.facts.streaming or StreamingRecord(text)


def readable(text: bytes) -> str:
    """Return bytes as text whatever they are; at most 200 characters, enough to recognise them."""
    return text[:200].decode("utf-8", "replace")


def base_name(path: bytes) -> str:
    """Return the file's own name, whichever slashes its path has; no system's is longer."""
    return path.replace(b"\\", b"/").rpartition(b"/")[2][:1024].decode("utf-8", "replace")
