"""``tinyrunner run``: measure, or continue a measurement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ....errors import EXIT_INTERRUPTED, EXIT_SUPPLY_MAY_BE_ON, TinyrunnerError
from ...errors import ResumeError, SetupError
from .. import options

if TYPE_CHECKING:
    from rich.console import Console

    from ....models.suite import Benchmark
    from ...config.config import Config
    from ...execute.campaign.several_runs import EndedCell
    from ...execute.progress import Reporter
    from ...execute.run import Outcome, Prepared
    from ...export.history.run_recorder import Keeper
    from ...terms import Mode
    from ..show.results_table import TableCell


@options.with_settings(
    "tasks modes dut io interface_board monitor supply_v max_v ppk2_default_calibration "
    "soft_markers model engine datasets recording no_board sessions board config baud_rate "
    "iterations warmups limit purpose labels input_format division round data_bytes_per_db "
    "pipelining extension verify_load confirm_results expected_inference_s wire_log script resume "
    "history tag stop_on_failure quiet verbose as_json"
)
def run(
    flags: dict[str, Any],
    tasks: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TASK…",
            help="vww, ic, kws, ad; all of them; ic2; sww; or custom.",
            show_default="required, but for --resume",
        ),
    ] = None,
    modes: Annotated[
        list[str] | None,
        typer.Option(
            "--mode",
            help="performance, accuracy, energy; several times; or all.",
            show_default="required, but for --resume",
            metavar="MODE",
        ),
    ] = None,
    config: options.ConfigOption = None,
    script: Annotated[
        Path | None,
        typer.Option(
            "--script",
            help="Run a published script.async instead.",
            show_default="the mode's own plan",
            metavar="FILE",
        ),
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume", help="Continue this session.", show_default="none", metavar="SESSION"
        ),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(
            "--history",
            help="Add the sessions to a history: `default`, an SQLite file, or a URL as `history "
            "add --db` takes.",
            show_default="none",
            metavar="URL",
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag",
            help="Label them in the history: commit=…, branch=…; several times.",
            show_default="no labels",
            metavar="NAME=VALUE",
        ),
    ] = None,
    stop_on_failure: Annotated[
        bool, typer.Option("--stop-on-failure", help="Of several runs, none behind one that fails.")
    ] = False,
    quiet: options.QuietOption = False,
    verbose: options.VerboseOption = False,
    as_json: options.JsonOption = False,
) -> None:
    """Measure performance, accuracy or energy of one or more tasks."""
    from rich.console import Console

    from ...config.config import absolute, override
    from ...config.effect import refuse_without_effect
    from ...execute.campaign.several_runs import prepare_cells, uses_of
    from ...execute.run import SAID_BY_A_SCRIPT
    from ..show.progress import make_reporter

    labels, formats = flags.pop("labels"), flags.pop("input_format")
    keeper = _keeper(history, tag)
    console = Console(stderr=True, soft_wrap=True)
    reporter = make_reporter(console, quiet=quiet, verbose=verbose)
    if resume is not None:
        if script is not None:
            raise SetupError("--resume continues the session's own script; leave --script out")
        outcome = _resume(resume, tasks, modes, config, flags, (labels, formats), reporter)
        with _told_where([outcome]):
            show_outcomes([outcome], as_json)
            if not as_json:
                _show_table([_cell_of(outcome)], reasons=False)
        if keeper is not None:
            keeper.keep([outcome.session.folder])
        if not outcome.assessment.good:
            raise typer.Exit(options.EXIT_INVALID)
        return
    base = options.base_config(config)
    keys = [task.key for task in choose_tasks(tasks, base)]
    flags["labels"] = options.labels_by_task(labels, keys)
    flags["input_format"] = options.formats_by_task(formats, keys)
    settings = absolute(override(base, **flags))
    chosen, wanted = choose_tasks(tasks, settings), choose_modes(modes)
    meant = flags if script is None else flags | dict.fromkeys(SAID_BY_A_SCRIPT)
    refuse_without_effect(meant, uses_of(chosen, wanted, settings))
    if script is not None and (len(chosen) != 1 or len(wanted) != 1):
        raise SetupError("a script is of one task and one mode; name just those")
    prepared = prepare_cells(chosen, wanted, settings, reporter, script)
    _run_all(prepared, console, keeper, stop_on_failure=stop_on_failure, as_json=as_json)


def _keeper(history: str | None, tag: list[str] | None) -> Keeper | None:
    """Open the history that the sessions are to be added to; None where none is asked for."""
    if history is None:
        if tag:
            raise SetupError("--tag labels sessions in a history; give --history as well")
        return None
    from ...export.history.run_recorder import Keeper

    return Keeper.open(history, tag or [])


def _kept(keeper: Keeper | None, folders: list[Path], console: Console) -> bool:
    """Add sessions to the history; show why, and return False, where one is not kept."""
    from ..show.failure import show_failure

    if keeper is not None and folders:
        try:
            keeper.keep(folders)
        except TinyrunnerError as error:
            show_failure(console, error)
            return False
    return True


def _run_all(
    prepared: list[Prepared],
    console: Console,
    keeper: Keeper | None,
    *,
    stop_on_failure: bool,
    as_json: bool,
) -> None:
    """Run what was prepared and show what came of each; then the exit status that follows."""
    from ...execute.campaign.several_runs import run_cells
    from ..show.failure import show_failure, warn_of_the_supply

    ended: list[EndedCell] = []
    several = len(prepared) > 1

    def on_end(cell: EndedCell) -> None:
        ended.append(cell)
        if cell.error is not None and several:
            show_failure(console, cell.error, what=cell.name)

    try:
        run_cells(prepared, on_end, stop_on_failure=stop_on_failure)
    finally:
        outcomes = [cell.outcome for cell in ended if cell.outcome is not None]
        try:
            with _told_where(outcomes):
                _show_cells(ended, as_json, several=several)
        finally:
            kept = _kept(keeper, [each.session.folder for each in outcomes], console)
    errors = [cell.error for cell in ended if cell.error is not None]
    if errors and not several:
        raise errors[0]
    if errors:
        status = _status_of(errors)
        if status == EXIT_SUPPLY_MAY_BE_ON:
            warn_of_the_supply(console)
        raise typer.Exit(status)
    if not kept:
        raise typer.Exit(options.EXIT_FAILED)
    if not all(cell.outcome is not None and cell.outcome.assessment.good for cell in ended):
        raise typer.Exit(options.EXIT_INVALID)


def _status_of(errors: Sequence[TinyrunnerError | OSError]) -> int:
    """Return the exit status for what failed of several runs; what needs a hand comes first."""
    statuses = [getattr(error, "exit_status", options.EXIT_FAILED) for error in errors]
    for status in (EXIT_SUPPLY_MAY_BE_ON, EXIT_INTERRUPTED):
        if status in statuses:
            return status
    return options.EXIT_FAILED


def _resume(
    folder: Path,
    tasks: list[str] | None,
    modes: list[str] | None,
    config: Path | None,
    flags: dict[str, Any],
    by_task: tuple[list[str] | None, list[str] | None],
    reporter: Reporter,
) -> Outcome:
    """Continue with the session's own settings; flags that say otherwise are compared."""
    from ...config.config import absolute, override
    from ...execute.provenance import asked_before
    from ...execute.run import resume_session

    if config is not None:
        raise SetupError("--resume takes the session's own configuration; leave --config out")
    task, wanted, before = asked_before(folder)
    if tasks and [named.key for named in choose_tasks(tasks, before)] != [task.key]:
        raise ResumeError(f"{folder} is a session of {task.key}, not of {', '.join(tasks)}")
    if modes and choose_modes(modes) != [wanted]:
        raise ResumeError(f"{folder} is a session of {wanted.value}, not of {', '.join(modes)}")
    labels, formats = by_task
    flags["labels"] = options.labels_by_task(labels, [task.key])
    flags["input_format"] = options.formats_by_task(formats, [task.key])
    settings = absolute(override(before, **flags))
    if formats:
        task = settings.task(task.key)
    return resume_session(folder, task, wanted, settings, reporter)


