"""The streaming wake word on the emulated Cortex-M4: the engine's activations, frame by frame."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.firmware.qemu_board import BoardTalk, EmulatedBoard, firmware_image, load_by_blocks
from support.firmware.wake_word import frames_of, numbers
from support.reference import reference_path
from tinyrunner.datasets.streaming.sound import Recording
from tinyrunner.runner.commands.prepare.new_port import SWW_FRAMES

HOP = 512
LED0, MISC = 0x00, 0x4C
"""Registers of the pins WW_DETECTED (bit 1) and PROCESSING (bit 0)."""


def board_image(*make: str) -> Path:
    model = reference_path("models", "str_ww_ref_model.tflite")
    return firmware_image(SWW_FRAMES, model, *make)


def hops(first: int, count: int) -> list[np.ndarray]:
    """So many frames of the short clip."""
    recording = Recording.open(reference_path("datasets", "sww01", "short_wav_easy10s.wav"))
    return list(recording.whole()[first * HOP : (first + count) * HOP].reshape(-1, HOP))


def held(device: BoardTalk, sound: list[np.ndarray]) -> None:
    """Features and all three activations of each frame are the engine's."""
    for hop, frame in zip(sound, frames_of(np.concatenate(sound)), strict=True):
        load_by_blocks(device, hop.astype("<i2").tobytes())
        said = device.ask(b"extract_uart_stream%").splitlines()
        assert numbers(said[-3]) == list(frame.features)
        assert numbers(said[-2]) == list(frame.activations)


def test_the_board_detects_what_the_engine_detects_and_moves_its_pins(tmp_path: Path):
    """20 frames with the first word in them; then two of them one by one, after a new start."""
    sound, trace = hops(38, 20), tmp_path / "pins"
    frames = frames_of(np.concatenate(sound))
    options = ("-trace", "mps2_fpgaio_write", "-D", str(trace))
    with EmulatedBoard(board_image(), options=options) as board, BoardTalk(board) as device:
        device.answer(1)
        assert device.ask(b"start%").startswith(
            b"Received command: start\r\nListening for I2S data"
        )
        for hop in sound:
            load_by_blocks(device, hop.astype("<i2").tobytes())
            device.ask(b"frame%")
        said = device.ask(b"stop%")
        pins = trace.read_text("ascii")
        device.ask(b"start%")
        device.ask(b"stop%")
        held(device, sound[12:14])
    assert numbers(said.split(b"activations:")[1].split(b"]")[0]) == [
        frame.activations[0] for frame in frames
    ]
    assert 5 < sum(frame.pulses for frame in frames) < 20
    moves = Counter(re.findall(r"offset (0x\w+) data (0x\w+)", pins))
    # once in `start`, once a frame; the pulses of WW_DETECTED only where the engine has some
    assert moves[hex(MISC), "0x1"] == 1 + len(frames)
    assert moves[hex(LED0), "0x1"] == sum(frame.pulses for frame in frames)


@pytest.mark.slow
def test_the_whole_short_clip_is_the_engines():
    """312 frames."""
    with EmulatedBoard(board_image(), options=()) as board, BoardTalk(board) as device:
        device.answer(1)
        held(device, hops(0, 312))
