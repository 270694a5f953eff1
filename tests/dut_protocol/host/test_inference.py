from __future__ import annotations

import pytest
from support.devices.device_dialogues import INPUT
from support.devices.dialogue import (
    BANNER,
    CUTS,
    NAME,
    NOT_VERIFYING,
    PROFILE,
    READY,
    Talk,
    dialogue,
)
from support.devices.fake_model import FakeModel
from support.devices.faults import faulty
from support.devices.faults.faulty import FaultyTransport
from tinyrunner.dut_protocol.errors import (
    DutProtocolError,
    DutRebooted,
    DutReportedError,
    DutTimeout,
    LinkError,
)
from tinyrunner.dut_protocol.host.inference import GRACE_S, UNKNOWN_INFERENCE_S
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import LinkSettings

SCORES = b"m-results-[0.125,0.875]\r\n"


def answer(
    n: int = 5,
    w: int = 1,
    *,
    before: bytes = b"",
    laps: tuple[bytes, ...] = (b"m-lap-us-1000\r\n", b"m-lap-us-51000\r\n"),
    results: bytes = SCORES,
) -> bytes:
    first, second = (*laps, b"", b"")[:2]
    return (
        before
        + b"m-warmup-start-%d\r\nm-warmup-done\r\nm-infer-start-%d\r\n" % (w, n)
        + first
        + second
        + b"m-infer-done\r\n"
        + results
        + READY
    )


def timed(n: int, w: int, inference_s: float, results: bytes = SCORES):
    """The answer as a board gives it that takes so long."""
    return [
        (0.001, b"m-warmup-start-%d\r\n" % w),
        (w * inference_s, b"m-warmup-done\r\nm-infer-start-%d\r\nm-lap-us-0\r\n" % n),
        (n * inference_s, b"m-lap-us-%d\r\nm-infer-done\r\n" % int(n * inference_s * 1e6)),
        (0.001, results + READY),
    ]


ASK = b"infer 5 1%"


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_an_inference_is_taken_whole(cut):
    with dialogue([(ASK, answer())], cut=cut) as talk:
        inference = talk.timer.infer(5, 1, 2)
        assert inference.scores == (0.125, 0.875)
        assert (inference.start_us, inference.end_us) == (1000, 51000)
        assert (inference.iterations, inference.warmups) == (5, 1)
        assert talk.listener.notes == []
        assert talk.listener.lines == answer().decode().splitlines()


def test_host_time_is_measured_between_the_lap_times():
    with dialogue([(ASK, timed(5, 1, 0.5))]) as talk:
        assert talk.timer.infer(5, 1, 2).host_elapsed_s == pytest.approx(2.5)


def test_chatter_between_any_two_lines_changes_nothing():
    chatty = b"".join(b"[I] x\r\n" + line for line in answer().splitlines(keepends=True))
    with dialogue([(ASK, chatty)]) as talk:
        assert talk.timer.infer(5, 1, 2).scores == (0.125, 0.875)
        assert talk.listener.lines.count("[I] x") == 8


def test_the_glued_line_of_the_published_logs_gives_its_score():
    glued = answer(results=b"Type errorm-results-[89.274]\r\n")
    with dialogue([(ASK, glued)]) as talk:
        assert talk.timer.infer(5, 1, 1).scores == (89.274,)
        assert "Type errorm-results-[89.274]" in talk.listener.lines


def test_a_result_glued_to_the_ready_is_taken():
    with dialogue([(ASK, answer(results=SCORES.strip()))]) as talk:
        assert talk.timer.infer(5, 1, 2).scores == (0.125, 0.875)


def test_energy_firmware_sends_no_laps():
    with dialogue([(ASK, answer(laps=()))]) as talk:
        inference = talk.timer.infer(5, 1, 2)
        assert (inference.start_us, inference.end_us) == (None, None)


def test_a_counter_that_wraps_is_passed_on_raw():
    laps = (b"m-lap-us-4294967000\r\n", b"m-lap-us-704\r\n")
    with dialogue([(ASK, answer(laps=laps))]) as talk:
        inference = talk.timer.infer(5, 1, 2)
        assert (inference.start_us, inference.end_us) == (4294967000, 704)


def test_a_trailing_comma_is_noted_once():
    comma = answer(results=b"m-results-[0.125,0.875,]\r\n")
    with dialogue([(ASK, comma)] * 3) as talk:
        for _ in range(3):
            assert talk.timer.infer(5, 1, 2).scores == (0.125, 0.875)
        assert len(talk.listener.notes) == 1
        assert "comma" in talk.listener.notes[0]


