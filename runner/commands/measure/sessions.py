"""``tinyrunner sessions``: look after the folders that runs have left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .. import options

app = typer.Typer(no_args_is_help=True)


@app.callback()
def sessions() -> None:
    """Restore what a session's folder has lost."""


@app.command()
@options.with_settings(
    "session dut model datasets labels config script baud_rate limit division round "
    "data_bytes_per_db pipelining extension verify_load confirm_results"
)
def repair(
    flags: dict[str, Any],
    session: Annotated[Path, typer.Argument(metavar="SESSION", help="The session's folder.")],
    labels: options.LabelsOption = None,
    config: options.ConfigOption = None,
    script: Annotated[
        Path | None, typer.Option("--script", help="The published script.async that was run.")
    ] = None,
) -> None:
    """Restore session.json, script.async or y_labels.csv from the log and the inputs.

    Only what follows from them is restored, and the provenance says so. Where session.json itself
    is lost, what no log tells is as it is given here: round, division, link.
    """
    from rich.console import Console

    from ...config.config import absolute, override
    from ...execute.resume.repair import repair_session
    from ..show.progress import make_reporter

    settings = absolute(override(options.base_config(config), **flags))
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    restored = repair_session(session, settings, make_reporter(console), labels, script)
    for sentence in restored:
        typer.echo(sentence)
    console.print(
        f"`tinyrunner run --resume {session}` goes on with it, `tinyrunner score` computes its "
        "figures"
        if restored
        else f"nothing is missing in {session}",
        markup=False,
    )
