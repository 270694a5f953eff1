"""The reference networks on an emulated Cortex-M4 give what the host's engine gives."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pytest
from support.firmware.qemu_board import BoardTalk, EmulatedBoard, firmware_image, load_by_blocks
from support.reference import reference_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.export.footprint import footprint_of
from tinyrunner.models.export.read_network import read_network
from tinyrunner.models.suite import AD, IC, IC2, KWS, VWW, Task

NETWORKS = {
    IC.key: (IC, "pretrainedResnet_quant.tflite", 200),
    VWW.key: (VWW, "vww_96_int8.tflite", 100),
    KWS.key: (KWS, "kws_ref_model.tflite", 1000),
    AD.key: (AD, "ad01_int8.tflite", 1000),
    IC2.key: (IC2, "pretrainedResnet_large_int8.tflite", 20),
}


def inputs(task: Task, count: int) -> Iterator[bytes]:
    """The reference's for kws; for the others noise of every loudness and brightness."""
    source = np.random.default_rng(17)
    if task is KWS:
        files = sorted(reference_path("datasets", "kws01").glob("*.bin"))
        yield from (path.read_bytes() for path in files[:count])
        return
    for _ in range(count):
        centre, spread = source.uniform(-60, 10), source.uniform(1, 40)
        if task is AD:
            yield source.normal(centre, spread, 640).astype("<f4").tobytes()
        else:
            pixels = source.normal(128 + centre, 2 * spread, task.input_bytes)
            yield pixels.clip(0, 255).astype(np.uint8).tobytes()


def scores_of(device: BoardTalk, data: bytes) -> list[str]:
    load_by_blocks(device, data)
    results = re.search(rb"m-results-\[([0-9.,]+)\]", device.ask(b"infer 1 0%"))
    assert results is not None
    return results[1].decode().split(",")


def compared(task: Task, model_name: str, count: int) -> None:
    """A class's three decimals tell its byte; of ad the error is compared, to three decimals."""
    model = reference_path("models", model_name)
    engine, differing = Engine.load(model, task), []
    with (
        EmulatedBoard(firmware_image(task, model), options=()) as board,
        BoardTalk(board) as device,
    ):
        device.answer(1)
        for number, data in enumerate(inputs(task, count)):
            expected = [f"{score:.3f}" for score in engine.infer(data)]
            if scores_of(device, data) != expected:
                differing.append(number)
    print(f"{task.key}: {number + 1} inputs, {len(differing)} differ")
    assert not differing
    assert number + 1 == count


def test_the_image_classifier_on_the_board_is_the_engines():
    """With its sums of two branches; what else there is, other tests have on the board."""
    task, model, _ = NETWORKS[IC.key]
    compared(task, model, 2)


@pytest.mark.parametrize(("key", "most"), [(IC.key, 3.2), (KWS.key, 5.5)])
def test_a_product_takes_few_instructions(key: str, most: float):
    """Counted by QEMU, 32 ns each of the board's clock: they are the same on every machine."""
    task, model_name, _ = NETWORKS[key]
    model = reference_path("models", model_name)
    board_image, counted = firmware_image(task, model), ("-icount", "shift=5")
    with EmulatedBoard(board_image, options=counted) as board, BoardTalk(board) as device:
        device.answer(1)
        begin_us, end_us = map(int, re.findall(rb"m-lap-us-(\d+)", device.ask(b"infer 1 0%")))
    instructions = (end_us - begin_us) / 0.032
    per_product = instructions / footprint_of(read_network(model)).macs
    print(f"{key}: {per_product:.2f} instructions a product")
    assert 2 < per_product < most


@pytest.mark.slow
@pytest.mark.parametrize("key", NETWORKS)
def test_many_inputs_on_the_board_are_the_engines(key: str):
    compared(*NETWORKS[key])