def choose_tasks(names: list[str] | None, config: Config) -> list[Benchmark]:
    """Return the tasks by their names, `all` for the four, `custom` for the configuration's own."""
    from ....models.suite import BENCHMARKS, TASKS
    from ...config.name_lookup import benchmark_named

    if not names:
        known = ", ".join(BENCHMARKS)
        raise SetupError(f"which task? Name one or more of {known}; all; or custom")
    if names == ["all"]:
        return [config.task(key) for key in TASKS]
    if "all" in names:
        raise SetupError("`all` is the four tasks and stands alone; or name each task")
    return [benchmark_named(name, config) for name in dict.fromkeys(names)]


def choose_modes(names: list[str] | None) -> list[Mode]:
    """Return the modes by their names, in the order given; `all` for the three."""
    from ...config.name_lookup import mode_named
    from ...terms import Mode

    if not names:
        raise SetupError("which mode? Give --mode performance, accuracy or energy; or all")
    if names == ["all"]:
        return list(Mode)
    if "all" in names:
        raise SetupError("`all` is the three modes and stands alone; or name each mode")
    return [mode_named(name) for name in dict.fromkeys(names)]


@contextmanager
def _told_where(outcomes: Sequence[Outcome]) -> Iterator[None]:
    """Say where the figures are, where they cannot be printed."""
    try:
        yield
    except OSError as error:
        folders = ", ".join(str(outcome.session.folder) for outcome in outcomes)
        raise TinyrunnerError(
            f"the figures cannot be printed ({error.strerror}); nothing of them is lost: "
            f"`tinyrunner score` shows those of {folders}"
        ) from error


