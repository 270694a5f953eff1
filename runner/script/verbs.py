"""The verbs of scripts: what a step's command asks for, as a type, and the one table of them.

:data:`FORMS` says of each verb how it is written and read, what it needs of a bench and which
method carries it out. The executor of scripts, the console and the check of a script go by it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from ...errors import closest
from .script import ScriptError

_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")
_TEXT = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?")
"""A line without white space at its ends."""
_NUMBER = re.compile(r"[0-9]{1,12}")
_LOAD = re.compile(r'"(?P<path>[^"]+)"(?:\s+(?P<offset>[0-9]{1,12})\s+(?P<length>[0-9]{1,12}))?')
_PLAYED = re.compile(r"[^\s%\x00-\x1f\x7f-\uffff]{1,60}")
"""Such a name as the board's commands have room for, and which is no second command."""
MOST_BAUD = 2_000_000
"""The interface board takes a faster rate for 9600."""
_NAME_IN_PATH = re.compile(r"[^/\\]*$")


@dataclass(frozen=True, slots=True)
class Umount:
    """Forget the mounted devices."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Mount a device of ``kind`` (dut, ioman, emon) under a name: `mountc io ioman`."""

    alias: str
    kind: str

    def __post_init__(self) -> None:
        _check(_WORD, "an alias is one word", self.alias)
        _check(_WORD, "a kind of device is one word", self.kind)


@dataclass(frozen=True, slots=True)
class Version:
    """Say the runner's version."""


@dataclass(frozen=True, slots=True)
class BmCfg:
    """Say the benchmark's settings; ``code`` is ulp-mlperf, or ulp-ml for energy."""

    code: str

    def __post_init__(self) -> None:
        _check(_WORD, "a benchmark code is one word", self.code)


@dataclass(frozen=True, slots=True)
class DutCommand:
    """Send ``text`` to the device: `dut infer 800 1`."""

    text: str

    def __post_init__(self) -> None:
        _check(_TEXT, "a command for the device is one line", self.text)


@dataclass(frozen=True, slots=True)
class IoCommand:
    """Send ``text`` to the IO Manager itself: `io enable-timer`."""

    text: str

    def __post_init__(self) -> None:
        _check(_TEXT, "a command for the IO Manager is one line", self.text)
        if self.text.split(None, 1)[0] == "dut":
            raise ScriptError(f"'io {self.text}' is for the device behind: use IoDutCommand")


@dataclass(frozen=True, slots=True)
class IoDutCommand:
    """Send ``text`` to the device behind the IO Manager: `io dut timestamp`."""

    text: str

    def __post_init__(self) -> None:
        _check(_TEXT, "a command for the device is one line", self.text)


@dataclass(frozen=True, slots=True)
class Load:
    """Load a file into the device, or the window of ``length`` bytes at ``offset``.

    ``length`` is None where the whole file is meant. ``path`` is as written, with either slash.
    """

    path: str
    offset: int = 0
    length: int | None = None
    through_io: bool = False

    def __post_init__(self) -> None:
        if not self.path or re.search(r'["\x00-\x1f\x7f]', self.path):
            raise ScriptError(f"{self.path!r} cannot stand between the quotes of a load")
        if self.offset < 0 or (self.length is None and self.offset) or self.length == 0:
            raise ScriptError(f"no window: offset {self.offset}, length {self.length}")


@dataclass(frozen=True, slots=True)
class EmonVoltage:
    """Set the supply, in millivolts; None asks what it is."""

    millivolts: int | None = None

    def __post_init__(self) -> None:
        if self.millivolts is not None and self.millivolts < 0:
            raise ScriptError(f"a supply is 0 mV or more, not {self.millivolts}")


@dataclass(frozen=True, slots=True)
class EmonPower:
    """Switch the device's supply."""

    on: bool


@dataclass(frozen=True, slots=True)
class EmonTimer:
    """Let the monitor take the device's timestamps, or stop it."""

    on: bool


@dataclass(frozen=True, slots=True)
class EmonTrace:
    """Begin the trace ``name``; None ends it."""

    name: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None:
            _check(_WORD, "a trace's name is one word", self.name)


@dataclass(frozen=True, slots=True)
class Echo:
    """Pause, then say ``text``."""

    text: str
    milliseconds: int

    def __post_init__(self) -> None:
        _check(_TEXT, "the text of an echo is one line", self.text)
        if self.milliseconds < 0:
            raise ScriptError(f"a pause is 0 ms or more, not {self.milliseconds}")


