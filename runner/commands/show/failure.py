"""Says what went wrong, and what is left of a run that ended early."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from ...errors import RunStopped


def show_failure(console: Console, error: Exception, *, what: str = "") -> None:
    """Print an error, of ``what`` where several things were done, and how to go on."""
    console.print("[bold red]error:[/] ", end="")
    said = f"{what}: {error}" if what else str(error)
    console.print(said, markup=False, highlight=False)
    if isinstance(error, RunStopped):
        console.print(_what_now(error), markup=False, highlight=False)


def _what_now(stopped: RunStopped) -> str:
    if stopped.hopeless:
        said = f" What was said so far is in {stopped.session}" if stopped.session else ""
        return (
            "It would end in the same place again: change the firmware, then begin a new run."
            + said
        )
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
    """Quote a path as a shell of this platform takes it."""
    if sys.platform == "win32":
        return subprocess.list2cmdline([str(path)])
    return shlex.quote(str(path))
