"""``tinyrunner demo``: the whole program on a simulated bench, with nothing attached.

Four tasks in three modes, a submission built from them, and a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....models.demo_models import DEMO_NOTE
from .. import options

if TYPE_CHECKING:
    from ...execute.progress import Reporter
    from ...execute.run import Outcome
    from ...submission.build import BuiltTree


def demo(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="Where everything is made.")
    ] = Path("tinyrunner-demo"),
    round_name: Annotated[
        str | None,
        typer.Option(
            "--round",
            help="Whose submission folder: v1.1 … v1.4.",
            show_default="v1.2",
            metavar="ROUND",
        ),
    ] = None,
) -> None:
    """Run everything on a simulated bench: no board, no network, a few seconds."""
    from rich.console import Console

    from ...audit.audit import audit
    from ...audit.evidence.findings import Level, Rule
    from ...journal.session_folder import write_atomically
    from ...report.from_audit import page_of_audit
    from ...report.render import render_report
    from ..show.audit import show_audit
    from ..show.progress import make_reporter
    from ..show.results_table import TableCell, show_results_table

    reporter = make_reporter(Console(stderr=True, soft_wrap=True))
    shown = demonstrate(folder.absolute(), reporter, round_name)
    console = options.result_console()
    cells = [TableCell(one.task, one.mode, one.assessment) for one in shown.outcomes]
    show_results_table(console, cells, shown.built.round)
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
    # A demonstration is bound to be found synthetic, simulated, and without a board's sources.
    sound = audited.holds(Level.SOUND) and audited.holds(Level.OFFICIAL)
    rules = {finding.rule for level in Level for finding in audited.against(level)}
    if not sound or rules - {Rule.OFFICIAL_LIST, Rule.DEVICE, Rule.SOURCES}:
        raise typer.Exit(options.EXIT_INVALID)


SUPPLY_V = 3.0
"""The voltage that the simulated board is powered with: the field's usual one."""


_SYSTEM = "simulated_board"


_SETTINGS = {
    "Status": "rdi",
    "Processor(s) Name": "none: simulated on the host",
    "Processor(s) Frequencies": "none: times are modelled",
    "Hardware Notes": f"simulated: times and energies are modelled; supply {SUPPLY_V} V",
    "Inference Framework": "TensorFlow Lite, on the host",
    "Operating System": "that of the host",
    "Quantization Method": "TensorFlow int8, post-training",
    "checklist.engineers": "nobody: a demonstration",
    "checklist.emails": "none",
    "checklist.same_code_in_both_modes": "yes",
    "checklist.calibrated_outside_official_set": "no",
    "checklist.numerics": "INT8",
    "checklist.backend": "TF-Lite",
    "checklist.caching_techniques": "none",
    "checklist.disallowed_techniques": "none",
    "checklist.congruent_with_rules": f"no: {DEMO_NOTE}",
    "checklist.reflects_real_world_performance": "no: the device is simulated",
    "code.implementation": "simulated",
    "hookup.text": "Simulated: the energy monitor powers the board, whose timestamp pin is joined "
    "to the monitor's event input and to the IO manager, which passes commands on at 9600 baud.",
}


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Says what was made."""

    outcomes: tuple[Outcome, ...]
    place: Path
    """The folder of the description, the built tree and the report of this time."""
    built: BuiltTree


def demonstrate(folder: Path, reporter: Reporter, round_name: str | None = None) -> Demonstration:
    """Run all tasks in all modes into ``folder``, and build a submission in a new one below it."""
    from ....models.suite import TASKS
    from ...config.config import Config, override
    from ...execute.run import run_session
    from ...submission.build import build
    from ...submission.describe.description import load_description
    from ...submission.describe.draft import draft_yaml
    from ...submission.describe.interview import Flags, collect
    from ...submission.describe.names import DESCRIPTION_NAME
    from ...submission.describe.placing import place_sessions
    from ...terms import Mode

    config = override(
        Config(), dut="sim:", model="demo", datasets="demo", sessions=folder, supply_v=SUPPLY_V,
        round=round_name,
    )  # fmt: skip
    outcomes = []
    for task in TASKS.values():
        outcomes += [run_session(task, mode, config, reporter) for mode in Mode]
    reporter.note("building the submission folder")
    place = _new_folder(folder)
    placed = place_sessions([outcome.session.folder for outcome in outcomes])
    flags = Flags("tinyrunner_demo", config.division.value, config.round, _SYSTEM,
                  "tinyrunner simulated board", _SETTINGS)  # fmt: skip
    description = place / DESCRIPTION_NAME
    text = draft_yaml(collect(flags, placed, None), placed, place)
    description.write_text(text, encoding="utf-8", newline="\n")
    return Demonstration(tuple(outcomes), place, build(load_description(description), place))


def _new_folder(folder: Path) -> Path:
    """Make a new folder: a demonstration may be given again in one place."""
    for number in range(1, 1000):
        place = folder / ("submission" if number == 1 else f"submission_{number}")
        if not place.exists():
            place.mkdir(parents=True)
            return place
    raise FileExistsError(f"{folder} holds a thousand submissions")