@dataclass(frozen=True, slots=True)
class Feed:
    """Send the device a recording over its UART, frame by frame: `feed "/d/sww01/long_wav.wav"`."""

    path: str

    def __post_init__(self) -> None:
        if not self.path or re.search(r'["\x00-\x1f\x7f]', self.path):
            raise ScriptError(f"{self.path!r} cannot stand between the quotes of a feed")


class BoardQuestion(Enum):
    """Names what an interface board is asked or told in two words: `ib ls`."""

    NAME = "ib name"
    FILES = "ib ls"
    BAUD_RATE = "ib checkbaud"
    RECORD = "ib record"
    DETECTIONS = "ib detections"
    DUTY_CYCLE = "ib dutycycle"


@dataclass(frozen=True, slots=True)
class BoardCommand:
    """Ask the interface board, or tell it to record detections."""

    question: BoardQuestion


@dataclass(frozen=True, slots=True)
class BoardBaudRate:
    """Set the interface board's rate to the device; the board starts anew: `ib setbaud 115200`."""

    baud_rate: int

    def __post_init__(self) -> None:
        if not 1 <= self.baud_rate <= MOST_BAUD:
            raise ScriptError(f"a baud rate is 1 to {MOST_BAUD}, not {self.baud_rate}")


@dataclass(frozen=True, slots=True)
class BoardPlay:
    """Let the interface board play a file of its card: `ib play long_wav.wav`."""

    file: str

    def __post_init__(self) -> None:
        _check(_PLAYED, "a recording is a file's name without blanks", self.file)


@dataclass(frozen=True, slots=True)
class BoardDutCommand:
    """Send ``text`` to the device behind the interface board: `ib dut start`."""

    text: str

    def __post_init__(self) -> None:
        _check(_TEXT, "a command for the device is one line", self.text)


BoardVerb = BoardCommand | BoardBaudRate | BoardPlay
"""The verbs that concern the interface board alone."""

EnergyVerb = IoCommand | EmonVoltage | EmonPower | EmonTimer | EmonTrace
"""The verbs that concern the IO Manager and the monitor alone."""

DeviceVerb = DutCommand | IoDutCommand | BoardDutCommand
"""The verbs that send the device a command, each on its way."""

Verb = (
    Umount | Mount | Version | BmCfg | DeviceVerb | Load | Feed | Echo | EnergyVerb | BoardVerb
)  # fmt: skip
V = TypeVar("V", bound=Verb)


class Needs(Enum):
    """Says what a verb needs beside the device."""

    NOTHING = "nothing"
    IO_MANAGER = "an IO manager"
    MONITOR = "an energy monitor"
    BOARD = "an interface board"
    SOUND = "a run of a streaming task without a board (--no-board)"


INSTRUMENTS = (Needs.IO_MANAGER, Needs.MONITOR)
"""What energy mode has beside the device."""


class Performer:
    """Carries verbs out, each by a method of its own; a class has those that it is asked for."""

    def perform(self, verb: Verb) -> None:
        form_of(verb).perform(self, verb)

    umount: Callable[[Umount], None]
    mount: Callable[[Mount], None]
    version: Callable[[Version], None]
    configure: Callable[[BmCfg], None]
    command: Callable[[DeviceVerb], None]
    io_command: Callable[[IoCommand], None]
    load: Callable[[Load], None]
    voltage: Callable[[EmonVoltage], None]
    power: Callable[[EmonPower], None]
    timer: Callable[[EmonTimer], None]
    record: Callable[[EmonTrace], None]
    feed: Callable[[Feed], None]
    echo: Callable[[Echo], None]
    board: Callable[[BoardVerb], None]


@dataclass(frozen=True, slots=True)
class VerbForm(Generic[V]):
    """Holds all there is to know of a verb in one of its forms."""

    words: str
    """The words that every command of this form begins with."""
    usage: str
    """The part behind the words, for a person."""
    kind: type[V]
    parse: Callable[[str], V | None]
    """What makes the verb of what follows the words; None where that is not as in ``usage``."""
    arguments: Callable[[V], str]
    """What makes of a verb the part behind the words."""
    needs: Needs
    perform: Callable[[Performer, V], None]


