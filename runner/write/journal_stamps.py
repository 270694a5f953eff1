"""When the loads and answers of a journal were: its seconds, which a record only partly keeps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_LOAD = re.compile(rb'^\d{5,}\.\d{3} parser: Command "bload')
_STAMP = re.compile(rb"^(\d{5,}\.\d{3}) ")


class JournalStamps:
    """The journal's seconds of loads and answers, asked for line by line upwards."""

    def __init__(self, journal: Path) -> None:
        self._lines = self._walk(journal)
        self._number = 0
        self._load_s = self._last_s = 0.0

    def of(self, line: int) -> tuple[float, float]:
        """When the last load before this line began, and when the line was written."""
        while self._number < line and (text := next(self._lines, None)) is not None:
            self._number += 1
            if b'"bload' in text and _LOAD.match(text):
                self._load_s = self._seconds(text)
            elif self._number == line:
                self._last_s = self._seconds(text)
        return self._load_s, max(self._last_s, self._load_s)

    def _seconds(self, text: bytes) -> float:
        stamp = _STAMP.match(text)
        return float(stamp[1]) if stamp else self._load_s

    @staticmethod
    def _walk(journal: Path) -> Iterator[bytes]:
        with journal.open("rb") as stream:
            yield from stream
