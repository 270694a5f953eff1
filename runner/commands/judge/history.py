"""``tinyrunner history``: sessions over years, their trends, and a gate for changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .. import options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from ...export.history.gate import GatedFigure
    from ...export.history.store import History, KeptSession, Wanted
    from ...export.history.trend import Trend

app = typer.Typer(no_args_is_help=True)

SessionsArgument = Annotated[
    list[Path], typer.Argument(metavar="SESSION…", help="Sessions, or folders of sessions.")
]
DbOption = Annotated[
    str,
    typer.Option(
        "--db",
        help="The history: an SQLite file, or postgresql://USER@HOST/DATABASE; its password comes "
        "from $TINYRUNNER_HISTORY_PASSWORD or the keyring.",
        show_default="$TINYRUNNER_HISTORY, else the user's own file",
        metavar="URL",
    ),
]
TagsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        help="Label them: commit=…, branch=…, compiler=…, board=…, or a name of your own; several "
        "times.",
        show_default="no labels",
        metavar="NAME=VALUE",
    ),
]
WithTagsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        help="Only sessions with this label; several times.",
        show_default="whatever their labels",
        metavar="NAME=VALUE",
    ),
]
TaskArgument = Annotated[
    str | None, typer.Argument(metavar="[TASK]", help="Only this task.", show_default="all")
]
BoardOption = Annotated[
    str | None,
    typer.Option("--board", help="Only this board.", show_default="all", metavar="NAME"),
]
ModeOption = Annotated[
    str | None,
    typer.Option(
        "--mode",
        help="Only this mode: performance, accuracy or energy.",
        show_default="all",
        metavar="MODE",
    ),
]
CountsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--min-change",
        help="The least change that counts, such as latency=1%,energy=2%,accuracy=1pp.",
        show_default="0.5 % of latency and energy, 0.5 pp of accuracy",
        metavar="LIMITS",
    ),
]


@app.callback()
def history() -> None:
    """Keep sessions in a database: list them, draw trends, find changes, gate regressions."""


@app.command()
def add(
    sessions: SessionsArgument,
    tag: TagsOption = None,
    db: DbOption = "default",
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Add sessions to a history; who is there already is left as it is, but for its labels."""
    from collections import Counter

    from ...export.history.entries import read_entries
    from ...export.history.figures import parse_labels
    from ...export.history.store import Added, History
    from ...report.gather import Asked

    told = parse_labels(tag)
    entries = read_entries(sessions, told, Asked(labels, datasets))
    kept = History.open(db, create=True)
    additions = kept.add(entries)
    came = Counter(each.added for each in additions)
    refused = [each.reason for each in additions if each.added is Added.REFUSED]
    if as_json:
        import json

        counts = {each.name.lower(): came[each] for each in Added}
        typer.echo(json.dumps({"history": kept.name, **counts, "reasons": refused}, indent=2))
    else:
        parts = [f"{came[each]} {each.value}" for each in Added if came[each]]
        typer.echo(f"{kept.name}: {', '.join(parts) or 'nothing added'}")
        for text in refused:
            typer.echo(f"refused: {text}", err=True)
    if refused:
        raise typer.Exit(options.EXIT_FAILED)


@app.command("list")
def list_(
    task: TaskArgument = None,
    board: BoardOption = None,
    mode: ModeOption = None,
    tag: WithTagsOption = None,
    last: Annotated[
        int, typer.Option("--last", min=1, help="Show the newest of them.", metavar="SESSIONS")
    ] = 20,
    db: DbOption = "default",
    as_json: options.JsonOption = False,
) -> None:
    """List a history's newest sessions, the newest last; their folders' names are in --json."""
    kept, wanted = _opened(db, task, board, mode, tag)
    found = kept.sessions(wanted, last=last)
    if as_json:
        import json

        typer.echo(json.dumps([_session_json(one) for one in found], indent=2))
        return
    if not found:
        typer.echo(_nothing(kept, wanted), err=True)
        return
    _show_sessions(options.result_console(), found)
    typer.echo(f"{len(found)} of {kept.count():,} sessions in {kept.name}")


