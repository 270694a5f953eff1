"""The simulated LPM01A against what boards say, and against nothing of ours."""

from __future__ import annotations

import pytest
from support.energy.transcripts import dialogues
from tinyrunner.energy.simulated.lpm01a import Lpm01aFaults, SimulatedLpm01a
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel

TALK = dialogues("lpm01a")
NOT_SIMULATED = {
    "the first command is refused without being named",  # it names the command
    "the serial number as the help text has it",  # it says it as boards do in published logs
    "a service line stands behind the answer",  # its own stand in front
    "a recording whose end has a summary",  # nobody tells what stands in one
    "time stamps of every kind",  # see below: its own come every 1000 samples
}
AT_ONCE = {
    "the opening",
    "the first command is refused, and taken when it is sent again",
    "old firmware does not switch off",
}
"""Dialogues that begin with the board's first command; the others come after its opening."""
FAULTS = {
    "the first command is refused, and taken when it is sent again": Lpm01aFaults(first_htc=True),
    "the voltage is a measured one": Lpm01aFaults(voltage_offset_v=-0.008),
    "service lines stand in front of the answer": Lpm01aFaults(service_lines=True),
    "old firmware does not switch off": Lpm01aFaults(firmware="1.0.3"),
}
SUPPLIED = {"an over-current ends the recording", "after an over-current everything is refused"}
STEADY = 0.00514
"""Amperes of a board that draws 1542-08 J in a millisecond at 3 V."""
TOO_MUCH = 0.0612


class Bench:
    """A board that is always the same, on the simulator; time passes with its answers."""

    def __init__(self, faults: Lpm01aFaults | None = None, amperes: float = STEADY) -> None:
        self.model = PowerModel(BoardCurrents(boot_a=amperes, idle_a=amperes))
        self.monitor = SimulatedLpm01a(self.model, faults=faults)
        self.now_s = 0.0

    def send(self, data: bytes) -> None:
        self.monitor.receive(data, self.now_s)

    def answer(self, size: int = 1 << 20) -> bytes:
        """What it says until it has nothing more to say, or has said so much."""
        said = b""
        while len(said) < size and (next_s := self.monitor.next_output_s()) is not None:
            self.now_s = max(self.now_s, next_s)
            said += self.monitor.produce(self.now_s)
        return said

    def take(self, *commands: bytes) -> None:
        for command in commands:
            self.send(command)
            self.answer()


def opened(faults: Lpm01aFaults | None = None, amperes: float = STEADY) -> Bench:
    bench = Bench(faults, amperes)
    bench.take(*(sent for sent, _ in TALK["the opening"].pairs), b"volt 3000m\r\n")
    return bench


@pytest.mark.parametrize("name", [name for name in TALK if name not in NOT_SIMULATED])
def test_it_says_what_boards_say(name):
    faults, amperes = FAULTS.get(name), TOO_MUCH if name in SUPPLIED else STEADY
    bench = Bench(faults, amperes) if name in AT_ONCE else opened(faults, amperes)
    if name in SUPPLIED:
        bench.take(b"pwr on nostatus\r\n")
    for sent, answered in TALK[name].pairs:
        bench.send(sent)
        if b"event" in answered:
            bench.model.edge(bench.now_s + 0.001 + 0.0025)  # in the third sample
        assert bench.answer(len(answered)) == answered
        if bench.monitor._started_s is None:
            assert bench.answer() == b""


def test_every_thousand_samples_it_tells_its_time():
    sample = TALK["a recording"].pairs[1][1].splitlines(keepends=True)[-1]
    bench = opened()
    bench.take(b"pwr on nostatus\r\n")
    bench.send(b"start\r\n")
    stream = bench.answer(30_000).partition(b"TimeStamp: 000s 000ms, buff 00%\r\n")[2]
    stamps = b"<001s 000ms", b">002s 000ms", b" 003s 000ms"
    expected = b"".join(sample * 1000 + b"TimeStamp:%b, buff 00%%\r\n" % stamp for stamp in stamps)
    assert stream[: len(expected)] == expected


def test_an_over_current_leaves_the_supply_to_the_host():
    bench = opened(amperes=TOO_MUCH)
    bench.take(b"pwr on nostatus\r\n", b"start\r\n")
    assert bench.monitor.supply.on
    bench.take(b"pwr off\r\n")
    assert bench.monitor.supply.on  # it was refused
    bench.take(b"status\r\n", b"pwr off\r\n")
    assert not bench.monitor.supply.on


def test_a_board_that_is_not_to_be_stopped_goes_on():
    bench = opened(Lpm01aFaults(over_current_a=float("inf")), TOO_MUCH)
    bench.take(b"pwr on nostatus\r\n")
    bench.send(b"start\r\n")
    assert bench.answer(2000).endswith(b"1836-07\r\n")


@pytest.mark.parametrize("line", [b"   \r\n", b"\n\r\n\n", b"\xff\xfe\r\n", b"\x00\r\n"])
def test_rubbish_does_it_no_harm(line):
    bench = Bench()
    bench.take(line)
    bench.send(b"htc\r\n")
    assert bench.answer().endswith(b"PowerShield > ack htc\r\n\r\n")
