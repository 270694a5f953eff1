r"""Parses `script.async`, strictly: the little JavaScript that it is written in.

A list of objects with the keys `cmd` (a string), `ms` (a whole number) and `ack` (a regular
expression); single or double quotes, escapes, trailing commas, comments, any white space and
either line end. The depth is fixed (list, object, value), so no input makes it recurse. It
evaluates nothing: a published script is somebody else's text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .script import MAX_MS, REGEX_BODY, Script, ScriptError, Step

_TOKEN = re.compile(
    r"(?:[ \t\r\n\v\f\u00a0\ufeff]++|//[^\r\n]*+|/\*(?s:.*?)\*/)*+"
    r"(?:(?P<punctuation>[\[\]{},:])"
    r"|(?P<word>[A-Za-z_$][\w$]*+)"
    r"""|(?P<string>'(?:[^'\\\r\n]++|\\.)*+'|"(?:[^"\\\r\n]++|\\.)*+")"""
    r"|(?P<number>[-+]?[0-9][\w.+-]*+)"
    rf"|/(?P<regex>{REGEX_BODY.pattern})/(?P<flags>\w*+)"
    r"|(?P<end>\Z)|(?P<unknown>[\s\S]))"
)
"""White space and comments, then one token. Possessive throughout: no text makes it backtrack."""
_BETWEEN = re.compile(r"\s*+\}\s*+,\s*+\{\s*+cmd:\s*+'")
"""What stands between a step's last value and the next step's command."""
_PLAIN_TAIL = re.compile(
    r"(?:,\s*+ms:\s*+(-?[0-9]{1,15}))?(?:,\s*+ack:\s*+/([\w.?: -]++)/)?"
    r"(?:,\s*+ms:\s*+(-?[0-9]{1,15}))?"
)
"""What stands behind a command in a step as it is printed."""
_NEAR = 40
"""Characters before and behind a step's brace that are looked at for that: no white space without
end makes it quadratic."""
_FIRST_PIECE, _LARGEST_PIECE = 1 << 10, 1 << 16
"""Characters of script that are cut into steps at once: more as long as all of them are plain."""
_MAX_TAILS = 1000
"""The most tails that are remembered; a script has two or three."""
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|(.))")
_SIMPLE_ESCAPES = {
    "\\": "\\", "'": "'", '"': '"', "/": "/",
    "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0",
}  # fmt: skip
_END = "end"

_KEYS = ("cmd", "ms", "ack")

_Settings = tuple[int | None, str | None]
StepBatch = tuple[list[str], list[_Settings]]
"""Commands, and beside each its (ms, ack): two lists of one length."""


