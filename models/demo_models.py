"""Finds the small models that come with the program, to try it without hardware or downloads."""

from __future__ import annotations

from pathlib import Path

from ..errors import UsageError
from .suite import Task

DEMO_NOTE = "synthetic demonstration model and data, not for submission"
"""Stands beside every figure that a demo model or demo inputs had a part in."""

_FOLDER = Path(__file__).parent / "demo"

DEMO_SHA256 = {
    "vww01": "0b97d19dd2145ab9d2006c4541a8a61d3959f3477691801b9c41a23ecc95b2ad",
    "ic01": "a1e392f5dcb54a91698f002c4207fe8e60bc3176727f74a558222671bc7302d2",
    "kws01": "9852ae62a0effc49f8eec709a8f9a96611b95a68937a731c67ec24f9051f1d5f",
    "ad01": "a3e96f56edf2f1928c4eb4457d3411e0e3d09a562ca11cc2cb62f25600307dc6",
    "sww01": "4eb53ba1d7cb78319695eb45427729837dee39aa2f19245e90f9b8cd743bd534",
}
"""The hash of each, by model id: these files are known to run."""


class DemoError(UsageError):
    """There is no demo model or demo data to be had for this task, or not in this place."""


def demo_model_path(task: Task) -> Path:
    """Returns the path of the demo model of ``task``; ``DemoError`` where there is none."""
    if task.data.model_id not in DEMO_SHA256:
        raise DemoError(
            f"no demo model for {task.data.model_id}; there is one for {', '.join(DEMO_SHA256)}. "
            "Name a .tflite file instead"
        )
    return _FOLDER / f"{task.data.model_id}_demo_int8.tflite"
