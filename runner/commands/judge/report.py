"""``tinyrunner report``: sessions or a submission tree as one self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...errors import SetupError
from .. import options

DEFAULT_OUT = Path("tinyrunner-report.html")


def report(
    sessions: Annotated[
        list[Path],
        typer.Argument(
            help="Sessions' folders, a folder of them, or one submission tree.", show_default=False
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The file to write.")] = DEFAULT_OUT,
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    round_name: options.RoundOption = None,
    division: options.DivisionOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a report that is there already.")
    ] = False,
) -> None:
    """Write a report of sessions or a tree: one HTML file that needs no network."""
    from ...journal.session_folder import write_atomically
    from ...report.gather import Asked, gather
    from ...report.render import render_report

    refuse_overwriting(out, force=force)
    page = gather(sessions, Asked(labels, datasets, round_name, division))
    text = render_report(page)
    refuse_overwriting(out, force=force)
    try:
        write_atomically(out, text)
    except OSError as error:
        raise SetupError(
            f"cannot write the report {out}: {error.strerror or error}; name another with --out"
        ) from error
    typer.echo(f"{out} ({len(text.encode()) / 1e6:.1f} MB): {page.subtitle}")


def refuse_overwriting(out: Path, *, force: bool) -> None:
    """Refuse (SetupError) to overwrite ``out``: ``force`` is for reports, nothing else."""
    from ...report.render import is_ours

    if not out.exists() and not out.is_symlink():
        if not out.parent.is_dir():
            raise SetupError(f"cannot write {out}: there is no folder {out.parent}")
        return
    if not is_ours(out):
        raise SetupError(f"{out} is there and is no report of tinyrunner; name another with --out")
    if not force:
        raise SetupError(f"{out} is there already; give --force to replace it, or another --out")
