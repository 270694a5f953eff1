"""The data block of IEEE 488.2, taken apart as it arrives.

``#``, one digit that counts the digits of the length, the length in bytes, the bytes: ``#15hello``.
"""

from __future__ import annotations

SHOWN_BYTES = 60
"""How much of what came instead an error quotes."""


class BlockError(ValueError):
    """These bytes are no definite-length block."""


class BlockReader:
    """Takes a definite-length block in any pieces; no I/O."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._header_bytes = 2
        self._length: int | None = None

    @property
    def needed(self) -> int:
        """How many bytes are certainly still missing; 0 when the block is complete."""
        return max(0, self._header_bytes + (self._length or 0) - len(self._buffer))

    @property
    def complete(self) -> bool:
        return self._length is not None and self.needed == 0

    @property
    def payload(self) -> bytes:
        return bytes(self._buffer[self._header_bytes : self._header_bytes + (self._length or 0)])

    @property
    def rest(self) -> bytes:
        """What came after the block."""
        return bytes(self._buffer[self._header_bytes + (self._length or 0) :])

    def feed(self, data: bytes) -> None:
        """More bytes; BlockError as soon as they cannot be a block."""
        self._buffer += data
        if self._length is not None:
            return
        start = bytes(self._buffer[:SHOWN_BYTES])
        if start[:1] not in (b"", b"#"):
            raise BlockError(f"expected a data block (#…), got {start!r}")
        if len(self._buffer) < 2:
            return
        if start[1:2] not in b"123456789":
            raise BlockError(f"expected a block of stated length (#1… to #9…), got {start!r}")
        self._header_bytes = 2 + int(start[1:2])
        if len(self._buffer) < self._header_bytes:
            return
        digits = start[2 : self._header_bytes]
        if not digits.isdigit():
            raise BlockError(f"the length of a data block is no number: {start!r}")
        if int(digits) > self._max_bytes:
            raise BlockError(
                f"a data block of {int(digits)} bytes, where {self._max_bytes} at most were wanted"
            )
        self._length = int(digits)
