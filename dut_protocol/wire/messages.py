"""The words of a device, one line at a time: frozen types with a parser and an encoder.

A line is a message (``m-…``), an error (``e-[…]``; an IO manager also says ``e-?…``) or chatter.
One exchange::

    host    infer 10 1%
    device  m-warmup-start-1 | m-warmup-done | m-infer-start-10 | m-lap-us-99450893 |
            m-lap-us-112831702 | m-infer-done | m-results-[0.004,0.996] | m-ready

Chatter may be glued in front of a message (``Type errorm-results-[89.274]``, seen in published
logs), and noise bytes may stand on either side of it. Neither hides the message, neither is lost.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from .boot_banner import BootMode, InitDone, TimestampMode
from .extension import NAME as EXTENSION
from .layers import LayerCounter, LayersDone, LayerTime
from .timer import WRAP_US

READY_LINE = b"m-ready\r\n"
"""The line that ends every answer."""

PASS_THROUGH = b"[dut]: "
"""The text that an IO manager puts in front of every line of the device behind it."""


@dataclass(frozen=True, slots=True)
class Ready:
    def encode(self) -> str:
        return "m-ready"


@dataclass(frozen=True, slots=True)
class Name:
    vendor: str

    def encode(self) -> str:
        return f"m-name-dut-[{self.vendor}]"


@dataclass(frozen=True, slots=True)
class Profile:
    text: str

    def encode(self) -> str:
        return f"m-profile-[{self.text}]"


@dataclass(frozen=True, slots=True)
class Model:
    model_id: str

    def encode(self) -> str:
        return f"m-model-[{self.model_id}]"


@dataclass(frozen=True, slots=True)
class LapTime:
    """Carries the device's own microsecond counter."""

    us: int
    printed: str | None = None
    """How it was printed, where that is not as digits alone: ``-5``, ``12.000``, padded."""

    def encode(self) -> str:
        return f"m-lap-us-{self.us if self.printed is None else self.printed}"


@dataclass(frozen=True, slots=True)
class Expecting:
    byte_count: int

    def encode(self) -> str:
        return f"m-[Expecting {self.byte_count} bytes]"


@dataclass(frozen=True, slots=True)
class LoadDone:
    def encode(self) -> str:
        return "m-load-done"


@dataclass(frozen=True, slots=True)
class Buffer:
    """Is one row of ``db print``."""

    data: bytes

    def encode(self) -> str:
        return f"m-buffer-{self.data.hex('-')}"


@dataclass(frozen=True, slots=True)
class WarmupStart:
    warmups: int

    def encode(self) -> str:
        return f"m-warmup-start-{self.warmups}"


@dataclass(frozen=True, slots=True)
class WarmupDone:
    def encode(self) -> str:
        return "m-warmup-done"


@dataclass(frozen=True, slots=True)
class InferStart:
    iterations: int

    def encode(self) -> str:
        return f"m-infer-start-{self.iterations}"


@dataclass(frozen=True, slots=True)
class InferDone:
    def encode(self) -> str:
        return "m-infer-done"


@dataclass(frozen=True, slots=True)
class Results:
    """Carries the scores, all finite; ``trailing_comma`` as the reference vww port prints one."""

    scores: tuple[float, ...]
    trailing_comma: bool = False
    decimals: frozenset[int] = field(default=frozenset({3}), compare=False)
    """How many decimals they are printed with: one number, unless a character was lost."""

    def encode(self) -> str:
        body = ",".join(f"{score:.3f}" for score in self.scores)
        return f"m-results-[{body}{',' if self.trailing_comma else ''}]"


@dataclass(frozen=True, slots=True)
class DeviceError:
    """Refuses a command; an IO manager's own refusals are ``bare``: `e-?foo`, `e-tm-?#args?0!=1`.

    ``text`` is what stands between the brackets, or behind `e-`.
    """

    text: str
    bare: bool = False

    def encode(self) -> str:
        return f"e-{self.text}" if self.bare else f"e-[{self.text}]"


@dataclass(frozen=True, slots=True)
class ExtensionOffer:
    """Is the line of `help` by which a device offers the wire extension; ``text`` says how much."""

    text: str

    def encode(self) -> str:
        return f"{EXTENSION} {self.text}"


