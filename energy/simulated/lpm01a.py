"""A PowerShield that exists in bytes only: what it says, and what its firmware gets wrong.

It measures a :class:`~.power_model.PowerModel` on the bench's clock, and says what
``tests/energy/transcripts/lpm01a.yaml`` holds, where the source of every form is named. The faults
are switched on one by one. What no public source tells is left out: the summary that real boards
print when an acquisition ends, the texts of most refusals, and whether an over-current cuts the
supply (here it stays on, so that it is for the host to switch it off).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..drivers.lpm01a.stream import PROMPT
from .link import OnPower, Outbox, SimulatedSupply
from .power_model import PowerModel

_REPLY_S = 0.001
_CALIBRATION_S = 0.2
_SAMPLES_A_TIMESTAMP = 1000
_SERIAL = "000000000-0000000000-0000000"
"""No board's serial number, in the form of one."""
_SERVICE_LINE = "calibration request handled\r\n"
_COMPLETED = "Acquisition completed\r\n"
# fmt: off
_COMMANDS = frozenset({
    "htc", "hrc", "version", "powershield", "status", "volt", "freq", "acqtime", "acqmode",
    "funcmode", "output", "format", "trigsrc", "trigdelay", "eventsrc", "currthres", "pwr",
    "pwrend", "start", "stop", "targrst", "temp", "calib", "lcd",
})
# fmt: on
_ALWAYS_TAKEN = frozenset({"htc", "hrc", "version", "powershield", "status"})
"""Commands that are taken without control, during an acquisition and after an over-current."""
_RATES = {
    f"{hertz // 1000}k" if hertz >= 1000 else str(hertz): float(hertz)
    for hertz in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000)
}


@dataclass(frozen=True, slots=True)
class Lpm01aFaults:
    """Says what goes wrong; nothing by default."""

    firmware: str = "1.0.7"
    """The firmware's version: before 1.0.6, `pwr off` is refused."""
    first_htc: bool = False
    """Whether the first `htc` is refused."""
    service_lines: bool = False
    """Whether it tells of its calibration between a new voltage and its `ack`."""
    voltage_offset_v: float = 0.0
    """How much more `volt get` measures than what was set."""
    over_current_a: float = 0.059
    """The current above which an acquisition stops by itself; inf: it never does."""
    refuse: Mapping[str, str] = field(default_factory=dict)
    """First words of commands that are refused, each with the error's detail."""
    silent: bool = False
    garbage: bool = False
    """Whether binary rubbish comes instead of every answer."""
    nuls: bool = False
    broken_neighbours: bool = False
    """Whether the line in front of each TimeStamp is cut off."""
    full_buffer: bool = False
    polarity: str = "ris"
    """How events are called: a board says `ris` where it was told to note falling edges."""
    lost: frozenset[int] = frozenset()
    """Samples of an acquisition, by number, that are never sent."""
    clock_offset_s: float = 0.0
    """How long before the start the TimeStamps' zero lies; 999 gives four-digit seconds."""
    timestamps: bool = True
    """Whether the stream has TimeStamps."""
    timestamps_stand: bool = False
    """Whether the TimeStamps all tell the same time."""
    stops_after: int | None = None
    """Number of samples after which the stream falls silent."""


