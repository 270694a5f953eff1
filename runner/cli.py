"""The command line: parse, validate, assemble, run, show; one place for errors and exit statuses.

0 valid, 1 the run failed, 2 usage or configuration, 3 finished but not valid for submission.
Results go to stdout, progress and errors to stderr.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType

import typer
from rich.console import Console

from ..datasets.errors import DatasetError
from ..dut_protocol.errors import DutError
from ..models.demo import DemoError
from ..models.engine import EngineUnavailable, ModelError
from .commands import console as console_command
from .commands import demo, devices, run, score, simulate
from .config import ConfigError
from .errors import RunStopped, SetupError
from .log_reader import LogError
from .rounds import RoundsError
from .score import ScoreError
from .script import ScriptError

EXIT_FAILED = 1
EXIT_USAGE = 2

_USAGE_ERRORS = (
    SetupError,
    ConfigError,
    DatasetError,
    ScriptError,
    RoundsError,
    DemoError,
    ModelError,
    EngineUnavailable,
)
_RUN_ERRORS = (DutError, LogError, ScoreError, OSError)

app = typer.Typer(
    name="tinyrunner",
    help="MLPerf Tiny benchmark runner, device harness and simulated bench.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run.run)
app.command()(score.score)
app.command()(devices.devices)
app.command("console")(console_command.console)
app.command()(demo.demo)
app.add_typer(simulate.app, name="simulate", help="Serve a simulated device to other programs.")


def main() -> None:
    """The ``tinyrunner`` command."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    errors = Console(stderr=True, soft_wrap=True)
    try:
        app()  # exits by itself, with 2 for what the option parser refuses
    except RunStopped as stopped:
        _show_error(errors, str(stopped))
        errors.print(
            f"What was measured is in {stopped.session}. Continue with:\n"
            f"  tinyrunner run --resume {stopped.session}",
            markup=False,
            highlight=False,
        )
        sys.exit(EXIT_FAILED)
    except _USAGE_ERRORS as error:
        _show_error(errors, str(error))
        sys.exit(EXIT_USAGE)
    except _RUN_ERRORS as error:
        _show_error(errors, str(error))
        sys.exit(EXIT_FAILED)


def _show_error(console: Console, text: str) -> None:
    console.print("[bold red]error:[/] ", end="")
    console.print(text, markup=False, highlight=False)


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Let a `kill` close ports and journals the way Ctrl-C does."""
    raise KeyboardInterrupt
