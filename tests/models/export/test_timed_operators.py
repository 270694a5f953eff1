"""What a model's operators are called is what an exported network of it calls its layers."""

from __future__ import annotations

import pytest
from support.firmware.tflite_file import write_depthwise, write_unknown
from support.reference import reference_path
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.export.footprint import footprint_of, told_name
from tinyrunner.models.export.read_network import read_network
from tinyrunner.models.export.timed_operators import timed_operators
from tinyrunner.models.suite import AD, IC, KWS


@pytest.mark.parametrize("task", [AD, IC, KWS], ids=lambda task: task.key)
def test_an_exported_networks_layers_are_the_operators_that_compute(task):
    path = demo_model_path(task)
    layers = footprint_of(read_network(path)).layers
    names = [told_name(layer.operator, layer.shape, layer.macs) for layer in layers]
    assert [each.layer for each in timed_operators(path) if each.computes] == names


def test_a_reshape_takes_a_place_and_sums_up_nothing():
    operators = timed_operators(reference_path("models", "kws_ref_model.tflite"))
    assert [each.layer for each in operators if not each.computes] == ["RESHAPE 64 0 MACs"]


def test_how_many_products_an_unknown_operator_sums_up_is_not_told(tmp_path):
    (split,) = timed_operators(write_unknown(tmp_path / "a.tflite", 49))
    assert (split.layer, split.macs) == ("SPLIT 8 0 MACs", 0)
    (lstm,) = timed_operators(write_unknown(tmp_path / "b.tflite", 16))
    assert (lstm.layer, lstm.macs) == ("LSTM 8", None)


def test_of_a_kernel_with_a_multiplier_all_products_are_told(tmp_path):
    path = write_depthwise(tmp_path / "a.tflite", channels=3, multiplier=2)
    (operator,) = timed_operators(path)
    assert operator.layer == "depthwise convolution 8x6x6 2592 MACs"
    assert operator.macs == 8 * 6 * 3 * 3 * 6