def _show_cells(ended: list[EndedCell], as_json: bool, *, several: bool) -> None:
    """Print the results to stdout; a table of them all, which ends a campaign too, is the last."""
    from ..show.results_table import TableCell

    outcomes = [cell.outcome for cell in ended if cell.outcome is not None]
    failed = [
        {"task": cell.task.key, "mode": cell.mode.value, "error": str(cell.error)}
        for cell in ended
        if cell.error is not None
    ]
    show_outcomes(outcomes, as_json, failed, several=several)
    if outcomes and not as_json:
        cells = [
            TableCell(cell.task, cell.mode, None, None)
            if cell.outcome is None
            else _cell_of(cell.outcome)
            for cell in ended
        ]
        _show_table(cells, reasons=several)  # of one, they stand right above


def _cell_of(outcome: Outcome) -> TableCell:
    from ..show.results_table import TableCell

    return TableCell(outcome.task, outcome.mode, outcome.assessment, outcome.round)


def _show_table(cells: Sequence[TableCell], *, reasons: bool) -> None:
    from ..show.results_table import show_results_table

    console = options.result_console()
    console.print()
    show_results_table(console, cells, reasons=reasons)


def show_outcomes(
    outcomes: list[Outcome],
    as_json: bool,
    failed: Sequence[dict[str, str]] = (),
    *,
    several: bool = False,
) -> None:
    """Print the results; as JSON a list, with what ``failed``, where ``several`` were asked for."""
    import json

    from ..show.session import assessment_json, show_assessment

    if not outcomes and not several:
        return
    if as_json:
        rows = [
            assessment_json(str(outcome.session.folder), outcome.assessment)
            | {"task": outcome.task.key, "mode": outcome.mode.value, "round": outcome.round.name}
            for outcome in outcomes
        ]
        typer.echo(json.dumps([*rows, *failed] if several else rows[0], indent=2))
        return
    console = options.result_console()
    for outcome in outcomes:
        title = f"{outcome.task.key} {outcome.mode.value}: {outcome.session.folder}"
        show_assessment(console, title, outcome.assessment, outcome.task, outcome.round)
