"""The `db` commands of a load, as the bytes that go over the wire."""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from typing import Self

from ..wire.commands import DbLoad
from ..wire.messages import Expecting, LoadDone, Message, Ready


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


def handshaken_chars(byte_count: int, data_bytes: int) -> int:
    """Characters that follow each other on the wire in a load; a block takes 2n + 13."""
    blocks = -(-byte_count // data_bytes)
    return pipelined_chars(byte_count, data_bytes) + _READY_CHARS * blocks


def pipelined_chars(byte_count: int, data_bytes: int) -> int:
    """The same where answers travel beside the blocks, which take 2n + 4."""
    begin = len(DbLoad(byte_count).encode()) + _line_chars(Expecting(byte_count)) + _READY_CHARS
    commands = 2 * byte_count + len("db %") * -(-byte_count // data_bytes)
    return begin + commands + _line_chars(LoadDone())


def _line_chars(message: Message) -> int:
    return len(message.encode()) + len("\r\n")


_READY_CHARS = _line_chars(Ready())
