"""Inputs of another kind under an official model id."""

from __future__ import annotations

import pytest
from tinyrunner.models.other_inputs import InputKind, describe_inputs, kind_by_size, with_inputs
from tinyrunner.models.suite import AD, IC, KWS, TASKS, VWW, InputFormat


@pytest.mark.parametrize(
    ("task", "text", "expected"),
    [
        (KWS, "float32", (1960, (49, 10, 1), None, 1960)),
        (KWS, "int8:1960", (1960, (1960,), None, 1960)),
        (KWS, "int16:32000", (32000, (16000,), None, 32000)),
        (VWW, "int8", (27648, (96, 96, 3), None, 27648)),
        (VWW, "uint8:9216", (9216, (9216,), None, 9216)),
        (IC, "float32", (12288, (32, 32, 3), None, 12288)),
        (AD, "int8", (640, (640,), 128, 25600)),
        (AD, "int16", (1280, (640,), 256, 51200)),
    ],
)
def test_a_task_takes_another_kind_of_inputs(task, text, expected):
    made = with_inputs(task, InputKind.parse(text))
    assert (made.input_bytes, made.input_shape, made.stride_bytes, made.file_bytes) == expected
    assert made.input_format.value == text.partition(":")[0]
    assert made.official
    assert not made.inputs_as_defined
    assert made.windows_per_file == task.windows_per_file
    assert (made.key, made.model_id, made.score_count, made.target) == (
        task.key, task.model_id, task.score_count, task.target,
    )  # fmt: skip
    assert with_inputs(task, InputKind.parse(str(InputKind.of(made)))) == made


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_official_kind_is_the_official_task(task):
    assert with_inputs(task, InputKind(task.input_format)) is task
    assert with_inputs(task, InputKind.of(task)) is task


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("float", "expected uint8, int8, int16, float32"),
        ("", "expected uint8"),
        ("float32:", "expected a number of bytes"),
        ("float32:x", "expected a number of bytes"),
        ("float32:-4", "expected a number of bytes"),
        ("float32:1961", "multiple of 4"),
        ("int16:3", "multiple of 2"),
        ("int8:0", "expected 1 to"),
    ],
)
def test_what_is_no_kind_of_inputs_is_refused(text, expected):
    with pytest.raises(ValueError, match=expected):
        InputKind.parse(text)


def test_the_windows_of_ad_have_their_number_of_numbers():
    with pytest.raises(ValueError, match="a window of 640 numbers"):
        with_inputs(AD, InputKind.parse("float32:5120"))


@pytest.mark.parametrize(
    ("task", "sizes", "expected"),
    [
        (KWS, [1960] * 5, InputKind(InputFormat.FLOAT32_LE, 1960)),
        (KWS, [980] * 5, InputKind(InputFormat.INT16_LE, 980)),
        (KWS, [32000], InputKind(InputFormat.INT8, 32000)),
        (VWW, [9216, 9216], InputKind(InputFormat.UINT8, 9216)),
        (KWS, [490, 490], None),
        (KWS, [1960, 1960, 490], None),
        (KWS, [0, 0], None),
        (KWS, [], None),
        (AD, [25600], None),
    ],
)
def test_what_files_hold_is_told_by_a_size_that_all_have(task, sizes, expected):
    assert kind_by_size(task, sizes) == expected


def test_both_kinds_are_described():
    assert describe_inputs(with_inputs(KWS, InputKind.parse("float32"))) == (
        "its inputs are float32, 1960 bytes each, where the official ones are int8, 490 bytes"
    )
