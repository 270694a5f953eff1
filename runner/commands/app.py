"""The commands by name: a line of help each, and the module that is imported when asked for.

A command's module declares its options and imports what it works with in its function, before it
does anything else: `--help` imports no command, `run --help` nothing that measures.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

import typer
from typer.core import TyperCommand, TyperGroup

from ... import __version__
from ...errors import TinyrunnerError
from .interrupts import EXIT_INTERRUPTED, INTERRUPTED, interrupt_the_work, leave_at_once

COMPLETION_VARIABLE = "_TINYRUNNER_COMPLETE"
"""The variable by which a shell asks what may stand next: `_TINYRUNNER_COMPLETE=complete_bash
tinyrunner`."""


class CommandEntry(NamedTuple):
    """Says where a command, or a group of them, is to be found."""

    module: str
    """The module below this package. It has a function of the command's name, or a group called
    `app`."""
    help: str
    """The first line of a command's own help; a test compares them."""


COMMANDS = {
    "run": CommandEntry(
        "measure.run", "Measure performance, accuracy or energy of one or more tasks."
    ),
    "campaign": CommandEntry(
        "measure.campaign",
        "Run boards × tasks × modes unattended: flash, check, run, go on, one table, one report.",
    ),
    "sessions": CommandEntry(
        "measure.sessions",
        "List and show sessions, remove what is of no use, restore what one has lost.",
    ),
    "score": CommandEntry(
        "judge.score",
        "Recompute the results of a session from its log: ours, EEMBC's or MLCommons'.",
    ),
    "devices": CommandEntry(
        "prepare.devices", "List serial ports and energy monitors; ask known boards who they are."
    ),
    "check": CommandEntry(
        "measure.check",
        "Try every rule of the protocol on a device: what passes, what fails, and what to do.",
    ),
    "profile": CommandEntry(
        "measure.profile",
        "Show what each layer takes on a device: cycles, cycles per MAC, its share of the whole.",
    ),
    "engines": CommandEntry(
        "judge.engines",
        "Run a model by every engine here, and ask a board: where do they differ, does it matter?",
    ),
    "console": CommandEntry(
        "measure.console",
        'Talk to a device by hand: `dut name`, `bload dut "FILE"`, `dut infer 10 1`, …',
    ),
    "demo": CommandEntry(
        "measure.demo", "Run everything on a simulated bench: no board, no network, a few seconds."
    ),
    "report": CommandEntry(
        "judge.report",
        "Write a report of sessions or a tree: one HTML file that needs no network.",
    ),
    "export": CommandEntry(
        "judge.export",
        "Write sessions as rows: CSV, Parquet, JSON lines, Markdown; or for CI and dashboards.",
    ),
    "energy": CommandEntry(
        "judge.energy",
        "Read a recording of power: of a session, of nRF Connect or of a Joulescope's program.",
    ),
    "compare": CommandEntry(
        "judge.compare",
        "Compare two sessions or trees: B against A, with the uncertainty of each difference.",
    ),
    "history": CommandEntry(
        "judge.history",
        "Keep sessions in a database: list them, draw trends, find changes, gate regressions.",
    ),
    "standings": CommandEntry(
        "judge.standings",
        "Show the published record: who measured what, and where a session of yours stands.",
    ),
    "submission": CommandEntry(
        "judge.submission", "Describe a submission, build its folder, verify one."
    ),
    "simulate": CommandEntry("measure.simulate", "Serve a simulated device to other programs."),
    "config": CommandEntry(
        "prepare.config", "Print an example of a configuration; check one of yours."
    ),
    "firmware": CommandEntry("prepare.firmware", "Begin a port of the firmware; a model as C."),
    "models": CommandEntry("prepare.models", "List, fetch and verify the reference models."),
    "datasets": CommandEntry("prepare.datasets", "List, build and verify the tasks' inputs."),
}
"""All commands, in the order of the help."""


_Context: TypeAlias = Any
"""Click's context, which Typer has under a name that depends on its version."""
_Formatter: TypeAlias = Any
_Option: TypeAlias = Any
_Command: TypeAlias = Any


class _PlainCommand(TyperCommand):
    """Writes its help itself."""

    def format_help(self, ctx: _Context, formatter: _Formatter) -> None:
        _write_help(self, ctx, formatter)


class _PlainGroup(TyperGroup):
    """Does so, too."""

    def format_help(self, ctx: _Context, formatter: _Formatter) -> None:
        _write_help(self, ctx, formatter)


def _write_help(command: _Command, ctx: _Context, formatter: _Formatter) -> None:
    from .help_text import help_text

    formatter.write(help_text(command, ctx))


