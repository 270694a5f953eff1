"""The parts of a load: the `db` commands as bytes, and the device's answers to them.

They are the same whatever way the data takes.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Clock, Deadline
from ..link.transport import READ_BYTES
from ..wire.commands import DbLoad, HostCommand
from ..wire.messages import (
    READY_LINE,
    BufferTooSmall,
    DeviceError,
    Expecting,
    LoadDone,
    Message,
    Ready,
)
from .dut import REPLY_TIMEOUT_S, Dut

LAST_ANSWER = b"m-load-done\r\n" + READY_LINE
"""The usual last answers, where they come whole in one read: there is nothing to parse."""


PATIENCE_FACTOR = 3
"""A block may take so many times what the slowest of the session took."""

MOST_PATIENCE_S = 60.0

PROGRESS_S = 5.0
"""A load that takes longer than this tells how far it is, and again when it has taken twice as
long."""


class Pace:
    """Learns how fast a device takes blocks: how long to wait for the next, how far a load is."""

    def __init__(self, clock: Clock) -> None:
        self.patience_s = REPLY_TIMEOUT_S
        """For the answer to one block."""
        self.slowest_s = 0.0
        """Longest that one took."""
        self.on_progress: Callable[[int, int, float], None] = lambda done, total, left_s: None
        """Told of a long load: blocks of it done, blocks in all, seconds left."""
        self._clock = clock
        self._began_s = self.tell_s = 0.0

    def begin(self) -> None:
        """Note that a load begins."""
        self._began_s = self._clock.now_s()
        self.tell_s = self._began_s + PROGRESS_S

    def took(self, seconds: float) -> None:
        """Note that a block was answered in so long, longer than any before."""
        self.slowest_s = seconds
        self.patience_s = min(MOST_PATIENCE_S, max(self.patience_s, PATIENCE_FACTOR * seconds))

    def too_slow(self) -> None:
        """Note that a block was answered after all, too late."""
        self.patience_s = min(MOST_PATIENCE_S, PATIENCE_FACTOR * self.patience_s)

    def tell(self, done: int, total: int) -> None:
        """Say how far the load is. It is due from ``tell_s`` on."""
        now_s = self._clock.now_s()
        self.tell_s = now_s + max(PROGRESS_S, now_s - self._began_s)
        left_s = (now_s - self._began_s) / max(1, done) * (total - done)
        self.on_progress(done, total, left_s)

    def fell_silent(self, error: DutTimeout, answered: int) -> DutTimeout:
        """Make the error of a block without an answer behind others that had theirs."""
        if answered == 0:
            return error
        return DutTimeout(
            f"{error}; it fell silent in the load: the {answered} blocks before took at most "
            f"{self.slowest_s:.2g} s each"
        )


def begin_load(dut: Dut, command: HostCommand, expected: int, doing: str) -> None:
    """Send what begins a load; the device must say that it expects so many bytes."""
    dut.begin(command)
    reply_by = Deadline(dut.clock, REPLY_TIMEOUT_S)
    if dut.in_step:
        data = dut.transport.read(READ_BYTES, REPLY_TIMEOUT_S)
        if data == b"m-[Expecting %d bytes]\r\n%b" % (expected, READY_LINE):
            dut.caught_up()
            return
        dut.take(data)
    reply = dut.collect(reply_by, doing, says_something=True)
    expecting = [message for message in reply if isinstance(message, Expecting)]
    if [message.byte_count for message in expecting] != [expected]:
        said = command.encode().decode("ascii").rstrip("%")
        raise DutProtocolError(
            f"{doing} on {dut.address}: `{said}` was answered "
            f"{[message.encode()[:80] for message in reply[:5]]}{' …' if reply[5:] else ''}, not "
            f"`m-[Expecting {expected} bytes]`"
        )


def block_answer(dut: Dut, where: str, last: bool, reply_by: Deadline) -> None:
    """Read the answer to one block, after which nothing may be waiting any more."""
    next_answer(dut, where, last, reply_by)
    dut.none_too_many(where)


def next_answer(dut: Dut, where: str, last: bool, reply_by: Deadline) -> None:
    """Read one answer up to its `m-ready`; `m-load-done` must come with the last block only."""
    load_done = False
    refused: str | None = None
    while not isinstance(message := dut.next_message(reply_by, where), Ready):
        match message:
            case LoadDone():
                load_done = True
            case DeviceError() | BufferTooSmall():
                refused = message.encode()
            case _:
                raise DutProtocolError(
                    f"{where} on {dut.address}: the device answered {message.encode()!r}"
                )
    if refused is not None:
        raise DutReportedError(
            f"{where} on {dut.address}: the device answered {refused!r}", refused
        )
    if load_done and not last:
        raise DutProtocolError(
            f"{where} on {dut.address}: m-load-done came too early; the device lost count"
        )
    if not load_done and last:
        raise DutProtocolError(
            f"{where} on {dut.address}: no m-load-done after the last byte; the device did "
            "not get them all"
        )


@dataclass(frozen=True, slots=True)
class Blocks:
    """Holds ``count`` commands, all of ``size`` characters but the last, which may be shorter."""

    stream: bytes
    size: int
    count: int

    @classmethod
    def of(cls, data: bytes, data_bytes: int) -> Self:
        """Make the commands as `DbData.encode` makes each, ``data_bytes`` in one.

        All of them take a few calls: an ad run has four million.
        """
        digits = binascii.hexlify(data, b"%", -data_bytes)
        stream = b"db %b%%" % digits.replace(b"%", b"%db ")
        return cls(stream, 2 * data_bytes + len("db %"), -(-len(data) // data_bytes))


def handshaken_chars(byte_count: int, data_bytes: int) -> int:
    """Count the characters that follow each other in a load; a block takes 2n + 13."""
    blocks = -(-byte_count // data_bytes)
    return pipelined_chars(byte_count, data_bytes) + _READY_CHARS * blocks


def pipelined_chars(byte_count: int, data_bytes: int) -> int:
    """Count a load's characters where answers travel beside the blocks, which take 2n + 4."""
    begin = len(DbLoad(byte_count).encode()) + _line_chars(Expecting(byte_count)) + _READY_CHARS
    commands = 2 * byte_count + len("db %") * -(-byte_count // data_bytes)
    return begin + commands + _line_chars(LoadDone())


def _line_chars(message: Message) -> int:
    return len(message.encode()) + len("\r\n")


_READY_CHARS = _line_chars(Ready())
