"""``tinyrunner models``: the published reference models, fetched and verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....errors import closest
from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from rich.console import Console

    from ....models.catalogue import PinnedFile, ReferenceModel
    from ....models.fetch import FileState

EXIT_MISMATCH = 1

_ALL = "all"

app = typer.Typer(no_args_is_help=True)


@app.callback()
def models() -> None:
    """List, fetch and verify the reference models."""


@app.command("list")
def list_models(as_json: options.JsonOption = False) -> None:
    """Show which reference models there are, and which are here."""
    from rich.console import Console
    from rich.table import Table

    from ....models.cache import CACHE_VARIABLE
    from ....models.catalogue import REFERENCE_MODELS
    from ....models.fetch import file_state

    states = [(model, file_state(model)) for model in REFERENCE_MODELS]
    if as_json:
        import json

        typer.echo(json.dumps([_plain(model, state) for model, state in states], indent=2))
        return
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for column in ("name", "task", "bytes", "licence", "rounds", "state"):
        table.add_column(column, justify="right" if column == "bytes" else "left", no_wrap=True)
    for model, state in states:
        table.add_row(
            model.name,
            model.task,
            options.spaced(model.size_bytes),
            model.licence,
            f"later: {model.round_note}" if model.later_round else model.round_note,
            state.value,
        )
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    first = REFERENCE_MODELS[0]
    console.print(
        f"\nfrom {first.repository} at {first.commit[:12]}; "
        f"kept in {first.cached_path.parent} (${CACHE_VARIABLE} moves it)",
        markup=False,
    )


@app.command("fetch")
def fetch_models(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME…", help="As listed, or all.", show_default="vww, ic, kws and ad"
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DIR|URL",
            help="Take them from a folder or a mirror instead.",
            show_default="the models' own addresses",
        ),
    ] = None,
) -> None:
    """Download reference models into the cache, and check them."""
    fetch_files(_chosen(names), source)


@app.command()
def verify(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH…", help="Files or folders.", show_default="what was fetched"),
    ] = None,
) -> None:
    """Check hashes: those of the fetched models, or say which model a file is."""
    right = _verify_files(_expanded(paths)) if paths else _verify_fetched()
    if not right:
        raise typer.Exit(EXIT_MISMATCH)


def fetch_files(items: Sequence[PinnedFile], source: str | None) -> None:
    """Fetch what is not here yet; paths go to stdout, progress to stderr."""
    from rich.console import Console

    from ....models.fetch import FileState, fetch, file_state

    console = Console(stderr=True, soft_wrap=True, highlight=False)
    out = Console(soft_wrap=True, highlight=False)

    for item in items:
        if file_state(item) is FileState.FETCHED:
            path, how = item.cached_path, "is here already"
        else:
            with _progress(console, item) as progress:
                path = fetch(item, source=source, progress=progress)
            how = "fetched and verified"
        out.print(f"{item.name} {how}: {path}", markup=False)


@contextmanager
def _progress(console: Console, item: PinnedFile) -> Iterator[Callable[[int, int], None]]:
    """Show a bar where a person watches, a line where nobody does."""
    if not console.is_terminal:
        console.print(f"{item.name}: fetching {item.file_name}, {item.size_bytes} bytes")
        yield lambda _done, _total: None
        return
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    bar = Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
    with bar:
        task = bar.add_task(item.name, total=item.size_bytes)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _chosen(names: list[str] | None) -> list[ReferenceModel]:
    from ....models.catalogue import REFERENCE_MODELS

    if not names:
        return [model for model in REFERENCE_MODELS if not model.later_round]
    if names == [_ALL]:
        return list(REFERENCE_MODELS)
    known = {model.name: model for model in REFERENCE_MODELS}
    for name in names:
        if name not in known:
            raise SetupError(
                f"no reference model {name!r}{closest(name, known)}; "
                f"there are {', '.join(known)}, or {_ALL}"
            )
    return [known[name] for name in dict.fromkeys(names)]


def _verify_fetched() -> bool:
    from rich.console import Console

    from ....models.catalogue import REFERENCE_MODELS
    from ....models.fetch import FileState, file_state

    console = Console(soft_wrap=True, highlight=False)
    states = [(model, file_state(model)) for model in REFERENCE_MODELS]
    for model, state in states:
        match state:
            case FileState.FETCHED:
                said = f"right: {model.cached_path}"
            case FileState.ABSENT:
                said = state.value
            case FileState.DAMAGED:
                said = f"wrong SHA-256: {model.cached_path}; tinyrunner models fetch {model.name}"
        console.print(f"{model.name}: {said}", markup=False)
    found = {state for _, state in states}
    if found == {FileState.ABSENT}:
        console.print("Nothing to verify. To get them: tinyrunner models fetch", markup=False)
    return FileState.DAMAGED not in found and FileState.FETCHED in found


def _verify_files(paths: list[Path]) -> bool:
    from rich.console import Console

    from ....models.catalogue import identify
    from ....models.fetch import file_sha256

    console = Console(soft_wrap=True, highlight=False)
    right = True
    for path in paths:
        try:
            sha256 = file_sha256(path)
        except OSError as error:
            right, said = False, f"cannot be read: {error.strerror or error}"
        else:
            item = identify(sha256)
            right, said = right and item is not None, _described(item, sha256)
        console.print(f"{path}: {said}", markup=False)
    return right


def _described(item: PinnedFile | None, sha256: str) -> str:
    from ....models.catalogue import ReferenceModel

    match item:
        case None:
            return f"no published reference model (SHA-256 {sha256})"
        case ReferenceModel():
            later = f", {item.round_note}" if item.later_round else ""
            return f"the reference model {item.name} ({item.file_name}{later})"
        case _:
            return f"the official label list {item.name}"


def _expanded(paths: list[Path]) -> list[Path]:
    """Replace folders by the models in them."""
    files = []
    for path in paths:
        inside = sorted(path.glob("*.tflite")) if path.is_dir() else [path]
        if not inside:
            raise SetupError(f"no .tflite file in {path}")
        files += inside
    return files


def _plain(model: ReferenceModel, state: FileState) -> dict[str, object]:
    return {
        "name": model.name,
        "task": model.task,
        "round_note": model.round_note,
        "later_round": model.later_round,
        "file_name": model.file_name,
        "size_bytes": model.size_bytes,
        "sha256": model.sha256,
        "licence": model.licence,
        "url": model.url,
        "state": state.value,
        "path": str(model.cached_path),
    }
