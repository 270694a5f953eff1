"""``tinyrunner run``: measure, or continue a measurement."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ....models.suite import TASKS, Task
from ...config.config import Config, absolute, config_from_json, override
from ...errors import ResumeError, SetupError
from ...execute.energy_run import BEGIN_AGAIN, run_energy
from ...execute.progress import Reporter
from ...execute.run import Outcome, resume_session, run_session
from ...journal.session_document import read_document, task_and_mode
from ...terms import Mode
from .. import options
from ..show.progress import make_reporter
from ..show.session import assessment_json, show_assessment

EXIT_INVALID = 3


def run(
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="TASK…", help="vww, ic, kws, ad; all; or custom.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", help="performance, accuracy or energy.")
    ] = None,
    dut: options.DutOption = None,
    io: Annotated[
        str | None, typer.Option("--io", help="Energy: port or URL of the IO manager.")
    ] = None,
    monitor: Annotated[
        str | None,
        typer.Option("--monitor", help="Energy: a VISA resource, lpm01a:PORT, ppk2:PORT, …"),
    ] = None,
    supply_v: Annotated[
        float | None, typer.Option("--supply-v", help="Energy: what the device is powered with.")
    ] = None,
    soft_markers: Annotated[
        bool,
        typer.Option("--soft-markers", help="Energy: the host's stamps for edges; never valid."),
    ] = False,
    model: options.ModelOption = None,
    datasets: options.DatasetsOption = None,
    sessions: Annotated[
        Path | None, typer.Option("--sessions", help="Where session folders are made.")
    ] = None,
    config: options.ConfigOption = None,
    baud_rate: options.BaudOption = None,
    iterations: Annotated[
        str | None,
        typer.Option("--iterations", help="N of a performance window; auto calibrates it."),
    ] = None,
    warmups: Annotated[int | None, typer.Option("--warmups", help="Before each window.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", help="Only the first files: a smoke test.")
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--labels", help="Another label list: FILE or kws=FILE.")
    ] = None,
    division: Annotated[str | None, typer.Option("--division", help="closed or open.")] = None,
    round_name: Annotated[
        str | None, typer.Option("--round", help="Whose rules apply: v1.1 … v1.4.")
    ] = None,
    data_bytes_per_db: Annotated[
        str | None,
        typer.Option("--data-bytes-per-db", help="1 to 38, or auto: as checked, else 30."),
    ] = None,
    pipelining: Annotated[
        bool | None,
        typer.Option("--pipelining/--no-pipelining", help="Several db in flight; check it first."),
    ] = None,
    extension: Annotated[
        bool | None,
        typer.Option("--extension/--no-extension", help="Denser loads, if the device offers them."),
    ] = None,
    verify_load: Annotated[
        str | None,
        typer.Option("--verify-load", help="Which loads are read back: first, all, never."),
    ] = None,
    confirm_results: Annotated[
        str | None,
        typer.Option("--confirm-results", help="Ask twice, on a bad link: all, or never."),
    ] = None,
    expected_inference_s: Annotated[
        float | None,
        typer.Option(
            "--expected-inference-s", help="About; for devices slower than 10 s an inference."
        ),
    ] = None,
    wire_log: options.WireLogOption = None,
    script: Annotated[
        Path | None, typer.Option("--script", help="Run a published script.async instead.")
    ] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Continue this session.")] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Measure performance, accuracy or energy of one or more tasks."""
    flags: dict[str, object] = {
        "dut": dut,
        "io": io,
        "monitor": monitor,
        "supply_v": supply_v,
        "soft_markers": soft_markers or None,
        "baud_rate": baud_rate,
        "model": model,
        "datasets": datasets,
        "sessions": sessions,
        "iterations": iterations,
        "warmups": warmups,
        "limit": limit,
        "division": division,
        "round": round_name,
        "data_bytes_per_db": data_bytes_per_db,
        "pipelining": pipelining,
        "extension": extension,
        "verify_load": verify_load,
        "confirm_results": confirm_results,
        "expected_inference_s": expected_inference_s,
        "wire_log": wire_log,
    }
    reporter = make_reporter(Console(stderr=True, soft_wrap=True))
    if resume is not None:
        if script is not None:
            raise SetupError("--resume continues the session's own script; leave --script out")
        outcomes = [_resume(resume, tasks, mode, config, flags, labels, reporter)]
        show_outcomes(outcomes, as_json)
    else:
        base = options.base_config(config)
        chosen = choose_tasks(tasks, base)
        flags["labels"] = options.labels_by_task(labels, [task.key for task in chosen])
        settings = absolute(override(base, **flags))
        if script is not None:
            _check_alone(chosen, settings)
        wanted = parse_mode(mode)
        outcomes = []
        try:
            for task in chosen:
                outcomes.append(_measure(task, wanted, settings, reporter, script))
        finally:
            # Also those before the task that failed: they are measured, and on disk.
            show_outcomes(outcomes, as_json, several=len(chosen) > 1)
    if not all(outcome.assessment.valid for outcome in outcomes):
        raise typer.Exit(EXIT_INVALID)


