"""A device under test that shares nothing with the product: written from the protocol's facts.

Plain loads as the reference firmware has them, and the wire extension as its text for authors of
firmware has it. It keeps what it inferred of which bytes, and when: the truth that a session is
held against. Its scores follow from the input's bytes alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

TASKS = {
    "kws": ("kws01", 490, 12),
    "ic": ("ic01", 3072, 10),
    "vww": ("vww01", 27648, 2),
    "ad": ("ad01", 2560, 1),
}
"""Model id, bytes of an input, scores."""

BUFFER_BYTES = 27648
COMMAND_CHARS = 80
RAW_BYTES = 512
RAW_TIMEOUT_S = 0.5

Step = tuple[str, object]
"""``("say", line)``, ``("wait", seconds)`` or ``("end", None)``, behind the last of an answer."""


def scores_of(tensor: bytes, count: int) -> str:
    """What the device prints of an input."""
    digest = hashlib.sha512(tensor).digest()
    numbers = [1 + int.from_bytes(digest[2 * i : 2 * i + 2], "big") % 998 for i in range(count)]
    return ",".join(f"{number / 1000:.3f}" for number in numbers)


@dataclass(frozen=True)
class Inferred:
    """One `infer`, as it truly was."""

    tensor: bytes
    iterations: int
    warmups: int
    start_us: int
    end_us: int
    scores: str


@dataclass
class Device:
    """The firmware: bytes in, steps of its answers out."""

    task: str
    inference_s: float = 0.001
    extension: bool = False
    overruns: bool = False
    """A block too many is answered like any other, as the reference firmware does it."""
    inferred: list[Inferred] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.model, self.input_bytes, self.score_count = TASKS[self.task]
        self._counted_from = time.monotonic() - 1.0
        self.forget()

    def forget(self) -> None:
        """As a reset does."""
        self._command = bytearray()
        self.buffer = bytearray()
        self._due = 0
        """Bytes that the load announced, 0 without one."""
        self._whole = False
        self._tensor = bytes(self.input_bytes)
        self._scores = scores_of(self._tensor, self.score_count)
        self._raw: tuple[int, int] | None = None
        """Bytes that an extended load still needs, and the checksum of the whole input."""
        self._raw_held = bytearray()
        self._text_load: tuple[int, int] | None = None
        self._deaf_until_s = 0.0
        self._last_byte_s = time.monotonic()

    def boot(self) -> list[bytes]:
        self.forget()
        lap = b"m-lap-us-%d" % self._us()
        return [b"m-timestamp-mode-performance", lap, b"m-init-done", b"m-ready"]

    def _us(self) -> int:
        return int((time.monotonic() - self._counted_from) * 1e6) % (1 << 32)

    # ---- bytes in ----------------------------------------------------------------------------

    @property
    def block_due(self) -> int:
        """Bytes of the raw block that comes next; 0: commands."""
        if self._raw is None:
            return 0
        return min(RAW_BYTES, self._raw[0]) + 4

    def kind_of(self, unit: bytes) -> str:
        """What a command is, for those who want to damage a certain one."""
        words = unit.rstrip(b"%").split()
        verb = words[0] if words else b""
        if self.block_due:
            left = self._raw[0] if self._raw else 0
            return self._block(len(self.buffer) == 0, left <= RAW_BYTES)
        if verb == b"xd" and self._text_load:
            left, _ = self._text_load
            return self._block(len(self.buffer) == 0, left <= 53)
        if verb == b"db" and len(words) > 1 and words[1] not in (b"load", b"print"):
            left = self._due - len(self.buffer)
            return self._block(len(self.buffer) == 0, len(words[1]) // 2 >= left)
        if verb in (b"db", b"xdb"):
            return words[1].decode("latin-1") if len(words) > 1 else "other"
        return verb.decode("latin-1")

    @staticmethod
    def _block(first: bool, last: bool) -> str:
        return "last block" if last else "first block" if first else "block"

    def feed(self, data: bytes) -> Iterator[Step]:
        """Take bytes; each step of the answers as it is due."""
        for byte in data:
            now_s = time.monotonic()
            yield from self.tick(now_s)
            if now_s < self._deaf_until_s:
                self._deaf_until_s = now_s + RAW_TIMEOUT_S
                continue
            self._last_byte_s = now_s
            if self._raw is not None:
                self._raw_held.append(byte)
                if len(self._raw_held) == self.block_due:
                    yield from self._answer(self._raw_block())
            elif byte == ord("%"):
                command = bytes(self._command)
                self._command.clear()
                yield from self._answer(self._run(command.decode("latin-1").split()))
            elif len(self._command) < COMMAND_CHARS:
                self._command.append(byte)

    def tick(self, now_s: float) -> Iterator[Step]:
        """Let time pass: a raw load that stalls is void."""
        if self._raw is not None and now_s - self._last_byte_s > RAW_TIMEOUT_S:
            yield from self._answer(self._void("time-out"))

    @staticmethod
    def _answer(lines: Iterator[Step]) -> Iterator[Step]:
        yield from lines
        yield "say", b"m-ready"
        yield "end", None

    # ---- commands ----------------------------------------------------------------------------

    def _run(self, words: list[str]) -> Iterator[Step]:
        match words:
            case ["name", *_]:
                yield "say", b"m-name-dut-[hostile]"
            case ["profile", *_]:
                yield "say", b"m-profile-[ULPMark for tinyML Firmware V0.0.1]"
                yield "say", b"m-model-[%b]" % self.model.encode()
            case ["timestamp", *_]:
                yield "say", b"m-lap-us-%d" % self._us()
            case ["results", *_]:
                yield "say", b"m-results-[%b]" % self._scores.encode()
            case ["help", *_]:
                yield "say", b"ULPMark for tinyML Firmware V0.0.1"
                if self.extension:
                    yield "say", b"x-tinyrunner-1 bin=512 b64 shift timeout-ms=500"
            case ["infer", *numbers]:
                given = [*numbers, *("1", "10")[len(numbers) :]]
                yield from self._infer(_atoi(given[0]), _atoi(given[1]))
            case ["db"]:
                yield "say", b"e-[Command 'db' requires a subcommand]"
            case ["db", "load", *numbers]:
                yield from self._load(_atoi(numbers[0]) if numbers else 0)
            case ["db", "print", *_]:
                for at in range(0, self._due, 8):
                    yield "say", b"m-buffer-" + bytes(self.buffer[at : at + 8]).hex("-").encode()
            case ["db", digits, *_]:
                yield from self._store(digits)
            case ["xdb", *rest] if self.extension:
                yield from self._begin_extended(rest)
            case ["xd", text, *_] if self.extension:
                yield from self._text_block(text)
            case _:
                word = words[0] if words else ""
                yield "say", b"e-[Unknown command: %b]" % word.encode("latin-1")

    def _load(self, count: int) -> Iterator[Step]:
        self._text_load, self._whole = None, False
        self.buffer.clear()
        self._due = 0
        if count <= 0:
            yield "say", b"e-[Command 'db load' must be >0 bytes]"
        elif count > BUFFER_BYTES:
            yield "say", b"Supplied buffer size %d exceeds maximum of %d" % (count, BUFFER_BYTES)
        else:
            self._due = count
            yield "say", b"m-[Expecting %d bytes]" % count

    def _store(self, digits: str) -> Iterator[Step]:
        if len(self.buffer) >= self._due:
            if not self.overruns:
                yield "say", b"e-[No load in progress]"
            return
        if len(digits) % 2:
            yield "say", b"e-[Insufficent number of hex digits]"
            return
        for at in range(0, len(digits), 2):
            pair = digits[at : at + 2]
            if not re.fullmatch("[0-9a-fA-F]{2}", pair):
                yield "say", b"e-[Invalid hex digit '%b']" % pair.encode("latin-1")
                return
            self.buffer.append(int(pair, 16))
            if len(self.buffer) == self._due:
                self._whole = True
                yield "say", b"m-load-done"
                return

    def _infer(self, iterations: int, warmups: int) -> Iterator[Step]:
        if iterations <= 0:
            yield "say", b"e-[Inference iterations must be >0]"
            return
        if warmups < 0:
            yield "say", b"e-[Inference warmup must be >=0]"
            return
        if self._whole and len(self.buffer) == self.input_bytes:
            self._tensor = bytes(self.buffer)
        else:
            sizes = len(self.buffer), self.input_bytes
            yield "say", b"Input db has %d elemented, expected %d" % sizes
        yield "say", b"m-warmup-start-%d" % warmups
        yield "wait", warmups * self.inference_s
        yield "say", b"m-warmup-done"
        yield "say", b"m-infer-start-%d" % iterations
        start_us = self._us()
        yield "say", b"m-lap-us-%d" % start_us
        yield "wait", iterations * self.inference_s
        end_us = self._us()
        yield "say", b"m-lap-us-%d" % end_us
        yield "say", b"m-infer-done"
        self._scores = scores_of(self._tensor, self.score_count)
        self.inferred.append(
            Inferred(self._tensor, iterations, warmups, start_us, end_us, self._scores)
        )
        yield "say", b"m-results-[%b]" % self._scores.encode()

    # ---- the wire extension ------------------------------------------------------------------

    def _begin_extended(self, words: list[str]) -> Iterator[Step]:
        match = re.fullmatch(r"(load|shift) (\d{1,9}) ([0-9a-fA-F]{8}) (bin|b64)", " ".join(words))
        if self._text_load is not None:
            yield from self._void("another load")
            return
        count = int(match[2]) if match else 0
        shift = match is not None and match[1] == "shift"
        held = len(self.buffer) if self._whole else 0
        if match is None or not 0 < count <= BUFFER_BYTES or (shift and held <= count):
            yield "say", b"e-[xdb: cannot be]"
            return
        self._due = held if shift else count
        self.buffer = self.buffer[count:] if shift else bytearray()
        self._whole = False
        begun = count, int(match[3], 16)
        if match[4] == "bin":
            self._raw, self._raw_held = begun, bytearray()
        else:
            self._text_load = begun
        yield "say", b"m-[Expecting %d bytes]" % count

    def _raw_block(self) -> Iterator[Step]:
        assert self._raw is not None
        data, crc = bytes(self._raw_held[:-4]), int.from_bytes(self._raw_held[-4:], "big")
        self._raw_held.clear()
        left, whole_crc = self._raw
        if zlib.crc32(data) != crc:
            yield from self._void("block damaged")
            return
        self.buffer += data
        self._raw = (left - len(data), whole_crc) if left > len(data) else None
        if self._raw is None:
            yield from self._complete(whole_crc, deaf=True)

    def _text_block(self, text: str) -> Iterator[Step]:
        try:
            framed = base64.b64decode(text, validate=True)
        except ValueError:
            framed = b""
        data, crc = framed[:-4], int.from_bytes(framed[-4:], "big")
        load = self._text_load
        if load is None or not data or zlib.crc32(data) != crc or len(data) > load[0]:
            yield from self._void("block damaged")
            return
        self.buffer += data
        self._text_load = (load[0] - len(data), load[1]) if load[0] > len(data) else None
        if self._text_load is None:
            yield from self._complete(load[1], deaf=False)

    def _complete(self, crc: int, *, deaf: bool) -> Iterator[Step]:
        if zlib.crc32(bytes(self.buffer)) != crc:
            yield from self._void("input damaged", deaf=deaf)
            return
        self._whole = True
        yield "say", b"m-load-done"

    def _void(self, why: str, *, deaf: bool = False) -> Iterator[Step]:
        deaf = deaf or self._raw is not None
        self._raw = self._text_load = None
        self._raw_held.clear()
        self.buffer.clear()
        self._whole = False
        self._due = 0
        if deaf:
            self._deaf_until_s = time.monotonic() + RAW_TIMEOUT_S
        yield "say", b"e-[xdb: %b]" % why.encode()


def _atoi(text: str) -> int:
    match = re.match(r"\s*([+-]?\d{1,9})", text)
    return int(match[1]) if match else 0
