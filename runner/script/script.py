r"""The script of a run, and `script.async`, the file it is printed as.

A script is a list of steps in JavaScript object notation::

    [
        {
            cmd: 'bload dut "C:\\datasets\\kws01\\tst_000000_Stop_7.bin"',
            ms: 7840
        },
        {
            cmd: 'dut infer 800 1',
            ms: -1,
            ack: /dut.?: m-ready/
        }
    ]

`ms` is the step's time-out (-1: none), `ack` the line that ends it; a step without them has the
defaults of :class:`Step`. Printing reproduces the published files byte for byte. Reading lives
in :mod:`.parser`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import dropwhile, takewhile
from pathlib import Path

from ...errors import UsageError

DEFAULT_MS = 5000
NO_TIMEOUT_MS = -1

MAX_MS = 10**12
"""The longest time-out, thirty years: a longer one is a slip, and its digits would never end."""

REGEX_BODY = re.compile(
    r"(?![*/])(?:[^/\\\[\x00-\x1f\u2028\u2029]|\\[^\x00-\x1f\u2028\u2029]"
    r"|\[(?:[^\]\\\x00-\x1f\u2028\u2029]|\\[^\x00-\x1f\u2028\u2029])*\])+"
)
"""What may stand between the slashes of a regular expression: a bare slash only inside [ ]."""

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
"""Line ends and the like, and bytes of a file name that are no text."""

_SOURCES = ("dut", "io", "emon", "ib")
"""The verbs that somebody else than the parser acknowledges."""


class ScriptError(UsageError):
    """Says why a script or one of its commands cannot be used: where, and what was expected."""

    def __init__(
        self,
        message: str,
        line: int | None = None,
        column: int | None = None,
        file: str | Path | None = None,
    ) -> None:
        super().__init__(message, line, file)
        self.column = column


@dataclass(frozen=True, slots=True)
class Step:
    """Is one step as printed; None stands for what the file leaves to the default.

    ``ack`` is the source of the regular expression, as between the slashes.
    """

    command: str
    timeout_ms: int | None = None
    ack: str | None = None

    def __post_init__(self) -> None:
        if not self.command.strip():
            raise ScriptError("a step needs a command, this one is empty")
        unprintable = None
        if not self.command.isprintable():  # which is quick, and true of nearly all
            unprintable = _UNPRINTABLE.search(self.command)
        if unprintable:
            raise ScriptError(
                f"a command is one line of text; {self.command[:60]!r} holds "
                f"{unprintable.group()!r}"
            )
        ms = self.timeout_ms
        if ms is not None and ms != NO_TIMEOUT_MS and not 1 <= ms <= MAX_MS:
            raise ScriptError(f"ms is 1 or more milliseconds, or -1 for no time-out; got {ms}")
        if self.ack is not None:
            _check_ack(self.ack)

    @property
    def verb(self) -> str:
        """Return the first word of the command."""
        return self.command.split(None, 1)[0]

    @property
    def effective_ms(self) -> int:
        """Return the time-out that holds, in milliseconds; -1 for none."""
        return DEFAULT_MS if self.timeout_ms is None else self.timeout_ms

    @property
    def effective_ack(self) -> str:
        """Return the source of the regular expression that ends the step."""
        if self.ack is not None:
            return self.ack
        verb = self.verb
        return f"{verb if verb in _SOURCES else 'parser'}: m-ready"


@dataclass(frozen=True, slots=True)
class Script:
    """Holds the steps of a run, in order."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class NumberedStep:
    """Is a step with the figures that the log's sequencing line gives it."""

    index: int
    """The step's number, from 1, which is the step `version`."""
    step: Step
    acc_ms: int
    """Time-outs of the earlier numbered steps, where a -1 counts as -1."""
    total_ms: int
    """Time-outs of all numbered steps, those without one left out: the same in every line."""


def preliminary_steps(script: Script) -> tuple[Step, ...]:
    """Return the steps before `version`, which run before the log begins; none without it."""
    before = tuple(takewhile(_before_version, script.steps))
    return before if len(before) < len(script.steps) else ()


def numbered_steps(script: Script) -> Iterator[NumberedStep]:
    """Return the steps that the log numbers: from `version` on, or all without it."""
    if not any(not _before_version(step) for step in script.steps):
        numbered: tuple[Step, ...] = script.steps
    else:
        numbered = tuple(dropwhile(_before_version, script.steps))
    total_ms = sum(step.effective_ms for step in numbered if step.effective_ms != NO_TIMEOUT_MS)
    acc_ms = 0
    for index, step in enumerate(numbered, start=1):
        yield NumberedStep(index, step, acc_ms, total_ms)
        acc_ms += step.effective_ms


def _before_version(step: Step) -> bool:
    return step.command != "version"


def print_script(script: Script) -> str:
    """Return the text of `script.async`: no line end after the last bracket, as published."""
    return "".join(script_text(script.steps))


def script_text(steps: Iterable[Step]) -> Iterator[str]:
    """Yield the text of `script.async` in pieces of a step, for a long script as it is made."""
    opening = "[\n"
    for step in steps:
        yield f"{opening}    {{\n{_fields(step)}\n    }}"
        opening = ",\n"
    yield "[]" if opening == "[\n" else "\n]"


def _fields(step: Step) -> str:
    command = step.command.replace("\\", "\\\\").replace("'", "\\'")
    ms = [] if step.timeout_ms is None else [f"ms: {step.timeout_ms}"]
    ack = [] if step.ack is None else [f"ack: /{step.ack}/"]
    # Every published `infer` prints ms first, every published `echo` prints ack first.
    tail = [*ack, *ms] if step.verb == "echo" else [*ms, *ack]
    return ",\n".join(f"        {field}" for field in (f"cmd: '{command}'", *tail))


@lru_cache(maxsize=64)
def _check_ack(source: str) -> None:
    if not REGEX_BODY.fullmatch(source):
        raise ScriptError(
            f"ack is a regular expression with its slashes escaped; {source[:60]!r} is not one"
        )
    try:
        re.compile(source)
    except (re.error, OverflowError, RecursionError) as error:
        raise ScriptError(f"ack /{source[:60]}/ is no regular expression: {error}") from error
