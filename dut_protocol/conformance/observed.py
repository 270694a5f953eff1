"""Watching a conversation: how lines end, what is said beside the protocol, what the host noted."""

from __future__ import annotations

from ..link.transport import Transport
from ..wire.framing import MAX_LINE_BYTES
from ..wire.messages import Chatter, Message, Name, Ready, decode_line, parse_line

_ENDED_BY_LF = (b"Input db has ", b"Supplied buffer size ")
"""Lines that the reference firmware itself ends in LF alone."""


class LineEnds:
    """A transport that counts how the lines that it passes on end."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self._rest = b""
        self.address = inner.address
        self.crlf = 0
        self.lf_only = 0
        self.first_lf_only = ""

    def write(self, data: bytes) -> None:
        self._inner.write(data)

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
            elif not line.startswith(_ENDED_BY_LF):
                self.lf_only += 1
                self.first_lf_only = self.first_lf_only or decode_line(line)[:60]

    def close(self) -> None:
        self._inner.close()


class Heard:
    """A :class:`~..exchange.DutListener` that keeps what the report needs, and no more."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.before_name: list[Message] = []
        """What the device said until it told its name: a boot banner, perhaps."""
        self.chatter = 0
        """Lines beside the protocol, since then."""
        self.first_chatter = ""
        self._named = False

    def line(self, text: str) -> None:
        messages = parse_line(text.encode("ascii", "replace"))
        for message in messages:
            if isinstance(message, Name):
                self._named = True
            if not self._named:
                self.before_name.append(message)
            elif isinstance(message, Chatter):
                self.chatter += 1
                self.first_chatter = self.first_chatter or text[:60]

    def note(self, text: str) -> None:
        self.notes.append(text)

    @property
    def banner_is_whole(self) -> bool:
        """The `m-ready` after the banner came, too."""
        return any(isinstance(message, Ready) for message in self.before_name)
