"""`report`, `export` and `compare` as commands, with the exit statuses of the program."""

from __future__ import annotations

import typer
from tinyrunner.runner.commands.judge.compare import compare
from tinyrunner.runner.commands.judge.export import export
from tinyrunner.runner.commands.judge.report import report
from tinyrunner.runner.errors import SetupError
from typer.testing import CliRunner

_APP = typer.Typer()
_APP.command()(report)
_APP.command()(export)
_APP.command()(compare)


class Outcome:
    """What a command left."""

    def __init__(self, status: int, out: str, error: str, shown: str = "") -> None:
        self.status, self.out, self.error, self.shown = status, out, error, shown


def command(*words: object) -> Outcome:
    """Run it; a SetupError is exit 2, as in the program."""
    ran = CliRunner().invoke(_APP, [str(word) for word in words])
    if isinstance(ran.exception, SetupError):
        return Outcome(2, ran.stdout, str(ran.exception))
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return Outcome(ran.exit_code, ran.stdout, "", ran.stderr)
