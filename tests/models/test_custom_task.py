"""A task of one's own: its measures, and how the engine feeds its model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tinyrunner.models.custom_task import CUSTOM_NOTE, custom_task
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.model_file import ModelError
from tinyrunner.models.suite import AD, IC, KWS, TASKS, VWW, InputFormat, Metric, Task


def task(**changes: Any) -> Task:
    measures: dict[str, Any] = {
        "model_id": "mynet01",
        "input_format": InputFormat.INT8,
        "input_bytes": 490,
        "classes": 12,
    }
    return custom_task(**measures | changes)


def test_a_custom_task_is_one_input_a_file_judged_by_top_1_without_a_target() -> None:
    made = task()
    assert (made.key, made.model_id, made.metric, made.target) == (
        "custom", "mynet01", Metric.TOP1, None,
    )  # fmt: skip
    assert (made.file_bytes, made.stride_bytes, made.windows_per_file) == (490, None, 1)
    assert (made.score_count, made.class_count, made.input_shape) == (12, 12, (490,))
    assert made.class_names == tuple(str(n) for n in range(12))
    assert not made.official
    assert not made.reconstructs_input
    assert CUSTOM_NOTE in made.title


def test_the_four_tasks_are_official_and_only_ad_gives_its_input_back() -> None:
    assert all(known.official for known in TASKS.values())
    assert [key for key, known in TASKS.items() if known.reconstructs_input] == ["ad"]


def test_the_shape_of_floats_counts_numbers_and_not_bytes() -> None:
    made = task(input_format=InputFormat.FLOAT32_LE, input_bytes=2560)
    assert made.input_shape == (640,)
    made = task(input_format=InputFormat.FLOAT32_LE, input_bytes=2560, shape=(8, 80))
    assert made.input_shape == (8, 80)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"model_id": ""}, "got ''"),
        ({"model_id": "my net"}, "got 'my net'"),
        ({"model_id": "../x"}, "got '../x'"),
        ({"model_id": "x]"}, "got 'x]'"),
        ({"model_id": "x" * 65}, "up to 64"),
        ({"model_id": "KWS01"}, "KWS01 is the model id of kws"),
        ({"input_bytes": 0}, "expected 1 to 16777216, got 0"),
        ({"input_bytes": 1 << 25}, "expected 1 to 16777216"),
        ({"input_bytes": 490, "input_format": InputFormat.FLOAT32_LE}, "multiple of 4"),
        ({"classes": 0}, "expected 1 to 1024, got 0"),
        ({"classes": 1025}, "expected 1 to 1024, got 1025"),
        ({"class_names": ("a",)}, "expected 12 names, one for each class, got 1"),
        ({"classes": 2, "class_names": ("a", "a")}, "'a' is the name of class 0 already"),
        ({"classes": 2, "class_names": ("a", " ")}, "the name of class 1 is ' '"),
        ({"classes": 2, "class_names": ("a", "\x1b[31m")}, "the name of class 1"),
        ({"shape": (49, 11)}, r"multiply to 490, the int8 numbers in 490 bytes, got \[49, 11\]"),
        ({"shape": (-49, -10)}, "multiply to 490"),
        ({"shape": ()}, "multiply to 490"),
    ],
)
def test_measures_that_make_no_task_are_refused(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        task(**changes)


# --- with real models ---------------------------------------------------------------------------


def random_input(made: Task) -> bytes:
    random = np.random.default_rng(3)
    if made.input_format is InputFormat.FLOAT32_LE:
        return random.normal(-20, 12, made.input_bytes // 4).astype("<f4").tobytes()
    return random.bytes(made.input_bytes)


@pytest.mark.parametrize(
    ("official", "changes"),
    [
        (KWS, {}),
        (IC, {"input_format": InputFormat.UINT8, "input_bytes": 3072, "classes": 10}),
        (VWW, {"input_format": InputFormat.UINT8, "input_bytes": 27648, "classes": 2}),
    ],
    ids=["kws", "ic", "vww"],
)
def test_bytes_reach_the_model_as_those_of_an_official_task(
    official: Task, changes: dict[str, Any]
) -> None:
    made = task(**changes)
    path, data = demo_model_path(official), random_input(made)
    assert Engine.load(path, made).infer(data) == Engine.load(path, official).infer(data)


def float_task() -> Task:
    return task(input_format=InputFormat.FLOAT32_LE, input_bytes=2560, classes=640)


def test_floats_are_quantised_by_the_models_own_scale() -> None:
    data = random_input(float_task())
    cleaned = np.array(Engine.load(demo_model_path(AD), float_task()).infer(data), np.float32)
    errors = cleaned - np.frombuffer(data, "<f4")
    total = np.add.accumulate(errors * errors)[-1] / np.float32(640)
    assert Engine.load(demo_model_path(AD), AD).infer(data) == (float(total),)


@pytest.mark.filterwarnings("error")
def test_floats_that_are_none_are_no_reason_to_warn() -> None:
    engine = Engine.load(demo_model_path(AD), float_task())
    for bad in (np.nan, np.inf, -np.inf, np.float32(3e38)):
        window = np.zeros(640, "<f4")
        window[7] = bad
        assert len(engine.infer(window.tobytes())) == 640


@pytest.mark.parametrize(
    ("official", "changes", "expected"),
    [
        (KWS, {"input_bytes": 489}, r"custom: it takes int8\[.*custom takes int8\[1, 489\]"),
        (KWS, {"classes": 11}, r"gives int8\|uint8\|float32\[1, 11\]"),
        (AD, {"input_bytes": 640, "classes": 2}, r"gives int8\[1, 640\].*\[1, 2\]"),
    ],
)
def test_a_model_of_other_measures_is_refused_with_both(
    official: Task, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ModelError, match=expected):
        Engine.load(demo_model_path(official), task(**changes))


# --- with an interpreter that only records ------------------------------------------------------


class Recorder:
    """Stands in for TFLite: keeps the input, gives ``outputs`` zeros."""

    def __init__(self, inputs: int, in_type: Any, outputs: int) -> None:
        self._in = self._details(0, (1, inputs), in_type, (0.5, 3))
        self._out = self._details(9, (1, outputs), np.float32, (0.0, 0))
        self.received: Any = None

    def _details(self, index: int, shape: Any, dtype: Any, quantization: Any) -> dict[str, Any]:
        return {"index": index, "shape": shape, "dtype": dtype, "quantization": quantization}

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self._in]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [self._out]

    def set_tensor(self, index: int, value: Any) -> None:
        assert value.dtype == self._in["dtype"]
        self.received = value.copy().ravel()

    def invoke(self) -> None:
        pass

    def get_tensor(self, index: int) -> Any:
        return np.zeros((1, 2), np.float32)


EVERY_BYTE = bytes(range(256))


def fed(input_format: InputFormat, in_type: Any, data: bytes = EVERY_BYTE) -> Any:
    """What the model gets of ``data``."""
    made = task(input_format=input_format, input_bytes=len(data), classes=2)
    recorder = Recorder(len(data) // input_format.item_bytes, in_type, 2)
    assert Engine.of(made, recorder, b"", "recorder 1", "m.tflite").infer(data) == (0.0, 0.0)
    return recorder.received


@pytest.mark.parametrize(
    ("input_format", "in_type"), [(InputFormat.INT8, np.int8), (InputFormat.UINT8, np.uint8)]
)
def test_bytes_of_the_models_own_type_go_in_as_they_are(
    input_format: InputFormat, in_type: Any
) -> None:
    assert fed(input_format, in_type).tobytes() == EVERY_BYTE


def test_unsigned_bytes_lose_128_for_an_int8_model() -> None:
    assert fed(InputFormat.UINT8, np.int8).tolist() == list(range(-128, 128))


def test_floats_go_into_a_float_model_as_they_are() -> None:
    values = np.array([1.5, -2.0, 1e30, 0.0], "<f4")
    assert fed(InputFormat.FLOAT32_LE, np.float32, values.tobytes()).tolist() == values.tolist()


def test_floats_are_quantised_for_an_integer_model_of_either_type() -> None:
    values = np.array([0.0, 0.25, -0.25, 1.0, 1e9, -1e9], "<f4").tobytes()
    assert fed(InputFormat.FLOAT32_LE, np.int8, values).tolist() == [3, 4, 2, 5, 127, -128]
    assert fed(InputFormat.FLOAT32_LE, np.uint8, values).tolist() == [3, 4, 2, 5, 255, 0]


@pytest.mark.parametrize(
    ("input_format", "in_type"),
    [
        (InputFormat.INT8, np.uint8),
        (InputFormat.INT8, np.float32),
        (InputFormat.UINT8, np.float32),
    ],
)
def test_bytes_that_nobody_said_how_to_convert_are_refused(
    input_format: InputFormat, in_type: Any
) -> None:
    with pytest.raises(ModelError, match="is no model for custom"):
        fed(input_format, in_type)


def test_sixteen_bits_go_into_a_model_of_sixteen_bits_and_come_out_by_its_scale() -> None:
    made = task(input_format=InputFormat.INT16_LE, input_bytes=512, classes=2)
    recorder = Recorder(256, np.int16, 2)
    recorder._out = recorder._details(9, (1, 2), np.int16, (0.25, 0))
    recorder.get_tensor = lambda index: np.array([[-32768, 5]], np.int16)
    engine = Engine.of(made, recorder, b"", "recorder 1", "m.tflite")
    assert engine.infer(bytes(range(256)) * 2) == (-8192.0, 1.25)
    assert recorder.received.tobytes() == bytes(range(256)) * 2


def test_sixteen_bits_are_not_guessed_to_be_anything_else() -> None:
    with pytest.raises(ModelError, match=r"custom takes int16\[1, 256\]"):
        fed(InputFormat.INT16_LE, np.int8, bytes(512))
