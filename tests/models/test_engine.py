"""The inference engine against the real reference models, and what it refuses."""

from __future__ import annotations

import builtins
import hashlib
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.reference import reference_path
from tinyrunner.models import engine as module
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine, EngineUnavailable
from tinyrunner.models.model_file import ModelError, is_whole
from tinyrunner.models.suite import AD, IC, KWS, TASKS, VWW, Task

REFERENCE_MODELS = {
    "vww": "vww_96_int8.tflite",
    "ic": "pretrainedResnet_quant.tflite",
    "kws": "kws_ref_model.tflite",
    "ad": "ad01_int8.tflite",
}


def reference_engine(task: Task) -> Engine:
    return Engine.load(reference_path("models", REFERENCE_MODELS[task.key]), task)


def ad_window(seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(-20, 12, 640).astype("<f4")


# --- the real models ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", list(TASKS))
def test_each_reference_model_loads_and_gives_the_scores_of_its_task(key: str) -> None:
    task = TASKS[key]
    engine = reference_engine(task)
    scores = engine.infer(bytes(task.input_bytes))
    assert len(scores) == task.score_count
    assert all(type(score) is float and score == np.float32(score) for score in scores)
    content = reference_path("models", REFERENCE_MODELS[key]).read_bytes()
    assert engine.sha256 == hashlib.sha256(content).hexdigest()
    assert engine.runtime_name.startswith(("tflite-runtime ", "ai-edge-litert "))


def test_the_kws_reference_model_gets_90_percent_of_the_official_inputs_right() -> None:
    engine = reference_engine(KWS)
    folder = reference_path("datasets", "kws01")
    right = 0
    for row in (folder / "y_labels.csv").read_text().splitlines():
        name, _, label = row.split(",")
        scores = engine.infer((folder / name.strip()).read_bytes())
        right += scores.index(max(scores)) == int(label)
    assert abs(right - 901) <= 2


def test_the_ad_score_is_a_float32_sum_in_index_order_to_the_last_bit() -> None:
    engine = reference_engine(AD)
    interpreter = loaded_interpreter("ad")
    entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = out["quantization"]
    for seed in range(20):
        window = ad_window(seed)
        steps = [c_round(v / np.float32(entry["quantization"][0])) for v in window]
        quantised = np.clip(np.array(steps) + entry["quantization"][1], -128, 127).astype(np.int8)
        interpreter.set_tensor(entry["index"], quantised.reshape(entry["shape"]))
        interpreter.invoke()
        total = np.float32(0)
        for step, value in zip(interpreter.get_tensor(out["index"]).flat, window, strict=True):
            error = np.float32(np.float32(int(step) - zero_point) * np.float32(scale)) - value
            total += error * error
        assert engine.infer(window.tobytes()) == (float(total / np.float32(640)),)


def loaded_interpreter(key: str) -> Any:
    runtime, _ = module._runtime()
    interpreter = runtime.Interpreter(
        model_path=str(reference_path("models", REFERENCE_MODELS[key])),
        num_threads=1,
        experimental_op_resolver_type=runtime.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    return interpreter


def c_round(value: Any) -> int:
    """C's round(): to nearest, ties away from zero; exact, for a float32 is exact in double."""
    exact = float(value)
    return int(np.floor(abs(exact) + 0.5)) * (1 if exact > 0 else -1)


def test_the_same_input_gives_the_same_scores_again() -> None:
    engine = reference_engine(AD)
    first = engine.infer(ad_window(1).tobytes())
    engine.infer(ad_window(2).tobytes())
    assert engine.infer(ad_window(1).tobytes()) == first


def test_an_ad_input_that_is_not_finite_gives_a_score_that_is_not_and_no_warning() -> None:
    engine = reference_engine(AD)
    for bad in (np.nan, np.inf, -np.inf, np.float32(3e38), np.float32(-1e20)):
        window = ad_window(3)
        window[7] = bad
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            (score,) = engine.infer(window.tobytes())
        assert not np.isfinite(score)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_kind_of_bytes_will_do(kind: Any) -> None:
    engine = Engine.load(demo_model_path(KWS), KWS)
    assert engine.infer(kind(bytes(490))) == engine.infer(bytes(490))


def test_an_input_of_the_wrong_size_is_refused_with_both_sizes() -> None:
    engine = Engine.load(demo_model_path(KWS), KWS)
    with pytest.raises(ValueError, match="an input of kws is 490 bytes, not 489"):
        engine.infer(bytes(489))


# --- what is refused ------------------------------------------------------------------------------


def test_a_model_of_another_task_is_refused_with_both_shapes() -> None:
    path = demo_model_path(KWS)
    with pytest.raises(ModelError) as caught:
        Engine.load(path, IC)
    message = str(caught.value)
    assert str(path) in message
    assert "int8[1, 49, 10, 1]" in message
    assert "[1, 32, 32, 3]" in message
    assert "int8[1, 12]" in message
    assert "[1, 10]" in message


@pytest.mark.parametrize("key", list(TASKS))
def test_no_reference_model_passes_for_another_task(key: str) -> None:
    path = reference_path("models", REFERENCE_MODELS[key])
    for other in TASKS.values():
        if other.key != key:
            with pytest.raises(ModelError, match=f"is no model for {other.key}"):
                Engine.load(path, other)


def test_an_absent_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read the model .*absent\.tflite"):
        Engine.load(tmp_path / "absent.tflite", KWS)


def test_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read the model"):
        Engine.load(tmp_path, KWS)


MODEL = demo_model_path(KWS).read_bytes()
NOT_MODELS = {
    "empty": b"",
    "text": b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12\n",
    "random": np.random.default_rng(0).bytes(5000),
    "random after the identifier": MODEL[:8] + np.random.default_rng(1).bytes(5000),
    "identifier alone": MODEL[:8],
    "a byte short": MODEL[:-1],
}


@pytest.mark.parametrize("content", NOT_MODELS.values(), ids=NOT_MODELS.keys())
def test_a_file_that_is_no_model_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite is no TFLite model"):
        Engine.load(path, KWS)


def test_a_model_cut_short_anywhere_is_recognised_before_it_can_crash_the_runtime() -> None:
    assert is_whole(MODEL)
    assert not any(is_whole(MODEL[:length]) for length in range(0, len(MODEL), 7))


@pytest.mark.parametrize("key", list(TASKS))
def test_the_reference_models_are_recognised_as_whole(key: str) -> None:
    model = reference_path("models", REFERENCE_MODELS[key]).read_bytes()
    assert is_whole(model)
    assert not is_whole(model[:-100])
    assert not is_whole(model[: len(model) // 2])


def test_without_a_runtime_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("tflite_runtime", "ai_edge_litert"):
        monkeypatch.setitem(sys.modules, name, None)
        monkeypatch.setitem(sys.modules, f"{name}.interpreter", None)
    with pytest.raises(EngineUnavailable) as caught:
        Engine.load(demo_model_path(KWS), KWS)
    message = str(caught.value)
    assert "pip install ai-edge-litert" in message
    assert "pip install tflite-runtime" in message
    assert "real board needs none" in message


def test_importing_the_engine_does_not_import_a_runtime() -> None:
    code = (
        "import sys, tinyrunner.models.engine; "
        "sys.exit(any(m in sys.modules for m in ('tflite_runtime', 'ai_edge_litert')))"
    )
    assert os.spawnl(os.P_WAIT, sys.executable, sys.executable, "-c", code) == 0


# --- conversions, with an interpreter that only records -------------------------------------------


@dataclass
class Recorder:
    """Stands in for TFLite: has tensors of the given types, keeps the input, gives ``output``."""

    in_details: dict[str, Any]
    out_details: dict[str, Any]
    output: Any = None
    received: Any = None

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self.in_details]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [self.out_details]

    def set_tensor(self, index: int, value: Any) -> None:
        assert index == 0
        assert value.shape == tuple(self.in_details["shape"])
        assert value.dtype == self.in_details["dtype"]
        self.received = value.copy()

    def invoke(self) -> None:
        assert self.received is not None

    def get_tensor(self, index: int) -> Any:
        assert index == 9
        return self.output


def details(index: int, shape: tuple[int, ...], dtype: Any, scale: float, zero: int) -> Any:
    return {
        "index": index,
        "shape": np.array(shape, np.int32),
        "dtype": dtype,
        "quantization": (scale, zero),
    }


def recorded(
    task: Task,
    in_type: Any,
    out_type: Any = np.int8,
    *,
    scale: float = 0.00390625,
    zero: int = -128,
    in_scale: float = 0.5,
    in_zero: int = 3,
) -> tuple[Engine, Recorder]:
    outputs = 640 if task is AD else task.score_count
    recorder = Recorder(
        details(0, (1, *task.input_shape), in_type, in_scale, in_zero),
        details(9, (1, outputs), out_type, scale, zero),
        np.zeros((1, outputs), out_type),
    )
    return Engine.of(task, recorder, b"", "recorder 1", "m.tflite"), recorder


EVERY_BYTE = bytes(range(256))


def test_kws_bytes_go_into_an_int8_model_as_they_are() -> None:
    engine, recorder = recorded(KWS, np.int8)
    data = (EVERY_BYTE * 2)[:490]
    engine.infer(data)
    assert recorder.received.tobytes() == data


def test_kws_bytes_are_dequantised_for_a_float_model() -> None:
    engine, recorder = recorded(KWS, np.float32)
    engine.infer((EVERY_BYTE * 2)[:490])
    got = recorder.received.ravel()
    assert got[83] == 0
    assert got[0] == np.float32(-83) * np.float32(0.5847029089927673)
    assert got[255] == np.float32(-84) * np.float32(0.5847029089927673)


@pytest.mark.parametrize("task", [VWW, IC], ids=["vww", "ic"])
def test_pixels_lose_128_for_an_int8_model(task: Task) -> None:
    engine, recorder = recorded(task, np.int8)
    data = EVERY_BYTE * (task.input_bytes // 256)
    engine.infer(data)
    assert recorder.received.ravel()[:256].tolist() == list(range(-128, 128))


@pytest.mark.parametrize("task", [VWW, IC], ids=["vww", "ic"])
def test_pixels_go_into_a_uint8_model_as_they_are(task: Task) -> None:
    engine, recorder = recorded(task, np.uint8)
    data = EVERY_BYTE * (task.input_bytes // 256)
    engine.infer(data)
    assert recorder.received.tobytes() == data


def test_pixels_are_0_to_255_for_a_float_ic_model_and_0_to_1_for_a_float_vww_model() -> None:
    for task, most in ((IC, 255.0), (VWW, 1.0)):
        engine, recorder = recorded(task, np.float32)
        engine.infer(EVERY_BYTE * (task.input_bytes // 256))
        got = recorder.received.ravel()[:256]
        assert (got[0], got[255]) == (0.0, most)
        assert (np.diff(got) > 0).all()


@given(st.lists(st.floats(-300, 300, width=32), min_size=1, max_size=40), st.integers(-128, 127))
def test_ad_floats_are_rounded_to_nearest_with_ties_away_from_zero_and_clamped(
    values: list[float], zero: int
) -> None:
    engine, recorder = recorded(AD, np.int8, in_scale=0.5, in_zero=zero)
    window = np.resize(np.array(values, "<f4"), 640)
    engine.infer(window.tobytes())
    expected = [min(max(c_round(value / 0.5) + zero, -128), 127) for value in window]
    assert recorder.received.ravel().tolist() == expected


def test_ad_ties_and_their_neighbours_round_as_c_does() -> None:
    engine, recorder = recorded(AD, np.uint8, in_scale=1.0, in_zero=128)
    halves = np.arange(-100, 100, dtype=np.float32) + np.float32(0.5)
    around = np.concatenate(
        [halves, np.nextafter(halves, np.float32(np.inf)), np.nextafter(halves, np.float32(-1e9))]
    )
    engine.infer(np.resize(around, 640).astype("<f4").tobytes())
    expected = [c_round(value) + 128 for value in np.resize(around, 640)]
    assert recorder.received.ravel().tolist() == expected


def test_ad_floats_go_into_a_float_model_as_they_are_and_its_floats_are_compared() -> None:
    engine, recorder = recorded(AD, np.float32, np.float32)
    window = ad_window(4)
    recorder.output = (window + np.float32(0.5)).reshape(1, 640)
    total = np.float32(0)
    for error in recorder.output.ravel() - window:
        total += error * error
    assert engine.infer(window.tobytes()) == (float(total / np.float32(640)),)
    assert recorder.received.tobytes() == window.tobytes()


@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0, 1e4]))
def test_the_running_sum_equals_a_float32_loop(seed: int, spread: float) -> None:
    values = (np.random.default_rng(seed).normal(0, spread, 640) ** 2).astype(np.float32)
    total = np.float32(0)
    for value in values:
        total += value
    assert np.add.accumulate(values, out=values)[-1] == total


@pytest.mark.parametrize(
    ("dtype", "zero", "expected"),
    [(np.int8, -128, (0.0, 0.99609375)), (np.uint8, 0, (0.0, 0.99609375))],
    ids=["int8", "uint8"],
)
def test_outputs_are_dequantised(dtype: Any, zero: int, expected: tuple[float, float]) -> None:
    engine, recorder = recorded(VWW, np.int8, dtype, zero=zero)
    limits = np.iinfo(dtype)
    recorder.output = np.array([[limits.min, limits.max]], dtype)
    assert engine.infer(bytes(VWW.input_bytes)) == expected


def test_float_outputs_are_given_unrounded() -> None:
    engine, recorder = recorded(VWW, np.float32, np.float32)
    recorder.output = np.array([[0.1, 0.9]], np.float32)
    assert engine.infer(bytes(VWW.input_bytes)) == (float(np.float32(0.1)), float(np.float32(0.9)))


@pytest.mark.parametrize(
    ("task", "in_type"), [(KWS, np.uint8), (IC, np.int16), (AD, np.int32)], ids=["kws", "ic", "ad"]
)
def test_an_input_type_that_means_nothing_for_the_task_is_refused(task: Task, in_type: Any) -> None:
    with pytest.raises(ModelError, match=rf"m\.tflite is no model for {task.key}"):
        recorded(task, in_type)


def test_a_quantised_tensor_without_a_scale_is_refused() -> None:
    with pytest.raises(ModelError, match="no scale"):
        recorded(KWS, np.int8, scale=0.0)


def test_the_engine_prints_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(builtins, "print")
    Engine.load(demo_model_path(KWS), KWS).infer(bytes(490))
    assert capfd.readouterr() == ("", "")
