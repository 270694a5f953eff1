"""An STLINK-V3PWR that exists in bytes only, measuring a power model on the bench's clock.

Its samples are the inverse of ``drivers.stlinkv3pwr.stream``: the largest exponent that holds the
current, and a mantissa that is dithered, so that the mean is the model's own. What is not known of
the instrument is chosen as the LPM01A has it: a TimeStamp in front of every 1000 samples, an end
that is told. The faults are those that the driver has to survive, switched on one by one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .link import OnPower, Outbox, SimulatedSupply
from .power_model import PowerModel

SERIAL = "003B00000000000000000001"
FIRMWARE = "V0.0.0 (simulated)"
_PROMPT = b"stlp > "
_REPLY_S = 0.001
_PACKET_S = 0.001
"""Samples leave in USB packets, about this often."""
_SAMPLES_A_TIMESTAMP = 1000
_RATES_HZ = frozenset(n * 10**power for power in range(5) for n in (1, 2, 5)) | {100_000}
_MAX_ASCII_HZ = 10_000
_OVER_CURRENT = (b"\xf0\xf5\0\0\0\0\xff\xff", b"error: overcurrent\r\n")
"""As a record, and as a line."""
_EXPONENTS = np.arange(15)[:, None]


@dataclass(frozen=True, slots=True)
class StlinkV3PwrFaults:
    """Says what goes wrong; nothing by default."""

    refuse: Mapping[str, str] = field(default_factory=dict)
    """First words of commands that are answered ``err``, each with what follows."""
    silent: bool = False
    garbage: bool = False
    """Whether binary rubbish comes instead of every answer."""
    streaming: bool = False
    """Whether it was left streaming by a host that was killed."""
    lost: frozenset[int] = frozenset()
    """Samples of an acquisition, by number, that are never sent; the TimeStamps tell."""
    lost_bytes: frozenset[int] = frozenset()
    """Samples, by number, of which the second byte is never sent."""
    takes_no_freq: bool = False
    """Whether it acknowledges a sample rate and keeps to 100 kHz."""
    full_buffer: bool = False
    timestamps: bool = True
    """Whether the stream has TimeStamps."""
    timestamp_unit_s: float = 0.001
    """What its TimeStamps count."""
    says: Mapping[int, bytes] = field(default_factory=dict)
    """Records, or lines of text, that come in front of these samples."""
    over_current_a: float = 0.5
    """The current above which it cuts the supply."""
    end_is_told: bool = True
    stops_after: int | None = None
    """The number of samples after which the stream falls silent."""


class SimulatedStlinkV3Pwr:
    """Takes commands, gives answers and samples, at times of the bench's clock."""

    def __init__(
        self,
        model: PowerModel,
        on_power: OnPower | None = None,
        faults: StlinkV3PwrFaults | None = None,
        *,
        serial: str = SERIAL,
        firmware: str = FIRMWARE,
        seed: int = 1,
    ) -> None:
        self.supply = SimulatedSupply(model, on_power)
        self.supply.volts = 3.3
        self._model = model
        self._serial = serial
        self._firmware = firmware
        self._faults = faults or StlinkV3PwrFaults()
        self._random = np.random.default_rng(seed)
        self._outbox = Outbox()
        self._command = b""
        self._prompts = True
        self._ascii = False
        self._rate_hz = 100_000
        self._started_s: float | None = 0.0 if self._faults.streaming else None
        self._sent = 0
        """Samples of this acquisition that are done, lost ones included."""

    # ---- the wire ----

    def receive(self, data: bytes, at_s: float) -> None:
        for octet in data:
            if octet not in b"\r\n":
                self._command += bytes([octet])
            elif self._command:
                command, self._command = self._command.decode("ascii", "replace"), b""
                self._sample_until(at_s)
                self._execute(command, at_s)

    def produce(self, until_s: float) -> bytes:
        self._sample_until(until_s)
        return self._outbox.take(until_s)

    def next_output_s(self) -> float | None:
        if self._outbox.next_s is not None or self._started_s is None:
            return self._outbox.next_s
        if self._faults.stops_after is not None and self._sent >= self._faults.stops_after:
            return None
        packet_s = max(_PACKET_S, 1 / self._rate_hz)
        return self._started_s + self._sent / self._rate_hz + packet_s

    # ---- commands ----

    def _execute(self, command: str, at_s: float) -> None:
        name, *arguments = command.split() or [""]
        if self._faults.silent:
            return
        if self._faults.garbage:
            self._outbox.put(at_s + _REPLY_S, b"\xff\x00\x9c#\r\n?\x80\r\n")
            return
        refusal = self._faults.refuse.get(name) or self._apply(name, arguments, at_s)
        if refusal is not None:
            answer = f"err {name} {refusal}"
        elif name in ("powershield", "whoami"):
            answer = f"ack STLINK-V3PWR {self._serial}"
        elif name == "version":
            answer = f"ack version {self._firmware}"
        else:
            answer = f"ack {command}"
        prompt = _PROMPT if self._prompts else b""
        self._outbox.put(at_s + _REPLY_S, answer.encode() + b"\r\n\r\n" + prompt)
        if name == "start" and refusal is None:
            self._started_s, self._sent = at_s + _REPLY_S, 0

    def _apply(self, name: str, arguments: list[str], at_s: float) -> str | None:
        """Do what a command says; return why it is refused, or None."""
        if self._started_s is not None and name not in ("pwr", "stop"):
            return "acquisition ongoing"
        match name, arguments:
            case (("powershield" | "whoami" | "version"), []):
                pass
            case "power_monitor", []:
                self._prompts = False
            case "volt", [volts] if volts[:-1].isdigit() and 1600 <= int(volts[:-1]) <= 3600:
                self.supply.set(int(volts[:-1]) / 1000, at_s)
            case "pwr", ["on" | "off" as state]:
                self.supply.switch(state == "on", at_s)
            case "format", ["bin_hexa" | "ascii_dec" as name]:
                self._ascii = name == "ascii_dec"
            case "freq", [rate] if rate.isdigit() and int(rate) in _RATES_HZ:
                self._rate_hz = 100_000 if self._faults.takes_no_freq else int(rate)
            case ("output", ["current"]) | ("trigsrc", ["sw"]) | ("acqtime", ["inf" | "0"]):
                pass
            case "trigdelay", [_]:
                pass
            case "start", [] if not self._ascii or self._rate_hz <= _MAX_ASCII_HZ:
                pass
            case "stop", []:
                self._end(at_s)
            case _:
                return "unknown command or parameter"
        return None

    def _end(self, at_s: float) -> None:
        if self._started_s is not None and self._faults.end_is_told:
            told = b"\r\nAcquisition completed\r\n" if self._ascii else b"\xf0\xf4\xff\xff"
            self._outbox.put(at_s, told)
        self._started_s = None

    # ---- samples ----

    def _sample_until(self, until_s: float) -> None:
        start_s = self._started_s
        if start_s is None:
            return
        done = math.floor((until_s - start_s) * self._rate_hz + 1e-6)
        if self._faults.stops_after is not None:
            done = min(done, self._faults.stops_after)
        if done <= self._sent:
            return
        bounds_s = start_s + np.arange(self._sent, done + 1) / self._rate_hz
        amperes = np.diff(self._model.energy_j(bounds_s)) * self._rate_hz / self.supply.volts
        says = dict(self._faults.says)
        over = np.flatnonzero(amperes > self._faults.over_current_a)
        if len(over):
            amperes[over[0] + 1 :] = 0.0
            says[self._sent + int(over[0]) + 1] = _OVER_CURRENT[self._ascii]
            self.supply.switch(False, until_s)
        text = self._lines(amperes) if self._ascii else self._words(amperes)
        pieces = self._with_what_stands_between(text, done, says)
        self._sent = done
        self._outbox.put(until_s, b"".join(pieces))

    def _with_what_stands_between(
        self, text: bytes, done: int, says: Mapping[int, bytes]
    ) -> list[bytes]:
        """Cut the text of all samples up to number ``done`` where something is put in or lost."""
        faults, first = self._faults, self._sent
        size = len(text) // (done - first)
        stamped = range(-(-first // _SAMPLES_A_TIMESTAMP) * _SAMPLES_A_TIMESTAMP, done)
        places = {*says, *faults.lost, *faults.lost_bytes, *stamped[::_SAMPLES_A_TIMESTAMP]}
        pieces: list[bytes] = []
        at = first
        for number in sorted(place for place in places if first <= place < done):
            pieces.append(text[(at - first) * size : (number - first) * size])
            if faults.timestamps and number % _SAMPLES_A_TIMESTAMP == 0:
                pieces.append(self._timestamp(number))
            pieces.append(says.get(number, b""))
            at = number
            if number in faults.lost or number in faults.lost_bytes:
                at += 1
            if number in faults.lost_bytes:
                pieces.append(text[(number - first) * size :][:1])
        return [*pieces, text[(at - first) * size :], says.get(done, b"")]

    def _words(self, amperes: npt.NDArray[np.float64]) -> bytes:
        """Return each current as mantissa and exponent, in two bytes."""
        fits = amperes * 16.0**_EXPONENTS < 4095
        exponents = np.count_nonzero(fits, axis=0) - 1
        exact = amperes * 16.0**exponents
        mantissas = np.floor(exact + self._random.random(len(exact))).astype(np.int64)
        words: npt.NDArray[np.int64] = exponents << 12 | mantissas
        return words.astype(">u2").tobytes()

    def _lines(self, amperes: npt.NDArray[np.float64]) -> bytes:
        """Return each current as four digits and a power of ten, a line of nine bytes."""
        lines = []
        for value in amperes.tolist():
            digits, _, exponent = f"{value:.3e}".partition("e")
            nothing = value < 1e-12
            mantissa = "0000" if nothing else digits.replace(".", "")
            lines.append(f"{mantissa}{-12 if nothing else int(exponent) - 3:+03d}\r\n")
        return "".join(lines).encode()

    def _timestamp(self, samples: int) -> bytes:
        ticks = round(samples / self._rate_hz / self._faults.timestamp_unit_s)
        percent = 100 if self._faults.full_buffer else 3
        if self._ascii:
            return b"TimeStamp: %03ds %03dms, buff %02d%%\r\n" % (*divmod(ticks, 1000), percent)
        return b"\xf0\xf3" + ticks.to_bytes(4, "big") + bytes([percent]) + b"\xff\xff"
