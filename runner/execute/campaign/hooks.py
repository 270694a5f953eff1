"""Runs a hook of a campaign: a command line of the user's, watched and ended on every path."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ....errors import closest
from ...errors import SetupError

DEFAULT_TIMEOUT_S = 600.0
DEFAULT_PORT_TIMEOUT_S = 10.0

_KEPT_CHARS = 4000
"""Characters of a hook's output that are kept, from its end."""


@dataclass(frozen=True, slots=True)
class HookRun:
    """Tells how a hook ended."""

    command: str
    status: int | None
    """The exit status; None where it was ended for taking too long."""
    seconds: float
    output: str
    """The end of what it wrote, stdout and stderr."""

    @property
    def failure(self) -> str:
        """Return why it failed; empty where it did not."""
        if self.status == 0:
            return ""
        said = f"; it said: {self.output.strip()[-300:]}" if self.output.strip() else ""
        how = f"took longer than {self.seconds:.0f} s" if self.status is None else (
            f"ended with status {self.status}"
        )  # fmt: skip
        return f"`{self.command}` {how}{said}"


def refuse_misspelt(name: str, command: str, words: Mapping[str, str]) -> None:
    """Refuse (SetupError) a word in braces that is nearly one of those that are filled in."""
    for word in re.findall(r"(?<!\$)\{(\w+)\}", command):
        near = "" if word in words else closest(word, words)
        if near:
            raise SetupError(f"the hook {name}: nothing is filled in for {{{word}}}{near}")


def filled_in(command: str, words: Mapping[str, str]) -> str:
    """Return a command line with {board}, {task} and so on filled in; other braces stay."""
    for word, value in words.items():
        command = command.replace("{" + word + "}", _quoted(value))
    return command


def check_hook(name: str, line: str, folder: Path) -> None:
    """Refuse (SetupError) a command line whose program is not there, where a shell can tell."""
    words = [] if sys.platform == "win32" else line.split()
    if not words or not set(words[0]).isdisjoint("=\"'$`(){};&|<>*?~\\"):
        return  # an assignment, a quoted name, …: only running it shows
    there = subprocess.run(
        ["/bin/sh", "-c", 'command -v "$1"', "sh", words[0]],
        cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if there.returncode != 0:
        raise SetupError(f"the hook {name}: there is no program {words[0]!r} (of `{line}`)")


def run_hook(line: str, folder: Path, timeout_s: float | None) -> HookRun:
    """Run a command line in a shell, in ``folder``; nothing that it started is left behind.

    SetupError where no shell can be started.
    """
    began_s = time.monotonic()
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                line, cwd=folder, shell=True, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=sys.platform != "win32",
            )  # fmt: skip
        except OSError as error:
            raise SetupError(f"cannot run the hook {line!r}: {error}") from error
        try:
            status: int | None = process.wait(timeout_s or DEFAULT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.poll() is None:
                _end(process)
        return HookRun(line, status, time.monotonic() - began_s, _tail(output))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command with all that it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(2.0)
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tail(output: IO[bytes]) -> str:
    length = output.seek(0, os.SEEK_END)
    output.seek(max(0, length - _KEPT_CHARS))
    return output.read().decode("utf-8", "replace")


def _quoted(value: str) -> str:
    return subprocess.list2cmdline([value]) if sys.platform == "win32" else shlex.quote(value)
