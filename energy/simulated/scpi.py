"""A strict SCPI parser: headers in their short or their long form, nothing in between.

A specification marks the short form by capitals and optional nodes by brackets:
``SENSe:ELOG:PERiod`` takes ``SENS:ELOG:PER`` and ``sense:elog:period``, not ``SENSE:EL:PERI``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Answer = str | bytes | None

UNDEFINED_HEADER = (-113, "Undefined header")
MISSING_PARAMETER = (-109, "Missing parameter")
PARAMETER_NOT_ALLOWED = (-108, "Parameter not allowed")
DATA_TYPE = (-104, "Data type error")
OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_VALUE = (-224, "Illegal parameter value")
SETTINGS_CONFLICT = (-221, "Settings conflict")
TRIGGER_IGNORED = (-211, "Trigger ignored")
INIT_IGNORED = (-213, "Init ignored")
NO_OPTION = (302, "Option not installed")


class ScpiError(Exception):
    """One entry for the error queue."""

    def __init__(self, entry: tuple[int, str]) -> None:
        super().__init__(*entry)
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Request:
    """What follows a header: parameters, and the channel list if there is one."""

    words: tuple[str, ...]
    channels: tuple[int, ...]

    def word(self, *choices: str) -> str:
        """The one parameter, one of ``choices`` (``NORMal``), as its short form."""
        given = self._one()
        for choice in choices:
            short = "".join(letter for letter in choice if not letter.islower())
            if given.upper() in (short, choice.upper()):
                return short
        raise ScpiError(ILLEGAL_VALUE)

    def flag(self) -> bool:
        return self.word("ON", "OFF", "1", "0") in ("ON", "1")

    def number(self, least: float, most: float) -> float:
        try:
            value = float(self._one())
        except ValueError as error:
            raise ScpiError(DATA_TYPE) from error
        if not least <= value <= most:
            raise ScpiError(OUT_OF_RANGE)
        return value

    def _one(self) -> str:
        if not self.words:
            raise ScpiError(MISSING_PARAMETER)
        if len(self.words) > 1:
            raise ScpiError(PARAMETER_NOT_ALLOWED)
        return self.words[0]


Handler = Callable[[Request], Answer]


class Grammar:
    """The commands that there are."""

    def __init__(self, commands: Sequence[tuple[str, Handler]]) -> None:
        self._commands = [(_pattern(spec), handler) for spec, handler in commands]

    def run(self, message: str) -> Answer:
        """Execute one command; ScpiError is for the error queue."""
        header, _, rest = message.strip().partition(" ")
        for pattern, handler in self._commands:
            if pattern.fullmatch(header):
                return handler(_request(rest.strip()))
        raise ScpiError(UNDEFINED_HEADER)


def _pattern(spec: str) -> re.Pattern[str]:
    text = re.escape(spec).replace(r"\[", "(?:").replace(r"\]", ")?").replace(r"\:", ":")
    text = re.sub(r"\b([A-Z]+)([a-z]+)", r"\1(?:\2)?", text)
    return re.compile(":?" + text, re.IGNORECASE)


_CHANNELS = re.compile(r"\(@([^()]*)\)$")


def _request(text: str) -> Request:
    match = _CHANNELS.search(text)
    channels: list[int] = []
    if match:
        text = text[: match.start()].strip().removesuffix(",")
        for part in match[1].split(","):
            first, colon, last = part.strip().partition(":")
            if not first.isdigit() or (colon and not last.isdigit()):
                raise ScpiError(DATA_TYPE)
            channels += range(int(first), int(last or first) + 1)
    words = tuple(word.strip() for word in text.split(",")) if text.strip() else ()
    return Request(words, tuple(channels))
