"""The engines side by side: LiteRT's optimised and reference kernels, TensorFlow Lite Micro."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from support.benches.engines import need_tflm
from support.reference import reference_path
from tinyrunner.datasets.demo.demo_dataset import generate
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine, EngineUnavailable, _runtime
from tinyrunner.models.export.tflite_graph import _field, _follow, _tables
from tinyrunner.models.model_file import ModelError
from tinyrunner.models.runtimes.engine_kind import EngineKind
from tinyrunner.models.suite import AD, IC, IC2, KWS, SWW_INFERENCE, VWW, Task

LITERT, REFERENCE, TFLM = EngineKind.LITERT, EngineKind.LITERT_REFERENCE, EngineKind.TFLM
EVERY_OUTPUT_OF_AD = replace(AD, reconstructs_input=False, score_count=640)

COUNT = 20


def kws_inputs() -> list[bytes]:
    return [path.read_bytes() for path in sorted(reference_path("datasets", "kws01").glob("*.bin"))]


def windows() -> list[bytes]:
    hums = [item.data for item in generate(AD, count=5)]
    return [hum[at : at + AD.input_bytes] for hum in hums for at in range(0, 100_000, 10_240)]


def frames() -> list[bytes]:
    source = np.random.default_rng(1)
    return [source.integers(-128, 0, 1200, dtype=np.int8).tobytes() for _ in range(COUNT)]


def pictures(task: Task) -> list[bytes]:
    return [item.data for item in generate(task, count=COUNT)]


MODELS = {
    "kws": (KWS, "kws_ref_model.tflite", kws_inputs),
    "vww": (VWW, "vww_96_int8.tflite", lambda: pictures(VWW)),
    "ic": (IC, "pretrainedResnet_quant.tflite", lambda: pictures(IC)),
    "ic2": (IC2, "pretrainedResnet_large_int8.tflite", lambda: pictures(IC)[:4]),
    "ad": (EVERY_OUTPUT_OF_AD, "ad01_int8.tflite", windows),
    "sww": (SWW_INFERENCE, "str_ww_ref_model.tflite", frames),
}


@cache
def outputs(name: str, kind: EngineKind) -> np.ndarray:
    """Every output of some inputs, a row each, in steps of the output's scale."""
    task, file, inputs = MODELS[name]
    engine = Engine.load(reference_path("models", file), task, kind)
    step = 0.36449847 if name == "ad" else 1 / 256
    rows = np.array([engine.infer(data) for data in inputs()[:COUNT]]) / step
    return np.rint(rows).astype(int)


@pytest.mark.parametrize(("name", "most"), [("kws", 1), ("vww", 0), ("ad", 1)])
def test_tflm_gives_what_litert_gives_or_a_step_beside_it(name, most):
    need_tflm()
    assert np.abs(outputs(name, TFLM) - outputs(name, LITERT)).max() <= most


@pytest.mark.parametrize("name", MODELS)
def test_tflm_gives_what_the_reference_kernels_of_tflite_2_14_give(name):
    """The newer LiteRT rounds otherwise than both, by up to a dozen steps."""
    need_tflm()
    most = (1 if name == "ad" else 0) if _runtime()[1] == "tflite-runtime 2.14.0" else 12
    assert np.abs(outputs(name, TFLM) - outputs(name, REFERENCE)).max() <= most


def test_the_optimised_kernels_answer_ic_otherwise_and_seldom_with_another_class():
    ours, theirs = outputs("ic", LITERT), outputs("ic", REFERENCE)
    assert (ours != theirs).any()
    assert (ours.argmax(1) != theirs.argmax(1)).sum() <= 3


def test_each_engine_says_who_it_is():
    need_tflm()
    path = demo_model_path(KWS)
    plain, reference, tflm = (Engine.load(path, KWS, kind).runtime_name for kind in EngineKind)
    assert reference == f"{plain}, reference kernels"
    assert tflm.startswith("tflite-micro 0.dev")


def test_without_tflm_it_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "tflite_micro.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tflite_micro", raising=False)
    with pytest.raises(EngineUnavailable, match=r"pip install 'tinyrunner\[tflm\]'.*not here"):
        Engine.load(demo_model_path(KWS), KWS, TFLM)


def test_what_tflm_refuses_is_told_in_its_own_words(tmp_path):
    need_tflm()
    with pytest.raises(ModelError, match="is no model for ad"):
        Engine.load(demo_model_path(KWS), AD, TFLM)
    path = tmp_path / "other.tflite"
    path.write_bytes(other_operator(demo_model_path(KWS).read_bytes()))
    with pytest.raises(ModelError, match=r"tflite-micro .* cannot load .*\(.*DEPTH_TO_SPACE"):
        Engine.load(path, KWS, TFLM)


def other_operator(model: bytes) -> bytes:
    """The model with its first kind of operator called a depth-to-space, which has one input."""
    changed = bytearray(model)
    code = next(_tables(model, _follow(model, 0), 1))
    for field in (0, 3):  # the older and the newer place of the code
        if (at := _field(model, code, field)) is not None:
            changed[at] = 5
    return bytes(changed)


def test_naming_the_engines_imports_none_of_them():
    code = (
        "import sys, tinyrunner.runner.config.config; "
        "print({'numpy', 'tflite_micro', 'tflite_runtime', 'ai_edge_litert'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
