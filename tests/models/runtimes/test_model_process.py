"""A model in a process of its own: the same scores, and whatever ends it is an error here."""

from __future__ import annotations

import gc

import numpy as np
import psutil
import pytest
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine, EngineUnavailable
from tinyrunner.models.model_file import ModelError
from tinyrunner.models.runtimes.model_process import ModelFailed, ModelLimits, ModelProcess
from tinyrunner.models.suite import AD, KWS, Task

WHERE = "folder/m.tflite"


def demo(task: Task) -> bytes:
    return demo_model_path(task).read_bytes()


def children() -> list[psutil.Process]:
    return psutil.Process().children()


def unknown_model(tmp_path) -> Engine:
    """The demo model as nobody has pinned it: with a byte behind its end."""
    path = tmp_path / "own.tflite"
    path.write_bytes(demo(KWS) + b"\0")
    return Engine.load(path, KWS)


def test_a_model_that_is_known_by_its_hash_needs_no_process(tmp_path):
    copy = tmp_path / "copy.tflite"
    copy.write_bytes(demo(KWS))
    before = children()
    Engine.load(copy, KWS)
    assert children() == before


def test_any_other_is_run_in_a_process_that_ends_with_it(tmp_path):
    before = set(children())
    engine = unknown_model(tmp_path)
    (child,) = set(children()) - before
    assert engine.runtime_name.startswith(("tflite-runtime ", "ai-edge-litert "))
    del engine
    gc.collect()
    assert not child.is_running()


@pytest.mark.parametrize("task", [KWS, AD], ids=["kws", "ad"])
def test_its_scores_are_the_same_to_the_last_bit(task):
    here, there = Engine.of_bytes(demo(task), task, WHERE), ModelProcess(demo(task), task, WHERE)
    source = np.random.default_rng(1)
    for _ in range(5):
        data = source.bytes(task.input_bytes)
        if task is AD:
            data = source.normal(-20, 12, 640).astype("<f4").tobytes()
        assert there.infer(data) == here.infer(data)


def test_a_score_that_is_no_number_comes_over_as_it_is():
    process = ModelProcess(demo(AD), AD, WHERE)
    (score,) = process.infer(np.full(640, np.nan, "<f4").tobytes())
    assert np.isnan(score)


def test_what_does_not_fit_is_said_as_it_would_be_here():
    with pytest.raises(ModelError) as here:
        Engine.of_bytes(demo(KWS), AD, WHERE)
    with pytest.raises(ModelError) as there:
        ModelProcess(demo(KWS), AD, WHERE)
    assert str(there.value) == str(here.value)


def test_without_a_runtime_it_says_what_to_install(tmp_path, monkeypatch):
    for name in ("tflite_runtime", "ai_edge_litert"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(EngineUnavailable, match="pip install ai-edge-litert"):
        ModelProcess(demo(KWS), KWS, WHERE)


def test_a_process_that_ends_in_the_middle_is_an_error_that_names_file_and_signal():
    before = set(children())
    process = ModelProcess(demo(KWS), KWS, WHERE)
    (child,) = set(children()) - before
    process.infer(bytes(490))
    child.kill()
    child.wait()
    with pytest.raises(ModelFailed, match=r"^folder/m\.tflite: the process that runs this model"):
        process.infer(bytes(490))


def test_a_model_that_takes_too_long_is_ended():
    with pytest.raises(ModelError, match=r"m\.tflite: .* ended after 0\.01 s without an answer"):
        ModelProcess(demo(KWS), KWS, WHERE, ModelLimits(step_s=0.01))
