"""The rounds of MLPerf Tiny as data: `configs/rounds.yaml`, read strictly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from types import MappingProxyType

import yaml

from ...models.suite import TASKS, Task
from ..terms import Dialect

ROUNDS_FILE = Path(__file__).resolve().parents[2] / "configs" / "rounds.yaml"

_ROUND_KEYS = {
    "dialect",
    "windows",
    "min_window_s",
    "min_inferences",
    "ad_file_counts",
    "targets",
    "other_benchmarks",
    "result_files",
    "session_files",
    "checklists",
    "checker",
}


class RoundsError(ValueError):
    """The file of rounds is wrong, or does not hold the round asked for."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round asks of a session."""

    name: str
    dialect: Dialect
    """In which form the round's submitters publish their logs."""
    windows: int
    min_window_s: float
    min_inferences: int
    ad_file_counts: tuple[int, ...]
    """The lengths of the official ad lists that the round accepts."""
    targets: Mapping[str, float]
    """By task key, as fractions."""
    other_benchmarks: tuple[str, ...]
    """Of the round, but not among the tasks that are run here."""
    result_files: tuple[str, ...]
    """What a mode folder's results are written as, identical to one another."""
    session_files: tuple[str, ...]
    """What else a mode folder has to hold."""
    checklists: tuple[str, ...]
    """Names of the submission checklist: the first is written, all are read."""
    checker: str
    """The commit of mlcommons/tiny whose checker is the round's."""

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
    top = _mapping(path, "the file", data, {"default", "rounds"})
    rounds = _mapping(path, "rounds", top["rounds"], None)
    by_name = {name: _round(path, name, value) for name, value in rounds.items()}
    if top["default"] not in by_name:
        raise RoundsError(f"{path}: default: {top['default']!r} is not one of the rounds")
    return Rounds(str(top["default"]), MappingProxyType(by_name))


def _round(path: Path, name: str, value: object) -> Round:
    row = _mapping(path, name, value, _ROUND_KEYS)
    dialects = {dialect.value: dialect for dialect in Dialect}
    dialect = row["dialect"]
    if not isinstance(dialect, str) or dialect not in dialects:
        raise RoundsError(f"{path}: {name}.dialect: expected one of {', '.join(dialects)}")
    counts = row["ad_file_counts"]
    if not isinstance(counts, list) or not counts:
        raise RoundsError(f"{path}: {name}.ad_file_counts: expected a list of numbers")
    targets = _mapping(path, f"{name}.targets", row["targets"], set(TASKS))
    return Round(
        name=name,
        dialect=dialects[dialect],
        windows=_whole(path, f"{name}.windows", row["windows"]),
        min_window_s=_number(path, f"{name}.min_window_s", row["min_window_s"]),
        min_inferences=_whole(path, f"{name}.min_inferences", row["min_inferences"]),
        ad_file_counts=tuple(_whole(path, f"{name}.ad_file_counts", n) for n in counts),
        # Read-only by its type; a proxy could not be handed to the auditor's processes.
        targets={key: _number(path, f"{name}.targets.{key}", n) for key, n in targets.items()},
        other_benchmarks=_names(path, f"{name}.other_benchmarks", row["other_benchmarks"]),
        result_files=_names(path, f"{name}.result_files", row["result_files"]),
        session_files=_names(path, f"{name}.session_files", row["session_files"]),
        checklists=_names(path, f"{name}.checklists", row["checklists"]),
        checker=str(row["checker"]),
    )


def _names(path: Path, where: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise RoundsError(f"{path}: {where}: expected a list of names, found {value!r}")
    return tuple(value)


def _mapping(path: Path, where: str, value: object, keys: set[str] | None) -> dict[str, object]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise RoundsError(f"{path}: {where}: expected keys and values")
    if keys is not None and set(value) != keys:
        unknown, missing = sorted(set(value) - keys), sorted(keys - set(value))
        wrong = [f"unknown key {key!r}" for key in unknown]
        wrong += [f"missing key {key!r}" for key in missing]
        raise RoundsError(f"{path}: {where}: {'; '.join(wrong)}")
    return value


def _whole(path: Path, where: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise RoundsError(f"{path}: {where}: expected a whole number above 0, found {value!r}")
    return value


def _number(path: Path, where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RoundsError(f"{path}: {where}: expected a number, found {value!r}")
    if not (isfinite(value) and value > 0):
        raise RoundsError(f"{path}: {where}: expected a number above 0, found {value!r}")
    return float(value)
