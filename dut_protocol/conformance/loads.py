"""Tests loading: `m-load-done`, reading back, hex digits, how many bytes of a block are taken."""

from __future__ import annotations

from ..errors import DutProtocolError
from ..host.exchange import print_chars
from ..host.load_blocks import handshaken_chars
from ..wire.messages import Buffer, BufferTooSmall, LoadDone
from ..wire.settings import DEFAULT_DATA_BYTES_PER_DB, MAX_DATA_BYTES_PER_DB
from .probe import CannotTry, Probe
from .replies import Loaded, mismatch, printed
from .report import CheckFinding, Verdict

_SMALL_BYTES = 8
"""Data bytes of a block that any firmware takes."""

_MLCOMMONS_BYTES = 31
"""Data bytes of a ``db`` of MLCommons' runner."""

_TRIED_BYTES = (DEFAULT_DATA_BYTES_PER_DB, _MLCOMMONS_BYTES, MAX_DATA_BYTES_PER_DB)

TOO_LARGE = 100_000_000
"""More bytes than any microcontroller's buffer has."""

_LONG_FILL_S = 300.0
"""A buffer that takes longer than this to fill and to read is not overrun."""

_BEYOND_BLOCKS = 8

_LONG_READ_BACK_S = 15.0
"""A ``db print`` that takes longer than this on the wire is not asked for."""


def load_done(probe: Probe) -> CheckFinding:
    """Load three blocks, the last of one byte: a device that counts wrongly by one is seen."""
    data = counting(2 * _SMALL_BYTES + 1)
    loaded = probe.load(data, _SMALL_BYTES)
    probe.says_load_done = loaded.done_in_time
    if loaded.done_in_time:
        return CheckFinding(Verdict.PASS, "with the last byte")
    if loaded.error is not None:
        return CheckFinding(Verdict.FAIL, f"block {loaded.sent} of 3: {loaded.error}")
    if loaded.done_after is None:
        return CheckFinding(Verdict.FAIL, f"never came, {len(data)} bytes of {len(data)} sent")
    probe.done_early = True
    sent = loaded.done_after * _SMALL_BYTES
    return CheckFinding(Verdict.FAIL, f"came early, after {sent} of {len(data)} bytes")


def readback(probe: Probe) -> CheckFinding:
    """Load two rows and a part of one, and compare what `db print` gives back."""
    data = counting(2 * _SMALL_BYTES + 4)
    loaded = probe.load(data, _SMALL_BYTES)
    if not loaded.whole:
        raise CannotTry(f"nothing was loaded to be printed ({_why(loaded)})")
    reply = probe.read_back(len(data))
    shown = printed(reply)
    probe.reads_back = shown[: len(data)] == data
    if not shown:
        return CheckFinding(Verdict.WARN, reply.text)
    if shown[: len(data)] != data[: len(shown)]:
        at = next(i for i, (a, b) in enumerate(zip(shown, data, strict=False)) if a != b)
        return CheckFinding(
            Verdict.FAIL,
            f"byte {at} of {len(data)} is {shown[at]:02x}, {data[at]:02x} was loaded",
            "either the load stores wrong bytes or `db print` shows wrong ones: compare with "
            "m-buffer-00-01-…",
        )
    if not probe.reads_back:
        return CheckFinding(Verdict.WARN, f"only {len(shown)} of {len(data)} bytes are printed")
    rows = [len(m.data) for m in reply.messages if isinstance(m, Buffer)]
    if rows[0] not in (8, 16) or any(row != rows[0] for row in rows[:-1]):
        return CheckFinding(Verdict.WARN, f"rows of {', '.join(map(str, rows))} bytes")
    return CheckFinding(Verdict.PASS, f"what was loaded, {rows[0]} bytes a row")


def hex_case(probe: Probe) -> CheckFinding:
    _must_tell_loads(probe)
    data = bytes.fromhex("abcdef09fabeda0f")
    refused = []
    for case, upper in (("lower", False), ("upper", True)):
        loaded = probe.load(data, 4, upper=upper)
        if not probe.taken_whole(loaded, data):
            refused.append(f"{case}-case digits are not taken ({_why(loaded)})")
    if refused:
        return CheckFinding(Verdict.FAIL, "; ".join(refused))
    return CheckFinding(Verdict.PASS, "both are taken")


def command_80(probe: Probe) -> CheckFinding:
    """Send the longest command: `db `, 76 digits and `%`."""
    _must_tell_loads(probe)
    if probe.passes_bytes < MAX_DATA_BYTES_PER_DB:
        raise CannotTry(str(probe.limit))
    taken, why = _takes(probe, MAX_DATA_BYTES_PER_DB)
    if taken:
        return CheckFinding(Verdict.PASS, f"{MAX_DATA_BYTES_PER_DB} data bytes arrive")
    return CheckFinding(
        Verdict.FAIL, f"{MAX_DATA_BYTES_PER_DB} data bytes do not arrive whole ({why})"
    )