class _Commands(_PlainGroup):
    """Shows names and helps from the table, and imports the one command that is asked for."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401, they are Typer's
        super().__init__(**settings)
        for name, entry in COMMANDS.items():
            self.commands[name] = TyperCommand(name, help=entry.help)

    def parse_args(self, ctx: _Context, args: list[str]) -> list[str]:
        for param in self.params:
            _as_written(param)
        rest: list[str] = super().parse_args(ctx, args)
        return rest

    def get_help_option(self, ctx: _Context) -> _Option:
        return _as_written(super().get_help_option(ctx))

    def resolve_command(
        self, ctx: _Context, args: list[str]
    ) -> tuple[str | None, _Command, list[str]]:
        name, _stand_in, rest = super().resolve_command(ctx, args)
        if name is None:
            return None, None, rest
        command = command_of(name)
        _take_texts_as_they_are(command, ctx)
        return name, command, rest

    def invoke(self, ctx: _Context) -> object:
        interrupt_the_work()
        try:
            return self._invoked(ctx)
        except KeyboardInterrupt:
            # Where it came through an `exec` of text, by which dataclasses are made, `python -m`
            # ends by the signal whatever status is asked for; the next `exec` undoes that.
            exec("")
            typer.echo(INTERRUPTED, err=True)
            raise typer.Exit(EXIT_INTERRUPTED) from None
        finally:
            leave_at_once()

    def _invoked(self, ctx: _Context) -> object:
        from ...energy.interruptions import INTERRUPTIONS, leave_all

        try:
            return super().invoke(ctx)
        except Exception as error:
            # Something in a library's C may swallow a KeyboardInterrupt and fail otherwise.
            if INTERRUPTIONS.raised and not _says_what_to_do(error):
                raise KeyboardInterrupt from error
            raise
        finally:
            leave_all()


def _says_what_to_do(error: Exception) -> bool:
    """Tell whether an error ends the program as it should: one of ours, or of the option parser."""
    return isinstance(error, TinyrunnerError) or hasattr(error, "exit_code")


@cache
def command_of(name: str) -> TyperCommand | TyperGroup:
    """Return the command, or the group of commands, of this name, with its options."""
    module = import_module(f".{COMMANDS[name].module}", __package__)
    # Of a group that holds it alone: only there Typer gives a group its help from outside.
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.callback()(lambda: None)
    if isinstance(getattr(module, "app", None), typer.Typer):
        for below in module.app.registered_commands:
            below.cls = _PlainCommand
        alone.add_typer(module.app, name=name, help=COMMANDS[name].help, cls=_PlainGroup)
    else:
        alone.command(name, cls=_PlainCommand)(getattr(module, name))
    group = typer.main.get_command(alone)
    assert isinstance(group, TyperGroup)
    command = group.commands[name]
    assert isinstance(command, TyperCommand | TyperGroup)
    return command


def _take_texts_as_they_are(command: TyperCommand | TyperGroup, ctx: _Context) -> None:
    """Keep Typer from importing pydantic to find that a text is a text, and nothing is nothing.

    Typer 0.29 does so for each option, given or not; earlier ones have nothing of the kind.
    """
    for param in (*command.params, command.get_help_option(ctx)):
        _as_written(param)
    if isinstance(command, TyperGroup):
        for below in command.commands.values():
            assert isinstance(below, TyperCommand | TyperGroup)
            _take_texts_as_they_are(below, ctx)


def _as_written(param: _Option) -> _Option:
    if getattr(param, "_runtime_param", False) is None:
        param._runtime_param = _AsWritten(param)
    return param


class _AsWritten:
    """Takes texts and paths as they are; asks Typer's own type for all other values."""

    def __init__(self, param: _Option) -> None:
        self._param = param
        self._kind = param.type_descriptor.annotation

    def coerce(self, value: object, **where: object) -> object:
        """Return the value in the option's type, or raise Typer's usage error."""
        if value is None:
            return () if self._param.multiple or self._param.nargs == -1 else None
        if isinstance(value, str) and self._kind is str:
            return value
        if isinstance(value, str) and self._kind is Path and _may_be_read(value):
            return Path(value)
        if type(value) is self._kind and self._kind in (bool, int):
            return value  # a flag, or a default
        self._param._runtime_param = None
        return self._param.get_runtime_param().coerce(value, **where)


def _may_be_read(path: str) -> bool:
    """Check what Typer asks of a path: if it is there, that it can be read."""
    return os.access(path, os.R_OK) or not os.path.lexists(path)


app = typer.Typer(
    name="tinyrunner",
    cls=_Commands,
    help="MLPerf Tiny benchmark runner, device harness and simulated bench.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tinyrunner {__version__}")
        raise typer.Exit


def _install_completion(shell: str | None) -> None:
    if shell is not None:
        from .completion import install_for

        typer.echo(install_for(shell))
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell is not None:
        from .completion import script_for

        typer.echo(script_for(shell), nl=False)
        raise typer.Exit


@app.callback()
def tinyrunner(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
    install_completion: Annotated[
        str | None,
        typer.Option(
            "--install-completion",
            metavar="SHELL",
            callback=_install_completion,
            is_eager=True,
            show_default="nothing is installed",
            help="Let bash, zsh, fish or powershell complete commands and options.",
        ),
    ] = None,
    show_completion: Annotated[
        str | None,
        typer.Option(
            "--show-completion",
            metavar="SHELL",
            callback=_show_completion,
            is_eager=True,
            show_default="nothing is shown",
            help="Show what that shell is given to read, and exit.",
        ),
    ] = None,
) -> None:
    """Name the options of the program itself."""


def import_completion() -> None:
    """Make the shells known to Typer, which it does by itself only for its own two options."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
