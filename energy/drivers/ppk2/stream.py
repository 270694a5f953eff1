"""Reads what a Nordic Power Profiler Kit II sends, without any I/O: bytes in, joules out.

100,000 samples a second of four bytes, little-endian::

    bits 0-13 ADC | 14-16 range, 0 to 4 | 18-23 counter, modulo 64 | 24-31 logic inputs D0 to D7

The current follows from constants that each kit tells of itself (R, GS, GI, O, S, I, UG for every
range), with V the supply that was set, in volts::

    x = (4 * ADC - O) * 1.8 / 163840 / R
    amperes = UG * (x * (GS * x + GI) + S * V + I)

That is how Nordic's own application computes it (pc-nrfconnect-ppk, src/device/serialDevice.ts;
other programs agree). There a constant that is missing, zero or `-nan` is replaced by a default
without a word. Here that is done on request only, and said; zero is a value where it can be one (of
GS, O, S, I). Its filter against spikes after a change of range is not applied: it changes what was
measured.

The current depends on 17 bits only, so a table turns a sample into joules.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...errors import MonitorError, MonitorRefused

RATE_HZ = 100_000.0
RANGES = 5
END = b"END"
ADC_STEP = 4 * 1.8 / 163840
ADC_VALUES = 1 << 14
CONSTANTS = ("R", "GS", "GI", "O", "S", "I", "UG")

DEFAULTS: dict[str, tuple[float, ...]] = {
    "R": (1031.64, 101.65, 10.15, 0.94, 0.043),
    "GS": (1.0,) * 5,
    "GI": (1.0,) * 5,
    "O": (0.0,) * 5,
    "S": (0.0,) * 5,
    "I": (0.0,) * 5,
    "UG": (1.0,) * 5,
}
"""What Nordic's application takes for the constants that a kit does not tell."""
_NOT_ZERO = ("R", "GI", "UG")

COUNTER_MODULUS = 64
"""A loss of so many samples, or a multiple, leaves the counter whole."""

_ADC_AND_RANGE = np.uint32((1 << 17) - 1)
_FIRST_BAD = RANGES * ADC_VALUES
_COUNTER_SHIFT = 18
_COUNTER = np.uint32(0x3F << _COUNTER_SHIFT)
_D0 = np.uint32(1 << 24)
_BLOCK = 16384
"""Samples worked on at once: with the table they fit a processor's second-level cache."""
_PATTERN = (np.arange(_BLOCK + 64, dtype=np.uint32) & np.uint32(63)) << np.uint32(_COUNTER_SHIFT)

Joules = npt.NDArray[np.float32]
Words = npt.NDArray[np.uint32]
_LINE = re.compile(r"\s*([A-Za-z]+\d?)\s*:\s*(\S+)\s*")


@dataclass(frozen=True, slots=True)
class Calibration:
    """Holds what the kit says of itself; five values a constant, one for each range."""

    constants: dict[str, tuple[float, ...]]
    others: dict[str, str]
    """The other words (`Calibrated`, `HW`, `mode`, `VDD`, `IA` …), as they were said."""
    defaulted: tuple[str, ...] = ()
    """The constants that the kit did not tell (`GS1` …); those of ``constants`` are Nordic's."""

    @property
    def regulator_mv(self) -> int | None:
        text = self.others.get("VDD", "")
        return int(text) if text.isdigit() else None

    def amperes(self, supply_v: float) -> npt.NDArray[np.float64]:
        """Compute the current of every range (rows) and ADC value (columns)."""
        r, gs, gi, o, s, i, ug = (np.array(self.constants[name])[:, None] for name in CONSTANTS)
        x = (np.arange(ADC_VALUES) - o / 4) * (ADC_STEP / r)
        amperes: npt.NDArray[np.float64] = ug * (x * (gs * x + gi) + s * supply_v + i)
        return amperes


def parse_calibration(data: bytes, *, default_calibration: bool = False) -> Calibration:
    """Parse the answer to `get metadata`, strictly; MonitorError says what is wrong with it.

    ``default_calibration`` puts Nordic's default in the place of each constant that is not told.
    """
    text, end, rest = data.partition(END)
    if not end or rest.strip(b"\r\n\0 "):
        raise MonitorError(f"the PPK2's calibration does not end with END: {data[-60:]!r}")
    said: dict[str, str] = {}
    for line in text.decode("ascii", "backslashreplace").splitlines():
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        if found is None or found[1] in said:
            what = "a second time" if found else "no `NAME: value`"
            raise MonitorError(f"the PPK2's calibration: {line.strip()!r}: {what}")
        said[found[1]] = found[2]
    untold: list[str] = []
    constants: dict[str, tuple[float, ...]] = {}
    for name in CONSTANTS:
        values = [_constant(said, f"{name}{number}") for number in range(RANGES)]
        for number, value in enumerate(values):
            if math.isnan(value) or (value == 0.0 and name in _NOT_ZERO):
                untold.append(f"{name}{number}")
                values[number] = DEFAULTS[name][number]
        constants[name] = tuple(values)
    if untold and not default_calibration:
        raise MonitorRefused(
            f"the PPK2 tells no calibration of {', '.join(untold)}: connect it to Nordic's Power "
            "Profiler application once, which updates its firmware. Or measure with Nordic's "
            "default constants, which know nothing of this kit's own offsets and gains: "
            "--ppk2-default-calibration (ppk2_default_calibration: true under monitor: in a file); "
            "the session says so"
        )
    for name in ("R", "UG"):
        if min(constants[name]) < 0:
            raise MonitorError(f"the PPK2's calibration: {name} is {constants[name]}")
    return Calibration(constants, said, tuple(untold))


