"""(a) What the host pays for one `db HEX%` and its `m-ready`, over a pty.

Through the product's own path (open_transport, Dut, Loader) against the barest loops that could do
the same handshake on the same terminal: a blocking read, and a select and a read. The load's own
work, encoding and `db load`, is charged to its blocks.
"""

from __future__ import annotations

import os
import select
import sys
import termios
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.bench_ready_device import ready_device
from support.bench_timing import Cost, cheaper, interleaved, print_table
from tinyrunner.dut_protocol.clock import MonotonicClock
from tinyrunner.dut_protocol.dut import Dut
from tinyrunner.dut_protocol.load import Loader
from tinyrunner.dut_protocol.settings import LinkSettings, VerifyLoad
from tinyrunner.dut_protocol.transport import Transport, open_transport

TARGET = 1.5
"""Times the faster of the two bare loops."""

COMMANDS = 200
"""In one block."""

_READY = b"m-ready\r\n"


@dataclass(frozen=True, slots=True)
class DbCommandCosts:
    """Of one command each."""

    read: Cost
    select_and_read: Cost
    loader: Cost

    @property
    def ratio(self) -> Cost:
        return self.loader.ratio(cheaper(self.read, self.select_and_read))


def measure(blocks: int = 60) -> DbCommandCosts:
    with ready_device() as terminal:
        bare = os.open(terminal, os.O_RDWR | os.O_NOCTTY)  # before it is opened exclusively
        transport = open_transport(terminal, 115200)
        try:
            return _measure(transport, bare, blocks)
        finally:
            transport.close()
            os.close(bare)


def _measure(transport: Transport, bare: int, blocks: int) -> DbCommandCosts:
    settings = LinkSettings(verify_load=VerifyLoad.NEVER)
    loader = Loader(Dut(transport, MonotonicClock(), settings))
    size = settings.data_bytes_per_db
    data = os.urandom(COMMANDS * size)
    commands = [b"db %s%%" % data[i : i + size].hex().encode() for i in range(0, len(data), size)]
    candidates = {
        "read": lambda: _read_loop(bare, commands),
        "select": lambda: _select_loop(bare, commands),
        "loader": lambda: loader.load(data),
    }
    for warm_up in candidates.values():
        warm_up()
    costs = {name: cost.per(COMMANDS) for name, cost in interleaved(candidates, blocks).items()}
    if loader.failed_loads:
        raise RuntimeError(f"{loader.failed_loads} loads failed: the figures mean nothing")
    return DbCommandCosts(costs["read"], costs["select"], costs["loader"])


def _read_loop(fd: int, commands: list[bytes]) -> None:
    before = termios.tcgetattr(fd)
    waiting = termios.tcgetattr(fd)
    waiting[6][termios.VMIN] = 1  # as pyserial leaves it, a blocking read returns empty at once
    termios.tcsetattr(fd, termios.TCSANOW, waiting)
    read, write = os.read, os.write
    for command in commands:
        write(fd, command)
        reply = read(fd, 65536)
        while not reply.endswith(_READY):
            reply += read(fd, 65536)
    termios.tcsetattr(fd, termios.TCSANOW, before)


def _select_loop(fd: int, commands: list[bytes]) -> None:
    read, write, wait, fds = os.read, os.write, select.select, [fd]
    for command in commands:
        write(fd, command)
        reply = b""
        while not reply.endswith(_READY):
            if not wait(fds, (), (), 3.0)[0]:
                raise TimeoutError("the device is silent")
            reply += read(fd, 65536)


def main() -> None:
    costs = measure()
    floor = cheaper(costs.read, costs.select_and_read)
    rows = [
        (name, f"{cost.wall_s * 1e6:.2f}", f"{cost.cpu_s * 1e6:.2f}",
         f"{cost.ratio(floor).wall_s:.2f}", f"{cost.ratio(floor).cpu_s:.2f}")
        for name, cost in (
            ("bare write and blocking read", costs.read),
            ("bare write, select and read", costs.select_and_read),
            ("open_transport, Dut, Loader", costs.loader),
        )
    ]  # fmt: skip
    print_table(
        f"(a) one db command over a pty; target {TARGET} times the faster bare loop",
        ("", "wall us", "CPU us", "x wall", "x CPU"),
        rows,
    )


if __name__ == "__main__":
    main()
