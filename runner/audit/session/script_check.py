"""Checks script.async against the log: what the log shows being run is what the script says.

    00087.424 sequencer: m-sequencing-i[5]-command[bload dut "…"]-ack[/parser: m-ready/]-ms[7840]
    -acc[20000]-total_ms[59200]

stands in the log (as one line) for each step from `version` on; the steps before it ran before
the log began. Scripts of EEMBC's runner 1.0.0 (round v0.5) have no `version`: there the log begins
behind the mounts and the first profile. Steps without `ms` have the time-out that the runner was
set to, one value in a session; it stands in the log alone.

A session of ours that was killed goes on behind `m-session-resume-id[…]-step[N]`
with step N, one whose link failed behind `m-session-retry-step[N]`. An ad script has 97,216
steps, so that they are followed and not held.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path

from ...script.parser import StepBatch, step_batches
from ...script.script import DEFAULT_MS, NO_TIMEOUT_MS, ScriptError, Step
from ..evidence.findings import AuditFinding, Rule, violation

MAX_SCRIPT_BYTES = 24 << 20
"""The largest script that is read: the whole ad list with paths of 150 characters takes 17 MB."""

_MARK_TEXT = b" sequencer: m-sequencing-i["
_MARK = re.compile(re.escape(_MARK_TEXT))
"""The mark of a numbered step. It is a pattern, because one search of bytes after the other takes
ten times as long."""
_RESUME = re.compile(rb"session: m-session-(?:resume-id\[[^\]\n]{0,200}\]|retry)-step\[(\d{1,9})\]")
_INDEX = re.compile(rb"(\d{1,9})\]-command\[")
_TOTAL = re.compile(rb"-total_ms\[-?\d{1,18}\]\n\Z")
_MS = rb"\]-command\[[^\n]*\]-ms\[(\d{1,18})\]-acc\["
"""What follows a step's number in its line, up to its time-out."""
_VERSION = re.compile(r"cmd['\"]?\s*:\s*['\"]version['\"]")
_KEPT_STEPS = 512
"""Steps that are kept behind the present one: a continued session goes back by a load and an
inference."""
_LOAD_ACK = Step("bload").effective_ack
_MAX_STEPS_LEFT = 400_000
"""The most steps that are counted of what was not run: an ad script has 97,216."""
_NOTHING = b"\0"
"""A text that no line begins with."""


def read_script_text(path: Path) -> str:
    """Return a script's text; ScriptError where it is too long, or no text, OSError."""
    if path.stat().st_size > MAX_SCRIPT_BYTES:
        raise ScriptError(f"more than {MAX_SCRIPT_BYTES >> 20} MB of script are not read")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScriptError(f"not UTF-8 text (byte {error.start})") from error


