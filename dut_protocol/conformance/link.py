"""Tests the wire itself: how fast loads go, how lines end, what else is printed."""

from __future__ import annotations

from ..errors import DutError, LinkError
from ..host.load_blocks import handshaken_chars
from ..host.load_with_retries import Loader
from ..wire.settings import IO_MANAGER_COMMAND_CHARS
from .probe import CannotTry, Probe
from .report import CheckFinding, Verdict

_SLOW = 0.70
"""The share of what the wire allows below which loads are slow; published boards reach 70 to 89 %.
"""

_LOADS_S, _LOADS_QUICK_S = 1.0, 0.2
_MOST_LOADS = 50


def io_limit(probe: Probe) -> CheckFinding:
    """Find how much of a command the IO manager keeps, so that it is not asked of the device."""
    if probe.io_manager is None:
        raise CannotTry("no IO manager stands between host and device")
    limit = probe.io_manager.measure_limit(probe.dut, exactly=True)
    enough = limit.chars >= IO_MANAGER_COMMAND_CHARS
    return CheckFinding(Verdict.PASS if enough else Verdict.WARN, str(limit))


def throughput(probe: Probe) -> CheckFinding:
    """Time whole loads as a run makes them against what their characters take on the wire."""
    if probe.io_manager is not None:
        raise CannotTry("an IO manager stands between host and device")
    if not probe.says_load_done:
        raise CannotTry("loads are not confirmed by m-load-done")
    data = probe.input()
    loader = Loader(probe.dut)
    loader.data_bytes = probe.block_bytes
    enough_s = probe.wall_s(_LOADS_S, _LOADS_QUICK_S)
    begun_s = probe.clock.now_s()
    loads, spent_s = 0, 0.0
    try:
        while loads == 0 or (loads < _MOST_LOADS and spent_s < enough_s):
            loader.load(data)
            loads += 1
            spent_s = probe.clock.now_s() - begun_s
    except LinkError:
        raise
    except DutError as error:
        return CheckFinding(Verdict.FAIL, str(error), "see the other items about loads")
    probe.note_held(data)
    wire_s = loads * probe.dut.wire_s(handshaken_chars(len(data), loader.data_bytes))
    if loader.failed_loads:
        return CheckFinding(
            Verdict.WARN,
            f"{loader.failed_loads} loads had to be begun again",
            "characters are lost: check cable and baud rate, and the firmware's receive buffer",
        )
    if spent_s <= 0:
        return CheckFinding(Verdict.PASS, "the wire takes no time")
    efficiency = wire_s / spent_s
    probe.load_efficiency = efficiency
    found = (
        f"{efficiency:.0%} of what {probe.dut.settings.baud_rate} baud allow, {loader.data_bytes} "
        f"data bytes a block"
    )
    return CheckFinding(Verdict.PASS if efficiency >= _SLOW else Verdict.WARN, found)


def line_ends(probe: Probe) -> CheckFinding:
    if probe.io_manager is not None:
        raise CannotTry("the IO manager ends the lines")
    ends = probe.line_ends
    total = ends.crlf + ends.lf_only
    if ends.lf_only:
        return CheckFinding(
            Verdict.FAIL, f"{ends.lf_only} of {total} in LF alone, first {ends.first_lf_only!r}"
        )
    return CheckFinding(Verdict.PASS, f"all {total} lines in CR LF")


def chatter(probe: Probe) -> CheckFinding:
    heard = probe.heard
    if heard.chatter:
        return CheckFinding(Verdict.WARN, f"{heard.chatter} lines, first {heard.first_chatter!r}")
    echoed = " but the echoes of commands, which cost time on the wire" if heard.echoes else ""
    return CheckFinding(Verdict.PASS, f"none{echoed}")
