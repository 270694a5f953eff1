"""A scripted device: (bytes expected from the host, bytes answered), on a virtual clock.

The pairs must be consumed exactly: a write that is not the next one expected fails at once, one
that never came fails at the end. Reading with nothing pending moves the clock to the time-out.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

Timed = Sequence[tuple[float, bytes]]
"""Pieces of an answer, each with the seconds after the one before it."""

Pair = tuple[bytes, bytes | Timed]

READY = b"m-ready\r\n"
NAME = b"m-name-dut-[acme]\r\n" + READY
PROFILE = (
    b"m-profile-[ULPMark for tinyML Firmware V0.0.1]\r\nm-model-[kws01]\r\n" + READY
)  # fmt: skip
BANNER = b"m-timestamp-mode-performance\r\nm-lap-us-1234\r\nm-init-done\r\n" + READY


def whole(data: bytes) -> list[bytes]:
    return [data] if data else []


def byte_by_byte(data: bytes) -> list[bytes]:
    return [data[i : i + 1] for i in range(len(data))]


def at_random(seed: int):
    """A way to cut that depends on nothing but the seed."""
    source = random.Random(seed)

    def cut(data: bytes) -> list[bytes]:
        pieces = []
        while data:
            size = source.randint(1, 12)
            pieces.append(data[:size])
            data = data[size:]
        return pieces

    return cut


CUTS = {"whole": whole, "byte by byte": byte_by_byte, "at random": at_random(7)}


class ScriptedTransport:
    address = "scripted"

    def __init__(
        self,
        clock: VirtualClock,
        pairs: Sequence[Pair],
        *,
        unasked: bytes | Timed = b"",
        cut=whole,
        delay_s: float = 0.0,
    ) -> None:
        self._clock = clock
        self._pairs = deque(pairs)
        self._cut = cut
        self._delay_s = delay_s
        self._coming: deque[tuple[float, bytes]] = deque()
        self._partial = b""
        self.received = bytearray()
        """All that the host sent."""
        self.closed = False
        self._answer(unasked)

    def _answer(self, answer: bytes | Timed) -> None:
        when_s = self._clock.now_s()
        for after_s, data in [(0.0, answer)] if isinstance(answer, bytes) else answer:
            when_s += after_s
            for piece in self._cut(data):
                when_s += self._delay_s
                self._coming.append((when_s, piece))

    def write(self, data: bytes) -> None:
        self.received += data
        self._partial += data
        while self._partial:
            assert self._pairs, f"unexpected write {self._partial!r}: nothing more was to be sent"
            expected, answer = self._pairs[0]
            if len(self._partial) < len(expected) and expected.startswith(self._partial):
                return
            assert self._partial.startswith(expected), (
                f"expected {expected!r}, the host sent {self._partial!r}"
            )
            self._partial = self._partial[len(expected) :]
            self._pairs.popleft()
            self._answer(answer)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        assert timeout_s >= 0
        until_s = self._clock.now_s() + timeout_s
        if not self._coming or self._coming[0][0] > until_s:
            self._clock.advance_to(until_s)
            return b""
        when_s, data = self._coming.popleft()
        self._clock.advance_to(when_s)
        if len(data) > max_bytes:
            self._coming.appendleft((when_s, data[max_bytes:]))
        return data[:max_bytes]

    def close(self) -> None:
        self.closed = True

    def forget(self) -> None:
        """What was not read need not be."""
        self._coming.clear()

    def finish(self) -> None:
        assert not self._partial, f"half a command at the end: {self._partial!r}"
        assert not self._pairs, f"never sent: {[expected for expected, _ in self._pairs]}"
        assert not self._coming, f"never read: {[data for _, data in self._coming]}"


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.notes: list[str] = []

    def line(self, text: str) -> None:
        self.lines.append(text)

    def note(self, text: str) -> None:
        self.notes.append(text)


NOT_VERIFYING = LinkSettings(verify_load=VerifyLoad.NEVER)


@dataclass
class Talk:
    """One end of a conversation under test."""

    dut: Dut
    clock: VirtualClock
    transport: object
    listener: Listener
    loader: Loader = field(init=False)
    timer: InferenceTimer = field(init=False)

    def __post_init__(self) -> None:
        self.loader = Loader(self.dut)
        self.timer = InferenceTimer(self.dut)

    @classmethod
    def over(cls, transport, clock: VirtualClock, settings: LinkSettings = NOT_VERIFYING) -> Talk:
        listener = Listener()
        return cls(Dut(transport, clock, settings, listener), clock, transport, listener)


@contextmanager
def dialogue(
    pairs: Sequence[Pair],
    *,
    settings: LinkSettings = NOT_VERIFYING,
    unasked: bytes | Timed = b"",
    cut=whole,
    delay_s: float = 0.0,
    all_read: bool = True,
) -> Iterator[Talk]:
    """A host talking to a scripted device; at the end everything must have been said and read."""
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs, unasked=unasked, cut=cut, delay_s=delay_s)
    yield Talk.over(transport, clock, settings)
    if not all_read:
        transport.forget()
    transport.finish()


def load_pairs(data: bytes, size: int, *, done: bytes = b"m-load-done\r\n") -> list[Pair]:
    """The dialogue of one load without fault."""
    total = len(data)
    pairs: list[Pair] = [
        (b"db load %d%%" % total, b"m-[Expecting %d bytes]\r\n" % total + READY),
    ]
    for start in range(0, total, size):
        last = start + size >= total
        block = data[start : start + size].hex().encode()
        pairs.append((b"db %b%%" % block, (done if last else b"") + READY))
    return pairs


RESYNC: Pair = (b"name%", NAME)