class ScriptFollower:
    """Follows a script along the sequencing lines of its log, block by block."""

    def __init__(self, text: str, path: str, log_path: str) -> None:
        """Follow ``script``; findings call the two files ``path`` and ``log_path``."""
        self._path = path
        self._log_path = log_path
        self._batches = self._line_batches(text)
        self._sum_ms = 0
        self._default_ms: int | None = None
        """The time-out of the steps that have none, once one of them is known."""
        self._beginning = b""
        """The block of the log that the first step stands in, until it has told the time-out."""
        self._lines: list[bytes] = []
        """The texts behind the mark of step ``_first`` and of those that follow it."""
        self._first = 1
        self._at = 0
        """The place in ``_lines`` of the step that is expected next."""
        self._furthest = 0
        """The last step that was ever run."""
        self._index = 0
        """The number of the step that is expected next; 0 before the first and behind the last."""
        self._expected = _NOTHING
        self._total = ""
        """The end of every sequencing line, as the first one has it."""
        self._first_line = 0
        self._error: ScriptError | None = None
        self._error_ahead: ScriptError | None = None
        """The error that ends the script behind ``_lines``."""
        self._difference: AuditFinding | None = None
        self._difference_count = 0

    def _line_batches(self, text: str) -> Iterator[list[bytes]]:
        """Yield what stands behind the mark in the log, of each numbered step."""
        index = acc_ms = 0
        for commands, settings in self._numbered(text):
            lines = []
            for command, (timeout_ms, ack) in zip(commands, settings, strict=True):
                index += 1
                ms = timeout_ms
                if ms is None and (ms := self._default_ms) is None:
                    ms = self._default_ms = self._logged_ms(index)
                if ack is None:
                    load = command.startswith("bload")
                    ack = _LOAD_ACK if load else Step(command).effective_ack
                line = (
                    f"{index}]-command[{command}]-ack[/{ack}/]-ms[{ms}]-acc[{acc_ms}]{self._total}"
                )
                lines.append(line.encode())
                acc_ms += ms
                if ms != NO_TIMEOUT_MS:
                    self._sum_ms += ms
            yield lines

    def _numbered(self, text: str) -> Iterator[StepBatch]:
        """Leave out the steps that ran before the log began."""
        before: Callable[[str], bool] | None = "version".__ne__
        if _VERSION.search(text) is None:
            before = _Lead(self._beginning)
        for commands, settings in step_batches(text, self._path):
            start = 0
            if before is not None:
                start = sum(1 for _ in takewhile(before, commands))
                before = None if start < len(commands) else before
            yield commands[start:], settings[start:]

    def _logged_ms(self, index: int) -> int:
        """Return the time-out that the log has for a step of the script that has none."""
        pattern = re.compile(re.escape(_MARK_TEXT) + str(index).encode() + _MS)
        match = pattern.search(self._beginning)
        self._beginning = b""
        return DEFAULT_MS if match is None else int(match[1])

    def scan(self, block: bytes, before: int, *, resumed: bool = True) -> None:
        """Take in whole lines of the log; ``before`` lines came in front of them.

        ``resumed`` False: none of them is of a session's end or continuation.
        """
        if self._error is not None:
            return
        if not self._first_line:
            self._begin(block, before)
            if not self._first_line:
                return
        if not resumed and self._goes_on(block):
            return
        resumes = deque(_RESUME.finditer(block) if resumed else ())
        for mark in _MARK.finditer(block):
            at = mark.end()
            while resumes and resumes[0].start() < at:
                self._go_back(int(resumes.popleft()[1]))
            if block.startswith(self._expected, at):
                self._go_to(self._at + 1)
            else:
                self._differs(block, at, before)
        for marker in resumes:
            self._go_back(int(marker[1]))

    def _begin(self, block: bytes, before: int) -> None:
        if (mark := _MARK.search(block)) is not None:
            self._first_line = before + block.count(b"\n", 0, mark.end()) + 1
            total = _TOTAL.search(block, mark.end(), block.find(b"\n", mark.end()) + 1)
            self._total = "\n" if total is None else total[0].decode()
            self._beginning = block
            self._go_to(0)

    def _goes_on(self, block: bytes) -> bool:
        """Tell whether all steps of the block are the script's next ones, in bulk."""
        found = block.split(_MARK_TEXT)[1:]
        self._fill(len(found))
        lines = self._lines[self._at : self._at + len(found)]
        if len(lines) < len(found) or not all(map(bytes.startswith, found, lines)):
            return False
        self._go_to(self._at + len(found))
        return True

    def _fill(self, count: int) -> None:
        """Read ``count`` lines from the expected one on, if the script has them."""
        before = min(self._at, self._furthest - self._first + 1) - _KEPT_STEPS
        if before > 0 and len(self._lines) - self._at < count:
            del self._lines[:before]
            self._first += before
            self._at -= before
        try:
            while len(self._lines) - self._at < count:
                self._lines += next(self._batches)
        except StopIteration:
            pass
        except ScriptError as error:
            self._error_ahead = error

    def _go_to(self, at: int) -> None:
        """Expect the step that stands at ``at`` in the lines."""
        self._at = at
        self._fill(1)
        if self._at < len(self._lines):
            self._index, self._expected = self._first + self._at, self._lines[self._at]
            self._furthest = max(self._furthest, self._index)
        else:
            self._index, self._expected = 0, _NOTHING
            self._error = self._error_ahead

    def _go_back(self, step: int) -> None:
        if max(0, self._furthest - _KEPT_STEPS) < step <= self._furthest:
            self._go_to(step - self._first)

    def _differs(self, block: bytes, at: int, before: int) -> None:
        line = before + block.count(b"\n", 0, at) + 1
        text = block[at : block.find(b"\n", at) + 1]
        found = _INDEX.match(text)
        index = int(found[1]) if found else 0
        if not 0 < self._index <= index:
            what = "again, or out of order" if 0 < index < self._index else "not in the script"
            return self._note(line, f"step {index} is {what}: {_shown(text)}")
        if index > self._index:
            skipped = self._index
            while 0 < self._index < index:
                self._go_to(self._at + 1)
            self._note(line, f"step {index} follows where step {skipped} was next: {_shown(text)}")
        if text == self._expected:
            self._go_to(self._at + 1)
        elif self._index:
            self._note(line, f"step {index} is {_shown(text)}", _shown(self._expected))
            self._go_to(self._at + 1)
        return None

    def _note(self, line: int, found: str, expected: str = "what script.async has next") -> None:
        self._difference_count += 1
        if self._difference is None:
            self._difference = violation(Rule.SCRIPT, self._log_path, found, expected, line)

    def findings(self) -> Iterator[AuditFinding]:
        """Return what is amiss, once the log was read to its end. Reads the script to its end."""
        if self._difference is not None:
            yield self._difference
            if self._difference_count > 1:
                text = f"{self._difference_count} steps differ from the script, this is the first"
                yield violation(Rule.SCRIPT, self._log_path, text, "", self._difference.line)
        reached, left = self._index, 0
        if not self._first_line:
            self._go_to(0)
        while self._index and left <= _MAX_STEPS_LEFT:
            left += 1
            self._go_to(self._at + 1)
        if self._error is not None:
            yield violation(Rule.SCRIPT, self._path, str(self._error), line=self._error.line)
        elif not self._first_line:
            text = "no step of the script: no m-sequencing-i[1]-command[…]"
            yield violation(Rule.SCRIPT, self._log_path, text, "every step from `version` on")
        elif reached:
            text = f"{left} steps of the script were not run, from step {reached} on"
            yield violation(Rule.SCRIPT, self._log_path, text, "the whole script")
        elif self._total != f"-total_ms[{self._sum_ms}]\n":
            yield violation(
                Rule.SCRIPT,
                self._log_path,
                f"the steps' time-outs are {self._total.strip()!r}",
                f"{self._sum_ms} ms, as the script has them",
                self._first_line,
            )


class _Lead:
    """Tells the mounts and the first profile, where the log begins behind them, from the rest."""

    def __init__(self, beginning: bytes) -> None:
        self._log = beginning
        self._begun = self._profiled = False

    def __call__(self, command: str) -> bool:
        if not self._begun:
            self._begun = True
            if self._log.find(_MARK_TEXT + f"1]-command[{command}]".encode()) >= 0:
                self._profiled = True  # this log has all steps
        if self._profiled:
            return False
        self._profiled = command == "dut profile"
        return self._profiled or command.startswith(("umount", "mountc "))


def _shown(text: bytes) -> str:
    shown = text.rstrip().decode("utf-8", "replace")
    return shown if len(shown) <= 240 else shown[:237] + "…"
