"""What came back: replies, loads and inferences as they were, and what stood beside them.

Nothing is judged here. How lines end, what is said beside the protocol and what the host noted are
watched on the way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from ..link.transport import Transport
from ..wire.framing import MAX_LINE_BYTES
from ..wire.messages import (
    Buffer,
    Chatter,
    DeviceError,
    InferStart,
    InputSize,
    LapTime,
    Message,
    Name,
    Ready,
    Results,
    WarmupStart,
    decode_line,
    parse_line,
)
from ..wire.simulation import NO_BOARD

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Reply:
    """Holds the messages of one reply before its `m-ready`, and when each came (bench's clock)."""

    messages: tuple[Message, ...]
    sent_s: float
    done_s: float
    chatter: tuple[str, ...] = ()
    """What stood beside the protocol; a damaged message is among it."""

    @property
    def error(self) -> str | None:
        """Return the refusal in the reply, an ``e-[…]``; None without one."""
        return next((m.encode() for m in self.messages if isinstance(m, DeviceError)), None)

    def first(self, kind: type[M]) -> M | None:
        return next((message for message in self.messages if isinstance(message, kind)), None)

    @property
    def text(self) -> str:
        return ", ".join(message.encode() for message in self.messages) or "m-ready alone"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Tells how a load went; it ends at the first `m-load-done` or refusal."""

    blocks: int
    sent: int
    done_after: int | None
    """Blocks that were sent when `m-load-done` came."""
    error: str | None

    @property
    def whole(self) -> bool:
        """Tell whether all of it was sent, and nothing was complained of."""
        return self.sent == self.blocks and self.error is None

    @property
    def done_in_time(self) -> bool:
        return self.whole and self.done_after == self.blocks


@dataclass(frozen=True, slots=True)
class Inferred:
    """Tells what came of one ``infer``."""

    reply: Reply
    window_us: int | None
    """Microseconds by the device's lap times, or by the edges of its pin."""
    host_s: float
    """Seconds from the first line of measuring to its last, as the host read them."""

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
    """Return the bytes that a reply to ``db print`` shows."""
    return b"".join(message.data for message in reply.messages if isinstance(message, Buffer))


def mismatch(reply: Reply) -> InputSize | None:
    """Return the line that tells of an input of the wrong size, or not that it is right."""
    sizes = (message for message in reply.messages if isinstance(message, InputSize))
    return next((size for size in sizes if not size.fits), None)


_ENDED_BY_LF = (b"Input db has ", b"Supplied buffer size ")
"""Lines that the reference firmware itself ends in LF alone."""


class LineEnds:
    """Counts, as a transport, how the lines that it passes on end; keeps what was sent last."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._rest = b""
        self.address = inner.address
        self.crlf = 0
        self.lf_only = 0
        self.first_lf_only = ""
        self._sent: list[str] = []
        """The commands of the last write, without their ends."""

    def write(self, data: bytes) -> None:
        self._sent = [text for text in data.decode("ascii", "replace").split("%") if text.strip()]
        self._inner.write(data)

    def is_echo(self, text: str) -> bool:
        """Tell whether a line repeats what was sent last, alone or in front of an answer."""
        return any(command in text for command in self._sent)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        data = self._inner.read(max_bytes, timeout_s)
        if data:
            self._count(data)
        return data

    def _count(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()[-MAX_LINE_BYTES:]
        for line in lines:
            if line.endswith(b"\r"):
                self.crlf += 1
            elif not any(begin in line for begin in _ENDED_BY_LF):  # behind an echo, perhaps
                self.lf_only += 1
                self.first_lf_only = self.first_lf_only or decode_line(line)[:60]

    def close(self) -> None:
        self._inner.close()


class UnsolicitedLines:
    """Listens to a device, keeping what the report needs and no more."""

    def __init__(self, link: LineEnds) -> None:
        self._link = link
        self.notes: list[str] = []
        self.before_name: list[Message] = []
        """What the device said until it told its name: a boot banner, perhaps."""
        self.chatter = 0
        """Lines beside the protocol, since the device told its name; a simulated device's word that
        it is one does not count."""
        self.first_chatter = ""
        self.echoes = 0
        """Lines that repeat the command, alone or in front of its answer."""
        self._named = False

    def line(self, text: str) -> None:
        messages = parse_line(text.encode("ascii", "replace"))
        for message in messages:
            if isinstance(message, Name):
                self._named = True
            if not self._named:
                self.before_name.append(message)
            elif isinstance(message, Chatter) and self._link.is_echo(message.text):
                self.echoes += 1
            elif isinstance(message, Chatter) and NO_BOARD not in text:
                self.chatter += 1
                self.first_chatter = self.first_chatter or text[:60]

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def banner_is_whole(self) -> bool:
        """Tell whether the `m-ready` after the banner came, too."""
        return any(isinstance(message, Ready) for message in self.before_name)
