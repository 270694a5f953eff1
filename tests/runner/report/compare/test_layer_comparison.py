"""Layers of two profiles, paired in their order: what took longer, what has no counterpart."""

from __future__ import annotations

import pytest
from support.report.layer_logs import layer_log
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.journal.layer_log import read_layer_log
from tinyrunner.runner.report.compare.layer_comparison import compare_layers, parse_bound

CONV, RELU, DENSE = "convolution 8x8x4 900 MACs", "relu 8x8x4", "dense 10 2560 MACs"


def compared(tmp_path, a, b, **of_b):
    sides = [layer_log(tmp_path / "a.log", a), layer_log(tmp_path / "b.log", b, **of_b)]
    return compare_layers(*map(read_layer_log, sides))


def test_each_layer_is_set_against_its_own_and_the_whole_against_the_whole(tmp_path):
    found = compared(tmp_path, [(CONV, 700, 7), (DENSE, 200, 2)], [(CONV, 500, 5), (DENSE, 250, 3)])
    conv, dense = found.layers
    assert (conv.difference, conv.relative, conv.of_whole) == (-200, -200 / 700, -0.2)
    assert (dense.difference, dense.relative, dense.of_whole) == (50, 0.25, 0.05)
    assert (found.between.difference, found.whole.difference) == (0, -150)
    assert found.slowed_most is dense
    assert found.unit == "cycles"
    assert found.warnings == ()


def test_a_layer_that_became_slower_is_no_less_so_where_another_hides_it(tmp_path):
    found = compared(tmp_path, [(CONV, 700, 7), (DENSE, 200, 2)], [(CONV, 500, 5), (DENSE, 250, 3)])
    assert [each.name for each in found.exceeding(0.04)] == ["1 dense"]
    assert found.exceeding(0.05) == []
    worse = compared(tmp_path, [(CONV, 900, 9)], [(CONV, 930, 9)])
    assert [each.name for each in worse.exceeding(0.02)] == ["0 convolution", "whole inference"]


def test_a_layer_that_was_fused_has_no_counterpart_and_moves_no_other(tmp_path):
    before = [(CONV, 600, 6), (RELU, 100, 1), (DENSE, 200, 2)]
    found = compared(tmp_path, before, [(CONV, 610, 6), (DENSE, 200, 2)])
    assert [(each.name, each.difference) for each in found.layers] == [
        ("0 convolution", 10), ("1 relu", -100), ("1 dense", 0),
    ]  # fmt: skip
    assert [each.took_b for each in found.unpaired] == [None]
    back = compared(tmp_path, [(CONV, 610, 6), (DENSE, 200, 2)], before)
    assert [each.name for each in back.unpaired] == ["1 relu"]
    assert back.exceeding(0.05) == [back.whole], "a layer that is new is no layer that got slower"


def test_a_layer_of_fewer_channels_is_the_same_layer_and_another_operator_is_none(tmp_path):
    pruned = compared(tmp_path, [(CONV, 600, 6)], [("convolution 8x8x2 450 MACs", 300, 3)])
    assert pruned.unpaired == ()
    other = compared(tmp_path, [(CONV, 600, 6)], [("winograd 8x8x4 900 MACs", 300, 3)])
    assert len(other.unpaired) == 2


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"counter": "timer: microseconds"}, "not their counts are compared, but microseconds"),
        ({"vendor": "other-board"}, "the devices are acme-board and other-board"),
        ({"counter": "simulated: a clock"}, "B is SIMULATED"),
    ],
)
def test_what_differs_beside_the_layers_is_told(tmp_path, told, says):
    found = compared(tmp_path, [(CONV, 700, 7)], [(CONV, 800, 9)], **told)
    assert any(says in warning for warning in found.warnings)
    by_time = "counter" in told
    assert found.layers[0].difference == (2 if by_time else 100)
    assert found.unit == ("µs" if by_time else "cycles")


def test_a_bound_is_one_share():
    assert parse_bound([]) is None
    assert parse_bound(["2.5 %"]) == 0.025
    for texts in (["2"], ["1%", "2%"], ["energy=2%"], ["-1%"]):
        with pytest.raises(SetupError, match="such as 2%"):
            parse_bound(texts)
