"""The command line: parse, validate, assemble, run, show; one place for errors and exit statuses.

0 valid, 1 the run failed, 2 usage or configuration, 3 finished but not valid for submission.
Results go to stdout, progress and errors to stderr.
"""

from __future__ import annotations

import io
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

import typer
from rich.console import Console

from ..datasets.build.build_dataset import BuildFailed
from ..datasets.errors import DatasetError
from ..dut_protocol.errors import DutError
from ..energy.errors import MonitorError, TraceError
from ..models.demo_models import DemoError
from ..models.engine import EngineUnavailable, ModelError
from ..models.fetch import FetchError
from .commands.judge import compare, report, score, submission
from .commands.measure import check, demo, run, simulate
from .commands.measure import console as console_command
from .commands.prepare import datasets, devices, firmware, models
from .config.config import ConfigError
from .config.rounds import RoundsError
from .errors import JournalError, RunStopped, SetupError
from .journal.reader import LogError
from .score.score import ScoreError
from .script.script import ScriptError

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
_RUN_ERRORS = (
    BuildFailed,
    MonitorError,
    TraceError,
    DutError,
    LogError,
    ScoreError,
    JournalError,
    FetchError,
    OSError,
)

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
app.command()(check.check)
app.command("console")(console_command.console)
app.command()(demo.demo)
app.command()(report.report)
app.command()(compare.compare)
app.add_typer(
    submission.app, name="submission", help="Describe a submission, build its folder, verify one."
)
app.add_typer(simulate.app, name="simulate", help="Serve a simulated device to other programs.")
app.add_typer(firmware.app, name="firmware", help="Begin a port of the firmware; a model as C.")
app.add_typer(models.app, name="models", help="List, fetch and verify the reference models.")
app.add_typer(datasets.app, name="datasets", help="List, build and verify the tasks' inputs.")


def main() -> None:
    """The ``tinyrunner`` command."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a code page without µ must not end a run
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        # A terminal that is closed must not leave a board powered; nohup stays as it is.
        signal.signal(signal.SIGHUP, _as_interrupt)
    errors = Console(stderr=True, soft_wrap=True)
    try:
        app()  # exits by itself, with 2 for what the option parser refuses
    except RunStopped as stopped:
        _show_error(errors, str(stopped))
        errors.print(_what_now(stopped), markup=False, highlight=False)
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


def _what_now(stopped: RunStopped) -> str:
    """What is left of a run that ended early, and how to go on."""
    if stopped.session is None:
        return "Nothing was measured yet; run it again."
    if stopped.begin_again is not None:
        return f"{stopped.begin_again} What was measured so far is in {stopped.session}"
    if not stopped.resumable:
        return (
            "The run itself had not begun; run it again. What was said so far is in "
            f"{stopped.session}"
        )
    return (
        f"What was measured is in {stopped.session}. Continue with:\n"
        f"  tinyrunner run --resume {_quoted(stopped.session)}"
    )


def _quoted(path: Path) -> str:
    """As a shell of this platform takes it."""
    if sys.platform == "win32":
        return subprocess.list2cmdline([str(path)])
    return shlex.quote(str(path))


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    """Let a `kill` close ports and journals the way Ctrl-C does."""
    raise KeyboardInterrupt
