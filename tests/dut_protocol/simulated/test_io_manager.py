"""The simulated IO manager against what EEMBC's says, byte for byte, and without our driver."""

from __future__ import annotations

import re

import pytest
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.io_manager import IoManagerHabits, SimulatedIoManager
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode

TRANSCRIPT = dialogues("io_manager")
ENERGY = DeviceSettings(
    baud_rate=9600, inference_time_s=0.005, mode=TimestampMode.ENERGY, boot_time_s=0.05
)


class Ad01:
    """What ST's board had in it, as far as its log tells."""

    model_id, input_bytes, score_count = "ad01", 2560, 1

    def infer(self, data):
        return (11.772,)


class Bench:
    """Bytes in, bytes out; the pin of the device is wired."""

    def __init__(self, **habits):
        self.edges_s = []
        self.device = SimulatedDut(Ad01(), ENERGY, self._edge)
        self.manager = SimulatedIoManager(self.device, habits=IoManagerHabits(**habits))
        self.now_s = 0.0

    def _edge(self, at_s):
        self.edges_s.append(at_s)
        self.manager.edge(at_s)

    def says(self):
        """All that is said by now, and the time until it was."""
        outgoing = self.manager.outgoing
        times = [when for when, _ in outgoing]
        assert times == sorted(times)
        self.now_s = max([self.now_s, *times]) + 0.01
        said = b"".join(data for _, data in outgoing)
        outgoing.clear()
        return said

    def does(self, data):
        self.manager.receive(data, self.now_s)
        return self.says()

    def switch_on(self):
        self.device.boot(self.now_s)
        self.manager.forward()
        return self.says()

    def laps(self, said):
        return [int(us) for us in re.findall(rb"m-lap-us-(\d+)", said)]


def without_what_is_not_told(said, told):
    """As much as the transcript tells: a beginning; the device or not; when its edges were."""
    if b"[dut]: " not in told:
        said = re.sub(rb"\[dut\]: .*\r\n", b"", said)
    lap = b"m-lap-us-N\r\n" if b"m-lap-us-" in told else b""
    said, told = (re.sub(rb"m-lap-us-\d+\r\n", lap, text) for text in (said, told))
    return said if told.endswith(b"\n") else said[: len(told)], told


DIALOGUES = [name for name, one in TRANSCRIPT.items() if one.lines[0].send]


@pytest.mark.parametrize("name", DIALOGUES)
def test_it_answers_as_the_transcript_has_it(name):
    bench = Bench()
    bench.switch_on()
    bench.device.buffer, bench.device.expected_bytes = bytearray(2560), 2560
    for line in TRANSCRIPT[name].lines:
        said, told = without_what_is_not_told(bench.does(line.send), line.answer)
        assert said == told, line.send


def test_it_says_that_it_has_booted():
    assert Bench().says() == TRANSCRIPT["boot"].lines[0].answer


@pytest.mark.parametrize(
    ("name", "lost"), [("a device is switched on", False), ("a device was up first", True)]
)
def test_the_banner_of_its_device_comes_through_unasked(name, lost):
    bench = Bench(first_byte_lost=lost)
    bench.says()
    assert bench.switch_on() == TRANSCRIPT[name].lines[0].answer


@pytest.mark.parametrize("chars", [40, 64, 80, 200])
def test_it_keeps_so_much_of_a_command_and_garbage_follows(chars):
    bench = Bench(command_chars=chars)
    bench.says()
    for length in (chars - 1, chars + 1, chars + 100):
        word = "x" * (length - len("dut "))
        kept = word[: chars - len("dut ")].encode() + (b"\xbc\x06." if length > chars else b"")
        said = bench.does(f"dut {word}%".encode())
        assert said.startswith(b"m-dut-passthrough(%b)\r\nm-ready\r\n" % kept)
        assert b"[dut]: e-[Unknown command: %b]" % kept[:80] in said


def test_a_cut_block_reaches_the_device_cut():
    bench = Bench()
    bench.switch_on()
    bench.does(b"dut db load 29%")
    cut, whole = (TRANSCRIPT[name].lines[0].send for name in
                  ("twenty-nine are cut", "twenty-eight data bytes pass"))  # fmt: skip
    assert b"[dut]: e-[Invalid hex digit '1" in bench.does(cut)
    assert bytes(bench.device.buffer) == bytes.fromhex(whole[7:-1].decode())


def test_edges_are_seen_in_steps_of_4_us_while_the_timer_is_on():
    bench = Bench(late_edges=False)
    bench.switch_on()
    assert not bench.laps(bench.does(b"dut timestamp%"))
    bench.does(b"tm 0%enable-timer%")
    bench.edges_s.clear()
    laps = bench.laps(bench.does(b"dut timestamp%dut infer 3 1%"))
    assert laps == [int(at_s * 1e6) // 4 * 4 for at_s in bench.edges_s]
    assert len(laps) == 3
    bench.does(b"tm 1%enable-timer%")
    assert len(bench.laps(bench.does(b"dut timestamp%"))) == 2
    assert not bench.laps(bench.does(b"tm 0%dut timestamp%"))  # a change of mode turns it off


def late_us(bench, count=40):
    """How late the edges of some windows are: (at the beginnings, at the ends)."""
    bench.switch_on()
    bench.does(b"tm 0%enable-timer%")
    bench.edges_s.clear()
    laps = [us for _ in range(count) for us in bench.laps(bench.does(b"dut infer 3 0%"))]
    late = [us - at_s * 1e6 for us, at_s in zip(laps, bench.edges_s, strict=True)]
    return late[::2], late[1::2]


def test_an_edge_that_comes_while_the_device_talks_is_seen_late_by_up_to_820_us_and_never_early():
    begins, ends = late_us(Bench())
    assert all(-4 <= us <= 820 for us in begins)
    assert max(begins) > 600
    assert min(begins) < 200
    assert all(-4 <= us <= 0.5 for us in ends)  # in silence
    assert late_us(Bench()) == (begins, ends)
    assert late_us(Bench(seed=1))[0] != begins
