"""What the description of an instrument may say: its commands, its data, its limits; no I/O.

A command is sent as it stands but for what is in braces: ``VOLT {volts}`` becomes ``VOLT 3``.
docs/monitors.md explains every key, with an example.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

MOST_ANSWER_BYTES = 16_000_000
"""The longest answer with samples that a description may ask for."""
ASCII_NUMBER_BYTES = 32
"""More than an instrument prints of a number, comma included."""
_MOST_CHARACTERS = 250
_HOLE = re.compile(r"\{([^{}]*)\}")


class Quantity(Enum):
    """Names what one number of a sample is, with its unit."""

    CURRENT_A = "current_a"
    CURRENT_MA = "current_ma"
    CURRENT_UA = "current_ua"
    VOLTAGE_V = "voltage_v"
    VOLTAGE_MV = "voltage_mv"
    TIME_S = "time_s"
    EVENT = "event"
    IGNORED = "ignored"

    @property
    def kind(self) -> str:
        """Return what it is, whatever its unit: current, voltage, time, event or ignored."""
        return self.value.partition("_")[0]

    @property
    def si(self) -> float:
        """Return what one of it is in the unit of SI."""
        return {"ma": 1e-3, "ua": 1e-6, "mv": 1e-3}.get(self.value.partition("_")[2], 1.0)


class Form(Enum):
    """Says how samples come."""

    ASCII = "ascii"
    BLOCK = "block"


class Edge(Enum):
    """Says which edge of the timestamp pin counts."""

    FALLING = "falling"
    RISING = "rising"


# ---- texts ---------------------------------------------------------------------------------------


def _with_holes(
    needed: tuple[str, ...] = (), allowed: tuple[str, ...] = ()
) -> Callable[[str], str]:
    """Return a check of a command that must have the holes ``needed``, and may have others."""

    def check(text: str) -> str:
        if not 1 <= len(text) <= _MOST_CHARACTERS or not text.isprintable() or not text.isascii():
            raise ValueError(
                f"expected a command: one line of at most {_MOST_CHARACTERS} ASCII characters"
            )
        known = needed + allowed
        found = _HOLE.findall(text)
        for name in found:
            if name not in known:
                near = get_close_matches(name, known, 1)
                meant = f"; did you mean {{{near[0]}}}?" if near else ""
                may = ", ".join(f"{{{one}}}" for one in known) or "none"
                raise ValueError(f"nothing is known of {{{name}}}{meant} (here: {may})")
        for name in needed:
            if name not in found:
                raise ValueError(f"expected {{{name}}} in it, where the number goes")
        return text

    return check


def _question(text: str) -> str:
    if "?" not in text:
        raise ValueError(f"expected a question, which has a question mark, got {text!r}")
    return text


def _no_question(text: str) -> str:
    if "?" in text:
        raise ValueError(f"expected a command without an answer, got the question {text!r}")
    return text


def _listed(value: object) -> object:
    """Take one text for a list of one."""
    return (
        (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
    )


Command = Annotated[str, AfterValidator(_with_holes()), AfterValidator(_no_question)]
VoltsCommand = Annotated[str, AfterValidator(_with_holes(("volts",))), AfterValidator(_no_question)]
AmperesCommand = Annotated[
    str, AfterValidator(_with_holes(("amperes",))), AfterValidator(_no_question)
]
PeriodCommand = Annotated[
    str,
    AfterValidator(_with_holes(allowed=("period_s", "rate_hz"))),
    AfterValidator(_no_question),
]
Question = Annotated[str, AfterValidator(_with_holes()), AfterValidator(_question)]
SamplesQuestion = Annotated[
    str, AfterValidator(_with_holes(allowed=("first", "last", "most"))), AfterValidator(_question)
]
Commands = Annotated[tuple[Command, ...], BeforeValidator(_listed), Field(max_length=200)]
SomeCommands = Annotated[
    tuple[Command, ...], BeforeValidator(_listed), Field(min_length=1, max_length=200)
]
GuardCommand = Annotated[
    str, AfterValidator(_with_holes(allowed=("volts",))), AfterValidator(_no_question)
]
GuardCommands = Annotated[tuple[GuardCommand, ...], BeforeValidator(_listed), Field(max_length=10)]
Texts = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=_MOST_CHARACTERS)], ...],
    BeforeValidator(_listed),
    Field(min_length=1, max_length=50),
]
Volts = Annotated[float, Field(gt=0, le=60)]
Amperes = Annotated[float, Field(gt=0, le=100)]


class Section(BaseModel):
    """Is a part of a description: frozen, without unknown keys, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


