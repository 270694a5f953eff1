"""What a step's command asks for, as a type: the scripts' verbs, parsed and printed.

The interactive console speaks the same verbs, one at a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar, assert_never

from .script import ScriptError

_WORD = re.compile(r"[^\s\x00-\x1f\x7f]+")
_TEXT = re.compile(r"[^\s\x00-\x1f\x7f](?:[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?")
"""One line without white space at its ends."""
_NUMBER = re.compile(r"[0-9]{1,12}")
_LOAD = re.compile(r'"(?P<path>[^"]+)"(?:\s+(?P<offset>[0-9]{1,12})\s+(?P<length>[0-9]{1,12}))?')
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


Verb = (
    Umount | Mount | Version | BmCfg | DutCommand | IoCommand | IoDutCommand | Load
    | EmonVoltage | EmonPower | EmonTimer | EmonTrace | Echo
)  # fmt: skip
_V = TypeVar("_V", bound=Verb)


def parse_verb(command: str) -> Verb:
    """The verb that a command is; ScriptError where it is none."""
    word, _, rest = command.strip().partition(" ")
    parse = _PARSERS.get(word)
    if parse is None:
        raise ScriptError(
            f"unknown command {command.strip()[:60]!r}; known are {', '.join(_PARSERS)}"
        )
    try:
        return parse(rest.strip())
    except ScriptError as error:
        raise ScriptError(f"{command.strip()[:200]!r}: {error}") from error


def format_verb(verb: Verb) -> str:
    """The command as scripts and logs write it."""
    match verb:
        case Umount():
            return "umount"
        case Mount(alias, kind):
            return f"mountc {alias} {kind}"
        case Version():
            return "version"
        case BmCfg(code):
            return f"bm cfg {code}"
        case DutCommand(text):
            return f"dut {text}"
        case IoCommand(text):
            return f"io {text}"
        case IoDutCommand(text):
            return f"io dut {text}"
        case Load(path, offset, length, through_io):
            window = "" if length is None else f" {offset} {length}"
            return f'{"bloadp" if through_io else "bload dut"} "{path}"{window}'
        case EmonVoltage(None):
            return "emon voltage"
        case EmonVoltage(millivolts):
            return f"emon voltage {millivolts}"
        case EmonPower(on):
            return f"emon power {_switch(on)}"
        case EmonTimer(on):
            return f"emon timer {_switch(on)}"
        case EmonTrace(None):
            return "emon trace off"
        case EmonTrace(name):
            return f"emon trace on {name}"
        case Echo(text, milliseconds):
            return f"echo {text} {milliseconds}"
        case _:
            assert_never(verb)


def input_file_name(path: str) -> str:
    """The base name of a path written on Windows or elsewhere."""
    found = _NAME_IN_PATH.search(path)
    return found.group() if found else path


def reroot(verb: Load, dataset_root: Path, model_id: str) -> Load:
    """The same load from the user's data sets: `<root>/<model id>/<base name>`.

    Somebody else's folders never count, so a script cannot name a file outside the data sets.
    """
    name = input_file_name(verb.path)
    if name in ("", ".", "..") or ":" in name:
        raise ScriptError(f"{verb.path!r} does not end in the name of an input file")
    return replace(verb, path=str(dataset_root / model_id / name))


def _check(pattern: re.Pattern[str], what: str, text: str) -> None:
    if not pattern.fullmatch(text):
        raise ScriptError(f"{what}, got {text[:60]!r}")


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _parse_on_off(text: str, verb: Callable[[bool], _V]) -> _V:
    if text not in ("on", "off"):
        raise ScriptError(f"expected on or off, got {text[:60]!r}")
    return verb(text == "on")


def _alone(verb: Verb) -> Callable[[str], Verb]:
    def parse(rest: str) -> Verb:
        if rest:
            raise ScriptError(f"expected nothing more, got {rest[:60]!r}")
        return verb

    return parse


def _parse_mount(rest: str) -> Verb:
    words = rest.split()
    if len(words) != 2:
        raise ScriptError("expected mountc NAME KIND")
    return Mount(*words)


def _parse_bm(rest: str) -> Verb:
    words = rest.split()
    if len(words) != 2 or words[0] != "cfg":
        raise ScriptError("expected bm cfg CODE")
    return BmCfg(words[1])


def _parse_io(rest: str) -> Verb:
    words = rest.split(None, 1)
    if words[:1] == ["dut"]:
        return IoDutCommand(words[1] if len(words) == 2 else "")
    return IoCommand(rest)


def _parse_bload(rest: str) -> Verb:
    target, _, load = rest.partition(" ")
    if target != "dut":
        raise ScriptError('expected bload dut "FILE" [OFFSET LENGTH]')
    return _parse_load(load.strip(), through_io=False)


def _parse_load(text: str, through_io: bool) -> Load:
    found = _LOAD.fullmatch(text)
    if found is None:
        raise ScriptError('expected "FILE" [OFFSET LENGTH]')
    if found["offset"] is None:
        return Load(found["path"], through_io=through_io)
    return Load(found["path"], int(found["offset"]), int(found["length"]), through_io)


def _parse_emon(rest: str) -> Verb:
    what, _, value = rest.partition(" ")
    value = value.strip()
    match what:
        case "voltage" if not value:
            return EmonVoltage()
        case "voltage" if _NUMBER.fullmatch(value):
            return EmonVoltage(int(value))
        case "power":
            return _parse_on_off(value, EmonPower)
        case "timer":
            return _parse_on_off(value, EmonTimer)
        case "trace" if value == "off":
            return EmonTrace()
        case "trace" if value.split(None, 1)[:1] == ["on"]:
            return EmonTrace(value[2:].strip())
        case _:
            raise ScriptError(
                "expected emon voltage [MILLIVOLTS], power on|off, timer on|off, "
                "or trace on NAME|off"
            )


def _parse_echo(rest: str) -> Verb:
    text, _, milliseconds = rest.rpartition(" ")
    if not _NUMBER.fullmatch(milliseconds):
        raise ScriptError("expected echo TEXT MILLISECONDS")
    return Echo(text.strip(), int(milliseconds))


_PARSERS: dict[str, Callable[[str], Verb]] = {
    "umount": _alone(Umount()),
    "mountc": _parse_mount,
    "version": _alone(Version()),
    "bm": _parse_bm,
    "dut": DutCommand,
    "io": _parse_io,
    "bload": _parse_bload,
    "bloadp": lambda rest: _parse_load(rest, through_io=True),
    "emon": _parse_emon,
    "echo": _parse_echo,
}