def read_script(path: Path) -> Script:
    """Read the script in a file."""
    try:
        return parse_script(path.read_bytes().decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise ScriptError(f"{path}: cannot read the script: {error.strerror or error}") from error


def parse_script(text: str, source: str) -> Script:
    """Parse the script in ``text``; ``source`` names it in errors."""
    return Script(
        tuple(
            Step(command, *setting)
            for commands, settings in step_batches(text, source)
            for command, setting in zip(commands, settings, strict=True)
        )
    )


def step_batches(text: str, source: str) -> Iterator[StepBatch]:
    """Yield the checked steps, some hundreds at once, for a script of any length.

    Their commands, and beside each its (ms, ack).
    """
    return _Parser(text, source).batches()


class _Parser:
    """Looks one token ahead in the text: its kind, its text, and where it starts."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._next = 0
        self._acks: set[str | None] = {None}
        """The acknowledgements that a step was made with."""
        self._tails: dict[str, _Settings] = {}
        """The texts behind a plain step's command, and what they mean."""
        self._piece = _FIRST_PIECE
        self._kind = ""
        self._value = ""
        self._start = 0

    def batches(self) -> Iterator[StepBatch]:
        self._advance()
        self._take("[", "'[' (a list of steps)")
        while not self._at("]"):
            step = self._step()
            self._acks.add(step.ack)
            yield [step.command], [(step.timeout_ms, step.ack)]
            if not self._at("]"):
                self._take(",", "',' or ']' after a step")
                if self._at("{"):
                    yield from self._plain_batches()
        self._advance()
        if self._kind != _END:
            raise self._expected("nothing after the list's ']'")

    def _plain_batches(self) -> Iterator[StepBatch]:
        """Yield steps that meet as the last one and this one do, up to the first not plain.

        Nearly all of a script: cut where two of them meet, they cost one look-up each in place
        of some ten tokens. Each begins where the one before it ended as it should, so that no
        string or comment is taken for steps. Whatever differs in the least goes token by token,
        to the same result or to its error.
        """
        near = max(0, self._start - _NEAR), self._start + _NEAR
        meeting = _BETWEEN.search(self._text, *near)
        if meeting is None or not meeting.start() < self._start < meeting.end():
            return
        between, at = meeting[0], meeting.end()
        while True:
            # The last one has its end beyond the piece, or is the script's last: by its tokens.
            printed = self._text[at : at + self._piece].split(between)[:-1]
            commands, settings = self._plain(printed)
            at += sum(map(len, printed[: len(commands)])) + len(commands) * len(between)
            if commands:
                yield commands, settings
            if not commands or len(commands) < len(printed):
                self._piece = _FIRST_PIECE
                break
            self._piece = min(2 * self._piece, _LARGEST_PIECE)
        if at != meeting.end():
            self._next = at - len(between) + between.index("{")
            self._advance()

    def _plain(self, printed: list[str]) -> StepBatch:
        """Yield the steps as far as they are plain."""
        commands: list[str] = []
        settings: list[_Settings] = []
        known = self._tails
        for text in printed:
            command, quote, tail = text.partition("'")
            setting = known.get(tail) or self._setting(tail)
            if setting is None or not quote:
                break
            if "\\" in command:
                if "\\" in command.replace("\\\\", ""):
                    break  # another escape than a doubled backslash
                command = command.replace("\\\\", "\\")
            if not command.isprintable() or not command or command.isspace():
                break
            commands.append(command)
            settings.append(setting)
        return commands, settings

    def _setting(self, tail: str) -> _Settings | None:
        """Return (ms, ack) of a plain step by what follows its command; None: look closely."""
        match = _PLAIN_TAIL.fullmatch(tail)
        if match is None:
            return None
        ms, ack, late_ms = match.groups()
        timeout_ms = None if ms is late_ms else int(ms or late_ms)
        if (
            ack not in self._acks
            or (ms and late_ms)
            or (timeout_ms is not None and not 0 < timeout_ms <= MAX_MS and timeout_ms != -1)
        ):
            return None
        if len(self._tails) >= _MAX_TAILS:
            self._tails.clear()
        self._tails[tail] = timeout_ms, ack
        return timeout_ms, ack

    def _step(self) -> Step:
        start = self._start
        self._take("{", "'{' (a step)")
        command: str | None = None
        timeout_ms: int | None = None
        ack: str | None = None
        seen: set[str] = set()
        while not self._at("}"):
            key = self._key(seen)
            self._take(":", f"':' after {key}")
            match key:
                case "cmd":
                    command = self._command()
                case "ms":
                    timeout_ms = self._whole_number()
                case _:
                    ack = self._regex()
            if not self._at("}"):
                self._take(",", f"',' or '}}' after {key}")
        self._advance()
        if command is None:
            raise self._error("expected a cmd in the step, found none", start)
        try:
            return Step(command, timeout_ms, ack)
        except ScriptError as error:
            raise self._error(str(error), start) from error

    def _key(self, seen: set[str]) -> str:
        key = self._value if self._kind == "word" else ""
        if self._kind == "string":
            key = self._value[1:-1]
        if key not in _KEYS:
            raise self._expected("one of the keys cmd, ms and ack")
        if key in seen:
            raise self._error(f"expected each key once in a step, found {key} again")
        seen.add(key)
        self._advance()
        return key

    def _command(self) -> str:
        if self._kind != "string":
            raise self._expected("a quoted command")
        start = self._start
        body = self._value[1:-1]

        def unescaped(match: re.Match[str]) -> str:
            hexadecimal = match[1] or match[2]
            if hexadecimal:
                return chr(int(hexadecimal, 16))
            character = _SIMPLE_ESCAPES.get(match[3])
            if character is None:
                raise self._error(
                    f"expected a known escape, found {match[0]} (the backslashes of a path are "
                    "doubled)",
                    start + 1 + match.start(),
                )
            return character

        command = _ESCAPE.sub(unescaped, body) if "\\" in body else body
        self._advance()
        return command

    def _whole_number(self) -> int:
        if self._kind != "number" or not re.fullmatch(r"[-+]?[0-9]{1,15}", self._value):
            raise self._expected("a whole number of milliseconds")
        number = int(self._value)
        self._advance()
        return number

    def _regex(self) -> str:
        if self._kind != "regex":
            raise self._expected("a regular expression between slashes")
        source = self._value
        self._advance()
        return source

    def _at(self, punctuation: str) -> bool:
        return self._kind == "punctuation" and self._value == punctuation

    def _take(self, punctuation: str, expected: str) -> None:
        if not self._at(punctuation):
            raise self._expected(expected)
        self._advance()

    def _advance(self) -> None:
        match = _TOKEN.match(self._text, self._next)
        if match is None:  # pragma: no cover - `unknown` and `end` match whatever is left
            raise self._error("expected a script", self._next)
        self._kind = kind = match.lastgroup or ""
        self._next = match.end()
        if kind == "flags":
            self._kind = kind = "regex"
            if match["flags"]:
                self._start = match.start("flags")
                raise self._error(
                    f"expected a regular expression without flags, found {match['flags']!r}"
                )
        self._value = match[kind]
        self._start = match.start(kind)
        if kind == "regex":
            self._start -= 1
        elif kind == "unknown":
            self._refuse_character()

    def _refuse_character(self) -> None:
        match self._value:
            case "'" | '"':
                what = "a closed string on one line"
            case "/":
                what = "a closed comment or regular expression"
            case _:
                what = "a script (a list of steps)"
        found = self._text[self._start : self._start + 20]
        raise self._error(f"expected {what}, found {found!r}")

    def _expected(self, expected: str) -> ScriptError:
        if self._kind == _END:
            found = "the end of the text"
        else:
            found = repr(self._text[self._start : self._next][:40])
        return self._error(f"expected {expected}, found {found}")

    def _error(self, message: str, position: int | None = None) -> ScriptError:
        """Make an error; only now its line is looked up: either line end counts as one."""
        before = self._text[: self._start if position is None else position]
        before = before.replace("\r\n", "\n").replace("\r", "\n")
        line = before.count("\n") + 1
        column = len(before) - (before.rfind("\n") + 1) + 1
        return ScriptError(f"{self._source}:{line}:{column}: {message}", line, column, self._source)
