"""What counts as a difference between two answers, and how large it is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tinyrunner.runner.report.compare.engines.answer import Answer, GivenInput, OutputScale
from tinyrunner.runner.report.compare.engines.boards import as_values
from tinyrunner.runner.report.compare.engines.tally import MOST_NAMED, Tally

STEPS = OutputScale(1 / 256, -128)


def engines(*scores: float) -> Answer:
    """An answer of which every output is known."""
    return Answer(scores, np.array(scores, np.float32))


def printed(*scores: float) -> Answer:
    """The same, as a board prints it."""
    return Answer(tuple(float(f"{score:.3f}") for score in scores), None)


def counted(
    *pairs: tuple[Answer, Answer], scale: OutputScale = STEPS, outputs: bool = True
) -> Tally:
    tally = Tally("a", "b", scale, outputs)
    for number, (a, b) in enumerate(pairs):
        tally.add(GivenInput(f"{number}.bin", 0, b""), a, b)
    return tally


def test_a_step_of_one_output_is_a_difference_of_one_step():
    tally = counted((engines(5 / 256, 3 / 256), engines(5 / 256, 4 / 256)))
    assert (tally.differing, tally.largest_steps, tally.other_class) == (1, 1, 0)


@pytest.mark.parametrize("integer", range(0, 257, 8))
def test_three_decimals_of_a_board_are_no_difference(integer):
    tally = counted((engines(integer / 256, 0.0), printed(integer / 256, 0.0)))
    assert (tally.compared, tally.differing) == (1, 0)


def test_a_board_that_is_a_step_off_is_seen_through_its_three_decimals():
    tally = counted((engines(100 / 256, 0.0), printed(101 / 256, 0.0)))
    assert (tally.differing, tally.largest_steps) == (1, 1)


def test_another_first_class_is_counted_and_named_first():
    same = (engines(0.75, 0.25), engines(0.5, 0.25))
    tally = counted(*[same] * (MOST_NAMED + 5), (engines(0.75, 0.25), engines(0.25, 0.75)))
    assert (tally.differing, tally.other_class) == (MOST_NAMED + 6, 1)
    first, second, *_ = tally.named()
    assert (first.file, first.classes, first.steps) == (f"{MOST_NAMED + 5}.bin", (0, 1), 128)
    assert (second.file, second.classes) == ("0.bin", None)
    assert len(tally.named()) == MOST_NAMED


def test_the_error_of_many_outputs_is_counted_in_steps_of_those_where_all_are_known():
    a = Answer((1.25,), np.array([0.0, 0.5, 1.0], np.float32))
    b = Answer((1.5,), np.array([0.0, 0.5, 1.5], np.float32))
    tally = counted((a, b), scale=OutputScale(0.25, 0), outputs=False)
    assert (tally.largest_steps, tally.largest_difference) == (2, 0.25)


def test_of_a_board_only_the_error_is_known():
    known = Answer((10.0,), np.array([0.0, 0.5], np.float32))
    scale = OutputScale(0.25, 0)
    tally = counted((known, Answer((10.0004,), None)), scale=scale, outputs=False)
    assert tally.differing == 0
    tally = counted((known, Answer((10.002,), None)), scale=scale, outputs=False)
    assert (tally.differing, tally.largest_steps) == (1, None)
    assert tally.largest_difference == pytest.approx(0.002)


def test_floats_differ_by_their_last_bit():
    half = np.float32(0.5)
    a, b = float(half), float(np.nextafter(half, np.float32(1)))
    tally = counted((engines(a, 0.5), engines(b, 0.5)), scale=OutputScale(None))
    assert (tally.differing, tally.largest_steps) == (1, None)
    assert tally.largest_difference == b - a


def test_no_number_is_equal_to_itself_and_to_nothing_else():
    nan = engines(math.nan, 0.5)
    assert counted((nan, engines(math.nan, 0.5))).differing == 0
    tally = counted((nan, engines(0.5, 0.5)))
    assert tally.differing == 1
    assert tally.to_json()["largest_difference"] is None


@pytest.mark.parametrize(
    ("printed_scores", "meant"),
    [
        ((0.0, 1.0), (0.0, 1.0)),
        ((0.25, 0.75), (0.25, 0.75)),
        ((-128.0, 127.0), (0.0, 255 / 256)),
        ((0.0, 255.0), (0.0, 255 / 256)),
        ((100.0, 90.0, 66.0), (100 / 256, 90 / 256, 66 / 256)),
        ((0.0, 0.0), (0.5, 0.5)),
        ((12.0,), (12.0,)),
    ],
)
def test_integers_of_a_classifiers_board_are_its_outputs(printed_scores, meant):
    assert as_values(printed_scores, STEPS) == meant


def test_other_outputs_than_shares_are_uint8_only_where_no_int8_can_be():
    logits = OutputScale(0.5, 0)
    assert as_values((100.0, 90.0, 66.0), logits) == (50, 45, 33)
    assert as_values((0.0, 128.0, 200.0), logits) == (-64, 0, 36)


def test_who_answered_none_of_the_same_inputs_is_not_equal():
    assert not counted().equal
    assert counted((engines(0.5, 0.5), engines(0.5, 0.5))).equal
