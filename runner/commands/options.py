"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...models.custom_task import CUSTOM_KEY
from ...models.suite import TASKS, Task
from ..config.config import Config, load_config
from ..config.custom import HOW_TO_WRITE
from ..errors import SetupError

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="YAML configuration; flags override it.")
]
DutOption = Annotated[
    str | None,
    typer.Option("--dut", help="Port, URL (socket://host:port), auto, or sim: (sim:kws01)."),
]
BaudOption = Annotated[int | None, typer.Option("--baud-rate", help="Of the device's port.")]
ModelOption = Annotated[
    str | None,
    typer.Option("--model", help="What a sim: device runs: a .tflite file, demo, or reference."),
]
DatasetsOption = Annotated[
    str | None,
    typer.Option("--datasets", help="Folder holding kws01/, vww01/, …; or demo."),
]
WireLogOption = Annotated[
    Path | None,
    typer.Option(
        "--wire-log", help="Write every byte both ways into this file; one there is continued."
    ),
]
LabelsOption = Annotated[
    Path | None, typer.Option("--labels", help="The label list that the session used.")
]
ListsOption = Annotated[
    Path | None,
    typer.Option("--datasets", help="Data sets whose label lists are tried (DIR/kws01/…)."),
]
RoundOption = Annotated[str | None, typer.Option("--round", help="Whose rules apply: v1.1 … v1.4.")]
DivisionOption = Annotated[str | None, typer.Option("--division", help="closed or open.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def base_config(path: Path | None) -> Config:
    """The file's configuration, or the defaults."""
    return Config() if path is None else load_config(path)


def task_named(name: str, config: Config) -> Task:
    """One of the four tasks, or the configuration's own."""
    if name in TASKS:
        return TASKS[name]
    if name != CUSTOM_KEY:
        raise SetupError(f"no task {name!r}; there are {', '.join(TASKS)}, and {CUSTOM_KEY}")
    custom = config.custom_task
    if custom is None:
        raise SetupError(HOW_TO_WRITE)
    return custom


def labels_by_task(values: list[str] | None, task_keys: list[str]) -> dict[str, str] | None:
    """``--labels FILE`` (for a single task) or ``--labels kws=FILE`` as a mapping."""
    if not values:
        return None
    labels = {}
    for value in values:
        key, equals, path = value.partition("=")
        if equals and key in (*TASKS, CUSTOM_KEY):
            labels[key] = path
        elif len(task_keys) == 1:
            labels[task_keys[0]] = value
        else:
            raise typer.BadParameter(
                f"{value!r}: with several tasks say which, e.g. --labels kws={value}"
            )
    return labels


def result_console() -> Console:
    """Stdout; where no terminal sets the width, wide enough for paths and file names."""
    console = Console()
    return console if console.is_terminal else Console(width=_FILE_WIDTH, soft_wrap=True)


_FILE_WIDTH = 160
"""Characters of a line in a file or a pipe: a row of the windows' table fits."""
