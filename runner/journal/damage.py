"""Finds where a log of our own was damaged by what it stands on: a power failure, a bad disk.

The journal's lines have one form, their stamps never go back, their steps follow one another, and
nothing stands behind the session's end but its continuation. A kill leaves that true of all but a
torn last line. NULs (a file's length came to the disk, its content did not), a block of older data
or a lost one break it, and what stands from there on is not to be read.

Nothing is known of a log that somebody else wrote: noise of a device may stand anywhere in it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .journal import last_stamp_s
from .session_folder import DOCUMENT_NAME, spare_name, sync_folder
from .stamps import EEMBC_STAMP, stamped

_CHUNK_BYTES = 1 << 18
_CLOSE_BYTES = 1 << 18
"""The end of a log is where it is damaged; this much of it is looked at line by line."""

_LONGEST_LINE = 1 << 20
"""Bytes; ours have less than 100 kB, those of a thousand scores."""
_BLOCK_BYTES = 4096
"""What file systems write at once: older data begins at a multiple of it, and may happen to fit to
the line that is cut there."""

_RUNNER = re.compile(
    rb"^" + EEMBC_STAMP + rb" parser: m-(?:bmark-run-name|version)\[([^\]\n]*)", re.M
)
_OURS = b"tinyrunner "
_WHOLE_LINES = re.compile(rb"(?:[0-9.]++ [a-z-]++: .*+\n)*+")
_STAMP = re.compile(EEMBC_STAMP)
_LINE = re.compile(rb"(" + EEMBC_STAMP + rb") [a-z-]++: [^\0\n]*+")
_BEGUN_LINE = re.compile(rb"\d*(?:\.\d{0,3}(?: [a-z-]*+(?:: ?[^\0\n]*+)?)?)?")
_EVENT = re.compile(
    rb" (?:sequencer: m-sequencing-i\[(?P<step>\d{1,18})\]"
    rb"|session: m-session-(?P<kind>start|stop|resume)-id\[(?P<id>[^\]\n]*)\]"
    rb"(?:-step\[(?P<resumed>\d{1,18}|end)\])?"
    rb"|session: m-session-retry-step\[(?P<retried>\d{1,18})\])"
)
"""What the lines behind a stamp say of steps and sessions."""

_RESUMED = b" session: m-session-resume-id["
_ID = re.compile(rb'"session_id": *"(\d{1,20})"')
_HEAD_BYTES = 4096
_TIMES = re.compile(rb"-ms\[(-?\d{1,15})\]-acc\[(-?\d{1,15})\]-total_ms\[(\d{1,15})\]$")
_SEQUENCING = b" sequencer: m-sequencing-i["
_COMMAND = b' parser: Command "'
_ASIDE = (b" session: m-session-", b" parser: m-note[")
"""What may stand between a step and its command: why the run ended there."""
_NULS = "there are NULs in it"
_BEHIND_THE_END = "it stands behind the end of its session"


@dataclass(frozen=True, slots=True)
class Damage:
    """Says where a log stops to be what was written, and how that shows."""

    line: int
    """The first line, from 1, that cannot be what was written."""
    what: str
    """What is wrong with that line, as a clause."""
    sound_bytes: int
    """Bytes of whole lines in front that can be relied on; fewer than stand before that line, where
    something older may stand before it and look right."""
    ended: bool
    """Whether the session had ended before it."""


def find_damage(log: BinaryIO, session_id: str | None = None) -> Damage | None:
    """Return where a log was damaged; None where it was not, or is not of our own.

    ``session_id`` is that of the session.json beside it, which makes it one of our own: the lines
    that tell may be among those that are gone.
    """
    log.seek(0)
    runner = _RUNNER.search(log.read(_CHUNK_BYTES))
    if session_id is None if runner is None else not runner[1].startswith(_OURS):
        return None
    close = log.seek(0, os.SEEK_END) - _CLOSE_BYTES
    log.seek(0)
    watch = _Watch(session_id, None if runner is None else 0)
    for at, block in _blocks(log):
        plain = at < close and b"\0" not in block and _WHOLE_LINES.fullmatch(block) is not None
        if not (watch.steps(block, at) if plain else watch.lines(block, at)):
            return Damage(watch.line, watch.what, watch.sound_bytes(log), watch.ended)
    return None


def _blocks(log: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of whole lines, each with its place; only the last may lack a line end."""
    at, rest = 0, b""
    while chunk := log.read(_CHUNK_BYTES):
        rest += chunk
        end = rest.rfind(b"\n") + 1
        if end:
            yield at, rest[:end]
            at, rest = at + end, rest[end:]
        if len(rest) > _LONGEST_LINE:
            break  # which is no line of ours: NULs without end, say
    if rest:
        yield at, rest


