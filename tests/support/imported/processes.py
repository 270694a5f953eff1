"""Processes of the program that find all of it imported, as children of one that has done so.

Python's start and the imports are most of what a short command costs. A child is as alone as a
process of its own: it has its streams, signals, folder and variables, and ends as Python does. What
differs: it does not start with the program's start, and draws the pictures of energy runs only
where a test asks for them.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

HERE = Path(__file__).parent
SERVER, CLIENT = str(HERE / "server.py"), str(HERE / "client.py")
POSSIBLE = sys.platform == "linux"
"""Elsewhere a fork of what has loaded frameworks is not safe, and may not be there at all."""


PYTHON = sys.executable


class ImportingProcess:
    """The process whose children are the commands; it ends with this one."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="tr")  # a socket's path is short
        place = Path(self._folder.name)
        self.address = str(place / "socket")
        self.python = place / "python"
        """A Python for a shell or a command whose `-m tinyrunner` is a child of the process."""
        python, client, address = map(shlex.quote, (PYTHON, CLIENT, self.address))
        self.python.write_text(
            f"""#!/bin/sh
if [ "$1 $2" = "-m tinyrunner" ]
then shift 2; exec {python} -IS {client} {address} "$@"
fi
exec {python} "$@"
"""
        )
        self.python.chmod(0o755)
        paths = os.pathsep.join([str(HERE.parents[1]), *sys.path])
        self._process = subprocess.Popen(
            [PYTHON, SERVER, self.address, str(self.python)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, start_new_session=True,  # a Ctrl-C is for the tests
            env=os.environ | {"PYTHONPATH": paths, "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def end(self) -> list[psutil.Process]:
        """End it; give the commands that it leaves behind."""
        left = psutil.Process(self._process.pid).children()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
        self._folder.cleanup()
        return left


@cache
def importing_process() -> ImportingProcess:
    """The one of this run, or of this process of it."""
    return ImportingProcess()


def end_importing_process() -> list[psutil.Process]:
    """End it, where there is one; give the commands that it leaves behind."""
    if not importing_process.cache_info().currsize:
        return []
    server = importing_process()
    importing_process.cache_clear()
    return server.end()


@pytest.fixture(autouse=True)
def quick_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets a campaign that is run in this process start its lanes as such children."""
    if POSSIBLE:
        monkeypatch.setattr(sys, "executable", str(importing_process().python))


class ImportedProcess:
    """A command that runs, used as a `subprocess.Popen` of texts; PIPE is what its streams are."""

    def __init__(
        self,
        *words: object,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        program: Path | None = None,
        stdin: int | IO[Any] | None = None,
        stdout: int | IO[Any] | None = subprocess.PIPE,
        stderr: int | IO[Any] | None = subprocess.PIPE,
        start_new_session: bool = False,
        terminal: bool = False,
        pictures: bool = False,
    ) -> None:
        self.args = [str(word) for word in words]
        order = {
            "words": self.args,
            "program": None if program is None else str(program),
            "cwd": str(cwd or os.getcwd()),
            "environment": dict(os.environ if env is None else env),
            "session": start_new_session,
            "terminal": terminal,
            "pictures": pictures,
            "bound": False,
            "deaf": signal.getsignal(signal.SIGINT) is signal.SIG_IGN,
        }
        with contextlib.ExitStack() as ours:
            self.stdin, fd_0 = _stream(stdin, 0, ours)
            self.stdout, fd_1 = _stream(stdout, 1, ours)
            self.stderr, fd_2 = _stream(stderr, 2, ours, fd_1)
            text = marshal.dumps(order)
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(importing_process().address)
            socket.send_fds(connection, [b"%d\n" % len(text)], [fd_0, fd_1, fd_2])
            connection.sendall(text)
        self._told = connection.makefile("rb")
        connection.close()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(self._told.readline()))
            self._told.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None and not select.select([self._told], [], [], timeout)[0]:
            assert timeout is not None
            raise subprocess.TimeoutExpired(self.args, timeout)
        status = self.poll()
        assert status is not None
        return status

    def communicate(self, timeout: float | None = None) -> tuple[str | None, str | None]:
        """Read what comes until all streams have ended, and wait."""
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        end = None if timeout is None else time.monotonic() + timeout
        read: dict[IO[str], str] = {}
        streams = [each for each in (self.stdout, self.stderr) if each is not None]
        readers = [
            threading.Thread(target=lambda one=one: read.update({one: one.read()}), daemon=True)
            for one in streams
            if not one.closed
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if end is None else max(0.0, end - time.monotonic()))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(self.args, timeout or 0.0)
        self.wait(None if end is None else max(0.0, end - time.monotonic()))
        for one in streams:
            one.close()
        return tuple(read.get(one) if one else None for one in (self.stdout, self.stderr))

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _stream(
    asked: int | IO[Any] | None, number: int, ours: contextlib.ExitStack, out: int = 1
) -> tuple[IO[str] | None, int]:
    """Our end of a stream, where it is a pipe, and the command's."""
    if asked == subprocess.PIPE:
        reads, writes = os.pipe()
        ours.callback(os.close, writes if number else reads)
        if number:
            return open(reads), writes
        return open(writes, "w"), reads
    if asked == subprocess.STDOUT:
        return None, out
    if asked == subprocess.DEVNULL:
        opened = os.open(os.devnull, os.O_RDWR)
        ours.callback(os.close, opened)
        return None, opened
    if asked is None:
        return None, number
    return None, asked if isinstance(asked, int) else asked.fileno()