@dataclass(frozen=True, slots=True)
class InputSize:
    """Says how large the loaded input is and what the model takes, as ports print it at `infer`.

    Where the two differ the device infers the previous input. A text is what a printf left where
    a number belongs (``zu``): then nobody knows whether they do.
    """

    loaded: int | str
    expected: int | str
    unit: str = "elemented"
    """The word for what is counted: ``elemented``, ``elements`` or ``bytes``."""

    @property
    def fits(self) -> bool | None:
        """Tell whether the two are equal; None where the device does not say."""
        if isinstance(self.loaded, str) or isinstance(self.expected, str):
            return None
        return self.loaded == self.expected

    def encode(self) -> str:
        return f"Input db has {self.loaded} {self.unit}, expected {self.expected}"


@dataclass(frozen=True, slots=True)
class BufferTooSmall:
    """Refuses a ``db load`` of more than the device can hold."""

    requested: int
    maximum: int

    def encode(self) -> str:
        return f"Supplied buffer size {self.requested} exceeds maximum of {self.maximum}"


@dataclass(frozen=True, slots=True)
class Malformed:
    """Is a known message whose content cannot be: scores that are no finite numbers, say."""

    text: str
    reason: str
    in_firmware: bool = False
    """It is the firmware's own doing, and would come again."""

    def encode(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Chatter:
    """Is anything else the firmware prints; for the log, not for the protocol."""

    text: str

    def encode(self) -> str:
        return self.text


Message = (
    Ready | Name | Profile | Model | LapTime | Expecting | LoadDone | Buffer | WarmupStart
    | WarmupDone | InferStart | InferDone | Results | BootMode | InitDone | DeviceError
    | ExtensionOffer | LayerCounter | LayerTime | LayersDone | InputSize | BufferTooSmall
    | Malformed | Chatter
)  # fmt: skip

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.(\d*))?|\.(\d+))(?:[eE][+-]?\d+)?")
# Counts on the wire are 32-bit, a 64-bit lap time has 20 digits; more is no number of ours.
_COUNT = r"(\d{1,20})"

UNPRINTED = r"%?(?:ll|[ljztq])?[diuxX]"
"""What a C library leaves of a number that its printf cannot print: `zu` of `%zu`, `ld` of `%lld`.
newlib-nano does so."""

INPUT_SIZE = (
    rf"Input db has (\d{{1,20}}|{UNPRINTED}|) ?(elemented|elements?|bytes), "
    rf"expected (\d{{1,20}}|{UNPRINTED})"
)

LAP_TIME = r"m-lap-us-( {0,20}[+-]?\d{1,20}(?![\d]|(?:\.\d{1,9})?[eE][+-]))(?:\.\d{1,9})?(?: ?us)?"
"""A time stamp in any form whose microseconds are beyond doubt: padded, signed (a 32-bit count
printed with `%d`), with decimals (a float), with its unit. Not with an exponent, which loses
digits."""

_LAP_START = "m-lap-us-"
_NOT_PRINTED = re.compile(rf"{_LAP_START} *(?:{UNPRINTED}|%\S*|)$")
_NO_COUNT = re.compile(
    rf"{_LAP_START} *(?:[+-]?\d+[.,]?\d*[eE][+-]?\d+|[+-]?\d+,\d+|0x[0-9a-fA-F]+)"
)


def lap_us(number: str | bytes) -> int:
    """Return the microseconds of a time stamp's number.

    A negative one is a counter printed as if it were signed; modulo 2^32, as all of them are
    compared, its differences are what they should be.
    """
    us = int(number)
    return us if us >= 0 else us % WRAP_US


def no_lap_time(chatter: str) -> str | None:
    """Say what is wrong with a time stamp that is no time, by the firmware's own doing.

    None for any other chatter, and for a line that was damaged on its way.
    """
    at = chatter.find(_LAP_START)
    if at < 0:
        return None
    text = chatter[at:]
    if _NOT_PRINTED.match(text):
        return (
            f"{text[:60]!r} is no number: the firmware's printf does not print 64-bit integers "
            "(newlib-nano's has no %lld); print with PRIu32, or link the full printf"
        )
    if _NO_COUNT.fullmatch(text):
        return (
            f"{text[:60]!r} is no count of microseconds: print m-lap-us-%lu, digits and nothing "
            "else"
        )
    return None


