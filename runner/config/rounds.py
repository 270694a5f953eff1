"""The rounds of MLPerf Tiny as data: `configs/rounds.yaml`, which comes with the package.

A test reads the file strictly, with pydantic. A program does not, for every command that judges a
session needs the rounds, and importing pydantic takes as long as scoring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from ...errors import UsageError, closest
from ...models.suite import TASKS, Task
from ..terms import Dialect

ROUNDS_FILE = Path(__file__).resolve().parents[2] / "configs" / "rounds.yaml"


class RoundsError(UsageError, ValueError):
    """Says that the file of rounds is wrong, or does not hold the round asked for."""


@dataclass(frozen=True, slots=True)
class Round:
    """Says what one round asks of a session."""

    name: str
    dialect: Dialect
    """The form in which the round's submitters publish their logs."""
    windows: int
    min_window_s: float
    min_inferences: int
    ad_file_counts: tuple[int, ...]
    """The lengths of the official ad lists that the round accepts."""
    targets: Mapping[str, float]
    """The targets by task key, as fractions."""
    other_benchmarks: tuple[str, ...]
    """Benchmarks of the round that are not among the tasks that are run here."""
    result_files: tuple[str, ...]
    """The names under which a mode folder's results are written, identical to one another."""
    session_files: tuple[str, ...]
    """The other files that a mode folder has to hold; `{mode}` in a name stands for the mode's."""
    checklists: tuple[str, ...]
    """Names of the submission checklist: the first is written, all are read."""
    asks: tuple[str, ...]
    """What is mandatory beside logs and scripts, of results, checklist and hookup."""
    checker: str
    """The commit of mlcommons/tiny whose checker is the round's; empty before there was one."""

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """Return the keys of all benchmarks that the round has."""
        return (*TASKS, *self.other_benchmarks)

    def target(self, task: Task) -> float | None:
        """Return what the closed division asks of the task's metric; None where it asks nothing."""
        return self.targets.get(task.key) if task.official else None


@dataclass(frozen=True, slots=True)
class Rounds:
    """Holds all rounds by name, and the one taken where none is named."""

    default: str
    by_name: Mapping[str, Round]

    def get(self, name: str | None = None) -> Round:
        wanted = self.default if name is None else name
        if wanted not in self.by_name:
            raise RoundsError(
                f"no round {wanted!r}{closest(wanted, self.by_name)}; there are "
                + ", ".join(self.by_name)
            )
        return self.by_name[wanted]

    def having(self, *benchmarks: str) -> Round:
        """Return the default round where it has all these benchmarks, else the first that has."""
        every = [self.get(), *self.by_name.values()]
        return next((one for one in every if set(benchmarks) <= set(one.benchmarks)), every[0])

    @property
    def buildable(self) -> tuple[str, ...]:
        """Return the rounds that trees are made for; older ones are only read."""
        return tuple(name for name, round_ in self.by_name.items() if round_.checker)


def load_rounds() -> Rounds:
    """Read the rounds that come with the package; RoundsError where the file was spoilt."""
    try:
        return _parsed(ROUNDS_FILE.read_bytes())
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise RoundsError(f"{ROUNDS_FILE}: {error}; install tinyrunner anew") from error


@lru_cache(maxsize=4)
def _parsed(content: bytes) -> Rounds:
    """Read the rounds once a process: reading a log takes a tenth of the time."""
    data = yaml.load(content, _LOADER)
    rounds = {name: _round(name, row) for name, row in data["rounds"].items()}
    return Rounds(data["default"], MappingProxyType(rounds))


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""That of libyaml where PyYAML was built with it, which is some ten times as fast."""


def _round(name: str, row: dict[str, Any]) -> Round:
    lists = {key: tuple(value) for key, value in row.items() if isinstance(value, list)}
    named = {
        "name": name,
        "dialect": Dialect(row["dialect"]),
        "targets": dict(row["targets"]),
    }
    return Round(**(row | lists | named))