# ---- the parts -----------------------------------------------------------------------------------


class External(Section):
    """Says that the user supplies the board, and at which voltage; nothing switches it."""

    voltage_v: Volts
    most_a: Amperes
    """The greatest current that the instrument measures as it is set up."""

    @property
    def range_v(self) -> tuple[float, float]:
        return self.voltage_v, self.voltage_v


class Supply(Section):
    """Says how the instrument's own supply is set and switched."""

    range_v: Annotated[
        tuple[float, float],
        BeforeValidator(_listed),
        Field(description="two voltages, [low, high]"),
    ]
    most_a: Amperes
    limit_a: Amperes
    """The current limit, unless `current_limit_a` of the configuration says another."""
    set_v: VoltsCommand
    ask_v: Question
    set_a: AmperesCommand
    ask_a: Question
    guard: GuardCommands = ()
    """What sets the instrument's own over-voltage protection, to somewhat above `max_voltage_v`."""
    switch_on: SomeCommands
    switch_off: SomeCommands
    is_on: Question
    """What is answered by 1 or 0."""

    @field_validator("range_v")
    @classmethod
    def _range(cls, value: tuple[float, float]) -> tuple[float, float]:
        if not 0 <= value[0] < value[1] <= 60:
            raise ValueError("expected [low, high] with 0 <= low < high <= 60")
        return value

    @model_validator(mode="after")
    def _limit(self) -> Self:
        if self.limit_a > self.most_a:
            raise ValueError(f"limit_a ({self.limit_a:g}) is above most_a ({self.most_a:g})")
        return self


class Period(Section):
    """Says how far apart samples are; ``ask`` must answer what was set.

    With ``{period_s}`` or ``{rate_hz}`` in ``set`` the answer is a number of that kind, else the
    word that was set (``FLOG:SRAT S001k`` and ``S001k``).
    """

    seconds: Annotated[float, Field(ge=1e-6, le=1)]
    set: PeriodCommand
    ask: Question


class Record(Section):
    """Says how a recording is made ready, begun and ended."""

    arm: Commands = ()
    start: SomeCommands
    stop: SomeCommands


class Flag(Section):
    """Is one bit of a number that the instrument answers."""

    ask: Question
    bit: Annotated[int, Field(ge=0, le=31)]