# ---- what is no answer -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "complaint"),
    [
        (answer(results=b"m-results-[0.1,0.2,0.7]\r\n"), "3 scores instead of 2"),
        (answer(results=b"m-results-[1.0]\r\n"), "1 scores instead of 2"),
        (answer(results=b"m-results-[nan,0.5]\r\n"), "'nan', not a finite number"),
        (answer(results=b"m-results-[0.5,inf]\r\n"), "'inf', not a finite number"),
        (answer(results=b"m-results-[0.5,x]\r\n"), "'x', not a finite number"),
        (answer(results=b"m-results-[0.5,0.5,,]\r\n"), "'', not a finite number"),
        (answer(results=b""), "without a result"),
        (answer(results=b"m-results-[0.5,0.\r\n"), "without a result"),
        (answer().replace(b"m-infer-done", b"m-infer-d"), "without a result"),
        (answer(n=50), "50 inferences after 1 warm-ups"),
        (answer(w=10), "5 inferences after 10 warm-ups"),
        (answer().replace(b"m-infer-start-5\r\n", b""), "None inferences"),
        (answer(laps=(b"m-lap-us-1\r\n",)), "1 time stamps instead of two"),
        (answer(before=b"m-lap-us-1\r\n"), "3 time stamps instead of two"),
        (answer(before=b"Input db has 0 elemented, expected 490\n"), "the input before"),
        (answer(before=b"debugInput db has 12 elemented, expected 490\r\n"), "the input before"),
        (READY, "None inferences"),
    ],
)
def test_an_answer_that_is_not_right_is_an_error(reply: bytes, complaint: str):
    with dialogue([(ASK, reply)], all_read=False) as talk:
        with pytest.raises(DutProtocolError, match=complaint) as caught:
            talk.timer.infer(5, 1, 2)
        assert "`infer 5 1`" in str(caught.value)
        assert "scripted" in str(caught.value)


def test_any_number_of_scores_is_taken_where_none_is_asked_for():
    with dialogue([(ASK, answer())]) as talk:
        assert len(talk.timer.infer(5, 1, None).scores) == 2


def test_both_laps_missing_is_an_error_of_performance_firmware():
    with dialogue(
        [(b"name%", NAME), (b"profile%", PROFILE), (ASK, answer(laps=()))], unasked=BANNER
    ) as talk:
        talk.dut.identify()
        with pytest.raises(DutProtocolError, match="0 time stamps"):
            talk.timer.infer(5, 1, 2)


def test_a_refusal_of_the_device_is_an_error():
    with (
        dialogue([(ASK, b"e-[Unknown command: ifer]\r\n" + READY)]) as talk,
        pytest.raises(DutReportedError, match="ifer"),
    ):
        talk.timer.infer(5, 1, 2)


def test_a_reboot_in_the_middle_is_told():
    reply = b"m-warmup-start-1\r\nm-warmup-done\r\n" + BANNER
    with dialogue([(ASK, reply)]) as talk, pytest.raises(DutRebooted):
        talk.timer.infer(5, 1, 2)


@pytest.mark.parametrize("place", range(0, 10))
def test_a_damaged_command_never_passes(place: int):
    clock = VirtualClock()
    device = SimulatedDut(FakeModel())
    link = SimulatedLink(device, clock, "sim:")
    Talk.over(link, clock).loader.load(INPUT)
    damaged = FaultyTransport(link, to_device=faulty.corrupt(place))
    talk = Talk.over(damaged, clock, LinkSettings(expected_inference_s=0.01))
    with pytest.raises((DutProtocolError, DutReportedError, DutTimeout)):
        talk.timer.infer(5, 1, 12)


def test_a_pulled_cable_is_told_at_once():
    clock = VirtualClock()
    link = SimulatedLink(SimulatedDut(FakeModel()), clock, "sim:")
    talk = Talk.over(FaultyTransport(link, from_device=faulty.cut(5)), clock)
    with pytest.raises(LinkError):
        talk.timer.infer(1, 0, 12)


# ---- time --------------------------------------------------------------------------------------


def test_without_a_known_pace_the_deadline_is_that_of_a_very_slow_board():
    with dialogue([(b"infer 7 0%", b"")]) as talk:
        with pytest.raises(DutTimeout):
            talk.timer.infer(7, 0, 2)
        assert talk.clock.now_s() == pytest.approx(GRACE_S + 7 * UNKNOWN_INFERENCE_S)


