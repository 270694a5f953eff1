"""A PPK2 that exists in bytes only, measuring a power model on the bench's clock.

The inverse of ``drivers.ppk2.stream``: the smallest range that holds the current, and the ADC
value that stands for it, dithered so that the mean is the model's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..drivers.ppk2.stream import (
    ADC_VALUES,
    CONSTANTS,
    DEFAULTS,
    RANGES,
    RATE_HZ,
    Calibration,
)
from .link import OnPower, Outbox, SimulatedSupply
from .power_model import PowerModel

_REPLY_S = 0.002
_PACKET_S = 0.001
"""Samples leave in USB packets, about this often."""
_LOW_SAMPLES = 10
"""The timestamp pin is low for 100 µs."""
_TOP = ADC_VALUES - 2
_ARGUMENTS = {0x19: 0, 0x11: 1, 0x0D: 2, 0x0C: 1, 0x06: 0, 0x07: 0}

CALIBRATION = Calibration(
    {
        "R": (1024.0, 102.5, 10.2, 0.95, 0.05),
        "GS": (0.0, 80.0, 16.0, 2.0, 0.05),
        "GI": (1.0, 0.97, 0.96, 0.95, 0.96),
        "O": (110.0, 75.0, 65.0, 50.0, 85.0),
        "S": (4e-8, 6e-7, 1.3e-6, 1e-5, 4e-4),
        "I": (-1e-7, -1e-6, -2e-6, -3e-5, -9e-4),
        "UG": (1.0, 1.0, 1.0, 1.0, 1.0),
    },
    {},
)
"""A calibration of the size that real kits have."""


@dataclass(frozen=True, slots=True)
class Ppk2Faults:
    """Says what goes wrong; nothing by default."""

    silent: bool = False
    garbage: bool = False
    """Whether the calibration is unreadable."""
    uncalibrated: bool = False
    """Whether it left the factory without a calibration: `-nan`, or 0, for every constant."""
    streaming: bool = False
    """Whether it was left streaming by a host that was killed."""
    lost: frozenset[int] = frozenset()
    """Samples, by number, that are never sent; the counter tells."""
    bad_range: frozenset[int] = frozenset()
    """Samples, by number, that arrive with a range that does not exist."""
    counter_stands: bool = False
    stops_after: int | None = None


class SimulatedPpk2:
    """Takes opcodes, gives samples, at times of the bench's clock."""

    def __init__(
        self,
        model: PowerModel,
        on_power: OnPower | None = None,
        faults: Ppk2Faults | None = None,
        *,
        seed: int = 1,
    ) -> None:
        self.supply = SimulatedSupply(model, on_power)
        self.supply.volts = 3.3
        self._model = model
        self._faults = faults or Ppk2Faults()
        self._random = np.random.default_rng(seed)
        self._outbox = Outbox()
        self._pending = b""
        self._source_mode = False
        self._started_s: float | None = 0.0 if self._faults.streaming else None
        self._sent = 0
        self._edge = 0
        self._low_until = 0
        """The sample in front of which D0 is low."""
        self._calibration = CALIBRATION
        if self._faults.uncalibrated:
            self._calibration = Calibration(DEFAULTS, {})
        self._amperes = self._calibration.amperes(self.supply.volts)

    # ---- the wire ----

    def receive(self, data: bytes, at_s: float) -> None:
        self._pending += data
        while self._pending:
            size = 1 + _ARGUMENTS.get(self._pending[0], 0)
            if len(self._pending) < size:
                return
            command, self._pending = self._pending[:size], self._pending[size:]
            self._sample_until(at_s)
            if not self._faults.silent:
                self._execute(command[0], command[1:], at_s)

    def produce(self, until_s: float) -> bytes:
        self._sample_until(until_s)
        return self._outbox.take(until_s)

    def next_output_s(self) -> float | None:
        if self._outbox.next_s is not None or self._started_s is None:
            return self._outbox.next_s
        if self._faults.stops_after is not None and self._sent >= self._faults.stops_after:
            return None
        return self._started_s + self._sent / RATE_HZ + _PACKET_S

    # ---- opcodes ----

    def _execute(self, opcode: int, arguments: bytes, at_s: float) -> None:
        match opcode:
            case 0x19:
                self._outbox.put(at_s + _REPLY_S, self._metadata())
            case 0x11:
                self._source_mode = arguments == b"\x02"
            case 0x0D:
                self.supply.set(int.from_bytes(arguments, "big") / 1000, at_s)
                self._amperes = self._calibration.amperes(self.supply.volts)
            case 0x0C:
                self.supply.switch(arguments == b"\x01" and self._source_mode, at_s)
            case 0x06 if self._started_s is None:
                self._started_s = at_s
                self._sent = self._low_until = 0
                self._edge = len(self._model.edges_s)
            case 0x07:
                self._started_s = None
            case _:
                pass

    def _metadata(self) -> bytes:
        if self._faults.garbage:
            return b"\x01\xffR0 1003\nGS: x\nEND\n"
        lines = ["Calibrated: 0"]
        for name in CONSTANTS:
            for number, value in enumerate(CALIBRATION.constants[name]):
                told = f"{value:.10f}"
                if self._faults.uncalibrated:
                    told = "0.0000" if name == "R" else "-nan"
                lines.append(f"{name}{number}: {told}")
        lines += [f"VDD: {self.supply.volts * 1000:.0f}", "HW: 9173", "mode: 2", "IA: 56", "END"]
        return "\n".join(lines).encode() + b"\n"

    # ---- samples ----

    def _sample_until(self, until_s: float) -> None:
        start_s = self._started_s
        if start_s is None:
            return
        done = math.floor((until_s - start_s) * RATE_HZ + 1e-6)
        if self._faults.stops_after is not None:
            done = min(done, self._faults.stops_after)
        if done <= self._sent:
            return
        numbers = np.arange(self._sent, done)
        bounds_s = start_s + np.arange(self._sent, done + 1) / RATE_HZ
        amperes = np.diff(self._model.energy_j(bounds_s)) * RATE_HZ / self.supply.volts
        words = self._encode(amperes)
        if not self._faults.counter_stands:
            words |= ((numbers & 63) << 18).astype(np.uint32)
        words |= self._d0(start_s, self._sent, done)
        for number in self._faults.bad_range:
            if self._sent <= number < done:
                words[number - self._sent] |= 7 << 14
        gone = [n - self._sent for n in self._faults.lost if self._sent <= n < done]
        self._sent = done
        self._outbox.put(until_s, np.delete(words, gone).astype("<u4").tobytes())

    def _encode(self, amperes: npt.NDArray[np.float64]) -> npt.NDArray[np.uint32]:
        """Return range and ADC value of each current."""
        words = np.zeros(len(amperes), np.uint32)
        todo = np.ones(len(amperes), np.bool_)
        for number in range(RANGES):
            table = self._amperes[number]
            here = todo & ((amperes < table[_TOP]) | (number == RANGES - 1))
            exact = np.interp(amperes[here], table, np.arange(ADC_VALUES))
            adc = np.floor(exact + self._random.random(len(exact))).clip(0, ADC_VALUES - 1)
            words[here] = adc.astype(np.uint32) | np.uint32(number << 14)
            todo &= ~here
        return words

    def _d0(self, start_s: float, first: int, done: int) -> npt.NDArray[np.uint32]:
        """Return the timestamp pin: high, and low for a moment from each edge on."""
        d0 = np.full(done - first, 1 << 24, np.uint32)
        edges_s = self._model.edges_s
        d0[: max(0, self._low_until - first)] = 0
        while self._edge < len(edges_s):
            number = math.floor((edges_s[self._edge] - start_s) * RATE_HZ + 1e-6)
            if number >= done:
                break
            self._edge += 1
            self._low_until = number + _LOW_SAMPLES
            d0[max(0, number - first) : max(0, self._low_until - first)] = 0
        return d0