class Fetch(Section):
    """Says how the samples are fetched while they are recorded."""

    every_s: Annotated[float, Field(ge=0.005, le=5)]
    holds: Annotated[int, Field(ge=1, le=1_000_000_000)]
    """How many samples the instrument keeps."""
    chunk_s: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Seconds of samples that the instrument hands over at a time; 0: each as it is made."""
    ready: Flag | None = None
    """What says that there are samples to fetch, where asking in vain is not allowed."""
    lost: Flag | None = None
    """What says that samples were overwritten."""
    count: Question | None = None
    """What answers how many samples there are, where they stay and are read by their number."""
    ask: SamplesQuestion
    most: Annotated[int, Field(ge=1, le=1_000_000)] = 1000
    """The number of samples in one answer."""
    form: Form = Field(strict=False)
    number: Literal["float32", "float64"] = "float32"
    order: Literal["little", "big"] | None = None
    fields: Annotated[
        tuple[Annotated[Quantity, Field(strict=False)], ...],
        BeforeValidator(_listed),
        Field(min_length=1, max_length=16),
    ]
    """What each number of a sample is, in order."""

    @field_validator("fields")
    @classmethod
    def _fields(cls, value: tuple[Quantity, ...]) -> tuple[Quantity, ...]:
        kinds = [quantity.kind for quantity in value]
        for kind, least in (("current", 1), ("voltage", 0), ("time", 0), ("event", 0)):
            if not least <= kinds.count(kind) <= 1:
                wanted = "exactly one" if least else "at most one"
                raise ValueError(f"expected {wanted} {kind}, got {kinds.count(kind)}")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        by_number = {"first", "last"} <= set(_HOLE.findall(self.ask))
        if by_number != (self.count is not None):
            raise ValueError(
                "count and {first}, {last} in ask go together: samples that are read by their "
                "number have to be counted"
            )
        if (self.form is Form.BLOCK) != (self.order is not None):
            raise ValueError(
                "a block has an order of bytes (order: little or big), a list has none"
            )
        if self.answer_bytes > MOST_ANSWER_BYTES:
            raise ValueError(
                f"one answer may have {self.answer_bytes} bytes, where {MOST_ANSWER_BYTES} are the "
                "most; lower `most`, or `holds` where ask does not have it"
            )
        return self

    @property
    def answer_samples(self) -> int:
        """Return the most samples of one answer."""
        said = {"first", "most"} & set(_HOLE.findall(self.ask))
        return min(self.most, self.holds) if said else self.holds

    @property
    def answer_bytes(self) -> int:
        """Return the longest answer, in bytes of data."""
        each = {"float32": 4, "float64": 8}[self.number]
        each = ASCII_NUMBER_BYTES if self.form is Form.ASCII else each
        return self.answer_samples * len(self.fields) * each


class Events(Section):
    """Says what an edge of the timestamp pin is in the field `event`: a level, or a bit."""

    threshold: Annotated[float, Field(allow_inf_nan=False)] | None = None
    bit: Annotated[int, Field(ge=0, le=31)] | None = None
    edge: Edge = Field(default=Edge.FALLING, strict=False)

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.threshold is None) == (self.bit is None):
            raise ValueError("expected either a threshold or a bit")
        return self


class Instrument(Section):
    """Describes an instrument."""

    idn: Texts
    """What its answer to `*IDN?` may be; `*` stands for any text."""
    resource: Annotated[str, Field(min_length=1, max_length=_MOST_CHARACTERS)] | None = None
    """Its VISA resource, unless the address names one (`scpi:FILE@RESOURCE`)."""
    timeout_s: Annotated[float, Field(ge=0.1, le=60)] = 5.0
    errors: Question = "SYST:ERR?"
    """What takes the oldest entry out of its queue of errors."""
    setup: Commands
    external: External | None = None
    supply: Supply | None = None
    period: Period
    record: Record
    fetch: Fetch
    events: Events | None = None
    """Where it sees the timestamp pin itself; else the IO manager's edges are aligned."""
    leave: Commands = ()
    """What is sent last, in every case: after the supply is off and the recording is stopped."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.external is None) == (self.supply is None):
            raise ValueError(
                "expected either supply (the instrument powers the board) or external (you do)"
            )
        recorded = any(quantity is Quantity.EVENT for quantity in self.fetch.fields)
        if recorded != (self.events is not None):
            raise ValueError("events and an `event` among the fields go together")
        if self.fetch.holds * self.period.seconds < self.fetch.every_s:
            raise ValueError(
                f"it keeps {self.fetch.holds} samples of {self.period.seconds:g} s, and is fetched "
                f"every {self.fetch.every_s:g} s only"
            )
        return self

    @property
    def feed(self) -> Supply | External:
        """Return what powers the board."""
        feed = self.supply or self.external
        assert feed is not None, "one of the two is there"
        return feed

    def is_named(self, answer: str) -> bool:
        """Tell whether an answer to `*IDN?` is this instrument's."""
        said = ",".join(idn_fields(answer))
        return any(
            re.fullmatch(
                ".*".join(map(re.escape, ",".join(idn_fields(pattern)).split("*"))),
                said,
                re.IGNORECASE,
            )
            for pattern in self.idn
        )


def idn_fields(answer: str) -> list[str]:
    """Return the parts of an answer to `*IDN?`, without the blanks around them."""
    return [part.strip() for part in answer.split(",")]


@dataclass(frozen=True, slots=True)
class Described:
    """Is a description, and the file that it was read from."""

    instrument: Instrument
    path: str
    sha256: str
