"""What came of a command, a load, an inference: whatever it was, it is not judged here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ..wire.messages import (
    Buffer,
    DeviceError,
    InferStart,
    InputMismatch,
    LapTime,
    Message,
    Results,
    WarmupStart,
)

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Reply:
    """The messages of one reply before its `m-ready`, and when things happened (bench's clock)."""

    messages: tuple[Message, ...]
    sent_s: float
    done_s: float

    @property
    def error(self) -> str | None:
        """The text of an ``e-[…]``."""
        return next((m.text for m in self.messages if isinstance(m, DeviceError)), None)

    def first(self, kind: type[M]) -> M | None:
        return next((message for message in self.messages if isinstance(message, kind)), None)

    @property
    def text(self) -> str:
        return ", ".join(message.encode() for message in self.messages) or "m-ready alone"


@dataclass(frozen=True, slots=True)
class Loaded:
    """How a load went; it ends at the first `m-load-done` or `e-[…]`."""

    blocks: int
    sent: int
    done_after: int | None
    """Blocks sent when `m-load-done` came."""
    error: str | None

    @property
    def whole(self) -> bool:
        """All of it was sent, and nothing was complained of."""
        return self.sent == self.blocks and self.error is None

    @property
    def done_in_time(self) -> bool:
        return self.whole and self.done_after == self.blocks


@dataclass(frozen=True, slots=True)
class Inferred:
    """What came of one ``infer``."""

    reply: Reply
    window_us: int | None
    """By the device's lap times, or by the edges of its pin."""
    host_s: float
    """From the first line of measuring to its last, as the host read them."""

    @property
    def warmups(self) -> int | None:
        start = self.reply.first(WarmupStart)
        return None if start is None else start.warmups

    @property
    def iterations(self) -> int | None:
        start = self.reply.first(InferStart)
        return None if start is None else start.iterations

    @property
    def scores(self) -> tuple[float, ...] | None:
        results = self.reply.first(Results)
        return None if results is None else results.scores

    @property
    def laps(self) -> list[int]:
        return [message.us for message in self.reply.messages if isinstance(message, LapTime)]


def printed(reply: Reply) -> bytes:
    """The bytes of a ``db print``."""
    return b"".join(message.data for message in reply.messages if isinstance(message, Buffer))


def mismatch(reply: Reply) -> str | None:
    """The line that tells of an input of the wrong size."""
    found = reply.first(InputMismatch)
    return None if found is None else found.encode()
