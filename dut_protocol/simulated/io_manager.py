"""A simulated IO manager with its device behind it: the same bytes as EEMBC's Arduino.

It has the shape of a simulated device (bytes in with their time, lines out with theirs), so it
stands behind the same in-process link and the same pty or TCP server.

What EEMBC's image 1.0.3 says, run on an emulated ATmega328P, and what published logs hold of it is
in ``tests/energy/transcripts/io_manager.yaml``, against which this is tested without our driver.
Of its own making are, because no source tells: the bytes of ``vdata`` behind the first two; that a
command of exactly as many characters as are kept counts as cut; and that a command with arguments
other than those in the transcript is refused like an unknown one.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from ..wire.framing import CommandReader
from ..wire.messages import PASS_THROUGH
from ..wire.settings import DEFAULT_BAUD_RATE, IO_MANAGER_COMMAND_CHARS
from ..wire.timer import WRAP_US
from .device import DeviceSettings, SimulatedDut

_EDGE = b"m-lap-us-"
_STEP_US = 4
"""The step of the Arduino's micros()."""

_LATEST_EDGE_S = 0.82e-3
_BEHIND_THE_BUFFER = b"\xbc\x06."
"""What lies in memory behind a command that fills its buffer, up to the next zero."""

_BOOT_TEXT = "m-ver-IoTConnect IO Manager 1.0.3"
_VDATA = "m-vdata-" + bytes((0x3E, 0x17, *range(14))).hex("-").upper()

_REPLIES: dict[str, tuple[str, ...]] = {
    "name": ("m-name-io",),
    "version": ("m-version-1.0.3",),
    "enable-timer": ("m-timer-enabled",),
    "disable-timer": ("m-timer-disabled",),
    "tm 0": ("m-timestmp-mode-FALLING", "m-[Timer disabled after mode change]"),
    "tm 1": ("m-timestmp-mode-CHANGE", "m-[Timer disabled after mode change]"),
    "tm 2": ("m-timestmp-mode-CHANGE", "m-[Timer disabled after mode change]"),
    "res 0": ("m-reset-polarity-0",),
    "res 1": ("m-reset-polarity-1",),
    "et": ("e-[EMON Triggering not supported]", ""),
    "i2c-disable": ("m-i2c-disabled",),
    "load-vdata": (_VDATA,),
    "show-vdata": (_VDATA,),
}
_OF_ONE_ARGUMENT = ("tm", "res", "tp")


@dataclass(frozen=True, slots=True)
class IoManagerHabits:
    """Says how a simulated IO manager behaves, where the real ones may differ."""

    command_chars: int = IO_MANAGER_COMMAND_CHARS
    """What it keeps of a command."""
    late_edges: bool = True
    """Whether an edge that comes while the device talks is reported late, by up to 0.82 ms."""
    first_byte_lost: bool = False
    """Whether the device's banner comes without its first byte: the device was up before it."""
    seed: int = 0
    """Of how late an edge is."""