def parse_verb(command: str) -> Verb:
    """Return the verb that a command is; ScriptError where it is none."""
    word, _, rest = command.strip().partition(" ")
    siblings = _BY_FIRST_WORD.get(word)
    if siblings is None:
        raise ScriptError(
            f"unknown command {command.strip()[:60]!r}{closest(word, _BY_FIRST_WORD)}; known are "
            + ", ".join(_BY_FIRST_WORD)
        )
    second, *behind = rest.split(None, 1) or [""]
    form = _BY_WORDS.get(f"{word} {second}")
    arguments = "".join(behind).strip()
    if form is None:
        form, arguments = _BY_WORDS.get(word), rest.strip()
    try:
        verb: Verb | None = None if form is None else form.parse(arguments)
        if verb is None:
            raise ScriptError(f"expected {_usage(siblings)}")
    except ScriptError as error:
        raise ScriptError(f"{command.strip()[:200]!r}: {error}") from error
    return verb


def format_verb(verb: Verb) -> str:
    """Return the command as scripts and logs write it."""
    form = form_of(verb)
    return f"{form.words} {form.arguments(verb)}".rstrip(" ")


def form_of(verb: V) -> VerbForm[V]:
    """Return the verb's row of the table."""
    if isinstance(verb, Load):
        return _BY_WORDS["bloadp" if verb.through_io else "bload dut"]
    if isinstance(verb, BoardCommand):
        return _BY_WORDS[verb.question.value]
    return _BY_KIND[type(verb)]


def input_file_name(path: str) -> str:
    """Return the base name of a path written on Windows or elsewhere."""
    found = _NAME_IN_PATH.search(path)
    return found.group() if found else path


def _check(pattern: re.Pattern[str], what: str, text: str) -> None:
    if not pattern.fullmatch(text):
        raise ScriptError(f"{what}, got {text[:60]!r}")


def _usage(forms: list[VerbForm[Any]]) -> str:
    """Write `emon voltage [MILLIVOLTS], power on|off, …, or trace on NAME|off`."""
    first, *others = (f"{form.words} {form.usage}" for form in forms)
    others = [other.partition(" ")[2] for other in others]
    return ", or ".join((", ".join((first, *others[:-1])), *others[-1:]))


def _nothing(verb: V) -> Callable[[str], V]:
    def parse(rest: str) -> V:
        if rest:
            raise ScriptError(f"expected nothing more, got {rest[:60]!r}")
        return verb

    return parse


def _switch(verb: Callable[[bool], V]) -> Callable[[str], V]:
    def parse(text: str) -> V:
        if text not in ("on", "off"):
            raise ScriptError(f"expected on or off, got {text[:60]!r}")
        return verb(text == "on")

    return parse


def _parse_mount(rest: str) -> Mount | None:
    words = rest.split()
    return Mount(*words) if len(words) == 2 else None


def _parse_bm_cfg(rest: str) -> BmCfg | None:
    words = rest.split()
    return BmCfg(*words) if len(words) == 1 else None


def _parse_load(through_io: bool) -> Callable[[str], Load]:
    def parse(text: str) -> Load:
        found = _LOAD.fullmatch(text)
        if found is None:
            raise ScriptError('expected "FILE" [OFFSET LENGTH]')
        if found["offset"] is None:
            return Load(found["path"], through_io=through_io)
        return Load(found["path"], int(found["offset"]), int(found["length"]), through_io)

    return parse


def _parse_feed(text: str) -> Feed | None:
    found = _LOAD.fullmatch(text)
    return Feed(found["path"]) if found is not None and found["offset"] is None else None


def _load_arguments(load: Load) -> str:
    window = "" if load.length is None else f" {load.offset} {load.length}"
    return f'"{load.path}"{window}'


def _parse_voltage(value: str) -> EmonVoltage | None:
    if not value:
        return EmonVoltage()
    return EmonVoltage(int(value)) if _NUMBER.fullmatch(value) else None


def _parse_trace(value: str) -> EmonTrace | None:
    if value == "off":
        return EmonTrace()
    return EmonTrace(value[2:].strip()) if value.split(None, 1)[:1] == ["on"] else None


def _parse_echo(rest: str) -> Echo | None:
    text, _, milliseconds = rest.rpartition(" ")
    return Echo(text.strip(), int(milliseconds)) if _NUMBER.fullmatch(milliseconds) else None


