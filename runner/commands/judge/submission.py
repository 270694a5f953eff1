"""``tinyrunner submission``: describe a submission, build it, verify one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from ...errors import SetupError
from ...submission.describe.names import DESCRIPTION_NAME
from .. import options
from .verify import verify

app = typer.Typer(no_args_is_help=True)
app.command()(verify)


@app.callback()
def submission() -> None:
    """Describe a submission, build its folder, verify one."""


@app.command()
def init(
    file: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="The description to write.")
    ] = Path(DESCRIPTION_NAME),
    organization: Annotated[
        str | None,
        typer.Option(
            "--organization",
            help="Who submits.",
            show_default="asked; required with --yes",
            metavar="NAME",
        ),
    ] = None,
    division: Annotated[
        str | None,
        typer.Option(
            "--division", help="closed or open.", show_default="as the sessions", metavar="DIVISION"
        ),
    ] = None,
    round_name: Annotated[
        str | None,
        typer.Option(
            "--round", help="v1.1 … v1.4.", show_default="as the sessions", metavar="ROUND"
        ),
    ] = None,
    system: Annotated[
        str | None,
        typer.Option(
            "--system",
            help="The id of the system under test.",
            show_default="asked, or after the board; required with --yes",
            metavar="ID",
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option("--board", help="The board's name.", show_default="asked", metavar="NAME"),
    ] = None,
    session: Annotated[
        list[Path] | None,
        typer.Option(
            "--session",
            help="A session, or a folder of sessions; repeat it.",
            show_default="asked; required with --yes",
            metavar="SESSION",
        ),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A key of the system description, or checklist.KEY, code.implementation, "
            "code.folder, hookup.text, hookup.picture, runner.commit, datasets; repeat it.",
            show_default="asked",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; take what would be proposed.")
    ] = False,
) -> None:
    """Write a submission's description, by asking or from flags; nothing is overwritten.

    Each answer is kept in FILE.answers until FILE is written: after Ctrl-C, a crash, a closed
    terminal, the same command goes on where it was. `back` returns to the question before.
    """
    from rich.console import Console

    from ...journal.session_folder import write_new
    from ...submission.describe.draft import draft_yaml
    from ...submission.describe.interview import Flags, collect, parse_settings, required_flags
    from ...submission.describe.kept_answers import KeptAnswers
    from ...submission.describe.placing import place_sessions
    from .terminal_questions import Asker

    options.refuse_existing(file)
    flags = Flags(
        organization=organization,
        division=division,
        round_name=round_name,
        system=system,
        board=board,
        settings=parse_settings(settings or ()),
    )
    kept = KeptAnswers.of(file)
    before, known = kept.read()
    paths = session or before
    placed = place_sessions(paths) if paths else None
    console = Console(stderr=True)
    if yes or not _is_terminal():
        if missing := required_flags(flags, placed, known):
            why = "nothing is asked with --yes" if yes else "there is no terminal to ask at"
            raise SetupError(f"{why}; give {', '.join(missing)} as well")
        assert placed is not None
        answers = collect(flags, placed, None, known)
    else:
        asker = Asker(console, kept)
        try:
            asker.begin(known)
            if placed is None or not (session or known):
                paths, placed = asker.ask_sessions(before, placed)
            answers = collect(flags, placed, asker, known, lambda said: kept.write(paths, said))
        except (EOFError, KeyboardInterrupt) as left:
            asker.leave()
            if isinstance(left, EOFError):
                raise typer.Exit(options.EXIT_FAILED) from None
            raise
    for one in placed.left_out:
        console.print(f"left out: {one.folder}, which {one.unusable}", markup=False,
                      highlight=False, soft_wrap=True)  # fmt: skip
    try:
        write_new(file, draft_yaml(answers, placed, file.parent))
    except FileExistsError:
        options.refuse_existing(file)
    except OSError as error:
        raise SetupError(f"cannot write {file}: {error.strerror or error}") from error
    kept.remove()
    out = options.result_console()
    for text in (
        f"{file} is written: {len(placed.sessions)} session(s) of {', '.join(placed.tasks)}.",
        f"Fill in what is empty, then: tinyrunner submission build {file} --out DIR",
    ):
        out.print(text, markup=False, highlight=False)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


@app.command("build")
def build_(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The description.")] = Path(
        DESCRIPTION_NAME
    ),
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Where <division>/<organization> is made.",
            show_default="the description's `output`",
            metavar="DIR",
        ),
    ] = None,
    results_name: Annotated[
        str | None,
        typer.Option(
            "--results-name",
            help="v1.1, v1.2: only result.txt, or only results.txt.",
            show_default="both",
            metavar="NAME",
        ),
    ] = None,
    allow_mixed: Annotated[
        bool,
        typer.Option("--allow-mixed", help="Build from sessions that were not made alike."),
    ] = False,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace what an earlier build made, if it is as it was."),
    ] = False,
) -> None:
    """Make <division>/<organization>/{systems,code,results} from sessions."""
    from ...audit.audit import audit
    from ...audit.evidence.findings import Level
    from ...submission.build import build
    from ...submission.describe.description import load_description
    from ..show.audit import show_audit

    description = load_description(file)
    place = out or description.output
    if place is None:
        raise SetupError("where is it built? Give --out DIR, or `output` in the description")
    built = build(
        description, place, results_name=results_name, allow_mixed=allow_mixed, replace=force
    )
    console = options.result_console()
    console.print(f"{built.root} is built ({built.round.name}).", markup=False, highlight=False)
    for note in built.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    audited = audit(built.root, round_name=built.round.name, datasets=description.datasets)
    show_audit(console, audited, Level.SUBMITTABLE)
    if not audited.holds(Level.SUBMITTABLE):
        raise typer.Exit(options.EXIT_INVALID)


@app.command()
def table(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH…", help="Results repositories, or folders that hold some."),
    ],
    datasets: options.ListsOption = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Write the table to a file.", show_default="to stdout"
        ),
    ] = None,
    as_json: options.JsonOption = False,
) -> None:
    """List every session of results repositories, one row each, as CSV: printed and recomputed.

    What `tinyrunner standings` reads. Its name tells a folder's round.
    """
    from ...audit.overview.standings import standings_csv, standings_of

    options.refuse_existing(csv)
    rows = standings_of(paths, datasets)
    if not rows:
        raise SetupError(
            f"{', '.join(map(str, paths))}: no session of a results repository (closed or open, "
            "with results in submitters' folders)"
        )
    if csv is not None:
        options.write_file(csv, standings_csv(rows))
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    elif csv is None:
        typer.echo(standings_csv(rows), nl=False)


@app.command()
def rules(
    rule: Annotated[
        str | None,
        typer.Argument(metavar="[ID]", help="A rule's id.", show_default="all are listed"),
    ] = None,
) -> None:
    """List what an audit looks at; explain one rule: who asks for it, and how to put it right."""
    from ....errors import closest
    from ...audit.evidence.findings import Rule
    from ..show.audit import show_rules

    by_id = {one.id: one for one in Rule}
    if rule is not None and rule not in by_id:
        raise SetupError(
            f"no rule {rule!r}{closest(rule, by_id)}; `tinyrunner submission rules` lists them"
        )
    chosen = list(by_id.values()) if rule is None else [by_id[rule]]
    show_rules(options.result_console(), chosen, explained=rule is not None)
