"""Finds the small models that come with the program, to try it without hardware or downloads."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from .suite import Task

DEMO_NOTE = "synthetic demonstration model and data, not for submission"
"""Stands beside every figure that a demo model or demo inputs had a part in."""

_FOLDER = Path(__file__).parent / "demo"

_MODEL_IDS = ("vww01", "ic01", "kws01", "ad01")


class DemoError(UsageError):
    """There is no demo model or demo data to be had for this task, or not in this place."""


def demo_model_path(task: Task) -> Path:
    """Returns the path of the demo model of ``task``; ``DemoError`` where there is none."""
    if task.model_id not in _MODEL_IDS:
        raise DemoError(
            f"no demo model for {task.model_id}; there is one for {', '.join(_MODEL_IDS)}. "
            "Name a .tflite file instead"
        )
    return _FOLDER / f"{task.model_id}_demo_int8.tflite"