def id_beside(log: Path) -> str | None:
    """Return the id in the session.json beside a log, empty where it is hidden; None without one.

    Its text is searched, for it may be damaged, too.
    """
    try:
        with log.with_name(DOCUMENT_NAME).open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError:
        return None
    found = _ID.search(head)
    return "" if found is None else found[1].decode()


def set_damage_aside(log: Path) -> str:
    """Cut what is damaged off a log of our own, keep it beside it, and note that in the log.

    What was done is said in a sentence; nothing is where there was nothing to do.
    """
    with log.open("rb") as file:
        damage = find_damage(file, id_beside(log))
        if damage is None:
            return ""
        file.seek(damage.sound_bytes)
        kept = spare_name(log)
        with kept.open("xb") as copy:
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
        sync_folder(kept.parent)
    said = (
        f"the log was damaged from line {damage.line} on ({damage.what}); what stood there is in "
        f"{kept.name}, and what was measured before stands"
    )
    with log.open("r+b") as file:
        file.truncate(damage.sound_bytes)
        if damage.sound_bytes and not damage.ended:  # else nothing is to follow, or all of it
            file.seek(0, os.SEEK_END)
            file.write(stamped(last_stamp_s(log), "parser", f"m-note[{said}]").encode())
        file.flush()
        os.fsync(file.fileno())
    return f"{log}: {said}"


