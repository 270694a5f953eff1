"""Reads what an STLINK-V3PWR sends with ``format bin_hexa``, without any I/O: bytes in, joules out.

A sample is two bytes, the high one first: the low 12 bits over 16 to the power of the high four are
amperes (``52 A0`` is 0x2A0 / 16^5 = 640.9 uA). Records stand between samples. They begin with
``F0`` and their type, and end by their length or by their last bytes::

    F0 F1, F0 F2   an error, a remark: text up to 0D 0A FF FF
    F0 F3          TimeStamp, 9 bytes: milliseconds in four, percent of the buffer in one, FF FF
    F0 F4          the acquisition has ended, 4 bytes       F0 F5   over-current, 8 bytes
    F0 F6          the target's supply is off, 4 bytes      F0 F7   millivolts in two, 6 bytes
    F0 F8 … FB     of unknown meaning: 6, 5, 4 and 4 bytes

The lengths are those of ST's scripts (x-cube-n6-ai-power-measurement), which do not say what the
types mean: the meanings are the LPM01A's, whose format this is. Not confirmed on an instrument:
that they are the same here, what the four bytes of F5 and those of F8 to FB say (they are kept).

A record of an odd length moves all samples behind it by a byte, so one byte that is lost makes
nonsense of what follows. It is found in two ways: by currents that cannot be, and by a whole record
that stands half a sample off, from which on the reading is right again.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt

from ..lpm01a.stream import COMPLETED, Parsed, TimeStamp

LENGTHS = {0xF3: 9, 0xF4: 4, 0xF5: 8, 0xF6: 4, 0xF7: 6, 0xF8: 6, 0xF9: 5, 0xFA: 4, 0xFB: 4}
"""The bytes of a whole record, by its type."""

MAX_TEXT_BYTES = 512
"""A record of text that has not ended after so many bytes is none."""

MAX_SAMPLE_A = 2.0
"""Four times what the instrument can supply: more is no sample."""

OVER_CURRENT = "error: over-current"
"""How the line begins that a record of type F5 becomes."""

_RECORD = re.compile(rb"\xf0[\xf1-\xff]")
_END = b"\xff\xff"
_TEXT_END = b"\r\n\xff\xff"


@dataclass(slots=True)
class _Found:
    """Collects what one feed holds; places count its samples, good and bad."""

    samples: list[bytes] = field(default_factory=list)
    place: int = 0
    broken: list[int] = field(default_factory=list)
    """Places in front of which bytes came that are no sample."""
    stamps: list[tuple[int, float, int]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class BinaryStream:
    """Reads whatever comes, cut anywhere; the sum of what it returns is always the same.

    What it parses has the LPM01A's form: records become lines, as those of its ASCII stream are.
    """

    def __init__(self, joules_per_ampere: float) -> None:
        """Begin; ``joules_per_ampere`` is the supply in volts times a sample's period."""
        self.count = 0
        """Samples returned so far."""
        self.lost = 0
        """Samples that came as something that cannot be one."""
        self.ended = False
        """Whether the acquisition has said that it is over; what comes then is ignored."""
        self._rest = b""
        self._table = _amperes() * joules_per_ampere

    def feed(self, data: bytes) -> Parsed:
        if self._rest:
            data = self._rest + data
        found = _Found()
        position = 0
        while not self.ended:
            at, size = self._next_record(data, position)
            slipped = (at - position) % 2
            found.samples.append(data[position : at - slipped])
            found.place += (at - position) // 2
            if slipped:
                found.broken.append(found.place)
            position = at + size
            if not size:
                break
            self._take_record(data[at:position], found)
        self._rest = b"" if self.ended else data[position:]
        return self._parsed(found)

    def _next_record(self, data: bytes, position: int) -> tuple[int, int]:
        """Find where the samples end, and the size of the record there; 0: none, or not all of it.

        At an odd distance a whole record shows that a byte was lost; else it is samples' bytes.
        """
        start = position
        while found := _RECORD.search(data, start):
            at = found.start()
            size = _size(data, at)
            if (at - position) % 2 == 0:
                return at, size
            if data[at + 1] in LENGTHS:
                if not size:
                    return at - 1, 0
                if data[at + size - 2 : at + size] == _END:
                    return at, size
            start = at + 1
        return len(data) - (len(data) - position) % 2, 0

    def _take_record(self, record: bytes, found: _Found) -> None:
        if len(record) == 2:  # a record of text without an end
            found.broken.append(found.place)
            return
        match record[1]:
            case 0xF1 | 0xF2 as kind:
                text = record[2 : -len(_TEXT_END)].decode("ascii", "backslashreplace").strip()
                found.lines.append(f"error: {text}" if kind == 0xF1 else text)
            case 0xF3:
                time_s = int.from_bytes(record[2:6], "big") / 1000
                found.stamps.append((found.place, time_s, record[6]))
            case 0xF4:
                self.ended = True
                found.lines.append(COMPLETED)
            case 0xF5:
                found.lines.append(f"{OVER_CURRENT} (its record: {record.hex(' ')})")
            case 0xF6:
                found.lines.append("error: the target's supply is off")
            case 0xF7:
                found.lines.append(f"voltage {int.from_bytes(record[2:4], 'big')} mV")
            case _:
                found.lines.append(f"record {record.hex(' ')}")

    def _parsed(self, found: _Found) -> Parsed:
        words = np.frombuffer(b"".join(found.samples), "<u2")
        energy_j = np.take(self._table, words, mode="clip")
        lost, first = self.lost, self.count
        if not found.broken and not (len(words) and np.isnan(energy_j.max())):
            self.count += len(words)
            stamps = [
                TimeStamp(first + place, lost, time_s, percent)
                for place, time_s, percent in found.stamps
            ]
            return Parsed(energy_j, (), tuple(stamps), (), tuple(found.lines))
        good = ~np.isnan(energy_j)
        index = first + np.concatenate([[0], np.cumsum(good)])
        bad = np.flatnonzero(~good).tolist()
        gaps = Counter(int(index[place]) for place in (*bad, *found.broken))
        before = sorted([*(place + 1 for place in bad), *found.broken])
        stamps = [
            TimeStamp(int(index[place]), lost + bisect_right(before, place), time_s, percent)
            for place, time_s, percent in found.stamps
        ]
        self.count += int(good.sum())
        self.lost += len(before)
        lines = tuple(found.lines)
        return Parsed(energy_j[good], tuple(sorted(gaps.items())), tuple(stamps), (), lines)


@cache
def _amperes() -> npt.NDArray[np.float64]:
    """Return the current, or NaN, by a sample's bytes taken as a little-endian word.

    So no byte has to be moved to look a sample up.
    """
    words = np.arange(1 << 16, dtype=np.uint16).byteswap()
    current_a: npt.NDArray[np.float64] = (words & 0x0FFF) * 16.0 ** -(words >> 12).astype(float)
    current_a[current_a > MAX_SAMPLE_A] = np.nan
    return current_a


def _size(data: bytes, at: int) -> int:
    """Return the size of the record that begins there; 0 where not all of it is there."""
    kind = data[at + 1]
    if size := LENGTHS.get(kind, 0):
        return size if at + size <= len(data) else 0
    end = _TEXT_END if kind in (0xF1, 0xF2) else _END
    place = data.find(end, at + 2, at + MAX_TEXT_BYTES)
    if place >= 0:
        return place + len(end) - at
    return 2 if len(data) - at >= MAX_TEXT_BYTES else 0
