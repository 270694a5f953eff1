"""``tinyrunner demo``: the whole program with nothing attached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...models.demo import DEMO_NOTE
from ...models.suite import TASKS
from ..config import Config, absolute, override
from ..progress import make_reporter
from ..rules import FindingKind, Severity
from ..run import Outcome, run_session
from ..run_energy import run_energy
from ..session_log import Mode
from ..show import Line, show_summary
from . import options
from .run import EXIT_INVALID

_EXPECTED = {FindingKind.SYNTHETIC_DATA}
"""What a demonstration is bound to be found guilty of, and nothing else."""


SUPPLY_V = 3.0
"""What the simulated board is powered with: the field's usual voltage."""


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the sessions are made.")
    ] = Path("tinyrunner-demo"),
) -> None:
    """Run everything on a simulated bench: no board, no network, a few seconds."""
    errors = Console(stderr=True, soft_wrap=True)
    reporter = make_reporter(errors)
    config = absolute(
        override(
            Config(), dut="sim:", model="demo", datasets="demo", sessions=folder, supply_v=SUPPLY_V
        )
    )
    outcomes = []
    for task in TASKS.values():
        for mode in (Mode.PERFORMANCE, Mode.ACCURACY):
            outcomes.append(run_session(task, mode, config, reporter))
        outcomes.append(run_energy(task, config, reporter))
    console = options.result_console()
    lines = [
        Line(outcome.task, outcome.mode, outcome.session.folder.name, outcome.assessment)
        for outcome in outcomes
    ]
    show_summary(console, lines, outcomes[0].round)
    for text in (
        f"This was a demonstration: {DEMO_NOTE}; the device was simulated.",
        f"The sessions are in {folder.absolute()}",
        "One of them in full: tinyrunner score SESSION",
        "With a board: tinyrunner devices, then "
        "tinyrunner run kws --mode performance --dut PORT --datasets DIR",
    ):
        console.print(text, markup=False, highlight=False)
    if not all(_as_expected(outcome) for outcome in outcomes):
        raise typer.Exit(EXIT_INVALID)


def _as_expected(outcome: Outcome) -> bool:
    violations = {
        finding.kind
        for finding in outcome.assessment.findings
        if finding.severity is Severity.VIOLATION
    }
    return violations <= _EXPECTED
