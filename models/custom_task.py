"""Makes a task for a user's own model and data: any size, any classes, never for submission.

The bytes reach the model as they are: a model that takes the other integer type gets uint8 less
128, a quantised model gets floats by its own scale and zero point, and a float model takes floats.

A model with one output (a regression, a reconstruction error, one probability) has no Top-1. Where
its label list has labels 0 and 1, the output is judged by AUC: how well it tells the two apart.
"""

from __future__ import annotations

import math
import re

from .suite import TASKS_BY_MODEL_ID, InputFormat, Metric, Task

CUSTOM_KEY = "custom"

CUSTOM_NOTE = "a model and data of one's own, never valid for submission"
"""Stands beside every figure of a custom task."""

MAX_INPUT_BYTES = 1 << 24
"""16 MiB, more than any microcontroller holds: a guard against a slip of the pen."""

_LABELS_OF_ONE_OUTPUT = 2
"""A list may have 0 and 1 for it, and then the output says how much an input is a 1."""

MAX_CLASSES = 1024
"""A device prints its scores in one line, of which the host reads 16 KiB: 16 characters each."""

_MODEL_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?")


def custom_task(
    *,
    model_id: str,
    input_format: InputFormat,
    input_bytes: int,
    classes: int,
    class_names: tuple[str, ...] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Task:
    """Returns the task of these measures; ValueError names what does not fit."""
    check_model_id(model_id)
    check_input_bytes(input_bytes, input_format)
    check_classes(classes)
    labels = max(classes, _LABELS_OF_ONE_OUTPUT)
    if class_names is not None:
        check_class_names(class_names, classes)
    if shape is not None:
        check_shape(shape, input_bytes, input_format)
    return Task(
        key=CUSTOM_KEY,
        title=f"{model_id}, {CUSTOM_NOTE}",
        model_id=model_id,
        input_format=input_format,
        input_shape=shape or (input_bytes // input_format.item_bytes,),
        input_bytes=input_bytes,
        score_count=classes,
        class_count=labels,
        class_names=class_names or tuple(map(str, range(labels))),
        metric=Metric.AUC if classes == 1 else Metric.TOP1,
        target=None,
        file_bytes=input_bytes,
        official=False,
    )


def check_model_id(model_id: str) -> None:
    """Refuses an id that cannot name a folder, or stand in brackets on the wire."""
    if not _MODEL_ID.fullmatch(model_id):
        raise ValueError(
            f"expected up to 64 letters, digits, '.', '_' or '-' such as mynet01, got {model_id!r}"
        )
    official = TASKS_BY_MODEL_ID.get(model_id.casefold())
    if official is not None:
        raise ValueError(
            f"{model_id} is the model id of {official.key}; choose another. Inputs of another kind "
            f"for {official.key} itself: run {official.key} with --division open --input-format "
            "float32 (or another type; input_formats in this file)"
        )


def check_input_bytes(input_bytes: int, input_format: InputFormat) -> None:
    """Refuses a size that is no whole number of the input's type, or endless."""
    if not 1 <= input_bytes <= MAX_INPUT_BYTES:
        raise ValueError(f"expected 1 to {MAX_INPUT_BYTES}, got {input_bytes}")
    if input_bytes % input_format.item_bytes:
        raise ValueError(
            f"expected a multiple of {input_format.item_bytes}, for the input is "
            f"{input_format.value}, got {input_bytes}"
        )


def check_classes(classes: int) -> None:
    """Refuses none, and more than fit on a line."""
    if not 1 <= classes <= MAX_CLASSES:
        raise ValueError(f"expected 1 to {MAX_CLASSES}, got {classes}")


def check_class_names(class_names: tuple[str, ...], classes: int) -> None:
    """Refuses names that are not one for each class, all different."""
    if classes == 1:
        classes = _LABELS_OF_ONE_OUTPUT
    if len(class_names) != classes:
        raise ValueError(f"expected {classes} names, one for each class, got {len(class_names)}")
    for number, name in enumerate(class_names):
        if not name.strip() or not name.isprintable():
            raise ValueError(f"the name of class {number} is {name!r}; expected printable text")
        if name in class_names[:number]:
            raise ValueError(f"{name!r} is the name of class {class_names.index(name)} already")


def check_shape(shape: tuple[int, ...], input_bytes: int, input_format: InputFormat) -> None:
    """Refuses a shape of more or fewer numbers than the input holds."""
    numbers = input_bytes // input_format.item_bytes
    if not shape or min(shape) < 1 or math.prod(shape) != numbers:
        raise ValueError(
            f"expected lengths that multiply to {numbers}, the {input_format.value} numbers in "
            f"{input_bytes} bytes, got {list(shape)}"
        )
