"""The `db` commands of a load, as the bytes that go over the wire."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Blocks:
    """``count`` commands, all of ``size`` characters but the last, which may be shorter."""

    stream: bytes
    size: int
    count: int

    @classmethod
    def of(cls, data: bytes, data_bytes: int) -> Self:
        """As `DbData.encode` makes each, ``data_bytes`` in one; in a few calls for all of them:
        an ad run has four million."""
        digits = binascii.hexlify(data, b"%", -data_bytes)
        stream = b"db %b%%" % digits.replace(b"%", b"%db ")
        return cls(stream, 2 * data_bytes + len("db %"), -(-len(data) // data_bytes))


_BEGIN_AND_END_CHARS = 50
"""`db load`, its answer and `m-load-done`, about."""


def handshaken_chars(byte_count: int, data_bytes: int) -> int:
    """Characters that follow each other on the wire in a load; a block takes 2n + 13."""
    return _BEGIN_AND_END_CHARS + 2 * byte_count + 13 * -(-byte_count // data_bytes)


def pipelined_chars(byte_count: int, data_bytes: int) -> int:
    """The same where answers travel beside the blocks."""
    return _BEGIN_AND_END_CHARS + 2 * byte_count + 4 * -(-byte_count // data_bytes)
