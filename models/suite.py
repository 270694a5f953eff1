"""Defines the MLPerf Tiny tasks: what goes over the wire, what comes back, what it is worth.

The source is the MLPerf Tiny rules and the published label lists. Sizes are bytes as sent by
``db``; a file of the ad task holds many overlapping windows, of the others exactly one. The
streaming task has no inputs over the wire: a board plays sound to the device.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Metric(Enum):
    """Names the figure that a task's accuracy target is set in."""

    TOP1 = "Top-1"
    AUC = "AUC"


class InputFormat(Enum):
    """Says what the bytes of one input are."""

    UINT8 = "uint8"
    """Such as the channels of RGB pixels."""
    INT8 = "int8"
    """Quantised already."""
    INT16_LE = "int16"
    """Little-endian, such as samples of sound."""
    FLOAT32_LE = "float32"
    """Little-endian."""

    @property
    def item_bytes(self) -> int:
        """Returns the bytes of one number."""
        match self:
            case InputFormat.FLOAT32_LE:
                return 4
            case InputFormat.INT16_LE:
                return 2
            case _:
                return 1


@dataclass(frozen=True, slots=True)
class FloatScale:
    """Says what a byte stands for where a model wants floats: (byte - zero point) * scale."""

    scale: float
    zero_point: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """A task is one benchmark of the suite, or a user's own (see ``custom_task``)."""

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
    target: float | None
    """A fraction (0.9 is 90 %); None where nobody has set one."""
    file_bytes: int
    stride_bytes: int | None = None
    """Distance between the windows of one file; None where a file is one input."""
    float_scale: FloatScale | None = None
    """How a float model takes the bytes; None where they are floats, or nobody has said."""
    reconstructs_input: bool = False
    """The model gives back its input, cleaned, and the one score is how far it is off."""
    official: bool = True
    """Whether it is of the suite: results of any other are never valid for submission."""
    inputs_as_defined: bool = True
    """Whether the inputs are those that the rules define; others are for the open division."""
    base: Task | None = None
    """The task whose inputs and label lists it takes, and beside whose results it has to stand."""

    @property
    def data(self) -> Task:
        """Returns the task that its inputs and label lists are called after."""
        return self if self.base is None else self.base

    @property
    def windows_per_file(self) -> int:
        if self.stride_bytes is None:
            return 1
        return (self.file_bytes - self.input_bytes) // self.stride_bytes + 1


VWW = Task(
    key="vww",
    title="visual wake words",
    model_id="vww01",
    input_format=InputFormat.UINT8,
    input_shape=(96, 96, 3),
    input_bytes=27648,
    score_count=2,
    class_count=2,
    class_names=("non-person", "person"),
    metric=Metric.TOP1,
    target=0.80,
    file_bytes=27648,
    float_scale=FloatScale(1 / 255),  # as the reference's training script rescales
)

IC = Task(
    key="ic",
    title="image classification",
    model_id="ic01",
    input_format=InputFormat.UINT8,
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
    float_scale=FloatScale(1.0),  # the reference's training script feeds 0 to 255
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
    float_scale=FloatScale(0.5847029089927673, 83),  # how the official inputs were quantised
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
    reconstructs_input=True,
)

IC2 = replace(
    IC,
    key="ic2",
    title="image classification, larger model",
    model_id="ic02",
    target=0.91,
    base=IC,
)

TASKS: dict[str, Task] = {task.key: task for task in (VWW, IC, KWS, AD)}
"""The four of every round, by the task's key, in the order of the rules."""

ALL_TASKS: dict[str, Task] = TASKS | {IC2.key: IC2}
"""Those, and what later rounds have beside them."""

TASKS_BY_MODEL_ID: dict[str, Task] = {task.model_id: task for task in ALL_TASKS.values()}


@dataclass(frozen=True, slots=True)
class StreamingTask:
    """A streaming task has a device that listens while a board plays a recording to it.

    Its accuracy is which words of the recording were detected, and when; all of it comes of one
    run. Source: the rules' section on sww, MLCommons' checker and reference firmware.
    """

    key: str
    title: str
    model_id: str
    model_ids: frozenset[str]
    """What firmware calls it, in small letters."""
    frame_s: float
    """The sound between two inferences, in seconds."""
    threshold: int
    """The int8 of the word's class above which a device detects it."""
    words: int
    """How many words the round's recording holds."""
    max_false: int
    """The most false positives, and the most false negatives, of the closed division."""


SWW = StreamingTask(
    key="sww",
    title="streaming wake word",
    model_id="sww01",
    model_ids=frozenset({"sww01", "strww01"}),  # the header of the reference's API has the second
    frame_s=512 / 16_000,
    threshold=115,
    words=50,
    max_false=8,
)

STREAMING_TASKS: dict[str, StreamingTask] = {SWW.key: SWW}
"""By the task's key; a kind of its own, for nothing of it is an input with a label."""

STREAMING_BY_MODEL_ID: dict[str, StreamingTask] = {
    model_id: task for task in STREAMING_TASKS.values() for model_id in task.model_ids
}
"""By every model id that firmware of the task may tell."""

Benchmark = Task | StreamingTask

BENCHMARKS: dict[str, Benchmark] = ALL_TASKS | STREAMING_TASKS
"""Everything that a round can have, by the task's key; what only inputs have is asked of a Task."""

SWW_INFERENCE = Task(
    key="sww",
    title=SWW.title,
    model_id=SWW.model_id,
    input_format=InputFormat.INT8,
    input_shape=(30, 1, 40),
    input_bytes=1200,
    score_count=3,
    class_count=3,
    class_names=("marvin", "silence", "other"),
    metric=Metric.TOP1,
    target=None,
    file_bytes=1200,
)
"""What its model takes and gives: 30 frames of 40 features, the oldest first. No task to be run."""