_NO_FLOAT = re.compile(r"%?[0-9.]*[lL]?[fF]|\?|\*float\*|%!|\.?")
"""What is left of a float by a printf without them, if anything: newlib-nano prints nothing, others
the letter, AVR's a question mark."""

WITHOUT_FLOATS = (
    "the firmware's printf does not print floats; with newlib-nano, link with `-u _printf_float` "
    "(Zephyr: CONFIG_CBPRINTF_FP_SUPPORT=y; AVR: -lprintf_flt)"
)


def prints_no_floats(body: str) -> bool:
    """Tell whether the scores between the brackets come from a printf without floats."""
    return all(_NO_FLOAT.fullmatch(token.strip()) for token in body.split(","))


def _parse_results(body: str) -> Results | Malformed:
    text = f"m-results-[{body}]"
    trailing_comma = body.endswith(",")
    scores: list[float] = []
    decimals: set[int] = set()
    for token in (body[:-1] if trailing_comma else body).split(","):
        token = token.strip()
        match = _NUMBER.fullmatch(token)
        number = float(token) if match else math.nan
        if match is None or not math.isfinite(number):  # 1e999 is spelt like a number
            reason = f"score {len(scores)} is {token!r}, not a finite number"
            if prints_no_floats(body):
                return Malformed(text, f"{reason}: {WITHOUT_FLOATS}", in_firmware=True)
            return Malformed(text, reason)
        scores.append(number)
        decimals.add(len(match[1] or match[2] or ""))
    return Results(tuple(scores), trailing_comma, frozenset(decimals))


def _parse_lap(match: re.Match[str]) -> LapTime:
    us = lap_us(match[1])
    printed = match[0].removeprefix(_LAP_START)
    return LapTime(us) if printed == str(us) else LapTime(us, printed)


def _size_of(printed: str) -> int | str:
    return int(printed) if printed.isdecimal() else printed


def _count(make: Callable[[int], Message]) -> Callable[[re.Match[str]], Message]:
    return lambda match: make(int(match[1]))


_MODE = r"-timestamp-mode-(performance|energy)"

# (what it starts with, the whole message, what to make of it); `<text>` is free text, which may
# hold brackets.
_TABLE: tuple[tuple[str, str, Callable[[re.Match[str]], Message]], ...] = (
    ("m-ready", r"m-ready", lambda _: Ready()),
    ("m-lap-us-", LAP_TIME, _parse_lap),
    ("m-results-[", r"m-results-\[([^\[\]]*)\]", lambda m: _parse_results(m[1])),
    ("m-infer-start-", rf"m-infer-start-{_COUNT}", _count(InferStart)),
    ("m-infer-done", r"m-infer-done", lambda _: InferDone()),
    ("m-warmup-start-", rf"m-warmup-start-{_COUNT}", _count(WarmupStart)),
    ("m-warmup-done", r"m-warmup-done", lambda _: WarmupDone()),
    ("m-load-done", r"m-load-done", lambda _: LoadDone()),
    ("m-[Expecting ", rf"m-\[Expecting {_COUNT} bytes\]", _count(Expecting)),
    (
        "m-buffer-",
        r"m-buffer-([0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2})*)",
        lambda m: Buffer(bytes.fromhex(m[1].replace("-", ""))),
    ),
    ("m-name-dut-[", r"m-name-dut-\[(<text>)\]", lambda m: Name(m[1])),
    ("m-profile-[", r"m-profile-\[(<text>)\]", lambda m: Profile(m[1])),
    ("m-model-[", r"m-model-\[(<text>)\]", lambda m: Model(m[1])),
    ("m-timestamp-mode-", rf"m{_MODE}", lambda m: BootMode(TimestampMode(m[1]))),
    # The first byte after power-up is lost where an IO manager was not listening yet.
    ("-timestamp-mode-", _MODE, lambda m: BootMode(TimestampMode(m[1]))),
    ("m-init-done", r"m-init-done", lambda _: InitDone()),
    (f"{EXTENSION} ", rf"{EXTENSION} (<text>)", lambda m: ExtensionOffer(m[1])),
    ("x-layers-[", r"x-layers-\[([^\[\]]*)\]", lambda m: LayerCounter(m[1])),
    (
        "x-layer-",
        rf"x-layer-{_COUNT}-\[([^\[\]]*)\]-{_COUNT}-{_COUNT}",
        lambda m: LayerTime(int(m[1]), m[2], int(m[3]), int(m[4])),
    ),
    (
        "x-layers-done-",
        rf"x-layers-done-{_COUNT}-{_COUNT}-{_COUNT}",
        lambda m: LayersDone(*map(int, m.groups())),
    ),
    (
        "Input db has ",
        INPUT_SIZE,
        lambda m: InputSize(_size_of(m[1]), _size_of(m[3]), m[2]),
    ),
    (
        "Supplied buffer size ",
        r"Supplied buffer size (-?\d{1,20}) exceeds maximum of (\d{1,20})",
        lambda m: BufferTooSmall(int(m[1]), int(m[2])),
    ),
)
_START = "|".join(re.escape(prefix) for prefix, _, _ in _TABLE)
_ANY_START = re.compile(_START.encode())
# What begins another message ends a free text: the line end between the two was lost.
_FREE_TEXT = f"(?:(?!{_START}).)*"
_KINDS = tuple(
    (prefix, re.compile(pattern.replace("<text>", _FREE_TEXT)), make)
    for prefix, pattern, make in _TABLE
)
_ERROR = re.compile(r"e-\[(.*)\]")
_BARE_ERROR = re.compile(r"e-((?:[a-z0-9-]{1,20}-)?\?.*)")
"""As EEMBC's IO manager refuses. Only as a whole line: behind a letter `e-?` is no refusal."""
_REFUSALS = (
    "Unknown command|Inference iterations must|Inference warmup must|Command '|Insufficent number|"
    "Insufficient number|Invalid hex digit|Unable to malloc|Buffer not allocated"
)
ERROR_START = re.compile(rb"(?:(?<![A-Za-z])|(?=e-\[(?:%b)))e-\[" % _REFUSALS.encode())
"""The start of an error that stands behind something else: an echo of the command, a prompt. Behind
a letter only in the reference firmware's words: `done-[5]` ends like an error, and is none."""

