"""``tinyrunner sessions``: look after the folders that runs have left."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...errors import SetupError
from .. import options

if TYPE_CHECKING:
    from rich.console import Console

    from ...execute.resume.found_sessions import FoundSession

app = typer.Typer(no_args_is_help=True)

_SESSIONS = Path("sessions")
"""Where `run` makes them unless told otherwise."""

FolderArgument = Annotated[
    Path, typer.Argument(metavar="[FOLDER]", help="The folder that holds the sessions.")
]


@app.callback()
def sessions() -> None:
    """List and show sessions, remove what is of no use, restore what one has lost."""


@app.command("list")
def list_(folder: FolderArgument = _SESSIONS, as_json: options.JsonOption = False) -> None:
    """List a folder's sessions: when, which board, what it came to, and whether it goes on.

    The verdict is that of the session's end: valid or not valid for a submission, development (good
    for that) or not good, simulated; or how far it has come. resume: `run --resume` goes on with it
    (yes), or `sessions repair` has to restore something first.
    """
    from ...execute.resume.found_sessions import find_sessions
    from ..show.sessions_table import session_json, show_sessions

    found = find_sessions(folder)
    if as_json:
        import json

        typer.echo(json.dumps([session_json(one) for one in found], indent=2))
    elif found:
        show_sessions(options.result_console(), found)
    else:
        typer.echo(f"{folder} holds no session", err=True)


@app.command()
def show(
    session: Annotated[Path, typer.Argument(metavar="SESSION", help="The session's folder.")],
    as_json: options.JsonOption = False,
) -> None:
    """Show what a session was made of, how far it came, and its figures."""
    from ...execute.resume.found_sessions import SessionState, look_at
    from ...score.judge import judge_any
    from ..show.session import assessment_json, show_assessment
    from ..show.sessions_table import session_json, show_facts

    found = look_at(session)
    measured = found.state in (SessionState.FINISHED, SessionState.NOT_SCORED)
    judged = judge_any(session, words_needed=False) if measured else None
    if as_json:
        import json

        plain = session_json(found)
        if found.provenance is not None:
            plain["provenance"] = found.provenance.to_json()
        if judged is not None:
            plain |= assessment_json(str(session), judged.assessment)
        typer.echo(json.dumps(plain, indent=2))
        return
    out = options.result_console()
    show_facts(out, found)
    if judged is not None:
        title = f"{judged.task.key} {judged.mode.value}"
        show_assessment(out, title, judged.assessment, judged.task, judged.round)


@app.command()
def prune(
    folder: FolderArgument = _SESSIONS,
    incomplete: Annotated[
        bool,
        typer.Option("--incomplete", help="Also those that were stopped, with what they measured."),
    ] = False,
    measured: Annotated[
        bool,
        typer.Option(
            "--measured", help="Also those with a result, and damaged ones that may have one."
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them without being asked.")] = False,
) -> None:
    """Remove sessions that were stopped before their first step; others only on request; asks."""
    from rich.console import Console

    from ...execute.resume.found_sessions import SessionState, find_sessions, remove_session
    from ..show.sessions_table import show_sessions

    states = {SessionState.NOT_BEGUN}
    states |= {SessionState.STOPPED} if incomplete else set()
    whole = {SessionState.FINISHED, SessionState.NOT_SCORED, SessionState.DAMAGED}
    states |= whole if measured else set()
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    chosen = [one for one in find_sessions(folder) if one.state in states]
    removed = [one for one in chosen if not _stays(one, console)]
    if not removed:
        console.print(f"nothing in {folder} is to be removed", markup=False)
        return
    show_sessions(options.result_console(), removed)
    if not yes and not _is_wanted(removed):
        console.print("nothing was removed")
        return
    failed = False
    for one in removed:
        try:
            remove_session(one)
        except SetupError as error:
            failed = True
            console.print(str(error), markup=False)
        else:
            typer.echo(f"removed {one.folder}")
    if failed:
        raise typer.Exit(options.EXIT_FAILED)


def _stays(session: FoundSession, console: Console) -> bool:
    """Tell whether a session is none of the program's to remove, and say why."""
    others = session.foreign_files
    if others:
        said = f"{session.folder} stays: it holds {', '.join(others)}, which no session writes"
        console.print(said, markup=False)
    return bool(others)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _is_wanted(sessions: list[FoundSession]) -> bool:
    """Ask whether these go; SetupError where there is nobody to ask."""
    if not _is_terminal():
        raise SetupError("nothing is removed unasked, and there is no terminal to ask at: --yes")
    size = sum(one.size_bytes for one in sessions)
    which = "this session" if len(sessions) == 1 else f"these {len(sessions)} sessions"
    return typer.confirm(f"Remove {which} ({size / 1e3:,.0f} kB) for good?", err=True)


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
        Path | None,
        typer.Option(
            "--script",
            help="The published script.async that was run.",
            show_default="the mode's own plan",
            metavar="FILE",
        ),
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
