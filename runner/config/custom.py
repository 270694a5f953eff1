"""The section `custom` of a configuration: a user's own model and data.

custom:
  model_id: mynet01     # what the firmware says in m-model-[…]
  input: int8           # what the bytes of an input are: int8, uint8, int16 or float32
  input_bytes: 1024
  classes: 5            # 1: a regression, a reconstruction error, one probability
"""

from __future__ import annotations

from pydantic import Field, ValidationInfo, field_validator

from ...models.custom_task import (
    check_class_names,
    check_classes,
    check_input_bytes,
    check_model_id,
    check_shape,
    custom_task,
)
from ...models.suite import InputFormat, Task
from .values import Listed, StrictSection

HOW_TO_WRITE = """\
the task `custom` is described in the configuration (--config FILE), for example:
custom:
  model_id: mynet01
  input: int8
  input_bytes: 1024
  classes: 5"""
"""The advice that is given where the section is wanted and not there."""


class CustomConfig(StrictSection):
    """Says of a user's task what the suite says of its own; each field checked with those above."""

    model_id: str
    """The model id, and the folder of the inputs: `<datasets>/<model_id>/y_labels.csv`."""
    input: InputFormat = Field(strict=False)
    """What the bytes of an input are."""
    input_bytes: int
    """The bytes of one input."""
    classes: int
    """How many scores the device prints; 1: a regression, an error, one probability."""
    class_names: Listed[str] | None = Field(default=None, description="a list of texts")
    """What the classes are called, in order."""
    shape: Listed[int] | None = Field(default=None, description="a list of whole numbers")
    """The shape of one input, where it has more than one dimension."""

    @property
    def task(self) -> Task:
        """Return the task that the section describes."""
        return custom_task(
            model_id=self.model_id,
            input_format=self.input,
            input_bytes=self.input_bytes,
            classes=self.classes,
            class_names=self.class_names,
            shape=self.shape,
        )

    @field_validator("model_id")
    @classmethod
    def _model_id(cls, value: str) -> str:
        check_model_id(value)
        return value

    @field_validator("input_bytes")
    @classmethod
    def _input_bytes(cls, value: int, info: ValidationInfo) -> int:
        if "input" in info.data:  # else its own error is enough
            check_input_bytes(value, info.data["input"])
        return value

    @field_validator("classes")
    @classmethod
    def _classes(cls, value: int) -> int:
        check_classes(value)
        return value

    @field_validator("class_names")
    @classmethod
    def _class_names(
        cls, value: tuple[str, ...] | None, info: ValidationInfo
    ) -> tuple[str, ...] | None:
        if value is not None and "classes" in info.data:
            check_class_names(value, info.data["classes"])
        return value

    @field_validator("shape")
    @classmethod
    def _shape(cls, value: tuple[int, ...] | None, info: ValidationInfo) -> tuple[int, ...] | None:
        if value is not None and {"input", "input_bytes"} <= info.data.keys():
            check_shape(value, info.data["input_bytes"], info.data["input"])
        return value
