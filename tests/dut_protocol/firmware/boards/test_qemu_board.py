"""The firmware on an emulated Cortex-M4: the shared dialogues, and the models' arithmetic."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import numpy as np
import pytest
from support.devices.device_dialogues import (
    BANNER,
    ENERGY_BANNER,
    SHARED,
    Dialogue,
    R,
    answers,
)
from support.devices.extension_dialogues import EXTENSION_DIALOGUES
from support.firmware.device import hold
from support.firmware.dialogues import STRICT, load_commands
from support.firmware.qemu_board import BoardTalk, EmulatedBoard, firmware_image, load_by_blocks
from support.reference import reference_path
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import AD, KWS, VWW, Task


def image(task: Task, *make: str):
    return firmware_image(task, demo_model_path(task), *make)


def named(table):
    return {"argvalues": table, "ids": [dialogue.name for dialogue in table]}


Running = tuple[EmulatedBoard, BoardTalk]


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    with EmulatedBoard(image(KWS)) as board, BoardTalk(board) as device:
        assert answers(BANNER, device.answer(1))
        yield board, device


@pytest.fixture
def reset(running: Running) -> BoardTalk:
    """The board after a reset, which takes a tenth of what an emulator takes to begin."""
    board, device = running
    device.forget()
    board.reset()
    assert answers(BANNER, device.answer(1))
    return device


@pytest.mark.parametrize("dialogue", **named(SHARED))
def test_the_board_answers_as_the_table_says(reset: BoardTalk, dialogue: Dialogue):
    hold(reset, dialogue)


@pytest.mark.parametrize("dialogue", **named(SHARED[:20]))
def test_the_board_answers_so_byte_by_byte(reset: BoardTalk, dialogue: Dialogue):
    hold(reset, dialogue, slowly=True)


# A load of the whole buffer is that of an image, below.
OF_THE_LIBRARY = [
    dialogue
    for dialogue in (*STRICT, *EXTENSION_DIALOGUES)
    if dialogue.name != "extension: a load of the whole buffer"
]


@pytest.mark.parametrize("dialogue", **named(OF_THE_LIBRARY))
def test_the_board_answers_as_the_library_on_the_host(reset: BoardTalk, dialogue: Dialogue):
    hold(reset, dialogue)


def test_energy_firmware_says_so_and_no_laps():
    with EmulatedBoard(image(KWS, "MODE=energy")) as board, BoardTalk(board) as device:
        assert device.answer(1) == ENERGY_BANNER
        for command in load_commands(bytes(490)):
            device.ask(command)
        answer = device.ask(b"infer 2 1%timestamp%") + device.answer(1)
        assert b"m-results-[" in answer
        assert b"m-lap-us" not in answer


def test_it_reboots_into_the_same_state(running: Running):
    board, device = running
    nothing = b"m-results-[" + b"0.000," * 11 + b"0.000]\r\n" + R
    for _ in range(2):
        device.forget()
        board.reset()
        assert answers(BANNER, device.answer(1))
        assert device.ask(b"results%") == nothing
        device.ask(b"infer 1 0%")
        assert device.ask(b"results%") != nothing


# ---- scores ------------------------------------------------------------------------------------


def scores_of(device: BoardTalk, data: bytes) -> tuple[float, ...]:
    load_by_blocks(device, data)
    said = re.search(rb"m-results-\[([0-9.,]+)\]", device.ask(b"infer 1 0%"))
    assert said is not None
    return tuple(map(float, said[1].split(b",")))


def windows(count: int) -> list[bytes]:
    """Inputs of ad: some as sound is, some far outside of what the model has seen."""
    source = np.random.default_rng(7)
    made = [source.normal(-35, 15, 640) for _ in range(count - 2)]
    made += [source.normal(0, 1e4, 640), np.zeros(640)]
    return [struct.pack("<640f", *values) for values in made]


def test_ad_scores_are_the_host_engines_to_one_unit_of_the_third_decimal():
    """The reference model's; test_qemu_board_runs has the demo's."""
    path = reference_path("models", "ad01_int8.tflite")
    engine = Engine.load(path, AD)
    with EmulatedBoard(firmware_image(AD, path), options=()) as board, BoardTalk(board) as device:
        device.answer(1)
        for data in windows(5):
            (score,), (expected,) = scores_of(device, data), engine.infer(data)
            assert score == pytest.approx(expected, rel=1e-6, abs=0.001)


@pytest.mark.parametrize("which", ["demo", "reference"])
def test_kws_scores_are_the_host_engines_exactly(which: str):
    path = (
        demo_model_path(KWS)
        if which == "demo"
        else reference_path("models", "kws_ref_model.tflite")
    )
    engine = Engine.load(path, KWS)
    source = np.random.default_rng(8)
    with EmulatedBoard(firmware_image(KWS, path), options=()) as board, BoardTalk(board) as device:
        device.answer(1)
        for _ in range(4):
            data = source.normal(83, 30, 490).clip(-128, 127).astype(np.int8).tobytes()
            expected = tuple(float(f"{score:.3f}") for score in engine.infer(data))
            assert scores_of(device, data) == expected


def test_a_vww_image_is_inferred_from_its_unsigned_bytes():
    data = np.random.default_rng(9).integers(0, 256, 27648, np.uint8).tobytes()
    expected = Engine.load(demo_model_path(VWW), VWW).infer(data)
    with EmulatedBoard(image(VWW), options=()) as board, BoardTalk(board) as device:
        device.answer(1)
        assert scores_of(device, data) == tuple(float(f"{score:.3f}") for score in expected)
