"""The buffer of a streaming device that `db` fills: a hop of sound over the UART, for one frame.

Its words are the reference firmware's (mlcommons/tiny, ``sww_ref_util.c``:
``ee_load_or_print_buff``), and not those of EEMBC's `db`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

BUFFER_BYTES = 2048
"""The firmware's buffer of one hop in stereo."""
HOP_BYTES = 1024
"""What a frame takes of it: 512 samples, little-endian, of one channel."""
_HEX = frozenset("0123456789abcdefABCDEF")


class FrameModel(Protocol):
    """Makes a frame of each hop that it is given, and remembers the ones before."""

    def frame(self, hop: bytes) -> tuple[Sequence[int], Sequence[int]]:
        """Return a hop's 40 features and the model's answers by class, as int8."""


class SampleBuffer:
    """Takes `db` commands; each returns the lines that answer it."""

    def __init__(self) -> None:
        self.data = bytearray(BUFFER_BYTES)
        self._expected = 0
        self._loading = False
        self._at = 0

    def command(self, words: Sequence[str]) -> list[str]:
        """Do what the words behind `db` say."""
        match words:
            case []:
                return [
                    "Error: db requires a sub-command: 'db load <Nbytes>'; 'db print [Nbytes]', "
                    "'db <hexstring>'"
                ]
            case ["load", *size]:
                return self._load(size[0] if size else "")
            case ["getptr", *_]:
                return [f"m-buff-ptr-{self._at}"]
            case ["setptr", place, *_]:
                self._at = min(_number(place), BUFFER_BYTES)
                return []
            case ["print", *size]:
                count = self._count(size, BUFFER_BYTES)
                return ["m-buffer-" + self.data[:count].hex("-")]
            case ["print_i16", *size]:
                return printed_numbers(
                    _int16(self.data[: 2 * self._count(size, BUFFER_BYTES // 2)])
                )
            case [digits, *_] if digits[0] in _HEX:
                return self._take(digits)
        return [f"Error: db: Unrecognized sub-command {words[0]}"]

    def _load(self, size: str) -> list[str]:
        self._expected = _number(size)
        self._loading = self._expected > 0
        if not self._loading:
            return [
                f"Error: Transfer size ({size}) must be valid int; greater than 0.",
                "Usage: 'db load N'; N>0",
            ]
        self._at = 0
        return [f"Expecting {self._expected} bytes"]

    def _take(self, digits: str) -> list[str]:
        if not self._loading:
            return ["Error: Must issue db load <Nbytes> command before transmitting data."]
        if len(digits) % 2:
            return [
                f"Error: number of hex digits in data string must be even. Received {len(digits)}",
                "Still waiting for data",
            ]
        for place in range(0, len(digits), 2):
            pair = digits[place : place + 2]
            if not _HEX.issuperset(pair):
                return [
                    f"Error: Received non-hex digit in character pair '{pair}' at location "
                    f"{place + 2}",
                    "Canceling segment upload. Still waiting for data",
                ]
            if self._at < BUFFER_BYTES:  # `setptr` may have put it at the end
                self.data[self._at] = int(pair, 16)
            self._at += 1
            if self._at >= min(self._expected, BUFFER_BYTES):
                self._loading = False
                return ["m-load-done"]
        return [f"{self._at} bytes received"]

    def _count(self, size: Sequence[str], most: int) -> int:
        count = _number(size[0]) if size else 0
        return count if 0 < count <= most else most


def printed_numbers(numbers: Sequence[int]) -> list[str]:
    """Return the lines in which the firmware prints a list: 16 a line, in brackets."""
    lines = []
    for start in range(0, len(numbers), 16):
        row = "".join(f"{number}, " for number in numbers[start : start + 16])
        lines.append(row)
    if lines:
        lines[-1] = lines[-1].removesuffix(", ") + "  "
    return ["[" + lines[0], *lines[1:], "]"] if lines else ["[]"]


def _int16(data: bytes | bytearray) -> list[int]:
    return [
        int.from_bytes(data[at : at + 2], "little", signed=True) for at in range(0, len(data), 2)
    ]


def _number(text: str) -> int:
    """Return what C's ``atoi`` makes of a text, where that is not negative; else 0."""
    digits = ""
    for character in text:
        if not ("0" <= character <= "9"):
            break
        digits += character
    return int(digits[:9] or "0")
