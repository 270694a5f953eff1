"""The engines of this computer: each gives every output, and the score of the task."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.firmware.build import need
from tinyrunner.datasets.demo.demo_dataset import generate
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.export.tflite_graph import read_graph
from tinyrunner.models.model_file import ModelError
from tinyrunner.models.suite import AD, KWS
from tinyrunner.runner.report.compare.engines.answer import GivenInput, OutputScale
from tinyrunner.runner.report.compare.engines.host_engines import host_engines, output_scale


def test_the_score_of_ad_is_the_one_that_the_simulated_device_gives():
    path = demo_model_path(AD)
    found, _ = host_engines(path, AD)
    litert = found[0]
    engine = Engine.load(path, AD)
    for seed in range(20):
        data = np.random.default_rng(seed).normal(-20, 12, 640).astype("<f4").tobytes()
        answer = litert.answer(GivenInput("a.bin", 0, data))
        assert answer.scores == engine.infer(data)
        assert answer.outputs is not None
        assert answer.outputs.shape == (640,)


def test_the_exported_c_gives_the_optimised_kernels_bytes():
    need("cc")
    found, _ = host_engines(demo_model_path(KWS), KWS)
    by_name = {one.name: one for one in found}
    for item in generate(KWS, count=20):
        given = GivenInput(item.name, 0, item.data)
        assert by_name["exported-c"].answer(given).scores == by_name["litert"].answer(given).scores


def test_without_a_compiler_the_others_are_asked_all_the_same(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler -O2")
    found, lacking = host_engines(demo_model_path(KWS), KWS)
    assert [one.name for one in found][:2] == ["litert", "litert-reference"]
    why = {one.name: one.why for one in lacking}
    assert "no-such-compiler cannot compile the exported C" in why["exported-c"]


def test_a_compiler_that_fails_is_quoted(monkeypatch):
    monkeypatch.setenv("CC", f"{need('cc')} -include nonsense.h")
    _, lacking = host_engines(demo_model_path(KWS), KWS)
    why = {one.name: one.why for one in lacking}
    assert "does not compile the exported C" in why["exported-c"]
    assert "nonsense.h" in why["exported-c"]


def test_a_model_of_another_task_is_an_error():
    with pytest.raises(ModelError, match="is no model for kws"):
        host_engines(demo_model_path(AD), KWS)


def test_the_steps_of_an_output_are_read_from_the_file(tmp_path):
    scale = output_scale(demo_model_path(KWS))
    assert scale.step is not None
    assert math.isclose(scale.step, 1 / 256)
    assert scale.value(127) == 255 / 256
    assert output_scale(tmp_path / "absent.tflite").step is None


def test_the_steps_of_a_uint8_are_those_of_the_int8_that_it_stands_for(monkeypatch):
    graph = read_graph(demo_model_path(KWS))
    output = graph.tensors[graph.outputs[0]]
    unsigned = replace(
        output, type_name="uint8", quantisation=replace(output.quantisation, zero_points=(0,))
    )
    tensors = [*graph.tensors]
    tensors[graph.outputs[0]] = unsigned
    of_uint8 = replace(graph, tensors=tuple(tensors))
    monkeypatch.setattr(f"{output_scale.__module__}.read_graph", lambda path: of_uint8)
    assert output_scale(demo_model_path(KWS)) == OutputScale(1 / 256, -128)
