"""The N6705's driver, over real pyvisa-py, against what manuals and other programs say it says."""

from __future__ import annotations

import contextlib
from collections import deque

import pytest
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.n6705.driver import N6705
from tinyrunner.energy.drivers.scpi import do
from tinyrunner.energy.errors import MonitorRefused
from tinyrunner.energy.simulated.scpi import Fault, ScpiServer
from tinyrunner.energy.trace import TraceWriter

TALK = dialogues("n6705")
OPENING = [
    "who it is",
    "it is reset",
    "a source/measure unit is set up as a supply",
    "it logs the current and the voltage of one channel",
    "its own protection is set to 3.96 V",
]
PERIOD_S = 204.8e-6


class Scripted:
    """Says what a transcript says, and nothing to anything else."""

    fault_now = Fault.NONE

    def __init__(self, *names):
        self.left = deque(
            (line, answer if last else b"")
            for name in names
            for send, answer in TALK[name].pairs
            for line, last in lines(send)
        )
        self.strange = []

    def handle(self, line):
        if not self.left or line != self.left[0][0]:
            self.strange.append(line)
            return []
        _, answer = self.left.popleft()
        return [answer] if answer else []

    def cut_once(self):
        pass


def lines(send: bytes) -> list[tuple[str, bool]]:
    """Each line of what is sent at once, and whether it is the last, which is answered."""
    said = send.decode().split("\n")[:-1]
    return [(line, number == len(said)) for number, line in enumerate(said, 1)]


@contextlib.contextmanager
def monitor(*between):
    """The driver, opened on an instrument that says this in between; all of it must be said."""
    clock = VirtualClock()
    scripted = Scripted(*OPENING, *between, "it is left")
    server = ScpiServer(scripted, "127.0.0.1", 0)
    try:
        address = "TCPIP0::{}::{}::SOCKET".format(*server.bound)
        with N6705.open(address, clock, max_voltage_v=3.6, timeout_s=1.0) as opened:
            yield opened, clock
    finally:
        server.close()
    assert scripted.strange == []
    assert list(scripted.left) == []


def test_it_is_identified_and_set_up():
    with monitor() as (opened, _):
        identity = opened.identify()
        capabilities = opened.capabilities
    assert (identity.maker, identity.model) == ("Keysight Technologies", "N6705C")
    assert capabilities.default_rate_hz == pytest.approx(1 / PERIOD_S)
    assert capabilities.supply_range_v == (0.0, 20.4)
    assert capabilities.max_current_a == 3.06


def test_a_session_is_spoken_and_heard_as_the_sources_have_it(tmp_path):
    names = ("3 volts are set", "it is switched on", "it logs", "two records are fetched")
    with monitor(*names, "it is stopped") as (opened, clock):
        assert opened.set_supply(3.0) == 3.0
        opened.power(True)
        with TraceWriter(tmp_path / "t.bin", opened.capabilities.default_rate_hz) as writer:
            opened.start(writer)
            clock.pause(2 * PERIOD_S)
            trace = opened.stop()
    joules = [0.01 * 3.0 * PERIOD_S, 0.02 * 3.0 * PERIOD_S]
    assert trace.samples_uj.tolist() == pytest.approx([1e6 * each for each in joules], rel=1e-6)
    assert trace.provenance["module"] == "N6781A"
    assert trace.provenance["over_voltage_protection_v"] == 3.96


def test_what_it_does_not_know_is_told_in_its_words():
    with (
        monitor("a command that it does not know") as (opened, _),
        pytest.raises(MonitorRefused, match=r'-113,"Undefined header"'),
    ):
        do(opened._link, "SENS:ELOG:FOO ON,(@1)")
