"""(i) What a wire log adds to one `db HEX%` and its `m-ready` over a pty; how large it becomes.

The same loader on the same terminal, with and without the log, in interleaved blocks. Each block
with it writes its lines out, about as often as a log at 115200 baud does, once a second.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support.benches.ready_device import ready_device
from support.benches.timing import Cost, interleaved, print_table
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.dut_protocol.link.transport import Transport, open_transport
from tinyrunner.dut_protocol.link.wire_log import LoggingTransport, WireLog
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad
from tinyrunner.models.suite import AD

TARGET = 1.10
"""Times the handshaken command without a log."""

COMMANDS = 200
"""In one block."""

AD_WINDOWS = 248 * AD.windows_per_file


@dataclass(frozen=True, slots=True)
class WireLogCosts:
    """Of one command each."""

    plain: Cost
    logged: Cost
    bytes_per_command: float

    @property
    def ratio(self) -> Cost:
        return self.logged.ratio(self.plain)


def measure(blocks: int = 60) -> WireLogCosts:
    with ready_device() as terminal, tempfile.TemporaryDirectory() as folder:
        clock = MonotonicClock()
        transport = open_transport(terminal, 115200)
        path = Path(folder) / "wire.log"
        log = WireLog.open(path, clock, terminal, 115200, _unexpected, "bench")
        logging = LoggingTransport(transport, clock, log)
        try:
            plain, logged = _loader(transport, clock), _loader(logging, clock)
            data = os.urandom(COMMANDS * plain.data_bytes)

            def load_and_write() -> None:
                logged.load(data)
                log.flush()  # or most blocks would keep their lines, and the cheap ones count

            candidates = {"plain": lambda: plain.load(data), "logged": load_and_write}
            for warm_up in candidates.values():
                warm_up()
            costs = {
                name: cost.per(COMMANDS) for name, cost in interleaved(candidates, blocks).items()
            }
        finally:
            logging.close()
        size = path.stat().st_size / (blocks + 1) / COMMANDS
    if plain.failed_loads or logged.failed_loads:
        raise RuntimeError("a load failed: the figures mean nothing")
    return WireLogCosts(costs["plain"], costs["logged"], size)


def _loader(transport: Transport, clock: MonotonicClock) -> Loader:
    return Loader(Dut(transport, clock, LinkSettings(verify_load=VerifyLoad.NEVER)))


def _unexpected(text: str) -> None:
    raise RuntimeError(text)


def main() -> None:
    costs = measure()
    rows = [
        (name, f"{cost.wall_s * 1e6:.2f}", f"{cost.cpu_s * 1e6:.2f}",
         f"{cost.ratio(costs.plain).wall_s:.3f}", f"{cost.ratio(costs.plain).cpu_s:.3f}")
        for name, cost in (("without", costs.plain), ("with a wire log", costs.logged))
    ]  # fmt: skip
    print_table(
        f"(i) one handshaken db command over a pty; target {TARGET} times the one without",
        ("", "wall us", "CPU us", "x wall", "x CPU"),
        rows,
    )
    blocks = AD_WINDOWS * -(-AD.input_bytes // LinkSettings().data_bytes_per_db)
    print(
        f"  {costs.bytes_per_command:.1f} bytes a command: "
        f"{blocks * costs.bytes_per_command / 1e9:.2f} GB for the {blocks} of a whole ad run"
    )
