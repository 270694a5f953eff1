"""Runs several tasks in several modes: all are checked before the first, and each has its chance.

A cell is one task in one mode. One that fails does not keep the others from being run; what was
measured of it is on disk, as of any run that stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....errors import TinyrunnerError
from ....models.suite import STREAMING_TASKS, Benchmark
from ...bench.use import use_of
from ...config.config import Config
from ...config.effect import Use
from ...errors import RunStopped, SetupError
from ...terms import Mode
from ..outcome import Outcome
from ..progress import Reporter
from ..run import Prepared, prepare_run, run_prepared


@dataclass(frozen=True, slots=True)
class EndedCell:
    """Tells how one task in one mode ended: with a finished session, or by an error."""

    task: Benchmark
    mode: Mode
    outcome: Outcome | None = None
    error: TinyrunnerError | OSError | None = None

    @property
    def name(self) -> str:
        return f"{self.task.key} {self.mode.value}"

    @property
    def interrupted(self) -> bool:
        """Tell whether somebody wanted all of it to end."""
        return isinstance(self.error, RunStopped) and self.error.interrupted


def prepare_cells(
    tasks: Iterable[Benchmark],
    modes: Iterable[Mode],
    config: Config,
    reporter: Reporter,
    script_file: Path | None = None,
) -> list[Prepared]:
    """Check each task in each mode, as far as that needs no device.

    SetupError names every cell that cannot be run, and why; a single one raises its own error.
    """
    prepared, problems = [], []
    every = tuple(modes)
    wanted = [(task, mode) for task in tasks for mode in modes_for(task.key, every)]
    for task, mode in wanted:
        try:
            prepared.append(prepare_run(task, mode, config, reporter, script_file))
        except TinyrunnerError as error:
            if len(wanted) == 1:
                raise
            problems.append(f"{task.key} {mode.value}: {error}")
    if problems:
        raise SetupError("nothing was run. " + "\n".join(dict.fromkeys(problems)))
    return prepared


def modes_for(task_key: str, modes: Sequence[Mode]) -> Sequence[Mode]:
    """Return in which of the modes a task is run; accuracy alone is asked of a streaming one, too.

    Beside others it is left out: a streaming task's words are counted in any run.
    """
    if task_key in STREAMING_TASKS and len(modes) > 1:
        return [mode for mode in modes if mode is not Mode.ACCURACY]
    return modes


def uses_of(tasks: Iterable[Benchmark], modes: Iterable[Mode], config: Config) -> list[Use]:
    """Return what each cell uses its bench for, by which flags have an effect or none."""
    every = tuple(modes)
    return [use_of(task.key, mode, config) for task in tasks for mode in modes_for(task.key, every)]


def run_cells(
    prepared: Iterable[Prepared],
    on_end: Callable[[EndedCell], None],
    *,
    stop_on_failure: bool = False,
) -> None:
    """Run what was prepared, one after the other; ``on_end`` is told of each as it ends.

    An interruption ends all of them, and so does a failure where ``stop_on_failure`` says so.
    """
    for one in prepared:
        task, mode = one.task, one.mode
        try:
            ended = EndedCell(task, mode, run_prepared(one))
        except (TinyrunnerError, OSError) as error:
            ended = EndedCell(task, mode, error=error)
        on_end(ended)
        if ended.interrupted or (stop_on_failure and ended.error is not None):
            return
