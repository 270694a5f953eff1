"""The real command line: in this process for speed, in one of its own where that matters."""

from __future__ import annotations

import io
import json
import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import typer.main
from support.imported.processes import POSSIBLE, ImportedProcess, importing_process
from tinyrunner.runner.commands.app import COMMANDS, command_of
from tinyrunner.runner.commands.cli import main
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


def process(
    *arguments: object,
    cwd: Path | None = None,
    program: Path | None = None,
    anew: bool = False,
    **options: Any,
) -> subprocess.Popen[str] | ImportedProcess:
    """The same as a process of its own, not waited for; ``anew`` where Python's start matters.

    ``program`` is a file that is run in the place of the module.
    """
    env = {**(options.pop("env", None) or os.environ), "PYTHONUNBUFFERED": "1"}
    if POSSIBLE and not anew:
        return ImportedProcess(*arguments, cwd=cwd, env=env, program=program, **options)
    options.pop("pictures", None)
    if options.pop("terminal", False):
        options["preexec_fn"] = _take_terminal
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    what = ("-m", "tinyrunner") if program is None else (str(program),)
    words = [sys.executable, *what, *map(str, arguments)]
    return subprocess.Popen(words, text=True, cwd=cwd, env=env, **streams | options)


def _take_terminal() -> None:
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def program_in(folder: Path) -> Path:
    """A new folder's `tinyrunner` for a shell."""
    folder.mkdir()
    program = folder / "tinyrunner"
    python = importing_process().python if POSSIBLE else sys.executable
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(str(python))} -m tinyrunner "$@"\n')
    program.chmod(0o755)
    return program


def ended(running: subprocess.Popen[str] | ImportedProcess, timeout_s: float = 120) -> Ran:
    """Wait for a process."""
    try:
        out, err = running.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        running.kill()  # it must not outlive the test that waited for it
        raise
    return Ran(running.returncode, out, err)


class Terminal:
    """`tinyrunner ARGUMENTS…` as a process at a pseudo-terminal of its own; POSIX only."""

    def __init__(
        self,
        *arguments: object,
        cwd: Path | None = None,
        columns: int = 80,
        pictures: bool = False,
        **environment: str,
    ) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._end, end = pty.openpty()
        fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        # A terminal of a test answers no question about its cursor.
        quiet = {"PROMPT_TOOLKIT_NO_CPR": "1", "TERM": "xterm", "COLUMNS": str(columns)}
        streams = {"stdin": end, "stdout": end, "stderr": end}
        self.running = process(
            *arguments, cwd=cwd, env=os.environ | quiet | environment, start_new_session=True,
            terminal=True, pictures=pictures, **streams,  # Ctrl-C is a signal there
        )  # fmt: skip
        os.close(end)
        self.shown = ""
        """All that was shown so far, without what steers the terminal."""
        self._read = 0

    def type(self, text: str) -> None:
        os.write(self._end, text.encode())

    def until(self, expected: str, timeout_s: float = 60) -> str:
        """Wait until a text is shown, behind what was waited for before; return what came."""
        deadline = time.monotonic() + timeout_s
        while expected not in self.shown[self._read :]:
            assert time.monotonic() < deadline, f"no {expected!r} in {self.shown[self._read :]!r}"
            assert self._more(), f"it ended without {expected!r}: {self.shown[self._read :]!r}"
        start, self._read = self._read, self.shown.index(expected, self._read) + len(expected)
        return self.shown[start : self._read]

    def end(self, timeout_s: float = 60) -> int:
        """Wait until the program ends; return its exit status."""
        deadline = time.monotonic() + timeout_s
        while self._more():
            assert time.monotonic() < deadline, f"it goes on: {self.shown!r}"
        status = self.running.wait(timeout_s)
        os.close(self._end)
        return status

    def kill(self) -> None:
        if self.running.poll() is None:
            self.running.kill()
            self.running.wait()

    def _more(self) -> bool:
        """Read what came within a while; false where nobody is at the other end any more."""
        ready, _, _ = select.select([self._end], [], [], 0.2)
        if not ready:
            return True
        try:
            data = os.read(self._end, 65536)
        except OSError:  # Linux says so at the end
            return False
        self._bytes += data
        self.shown = _STEERING.sub("", self.text()).replace("\r", "")
        return bool(data)

    _bytes = b""

    def screens(self) -> list[list[str]]:
        """What stood on the terminal, scrolled or not, each time before a line was wiped."""
        seen: list[list[str]] = []
        lines, row, column = [""], 0, 0
        for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", self.text()):
            if part == "\r":
                column = 0
            elif part == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif part == "\x1b[2K":
                if lines[row]:
                    seen.append(list(lines))
                lines[row] = ""
            elif part[:2] == "\x1b[" and part[-1] == "A":
                row -= int(part[2:-1])
            elif part[0] != "\x1b":
                lines[row] = (
                    lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
                )
                column += len(part)
        return [*seen, lines]

    def text(self) -> str:
        """All that came, with what steers the terminal."""
        return self._bytes.decode("utf-8", "replace")


_STEERING = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07]*\x07|[=>]|\([A-Z0-9])")


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


def check_words(words: list[str], where: str) -> None:
    """That a typed command is one of the program's, and so is each of its options."""
    if words[0].startswith("-"):
        assert words[0] in ("--version", "--help", "--install-completion"), where
        return
    assert words[0] in COMMANDS, where
    command = command_of(words[0])
    rest = words[1:]
    while getattr(command, "commands", None) and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, where
        command, rest = command.commands[rest[0]], rest[1:]
    known = {flag for param in command.params for flag in (*param.opts, *param.secondary_opts)}
    for word in rest:
        if word.startswith("-") and len(word) > 1:
            assert word.partition("=")[0] in known | {"--help"}, f"{where}: {word}"
