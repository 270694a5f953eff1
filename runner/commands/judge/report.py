"""``tinyrunner report``: sessions or a submission tree as one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .. import options

DEFAULT_OUT = Path("tinyrunner-report.html")


def report(
    sessions: Annotated[
        list[Path],
        typer.Argument(
            help="Sessions' folders, a folder of them, logs that `profile --out` kept, or one "
            "submission tree.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The file to write.", metavar="FILE")
    ] = DEFAULT_OUT,
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    round_name: options.RoundOption = None,
    division: options.DivisionOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a report that is there already.")
    ] = False,
) -> None:
    """Write a report of sessions or a tree: one HTML file that needs no network."""
    from ...report.gather import Asked, gather
    from ...report.report_file import refuse_overwriting, write_report

    refuse_overwriting(out, force=force)
    page = gather(sessions, Asked(labels, datasets, round_name, division), layers=True)
    size = write_report(page, out, force=force)
    typer.echo(f"{out} ({size / 1e6:.1f} MB): {page.subtitle}")
