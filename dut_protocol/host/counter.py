"""Readings of the device's counter beside the host's clock, by which lap times are confirmed.

A lap time cannot be asked for again. But `timestamp` before and behind an `infer` tells where the
counter is, and how far it went from there to the lap time the host has seen as well: as exactly as
the time that a line takes to the host is known. How exactly that is, is measured on the link.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DutFault, DutProtocolError
from ..wire.commands import Timestamp
from ..wire.messages import LapTime, Message, Ready
from ..wire.timer import WRAP_US
from .dut import Dut

_READINGS = 20
"""Readings by which a link's resolution is known."""

_MOST_FAILURES = 4

_HOST_S = 0.001
"""What an idle host adds by chance between a line's arrival and its time."""

_WANDER = 0.002
"""How far an RC oscillator's pace in a moment may be from that of the whole window."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Is one value of the counter, and when the host had read it."""

    us: int
    host_s: float
    took_s: float = 0.0
    """From the question to the answer."""


def read_counter(dut: Dut) -> Reading:
    """Ask `timestamp` of performance firmware, unheard by the log."""
    asked_s = dut.clock.now_s()
    readings: list[Reading] = []

    def listen(message: Message) -> None:
        if isinstance(message, LapTime):
            now_s = dut.clock.now_s()
            readings.append(Reading(message.us, now_s, now_s - asked_s))

    with dut.muting(Ready, LapTime):
        reply = dut.ask(Timestamp(), each=listen)
    if len({message.encode() for message in reply}) != 1 or not readings:
        said = ", ".join(message.encode()[:80] for message in reply[:5]) or "nothing"
        raise DutProtocolError(f"`timestamp` on {dut.address}: {said} instead of one time stamp")
    return readings[0]


def resolution_s(dut: Dut) -> float:
    """Measure how exactly a lap time can be compared with the host's, in seconds.

    A line is under way for at most as long as an exchange takes, without what its characters take
    on a wire of this rate (where there is one: a USB port only has the name of a rate). The longest
    of several is left out: something held the host up.
    """
    took_s: list[float] = []
    failures = 0
    while len(took_s) < _READINGS:
        try:
            reading = read_counter(dut)
            took_s.append(reading.took_s)
        except DutFault:
            failures += 1
            if failures > _MOST_FAILURES:
                raise
            dut.resync()
    chars = len(Timestamp().encode()) + len(LapTime(reading.us).encode()) + len("\r\n")
    took_s.sort()
    return took_s[-2] - min(dut.wire_s(chars), took_s[0]) + _HOST_S


@dataclass(frozen=True, slots=True)
class Anchors:
    """Holds the counter's readings before and behind a window."""

    before: Reading
    behind: Reading

    def off_s(self, start: Reading, end: Reading) -> float:
        """Return by how much a window's lap times are not where the host saw them.

        The device's pace is taken from the readings: only the short ways to them count.
        """
        host_s = self.behind.host_s - self.before.host_s
        pace = _span_s(self.before, self.behind) / host_s if host_s > 0 else 1.0

        def off(first: Reading, second: Reading) -> float:
            seen_s = second.host_s - first.host_s
            return max(0.0, abs(_span_s(first, second) - pace * seen_s) - _WANDER * seen_s)

        return max(off(self.before, start), off(end, self.behind))


def _span_s(first: Reading, second: Reading) -> float:
    us = second.us - first.us
    return (us if us >= 0 else us % WRAP_US) / 1e6