def largest_block(probe: Probe) -> CheckFinding:
    _must_tell_loads(probe)
    most = probe.passes_bytes
    tried = sorted({min(count, most) for count in _TRIED_BYTES})
    for count in reversed(tried):
        if _takes(probe, count)[0]:
            probe.largest_n = count
            break
    else:
        return CheckFinding(Verdict.FAIL, f"not even {tried[0]} data bytes are taken")
    if probe.largest_n == most < MAX_DATA_BYTES_PER_DB:
        return CheckFinding(
            Verdict.PASS, f"{most} data bytes, the most that the IO manager passes on"
        )
    found = f"{probe.largest_n} data bytes"
    if probe.largest_n < _MLCOMMONS_BYTES:
        return CheckFinding(Verdict.WARN, found)
    return CheckFinding(Verdict.PASS, found)


def load_intact(probe: Probe) -> CheckFinding:
    if not probe.reads_back:
        raise CannotTry("`db print` does not show what was loaded")
    data = probe.input()
    takes_s = probe.dut.wire_s(print_chars(len(data)))
    if takes_s > _LONG_READ_BACK_S:
        raise CannotTry(f"`db print` of {len(data)} bytes takes {takes_s:.0f} s on this wire")
    probe.hold_input()
    shown = printed(probe.read_back(len(data)))
    wrong = sum(a != b for a, b in zip(shown, data, strict=False)) + max(0, len(data) - len(shown))
    if wrong:
        return CheckFinding(Verdict.FAIL, f"{wrong} of {len(data)} bytes differ")
    return CheckFinding(Verdict.PASS, f"{len(data)} bytes are as they were sent")


def wrong_size(probe: Probe) -> CheckFinding:
    """Infer an input that is too short: the firmware must refuse, or the one before is scored."""
    task = probe.needed_task()
    short = max(1, min(16, task.input_bytes - 1))
    loaded = probe.load(counting(short), _SMALL_BYTES)
    if not loaded.whole:
        raise CannotTry(f"nothing was loaded ({_why(loaded)})")
    reply = probe.infer_held("infer 1 0", 1).reply
    said = mismatch(reply)
    if said is not None and said.fits is None:
        return CheckFinding(
            Verdict.WARN,
            said.encode(),
            "the sizes are not printed (a printf without %zu): print them with %u",
        )
    if said is not None:
        return CheckFinding(Verdict.PASS, said.encode())
    if reply.error is not None:
        return CheckFinding(Verdict.PASS, reply.error)
    return CheckFinding(
        Verdict.FAIL, f"{short} of {task.input_bytes} bytes were inferred without a word"
    )


def overrun(probe: Probe) -> CheckFinding:
    """Fill the buffer, then send more: the reference firmware writes past its end."""
    if not probe.options.risky:
        raise CannotTry("it crashes the reference firmware; try it with --risky")
    if not probe.says_load_done:
        raise CannotTry("there is no m-load-done to send more after")
    size = _buffer_bytes(probe)
    data = counting(size)
    takes_s = probe.dut.wire_s(handshaken_chars(size, probe.block_bytes) + print_chars(size))
    if takes_s > _LONG_FILL_S:
        raise CannotTry(f"its buffer of {size} bytes takes {takes_s:.0f} s to fill on this wire")
    loaded = probe.load(data, probe.block_bytes)
    if not loaded.done_in_time:
        return CheckFinding(
            Verdict.FAIL,
            f"{size} bytes do not arrive: block {loaded.sent} of {loaded.blocks}: {_why(loaded)}",
            "take as many bytes as `db load` says that fit",
        )
    beyond = "ff" * probe.block_bytes
    replies = [probe.ask(f"db {beyond}") for _ in range(_BEYOND_BLOCKS)]
    probe.ask("name")
    if probe.reads_back and not probe.holds(data):
        return CheckFinding(Verdict.FAIL, "the bytes loaded before were overwritten")
    return CheckFinding(
        Verdict.PASS,
        f"{_BEYOND_BLOCKS * probe.block_bytes} bytes behind a buffer of {size}: answered "
        f"{replies[0].text}",
    )


def _buffer_bytes(probe: Probe) -> int:
    """Return the most that a load may have: as the device says, else what its model takes."""
    refused = probe.ask(f"db load {TOO_LARGE}").first(BufferTooSmall)
    if refused is not None and 0 < refused.maximum < TOO_LARGE:
        return refused.maximum
    return probe.needed_task().input_bytes


def _must_tell_loads(probe: Probe) -> None:
    if probe.done_early:
        raise CannotTry("m-load-done comes early, and nothing may be sent after it")
    if not probe.can_tell_loads:
        raise CannotTry("neither m-load-done nor `db print` tells whether a load arrived")


def _takes(probe: Probe, count: int) -> tuple[bool, str]:
    """Tell whether blocks of ``count`` bytes arrive: one whole and one of a single byte."""
    data = counting(count + 1)
    try:
        loaded = probe.load(data, count)
    except DutProtocolError as error:
        return False, str(error)
    return probe.taken_whole(loaded, data), _why(loaded)


def _why(loaded: Loaded) -> str:
    if loaded.error is not None:
        return loaded.error
    if loaded.done_after is None:
        return f"no {LoadDone().encode()}"
    if loaded.sent < loaded.blocks:
        return f"{LoadDone().encode()} came early"
    return "other bytes are stored"


def counting(count: int) -> bytes:
    """Make bytes of which no two neighbours are alike.

    All are below 0x40: four of them are a small float, whichever they are. A model that is given
    what is left of them computes no infinities.
    """
    return bytes((37 * i + 11) % 61 for i in range(count))