def _parse_baud_rate(value: str) -> BoardBaudRate | None:
    return BoardBaudRate(int(value)) if _NUMBER.fullmatch(value) else None


def _question(question: BoardQuestion) -> VerbForm[BoardCommand]:
    return VerbForm(
        question.value, "", BoardCommand, _nothing(BoardCommand(question)), lambda v: "",
        Needs.BOARD, lambda by, v: by.board(v),
    )  # fmt: skip


def _on_off(verb: EmonPower | EmonTimer) -> str:
    return "on" if verb.on else "off"


FORMS: tuple[VerbForm[Any], ...] = (
    VerbForm("umount", "", Umount, _nothing(Umount()), lambda v: "",
         Needs.NOTHING, lambda by, v: by.umount(v)),
    VerbForm("mountc", "NAME KIND", Mount, _parse_mount, lambda v: f"{v.alias} {v.kind}",
         Needs.NOTHING, lambda by, v: by.mount(v)),
    VerbForm("version", "", Version, _nothing(Version()), lambda v: "",
         Needs.NOTHING, lambda by, v: by.version(v)),
    VerbForm("bm cfg", "CODE", BmCfg, _parse_bm_cfg, lambda v: v.code,
         Needs.NOTHING, lambda by, v: by.configure(v)),
    VerbForm("dut", "COMMAND", DutCommand, DutCommand, lambda v: v.text,
         Needs.NOTHING, lambda by, v: by.command(v)),
    VerbForm("io", "COMMAND", IoCommand, IoCommand, lambda v: v.text,
         Needs.IO_MANAGER, lambda by, v: by.io_command(v)),
    VerbForm("io dut", "COMMAND", IoDutCommand, IoDutCommand, lambda v: v.text,
         Needs.IO_MANAGER, lambda by, v: by.command(v)),
    VerbForm("bload dut", '"FILE" [OFFSET LENGTH]', Load, _parse_load(False), _load_arguments,
         Needs.NOTHING, lambda by, v: by.load(v)),
    VerbForm("bloadp", '"FILE" [OFFSET LENGTH]', Load, _parse_load(True), _load_arguments,
         Needs.IO_MANAGER, lambda by, v: by.load(v)),
    *map(_question, BoardQuestion),
    VerbForm("ib setbaud", "BAUD", BoardBaudRate, _parse_baud_rate, lambda v: str(v.baud_rate),
         Needs.BOARD, lambda by, v: by.board(v)),
    VerbForm("ib play", "FILE", BoardPlay, BoardPlay, lambda v: v.file,
         Needs.BOARD, lambda by, v: by.board(v)),
    VerbForm("ib dut", "COMMAND", BoardDutCommand, BoardDutCommand, lambda v: v.text,
         Needs.BOARD, lambda by, v: by.command(v)),
    VerbForm("feed", '"FILE"', Feed, _parse_feed, lambda v: f'"{v.path}"',
         Needs.SOUND, lambda by, v: by.feed(v)),
    VerbForm("emon voltage", "[MILLIVOLTS]", EmonVoltage, _parse_voltage,
         lambda v: "" if v.millivolts is None else str(v.millivolts),
         Needs.MONITOR, lambda by, v: by.voltage(v)),
    VerbForm("emon power", "on|off", EmonPower, _switch(EmonPower), _on_off,
         Needs.MONITOR, lambda by, v: by.power(v)),
    VerbForm("emon timer", "on|off", EmonTimer, _switch(EmonTimer), _on_off,
         Needs.MONITOR, lambda by, v: by.timer(v)),
    VerbForm("emon trace", "on NAME|off", EmonTrace, _parse_trace,
         lambda v: "off" if v.name is None else f"on {v.name}",
         Needs.MONITOR, lambda by, v: by.record(v)),
    VerbForm("echo", "TEXT MILLISECONDS", Echo, _parse_echo, lambda v: f"{v.text} {v.milliseconds}",
         Needs.NOTHING, lambda by, v: by.echo(v)),
)  # fmt: skip
"""The verbs. One more is a row here, its type above, and a method of those who carry it out."""

_BY_WORDS = {form.words: form for form in FORMS}
_BY_KIND = {form.kind: form for form in FORMS}
_BY_FIRST_WORD = {
    word: [form for form in FORMS if form.words.split()[0] == word]
    for word in dict.fromkeys(form.words.split()[0] for form in FORMS)
}
