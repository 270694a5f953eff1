"""Watches a log while its reader reads it: stamps, the session's id, names of users.

Users are named by home folders, in the paths of logs and scripts that are to be published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...journal.reader import remember
from ...terms import Dialect
from ...write.printed_results import PrintedFigure, PrintedResults, headline_of, parse_results
from ..evidence.findings import AuditFinding, Rule, violation, warning
from .script_check import ScriptFollower

_EVENT = re.compile(rb"m-session-(start|stop|resume)-id\[([^\]]{0,200})\]")
_EVENT_NEEDLE = b" session: m-session-"
_KIND_MASK = np.uint64(0xF0F0F0F0F0F0F0F0)
_FIVE_DIGITS = np.uint64(0x3030303030203030)
"""What the mask leaves of `00087.42`."""
_LONGER = np.array([0x3030303030302030, 0x3030303030303020], np.uint64)
"""What the mask leaves of `365036.2` and `1365036.`, which are looked at closely."""
_POINT_SHIFT, _BYTE, _POINT = np.uint64(16), np.uint64(0xFF), np.uint64(ord("."))
_STAMP_WIDTHS = (5, 6, 7)
"""Digits before a stamp's point: three more make up 115 days."""
_BACKWARDS_VIOLATION_S = 1.0
"""Stamps that run back by less are a warning: two threads of a runner may write a moment out of
order (no published one did)."""
_RESULTS_AGAIN = re.compile(rb"^-{20}\n", re.M)
"""The line of MLCommons' logs behind which results.txt stands once more."""
_MAX_RESULTS_BYTES = 1 << 16
_HEADLINES = (b"Median throughput is", b"Median energy cost is", b"Top 1% =", b"AUC =")


@dataclass(slots=True)
class _Stamps:
    """Tells whether an EEMBC log's stamps ever run backwards."""

    last_ms: int = -1
    line: int = 0
    """The first line that is behind the one before it."""
    count: int = 0
    worst_ms: int = 0

    def scan(self, block: bytes, before: int) -> None:
        text: npt.NDArray[np.uint8] = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(text == 10)
        starts = np.concatenate((np.zeros(1, ends.dtype), ends[:-1] + 1))
        if not self._in_order(block, starts):
            self._scan_closely(text, starts, before)

    def _in_order(self, block: bytes, starts: npt.NDArray[np.intp]) -> bool:
        """Tell whether the stamps, all of the usual five digits, plainly go on (to 10 ms)."""
        if len(block) < 10:
            return False
        # The first eight characters of every line as a number each: in the stamps' own order.
        heads: npt.NDArray[np.uint64] = np.ndarray(
            (len(block) - 7,), np.dtype(">u8"), block, strides=(1,)
        )
        found = heads[starts[starts < len(heads)]].astype(np.uint64)
        kinds = found & _KIND_MASK
        stamps = found[(kinds == _FIVE_DIGITS) & ((found >> _POINT_SHIFT) & _BYTE == _POINT)]
        if len(stamps) < len(found) and bool(np.isin(kinds, _LONGER).any()):
            return False
        if not len(stamps) or bool((stamps[1:] < stamps[:-1]).any()):
            return not len(stamps)
        first, last = (int(stamp).to_bytes(8, "big") for stamp in (stamps[0], stamps[-1]))
        if not (first[:5] + first[6:] + last[:5] + last[6:]).isdigit():
            return False
        if 10 * int(first[:5] + first[6:]) + 9 < self.last_ms:
            return False
        self.last_ms = max(self.last_ms, 10 * int(last[:5] + last[6:]))
        return True

    def _scan_closely(
        self, text: npt.NDArray[np.uint8], starts: npt.NDArray[np.intp], before: int
    ) -> None:
        times = np.full(len(starts), -1, np.int64)
        for width in _STAMP_WIDTHS:
            inside = starts + width + 4 < len(text)
            there = np.flatnonzero(inside)
            at = starts[there]
            stamped = (text[at + width] == ord(".")) & (text[at + width + 4] == ord(" "))
            there = there[stamped]
            if len(there):
                self._read(text, starts[there], width, times, there)
                if len(there) == len(starts):
                    break
        lines = np.flatnonzero(times >= 0)
        if not len(lines):
            return
        found = np.concatenate((np.array([self.last_ms]), times[lines]))
        back = np.diff(found)
        wrong = np.flatnonzero(back < 0)
        if len(wrong):
            if not self.count:
                self.line = before + int(lines[wrong[0]]) + 1
            self.count += len(wrong)
            self.worst_ms = max(self.worst_ms, -int(back.min()))
        self.last_ms = int(found[-1])

    def _read(
        self,
        text: npt.NDArray[np.uint8],
        at: npt.NDArray[np.intp],
        width: int,
        times: npt.NDArray[np.int64],
        places: npt.NDArray[np.intp],
    ) -> None:
        value = np.zeros(len(at), np.int64)
        digits = np.ones(len(at), np.bool_)
        for offset in (*range(width), width + 1, width + 2, width + 3):
            digit = text[at + offset] - np.uint8(ord("0"))  # wraps, so that no other is below 10
            digits &= digit < 10
            value = value * 10 + digit
        times[places] = np.where(digits, value, -1)


