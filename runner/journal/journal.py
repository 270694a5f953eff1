"""The journal: log.txt, written line by line as things happen, in the published format.

``00087.424 dut: m-ready`` is seconds on the session's own axis, the source, the text. A killed run
loses at most the step in flight: every step ends with a flush, and every few seconds the file is
forced to the disk as well.
"""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from ...dut_protocol.link.clock import Clock
from ..errors import JournalError
from .session_folder import sync_folder
from .stamps import EEMBC_STAMP, stamped

SYNC_INTERVAL_S = 5.0
"""Real time between two `fsync`: a power cut costs no more, and a fast run is not slowed."""

_TAIL_BYTES = 65536


class LogWriter(Protocol):
    """Takes lines as a log has them: the journal, or the console that shows them."""

    def write(self, source: str, text: str) -> None: ...

    def flush(self) -> None: ...


class Journal:
    """Writes a log. A context manager; closing flushes. JournalError where writing fails."""

    def __init__(self, path: Path, clock: Clock, *, resume: bool = False) -> None:
        self.path = path
        self._name = os.fspath(path)
        self._clock = clock
        self._offset_s = -clock.now_s()
        try:
            if resume:
                self._offset_s += last_stamp_s(path)
            torn = resume and _ends_torn(path)
            self._file = path.open("a" if resume else "x", encoding="utf-8", newline="\n")
            sync_folder(path.parent)
        except OSError as error:
            raise self._failed("opened", error) from error
        self._synced_s = time.monotonic()
        if torn:
            self._file.write("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(JournalError):  # what happened first is what to tell
            self.close()

    def write(self, source: str, text: str) -> None:
        if "\n" in text:  # an error of several lines; the log has one line an event
            text = " ".join(text.split())
        try:
            self._file.write(stamped(self._clock.now_s() + self._offset_s, source, text))
        except OSError as error:
            raise self._failed("written", error) from error

    def flush(self) -> None:
        """Hand everything to the system, so that not even `kill -9` loses it."""
        try:
            self._file.flush()
            if os.fstat(self._file.fileno()).st_nlink == 0:  # which never is so on Windows
                raise JournalError(
                    f"{self.path} was removed while the run wrote it: what comes now would be lost"
                )
            if not os.path.exists(self._name):
                raise JournalError(
                    f"{self.path} was moved away while the run wrote it: nobody would find what "
                    "comes now"
                )
            now_s = time.monotonic()
            if now_s - self._synced_s >= SYNC_INTERVAL_S:
                os.fsync(self._file.fileno())
                self._synced_s = now_s
        except OSError as error:
            raise self._failed("written", error) from error

    def close(self) -> None:
        if self._file.closed:
            return
        try:
            try:
                self._file.flush()
                os.fsync(self._file.fileno())
            finally:
                self._file.close()
        except OSError as error:
            raise self._failed("written", error) from error

    def _failed(self, what: str, error: OSError) -> JournalError:
        return JournalError(
            f"{self.path} cannot be {what}: {error.strerror or error}; see whether its disk is "
            "full or gone"
        )


def _tail(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        return file.read(_TAIL_BYTES)


def _ends_torn(path: Path) -> bool:
    tail = _tail(path)
    return bool(tail) and not tail.endswith(b"\n")


def has_a_step(log: Path) -> bool:
    """Tell whether a log has come to a numbered step."""
    if not log.is_file():
        return False
    with log.open("rb") as file:
        return any(b" sequencer: m-sequencing-i[" in line for line in file)


def last_stamp_s(path: Path) -> float:
    """Return the stamp of the last whole line, from where time goes on; 0 without one."""
    for line in reversed(_tail(path).split(b"\n")[:-1]):
        word = line.split(b" ", 1)[0]
        if re.fullmatch(EEMBC_STAMP, word):
            return float(word)
    return 0.0
