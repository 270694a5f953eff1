"""Turns YAML or command-line values into configured ones: paths, tasks, numbers or a word.

Each function takes what was written and returns it in the type of the field, or raises
ValueError saying what was expected; a value of the right type passes through.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo

from ...dut_protocol.wire.settings import check_data_bytes_per_db
from ...errors import closest
from ...models.custom_task import CUSTOM_KEY
from ...models.other_inputs import InputKind
from ...models.suite import BENCHMARKS

MAX_BAUD_RATE = 100_000_000
"""Bits a second: some times what the fastest adapter does."""

_T = TypeVar("_T")
Listed = Annotated[tuple[_T, ...], Field(strict=False)]
"""A list, kept as a tuple; what is in it is as strict as everything."""


class StrictSection(BaseModel):
    """Is a section of a YAML file: frozen, without unknown keys, nothing converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


@dataclass(frozen=True, slots=True)
class PathBase:
    """Is the folder that relative paths start from; None leaves them as they are."""

    folder: Path | None


def to_path(value: object, info: ValidationInfo) -> object:
    """Return a path, `~` expanded, relative to the configuration file."""
    if isinstance(value, str):
        if not value or "\0" in value:
            raise ValueError(f"expected a path, got {value!r}")
        value = Path(value)
    if not isinstance(value, Path):
        raise ValueError(f"expected a path, got {shown(value)}")
    try:
        path = value.expanduser()
    except RuntimeError as error:
        raise ValueError(f"cannot tell whose home folder {str(value)!r} means") from error
    base = info.context.folder if isinstance(info.context, PathBase) else None
    return path if base is None else base / path


def to_path_or_demo(value: object, info: ValidationInfo) -> object:
    """Return a path, or the word demo."""
    return value if value == "demo" or value is None else to_path(value, info)


def to_model(value: object, info: ValidationInfo) -> object:
    """Return a path, or the words demo and reference."""
    return value if value == "reference" else to_path_or_demo(value, info)


MAX_VOLTAGE_V = 3.6
"""What most microcontrollers stand, and no board is run with by a slip."""


def to_max_voltage(value: object) -> object:
    """Accept null for the usual limit: sessions had it where none was given."""
    return MAX_VOLTAGE_V if value is None else value


def to_iterations(value: object) -> object:
    """Return `auto` or a number; a flag's digits count as a number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if value == "auto" or (type(value) is int and value >= 1):
        return value
    raise ValueError(f"expected auto or a whole number of at least 1, got {shown(value)}")


def to_data_bytes_per_db(value: object) -> object:
    """Return 1 to 38, which fits into the device's command buffer; or `auto`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if value == "auto":
        return value
    if type(value) is not int:
        raise ValueError(f"expected auto or a whole number, got {shown(value)}")
    check_data_bytes_per_db(value)
    return value


def to_task_key(value: object) -> object:
    """Return the key of one of the suite's tasks, or `custom`."""
    keys = (*BENCHMARKS, CUSTOM_KEY)
    if value in keys:
        return value
    raise ValueError(f"no such task{closest(str(value), keys)}; tasks are {', '.join(keys)}")


def to_input_kind(value: object) -> object:
    """Take a kind of inputs, such as `float32`."""
    if not isinstance(value, str):
        raise ValueError(f"expected an input format such as float32, got {shown(value)}")
    InputKind.parse(value)
    return value


def shown(value: object) -> str:
    """Return a value as an error shows it: as YAML has it, and not endless."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