class LogWatch:
    """Watches as `open_log`'s observer, and is then asked for the findings."""

    def __init__(self, dialect: Dialect, script: ScriptFollower | None = None) -> None:
        self._eembc = dialect is Dialect.EEMBC
        self._script = script
        self.privacy = PrivacyScan()
        self._stamps = _Stamps()
        self._events: list[tuple[int, str, str]] = []
        self.headlines: list[PrintedFigure] = []
        """The figures that an MLCommons log ends with, as printed; the first hundred."""
        self._results_at: int | None = None
        """How many lines come before the results that an MLCommons log ends with."""
        self._results = b""

    def __call__(self, block: bytes, before: int) -> None:
        self.privacy(block, before)
        if not self._eembc:
            self._find_headlines(block, before)
            self._take_results(block, before)
            return
        self._stamps.scan(block, before)
        events = _EVENT_NEEDLE in block
        if events:
            self._find_events(block, before)
        if self._script is not None:
            self._script.scan(block, before, resumed=events)

    def _find_events(self, block: bytes, before: int) -> None:
        at = block.find(_EVENT_NEEDLE)
        while at >= 0:
            if match := _EVENT.match(block, at + 10):
                line = before + block.count(b"\n", 0, at) + 1
                kind, session_id = match[1].decode(), match[2].decode("utf-8", "replace")
                remember(self._events, (line, kind, session_id))
            at = block.find(_EVENT_NEEDLE, at + 1)

    def _find_headlines(self, block: bytes, before: int) -> None:
        for needle in _HEADLINES:
            at = block.find(needle)
            while at >= 0 and len(self.headlines) < 100:
                end = block.find(b"\n", at)
                text = block[at : min(end, at + 200)].decode("utf-8", "replace")
                figure = headline_of(text, before + block.count(b"\n", 0, at) + 1)
                if figure is not None:
                    self.headlines.append(figure)
                at = block.find(needle, end)

    def _take_results(self, block: bytes, before: int) -> None:
        if self._results_at is None and (rule := _RESULTS_AGAIN.search(block)):
            self._results_at = before + block.count(b"\n", 0, rule.end())
            block = block[rule.end() :]
        if self._results_at is not None:
            self._results += block[: _MAX_RESULTS_BYTES - len(self._results)]

    @property
    def results(self) -> PrintedResults:
        """Return the windows that an MLCommons log ends with, as printed; its figures are in
        ``headlines``.
        """
        lines = self._results.decode("utf-8", "replace").split("\n")
        return replace(parse_results(lines, self._results_at or 0), headlines=(), repeated=None)

    def findings(self, path: str, *, whole: bool) -> Iterator[AuditFinding]:
        """Return what is amiss in the log at ``path``; ``whole``: it was read to its end."""
        yield from self.privacy.findings(path)
        if not self._eembc:
            return
        stamps = self._stamps
        if stamps.count:
            kind = violation if stamps.worst_ms >= 1000 * _BACKWARDS_VIOLATION_S else warning
            yield kind(
                Rule.LOG,
                path,
                f"stamps run backwards {stamps.count} times, by {stamps.worst_ms / 1000:.3f} s "
                "at most",
                "each line as late as the one before it",
                stamps.line,
            )
        yield from self._about_ids(path)
        if whole and self._script is not None:
            yield from self._script.findings()

    def _about_ids(self, path: str) -> Iterator[AuditFinding]:
        starts = [event for event in self._events if event[1] == "start"]
        if not starts:
            yield violation(Rule.SESSION_ID, path, "no m-session-start-id", "one at the beginning")
            return
        first = starts[0][2]
        if len(starts) > 1:
            line, _, other = starts[1]
            yield violation(
                Rule.SESSION_ID,
                path,
                f"a second session, {other}, begins in the log of session {first}",
                "one session a log",
                line,
            )
        for line, kind, session_id in self._events:
            if kind != "start" and session_id != first:
                yield violation(
                    Rule.SESSION_ID,
                    path,
                    f"m-session-{kind}-id of {session_id}",
                    f"of {first}, as the session began",
                    line,
                )


_SHARED = frozenset({b"shared", b"public", b"default", b"all users"})
"""Folders beside the users' that are nobody's."""


@dataclass(slots=True)
class _Kind:
    """Is one way to write a home folder, and what of it was found."""

    needle: bytes
    pattern: re.Pattern[bytes]
    of_users: bool
    """Whether the needle holds `Users`: one look serves both."""
    home: bytes | None = None
    line: int = 0
    count: int = 0

    def scan(self, block: bytes, before: int) -> None:
        if self.home is not None:
            self.count += block.count(self.home)
            return
        at = block.find(self.needle)
        while at >= 0:
            match = self.pattern.search(block, max(0, at - 4), at + 100)
            if match is not None and match[1].lower() not in _SHARED:
                self.home = match[0]
                self.line = before + block.count(b"\n", 0, match.start()) + 1
                self.count = block.count(self.home, match.start())
                return
            at = block.find(self.needle, at + len(self.needle))


class PrivacyScan:
    """Sees a file's lines block by block, as a log's reader hands them out."""

    def __init__(self) -> None:
        self._kinds = (
            _Kind(b"/home/", re.compile(rb"/home/([^/\s\"'\\\]]{1,64})/"), False),
            _Kind(b"/Users/", re.compile(rb"/Users/([^/\s\"'\\\]]{1,64})/"), True),
            _Kind(
                b"Users\\",
                re.compile(rb"[A-Za-z]:\\{1,2}Users\\{1,2}([^\\/:\"'\r\n]{1,64})\\"),
                True,
            ),
        )

    def __call__(self, block: bytes, before: int) -> None:
        """Look at whole lines; ``before`` lines came in front of them."""
        users = b"Users" in block
        for kind in self._kinds:
            if users or not kind.of_users:
                kind.scan(block, before)

    def findings(self, path: str) -> Iterator[AuditFinding]:
        """Return a warning for each kind of home folder that the file at ``path`` holds."""
        for kind in self._kinds:
            if kind.home is not None:
                home = kind.home.decode("utf-8", "replace")
                yield warning(
                    Rule.PRIVACY,
                    path,
                    f"a user's home folder, {home} ({kind.count} times)",
                    "no user names; write ~ in its place",
                    kind.line,
                )
