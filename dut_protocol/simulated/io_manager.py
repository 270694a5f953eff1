"""A simulated IO manager with its device behind it: the same bytes as EEMBC's Arduino.

It has the shape of a simulated device (bytes in with their time, lines out with theirs), so it
stands behind the same in-process link and the same pty or TCP server.
"""

from __future__ import annotations

from collections import deque

from ..wire.framing import CommandReader
from ..wire.messages import PASS_THROUGH
from ..wire.timer import WRAP_US
from .device import DeviceSettings, SimulatedDut

_COMMAND_CHARS = 200
_EDGE = b"m-lap-us-"
_STEP_US = 4
"""The step of the Arduino's micros()."""

_FIXED_REPLIES: dict[str, tuple[str, ...]] = {
    "name": ("m-name-ioman-[tinyrunner-simulated]",),
    "version": ("m-version-[1.0.0-simulated]",),
    "help": ("dut CMD, tm 0|1, enable-timer, disable-timer, name, version",),
}


class SimulatedIoManager:
    """Stands between a host and a :class:`SimulatedDut`."""

    def __init__(self, device: SimulatedDut, baud_rate: int = 115200) -> None:
        self.device = device
        self.settings = DeviceSettings(baud_rate=baud_rate)
        self.outgoing: deque[tuple[float, bytes]] = deque()
        self._byte_time_s = self.settings.byte_time_s
        self.boot(0.0)

    def boot(self, at_s: float) -> None:
        """Begin anew, as opening its port makes it; the device behind it goes on."""
        self.outgoing.clear()
        self._commands = CommandReader(_COMMAND_CHARS)
        self._now_s = at_s
        self._forwarded_until_s = 0.0
        self._timer = False
        self._falling = True

    def receive(self, data: bytes, start_s: float) -> None:
        """Take bytes from the host, the first of which begins to arrive at ``start_s``."""
        for end, command in self._commands.feed(data):
            self._now_s = max(self._now_s, start_s + end * self._byte_time_s)
            self._execute(command)
            self.forward()

    def edge(self, at_s: float) -> None:
        """Note a fall of the device's timestamp pin (it rises again within a microsecond or so)."""
        if self._timer:
            for _ in range(1 if self._falling else 2):
                us = int(at_s * 1e6) // _STEP_US * _STEP_US % WRAP_US
                self._queue(at_s, b"%b%d\r\n" % (_EDGE, us))

    def forward(self) -> None:
        """Pass on what the device has said by now, line by line."""
        while self.device.outgoing:
            done_s, data = self.device.outgoing.popleft()
            for line in data.splitlines():
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

    def _execute(self, command: bytes) -> None:
        text = command.decode("latin-1").strip()
        if text.startswith("dut "):
            passed = text[len("dut ") :].strip()
            self._say(f"m-dut-passthrough({passed})")
            self._say("m-ready")
            self.device.receive(passed.encode("latin-1") + b"%", self._now_s)
            return
        match text:
            case "tm 0" | "tm 1":
                self._falling = text == "tm 0"
                self._timer = False
                self._say(f"m-timestmp-mode-{'FALLING' if self._falling else 'CHANGE'}")
                self._say("m-[Timer disabled after mode change]")
            case "enable-timer" | "et":
                self._timer = True
                self._say("m-timer-enabled")
            case "disable-timer":
                self._timer = False
                self._say("m-timer-disabled")
            case known if known in _FIXED_REPLIES:
                for line in _FIXED_REPLIES[known]:
                    self._say(line)
            case _:
                self._say(f"e-[Unknown command: {text}]")
        self._say("m-ready")

    def _say(self, text: str) -> None:
        self._now_s += (len(text) + 2) * self._byte_time_s
        self._put(self._now_s, text.encode("latin-1") + b"\r\n")

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
