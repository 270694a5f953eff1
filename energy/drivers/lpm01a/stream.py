"""Reads what an X-NUCLEO-LPM01A (PowerShield) sends, without any I/O: bytes in, joules out.

Lines end CR LF. While it acquires with ``output energy`` and ``format ascii_dec``::

    6409-07                              a sample: 6409 x 10^-7 J in this sample period
    TimeStamp: 012s 345ms, buff 03%      about every 1000 samples; ' ', '<' or '>' after the colon
    event 00 ris                         the timestamp pin fell: after so many samples (the board
                                         names its own input stage's edge; `fal` is read as well)
    PowerShield > ack pwr off            the answer to a command; the prompt may stand alone before
    error: Overcurrent >59mA, …          why the acquisition stopped by itself
    end                                  the last line but for PowerShield > Acquisition completed

NUL bytes occur anywhere and mean nothing. Lines next to a TimeStamp can be broken: a line that
should be a sample and is none counts as one lost sample, and is never repaired. Two pieces around
one TimeStamp that together are no longer than a sample were one sample.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PROMPT = b"PowerShield > "
COMPLETED = "Acquisition completed"
SAMPLE_BYTES = 7
MAX_LINE_BYTES = 256
"""The length of a line that nothing of the PowerShield's has; the rest of such a line is dropped.
"""

MAX_SAMPLE_J = 1.0
"""50 mA x 3.3 V x 1 s is 0.165 J, at the slowest rate: more is a broken line."""

_TIMESTAMP = re.compile(rb"TimeStamp:[ <>]*(\d{3,9})s +(\d{3})ms, *buff +(\d{1,3})%")
_EVENT = re.compile(rb"event +(\d+) +(ris|fal)")
_LETTER = re.compile(rb"[A-Za-z]")
_POWERS = 10.0 ** np.concatenate([np.arange(100), -np.arange(100)])
"""Powers of ten by the two digits of the exponent, plus 100 when it is negative."""

_PLUS, _MINUS, _CR, _LF = b"+-\r\n"
_BYTE = np.uint64(0xFF)
_TEN = np.uint64(10)
_DIGIT_BYTES = np.uint64(0x00FF_FF00_FFFF_FFFF)
"""A sample as a little-endian word: four digits, the sign, two digits, the line's end."""
_ZEROS = np.uint64(0x0030_3000_3030_3030)
_OVER_NINE = np.uint64(0x0076_7600_7676_7676)
_HIGH_BITS = np.uint64(0x0080_8000_8080_8080)
_MANTISSA = np.uint64(0xFFFF_FFFF)

Joules = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """Is the monitor's own clock, after ``index`` samples of the whole stream."""

    index: int
    lost: int
    """Samples counted as lost up to here, in the whole stream."""
    time_s: float
    buffer_percent: int


@dataclass(frozen=True, slots=True)
class Edge:
    """Says that the timestamp pin moved after ``index`` samples of the whole stream."""

    index: int
    number: int
    polarity: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """Holds what a piece of the stream held; indices count the samples of the whole stream."""

    energy_j: Joules
    gaps: tuple[tuple[int, int], ...] = ()
    """(index, lost): so many samples are missing in front of sample ``index``."""
    timestamps: tuple[TimeStamp, ...] = ()
    edges: tuple[Edge, ...] = ()
    lines: tuple[str, ...] = ()
    """All other lines that were said, prompts removed."""
    broken: tuple[str, ...] = ()
    """Lines that look like broken samples; while nothing is acquired they are answers."""


