"""A device that only answers, as fast as Python can, in a process of its own on a pty.

Run as a program it prints the name of its terminal and serves it until its stdin ends.
"""

from __future__ import annotations

import os
import pty
import select
import sys
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from support.benches.child import device_process


@contextmanager
def ready_device() -> Iterator[str]:
    """The terminal of a device that answers `m-ready` to whatever ends in `%`.

    Within a `db load N` it also says what a load demands: `m-[Expecting N bytes]`, and
    `m-load-done` at the last byte.
    """
    with device_process(__name__) as address:
        yield address


def serve(master: int, stop: int) -> None:
    """Answer on ``master`` until ``stop`` has something to read, or its end."""
    read, write, ready = os.read, os.write, b"m-ready\r\n"
    poll = select.poll()
    poll.register(master, select.POLLIN)
    poll.register(stop, select.POLLIN | select.POLLHUP)
    left = 0
    while all(fd != stop for fd, _ in poll.poll()):
        data = read(master, 65536)
        if data[:8] == b"db load ":
            total = int(data[8:-1])
            left = 2 * total  # in digits
            write(master, b"m-[Expecting %d bytes]\r\n" % total + ready)
        elif left:
            # Several commands at once, or half of one, where the host pipelines.
            commands = data.count(b"%")
            left -= len(data) - len(b"db %") * commands
            if left > 0 or not data.endswith(b"%"):
                write(master, ready * commands)
            else:
                left = 0
                write(master, ready * (commands - 1) + b"m-load-done\r\n" + ready)
        else:
            write(master, ready * data.count(b"%"))


def main() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    print(os.ttyname(slave), flush=True)
    serve(master, sys.stdin.fileno())


if __name__ == "__main__":
    main()
