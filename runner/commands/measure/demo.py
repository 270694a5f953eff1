"""``tinyrunner demo``: the whole program on a simulated bench, with nothing attached.

Five tasks in all their modes, a submission built from them, and a report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....models.demo_models import DEMO_NOTE
from ....models.suite import SWW
from .. import options

if TYPE_CHECKING:
    from rich.console import Console

    from ...audit.evidence.findings import AuditFinding
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
            help="Whose submission folder: v1.1 … v1.4; sww from v1.3 on.",
            show_default="v1.3",
            metavar="ROUND",
        ),
    ] = None,
    open_report: Annotated[
        bool, typer.Option("--open", help="Open the report in the browser at the end.")
    ] = False,
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

    errors = Console(stderr=True, soft_wrap=True)
    shown = demonstrate(folder.absolute(), make_reporter(errors, brief=True), round_name)
    errors.print("auditing the submission folder, writing the report", style="dim")
    audited = audit(shown.built.root, round_name=shown.built.round.name)
    report = shown.place / "report.html"
    write_atomically(report, render_report(page_of_audit(audited)))
    console = options.result_console()
    cells = [TableCell(one.task, one.mode, one.assessment, one.round) for one in shown.outcomes]
    show_results_table(console, cells, judged=False)
    few_words = _FEW_WORDS if any(one.task is SWW for one in shown.outcomes) else ""
    console.print(f"\n{_WHAT_IS_SYNTHETIC}{few_words}\n", highlight=False)
    for text in (
        f"report:     {report}",
        f"submission: {shown.built.root}",
        f"sessions:   {folder.absolute()}",
        "",
        "With a board: tinyrunner devices, then",
        "  tinyrunner run kws --mode performance --dut PORT --datasets DIR",
    ):
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    # A demonstration is bound to be found synthetic, simulated, and without a board's sources.
    against = (finding for level in Level for finding in audited.against(level))
    rules = {finding.rule for finding in against if not _is_of_few_words(finding)}
    if rules - {Rule.OFFICIAL_LIST, Rule.DEVICE, Rule.SOURCES}:
        console.print("\nSomething else is wrong with it:", style="bold red")
        show_audit(console, audited, Level.SUBMITTABLE)
        raise typer.Exit(options.EXIT_INVALID)
    if open_report:
        _open(report, errors)


_WHAT_IS_SYNTHETIC = (
    "All of it is synthetic: generated inputs, small models trained on such, a simulated board "
    "whose times and energies are modelled. It shows how results look, and says nothing about any "
    "board."
)
_FEW_WORDS = (
    f" Its recording for {SWW.key} has 8 words, not the round's {SWW.words}, for which the "
    "official checker refuses the tree."
)


def _is_of_few_words(finding: AuditFinding) -> bool:
    """Tell whether it says that sww has not as many words as the round's recording."""
    return f"/{SWW.key}/" in finding.path and finding.expected == str(SWW.words)


def _open(page: Path, errors: Console) -> None:
    import webbrowser

    if not webbrowser.open(page.as_uri()):
        errors.print(f"no browser could be opened; open {page} yourself", style="yellow",
                     markup=False, highlight=False)  # fmt: skip


_SYSTEM = "simulated_board"


_ANSWERS = {
    "Status": "rdi",
    "Processor(s) Name": "none: simulated on the host",
    "Processor(s) Frequencies": "none: times are modelled",
    "Hardware Notes": "simulated: times and energies are modelled; supply {supply_v} V",
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
    """Run the round's tasks in all modes into ``folder``, and build a submission below it."""
    from ...config.config import override
    from ...config.name_lookup import benchmark_named
    from ...config.rounds import ROUNDS_FILE, load_rounds
    from ...execute.campaign.campaign_file import board_config, load_campaign
    from ...execute.campaign.several_runs import modes_for
    from ...execute.run import run_session
    from ...submission.build import build
    from ...submission.describe.description import load_description
    from ...submission.describe.draft import draft_yaml
    from ...submission.describe.interview import Flags, collect
    from ...submission.describe.names import DESCRIPTION_NAME
    from ...submission.describe.placing import place_sessions

    path = ROUNDS_FILE.with_name("demo.yaml")
    campaign, source = load_campaign(path)
    outcomes = []
    for name, board in campaign.boards.items():
        for key in campaign.tasks_of(board):
            for mode in modes_for(key, campaign.modes_of(board)):
                asked = board_config(path, source, campaign, name, mode)
                config = override(asked, sessions=folder, round=round_name)
                if key in load_rounds().get(config.round).benchmarks:
                    task = benchmark_named(key, config)
                    outcomes.append(run_session(task, mode, config, reporter))
    place = _new_folder(folder)
    placed = place_sessions([outcome.session.folder for outcome in outcomes])
    answers = {key: text.format(supply_v=config.monitor.supply_v) for key, text in _ANSWERS.items()}
    flags = Flags("tinyrunner_demo", config.division.value, config.round, _SYSTEM,
                  "tinyrunner simulated board", answers)  # fmt: skip
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
