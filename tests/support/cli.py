"""The real command line: in this process for speed, in one of its own where that matters."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import typer.main
from tinyrunner.runner.cli import main
from tinyrunner.runner.commands.show import failure
from tinyrunner.runner.journal.open_log import open_log


@dataclass(frozen=True)
class Ran:
    """What a command left: exit status, stdout, stderr."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"status {self.status}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


_TAKEN = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]
"""The signals that the program takes care of."""

_COMMAND = cache(typer.main.get_command)


def tinyrunner(*arguments: object, stdin: str = "") -> Ran:
    """`tinyrunner ARGUMENTS…` in this process, error boundary and exit status included."""
    out, err = io.StringIO(), io.StringIO()
    words = ["tinyrunner", *map(str, arguments)]
    before = {number: signal.getsignal(number) for number in _TAKEN}
    try:
        with (
            mock.patch.object(sys, "argv", words),
            mock.patch.object(typer.main, "get_command", _COMMAND),  # built once, it takes 50 ms
            mock.patch.object(sys, "stdin", io.StringIO(stdin)),
            mock.patch.object(failure, "show_defect", _raise),  # a test is to see all of it
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            main()
        status = 0
    except SystemExit as exit_:
        status = exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return Ran(status, out.getvalue(), err.getvalue())


def _raise(_console: object, error: Exception) -> None:
    raise error


def process(*arguments: object, cwd: Path | None = None, **options: Any) -> subprocess.Popen[str]:
    """The same as a process of its own, not waited for."""
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-m", "tinyrunner", *map(str, arguments)],
        text=True,
        cwd=cwd,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        **streams | options,
    )


def ended(running: subprocess.Popen[str], timeout_s: float = 120) -> Ran:
    """Wait for a process."""
    try:
        out, err = running.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        running.kill()  # it must not outlive the test that waited for it
        raise
    return Ran(running.returncode, out, err)


def sessions_in(root: Path) -> list[Path]:
    """The session folders, the oldest first."""
    folders = [folder for folder in root.iterdir() if (folder / "session.json").is_file()]
    return sorted(folders, key=lambda folder: folder.stat().st_ctime_ns)


def only_session(root: Path) -> Path:
    (folder,) = root.iterdir()
    return folder


def inferences(session: Path) -> list[tuple[str, int, Sequence[float]]]:
    """(file, offset, scores) of each inference that the log of a session holds, in order."""
    with open_log(session / "log.txt") as reader:
        return [(record.file, record.offset, record.scores) for record in reader]


def document(session: Path) -> dict[str, Any]:
    return json.loads((session / "session.json").read_text())
