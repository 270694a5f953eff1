"""``tinyrunner submission``: describe a submission, build it, verify one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import SetupError
from ...submission.describe.names import DESCRIPTION_NAME
from .. import options
from .verify import verify

if TYPE_CHECKING:
    from rich.console import Console

    from ...submission.describe.interview import Prompt
    from ...submission.describe.placing import PlacedSessions

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
    organization: Annotated[str | None, typer.Option("--organization", help="Who submits.")] = None,
    division: Annotated[str | None, typer.Option("--division", help="closed or open.")] = None,
    round_name: Annotated[str | None, typer.Option("--round", help="v1.1 … v1.4.")] = None,
    system: Annotated[
        str | None, typer.Option("--system", help="The id of the system under test.")
    ] = None,
    board: Annotated[str | None, typer.Option("--board", help="The board's name.")] = None,
    session: Annotated[
        list[Path] | None,
        typer.Option("--session", help="A session, or a folder of sessions; repeat it."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="A key of the system description, or checklist.KEY, code.implementation, "
            "code.folder, hookup.text, hookup.picture; repeat it.",
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; take what would be proposed.")
    ] = False,
) -> None:
    """Write a submission's description, by asking or from flags; nothing is overwritten."""
    from rich.console import Console

    from ...submission.describe.draft import draft_yaml
    from ...submission.describe.interview import Flags, collect, parse_settings, required_flags
    from ...submission.describe.placing import place_sessions

    _refuse_existing(file)
    flags = Flags(
        organization=organization,
        division=division,
        round_name=round_name,
        system=system,
        board=board,
        settings=parse_settings(settings or ()),
    )
    placed = place_sessions(session) if session else None
    console = Console(stderr=True)
    if yes or not _is_terminal():
        if missing := required_flags(flags, placed):
            why = "nothing is asked with --yes" if yes else "there is no terminal to ask at"
            raise SetupError(f"{why}; give {', '.join(missing)} as well")
        ask = None
    else:
        ask = _Asker(console)
    if placed is None:
        placed = _ask_sessions(console)
    for folder in placed.left_out:
        console.print(f"left out: {folder}, which was run for development", markup=False,
                      highlight=False, soft_wrap=True)  # fmt: skip
    answers = collect(flags, placed, ask)
    try:
        with file.open("x", encoding="utf-8", newline="\n") as target:
            target.write(draft_yaml(answers, placed, file.parent))
    except FileExistsError:
        _refuse_existing(file)
    except OSError as error:
        raise SetupError(f"cannot write {file}: {error.strerror or error}") from error
    out = options.result_console()
    for text in (
        f"{file} is written: {len(placed.sessions)} session(s) of {', '.join(placed.tasks)}.",
        f"Fill in what is empty, then: tinyrunner submission build {file} --out DIR",
    ):
        out.print(text, markup=False, highlight=False)


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _refuse_existing(file: Path) -> None:
    if file.exists() or file.is_symlink():
        raise SetupError(f"{file} exists, and is never overwritten; name another file")


class _Asker:
    """Puts prompts to whoever sits at the terminal, until the answer will do."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._section = ""

    def __call__(self, prompt: Prompt) -> str:
        from rich.text import Text

        if prompt.section != self._section:
            self._section = prompt.section
            self._console.print(f"\n{prompt.section}", style="bold", markup=False)
        self._console.print(Text.assemble(f"  {prompt.label}  ", (prompt.hint, "dim")))
        while True:
            try:
                return prompt.check(_said(prompt.default))
            except ValueError as error:
                self._console.print(f"  {error}", style="red", markup=False, highlight=False)


def _said(default: str = "") -> str:
    """Read one line from the terminal; an empty one is the default."""
    return str(
        typer.prompt(
            "  ", default=default, show_default=bool(default), prompt_suffix="> ", err=True
        )
    )


def _ask_sessions(console: Console) -> PlacedSessions:
    """Ask for folders until an empty answer; at least one session."""
    from rich.text import Text

    from ...submission.describe.placing import place_sessions

    console.print("\nSessions", style="bold")
    console.print(
        Text.assemble("  Folders  ", ("a session's, or one that holds several; empty: done", "dim"))
    )
    paths: list[Path] = []
    placed: PlacedSessions | None = None
    while True:
        said = _said().strip()
        if not said:
            if placed is not None:
                return placed
            console.print("  there is none yet", style="red")
            continue
        try:
            placed = place_sessions([*paths, Path(said).expanduser()])
        except SetupError as error:
            console.print(f"  {error}", style="red", markup=False, highlight=False)
            continue
        paths.append(Path(said).expanduser())
        there = ", ".join(f"{one.task} {one.mode.value}" for one in placed.sessions)
        console.print(f"  so far: {there}", style="dim", markup=False, highlight=False)


@app.command("build")
def build_(
    file: Annotated[Path, typer.Argument(metavar="[FILE]", help="The description.")] = Path(
        DESCRIPTION_NAME
    ),
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Where <division>/<organization> is made; else `output`."),
    ] = None,
    results_name: Annotated[
        str | None,
        typer.Option("--results-name", help="v1.1, v1.2: only result.txt, or only results.txt."),
    ] = None,
    allow_mixed: Annotated[
        bool,
        typer.Option("--allow-mixed", help="Build from sessions that were not made alike."),
    ] = False,
) -> None:
    """Make <division>/<organization>/{systems,code,results} from sessions; never overwrites."""
    from ...audit.audit import audit
    from ...audit.evidence.findings import Level
    from ...submission.build import build
    from ...submission.describe.description import load_description
    from ..show.audit import show_audit

    description = load_description(file)
    place = out or description.output
    if place is None:
        raise SetupError("where is it built? Give --out DIR, or `output` in the description")
    built = build(description, place, results_name=results_name, allow_mixed=allow_mixed)
    console = options.result_console()
    console.print(f"{built.root} is built ({built.round.name}).", markup=False, highlight=False)
    for note in built.notes:
        console.print(f"note: {note}", markup=False, highlight=False)
    audited = audit(built.root, round_name=built.round.name)
    show_audit(console, audited, Level.SUBMITTABLE)
    if not audited.holds(Level.SUBMITTABLE):
        raise typer.Exit(options.EXIT_INVALID)
