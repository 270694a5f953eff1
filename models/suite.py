"""The four MLPerf Tiny tasks: what goes over the wire, what comes back, how it is judged.

Source: the MLPerf Tiny rules and the published label lists. Sizes are bytes as sent by
``db``; a file of the ad task holds many overlapping windows, of the others exactly one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Metric(Enum):
    """The figure that a task's accuracy target is set in."""

    TOP1 = "Top-1"
    AUC = "AUC"


class InputFormat(Enum):
    """What the bytes of one input mean."""

    PIXELS_U8 = "RGB pixels, one unsigned byte a channel"
    INT8 = "int8 values, already quantised"
    FLOAT32_LE = "32-bit little-endian floats"


@dataclass(frozen=True, slots=True)
class Task:
    """One benchmark of the suite. ``target`` is a fraction (0.9 is 90 %)."""

    key: str
    title: str
    model_id: str
    input_format: InputFormat
    input_shape: tuple[int, ...]
    input_bytes: int
    """Bytes of one load, which is what one inference takes."""
    score_count: int
    """Numbers in ``m-results``: one per class, or the one error of ad."""
    class_count: int
    """The `classes` column of the label list."""
    class_names: tuple[str, ...]
    metric: Metric
    target: float
    file_bytes: int
    stride_bytes: int | None = None
    """Distance between the windows of one file; None where a file is one input."""

    @property
    def windows_per_file(self) -> int:
        if self.stride_bytes is None:
            return 1
        return (self.file_bytes - self.input_bytes) // self.stride_bytes + 1


VWW = Task(
    key="vww",
    title="visual wake words",
    model_id="vww01",
    input_format=InputFormat.PIXELS_U8,
    input_shape=(96, 96, 3),
    input_bytes=27648,
    score_count=2,
    class_count=2,
    class_names=("non-person", "person"),
    metric=Metric.TOP1,
    target=0.80,
    file_bytes=27648,
)

IC = Task(
    key="ic",
    title="image classification",
    model_id="ic01",
    input_format=InputFormat.PIXELS_U8,
    input_shape=(32, 32, 3),
    input_bytes=3072,
    score_count=10,
    class_count=10,
    class_names=(
        "airplane", "automobile", "bird", "cat", "deer",
        "dog", "frog", "horse", "ship", "truck",
    ),
    metric=Metric.TOP1,
    target=0.85,
    file_bytes=3072,
)  # fmt: skip

KWS = Task(
    key="kws",
    title="keyword spotting",
    model_id="kws01",
    input_format=InputFormat.INT8,
    input_shape=(49, 10, 1),
    input_bytes=490,
    score_count=12,
    class_count=12,
    class_names=(
        "Down", "Go", "Left", "No", "Off", "On",
        "Right", "Stop", "Up", "Yes", "Silence", "Unknown",
    ),
    metric=Metric.TOP1,
    target=0.90,
    file_bytes=490,
)  # fmt: skip

AD = Task(
    key="ad",
    title="anomaly detection",
    model_id="ad01",
    input_format=InputFormat.FLOAT32_LE,
    input_shape=(640,),
    input_bytes=2560,
    score_count=1,
    class_count=2,
    class_names=("normal", "anomaly"),
    metric=Metric.AUC,
    target=0.85,
    file_bytes=102400,
    stride_bytes=512,
)

TASKS: dict[str, Task] = {task.key: task for task in (VWW, IC, KWS, AD)}
"""By the task's key, in the order of the rules."""

TASKS_BY_MODEL_ID: dict[str, Task] = {task.model_id: task for task in TASKS.values()}
