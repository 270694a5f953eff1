"""What was heard at one baud rate: text, the protocol, or noise, as of a rate that is wrong."""

from __future__ import annotations

from ..errors import DutProtocolError
from ..wire.framing import LineReader
from ..wire.messages import decode_line

_NOISE_BYTES = 4
"""Fewer are no sign of anything, noise or text: opening a port, or a reset, makes some."""

_READABLE = 0.8
"""Share of printable characters from which on it is text. Of random bytes, 38 % are."""

_TEXT_CHARS = 80

_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\r\n\t"


class HeardAtRate:
    """What was heard at one rate."""

    def __init__(self) -> None:
        self.lines = LineReader()
        self.bytes = 0
        self.printable = 0
        self.protocol = False
        """Whether a message of the protocol was among it."""
        self._line: str | None = None
        """The first of nothing but text; noise may stand before it."""
        self._prompt: str | None = None

    @property
    def text(self) -> str | None:
        """The first readable text; None where all is noise, or nothing came."""
        if self._line is not None:
            return self._line
        mostly = self.bytes >= _NOISE_BYTES and self.printable >= _READABLE * self.bytes
        return self._prompt if mostly else None

    @property
    def readable(self) -> bool:
        return self.protocol or self.text is not None

    @property
    def noisy(self) -> bool:
        return not self.readable and self.bytes >= _NOISE_BYTES

    def take(self, data: bytes) -> list[bytes]:
        """The lines that are complete now."""
        self.bytes += len(data)
        self.printable += len(data) - len(data.translate(None, _PRINTABLE))
        try:
            lines = self.lines.feed(data)
        except DutProtocolError:  # a line without end; the reader has let go of it
            return []
        for line in lines:
            if (
                self._line is None
                and len(line) >= _NOISE_BYTES
                and not line.translate(None, _PRINTABLE)
            ):
                self._line = _quoted(line)
        return lines

    def note_message(self, text: str) -> None:
        """A line, or a part of one, was a message of the protocol."""
        self.protocol = True
        self._line = self._line or text[:_TEXT_CHARS]

    def note_prompt(self) -> None:
        """Text that waits for an answer has no line end."""
        self._prompt = self._prompt or _quoted(self.lines.pending)


def _quoted(line: bytes) -> str | None:
    return decode_line(line).strip()[:_TEXT_CHARS] or None
