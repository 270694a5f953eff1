"""(j) How much of what the wire allows a load gets: handshaken, pipelined, and by the extension.

The limit counts all characters of a whole load: `db load` and its answer, every block, and
`m-load-done`. Handshaken each answer of 9 characters comes before the next block; pipelined they
travel beside the blocks, all but the last. In virtual time that is exact. On a pty served in real
time, paced at the baud rate, the floor is a bare loop with the same characters on that terminal.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

from support.benches.bare_loops import READY, pipelined_loop, read_loop
from support.benches.paced_device import paced_device
from support.benches.timing import interleaved, print_table
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.extended_load import ask_for_offer
from tinyrunner.dut_protocol.host.load_blocks import Blocks
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import Clock, MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.link.transport import Transport, open_transport
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.commands import DbLoad
from tinyrunner.dut_protocol.wire.messages import Expecting
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad
from tinyrunner.models.suite import AD

TARGET = 0.98

BAUD_RATES = (115200, 460800, 921600)
DATA_BYTES = (30, 38)

PIPELINE_CHARS = 1024

_LOAD_DONE = b"m-load-done\r\n"


@dataclass(frozen=True, slots=True)
class Setup:
    """One row of the table."""

    baud_rate: int
    data_bytes: int
    pipelined: bool

    @property
    def link(self) -> LinkSettings:
        return LinkSettings(
            baud_rate=self.baud_rate,
            data_bytes_per_db=self.data_bytes,
            verify_load=VerifyLoad.NEVER,
            pipeline_chars=PIPELINE_CHARS if self.pipelined else 0,
        )

    def limit_s(self, byte_count: int) -> float:
        """The least that a load of so many bytes takes on this wire."""
        blocks = -(-byte_count // self.data_bytes)
        answers = READY * (1 if self.pipelined else blocks) + _LOAD_DONE
        begin = DbLoad(byte_count).encode()
        expecting = Expecting(byte_count).encode().encode() + b"\r\n" + READY
        chars = len(begin) + len(expecting) + 2 * byte_count + 4 * blocks + len(answers)
        return chars * 10 / self.baud_rate


SETUPS = [
    Setup(baud_rate, data_bytes, pipelined)
    for baud_rate in BAUD_RATES
    for data_bytes in DATA_BYTES
    for pipelined in (False, True)
]


def virtual_share(setup: Setup, byte_count: int = AD.input_bytes) -> float:
    """Of the limit, on a simulated device in virtual time."""
    clock, device = _device(DeviceSettings(baud_rate=setup.baud_rate), byte_count)
    loader = _loader(SimulatedLink(device, clock, "sim:"), clock, setup)
    data = random.Random(1).randbytes(byte_count)
    began_s = clock.now_s()
    loader.load(data)
    took_s = clock.now_s() - began_s
    if loader.failed_loads or device.buffer != data:
        raise RuntimeError("the load failed: the figure means nothing")
    return setup.limit_s(byte_count) / took_s


def ad_window_chars(*, extension: bool, windows: int = AD.windows_per_file) -> float:
    """Characters' times on the wire that an ad window takes, loaded and inferred.

    The mean of the windows of one file, each 512 bytes behind the one before.
    """
    settings = DeviceSettings(inference_time_s=0.0, extension=extension)
    clock, device = _device(settings, AD.input_bytes)
    link = SimulatedLink(device, clock, "sim:")
    loader = _loader(link, clock, Setup(115200, 30, pipelined=False))
    dut, stride = loader._dut, AD.stride_bytes or 0
    if extension:
        offer = ask_for_offer(dut)
        assert offer is not None
        loader.extend(offer, stride)
    data = random.Random(2).randbytes(AD.file_bytes)
    began_s = clock.now_s()
    for index in range(windows):
        loader.load(data[index * stride : index * stride + AD.input_bytes])
        dut.raw("infer 1 0")
    return (clock.now_s() - began_s) / windows * settings.baud_rate / 10


def _device(settings: DeviceSettings, byte_count: int) -> tuple[VirtualClock, SimulatedDut]:
    return VirtualClock(), SimulatedDut(FakeModel(AD.model_id, byte_count, 1), settings)


def _loader(transport: Transport, clock: Clock, setup: Setup) -> Loader:
    return Loader(Dut(transport, clock, setup.link))


def paced_shares(baud_rate: int, blocks: int = 10) -> dict[Setup, float]:
    """Of what a bare loop reaches on the same paced terminal, by set-up.

    ``blocks`` of each at 115200 baud, and at a higher rate as many more as fit into the same time.
    """
    blocks = blocks * baud_rate // BAUD_RATES[0]
    data = os.urandom(AD.input_bytes)
    setups = [setup for setup in SETUPS if setup.baud_rate == baud_rate]
    with paced_device(baud_rate) as terminal:
        bare = os.open(terminal, os.O_RDWR | os.O_NOCTTY)  # before it is opened exclusively
        transport = open_transport(terminal, baud_rate)
        try:
            return {setup: _paced_share(setup, transport, bare, data, blocks) for setup in setups}
        finally:
            transport.close()
            os.close(bare)


def _paced_share(setup: Setup, transport: Transport, bare: int, data: bytes, blocks: int) -> float:
    loader = _loader(transport, MonotonicClock(), setup)
    made = Blocks.of(data, setup.data_bytes)
    commands = [made.stream[i : i + made.size] for i in range(0, len(made.stream), made.size)]
    begin = [DbLoad(len(data)).encode()]
    reply_chars = len(commands) * len(READY) + len(_LOAD_DONE)

    def bare_loop() -> None:
        if setup.pipelined:
            read_loop(bare, begin)
            pipelined_loop(bare, commands, PIPELINE_CHARS // made.size, reply_chars)
        else:
            read_loop(bare, begin + commands)

    candidates = {"bare": bare_loop, "loader": lambda: loader.load(data)}
    for warm_up in candidates.values():
        warm_up()
    costs = interleaved(candidates, blocks)
    if loader.failed_loads:
        raise RuntimeError(f"{loader.failed_loads} loads failed: the figures mean nothing")
    return costs["bare"].wall_s / costs["loader"].wall_s


def main() -> None:
    paced: dict[Setup, float] = {}
    for baud_rate in BAUD_RATES:
        paced |= paced_shares(baud_rate)
    rows = [
        (f"{setup.baud_rate}", f"{setup.data_bytes}",
         "pipelined" if setup.pipelined else "handshaken",
         f"{setup.limit_s(AD.input_bytes) * 1e3:.2f}", f"{virtual_share(setup):.2%}",
         f"{paced[setup]:.2%}")
        for setup in SETUPS
    ]  # fmt: skip
    print_table(
        f"(j) loads of {AD.input_bytes} bytes against the wire's limit, and against a bare loop on "
        f"a paced pty; target {TARGET:.0%} of each",
        ("baud", "n", "", "limit ms", "virtual", "pty"),
        rows,
    )
    plain, extended = ad_window_chars(extension=False), ad_window_chars(extension=True)
    print_table(
        "    an ad window loaded and inferred, n = 30; target 8 times less wire time",
        ("", "characters", "x"),
        [("db", f"{plain:.0f}", ""), ("extension", f"{extended:.0f}", f"{plain / extended:.2f}")],
    )