class SimulatedIoManager:
    """Stands between a host and a :class:`SimulatedDut`."""

    def __init__(
        self,
        device: SimulatedDut,
        baud_rate: int = DEFAULT_BAUD_RATE,
        habits: IoManagerHabits | None = None,
    ) -> None:
        self.device = device
        self.settings = DeviceSettings(baud_rate=baud_rate)
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self._habits = habits or IoManagerHabits()
        self._random = Random(self._habits.seed)
        self._byte_time_s = self.settings.byte_time_s
        self.boot(0.0)

    def boot(self, at_s: float) -> None:
        """Begin anew, as opening its port makes it; the device behind it goes on."""
        self.outgoing.clear()
        self._commands = CommandReader(self._habits.command_chars)
        self._now_s = at_s
        self._forwarded_until_s = 0.0
        self._blind_until_s = self._heard_s = 0.0
        self._timer = False
        self._falling = True
        self._say(_BOOT_TEXT, "m-ready")

    def receive(self, data: bytes, start_s: float) -> None:
        """Take bytes from the host, the first of which begins to arrive at ``start_s``."""
        for end, command in self._commands.feed(data):
            self._now_s = max(self._now_s, start_s + end * self._byte_time_s)
            self._execute(command)
            self.forward()

    def edge(self, at_s: float) -> None:
        """Note a fall of the device's timestamp pin (it rises again within a microsecond or so)."""
        if self._timer:
            seen_s = self._seen_s(at_s)
            for _ in range(1 if self._falling else 2):
                us = int(seen_s * 1e6) // _STEP_US * _STEP_US % WRAP_US
                self._queue(seen_s, b"%b%d\r\n" % (_EDGE, us))

    def forward(self) -> None:
        """Pass on what the device has said by now, line by line."""
        while self.device.outgoing:
            done_s, data = self.device.outgoing.popleft()
            for line in data.splitlines():
                if self._habits.first_byte_lost and line.startswith(b"m-timestamp-mode"):
                    line = line[1:]
                passed = PASS_THROUGH + line + b"\r\n"
                # One wire to the host: a short line never overtakes the longer one before it.
                begins_s = max(done_s, self._forwarded_until_s)
                self._forwarded_until_s = begins_s + len(passed) * self._byte_time_s
                self._put(self._forwarded_until_s, passed)

    def power_off(self, at_s: float) -> None:
        """Drop what the device behind it was still to cause: it loses its supply."""
        waiting = list(self.outgoing)
        self.outgoing.clear()
        self.outgoing.extend(
            (done_s, line)
            for done_s, line in waiting
            if done_s <= at_s or not line.startswith((PASS_THROUGH, _EDGE))
        )

    def _seen_s(self, at_s: float) -> float:
        """Return when an edge is seen: at once, but while a character of the device comes in."""
        said = self.device.outgoing
        if not (self._habits.late_edges and said):
            return at_s
        if at_s < said[-1][0] + self.device.settings.byte_time_s and said[-1][0] != self._heard_s:
            self._heard_s = said[-1][0]
            self._blind_until_s = at_s + self._random.uniform(0.0, _LATEST_EDGE_S)
        return max(at_s, self._blind_until_s)

    def _execute(self, command: bytes) -> None:
        if len(command) == self._habits.command_chars:
            command += _BEHIND_THE_BUFFER
        text = command.decode("latin-1").strip()
        word, _, arguments = text.partition(" ")
        if word == "dut":
            passed = arguments.strip()
            self._say(f"m-dut-passthrough({passed})", "m-ready")
            self.device.receive(passed.encode("latin-1") + b"%", self._now_s)
            return
        self._say(*self._answer(word, arguments.split()), "m-ready")

    def _answer(self, word: str, arguments: list[str]) -> tuple[str, ...]:
        if word in _OF_ONE_ARGUMENT and len(arguments) != 1:
            return (f"e-{word}-?#args?{len(arguments)}!=1",)
        match word, arguments:
            case "tm", ["0" | "1" | "2" as mode]:
                self._timer, self._falling = False, mode == "0"
            case "enable-timer" | "disable-timer", _:
                self._timer = word == "enable-timer"
            case "i2c-enable", [size] if size.isdecimal():
                return (f"m-i2c-enabled-{size}" if int(size) % 16 == 0 else "e-i2c-?mod16",)
        return _REPLIES.get(" ".join((word, *arguments)), (f"e-?{word}",))

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._now_s += (len(line) + 2) * self._byte_time_s
            self._put(self._now_s, line.encode("latin-1") + b"\r\n")

    def _queue(self, at_s: float, data: bytes) -> None:
        """Queue what came to pass at ``at_s`` and then went over the host's wire."""
        self._put(at_s + len(data) * self._byte_time_s, data)

    def _put(self, done_s: float, data: bytes) -> None:
        """Keep the order of time: an edge is reported before a line that ended later."""
        waiting: list[tuple[float, bytes]] = []
        while self.outgoing and self.outgoing[-1][0] > done_s:
            waiting.append(self.outgoing.pop())
        self.outgoing.append((done_s, data))
        self.outgoing.extend(reversed(waiting))
