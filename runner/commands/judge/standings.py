"""``tinyrunner standings``: the published record as a table, and a session's place in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ....models.suite import BENCHMARKS
from ...errors import SetupError
from ...terms import Mode
from .. import options

if TYPE_CHECKING:
    from ..show.standings import OwnSession


def standings(
    task: Annotated[
        str | None,
        typer.Argument(
            metavar="[TASK]", help="kws, vww, ic, ad or sww.", show_default="a summary of all"
        ),
    ] = None,
    mode: Annotated[
        Mode, typer.Option("--mode", help="Whose figure is compared.")
    ] = Mode.PERFORMANCE,
    with_: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="SESSION",
            help="A session to place in it; repeat it.",
            show_default="none",
        ),
    ] = None,
    round_name: Annotated[
        str | None,
        typer.Option(
            "--round",
            help="The sessions of one round: v0.5 … v1.3.",
            show_default="all",
            metavar="ROUND",
        ),
    ] = None,
    division: Annotated[
        str | None,
        typer.Option("--division", help="closed or open.", show_default="both", metavar="DIVISION"),
    ] = None,
    organization: Annotated[
        str | None,
        typer.Option(
            "--organization",
            help="Sessions of whose name contains this.",
            show_default="all",
            metavar="NAME",
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            help="Sessions whose board, system or processor contains this.",
            show_default="all",
            metavar="NAME",
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option(
            "--table",
            metavar="FILE",
            help="A table of `submission table` instead.",
            show_default="the one that comes with the program",
        ),
    ] = None,
    as_json: options.JsonOption = False,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write the rows to a file too.",
            show_default="none is written",
        ),
    ] = None,
) -> None:
    """Show the published record: who measured what, and where a session of yours stands.

    A row's figure is the one recomputed from the session's log; where only a printed one is there,
    or the two disagree, the row says so.
    """
    from ...audit.overview.standings import published_standings, read_standings, standings_csv
    from ..show.standings import show_standings, show_summary, standing_json

    if task is not None and task not in BENCHMARKS:
        raise SetupError(f"no task {task!r} in the record; there are {', '.join(BENCHMARKS)}")
    options.refuse_existing(csv)
    rows = published_standings() if table is None else read_standings(_text(table))
    wanted = {"round": round_name, "division": division}
    kept = [
        row
        for row in rows
        if all(value in (None, getattr(row, name)) for name, value in wanted.items())
        and _contains(organization, row.organization)
        and _contains(board, row.board, row.system, row.processor)
    ]
    if task is not None:
        kept = [row for row in kept if row.task == task and row.mode == mode.value]
    elif with_:
        raise SetupError("--with needs a task: tinyrunner standings kws --with SESSION")
    own = [_own_session(path, task, mode) for path in with_ or ()]
    if not kept:
        rounds = ", ".join(sorted({row.round for row in rows}))
        raise SetupError(f"no session of the record is like that; its rounds are {rounds}")
    if csv is not None:
        options.write_file(csv, standings_csv(kept))
    if as_json:
        import json

        typer.echo(json.dumps(standing_json(kept, own, shipped=table is None), indent=2))
    elif task is None:
        show_summary(options.result_console(), kept, shipped=table is None)
    else:
        show_standings(options.result_console(), kept, own, shipped=table is None)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SetupError(f"cannot read the table {path}: {why}") from error


def _contains(part: str | None, *texts: str) -> bool:
    return part is None or any(part.casefold() in text.casefold() for text in texts)


def _own_session(path: Path, task: str | None, mode: Mode) -> OwnSession:
    """Return what a session of the user's measured; SetupError where it is of another task."""
    from ...execute.streaming.recording import USUAL_RECORDING
    from ...score.judge import judge_any
    from ..show.standings import OwnSession

    judged = judge_any(path, labels_needed=False, words_needed=False)
    if (judged.task.key, judged.mode) != (task, mode):
        raise SetupError(
            f"{path} is {judged.task.key} in mode {judged.mode.value}; compare it with "
            f"tinyrunner standings {judged.task.key} --mode {judged.mode.value}"
        )
    stream = judged.assessment.streaming
    if mode is Mode.ENERGY and stream is not None and stream.wav_file != USUAL_RECORDING:
        raise SetupError(
            f"{path}: its energy is that of {stream.wav_file}, and the record's of "
            f"{USUAL_RECORDING}, so that neither is more than the other; compare sessions of the "
            "same recording"
        )
    own = OwnSession.of(path, judged)
    if own.figure is None:
        raise SetupError(f"{path} has no figure to compare; see `tinyrunner score {path}`")
    return own
