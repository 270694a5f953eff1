"""``tinyrunner datasets``: what there is, making it from public data sets, checking it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ....errors import closest
from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from ....datasets.build.build_dataset import BuildReport
    from ....datasets.labels import LabelList
    from ....models.suite import Task

EXIT_INCOMPLETE = 1

File = TypeVar("File")

app = typer.Typer(no_args_is_help=True)

_IndexOption = Annotated[
    Path | None,
    typer.Option(
        "--index",
        help="A csv: which source file makes which .bin (kws, vww, ad).",
        show_default="none",
        metavar="FILE",
    ),
]


@app.callback()
def datasets() -> None:
    """List, build and verify the inputs of the tasks."""


@app.command("list")
def list_sets(
    root: Annotated[
        Path | None,
        typer.Option(
            "--datasets",
            help="Look here instead of the usual places.",
            show_default="the usual places",
            metavar="DIR",
        ),
    ] = None,
) -> None:
    """Show the tasks' inputs and lists, and what of them is here."""
    from ..show.datasets import show_known, show_places

    console = options.result_console()
    show_known(console)
    show_places(console, _places(root))


@app.command()
def build(
    task_name: Annotated[str, typer.Argument(metavar="TASK", help="vww, ic, kws, ad or sww.")],
    source: Annotated[
        Path, typer.Option("--from", metavar="PATH", help="The public data set, downloaded.")
    ],
    labels: Annotated[
        str | None,
        typer.Option(
            "--labels",
            metavar="FILE|NAME",
            help="Which files; of sww, its recipe.",
            show_default="the official list",
        ),
    ] = None,
    index: _IndexOption = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the task's folder is made.")
    ] = Path("tinyrunner-datasets"),
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave out what cannot be made, and list it.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace files that have other contents.")
    ] = False,
) -> None:
    """Make a task's input files from a public data set."""
    from ....models.suite import SWW

    if task_name in (SWW.key, SWW.model_id):
        from . import recordings

        if index is not None or keep_going:
            raise SetupError("a recording is made whole by its recipe: no --index, no --keep-going")
        recordings.build(source, labels, out, overwrite=overwrite)
        return
    from rich.console import Console

    from ....datasets.build.build_dataset import build_dataset, open_builder
    from ...execute.progress import running
    from ..show.progress import make_reporter

    task = _task(task_name)
    label_list = _labels(task, labels, out)
    builder = open_builder(task, source, index)
    reporter = make_reporter(Console(stderr=True))
    with running(reporter, f"{task.model_id} inputs", len(label_list.rows), 0):
        report = build_dataset(
            builder,
            label_list,
            out,
            keep_going=keep_going,
            overwrite=overwrite,
            progress=lambda done, failed: reporter.advance(
                done, f"{failed} failed" if failed else ""
            ),
        )
    _show_build(report, out)
    if not report.complete:
        raise typer.Exit(EXIT_INCOMPLETE)


@app.command()
def verify(
    root: Annotated[Path, typer.Argument(metavar="DIR", help="A dataset root, or one folder.")],
    as_json: options.JsonOption = False,
) -> None:
    """Compare the inputs under a folder with their label lists."""
    from ....datasets.verify import verify as verify_root
    from ..show.datasets import set_json, show_set

    reports = verify_root(root)
    if as_json:
        import json

        typer.echo(json.dumps([set_json(report) for report in reports], indent=2))
    else:
        console = options.result_console()
        for report in reports:
            show_set(console, report)
    if not all(report.ok for report in reports):
        raise typer.Exit(EXIT_INCOMPLETE)


@app.command()
def info(
    name: Annotated[str, typer.Argument(metavar="DIR|TASK", help="A folder, or a task's name.")],
) -> None:
    """Explain a task's inputs, or what stands in a folder."""
    from ....datasets.verify import verify as verify_root
    from ....models.suite import SWW, TASKS, TASKS_BY_MODEL_ID
    from ..show.datasets import show_recordings_of, show_set, show_task

    console = options.result_console()
    if name in (SWW.key, SWW.model_id):
        show_recordings_of(console, SWW)
        return
    if name in TASKS or name in TASKS_BY_MODEL_ID:
        show_task(console, _task(name))
        return
    if not Path(name).is_dir():
        raise SetupError(
            f"{name} is neither a folder nor a task{closest(name, TASKS)}; there are "
            + ", ".join((*TASKS, SWW.key))
        )
    for report in verify_root(Path(name)):
        show_set(console, report, details=True)


