"""Inputs and models for the speed measurements: the reference data where it is, else generated."""

from __future__ import annotations

import os
import random
from pathlib import Path

from tinyrunner.datasets.demo.demo_dataset import generate, label_list
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import AD, KWS, Task

OFFICIAL_AD_FILES = 248


def reference(*parts: str) -> Path | None:
    """A piece of the reference data, None where there is none."""
    override = os.environ.get("TINYRUNNER_REFERENCE")
    root = Path(override) if override else Path(__file__).parents[4] / "shared" / "reference"
    path = root.joinpath(*parts)
    return path if path.exists() else None


def kws_model() -> Path:
    return reference("models", "kws_ref_model.tflite") or demo_model_path(KWS)


def ad_model() -> Path | None:
    return reference("models", "ad01_int8.tflite")


def kws_root(folder: Path, count: int) -> Path:
    """The root of the official kws inputs, or of ``count`` generated ones in ``folder``."""
    if found := reference("datasets", "kws01", "tst_000000_Stop_7.bin"):
        return found.parents[1]
    return demo_kws_root(folder, count)


def demo_kws_root(folder: Path, count: int) -> Path:
    """A data-set root with ``count`` generated kws inputs."""
    inputs = generate(KWS, count=count)
    target = _task_folder(folder, KWS)
    for item in inputs:
        (target / item.name).write_bytes(item.data)
    (target / "y_labels.csv").write_bytes(label_list(KWS, inputs))
    return folder


def ad_root(folder: Path, count: int = OFFICIAL_AD_FILES) -> Path:
    """A data-set root with ``count`` ad files of random floats, named like the official ones."""
    target = _task_folder(folder, AD)
    source = random.Random(20)
    rows = []
    for index in range(count):
        label = index % 2
        name = f"{('normal', 'anomaly')[label]}_id_01_{index:08d}_hist_librosa.bin"
        # Any four bytes whose top one is 0x40 or 0x41 are a float between 2 and 32.
        data = bytearray(source.randbytes(AD.file_bytes))
        data[3::4] = bytes(0x40 + (byte & 1) for byte in data[3::4])
        (target / name).write_bytes(data)
        rows.append(f"{name},2,{label},{AD.input_bytes},{AD.stride_bytes}\n")
    (target / "y_labels.csv").write_text("".join(rows))
    return folder


def _task_folder(folder: Path, task: Task) -> Path:
    target = folder / task.model_id
    target.mkdir(parents=True)
    return target
