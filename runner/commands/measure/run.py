"""``tinyrunner run``: measure, or continue a measurement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import ResumeError, SetupError
from .. import options

if TYPE_CHECKING:
    from ....models.suite import Task
    from ...config.config import Config
    from ...execute.progress import Reporter
    from ...execute.run import Outcome
    from ...terms import Mode


@options.with_settings(
    "tasks mode dut io monitor supply_v soft_markers model datasets sessions config baud_rate "
    "iterations warmups limit labels input_format division round data_bytes_per_db pipelining "
    "extension verify_load confirm_results expected_inference_s wire_log script resume as_json"
)
def run(
    flags: dict[str, Any],
    tasks: Annotated[
        list[str] | None, typer.Argument(metavar="TASK…", help="vww, ic, kws, ad; all; or custom.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option("--mode", help="performance, accuracy or energy.")
    ] = None,
    config: options.ConfigOption = None,
    script: Annotated[
        Path | None, typer.Option("--script", help="Run a published script.async instead.")
    ] = None,
    resume: Annotated[Path | None, typer.Option("--resume", help="Continue this session.")] = None,
    as_json: options.JsonOption = False,
) -> None:
    """Measure performance, accuracy or energy of one or more tasks."""
    from rich.console import Console

    from ...config.config import absolute, override
    from ...execute.run import run_session
    from ..show.progress import make_reporter

    labels, formats = flags.pop("labels"), flags.pop("input_format")
    reporter = make_reporter(Console(stderr=True, soft_wrap=True))
    if resume is not None:
        if script is not None:
            raise SetupError("--resume continues the session's own script; leave --script out")
        outcomes = [_resume(resume, tasks, mode, config, flags, (labels, formats), reporter)]
        show_outcomes(outcomes, as_json)
    else:
        base = options.base_config(config)
        keys = [task.key for task in choose_tasks(tasks, base)]
        flags["labels"] = options.labels_by_task(labels, keys)
        flags["input_format"] = options.formats_by_task(formats, keys)
        settings = absolute(override(base, **flags))
        chosen = choose_tasks(tasks, settings)
        if script is not None and len(chosen) != 1:
            raise SetupError("a script is of one task; name just that one")
        wanted = parse_mode(mode)
        outcomes = []
        try:
            for task in chosen:
                outcomes.append(run_session(task, wanted, settings, reporter, script))
        finally:
            # Also those before the task that failed: they are measured, and on disk.
            show_outcomes(outcomes, as_json, several=len(chosen) > 1)
    if not all(outcome.assessment.valid for outcome in outcomes):
        raise typer.Exit(options.EXIT_INVALID)


def _resume(
    folder: Path,
    tasks: list[str] | None,
    mode: str | None,
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
    if mode is not None and parse_mode(mode) is not wanted:
        raise ResumeError(f"{folder} is a session of {wanted.value}, not of {mode}")
    labels, formats = by_task
    flags["labels"] = options.labels_by_task(labels, [task.key])
    flags["input_format"] = options.formats_by_task(formats, [task.key])
    settings = absolute(override(before, **flags))
    if formats:
        task = settings.task(task.key)
    return resume_session(folder, task, wanted, settings, reporter)


def choose_tasks(names: list[str] | None, config: Config) -> list[Task]:
    """Return the tasks by their names, `all` for the four, `custom` for the configuration's own."""
    from ....models.suite import TASKS
    from ...config.named import task_named

    if not names:
        raise SetupError(f"which task? Name one or more of {', '.join(TASKS)}; all; or custom")
    if names == ["all"]:
        return [config.task(key) for key in TASKS]
    if "all" in names:
        raise SetupError("`all` is the four tasks and stands alone; or name each task")
    return [task_named(name, config) for name in dict.fromkeys(names)]


def parse_mode(name: str | None) -> Mode:
    """Return the mode by its name."""
    from ...config.named import mode_named

    if name is None:
        raise SetupError("which mode? Give --mode performance, accuracy or energy")
    return mode_named(name)


def show_outcomes(outcomes: list[Outcome], as_json: bool, *, several: bool = False) -> None:
    """Print the results to stdout; as JSON a list where ``several`` tasks were asked for."""
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
        typer.echo(json.dumps(rows if several else rows[0], indent=2))
        return
    console = options.result_console()
    for outcome in outcomes:
        title = f"{outcome.task.key} {outcome.mode.value}: {outcome.session.folder}"
        show_assessment(console, title, outcome.assessment, outcome.task, outcome.round)