def _measure(
    task: Task, mode: Mode, settings: Config, reporter: Reporter, script: Path | None
) -> Outcome:
    if mode is not Mode.ENERGY:
        return run_session(task, mode, settings, reporter, script)
    if script is not None:
        raise SetupError("--script is for performance and accuracy; energy plans its own")
    return run_energy(task, settings, reporter)


def _check_alone(tasks: list[Task], settings: Config) -> None:
    """A published script says by itself what is run how often; nothing else may say otherwise."""
    if len(tasks) != 1:
        raise SetupError("a script is of one task; name just that one")
    for name, value, default in (
        ("limit", settings.limit, None),
        ("iterations", settings.iterations, Config().iterations),
        ("warmups", settings.warmups, Config().warmups),
    ):
        if value != default:
            raise SetupError(f"the script says what is run; leave {name} ({value}) out")


def _resume(
    folder: Path,
    tasks: list[str] | None,
    mode: str | None,
    config: Path | None,
    flags: dict[str, object],
    labels: list[str] | None,
    reporter: Reporter,
) -> Outcome:
    """Continue with the session's own settings; flags that say otherwise are compared."""
    provenance = read_document(folder).provenance
    if config is not None:
        raise SetupError("--resume takes the session's own configuration; leave --config out")
    task, wanted = task_and_mode(provenance, folder)
    if wanted is Mode.ENERGY:
        raise ResumeError(f"{folder} cannot be continued. {BEGIN_AGAIN}")
    before: Config = config_from_json(provenance.config, str(folder / "session.json"))
    if tasks and [named.key for named in choose_tasks(tasks, before)] != [task.key]:
        raise ResumeError(f"{folder} is a session of {task.key}, not of {', '.join(tasks)}")
    if mode is not None and parse_mode(mode) is not wanted:
        raise ResumeError(f"{folder} is a session of {wanted.value}, not of {mode}")
    flags["labels"] = options.labels_by_task(labels, [task.key])
    return resume_session(folder, task, wanted, absolute(override(before, **flags)), reporter)


def choose_tasks(names: list[str] | None, config: Config) -> list[Task]:
    """The tasks by their names, `all` for the four, `custom` for the configuration's own."""
    if not names:
        raise SetupError(f"which task? Name one or more of {', '.join(TASKS)}; all; or custom")
    if names == ["all"]:
        return list(TASKS.values())
    if "all" in names:
        raise SetupError("`all` is the four tasks and stands alone; or name each task")
    return [options.task_named(name, config) for name in dict.fromkeys(names)]


def parse_mode(name: str | None) -> Mode:
    """The mode by its name."""
    match name:
        case "performance":
            return Mode.PERFORMANCE
        case "accuracy":
            return Mode.ACCURACY
        case "energy":
            return Mode.ENERGY
        case None:
            raise SetupError("which mode? Give --mode performance, accuracy or energy")
        case _:
            raise SetupError(f"no mode {name!r}; there are performance, accuracy and energy")


def show_outcomes(outcomes: list[Outcome], as_json: bool, *, several: bool = False) -> None:
    """Print the results to stdout; as JSON a list where ``several`` tasks were asked for."""
    if not outcomes and not several:
        return
    if as_json:
        rows = [
            assessment_json(str(outcome.session.folder), outcome.assessment)
            | {"task": outcome.task.key, "mode": outcome.mode.value, "round": outcome.round.name}
            for outcome in outcomes
        ]
        typer.echo(json.dumps(rows if several else rows[0], indent=2))
        return
    console = options.result_console()
    for outcome in outcomes:
        title = f"{outcome.task.key} {outcome.mode.value}: {outcome.session.folder}"
        show_assessment(console, title, outcome.assessment, outcome.task, outcome.round)
