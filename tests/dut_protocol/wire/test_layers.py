from __future__ import annotations

import re

import pytest
from tinyrunner.dut_protocol.wire.layers import CounterKind, LayerCounter, LayersDone, LayerTime
from tinyrunner.dut_protocol.wire.messages import parse_line

LINES = (
    b"x-layers-[measured: DWT CYCCNT]",
    b"x-layer-0-[convolution 25x5x64 320000 MACs]-1846213-10989",
    b"x-layers-done-1-1849401-11007",
)


def test_the_lines_are_read():
    counter, layer, done = (parse_line(line)[0] for line in LINES)
    assert counter == LayerCounter("measured: DWT CYCCNT")
    assert layer == LayerTime(0, "convolution 25x5x64 320000 MACs", 1846213, 10989)
    assert done == LayersDone(1, 1849401, 11007)


def test_other_runners_take_none_of_them_for_a_message():
    """MLCommons' runner matches `^m-…` of a line and ends at `m-ready`; EEMBC's `m-` and `e-`."""
    for line in LINES:
        assert not re.match(rb"[me]-", line)
        assert not re.search(rb"m-|e-\[", line)


@pytest.mark.parametrize(
    ("name", "operator", "shape", "macs"),
    [
        ("depthwise convolution 25x5x64 72000 MACs", "depthwise convolution", (25, 5, 64), 72000),
        ("softmax 12 0 MACs", "softmax", (12,), 0),
        ("CONV_2D", "CONV_2D", (), None),
        ("my layer 8x8", "my layer", (8, 8), None),
        ("layer 3", "layer", (3,), None),
        ("", "", (), None),
    ],
)
def test_a_name_tells_operator_shape_and_products(name, operator, shape, macs):
    layer = LayerTime(0, name, 1, 1)
    assert (layer.operator, layer.shape, layer.macs) == (operator, shape, macs)


def test_a_counter_begins_with_what_it_is_worth():
    kinds = {kind.value: LayerCounter(f"{kind.value}: a clock").kind for kind in CounterKind}
    assert list(kinds.values()) == list(CounterKind)
    assert LayerCounter("DWT CYCCNT").kind is None
    assert LayerCounter("measured").kind is None
