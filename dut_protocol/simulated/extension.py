"""The device's side of the wire extension (see :mod:`.wire_extension`), for the simulated device.

A state machine without I/O, as firmware would have it: it fills the device's own input buffer.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from ..wire.extension import (
    CRC_BYTES,
    Begin,
    Encoding,
    ExtensionError,
    Offer,
    crc32,
    decode_block,
    parse_extended,
)
from ..wire.messages import DeviceError, Expecting, LoadDone, Message, Ready

SIMULATED_OFFER = Offer(bin_bytes=512, b64=True, shift=True, timeout_ms=500)


@dataclass(slots=True)
class InputBuffer:
    """Is a device's input buffer: complete when it holds as many bytes as were announced."""

    capacity: int
    data: bytearray
    expected: int = 0

    @property
    def complete(self) -> bool:
        return self.expected > 0 and len(self.data) == self.expected

    def void(self) -> None:
        """Hold nothing that could be taken for an input."""
        self.data.clear()
        self.expected = 0


class ExtendedLoads:
    """Takes loads by the extension; their buffer is handed in with each piece."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self._encoding: Encoding | None = None
        """The encoding of the load in progress; None: there is none."""
        self._crc = 0
        self._left = 0
        """Data bytes still to come."""
        self._block = bytearray()
        self.deaf = False
        """Whether it drops what comes until it has been quiet, after an error of a bin load."""

    @property
    def raw_bytes_due(self) -> int:
        """Return how many bytes complete the present 8-bit block; 0: none is due."""
        if self._encoding is not Encoding.BIN:
            return 0
        return min(self.offer.bin_bytes, self._left) + CRC_BYTES - len(self._block)

    def end(self) -> None:
        """Give the buffer up to a plain `db load`."""
        self._encoding = None

    def command(self, text: str, buffer: InputBuffer) -> list[Message] | None:
        """Return the reply to a command, without `m-ready`; None: it is not of the extension."""
        try:
            command = parse_extended(text)
            if command is None:
                return None
            if isinstance(command, Begin):
                return [self._begin(command, buffer)]
            if self._encoding is not Encoding.B64:
                raise ExtensionError("no b64 load in progress")
            return self._store(command.framed, buffer)
        except ExtensionError as error:
            if self._encoding is None:
                return [DeviceError(f"xdb: {error}")]
            return [self._failed(str(error), buffer)]

    def raw(self, data: bytes, buffer: InputBuffer) -> list[Message] | None:
        """Take at most :attr:`raw_bytes_due` bytes; None while the block is not complete."""
        self._block += data
        if self.raw_bytes_due:
            return None
        framed = bytes(self._block)
        self._block.clear()
        reply = self._store(framed, buffer)
        self.deaf = not buffer.expected
        return reply

    def time_out(self) -> None:
        """Note that the time-out has passed; whoever calls this voids the buffer."""
        self._encoding = None
        self._block.clear()
        self.deaf = True

    def _begin(self, begin: Begin, buffer: InputBuffer) -> Message:
        if begin.encoding not in self.offer.encodings:
            raise ExtensionError(f"no {begin.encoding.value} here")
        if begin.shift:
            if not self.offer.shift:
                raise ExtensionError("no shift here")
            if not buffer.complete or not 0 < begin.byte_count < len(buffer.data):
                raise ExtensionError("no complete load to shift")
            del buffer.data[: begin.byte_count]
        else:
            if not 0 < begin.byte_count <= buffer.capacity:
                raise ExtensionError(f"expected 1 to {buffer.capacity} bytes")
            buffer.data.clear()
            buffer.expected = begin.byte_count
        self._encoding, self._crc, self._left = begin.encoding, begin.crc, begin.byte_count
        self._block.clear()
        return Expecting(begin.byte_count)

    def _store(self, framed: bytes, buffer: InputBuffer) -> list[Message]:
        try:
            data = decode_block(framed)
        except ExtensionError as error:
            return [self._failed(str(error), buffer)]
        if len(data) > self._left:
            return [self._failed("more bytes than expected", buffer)]
        buffer.data += data
        self._left -= len(data)
        if self._left:
            return []
        if crc32(buffer.data) != self._crc:
            return [self._failed("the input's CRC is another one", buffer)]
        self._encoding = None
        return [LoadDone()]

    def _failed(self, why: str, buffer: InputBuffer) -> Message:
        self._encoding = None
        self._block.clear()
        buffer.void()
        return DeviceError(f"xdb: {why}")


class RawWait:
    """Keeps the time-out of 8-bit loads, on a modelled UART.

    What is said when no byte comes is queued as soon as one is waited for, with the time at which
    it would be through; a byte that comes in time takes it back.
    """

    def __init__(
        self, offer: Offer, outgoing: deque[tuple[float, bytes]], byte_time_s: float
    ) -> None:
        error = DeviceError(f"xdb: no byte for {offer.timeout_ms} ms, load dropped")
        self._said = f"{error.encode()}\r\n{Ready().encode()}\r\n".encode("ascii")
        self._said_s = len(self._said) * byte_time_s
        self._timeout_s = offer.timeout_s
        self._outgoing = outgoing
        self._byte_time_s = byte_time_s
        self._queued: tuple[float, bytes] | None = None
        self._deaf_until_s = 0.0

    def begin(self, now_s: float) -> None:
        """Wait for a byte from now on."""
        self._queued = (now_s + self._timeout_s + self._said_s, self._said)
        self._outgoing.append(self._queued)

    def end(self, at_s: float) -> float | None:
        """End the wait as a byte comes, and say when it came too late.

        None when it is in time or was not waited for, else when the device had said that it came
        too late.
        """
        if self._queued is None:
            return None
        said_at_s = self._queued[0]
        if at_s < said_at_s - self._said_s:
            self.take_back()
            return None
        self._queued = None
        self.deaf_after(said_at_s)
        return said_at_s

    def take_back(self) -> None:
        """Take back what would have been said had no byte come."""
        if self._queued is not None and self._outgoing and self._outgoing[-1] is self._queued:
            self._outgoing.pop()
        self._queued = None

    def deaf_after(self, answered_s: float) -> None:
        """Let a device that is deaf now be so until it was quiet that long after its answer."""
        self._deaf_until_s = answered_s + self._timeout_s

    def still_deaf(self, at_s: float, start_s: float, count: int) -> bool:
        """Tell whether a byte at ``at_s`` falls on deaf ears.

        It is one of ``count`` that begin at ``start_s``; if one is dropped they all are, and keep
        it deaf for longer.
        """
        if at_s >= self._deaf_until_s:
            return False
        ends_s = start_s + count * self._byte_time_s
        self._deaf_until_s = max(self._deaf_until_s, ends_s + self._timeout_s)
        return True
