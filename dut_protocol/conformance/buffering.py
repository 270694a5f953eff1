"""Tests whether characters that arrive while the firmware works are kept, and how many."""

from __future__ import annotations

from ..errors import DutError, LinkError
from ..host.exchange import REPLY_TIMEOUT_S
from ..link.clock import Deadline
from ..wire.messages import BufferTooSmall, DeviceError, Expecting, LoadDone, Name, Ready
from .probe import CannotTry, Probe
from .report import CheckFinding, Verdict

_NAMES = 8
"""How many `name%` EEMBC's own acceptance test pastes in a row."""

_MOST_BLOCKS = 64
"""The largest burst: 4096 characters with 30 data bytes a block, which cover a 16 ms turnaround at
more than 2 Mbaud."""

_CONFIRMATIONS = 3
"""A burst counts when it was taken so many times in a row."""


def eight_names(probe: Probe) -> CheckFinding:
    _needs_own_wire(probe)
    dut = probe.dut
    dut.drain()
    dut.transport.write(b"name%" * _NAMES)
    deadline = Deadline(probe.clock, REPLY_TIMEOUT_S + 2 * dut.wire_s(_NAMES * 100))
    names = 0
    try:
        for _ in range(_NAMES):
            messages, _ = probe.collect(deadline, f"{_NAMES} x `name`")
            names += sum(isinstance(message, Name) for message in messages)
    except LinkError:
        raise
    except DutError:  # silence, most of all: what was counted by then is the answer
        pass
    probe.buffers_input = names == _NAMES
    if names < _NAMES:
        return CheckFinding(Verdict.FAIL, f"{names} answers to {_NAMES} commands")
    return CheckFinding(Verdict.PASS, f"{names} answers to {_NAMES} commands")


def pipeline(probe: Probe) -> CheckFinding:
    """Send growing bursts of whole blocks; the largest that is taken whole is the credit."""
    _needs_own_wire(probe)
    if probe.buffers_input is False:
        probe.pipeline_chars = 0
        raise CannotTry("the firmware loses what arrives while it works: nothing to pipeline")
    if not probe.says_load_done or probe.largest_n is None:
        raise CannotTry("needs m-load-done and a known block size")
    blocks, best = 2, 0
    while blocks <= _MOST_BLOCKS and _takes_burst(probe, blocks):
        best, blocks = blocks, 2 * blocks
    while best >= 2 and not all(_takes_burst(probe, best) for _ in range(_CONFIRMATIONS)):
        best //= 2
    probe.pipeline_chars = best * _block_chars(probe) if best >= 2 else 0
    if probe.pipeline_chars == 0:
        return CheckFinding(Verdict.WARN, "not even two blocks in one go arrive whole")
    more = " (the most that is tried)" if best == _MOST_BLOCKS else ""
    return CheckFinding(Verdict.PASS, f"{best} blocks, {probe.pipeline_chars} characters{more}")


def _block_chars(probe: Probe) -> int:
    return 2 * probe.block_bytes + len("db %")


def _takes_burst(probe: Probe, blocks: int) -> bool:
    """Load so many blocks in one write, and see `m-load-done` with the last and not before."""
    size = probe.block_bytes
    data = bytes((7 * i + i // size) % 256 for i in range(blocks * size))
    try:
        if not _begun(probe, len(data)) or not _all_answered(probe, data, size):
            probe.dut.resync()
            return False
        return not probe.reads_back or probe.holds(data)
    except LinkError:
        raise
    except DutError:  # lost characters show in many ways, all of which mean: not this many
        probe.dut.resync()
        return False


def _begun(probe: Probe, byte_count: int) -> bool:
    """Begin a load; False where the device's buffer is too small for it."""
    reply = probe.ask(f"db load {byte_count}")
    return reply.first(Expecting) is not None and reply.first(BufferTooSmall) is None


def _all_answered(probe: Probe, data: bytes, size: int) -> bool:
    dut = probe.dut
    blocks = [data[i : i + size].hex().encode() for i in range(0, len(data), size)]
    burst = b"".join(b"db %b%%" % block for block in blocks)
    answers_chars = len(blocks) * len("m-ready\r\n")
    deadline = Deadline(probe.clock, REPLY_TIMEOUT_S + 2 * dut.wire_s(len(burst) + answers_chars))
    with dut.muting(Ready, LoadDone):
        dut.transport.write(burst)
        for number in range(1, len(blocks) + 1):
            messages, _ = probe.collect(deadline, f"a burst of {len(blocks)} blocks")
            done = any(isinstance(message, LoadDone) for message in messages)
            refused = any(isinstance(message, DeviceError) for message in messages)
            if refused or done != (number == len(blocks)):
                return False
    return True


def _needs_own_wire(probe: Probe) -> None:
    if probe.io_manager is not None:
        raise CannotTry("an IO manager passes on one command at a time")