def _constant(said: dict[str, str], name: str) -> float:
    """Return a constant; NaN where the kit does not tell it."""
    text = said.pop(name, "nan")
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise MonitorError(f"the PPK2's calibration: {name} is {text!r}, which is no number")
    return value


@dataclass(frozen=True, slots=True)
class Decoded:
    """Holds what a piece of the stream held; indices count the samples of the whole stream."""

    energy_j: Joules
    gaps: tuple[tuple[int, int], ...] = ()
    """(index, lost): at least so many samples are missing in front of sample ``index``."""
    falling: tuple[int, ...] = ()
    """The first samples at which D0 was low again."""


class Ppk2Stream:
    """Reads whatever comes, cut anywhere; the sum of what it returns is always the same."""

    def __init__(self, calibration: Calibration, supply_v: float) -> None:
        self.count = 0
        """Samples returned so far."""
        self.bad_ranges = 0
        self.breaks = 0
        """Breaks of the counter; each is a gap of which 64 samples, or more, cannot be seen."""
        table = np.full(1 << 17, np.nan, np.float32)
        joules = calibration.amperes(supply_v) * (supply_v / RATE_HZ)
        table[:_FIRST_BAD] = joules.ravel()
        self._table = table
        self._rest = b""
        self._last: int | None = None
        """The last word, with its counter as expected after a gap."""
        self._bad_before = 0

    def feed(self, data: bytes) -> Decoded:
        if self._rest:
            data = self._rest + data
        whole = len(data) & ~3
        self._rest = data[whole:]
        words = np.frombuffer(data, "<u4", whole // 4)
        if not len(words):
            return Decoded(np.zeros(0, np.float32))
        first = self.count
        gaps: list[tuple[int, int]] = []
        falling: list[int] = []
        energy_j = np.empty(len(words), np.float32)
        done = 0
        for start in range(0, len(words), _BLOCK):
            block = words[start : start + _BLOCK]
            out = energy_j[done : done + len(block)]
            done += self._decode(block, out, gaps, falling)
        self.count = first + done
        return Decoded(energy_j[:done], tuple(gaps), tuple(falling))

    def _decode(
        self, words: Words, out: Joules, gaps: list[tuple[int, int]], falling: list[int]
    ) -> int:
        """Decode into ``out`` and return how many samples were good."""
        index = words & _ADC_AND_RANGE
        last = int(words[0]) if self._last is None else self._last
        lost: dict[int, int] = {}
        if self._last is None:
            expected = (last >> _COUNTER_SHIFT) & 63
        else:
            expected = ((last >> _COUNTER_SHIFT) + 1) & 63
        if not np.array_equal(words & _COUNTER, _PATTERN[expected : expected + len(words)]):
            lost = _counter_gaps(words, expected)
            self.breaks += len(lost)
        if int(index.max()) < _FIRST_BAD and not self._bad_before:
            good = len(words)
            np.take(self._table, index, out=out, mode="clip")
            gaps.extend((self.count + at, missing) for at, missing in lost.items())
            d0 = words & _D0
            high = last & int(_D0)
            if high != int(d0[0]) or int(d0.min()) != int(d0.max()):
                falling.extend((self.count + _falls(d0, high)).tolist())
        else:
            good = self._decode_bad(words, index, out, lost, gaps, falling, last)
        self._last = int(words[-1])
        self.count += good
        return good

    def _decode_bad(
        self,
        words: Words,
        index: Words,
        out: Joules,
        lost: dict[int, int],
        gaps: list[tuple[int, int]],
        falling: list[int],
        last: int,
    ) -> int:
        """Decode words that have samples of a range that does not exist: each is a gap of one."""
        is_good = index < _FIRST_BAD
        place = self.count + np.cumsum(is_good) - is_good
        missing = dict(lost)
        for at in np.flatnonzero(~is_good).tolist():
            missing[at] = missing.get(at, 0) + 1
            self.bad_ranges += 1
        together: dict[int, int] = {}
        if self._bad_before:
            together[self.count] = self._bad_before
        for at in sorted(missing):
            together[int(place[at])] = together.get(int(place[at]), 0) + missing[at]
        good = int(is_good.sum())
        # What is missing after the last good sample belongs in front of the next one.
        self._bad_before = together.pop(self.count + good, 0)
        gaps.extend(together.items())
        falling.extend(place[_falls(words & _D0, last & int(_D0))].tolist())
        out[:good] = self._table[index[is_good]]
        return good

    def end(self) -> int:
        """Count the samples missing after the last good one."""
        bad, self._bad_before = self._bad_before, 0
        return bad


def _counter_gaps(words: Words, expected: int) -> dict[int, int]:
    """Return how many samples the counter says are missing in front of which words."""
    counters = ((words >> np.uint32(_COUNTER_SHIFT)) & np.uint32(63)).astype(np.int16)
    before = np.empty_like(counters)
    before[0] = (expected - 1) & 63
    before[1:] = counters[:-1]
    lost = (counters - before - 1) & 63
    at = np.flatnonzero(lost)
    return dict(zip(at.tolist(), lost[at].tolist(), strict=True))


def _falls(d0: Words, before: int) -> npt.NDArray[np.intp]:
    high_before = np.empty(len(d0), np.bool_)
    high_before[0] = before != 0
    high_before[1:] = d0[:-1] != 0
    return np.flatnonzero(high_before & (d0 == 0))
