"""Generated inputs for whole runs: random bytes of the right size, labelled in turn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tinyrunner.models.suite import AD, InputFormat, Task

REFERENCE_MODELS = {
    "vww": "vww_96_int8.tflite",
    "ic": "pretrainedResnet_quant.tflite",
    "kws": "kws_ref_model.tflite",
    "ad": "ad01_int8.tflite",
}


def row(task: Task, name: str, label: int) -> str:
    """A line of `y_labels.csv`."""
    window = f",{task.input_bytes},{task.stride_bytes}" if task.stride_bytes else ""
    return f"{name},{task.class_count},{label}{window}\n"


def input_bytes(task: Task, random: np.random.Generator) -> bytes:
    """The content of one file."""
    if task.input_format is InputFormat.FLOAT32_LE:
        return random.normal(-20.0, 8.0, task.file_bytes // 4).astype("<f4").tobytes()
    return random.bytes(task.file_bytes)


def write_inputs(
    root: Path, task: Task, count: int = 6, seed: int = 1, names: Sequence[str] | None = None
) -> Path:
    """``count`` files and their list under ``root/<model id>``; returns ``root``."""
    folder = root / task.model_id
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    rows = []
    for index in range(count):
        label = index % task.class_count
        name = names[index] if names else f"tst_{index:06d}_{task.class_names[label]}_{label}.bin"
        (folder / name).write_bytes(input_bytes(task, random))
        rows.append(row(task, name, label))
    (folder / "y_labels.csv").write_text("".join(rows))
    return root


def write_listed(root: Path, task: Task, labels: Path) -> Path:
    """Files for every row of a label list, without content that matters; returns ``root``."""
    folder = root / task.model_id
    folder.mkdir(parents=True)
    text = labels.read_text()
    (folder / "y_labels.csv").write_text(text)
    for line in text.splitlines():
        with (folder / line.split(",")[0].strip()).open("wb") as file:
            file.truncate(task.file_bytes)
    return root


AD_WINDOWS = AD.windows_per_file
