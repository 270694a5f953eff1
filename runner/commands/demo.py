"""``tinyrunner demo``: the whole program with nothing attached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...models.demo import DEMO_NOTE
from ..audit.audit import audit
from ..audit.findings import Level, Rule
from ..execute.progress import make_reporter
from ..journal.session_folder import write_atomically
from ..report.from_audit import page_of_audit
from ..report.render import render_report
from . import options
from .demonstration import demonstrate
from .run import EXIT_INVALID
from .show.audit import show_audit
from .show.session import Line, show_summary


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where everything is made.")
    ] = Path("tinyrunner-demo"),
    round_name: Annotated[
        str | None, typer.Option("--round", help="Whose submission folder: v1.1 … v1.4.")
    ] = None,
) -> None:
    """Run everything on a simulated bench: no board, no network, a few seconds."""
    reporter = make_reporter(Console(stderr=True, soft_wrap=True))
    shown = demonstrate(folder.absolute(), reporter, round_name)
    console = options.result_console()
    show_summary(
        console,
        [
            Line(one.task, one.mode, one.session.folder.name, one.assessment)
            for one in shown.outcomes
        ],
        shown.built.round,
    )
    reporter.note("auditing the submission folder, writing the report")
    audited = audit(shown.built.root, round_name=shown.built.round.name)
    report = shown.place / "report.html"
    write_atomically(report, render_report(page_of_audit(audited)))
    console.print()
    show_audit(console, audited, Level.SUBMITTABLE)
    for text in (
        "",
        f"This was a demonstration: {DEMO_NOTE}; the device was simulated.",
        f"The submission folder: {shown.built.root}",
        f"The report:            {report}",
        f"The sessions:          {folder.absolute()}",
        "With a board: tinyrunner devices, then "
        "tinyrunner run kws --mode performance --dut PORT --datasets DIR",
    ):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    # A demonstration is bound to be found synthetic, and nothing else.
    sound = audited.holds(Level.SOUND) and audited.holds(Level.OFFICIAL)
    rules = {finding.rule for level in Level for finding in audited.against(level)}
    if not sound or rules - {Rule.OFFICIAL_LIST}:
        raise typer.Exit(EXIT_INVALID)
