"""An answer too many: what is at stake is done anew, in step again, and a second one ends it."""

from __future__ import annotations

import pytest
from support.devices.device_dialogues import INPUT
from support.devices.dialogue import NAME, READY, RESYNC, dialogue, load_pairs
from tinyrunner.dut_protocol.errors import DutFault, DutProtocolError, DutTimeout, OutOfStep
from tinyrunner.dut_protocol.host.inference import Wanted
from tinyrunner.dut_protocol.host.load_with_retries import CAUTIOUS_DATA_BYTES, Loader

LOAD = load_pairs(INPUT, 30)
INFER = b"infer 5 1%"
ANSWER = (
    b"m-warmup-start-1\r\nm-warmup-done\r\nm-infer-start-5\r\nm-lap-us-1000\r\n"
    b"m-lap-us-51000\r\nm-infer-done\r\nm-results-[0.125,0.875]\r\n" + READY
)
NO_LOAD = b"e-[No load in progress]\r\n" + READY
ONCE_MORE = "answered once more than it was asked; it may be a step off"


@pytest.mark.parametrize("surplus", [READY, NO_LOAD], ids=["m-ready", "an error"])
@pytest.mark.parametrize("after_s", [0.0, 0.002, 0.3], ids=["before", "first", "later"])
def test_an_answer_before_that_of_infer_is_raised_when_the_reply_is_complete(surplus, after_s):
    """The device has taken a block twice, and what it infers is not what was loaded."""
    last, answered = LOAD[-1]
    pairs = [*LOAD[:-1], (last, [(0.0, answered), (0.001 + after_s, surplus)])]
    if after_s:
        pairs.append((INFER, [(after_s, ANSWER)]))
    with dialogue(pairs) as talk:
        talk.loader.load(INPUT)
        talk.clock.pause(0.002)
        with pytest.raises(DutProtocolError, match=ONCE_MORE):
            talk.timer.infer(5, 1, 2)
        assert talk.dut.in_step


def test_what_was_answered_too_often_is_whole_when_it_is_raised():
    slowly = [(0.0, NO_LOAD), (0.01, ANSWER[:20]), (9.0, ANSWER[20:])]
    with dialogue([*LOAD, (INFER, slowly)]) as talk:
        talk.loader.load(INPUT)
        with pytest.raises(DutProtocolError, match=ONCE_MORE):
            talk.timer.infer(5, 1, 2)
        assert talk.dut.in_step


def test_an_infer_that_is_answered_twice_at_once_does_not_count():
    with dialogue([*LOAD, (INFER, ANSWER + ANSWER)]) as talk:
        talk.loader.load(INPUT)
        with pytest.raises(DutProtocolError, match=ONCE_MORE):
            talk.timer.infer(5, 1, 2)


@pytest.mark.parametrize("late_s", [0.0, 0.01], ids=["seen before", "seen in the answer"])
def test_an_answer_before_that_of_db_load_begins_the_load_anew(late_s):
    begun = [(LOAD[0][0], [(late_s, LOAD[0][1])])] if late_s else []
    pairs = [*LOAD, (INFER, [(0.0, ANSWER), (0.1, READY)]), *begun, RESYNC, *LOAD]
    with dialogue(pairs) as talk:
        talk.loader.load(INPUT)
        talk.timer.infer(5, 1, 2)
        talk.clock.pause(0.1 - late_s)
        talk.loader.load(INPUT)
        assert ONCE_MORE in talk.listener.notes[0]


def test_the_second_one_ends_it_and_says_what_it_means():
    begin, answered = LOAD[0]
    twice = [*LOAD[:3], (LOAD[3][0], READY + READY)]
    with dialogue([(begin, READY + answered), RESYNC, *twice]) as talk:
        with pytest.raises(OutOfStep, match=r"second time.*a bridge.*a second program") as caught:
            talk.loader.load(INPUT)
        assert not isinstance(caught.value, DutFault), "nothing tries again"


def test_a_command_that_was_cut_in_two_is_damage_and_counts_for_nothing():
    """A flipped bit makes a `%` of a `5`."""
    cut = READY + b"e-[Unknown command: 0607]\r\n" + READY
    damaged = [*LOAD[:4], (LOAD[4][0], cut), RESYNC]
    with dialogue([*damaged, *damaged, *load_pairs(INPUT, CAUTIOUS_DATA_BYTES)]) as talk:
        talk.loader.load(INPUT)
        assert len(talk.listener.notes) == 3
        talk.listener.notes.pop(1)  # of fewer data bytes
        assert all("came as two" in note for note in talk.listener.notes)


def test_what_comes_late_of_a_command_given_up_is_no_news():
    pairs = [
        *LOAD, (INFER, ANSWER), (b"results%", []),
        (b"name%", [(0.0, READY), (0.01, NAME)]), (b"name%", [(0.0, NAME), (0.5, READY)]),
        *LOAD, (INFER, ANSWER),
    ]  # fmt: skip
    with dialogue(pairs) as talk:
        talk.loader.load(INPUT)
        talk.timer.infer(5, 1, 2)
        with pytest.raises(DutTimeout):
            talk.dut.raw("results")
        talk.dut.resync()
        talk.clock.pause(1.0)
        talk.loader.load(INPUT)
        talk.timer.infer(5, 1, 2)
        assert talk.listener.notes == []


def test_where_nothing_can_be_done_anew_it_is_noted_and_the_window_counts():
    with dialogue([*LOAD, (INFER, READY + ANSWER)]) as talk:
        talk.loader.load(INPUT)
        assert talk.timer.infer(5, 1, 2, wanted=Wanted.EDGES).start_us == 1000
        assert talk.listener.notes == ["a stray m-ready from scripted, ignored"]


def test_there_a_load_listens_a_moment_for_one():
    last, answered = LOAD[-1]
    twice = [*LOAD[:-1], (last, [(0.0, answered), (0.1, READY)])]
    with dialogue([*twice, RESYNC, *LOAD]) as talk:
        Loader(talk.dut, settle_s=0.2).load(INPUT)
        assert ONCE_MORE in talk.listener.notes[0]