@app.command()
def trend(
    task: TaskArgument = None,
    board: BoardOption = None,
    mode: ModeOption = None,
    tag: WithTagsOption = None,
    last: Annotated[
        int,
        typer.Option("--last", min=2, help="The newest sessions of a series.", metavar="SESSIONS"),
    ] = 200,
    min_change: CountsOption = None,
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", help="Write them as a page, too.", show_default="no page", metavar="FILE"
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a page that is there.")] = False,
    db: DbOption = "default",
    as_json: options.JsonOption = False,
) -> None:
    """Draw latency, energy and accuracy over the sessions; name the commits that changed them."""
    from ...export.history.figures import parse_counts
    from ...export.history.trend import trends

    kept, wanted = _opened(db, task, board, mode, tag)
    found = trends(kept, wanted, last, parse_counts(min_change or []))
    if html is not None and found:
        from ...export.history.page import write_trends

        asked = [wanted.task, wanted.board, wanted.mode]
        asked += [f"{name}={value}" for name, value in (wanted.labels or {}).items()]
        write_trends(found, " ".join(filter(None, asked)) or "All series", html, force=force)
    if as_json:
        import json

        typer.echo(json.dumps([each.to_json() for each in found], indent=2))
        return
    if not found:
        typer.echo(_nothing(kept, wanted), err=True)
        return
    _show_trends(options.result_console(), found)