_NOISE = bytes(byte for byte in range(256) if not 0x21 <= byte <= 0x7E)
"""Bytes that are no message's beginning or end: control bytes, spaces, what an idle line makes."""


_CONTROLS = {code: chr(code).encode("unicode_escape").decode() for code in (*range(0x20), 0x7F)}


def decode_line(line: bytes) -> str:
    """Return the line as printable text: noise and control bytes become ``\\xff`` and the like."""
    text = line.decode("ascii", "backslashreplace")
    return text if text.isprintable() else text.translate(_CONTROLS)


def _whole_message(line: bytes) -> Message | None:
    text = decode_line(line.strip(_NOISE))
    for prefix, pattern, make in _KINDS:
        if text.startswith(prefix) and (match := pattern.fullmatch(text)):
            return make(match)
    if match := _ERROR.fullmatch(text):
        return DeviceError(match[1])
    if match := _BARE_ERROR.fullmatch(text):
        return DeviceError(match[1], bare=True)
    return None


_USUAL: dict[bytes, tuple[Message, ...]] = {
    b"m-ready": (Ready(),),
    b"m-load-done": (LoadDone(),),
}
"""The message of seven of ten lines, on every load."""


def parse_line(line: bytes) -> tuple[Message, ...]:
    """Parse one line (without its line end) into its messages, in order.

    One, or several where line ends were lost or a print without one came before: chatter and what
    is glued to it. An empty line is no message: ``db print`` ends in one.
    """
    usual = _USUAL.get(line)
    if usual is not None:
        return usual
    line = line.strip(_NOISE)
    if not line:
        return ()
    if _ANY_START.search(line) is None and b"e-" not in line:
        return (Chatter(decode_line(line)),)  # which may come in floods
    message = _whole_message(line)
    if message is not None:
        return (message,)
    found: list[Message] = []
    end = len(line)
    starts = {match.start() for match in _ANY_START.finditer(line)}
    if b"e-[" in line:
        starts |= {match.start() for match in ERROR_START.finditer(line)}
    for start in sorted(starts, reverse=True):
        message = _whole_message(line[start:end])
        if message is not None:
            found.append(message)
            end = start
    if rest := line[:end].strip(_NOISE):
        found.append(_whole_message(rest) or Chatter(decode_line(rest)))
    return tuple(reversed(found))