@app.command("fetch")
def fetch_lists(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME…", help="As `datasets list` has them.", show_default="all"),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR|URL",
            help="From a folder or a mirror instead.",
            show_default="the lists' own addresses",
        ),
    ] = None,
) -> None:
    """Download official label lists (not the inputs) into the cache, and check them."""
    from ....models.catalogue import FETCHED_LISTS
    from .models import fetch_files

    known = {file.name: file for file in FETCHED_LISTS}
    files = [known_list(name, known) for name in names] if names else list(FETCHED_LISTS)
    fetch_files(files, source)


def _task(name: str) -> Task:
    """Return the task of this name, or that whose inputs it takes."""
    from ....models.suite import ALL_TASKS, SWW, TASKS, TASKS_BY_MODEL_ID

    task = ALL_TASKS.get(name) or TASKS_BY_MODEL_ID.get(name)
    if task is None:
        known = (*TASKS, SWW.key)
        raise SetupError(f"no task {name!r}{closest(name, known)}; there are {', '.join(known)}")
    return task.data


def known_list(name: str, known: Mapping[str, File]) -> File:
    """Return the official list of this name; SetupError where there is none."""
    if name not in known:
        raise SetupError(
            f"no official list {name!r}{closest(name, known)}; there are {', '.join(known)}"
        )
    return known[name]


def _labels(task: Task, wanted: str | None, out: Path) -> LabelList:
    """Return the list to build by: a file, an official one, or that of the folder to be filled."""
    from ....datasets.inputs import LABELS_NAME
    from ....datasets.labels import read_labels
    from ....models.catalogue import LABEL_LIST_FILES
    from ....models.fetch import FileState, file_state

    known = {file.name: file for file in LABEL_LIST_FILES}
    if wanted is None:
        there = out / task.model_id / LABELS_NAME
        if there.is_file():
            return read_labels(there, task)
        wanted = task.model_id
    elif Path(wanted).exists() or wanted not in known:
        return read_labels(Path(wanted), task)
    file = known_list(wanted, known)
    if file.task != task.key:
        raise SetupError(f"the list {wanted} is of {file.task}, not of {task.key}")
    if file_state(file) is not FileState.FETCHED:
        raise SetupError(
            f"which files? The official list {wanted} is not here yet: tinyrunner datasets fetch "
            f"{wanted}; or give your own with --labels FILE"
        )
    return read_labels(file.cached_path, task)


def _places(root: Path | None) -> list[Path]:
    """Return where data sets are looked for: as told, else in the usual places that exist."""
    from ....datasets.inputs import EEMBC_DATASETS
    from ...execute.prepare import DATASETS_VARIABLE

    if root is not None:
        return [root]
    places = [Path(EEMBC_DATASETS).expanduser(), Path("tinyrunner-datasets")]
    named = os.environ.get(DATASETS_VARIABLE)
    if named:
        return [Path(named).expanduser(), *(place for place in places if place.is_dir())]
    return [place for place in places if place.is_dir()]


def _show_build(report: BuildReport, out: Path) -> None:
    console = options.result_console()
    counts = f"{report.made} files made"
    if report.unchanged:
        counts += f", {report.unchanged} were there already"
    console.print(f"{report.folder}: {counts}", markup=False, highlight=False)
    if report.complete:
        console.print(f"Check them: tinyrunner datasets verify {out}", markup=False)
        return
    console.print(
        f"{len(report.failures)} of {len(report.labels.rows)} could not be made:", markup=False
    )
    for failure in report.failures:
        console.print(f"  {failure}", markup=False, highlight=False)