@app.command()
def gate(
    sessions: SessionsArgument,
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            "--baseline",
            help="Compare with sessions of this label, such as branch=main; several times.",
            show_default="whatever their labels",
            metavar="NAME=VALUE",
        ),
    ] = None,
    last: Annotated[
        int,
        typer.Option("--last", min=5, help="Compare with the newest of them.", metavar="SESSIONS"),
    ] = 20,
    tag: TagsOption = None,
    min_change: CountsOption = None,
    require_baseline: Annotated[
        bool,
        typer.Option(
            "--require-baseline", help="Exit 3 where there is not enough to compare with."
        ),
    ] = False,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help="Print a table of Markdown, for $GITHUB_STEP_SUMMARY."),
    ] = False,
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            help="Write JUnit XML for CI, too: a suite a figure.",
            show_default="no file",
            metavar="FILE",
        ),
    ] = None,
    db: DbOption = "default",
    labels: options.LabelsOption = None,
    datasets: options.ListsOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Exit 3 where a session is worse than the baseline by more than chance and by what counts."""
    from ...export.history.entries import read_entries
    from ...export.history.figures import parse_counts, parse_labels
    from ...export.history.gate import Asked, GateVerdict
    from ...export.history.gate import gate as gate_sessions
    from ...export.history.gate_report import gate_markdown, suites_of_gate
    from ...export.history.store import History
    from ...report.gather import Asked as JudgedBy

    options.refuse_existing(junit)
    asked = Asked(parse_labels(baseline, "--baseline"), last, parse_counts(min_change or []))
    told = parse_labels(tag)
    kept = History.open(db)
    _refuse_unknown_names(kept, asked.baseline)
    entries = read_entries(sessions, told, JudgedBy(labels, datasets))
    found = gate_sessions(kept, entries, asked)
    shut = {GateVerdict.REGRESSED, GateVerdict.UNJUDGED}
    shut |= {GateVerdict.NOT_ENOUGH} if require_baseline else set()
    passed = bool(found) and not any(each.verdict in shut for each in found)
    if junit is not None:
        from ...export.junit import junit_text

        suites = suites_of_gate(found, require_baseline=require_baseline)
        options.write_file(junit, junit_text(suites))
    if markdown:
        typer.echo(gate_markdown(found), nl=False)
    elif as_json:
        import json

        plain = [each.to_json() for each in found]
        typer.echo(json.dumps({"passed": passed, "figures": plain}, indent=2))
    else:
        _show_gated(options.result_console(), found)
    if not passed:
        raise typer.Exit(options.EXIT_INVALID)


def _refuse_unknown_names(kept: History, baseline: Mapping[str, str]) -> None:
    """Refuse a baseline by labels of a name that no session has: a gate that is always open."""
    from ....errors import closest
    from ...errors import SetupError

    known = kept.known_labels(1)
    for name in baseline:
        if known and name not in known:
            raise SetupError(
                f"no session of {kept.name} has a label {name}{closest(name, known)}; "
                + kept.labels_there()
            )


def _opened(
    db: str, task: str | None, board: str | None, mode: str | None, tag: list[str] | None
) -> tuple[History, Wanted]:
    """Open a history and check that it knows what is asked for."""
    from ....errors import closest
    from ...errors import SetupError
    from ...export.history.figures import parse_labels
    from ...export.history.store import History, Wanted

    wanted = Wanted(task or "", mode or "", board or "", parse_labels(tag))
    kept = History.open(db)
    for column, value in (("task", task), ("board", board), ("mode", mode)):
        known = kept.known(column) if value else []
        if value and value not in known:
            told = ", ".join(known) or "nothing"
            raise SetupError(
                f"the history {kept.name} has no {column} {value}{closest(value, known)}; "
                f"it has {told}"
            )
    return kept, wanted


def _nothing(kept: History, wanted: Wanted) -> str:
    if not wanted.labels:
        return f"{kept.name} holds no such session"
    return f"no session of {kept.name} has {wanted.labels_text}; {kept.labels_there()}"


def _session_json(one: KeptSession) -> dict[str, object]:
    return {
        **one.row.cells(),
        "content_sha256": one.content_sha256,
        "folder": one.folder,
        "labels": dict(one.labels),
    }


def _show_sessions(console: Console, found: list[KeptSession]) -> None:
    from rich.text import Text

    from ...export.history.figures import FIGURES_OF, series_of
    from ..show.fitted_table import print_fitted

    rows = []
    for one in found:
        series = series_of(one.row, one.labels)
        values = [
            figure.shown(value)
            for figure in FIGURES_OF.get(series.mode, ())
            if (value := figure.value_of(one.row)) is not None
        ]
        rows.append(
            {
                "begun": Text(f"{one.begun:%Y-%m-%d %H:%M}"),
                "board": Text(series.board),
                "task": Text(series.task, style="bold"),
                "mode": Text(series.mode),
                "figure": Text(", ".join(values) or "–"),
                "verdict": Text("simulated" if series.simulated else one.row.verdict),
                "commit": Text(one.labels.get("commit", "")[:12]),
                "branch": Text(one.labels.get("branch", "")),
            }
        )
    print_fitted(
        console,
        rows,
        name="board",
        # The unit of the figure tells the mode; nothing else says what a simulator measured.
        first_to_go=("branch", "mode", "verdict", "board"),
        left=("begun", "board", "task", "mode", "verdict", "commit", "branch"),
    )


def _show_trends(console: Console, found: list[Trend]) -> None:
    from rich.text import Text

    from ...export.history.chart import chart, marks_of

    for each in found:
        console.print(Text(each.title, style="bold"), soft_wrap=True)
        console.print(Text(f"  {each.summary}", style="dim"))
        for line in chart(each, min(console.width, 100)):
            console.print(Text(line, no_wrap=True))
        for mark, change in zip(marks_of(each), each.changes, strict=True):
            style = "red" if change.worse else "green"
            console.print(Text(f"  {mark} {each.text_of(change)}", style=style))
        if not each.changes:
            console.print(Text("  no change of level", style="dim"))
        console.print()


def _show_gated(console: Console, found: list[GatedFigure]) -> None:
    from rich.text import Text

    from ...export.history.gate import GateVerdict

    styles = {GateVerdict.PASSED: "green", GateVerdict.NOT_ENOUGH: "yellow"}
    for each in found:
        line = Text(f"{each.verdict.value}: ", style=styles.get(each.verdict, "bold red"))
        line.append(f"{each.series.name}, {each.figure.title}: {each.text}", style="default")
        console.print(line, highlight=False)