class Lpm01aStream:
    """Reads whatever comes, cut anywhere; the sum of what it returns is always the same."""

    def __init__(self) -> None:
        self.count = 0
        """Samples returned so far."""
        self.lost = 0
        """Broken sample lines so far."""
        self._rest = b""
        self._piece_before = 0
        """Bytes of a broken line directly before this one."""
        self._piece_before_stamp = 0
        """Bytes of a broken line directly before the TimeStamp that was the last line."""

    def feed(self, data: bytes) -> Parsed:
        if 0 in data:
            data = data.replace(b"\0", b"")
        end = data.rfind(b"\n") + 1
        if not end:
            self._rest = (self._rest + data)[:MAX_LINE_BYTES]
            return Parsed(np.zeros(0))
        block = self._rest + data[:end]
        self._rest = data[end:][:MAX_LINE_BYTES]
        if PROMPT in block:
            block = block.replace(PROMPT, b"\n")
        return self._lines(block)

    def _lines(self, block: bytes) -> Parsed:
        octets = np.frombuffer(block, np.uint8)
        ends = np.flatnonzero(octets == _LF)
        starts = np.empty_like(ends)
        starts[0] = 0
        starts[1:] = ends[:-1] + 1
        with_cr = (ends > starts) & (octets[ends - 1] == _CR)
        lengths = ends - starts - with_cr
        energy_j, is_sample = _samples(block, starts, lengths)
        others = np.flatnonzero(~is_sample & (lengths > 0))
        before = np.cumsum(is_sample)
        gaps: list[tuple[int, int]] = []
        stamps: list[TimeStamp] = []
        edges: list[Edge] = []
        texts: list[str] = []
        broken: list[str] = []
        previous = -1
        for number in others.tolist():
            if before[number] > (before[previous] if previous >= 0 else 0):
                self._piece_before = self._piece_before_stamp = 0  # samples in between
            previous = number
            index = self.count + int(before[number])
            start = starts[number]
            line = block[start : start + min(lengths[number], MAX_LINE_BYTES)]
            if stamp := _TIMESTAMP.search(line):
                if stamp.start():
                    self._broken(line[: stamp.start()], index, gaps)
                seconds, milliseconds, percent = map(int, stamp.groups())
                stamps.append(TimeStamp(index, self.lost, seconds + milliseconds / 1e3, percent))
                self._piece_before_stamp, self._piece_before = self._piece_before, 0
                if stamp.end() < len(line):
                    self._broken(line[stamp.end() :], index, gaps)
            elif event := _EVENT.search(line):
                if event.start():
                    self._broken(line[: event.start()], index, gaps)
                edges.append(Edge(index, int(event[1]), event[2].decode()))
            elif len(_LETTER.findall(line)) <= 1:
                self._broken(line, index, gaps)
                broken.append(_text(line))
            else:
                texts.append(_text(line))
        if len(before) and before[-1] > (before[previous] if previous >= 0 else 0):
            self._piece_before = self._piece_before_stamp = 0
        self.count += len(energy_j)
        said = (tuple(gaps), tuple(stamps), tuple(edges), tuple(texts), tuple(broken))
        return Parsed(energy_j, *said)

    def _broken(self, piece: bytes, index: int, gaps: list[tuple[int, int]]) -> None:
        """Count one lost sample, unless it is the second half of the one before the TimeStamp."""
        together = self._piece_before_stamp + len(piece)
        if self._piece_before_stamp and together <= SAMPLE_BYTES:
            self._piece_before_stamp = 0
            return
        gaps.append((index, 1))
        self.lost += 1
        self._piece_before, self._piece_before_stamp = len(piece), 0


def _text(line: bytes) -> str:
    return line.decode("ascii", "backslashreplace").strip()


def _samples(
    block: bytes, starts: npt.NDArray[np.intp], lengths: npt.NDArray[np.intp]
) -> tuple[Joules, npt.NDArray[np.bool_]]:
    """Return the joules of all sample lines, and which lines they are.

    A sample with the byte that ends it is one 64-bit word, and a few operations on words read
    all its digits: several times faster than seven columns of characters.
    """
    is_sample = lengths == SAMPLE_BYTES
    if not is_sample.any():
        return np.zeros(0), is_sample
    at_every_byte: npt.NDArray[np.uint64] = np.ndarray(
        (len(block) - 7,), "<u8", block, strides=(1,)
    )
    words = at_every_byte[starts[is_sample]]
    digits = (words & _DIGIT_BYTES) ^ _ZEROS
    pairs = (digits & _MANTISSA) * _TEN + (digits >> np.uint64(8))
    mantissa = (pairs & _BYTE) * np.uint64(100) + ((pairs >> np.uint64(16)) & _BYTE)
    exponent = ((digits >> np.uint64(40)) & _BYTE) * _TEN + (digits >> np.uint64(48))
    sign = (words >> np.uint64(32)) & _BYTE
    negative = sign == _MINUS
    energy_j = mantissa * _POWERS.take(exponent.view(np.int64) + negative * 100, mode="clip")
    bad = ((digits + _OVER_NINE) | digits) & _HIGH_BITS != 0
    bad |= ~(negative | (sign == _PLUS))
    bad |= energy_j > MAX_SAMPLE_J
    if bad.any():
        is_sample[np.flatnonzero(is_sample)[bad]] = False
        energy_j = energy_j[~bad]
    return energy_j, is_sample
