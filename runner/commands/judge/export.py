"""``tinyrunner export``: sessions and layers as rows for tables, or as CI and dashboards read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...export.formats import ExportFormat, RowKind
from .. import options


def export(
    sessions: Annotated[
        list[Path],
        typer.Argument(
            help="Sessions' folders, a folder of them, logs that `profile --out` kept, or one "
            "submission tree.",
            show_default=False,
        ),
    ],
    format_: Annotated[
        ExportFormat | None,
        typer.Option(
            "--format",
            "-f",
            help="csv, jsonl, markdown, parquet, junit, bencher, or for github-action-benchmark "
            "customBiggerIsBetter or customSmallerIsBetter.",
            show_default="as the file's name ends, else csv",
            metavar="FORMAT",
        ),
    ] = None,
    rows: Annotated[
        RowKind, typer.Option("--rows", help="What a row of a table is of.")
    ] = RowKind.SESSIONS,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="The file to write.", show_default="stdout", metavar="FILE"
        ),
    ] = None,
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    round_name: options.RoundOption = None,
    division: options.DivisionOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there already.")
    ] = False,
) -> None:
    """Write sessions as rows: CSV, Parquet, JSON lines, Markdown; or for CI and dashboards."""
    from ...errors import SetupError
    from ...export.write import export as export_sessions
    from ...report.gather import Asked, gather

    options.refuse_existing(out, force=force)
    chosen = format_ or ExportFormat.of_file(out)
    if chosen is ExportFormat.PARQUET and out is None:
        raise SetupError("Parquet is no text: name its file with --out FILE")
    of_layers = rows is RowKind.LAYERS
    page = gather(sessions, Asked(labels, datasets, round_name, division), layers=of_layers)
    written = export_sessions(page, chosen, rows)
    for text in written.left_out:
        typer.echo(f"left out: {text}", err=True)
    if out is None:
        text = str(written.content)
        # What reads a pipe or a file wants UTF-8 on every system; a terminal has its own encoding.
        typer.echo(text if sys.stdout.isatty() else text.encode("utf-8"), nl=False)
        return
    options.write_file(out, written.content)
    typer.echo(f"{out}: {page.subtitle}", err=True)
