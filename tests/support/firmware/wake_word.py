"""What the engine makes of sound, and what a device prints of it."""

from __future__ import annotations

import re

import numpy as np
from support.firmware.host_kernels import skip_with_another_runtime
from support.reference import reference_path
from tinyrunner.datasets.streaming.wake_word import Frame, WakeWordStream
from tinyrunner.models.engine import Engine, int8_answers
from tinyrunner.models.suite import SWW_INFERENCE


def frames_of(samples: np.ndarray) -> list[Frame]:
    """What the engine makes of it, by the program's own rule."""
    model = reference_path("models", "str_ww_ref_model.tflite")
    skip_with_another_runtime()
    stream = WakeWordStream(int8_answers(Engine.load(model, SWW_INFERENCE)))
    return list(stream.hear(samples))


def numbers(text: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"-?\d+", text)]
