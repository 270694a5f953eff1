"""On a bad link what matters is asked twice: scores, who it is, and whether it can read back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.devices.device_dialogues import INPUT
from support.devices.dialogue import BANNER, NAME, NOT_VERIFYING, PROFILE, READY, dialogue
from tinyrunner.dut_protocol.errors import DutProtocolError, DutReportedError
from tinyrunner.dut_protocol.wire.settings import ConfirmResults

CONFIRMING = replace(NOT_VERIFYING, confirm_results=ConfirmResults.ALL)
SCORES = b"m-results-[0.125,0.875]\r\n"
ANSWER = (
    b"m-warmup-start-1\r\nm-warmup-done\r\nm-infer-start-5\r\nm-lap-us-1000\r\n"
    b"m-lap-us-51000\r\nm-infer-done\r\n" + SCORES + READY
)
ROWS = b"".join(
    b"m-buffer-" + INPUT[at : at + 8].hex("-").encode() + b"\r\n" for at in range(0, len(INPUT), 8)
)


def test_an_answer_is_asked_for_twice_and_told_once():
    pairs = [(b"infer 5 1%", ANSWER), (b"results%", SCORES + READY)]
    with dialogue(pairs, settings=CONFIRMING) as talk:
        assert talk.timer.infer(5, 1, 2).scores == (0.125, 0.875)
        assert talk.listener.lines == ANSWER.decode().splitlines()


def test_an_answer_that_was_given_twice_does_not_confirm_itself():
    """The other one begins in the answer to `results`, and ends in the same scores."""
    begun = ANSWER[: ANSWER.index(SCORES)]
    pairs = [(b"infer 5 1%", ANSWER), (b"results%", begun + SCORES + READY)]
    with dialogue(pairs, settings=CONFIRMING) as talk:
        with pytest.raises(DutProtocolError, match="m-warmup-start-1, m-warmup-done"):
            talk.timer.infer(5, 1, 2)
        assert "m-ready" not in talk.listener.lines


def answer(scores):
    return ANSWER.replace(b"0.125,0.875", scores)


@pytest.mark.parametrize("scores", [b"0.12,0.875", b"0.125,0.8755", b"0.125,875"])
def test_scores_of_which_one_has_other_decimals_are_asked_for_once_more_whatever_is_set(scores):
    with dialogue([(b"infer 5 1%", answer(scores)), (b"results%", SCORES + READY)]) as talk:
        with pytest.raises(DutProtocolError, match="asked for its results once more"):
            talk.timer.infer(5, 1, 2)
        assert "m-ready" not in talk.listener.lines


def test_so_are_those_of_which_all_have_other_decimals_than_before():
    one = (b"infer 5 1%", answer(b"12.125"))
    lost = (b"infer 5 1%", answer(b"12.12"))
    again = (b"results%", b"m-results-[12.125]\r\n" + READY)
    with dialogue([one, one, lost, again, one]) as talk:
        for _ in range(2):
            talk.timer.infer(5, 1, 1)
        with pytest.raises(DutProtocolError, match="once more"):
            talk.timer.infer(5, 1, 1)
        talk.timer.infer(5, 1, 1)


def test_firmware_that_prints_so_is_asked_no_second_time():
    odd = answer(b"0.12,0.875"), (b"results%", b"m-results-[0.12,0.875]\r\n" + READY)
    pairs = [(b"infer 5 1%", odd[0]), odd[1], *[(b"infer 5 1%", odd[0])] * 2]
    with dialogue(pairs) as talk:
        for _ in range(3):
            assert talk.timer.infer(5, 1, 2).scores == (0.12, 0.875)


def test_nor_is_firmware_that_does_not_know_the_question():
    odd = (b"infer 5 1%", answer(b"0.12,0.875"))
    unknown = (b"results%", b"e-[Unknown command: results]\r\n" + READY)
    with dialogue([odd, unknown, odd]) as talk:
        with pytest.raises(DutReportedError):
            talk.timer.infer(5, 1, 2)
        talk.timer.infer(5, 1, 2)


@pytest.mark.parametrize(
    "again",
    [b"m-results-[0.125,0.885]\r\n" + READY, b"m-results-[0.125]\r\n" + READY],
)
def test_an_answer_that_differs_is_none_and_its_ready_is_not_told(again):
    with dialogue([(b"infer 5 1%", ANSWER), (b"results%", again)], settings=CONFIRMING) as talk:
        with pytest.raises(DutProtocolError, match="asked for its results once more"):
            talk.timer.infer(5, 1, 2)
        assert "m-ready" not in talk.listener.lines


def test_a_judge_may_refuse_an_answer_before_its_ready_is_told():
    def refuse(inference):
        raise DutProtocolError("no")

    with dialogue([(b"infer 5 1%", ANSWER)]) as talk:
        with pytest.raises(DutProtocolError, match="no"):
            talk.timer.infer(5, 1, 2, refuse)
        assert "m-ready" not in talk.listener.lines


def test_a_ready_that_was_glued_to_another_line_is_told_once():
    glued = ANSWER.replace(SCORES, SCORES.strip())
    with dialogue([(b"infer 5 1%", glued)]) as talk:
        talk.timer.infer(5, 1, 2)
        assert "".join(talk.listener.lines).count("m-ready") == 1


def test_who_it_is_counts_once_it_was_said_twice_running():
    other = NAME.replace(b"dut-[", b"dut-[z")
    pairs = [
        (b"name%", other), (b"profile%", PROFILE),
        (b"name%", NAME), (b"profile%", PROFILE),
        (b"name%", NAME), (b"profile%", PROFILE),
    ]  # fmt: skip
    with dialogue(pairs, unasked=BANNER, settings=CONFIRMING) as talk:
        vendor = talk.dut.identify().vendor
        assert not vendor.startswith("z")
        assert "asked again" in talk.listener.notes[0]


def test_a_device_that_never_says_the_same_twice_is_nobody():
    pairs = []
    for number in range(5):
        pairs += [(b"name%", NAME.replace(b"dut-[", b"dut-[%d" % number)), (b"profile%", PROFILE)]
    with (
        dialogue(pairs, settings=CONFIRMING) as talk,
        pytest.raises(DutProtocolError, match="twice running"),
    ):
        talk.dut.identify()


REFUSED = b"e-[Unknown command: eb]\r\n" + READY


def test_a_readback_that_worked_before_was_misheard_when_it_does_not():
    pairs = [(b"db print%", ROWS + READY), (b"db print%", REFUSED), (b"db print%", READY)]
    with dialogue(pairs) as talk:
        assert talk.dut.print_buffer(len(INPUT))[: len(INPUT)] == INPUT
        for _ in range(2):
            with pytest.raises(DutProtocolError, match="it could before"):
                talk.dut.print_buffer(len(INPUT))


def test_on_a_bad_link_a_readback_is_asked_for_three_times_before_the_device_has_none():
    with dialogue([(b"db print%", REFUSED)] * 4, settings=CONFIRMING) as talk:
        for _ in range(2):  # and once each time from then on
            with pytest.raises(DutReportedError):
                talk.dut.print_buffer(len(INPUT))