class SimulatedLpm01a:
    """Takes commands, gives answers and samples, at times of the bench's clock."""

    def __init__(
        self,
        model: PowerModel,
        on_power: OnPower | None = None,
        faults: Lpm01aFaults | None = None,
        *,
        noise: float = 0.0,
        seed: int = 1,
    ) -> None:
        """Measure ``model``; ``noise`` is a sample's standard deviation, relative to its energy."""
        self.supply = SimulatedSupply(model, on_power)
        self.supply.volts = 3.3
        self.controlled = False
        """Whether the host has taken control and has not released it."""
        self._model = model
        self._faults = faults or Lpm01aFaults()
        self._noise = noise
        self._random = np.random.default_rng(seed)
        self._outbox = Outbox()
        self._command = b""
        self._first_htc = self._faults.first_htc
        self._error = ""
        """What stopped an acquisition; until it was asked for its status it takes nothing more."""
        self._rate_hz = 100.0
        self._energy = False
        self._started_s: float | None = None
        self._sent = 0
        """Samples of this acquisition that are done, lost ones included."""
        self._edge = 0
        """The model's first edge that has not been sent."""
        self._events = 0

    # ---- the wire ----

    def receive(self, data: bytes, at_s: float) -> None:
        for octet in data:
            if octet not in b"\r\n":
                self._command += bytes([octet])
            elif self._command:
                command, self._command = self._command.decode("latin-1"), b""
                self._sample_until(at_s)
                if words := command.split():
                    self._execute(command, words, at_s)

    def produce(self, until_s: float) -> bytes:
        self._sample_until(until_s)
        return self._outbox.take(until_s)

    def next_output_s(self) -> float | None:
        if self._outbox.next_s is not None or self._started_s is None:
            return self._outbox.next_s
        if self._faults.stops_after is not None and self._sent >= self._faults.stops_after:
            return None
        # A sample's end, and a little, so that rounding cannot fall short of it.
        return self._started_s + (self._sent + 1) / self._rate_hz + 1e-9

    # ---- commands ----

    def _execute(self, command: str, words: list[str], at_s: float) -> None:
        """Answer a command, whose letters and blanks the answer repeats as they were sent."""
        name, *arguments = words
        if self._faults.silent:
            return
        if self._faults.garbage:
            self._outbox.put(at_s + _REPLY_S, b"\xff\x00\x9c#\r\n?\x80\r\n")
            return
        if detail := self._refusal(name, arguments):
            self._say(at_s, f"error {command}\r\n", f"Error detail: {detail}\r\n")
            return
        answer = self._apply(name, arguments, at_s)
        if name == "stop" and answer:
            self._outbox.put(at_s + _REPLY_S, b"end\r\n")
            self._say(at_s, answer)
            return
        ready_s = at_s
        if name == "volt" and arguments != ["get"]:
            if self._faults.service_lines:
                self._outbox.put(at_s + _REPLY_S, b"\r\n" + _SERVICE_LINE.encode())
            ready_s += _CALIBRATION_S - _REPLY_S
        self._say(ready_s, f"ack {command}{answer}\r\n")
        if arguments == ["on", "nostatus"]:
            self._say(ready_s, f"ack {command}\r\n")  # published logs have it twice
        if name == "start":
            self._started_s = at_s + _REPLY_S
            self._sent = self._events = 0
            self._edge = len(self._model.edges_s)
            if self._faults.timestamps:
                self._outbox.put(self._started_s, b"".join(self._timestamp(0)))

    def _refusal(self, name: str, arguments: list[str]) -> str:
        if name == "htc" and self._first_htc:
            self._first_htc = False
            return "Command unknown"
        if name in self._faults.refuse:
            return self._faults.refuse[name]
        if name not in _COMMANDS:
            return "Command unknown"
        if name in _ALWAYS_TAKEN:
            return ""
        if self._error:
            return self._error
        if name == "pwr" and arguments[:1] == ["off"] and self._old:
            return "wrong parameter"
        if name == "stop":
            return ""
        if not self.controlled:
            return "host has not taken control"
        if self._started_s is not None and name not in ("pwr", "targrst"):
            return "acquisition ongoing"
        if name == "volt" and arguments != ["get"]:
            millivolts = arguments[0].removesuffix("m") if arguments else ""
            if not millivolts.isdigit() or not 1800 <= int(millivolts) <= 3300:
                return "voltage out of range"
        if name == "freq" and arguments[:1] and arguments[0] not in _RATES:
            return "frequency not in list"
        return ""

    def _apply(self, name: str, arguments: list[str], at_s: float) -> str:
        """Do what a command says; return what the answer tells behind it, if it tells anything."""
        match name, arguments:
            case "htc", _:
                self.controlled, self._error = True, ""
            case "hrc", _:
                self.controlled = False
            case "version", _:
                return f": {self._faults.firmware}"
            case "powershield", _:
                return f" {_SERIAL}"
            case "status", _:
                error, self._error = self._error, ""
                return f" error: {error}" if error else " ok"
            case "volt", ["get"]:
                return (
                    f" {round((self.supply.volts + self._faults.voltage_offset_v) * 1000):04d}-03"
                )
            case "volt", [volts]:
                self.supply.set(int(volts.removesuffix("m")) / 1000, at_s)
            case "freq", [rate]:
                self._rate_hz = _RATES[rate]
            case "output", [output]:
                self._energy = output == "energy"
            case "pwr", ["on" | "off" as state, *_]:
                self.supply.switch(state == "on", at_s)
            case "stop", _ if self._started_s is not None:
                self._started_s = None
                return _COMPLETED
            case _:
                pass
        return ""

    @property
    def _old(self) -> bool:
        return tuple(map(int, self._faults.firmware.split("."))) < (1, 0, 6)

    def _say(self, at_s: float, *lines: str) -> None:
        said = "".join(lines).encode("latin-1")
        self._outbox.put(at_s + _REPLY_S, b"\r\n" + PROMPT + said + b"\r\n")

    # ---- samples ----

    def _sample_until(self, until_s: float) -> None:
        """Put the stream's lines up to this moment into the outbox."""
        start_s = self._started_s
        if start_s is None:
            return
        done = math.floor((until_s - start_s) * self._rate_hz + 1e-6)
        if self._faults.stops_after is not None:
            done = min(done, self._faults.stops_after)
        if done <= self._sent:
            return
        bounds_s = start_s + np.arange(self._sent, done + 1) / self._rate_hz
        values = np.diff(self._model.energy_j(bounds_s))
        amperes = values * self._rate_hz / self.supply.volts
        over = np.flatnonzero(amperes > self._faults.over_current_a)
        if len(over):
            done = self._sent + int(over[0]) + 1
        values = (values if self._energy else amperes)[: done - self._sent]
        if self._noise:
            values = values * (1 + self._noise * self._random.standard_normal(len(values)))
        lines: list[bytes] = []
        for number, value in enumerate(values.tolist(), self._sent):
            if self._edge < len(self._model.edges_s):
                self._add_edges(start_s, number, lines)
            if number not in self._faults.lost:
                lines.append(_sample(value))
            if self._faults.timestamps and (number + 1) % _SAMPLES_A_TIMESTAMP == 0:
                if self._faults.broken_neighbours and lines:
                    lines[-1] = lines[-1][:4] + b"\r\n"
                lines += self._timestamp(number + 1)
        self._sent = done
        self._outbox.put(until_s, b"".join(lines))
        if len(over):
            self._stop_over_current(until_s)

    def _stop_over_current(self, at_s: float) -> None:
        milliamperes = round(self._faults.over_current_a * 1000)
        self._error = f"Overcurrent >{milliamperes}mA, dynamic acquisition stopped"
        self._started_s = None
        self._outbox.put(at_s, f"error: {self._error}\r\nend\r\n".encode())
        self._outbox.put(at_s, b"\r\n" + PROMPT + f"{_COMPLETED}\r\n".encode())

    def _add_edges(self, start_s: float, number: int, lines: list[bytes]) -> None:
        """Send the edges that fall into sample ``number``."""
        edges_s = self._model.edges_s
        while self._edge < len(edges_s):
            if math.floor((edges_s[self._edge] - start_s) * self._rate_hz + 1e-6) > number:
                return
            lines.append(b"event %02d %b\r\n" % (self._events, self._faults.polarity.encode()))
            self._events += 1
            self._edge += 1

    def _timestamp(self, samples: int) -> list[bytes]:
        """Say the board's time after so many samples."""
        if self._faults.timestamps_stand:
            samples = 0
        milliseconds = round((samples / self._rate_hz + self._faults.clock_offset_s) * 1000)
        percent = 100 if self._faults.full_buffer else 0
        separator = " <>"[samples // _SAMPLES_A_TIMESTAMP % 3].encode()
        line = b"TimeStamp:%b%03ds %03dms, buff %02d%%\r\n" % (
            separator, milliseconds // 1000, milliseconds % 1000, percent
        )  # fmt: skip
        return [b"\0\0", line, b"\0"] if self._faults.nuls else [line]


_NOTHING = b"0000-09\r\n"
"""What it shows below a picojoule."""
_TAILS = {b"e%+03d" % power: b"%+03d\r\n" % (power - 3) for power in range(-9, 100)}


def _sample(value: float) -> bytes:
    """Write a sample as four digits and a power of ten."""
    digits = b"%.3e" % value
    tail = _TAILS.get(digits[5:])
    return _NOTHING if tail is None or value <= 0 else digits[:1] + digits[2:5] + tail
