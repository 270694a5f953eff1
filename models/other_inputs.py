"""Inputs of another kind under an official model id, as the open division allows them.

A submitter of the open division may make his own features of the same files: kws01 with floats,
with filter-bank energies, with the samples themselves. What changes is what an input's bytes are:

    float32          as many numbers as the official input has, of this type
    int16:32000      numbers of this type in so many bytes
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from .custom_task import check_input_bytes
from .suite import ALL_TASKS, InputFormat, Task


@dataclass(frozen=True, slots=True)
class InputKind:
    """Is the type of an input's numbers, and its bytes where those are not as many as usual."""

    input_format: InputFormat
    input_bytes: int | None = None

    @classmethod
    def parse(cls, text: str) -> InputKind:
        """Reads `float32` or `int16:32000`; ValueError says what was expected."""
        name, colon, size = text.partition(":")
        known = {kind.value: kind for kind in InputFormat}
        if name not in known:
            raise ValueError(
                f"expected {', '.join(known)}, and its bytes where they are not as many numbers as "
                f"the official input has, such as int16:32000; got {text!r}"
            )
        if not colon:
            return cls(known[name])
        if not (size.isascii() and size.isdigit() and len(size) <= 9):
            raise ValueError(f"expected a number of bytes behind the colon, got {text!r}")
        check_input_bytes(int(size), known[name])
        return cls(known[name], int(size))

    @classmethod
    def of(cls, task: Task) -> InputKind:
        """Returns the kind of a task's inputs."""
        return cls(task.input_format, task.input_bytes)

    def __str__(self) -> str:
        size = "" if self.input_bytes is None else f":{self.input_bytes}"
        return self.input_format.value + size


def with_inputs(task: Task, kind: InputKind) -> Task:
    """Returns an official task that takes such inputs; ValueError where it has no such thing."""
    numbers = task.input_bytes // task.input_format.item_bytes
    item_bytes = kind.input_format.item_bytes
    input_bytes = numbers * item_bytes if kind.input_bytes is None else kind.input_bytes
    if (kind.input_format, input_bytes) == (task.input_format, task.input_bytes):
        return task
    count = input_bytes // item_bytes
    if task.stride_bytes is not None and count != numbers:
        raise ValueError(
            f"an input of {task.key} is a window of {numbers} numbers of a longer file; their type "
            "can be another one, their number cannot"
        )
    of_numbers = task.input_format.item_bytes
    return replace(
        task,
        input_format=kind.input_format,
        input_shape=task.input_shape if count == numbers else (count,),
        input_bytes=input_bytes,
        file_bytes=(
            input_bytes if task.stride_bytes is None else task.file_bytes // of_numbers * item_bytes
        ),
        stride_bytes=(
            None if task.stride_bytes is None else task.stride_bytes // of_numbers * item_bytes
        ),
        float_scale=task.float_scale if kind.input_format is task.input_format else None,
        inputs_as_defined=False,
    )


def kind_by_size(task: Task, sizes: Collection[int]) -> InputKind | None:
    """Returns what files of these sizes most likely hold; None where nothing can be said.

    All are of one size, and a file is an input. As many numbers as the official input has, of a
    larger type, are that type; of any other size they are taken for numbers of the official one.
    """
    if task.stride_bytes is not None or len(set(sizes)) != 1:
        return None
    (size,) = set(sizes)
    numbers = task.input_bytes // task.input_format.item_bytes
    if size == task.file_bytes or size < 1:
        return None
    for larger in (InputFormat.FLOAT32_LE, InputFormat.INT16_LE):
        if size == numbers * larger.item_bytes:
            return InputKind(larger, size)
    try:
        check_input_bytes(size, task.input_format)
    except ValueError:
        return None
    return InputKind(task.input_format, size)


def describe_inputs(task: Task) -> str:
    """Says what a task's inputs are and what the official ones would be."""
    official = ALL_TASKS[task.key]
    return (
        f"its inputs are {task.input_format.value}, {task.input_bytes} bytes each, where the "
        f"official ones are {official.input_format.value}, {official.input_bytes} bytes"
    )