class _Watch:
    """Holds a log's lines against those before them; false where one cannot be."""

    def __init__(self, session_id: str | None, step: int | None) -> None:
        self.line = 0
        """The lines that were looked at; the last is the wrong one where one is."""
        self.what = ""
        self._at = 0
        self._stamp_s = 0.0
        self._step = step
        """The step that goes on; None where the next may have any number."""
        self._begun: deque[int] = deque([0, 0], maxlen=2)
        """Where the last two steps begin."""
        self._session = session_id.encode() if session_id else None
        self._started = False
        self._begins = False
        """Whether the line before begins a step: then its command follows."""
        self._times = b""
        """The line that began the step, with its time-out and those of all."""
        self._endless = [0]
        """How many of so many steps have no time-out."""
        self.ended = False
        self._torn = False
        """Whether the line before is cut: only a continuation may follow."""

    def steps(self, block: bytes, at: int) -> bool:
        """Look at the beginnings of steps and sessions, in a block of whole lines."""
        before = self.line
        for event in _EVENT.finditer(block):
            start = block.rfind(b"\n", 0, event.start()) + 1
            if not _STAMP.fullmatch(block, start, event.start()):
                continue  # a device can say anything
            self._at = at + start
            self.what = self._wrong_event(event, block[start : block.find(b"\n", start)])
            if self.what:
                self.line = before + block.count(b"\n", 0, start) + 1
                return False
        self.line = before + block.count(b"\n")
        self._begins = block.find(_SEQUENCING, block.rfind(b"\n", 0, -1) + 1) >= 0
        return True

    def lines(self, block: bytes, at: int) -> bool:
        """Look at each line."""
        *whole, rest = block.split(b"\n")
        for line in whole:
            self.line, self._at = self.line + 1, at
            self.what = self._wrong(line)
            if self.what:
                return False
            at += len(line) + 1
        if rest:  # cut by whatever ended the program
            self.line, self._at = self.line + 1, at
            self.what = self._wrong(rest)
        return not self.what

    def _wrong(self, line: bytes) -> str:
        if b"\0" in line:
            return _NULS
        match = _LINE.fullmatch(line)
        event = _EVENT.match(line, 0 if match is None else match.end(1))
        if event is None and _RESUMED in line:  # behind what is left of a line that is cut
            event = _EVENT.search(line)
        resumed = event is not None and event["kind"] == b"resume"
        if not resumed:
            if self.ended:
                return _BEHIND_THE_END
            if self._torn:
                return "the line before it is cut"
        self._torn = match is None and event is None
        if self._torn:
            return _not_begun(line)
        if match is not None and not resumed and self._step is not None:
            text = line[match.end(1) :]
            self._torn = self._begins and text != _COMMAND and _COMMAND.startswith(text)
            other = text.startswith(_COMMAND) is not self._begins
            if other and not self._torn and not text.startswith(_ASIDE):
                return "a step has a command of its own, and one only"
        self._begins = event is not None and event["step"] is not None
        stamp_s = self._stamp_s if match is None else float(match[1])
        if stamp_s < self._stamp_s and not resumed:  # that goes on from the last whole line
            return f"its time stamp goes back, from {self._stamp_s:.3f} s to {stamp_s:.3f} s"
        self._stamp_s = stamp_s
        return "" if event is None else self._wrong_event(event, line)

    def _wrong_event(self, event: re.Match[bytes], line: bytes) -> str:
        session = event["id"]
        if session is not None:
            another = self._session is not None and session != self._session
            if another or (event["kind"] == b"start" and self._started):
                return "it is of another session"
            self._session, self._started = session, True
            self.ended = event["kind"] == b"stop"
            if self.ended and not self._is_last_step():
                return f"the session ends behind step {self._step}, which is not the last"
        again = event["retried"] or event["resumed"]
        if event["step"] is not None:
            number = int(event["step"])
            if self._step is not None and number != self._step + 1:
                return f"step {number} stands behind step {self._step}"
            self._step = number
            self._begun.append(self._at)
            self._times = line
            del self._endless[number:]
            self._endless.append(self._endless[-1] + (b"-ms[-1]-" in line))
        elif again is not None and again != b"end":
            number = int(again)
            if self._step is not None and not 1 <= number <= self._step + 1:
                return f"it goes back to step {number} from step {self._step}"
            self._step = number - 1
        elif event["kind"] == b"resume" and again is None:
            self._step = None  # as the first version wrote it
        return ""

    def _is_last_step(self) -> bool:
        """Tell whether the time-outs of the steps so far are those of all."""
        times = _TIMES.search(self._times)
        if times is None or self._step is None or len(self._endless) != self._step + 1:
            return True
        ms, acc, total = map(int, times.groups())
        # Of the steps without a time-out, the present one included, each is -1 in the sum.
        return acc + ms + self._endless[-1] == total

    def sound_bytes(self, log: BinaryIO) -> int:
        """Return how much of the log is sound, once it is known what is wrong."""
        if self.what in (_NULS, _BEHIND_THE_END):
            return self._at
        block = self._at - self._at % _BLOCK_BYTES
        start = max(0, block - _CLOSE_BYTES)
        log.seek(start)
        whole = log.read(block - start).rfind(b"\n") + 1
        return min(self._begun[0], start + whole)


def _not_begun(line: bytes) -> str:
    """Say what is wrong with a line if it is not even the beginning of one."""
    if _BEGUN_LINE.fullmatch(line):
        return ""
    return _NULS if b"\0" in line else "it is no line of a log"