def test_with_a_known_pace_the_deadline_is_twice_the_work():
    known = LinkSettings(expected_inference_s=0.1)
    with dialogue([(b"infer 100 10%", b"")], settings=known) as talk:
        with pytest.raises(DutTimeout):
            talk.timer.infer(100, 10, 2)
        assert talk.clock.now_s() == pytest.approx(GRACE_S + 110 * 0.2)


def test_firmware_that_dies_in_its_first_inference_is_noticed_soon():
    with dialogue([(b"infer 5000 1%", b"m-warmup-start-1\r\n")]) as talk:
        with pytest.raises(DutTimeout, match="m-warmup-start-1"):
            talk.timer.infer(5000, 1, 2)
        assert talk.clock.now_s() <= GRACE_S + UNKNOWN_INFERENCE_S + 1


@pytest.mark.parametrize("inference_s", [0.001, 0.1, 3.0, 9.0])
def test_the_warm_up_teaches_the_pace(inference_s: float):
    with dialogue([(b"infer 300 2%", timed(300, 2, inference_s))]) as talk:
        talk.timer.infer(300, 2, 2)
        assert talk.timer.expected_s == pytest.approx(inference_s, rel=0.01, abs=0.001)


def test_after_the_warm_up_a_silent_device_is_given_up_soon():
    begun = [(0.001, b"m-warmup-start-2\r\n"), (0.2, b"m-warmup-done\r\nm-infer-start-300\r\n")]
    with dialogue([(b"infer 300 2%", begun)]) as talk:
        with pytest.raises(DutTimeout):
            talk.timer.infer(300, 2, 2)
        assert talk.clock.now_s() == pytest.approx(0.2 + GRACE_S + 300 * 0.2, rel=0.02)


def test_a_warm_up_whose_end_was_not_heard_is_over_when_the_measurement_starts():
    reply = timed(300, 2, 1.0)
    reply[1] = (reply[1][0], reply[1][1].replace(b"m-warmup-done", b"m-wa"))
    with dialogue([(b"infer 300 2%", reply)]) as talk:
        assert talk.timer.infer(300, 2, 2).iterations == 300


def test_an_inference_teaches_the_next_ones_pace():
    with dialogue([(b"infer 10 0%", timed(10, 0, 0.5)), (b"infer 10 0%", b"")]) as talk:
        talk.timer.infer(10, 0, 2)
        assert talk.timer.expected_s == pytest.approx(0.5, rel=0.01)
        began_s = talk.clock.now_s()
        with pytest.raises(DutTimeout):
            talk.timer.infer(10, 0, 2)
        assert talk.clock.now_s() - began_s == pytest.approx(GRACE_S + 10 * 1.0, rel=0.01)


def test_a_port_that_keeps_its_lines_back_is_not_taken_for_a_fast_one():
    """USB CDC flushed once per command: all lines at once, after 12 s."""
    late = [(12.0, answer(n=800))]
    with dialogue([(b"infer 800 1%", late)] * 2) as talk:
        for _ in range(2):
            talk.timer.infer(800, 1, 2)
        assert talk.timer.expected_s == pytest.approx(12 / 801)


def test_the_deadline_holds_although_the_device_chatters_for_ever():
    known = LinkSettings(expected_inference_s=0.01)
    with dialogue([(ASK, [(0.5, b"tick\r\n")] * 200)], settings=known, all_read=False) as talk:
        with pytest.raises(DutTimeout, match="tick"):
            talk.timer.infer(5, 1, 2)
        assert talk.clock.now_s() < GRACE_S + 1


def test_a_device_that_repeats_its_phases_does_not_gain_time():
    again = [(1.0, b"m-warmup-start-1\r\nm-warmup-done\r\n")] * 300
    with dialogue([(ASK, again)], settings=NOT_VERIFYING, all_read=False) as talk:
        with pytest.raises(DutTimeout):
            talk.timer.infer(5, 1, 2)
        assert talk.clock.now_s() < 1 + GRACE_S + 5 * 2 + 1


def test_a_window_on_the_simulated_device_agrees_with_its_own_clock():
    clock = VirtualClock()
    device = SimulatedDut(FakeModel(), DeviceSettings(inference_time_s=0.05))
    talk = Talk.over(SimulatedLink(device, clock, "sim:"), clock)
    talk.loader.load(INPUT)
    inference = talk.timer.infer(200, 10, 12)
    device_s = (inference.end_us - inference.start_us) / 1e6
    assert device_s == pytest.approx(10.0, rel=0.001)
    assert inference.host_elapsed_s == pytest.approx(device_s, rel=0.001)
