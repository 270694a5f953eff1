"""``tinyrunner firmware``: a port of the device's firmware to begin with, and models as C."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....errors import closest
from ...errors import SetupError
from .. import options
from ..options import spaced
from .boards import BOARDS, Board
from .new_port import SWW_FRAMES, copy_library, new_port

if TYPE_CHECKING:
    from ....models.export.int8_network import Network
    from ....models.suite import Task

app = typer.Typer(no_args_is_help=True)

_DEMO, _NONE = "demo", "none"


@app.callback()
def firmware() -> None:
    """Begin a port of the device's firmware, for one of several boards; export a model as C."""


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made; must not hold anything.")],
    task: Annotated[
        str, typer.Option("--task", help="vww, ic, kws, ad, sww or custom.", metavar="TASK")
    ],
    board: Annotated[
        str, typer.Option("--board", help="One of `firmware boards`.", metavar="BOARD")
    ] = "generic",
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="What the board runs: a .tflite file, demo, or none for the protocol alone.",
            show_default="demo; of generic none",
            metavar="FILE|demo|none",
        ),
    ] = None,
    config: options.ConfigOption = None,
) -> None:
    """Write a port that builds: the library, a board's files, the task's sizes.

    The board generic is a template to fill in; with --model only its board is missing. The others
    are complete, without a vendor's SDK: `make` builds firmware that runs a real model, the
    program's own small one unless told otherwise, and `make run` boots it in QEMU.
    """
    from rich.console import Console

    from ...config.name_lookup import task_named

    chosen_board = BOARDS.get(board)
    if chosen_board is None:
        raise SetupError(
            f"no board {board!r}{closest(board, BOARDS)}; there are {', '.join(BOARDS)}. For any "
            "other chip --board generic is a port to fill in; for Zephyr, ESP-IDF, the Pico SDK, "
            "STM32Cube, Arduino or PlatformIO see `tinyrunner firmware library --help`"
        )
    frames = task == SWW_FRAMES.key
    chosen = SWW_FRAMES if frames else task_named(task, options.base_config(config))
    new_port(folder, chosen, chosen_board, _model(model, chosen, chosen_board))
    typer.echo(folder)
    Console(stderr=True, soft_wrap=True).print(
        f"{chosen.model_id} for {board}. Build it with `make -C {folder}`"
        f"{f', boot it in QEMU with `make -C {folder} run`' if chosen_board.runs_model else ''}; "
        f"{folder / 'README.md'} goes on from there",
        markup=False,
        highlight=False,
    )


@app.command()
def library(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made; must not hold anything.")],
) -> None:
    """Copy the whole library: for Zephyr, ESP-IDF, Pico SDK, STM32Cube, Arduino, PlatformIO, CMake.

    The folder is a package of most of them; ports/sdk/ in it has a port for each kit, with what to
    type in its README.md.
    """
    from rich.console import Console

    copy_library(folder)
    typer.echo(folder)
    Console(stderr=True, soft_wrap=True).print(
        f"{folder / 'ports' / 'sdk' / 'README.md'} goes on for Zephyr, ESP-IDF, the Pico SDK and "
        f"STM32Cube, {folder / 'examples' / 'README.md'} for Arduino and PlatformIO",
        markup=False,
        highlight=False,
    )


@app.command()
def boards(as_json: options.JsonOption = False) -> None:
    """Show the boards that there are ports for, and what of each was run where."""
    from rich.console import Console
    from rich.table import Table

    if as_json:
        import json

        told = ("chip", "core", "flash_bytes", "ram_bytes", "tools", "ran")
        rows = [
            {"board": board.key} | {name: getattr(board, name) for name in told}
            for board in BOARDS.values()
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for column in ("board", "chip", "core"):
        table.add_column(column, no_wrap=True)
    for column in ("flash", "RAM"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("what was run")
    for board in BOARDS.values():
        sizes = [_kilobytes(size) for size in (board.flash_bytes, board.ram_bytes)]
        table.add_row(board.key, board.chip, board.core, *sizes, board.ran)
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print(
        "\nall: boots, check, performance, accuracy, resume; protocol: the first two, no model."
        "\nNothing was run on silicon by us; a board's README.md says what QEMU does not have.",
        markup=False,
    )


@app.command()
def export(
    model: Annotated[Path, typer.Argument(metavar="MODEL.tflite", help="An int8 model.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Folder for NAME_model.h and .c.",
            show_default="none, with --report",
            metavar="DIR",
        ),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            help="NAME in the files and the code.",
            show_default="made of the file's",
            metavar="NAME",
        ),
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help="Show layers, memory and flash; compiles nothing.")
    ] = False,
) -> None:
    """Write a model as C source, for the int8 kernels that come with the firmware."""
    from ....models.export.export_c import export_model
    from ....models.export.int8_network import ExportError
    from ....models.export.read_network import read_network

    if out is None and not report:
        raise SetupError("name a folder for the C files (--out DIR), or ask for the --report alone")
    try:
        if report:
            _show_footprint(model, read_network(model))
        if out is not None:
            exported = export_model(model, out, _c_name(model.stem) if name is None else name)
            typer.echo(exported.header)
            typer.echo(exported.source)
    except ExportError as error:
        raise SetupError(str(error)) from error


def _show_footprint(model: Path, network: Network) -> None:
    from rich.console import Console
    from rich.table import Table

    from ....models.export.footprint import footprint_of

    footprint = footprint_of(network)
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    table.add_column("layer", no_wrap=True)
    for column in ("output", "MACs", "flash, bytes"):
        table.add_column(column, justify="right", no_wrap=True)
    for layer in footprint.layers:
        shape = " x ".join(map(str, layer.shape))
        table.add_row(layer.operator, shape, spaced(layer.macs), spaced(layer.constant_bytes))
    console = Console(soft_wrap=True, highlight=False)
    console.print(table)
    console.print(
        f"\n{model.name}: {len(footprint.layers)} layers, {spaced(footprint.macs)} MACs\n"
        f"arena {spaced(footprint.arena_bytes)} bytes, beside {spaced(footprint.input_bytes)} of "
        f"input and {spaced(footprint.output_bytes)} of output\n"
        f"flash {spaced(footprint.flash_bytes)} bytes with the kernels (Cortex-M4, gcc -O2)",
        markup=False,
    )


def _kilobytes(size: int) -> str:
    return f"{size >> 10} kB" if size else "-"


def _model(named: str | None, task: Task, board: Board) -> Path | None:
    from ....models.demo_models import demo_model_path

    named = named or (_DEMO if board.runs_model else _NONE)
    if named == _NONE:
        return None
    return demo_model_path(task) if named == _DEMO else Path(named)


def _c_name(stem: str) -> str:
    """Make a file's name one that a C name can begin with; letters first."""
    return re.sub(r"[^a-z0-9]+", "_", stem.lower()).strip("_").lstrip("0123456789_")[:31] or "net"
