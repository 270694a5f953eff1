"""(a) What the host pays for one `db HEX%` and its `m-ready`, over a pty.

Through the product's own path (open_transport, Dut, Loader) against the barest loops that could do
the same on the same terminal: handshaken a blocking read, and a select and a read; pipelined a
blocking read and a write of as many commands as were answered. All of them send `db load` too. The
loader's other work, encoding and checking, is charged to its blocks.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from support.benches.bare_loops import READY, pipelined_loop, read_loop, select_loop
from support.benches.ready_device import ready_device
from support.benches.timing import Cost, cheaper, interleaved, print_table
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.dut_protocol.link.transport import Transport, open_transport
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

TARGET = 1.3
"""Times the faster of the two bare handshaken loops."""

PIPELINED_TARGET = 1.5
"""Times the bare pipelined loop."""

COMMANDS = 200
"""In one block."""

PIPELINE_CHARS = 1024
"""Sixteen commands in flight: within what a terminal buffers, more than a USB frame carries."""


@dataclass(frozen=True, slots=True)
class DbCommandCosts:
    """Of one command each."""

    read: Cost
    select_and_read: Cost
    loader: Cost
    bare_pipelined: Cost
    pipelined: Cost

    @property
    def floor(self) -> Cost:
        return cheaper(self.read, self.select_and_read)

    @property
    def ratio(self) -> Cost:
        return self.loader.ratio(self.floor)

    @property
    def pipelined_ratio(self) -> Cost:
        return self.pipelined.ratio(self.bare_pipelined)


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
    dut = Dut(transport, MonotonicClock(), LinkSettings(verify_load=VerifyLoad.NEVER))
    loader, pipelining = Loader(dut), Loader(dut)
    pipelining.pipeline_chars = PIPELINE_CHARS
    size = loader.data_bytes
    data = os.urandom(COMMANDS * size)
    commands = [b"db %s%%" % data[i : i + size].hex().encode() for i in range(0, len(data), size)]
    begin = [b"db load %d%%" % len(data)]
    whole, depth = begin + commands, PIPELINE_CHARS // len(commands[0])
    reply_chars = COMMANDS * len(READY) + len(b"m-load-done\r\n")

    def bare_pipelined() -> None:
        read_loop(bare, begin)
        pipelined_loop(bare, commands, depth, reply_chars)

    candidates = {
        "read": lambda: read_loop(bare, whole),
        "select": lambda: select_loop(bare, whole),
        "loader": lambda: loader.load(data),
        "bare pipelined": bare_pipelined,
        "pipelined": lambda: pipelining.load(data),
    }
    for warm_up in candidates.values():
        warm_up()
    costs = {name: cost.per(COMMANDS) for name, cost in interleaved(candidates, blocks).items()}
    if failed := loader.failed_loads + pipelining.failed_loads:
        raise RuntimeError(f"{failed} loads failed: the figures mean nothing")
    return DbCommandCosts(*(costs[name] for name in candidates))


def main() -> None:
    costs = measure()
    rows = [
        (name, f"{cost.wall_s * 1e6:.2f}", f"{cost.cpu_s * 1e6:.2f}",
         f"{cost.ratio(floor).wall_s:.2f}", f"{cost.ratio(floor).cpu_s:.2f}")
        for name, cost, floor in (
            ("bare write and blocking read", costs.read, costs.floor),
            ("bare write, select and read", costs.select_and_read, costs.floor),
            ("open_transport, Dut, Loader", costs.loader, costs.floor),
            ("bare pipelined", costs.bare_pipelined, costs.bare_pipelined),
            ("pipelined, Loader", costs.pipelined, costs.bare_pipelined),
        )
    ]  # fmt: skip
    print_table(
        f"(a) one db command over a pty; target {TARGET} times the faster bare loop, pipelined "
        f"{PIPELINED_TARGET} times a bare pipelined loop",
        ("", "wall us", "CPU us", "x wall", "x CPU"),
        rows,
    )
