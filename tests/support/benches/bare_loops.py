"""The barest loops that could bring commands over a terminal, as floors for the product's own."""

from __future__ import annotations

import os
import select
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

READY = b"m-ready\r\n"

_TIMEOUT_S = 3.0


@contextmanager
def waiting_reads(fd: int) -> Iterator[None]:
    """A blocking read waits for a byte; as pyserial leaves a terminal it returns empty at once."""
    before = termios.tcgetattr(fd)
    waiting = termios.tcgetattr(fd)
    waiting[6][termios.VMIN], waiting[6][termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, waiting)
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSANOW, before)


def read_loop(fd: int, commands: Sequence[bytes]) -> None:
    """Write a command, read until its `m-ready`."""
    read, write = os.read, os.write
    with waiting_reads(fd):
        for command in commands:
            write(fd, command)
            reply = read(fd, 65536)
            while not reply.endswith(READY):
                reply += read(fd, 65536)


def select_loop(fd: int, commands: Sequence[bytes]) -> None:
    """The same with a select before each read."""
    read, write, wait, fds = os.read, os.write, select.select, [fd]
    for command in commands:
        write(fd, command)
        reply = b""
        while not reply.endswith(READY):
            if not wait(fds, (), (), _TIMEOUT_S)[0]:
                raise TimeoutError("the device is silent")
            reply += read(fd, 65536)


def pipelined_loop(fd: int, commands: Sequence[bytes], depth: int, reply_chars: int) -> None:
    """Keep ``depth`` commands in flight until all ``reply_chars`` have come.

    All commands but the last are of one length; answers are told by their number of characters.
    """
    read, write = os.read, os.write
    stream, size, count = b"".join(commands), len(commands[0]), len(commands)
    line = len(READY)
    with waiting_reads(fd):
        sent = min(depth, count)
        write(fd, stream[: sent * size])
        received = 0
        while received < reply_chars:
            received += len(read(fd, 65536))
            allowed = min(received // line + depth, count)
            if allowed > sent:
                write(fd, stream[sent * size : allowed * size])
                sent = allowed
