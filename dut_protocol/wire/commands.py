"""The words of a host: frozen commands with an encoder, and the parser of the device's side.

A command is ASCII, ended by ``%``, without CR or LF, at most 80 characters before the ``%``.
An empty command crashes the reference firmware (a null pointer), so none can be encoded.

Numbers are read as the reference firmware's C ``atoi`` reads them: ``4x`` is 4, text is 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import CommandError
from .settings import COMMAND_BUFFER_BYTES, MAX_DATA_BYTES_PER_DB

MAX_COMMAND_CHARS = COMMAND_BUFFER_BYTES

DEFAULT_WARMUPS = 10
"""Warm-ups that `infer N` runs first when W is not given."""


def _encode(text: str) -> bytes:
    if not text.strip():
        raise CommandError("an empty command crashes the reference firmware; send `name` to probe")
    if len(text) > MAX_COMMAND_CHARS:
        raise CommandError(
            f"command of {len(text)} characters: the firmware keeps {MAX_COMMAND_CHARS} "
            f"and drops the rest ({text[:40]!r}…)"
        )
    if "%" in text or not text.isascii() or not text.isprintable():
        raise CommandError(f"command {text!r} holds '%', a line end or a character outside ASCII")
    return text.encode("ascii") + b"%"


@dataclass(frozen=True, slots=True)
class AskName:
    def encode(self) -> bytes:
        return b"name%"


@dataclass(frozen=True, slots=True)
class AskProfile:
    def encode(self) -> bytes:
        return b"profile%"


@dataclass(frozen=True, slots=True)
class AskHelp:
    def encode(self) -> bytes:
        return b"help%"


@dataclass(frozen=True, slots=True)
class Timestamp:
    def encode(self) -> bytes:
        return b"timestamp%"


@dataclass(frozen=True, slots=True)
class DbLoad:
    """Begins a load of ``byte_count`` bytes."""

    byte_count: int

    def encode(self) -> bytes:
        if self.byte_count < 1:
            raise CommandError(f"a load of {self.byte_count} bytes: it is at least 1")
        return b"db load %d%%" % self.byte_count


@dataclass(frozen=True, slots=True)
class DbData:
    """Carries some bytes of a load. ``error`` is what the device answers after storing them."""

    data: bytes
    error: str | None = None

    def encode(self) -> bytes:
        if not 1 <= len(self.data) <= MAX_DATA_BYTES_PER_DB:
            raise CommandError(
                f"a `db` of {len(self.data)} data bytes: it holds 1 to {MAX_DATA_BYTES_PER_DB}"
            )
        return b"db %b%%" % self.data.hex().encode()


@dataclass(frozen=True, slots=True)
class DbPrint:
    def encode(self) -> bytes:
        return b"db print%"


@dataclass(frozen=True, slots=True)
class Infer:
    iterations: int
    warmups: int

    def encode(self) -> bytes:
        if self.iterations < 1 or self.warmups < 0:
            raise CommandError(f"`infer {self.iterations} {self.warmups}` can only be refused")
        return b"infer %d %d%%" % (self.iterations, self.warmups)


RESULTS_AGAIN = "results asked for again"
"""How a note begins behind which the results of the last `infer` stand once more, in a log."""


@dataclass(frozen=True, slots=True)
class AskResults:
    def encode(self) -> bytes:
        return b"results%"


@dataclass(frozen=True, slots=True)
class Raw:
    """Is any other text, for the console and for scripts."""

    text: str

    def encode(self) -> bytes:
        return _encode(self.text)


@dataclass(frozen=True, slots=True)
class Empty:
    """Is nothing but delimiters before the ``%``: only a device's parser makes one."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Is a known command with arguments that the firmware answers with ``e-[…]``."""

    error: str


HostCommand = (
    AskName | AskProfile | AskHelp | Timestamp | DbLoad | DbData | DbPrint | Infer | AskResults
    | Raw
)  # fmt: skip
DeviceCommand = HostCommand | Empty | Refused

COMMAND_WORDS = ("name", "profile", "help", "timestamp", "db", "infer", "results")
"""The words that the reference firmware's commands begin with."""

_ATOI = re.compile(r"\s*([+-]?\d{1,18})", re.ASCII)


def c_atoi(text: str) -> int:
    """Return the number at the start of ``text`` as C's ``atoi`` reads it; 0 where none is."""
    match = _ATOI.match(text)
    return int(match[1]) if match else 0


def _parse_db(arguments: list[str]) -> DeviceCommand:
    if not arguments:
        return Refused("Command 'db' requires a subcommand")
    if arguments[0] == "load":
        if len(arguments) < 2:
            return Refused("Command 'db load' requires the # of bytes")
        byte_count = c_atoi(arguments[1])
        if byte_count == 0:
            return Refused("Command 'db load' must be >0 bytes")
        return DbLoad(byte_count)
    if arguments[0] == "print":
        return DbPrint()
    digits = arguments[0]
    if len(digits) % 2:
        return DbData(b"", "Insufficent number of hex digits")
    data = bytearray()
    for index in range(0, len(digits), 2):
        pair = digits[index : index + 2]
        if not re.fullmatch("[0-9A-Fa-f]{2}", pair):
            return DbData(bytes(data), f"Invalid hex digit '{pair}'")
        data.append(int(pair, 16))
    return DbData(bytes(data))


def _parse_infer(arguments: list[str]) -> DeviceCommand:
    iterations, warmups = 1, DEFAULT_WARMUPS
    if arguments:
        iterations = c_atoi(arguments[0])
        if iterations <= 0:
            return Refused("Inference iterations must be >0")
    if len(arguments) > 1:
        warmups = c_atoi(arguments[1])
        if warmups < 0:
            return Refused("Inference warmup must be >=0")
    return Infer(iterations, warmups)


def must_say_something(command: DeviceCommand) -> bool:
    """Tell whether the firmware always answers with a message before its `m-ready`."""
    return isinstance(command, AskName | AskProfile | AskResults | DbLoad | Infer)


def parse_command(text: str) -> DeviceCommand:
    """Return what the reference firmware understands by ``text`` (without its ``%``)."""
    words = [word for word in text.split(" ") if word]
    if not words:
        return Empty()
    match words[0]:
        case "name":
            return AskName()
        case "profile":
            return AskProfile()
        case "help":
            return AskHelp()
        case "timestamp":
            return Timestamp()
        case "results":
            return AskResults()
        case "db":
            return _parse_db(words[1:])
        case "infer":
            return _parse_infer(words[1:])
        case other:
            return Raw(other)
