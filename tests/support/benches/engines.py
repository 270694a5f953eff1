"""Whether TensorFlow Lite Micro is installed here, without which its tests are skipped."""

from __future__ import annotations

import os
import platform
import sys
from importlib.util import find_spec

import pytest


def need_tflm() -> None:
    """Skip the test where `tflite-micro` is not installed; fail it in CI."""
    if find_spec("tflite_micro") is not None:
        return
    reason = "tflite-micro is not installed: pip install 'tinyrunner[tflm]'"
    has_wheels = sys.platform == "linux" and platform.machine() == "x86_64"
    if os.environ.get("TINYRUNNER_NEEDS_TOOLS") and has_wheels:
        pytest.fail(f"{reason}, and here it must be")
    pytest.skip(reason)
