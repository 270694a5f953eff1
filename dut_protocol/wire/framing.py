"""Cuts the byte stream into lines (device to host) and commands (host to device). No I/O.

Device to host: lines end in LF, normally CRLF. Host to device: a command ends in ``%`` and holds
no line end at all.
"""

from __future__ import annotations

from ..errors import DutProtocolError

MAX_LINE_BYTES = 16384
"""Longest line taken from a device. The longest honest one, results of a thousand classes, has
under 8 kB; a device that sends no line end must not fill the host's memory."""

COMMAND_END = ord("%")


class LineReader:
    """Takes bytes in and gives whole lines out (without their line ends)."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    @property
    def pending(self) -> bytes:
        """Return the beginning of a line whose end has not come."""
        return self._rest

    def feed(self, data: bytes) -> list[bytes]:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_LINE_BYTES or any(len(line) > MAX_LINE_BYTES for line in lines):
            start = max((*lines, self._rest), key=len)[:60]
            self._rest = b""
            raise DutProtocolError(
                f"the device sent a line of more than {MAX_LINE_BYTES} bytes, beginning {start!r}: "
                "check the baud rate, or what the firmware prints"
            )
        return [line.strip(b"\r") for line in lines]

    def take_pending(self) -> bytes:
        """Give up on the unfinished line and return it."""
        rest, self._rest = self._rest, b""
        return rest


class CommandReader:
    """Takes bytes in and gives whole commands out, as the reference firmware buffers them.

    Of a longer command the first ``capacity`` characters are kept, the rest is dropped.
    """

    __slots__ = ("_capacity", "_rest")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Yield each completed command, with the index in ``data`` just after its ``%``."""
        commands = []
        start = 0
        while (end := data.find(COMMAND_END, start)) >= 0:
            commands.append((end + 1, (self._rest + data[start:end])[: self._capacity]))
            self._rest = b""
            start = end + 1
        self._rest = (self._rest + data[start:])[: self._capacity]
        return commands

    @property
    def empty(self) -> bool:
        return not self._rest
