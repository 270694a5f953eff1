"""``tinyrunner campaign``: a whole bench unattended, from one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....errors import EXIT_SUPPLY_MAY_BE_ON, TinyrunnerError
from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from queue import SimpleQueue

    from ...execute.campaign.cells import Campaign, Jobs
    from ...execute.campaign.supervisor import CampaignRun
    from ...report.page import ReportSession
    from ...submission.describe.description import Description

REPORT = "report.html"


def campaign(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[init|plan] FILE", help="The campaign's file; init writes one, plan shows it."
        ),
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a campaign that was stopped.")
    ] = False,
    jobs: Annotated[
        str | None,
        typer.Option(
            "--jobs",
            metavar="N|auto",
            help="Boards side by side: at most N; auto: all of a tag that labgrid has.",
            show_default="one of each in the file",
        ),
    ] = None,
    quiet: options.QuietOption = False,
) -> None:
    """Run boards × tasks × modes unattended: flash, check, run, go on, one table, one report."""
    match words:
        case ["lane"]:
            _lane()
        case ["init", file]:
            _init(Path(file))
        case ["plan", file]:
            _plan(Path(file), _jobs(jobs))
        case [file] if file not in ("init", "plan"):
            _run(Path(file), resume=resume, jobs=_jobs(jobs), quiet=quiet)
        case _:
            raise SetupError("give one file: campaign FILE, campaign init FILE, campaign plan FILE")


def _jobs(text: str | None) -> Jobs:
    if text is None:
        return None
    if text == "auto":
        return "auto"
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= 1000):
        raise SetupError(f"--jobs {text}: expected auto or a number from 1 to 1000")
    return int(text)


def _init(file: Path) -> None:
    """Write a commented campaign file."""
    from ...config.rounds import ROUNDS_FILE
    from ...journal.session_folder import write_new

    example = ROUNDS_FILE.with_name("campaign.yaml")
    try:
        write_new(file, example.read_text(encoding="utf-8"))
    except FileExistsError as error:
        raise SetupError(f"{file} is there already; name another") from error
    typer.echo(f"{file}: change it to your bench, then `tinyrunner campaign plan {file}`")


def _plan(file: Path, jobs: Jobs) -> None:
    from ...execute.campaign.cells import read_campaign
    from ...execute.campaign.hooks import filled_in
    from ...execute.host import format_duration

    read = read_campaign(file)
    read.check_disk(())
    tree = None if read.submission is None else _tree_of(read, {})[1]
    console = options.result_console()
    for number, lane in enumerate(read.lanes(), 1):
        workers = read.workers(lane, jobs)
        spread = f", {workers} boards side by side" if workers > 1 else ""
        console.print(f"lane {number}{spread}", style="bold", highlight=False)
        for cell in lane:
            seconds = read.duration_s[cell.key]
            at_least = f", at least {format_duration(seconds)}" if seconds else ""
            console.print(f"  {cell.key}{at_least}", highlight=False, soft_wrap=True)
            for name in ("before", "flash", "after"):
                command = getattr(cell.hooks, name)
                if command is not None:
                    line = filled_in(command, cell.words)
                    console.print(f"    {name}: {line}", markup=False, highlight=False,
                                  soft_wrap=True)  # fmt: skip
    console.print(_how_long(read, {}, jobs), highlight=False, soft_wrap=True)
    if tree is not None:
        boards = ", ".join(f"{board} as {system}" for board, system in read.systems.items())
        console.print(f"submission: {boards}; into {tree}", markup=False, highlight=False,
                      soft_wrap=True)  # fmt: skip


def _how_long(read: Campaign, done: Mapping[str, Path], jobs: Jobs) -> str:
    from ...execute.host import format_duration

    lanes = len(read.lanes())
    side = f", {lanes} lanes side by side" if lanes > 1 else ""
    seconds = read.shortest_s(done, jobs)
    time = f"; at least {format_duration(seconds)}" if seconds else ""
    absent = "".join(f"\n{board}: {text}" for board, text in read.absent.items())
    here = sum(cell.key in done for cell in read.cells)
    before = f", {here} of them done before" if here else ""
    return f"{len(read.cells)} runs{before}{side}{time}, into {read.folder}{absent}"


def _run(file: Path, *, resume: bool, jobs: Jobs, quiet: bool) -> None:
    from rich.console import Console

    from ...execute.campaign.campaign_journal import NAME as JOURNAL
    from ...execute.campaign.campaign_journal import (
        CampaignJournal,
        finished_sessions,
        read_events,
        running_elsewhere,
    )
    from ...execute.campaign.cells import read_campaign
    from ...execute.campaign.drift import drifted
    from ...execute.campaign.supervisor import run_campaign
    from ...journal.session_folder import alone_in
    from ...submission.build import refuse_existing
    from ..interrupts import EXIT_INTERRUPTED
    from ..show.campaign import make_view
    from ..show.failure import warn_of_the_supply

    read = read_campaign(file)
    console = Console(stderr=True, soft_wrap=True)
    with alone_in(read.folder):
        done: dict[str, Path] = {}
        if resume:
            events = tuple(read_events(read.folder))
            done = finished_sessions(iter(events), read.folder)
            if host := running_elsewhere(events):
                console.print(
                    f"note: {host} was at this campaign and has not said that it ended; see that "
                    "it does not run there still, for two would measure the same",
                    markup=False,
                    highlight=False,
                )
        elif (read.folder / JOURNAL).exists():
            raise SetupError(
                f"{read.folder} holds a campaign already: go on with it by --resume, or name "
                "another `folder`"
            )
        for sentence in () if quiet else drifted(read, done):
            console.print(f"note: {sentence}", markup=False, highlight=False)
        all_done = all(cell.key in done for cell in read.cells)
        if read.submission is not None and not all_done:
            refuse_existing(_tree_of(read, {})[1])
        read.check_disk(done)
        if not quiet:
            console.print(_how_long(read, done, jobs), markup=False, highlight=False)
        view = make_view(console, read, done, quiet=quiet)
        with CampaignJournal(read.folder) as journal, view as show:
            run = run_campaign(read, done, journal, show, jobs)
        try:
            _show_results(read, run)
            submittable = run.interrupted or read.submission is None or _submitted(read, run)
        finally:
            if run.supply_may_be_on:
                warn_of_the_supply(console)
    if run.supply_may_be_on:
        raise typer.Exit(EXIT_SUPPLY_MAY_BE_ON)
    if run.interrupted:
        console.print(
            f"interrupted. Go on with:\n  tinyrunner campaign {file} --resume",
            markup=False,
            highlight=False,
        )
        raise typer.Exit(EXIT_INTERRUPTED)
    if run.failed():
        raise typer.Exit(options.EXIT_FAILED)
    if not submittable or not all(state.good for state in run.states.values()):
        raise typer.Exit(options.EXIT_INVALID)


def _show_results(read: Campaign, run: CampaignRun) -> None:
    """Print the table of all, what failed, and write the report."""
    from ...report.gather import Asked, read_session
    from ...report.page import ReportPage, suite_order
    from ...report.report_file import write_report
    from ..show.results_table import TableCell, show_results_table

    sessions: dict[str, ReportSession] = {}
    for key, state in run.states.items():
        if state.session is not None:
            try:
                sessions[key] = read_session(state.session, Asked())
            except (TinyrunnerError, OSError) as error:  # removed or damaged since
                state.session, state.error = None, str(error)
    cells = []
    for key, state in run.states.items():
        session = sessions.get(key)
        if session is not None:
            state.good = session.assessment is not None and session.assessment.good
        if state.ended:
            cell = state.cell
            assessment = None if session is None else session.assessment
            round_ = None if session is None else session.round
            cells.append(TableCell(cell.task, cell.mode, assessment, round_, cell.board))
    console = options.result_console()
    if sessions:
        show_results_table(console, cells)
    for state in run.failed():
        console.print(f"failed: {state.cell.key}: {state.error}", markup=False, highlight=False,
                      soft_wrap=True)  # fmt: skip
    if sessions:
        page = ReportPage(
            read.path.stem,
            f"{len(sessions)} of {len(read.cells)} runs",
            tuple(sorted(sessions.values(), key=suite_order)),
        )
        write_report(page, read.folder / REPORT, force=True)
        console.print(f"report: {read.folder / REPORT}", highlight=False, soft_wrap=True)


def _tree_of(
    read: Campaign, sessions: Mapping[str, Path]
) -> tuple[Description, Path, tuple[str, ...]]:
    """Return the submission as described, the folder it is built in, and which cells it lacks.

    ConfigError for the description. A session that is not there yet is taken for one to come.
    """
    from ...submission.build import tree_root
    from ...submission.describe.description import load_description

    assert read.submission is not None
    measured: dict[str, dict[str, dict[str, Path]]] = {}
    lacking = []
    for cell in read.cells:
        if (system := read.systems.get(cell.board)) is None:
            continue
        if cell.key not in sessions:
            lacking.append(cell.key)
        by_mode = measured.setdefault(system, {}).setdefault(cell.task.key, {})
        by_mode[cell.mode.value] = sessions.get(cell.key, cell.config.sessions)
    description = load_description(read.submission, measured)
    root = tree_root(description, description.output or read.folder / "submission")
    return description, root, tuple(lacking)


def _submitted(read: Campaign, run: CampaignRun) -> bool:
    """Build the submission where all of it was measured, audit it; tell whether it is good."""
    from ...audit.audit import audit
    from ...audit.evidence.findings import Level
    from ...submission.build import build
    from ..show.audit import show_audit

    sessions = {key: one.session for key, one in run.states.items() if one.session is not None}
    description, root, lacking = _tree_of(read, sessions)
    console = options.result_console()
    if lacking:
        text = f"no submission is built: {len(lacking)} of its runs failed: {', '.join(lacking)}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
        return False
    notes: tuple[str, ...] = ()
    if not root.exists():  # else an earlier call of --resume has built it of the same sessions
        notes = build(description, root.parent.parent).notes
    console.print(f"submission: {root}", markup=False, highlight=False, soft_wrap=True)
    for note in notes:
        console.print(f"note: {note}", markup=False, highlight=False, soft_wrap=True)
    audited = audit(root, round_name=description.round)
    show_audit(console, audited, Level.SUBMITTABLE)
    return audited.holds(Level.SUBMITTABLE)


def _lane() -> None:
    """Be one worker of a lane: cells from standard input, events to standard output."""
    import json
    import queue
    import sys
    import threading

    from ...execute.campaign.lane import READY, Lane, Turn, run_lane

    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read_the_input, args=(lines,), daemon=True).start()
    out = sys.stdout

    def tell(event: object) -> None:
        out.write(json.dumps(event, ensure_ascii=True) + "\n")
        out.flush()

    def next_line() -> str:
        while True:
            try:
                return lines.get(timeout=_LOOK_S)  # else Windows would not let it be interrupted
            except queue.Empty:
                continue

    lane = Lane.from_json(next_line())
    cells = {cell.key: cell for cell in lane.cells}

    def turns() -> Iterator[Turn]:
        while True:
            tell({"event": READY})
            turn = json.loads(next_line())
            if turn is None:
                return
            yield cells[turn["cell"]], turn["attempt"]

    run_lane(lane, tell, turns())


_LOOK_S = 0.2


def _read_the_input(lines: SimpleQueue[str]) -> None:
    """Hand on what the campaign's process writes; interrupt the work when it closes our input."""
    import _thread
    import os
    import signal
    import sys

    rest = b""
    # Not by `sys.stdin`: a thread that is waiting in it cannot be left behind at the end.
    while data := os.read(0, 65536):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            lines.put(line.decode())
    if sys.platform == "win32":
        _thread.interrupt_main()
    else:
        os.kill(os.getpid(), signal.SIGTERM)
