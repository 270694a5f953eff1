"""``tinyrunner demo``: the whole program with nothing attached."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...models.demo import DEMO_NOTE
from ...models.suite import KWS
from ..config import Config, absolute, override
from ..progress import make_reporter
from ..rules import FindingKind, Severity
from ..run import Outcome, run_session
from ..session_log import Mode
from .run import EXIT_INVALID, show_outcomes

_EXPECTED = {FindingKind.SYNTHETIC_DATA}
"""What a demonstration is bound to be found guilty of, and nothing else."""


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where the sessions are made.")
    ] = Path("tinyrunner-demo"),
) -> None:
    """Run everything on a simulated bench: no board, no network, a few seconds."""
    errors = Console(stderr=True, soft_wrap=True)
    reporter = make_reporter(errors)
    config = absolute(
        override(Config(), dut="sim:", model="demo", datasets="demo", sessions=folder)
    )
    modes = (Mode.PERFORMANCE, Mode.ACCURACY)
    outcomes = [run_session(KWS, mode, config, reporter) for mode in modes]
    show_outcomes(outcomes, as_json=False)
    console = Console(soft_wrap=True)
    console.print(f"\nThis was a demonstration: {DEMO_NOTE}.", highlight=False)
    console.print(f"The sessions are in {folder.absolute()}", markup=False, highlight=False)
    console.print(
        "With a board: tinyrunner devices, then "
        "tinyrunner run kws --mode performance --dut PORT --datasets DIR",
        markup=False,
        highlight=False,
    )
    if not all(_as_expected(outcome) for outcome in outcomes):
        raise typer.Exit(EXIT_INVALID)


def _as_expected(outcome: Outcome) -> bool:
    violations = {
        finding.kind
        for finding in outcome.assessment.findings
        if finding.severity is Severity.VIOLATION
    }
    return violations <= _EXPECTED
