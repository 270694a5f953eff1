"""Finds what a name stands for: a task, a mode."""

from __future__ import annotations

from pathlib import Path

from ...errors import closest
from ...models.custom_task import CUSTOM_KEY
from ...models.suite import ALL_TASKS, BENCHMARKS, STREAMING_TASKS, Benchmark, Task
from ..errors import SetupError
from ..terms import Mode
from .config import Config
from .custom import HOW_TO_WRITE


def benchmark_named(name: str, config: Config) -> Benchmark:
    """Return one of the suite's tasks, a streaming one too, or the configuration's own."""
    streaming = STREAMING_TASKS.get(name)
    return task_named(name, config) if streaming is None else streaming


def task_named(name: str, config: Config) -> Task:
    """Return one of the suite's tasks that have inputs, or the configuration's own."""
    if name in ALL_TASKS:
        return config.task(name)
    if name in STREAMING_TASKS:
        raise SetupError(
            f"{name} has no inputs that go over the wire: its recording is played by an interface "
            "board; this command is for the other tasks"
        )
    if name != CUSTOM_KEY:
        near = closest(name, (*BENCHMARKS, CUSTOM_KEY))
        raise SetupError(
            f"no task {name!r}{near}; there are {', '.join(BENCHMARKS)}, and {CUSTOM_KEY}"
        )
    custom = config.custom_task
    if custom is None:
        raise SetupError(HOW_TO_WRITE)
    return custom


def model_file(named: str | Path, task: Task) -> Path:
    """Return the file of a model: the `demo` one of the task, the `reference`, or one's own."""
    from ...models.demo_models import demo_model_path
    from ...models.fetch import reference_model_path  # here: it imports what fetches

    if isinstance(named, Path):
        return named
    if not task.official:
        raise SetupError(
            f"there is no {named} model for {task.model_id}, which is your own; "
            "name its .tflite file with --model FILE"
        )
    return demo_model_path(task) if named == "demo" else reference_model_path(task)


def mode_named(name: str) -> Mode:
    """Return the mode by its name."""
    try:
        return Mode(name)
    except ValueError as error:
        near = closest(name, (mode.value for mode in Mode))
        raise SetupError(
            f"no mode {name!r}{near}; there are performance, accuracy and energy"
        ) from error
