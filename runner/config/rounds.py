"""The rounds of MLPerf Tiny as data: `configs/rounds.yaml`, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from ...errors import UsageError
from ...models.suite import TASKS, Task
from ..terms import Dialect
from .explain import explain
from .strict_yaml import Place
from .values import STRICT, Listed

ROUNDS_FILE = Path(__file__).resolve().parents[2] / "configs" / "rounds.yaml"


class RoundsError(UsageError, ValueError):
    """The file of rounds is wrong, or does not hold the round asked for."""


Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_WHOLE, _NAMES = "a whole number above 0", "a list of names"


class _Section(BaseModel):
    model_config = STRICT

    @model_validator(mode="before")
    @classmethod
    def _exactly_its_keys(cls, value: object) -> object:
        if isinstance(value, dict):
            _check_keys(value, {name for name in cls.model_fields if name != "name"})
        return value


class Round(_Section):
    """What one round asks of a session."""

    name: str = ""
    dialect: Dialect = Field(
        strict=False, description=f"one of {', '.join(each.value for each in Dialect)}"
    )
    """In which form the round's submitters publish their logs."""
    windows: int = Field(ge=1, description=_WHOLE)
    min_window_s: float = Field(gt=0, allow_inf_nan=False, description="a number above 0")
    min_inferences: int = Field(ge=1, description=_WHOLE)
    ad_file_counts: Listed[Annotated[int, Field(ge=1)]] = Field(
        min_length=1, description="a list of numbers"
    )
    """The lengths of the official ad lists that the round accepts."""
    targets: Mapping[str, Above0] = Field(description="a number above 0")
    """By task key, as fractions."""
    other_benchmarks: Listed[str] = Field(description=_NAMES)
    """Of the round, but not among the tasks that are run here."""
    result_files: Listed[str] = Field(description=_NAMES)
    """What a mode folder's results are written as, identical to one another."""
    session_files: Listed[str] = Field(description=_NAMES)
    """What else a mode folder has to hold."""
    checklists: Listed[str] = Field(description=_NAMES)
    """Names of the submission checklist: the first is written, all are read."""
    checker: str
    """The commit of mlcommons/tiny whose checker is the round's."""

    @field_validator("targets", mode="before")
    @classmethod
    def _of_every_task(cls, value: object) -> object:
        if isinstance(value, dict):
            _check_keys(value, set(TASKS))
        return value

    def target(self, task: Task) -> float | None:
        """What the closed division asks of the task's metric; nothing of a task of one's own."""
        return self.targets[task.key] if task.official else None


@dataclass(frozen=True, slots=True)
class Rounds:
    """All rounds by name, and the one taken where none is named."""

    default: str
    by_name: Mapping[str, Round]

    def get(self, name: str | None = None) -> Round:
        wanted = self.default if name is None else name
        if wanted not in self.by_name:
            raise RoundsError(f"no round {wanted!r}; known: {', '.join(self.by_name)}")
        return self.by_name[wanted]


def load_rounds(path: Path = ROUNDS_FILE) -> Rounds:
    """The rounds of a YAML file, by default those that come with the package."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise RoundsError(f"{path}: {error}") from error
    try:
        file = _RoundsFile.model_validate(data)
    except ValidationError as error:
        raise RoundsError(explain(error, _RoundsFile, lambda place: _where(path, place))) from error
    by_name = {name: row.model_copy(update={"name": name}) for name, row in file.rounds.items()}
    if file.default not in by_name:
        raise RoundsError(f"{path}: default: {file.default!r} is not one of the rounds")
    return Rounds(file.default, MappingProxyType(by_name))


class _RoundsFile(_Section):
    default: str
    rounds: dict[str, Round]


def _where(path: Path, place: Place) -> str:
    inside = place[1:] if len(place) > 1 else place or ("the file",)
    return f"{path}: {'.'.join(map(str, inside))}"


def _check_keys(section: dict[object, object], keys: set[str]) -> None:
    """ValueError where a section has other keys than these."""
    wrong = [f"unknown key {key!r}" for key in sorted(map(str, section.keys() - keys))]
    wrong += [f"missing key {key!r}" for key in sorted(keys - section.keys())]
    if wrong:
        raise ValueError("; ".join(wrong))
