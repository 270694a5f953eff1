"""The options that several commands share; nothing is imported that a `--help` does not need."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..config.settings import SETTINGS

if TYPE_CHECKING:
    from rich.console import Console

    from ..config.config import Config

EXIT_FAILED = 1
"""The exit status of what did not come to its end."""

EXIT_INVALID = 3
"""The exit status of what finished, but is not good for what was asked."""

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="YAML configuration; flags override it.",
        show_default="none",
        metavar="FILE",
    ),
]
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels",
        help="The label list that the session used.",
        show_default="the session's own copy",
        metavar="FILE",
    ),
]
ListsOption = Annotated[
    Path | None,
    typer.Option(
        "--datasets",
        help="Data sets whose label lists are tried (DIR/kws01/…).",
        show_default="none",
        metavar="DIR",
    ),
]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Show no progress: results and errors alone.")
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Let a line for each input stay.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


_ROUND, _DIVISION, _BAUD_RATE = (SETTINGS[name] for name in ("round", "division", "baud_rate"))
_PURPOSE = SETTINGS["purpose"]
RoundOption = Annotated[
    str | None,
    typer.Option(
        _ROUND.flag, help=_ROUND.help, show_default="the session's; else v1.2", metavar=_ROUND.unit
    ),
]
DivisionOption = Annotated[
    str | None,
    typer.Option(
        _DIVISION.flag,
        help=_DIVISION.help,
        show_default="the session's; else closed",
        metavar=_DIVISION.unit,
    ),
]
PurposeOption = Annotated[
    str | None,
    typer.Option(
        _PURPOSE.flag,
        help="Judge it for submission or development.",
        show_default="the session's; else submission",
        metavar=_PURPOSE.unit,
    ),
]
BaudOption = Annotated[
    int | None,
    typer.Option(
        _BAUD_RATE.flag,
        help=_BAUD_RATE.help,
        show_default=_BAUD_RATE.default,
        metavar=_BAUD_RATE.unit,
    ),
]

Command = Callable[..., None]


def refuse_existing(file: Path | None, *, force: bool | None = None) -> None:
    """Refuse (SetupError) a file that could not be written, before anything is done for it.

    ``force`` is the command's flag; None where it has none. None for a file: nothing is written.
    """
    from ..errors import SetupError

    if file is None:
        return
    if file.is_dir() or ((file.exists() or file.is_symlink()) and not force):
        advice = "or remove it" if force is None else "remove it, or give --force"
        raise SetupError(f"{file} exists; name another file, {advice}")
    if not file.parent.is_dir():
        raise SetupError(f"cannot write {file}: there is no folder {file.parent}")


def write_file(file: Path, content: str | bytes) -> None:
    """Write a file whole or not at all; SetupError where that cannot be."""
    from ..errors import SetupError
    from ..journal.session_folder import write_atomically

    try:
        write_atomically(file, content)
    except OSError as error:
        why = error.strerror or error
        raise SetupError(f"cannot write {file}: {why}; name another file") from error


def with_settings(order: str, **texts: tuple[str, str]) -> Callable[[Command], Command]:
    """Give a command the flags of settings beside its own options.

    ``order`` names all of them as `--help` is to show them; what the command itself does not have
    is a setting. The command gets the settings' values by name as ``flags``, None where a flag was
    not given. ``texts`` are helps, each with the default in it, that differ from the table's.
    """

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True).parameters
        names = order.split()
        options = [
            own[name].replace(kind=inspect.Parameter.KEYWORD_ONLY)
            if name in own
            else _parameter(name, *texts.get(name, ("", "")))
            for name in names
        ]

        @wraps(command)
        def called(**values: object) -> None:
            flags = {name: values.pop(name) for name in names if name not in own}
            command(flags=flags, **values)

        vars(called).update(__signature__=inspect.Signature(options))
        called.__annotations__ = {option.name: option.annotation for option in options}
        return called

    return decorate


def _parameter(name: str, text: str, default: str) -> inspect.Parameter:
    """Make a parameter as typer reads it from a signature: its default holds the flag."""
    row = SETTINGS[name]
    flag = f"{row.flag}/--no-{row.flag[2:]}" if row.negated else row.flag
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=typer.Option(
            None,
            flag,
            help=text or row.help,
            show_default=default or row.default,
            metavar=row.unit or None,
        ),
        annotation=(list[str] if row.kind is list else row.kind) | None,
    )


def base_config(path: Path | None) -> Config:
    """Return the file's configuration, or the defaults."""
    from ..config.config import Config, load_config

    return Config() if path is None else load_config(path)


def labels_by_task(values: list[str] | None, task_keys: list[str]) -> dict[str, str] | None:
    """Read ``--labels FILE`` (for a single task) or ``--labels kws=FILE`` as a mapping."""
    return _by_task("--labels", values, task_keys)


def formats_by_task(values: list[str] | None, task_keys: list[str]) -> dict[str, str] | None:
    """Read ``--input-format float32`` or ``--input-format kws=float32`` as a mapping."""
    return _by_task("--input-format", values, task_keys)


def _by_task(flag: str, values: list[str] | None, task_keys: list[str]) -> dict[str, str] | None:
    from ...models.custom_task import CUSTOM_KEY
    from ...models.suite import BENCHMARKS

    if not values:
        return None
    given = {}
    for value in values:
        key, equals, rest = value.partition("=")
        if equals and key in (*BENCHMARKS, CUSTOM_KEY):
            given[key] = rest
        elif len(task_keys) == 1:
            given[task_keys[0]] = value
        else:
            raise typer.BadParameter(
                f"{value!r}: with several tasks say which, e.g. {flag} kws={value}"
            )
    return given


def spaced(number: int) -> str:
    """Return a number with a space between its thousands."""
    return f"{number:,}".replace(",", " ")


def tell_on_stderr(text: str) -> None:
    """Print what a person should know, beside the results on stdout."""
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(text, markup=False, highlight=False)


def result_console() -> Console:
    """Return stdout; where no terminal sets the width, wide enough for paths."""
    from rich.console import Console

    class ResultConsole(Console):
        """Leaves it to the caller that nobody reads on, where rich would end the program."""

        def on_broken_pipe(self) -> None:
            raise  # what rich has caught when it calls this

    console = ResultConsole()
    return console if console.is_terminal else ResultConsole(width=_FILE_WIDTH, soft_wrap=True)


_FILE_WIDTH = 160
"""Characters of a line in a file or a pipe: a row of the windows' table fits."""
