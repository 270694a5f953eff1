"""Lap times are confirmed by readings of the counter beside them, as exactly as the link allows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.devices.dialogue import NOT_VERIFYING, READY, dialogue
from tinyrunner.dut_protocol.errors import DutProtocolError, DutTimeout
from tinyrunner.dut_protocol.host.counter import Anchors, Reading, read_counter, resolution_s
from tinyrunner.dut_protocol.host.inference import Wanted
from tinyrunner.dut_protocol.wire.settings import ConfirmResults

ASK = b"timestamp%"
WIRE_S = (len(ASK) + len("m-lap-us-1234567\r\n")) * 10 / 115200
CONFIRMING = replace(NOT_VERIFYING, confirm_results=ConfirmResults.ALL)


def reading(us, after_s):
    return (ASK, [(after_s, b"m-lap-us-%d\r\n" % us), (0.001, READY)])


@pytest.mark.parametrize(
    ("delays_s", "expected_s"),
    [
        ([0.0002] * 20, 0.001),
        ([0.0002] * 18 + [0.0009, 0.25], 0.0017),
        ([WIRE_S + 0.001] * 18 + [WIRE_S + 0.0015, WIRE_S + 0.002], 0.0025),
        ([0.005, 0.017] * 10, 0.017 - WIRE_S + 0.001),
    ],
    ids=["USB, whose rate is a name", "a busy host", "a UART", "an adapter that keeps lines back"],
)
def test_what_a_link_allows_is_how_long_its_lines_may_be_under_way(delays_s, expected_s):
    with dialogue([reading(1_234_567, delay_s) for delay_s in delays_s]) as talk:
        assert resolution_s(talk.dut) == pytest.approx(expected_s, abs=1e-6)
        assert talk.listener.lines == [], "the log has as many lap times as without"


def test_readings_that_fail_are_asked_for_again_so_often():
    failing = [(ASK, b"m-la"), (b"name%", b"m-name-dut-[x]\r\n" + READY)]
    good = [reading(1_234_567, 0.0002)] * 20
    with dialogue([*failing, *good]) as talk:
        assert resolution_s(talk.dut) == pytest.approx(0.001, abs=1e-6)
    with dialogue([*failing * 4, failing[0]]) as talk, pytest.raises(DutTimeout):
        resolution_s(talk.dut)


@pytest.mark.parametrize("pace", [1.0, 0.97, 1.04], ids=["quartz", "slow", "fast"])
@pytest.mark.parametrize("begin_us", [0, 2**32 - 3_000_000], ids=["", "across the wrap"])
@pytest.mark.parametrize("at", range(4), ids=["before", "start", "end", "behind"])
@pytest.mark.parametrize("digit_us", [-5000, 9000, 800_000])
def test_a_flipped_digit_in_any_of_the_four_is_seen(pace, begin_us, at, digit_us):
    when_s = [5.0, 5.3, 15.3, 15.31]
    counted = [(begin_us + round(pace * 1e6 * (s - 5.0))) % 2**32 for s in when_s]

    def off_s(counted):
        readings = [Reading(us, s) for us, s in zip(counted, when_s, strict=True)]
        return Anchors(readings[0], readings[3]).off_s(readings[1], readings[2])

    assert off_s(counted) < 1e-4
    counted[at] += digit_us
    assert off_s(counted) > 0.004


def test_a_window_is_measured_between_two_readings_and_the_log_does_not_tell():
    reply = [
        (0.001, b"m-warmup-start-1\r\n"), (0.02, b"m-warmup-done\r\nm-infer-start-500\r\n"),
        (0.001, b"m-lap-us-1100000\r\n"), (10.0, b"m-lap-us-11100000\r\n"),
        (0.001, b"m-infer-done\r\nm-results-[0.1,0.9]\r\nm-ready\r\n"),
    ]  # fmt: skip
    pairs = [
        *[reading(1_000_000, 0.0002)] * 20,
        reading(1_077_000, 0.0002), (b"infer 500 1%", reply), reading(11_102_000, 0.001),
        (b"results%", b"m-results-[0.1,0.9]\r\n" + READY),
    ]  # fmt: skip
    with dialogue(pairs, settings=CONFIRMING) as talk:
        talk.timer.know_resolution()
        inference = talk.timer.infer(500, 1, 2, wanted=Wanted.TIMES)
        assert inference.off_s < talk.timer.resolution_s
        assert sum("m-lap-us" in line for line in talk.listener.lines) == 2


def test_a_reading_that_comes_with_anything_else_is_none():
    doubled = b"m-infer-done\r\nm-lap-us-1234567\r\n" + READY
    with dialogue([(ASK, doubled)]) as talk, pytest.raises(DutProtocolError, match="m-infer-done"):
        read_counter(talk.dut)


def test_energy_firmware_tells_no_counter():
    with (
        dialogue([(ASK, READY)] + [(b"name%", b"m-name-dut-[x]\r\n" + READY), (ASK, READY)] * 4)
        as talk,
        pytest.raises(DutProtocolError, match="nothing instead of one time stamp"),
    ):  # fmt: skip
        resolution_s(talk.dut)
