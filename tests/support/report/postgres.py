"""Debian's PostgreSQL, started for a test with a password, in a folder of its own.

Where no server is installed a test is skipped, and says so; in CI that is a failure.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PASSWORD = "correct horse battery"
_USER = "ci"
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB")
_PATIENCE_S = 60


@dataclass(frozen=True)
class Server:
    """A server on a port of this computer; its user wants the password."""

    port: int

    @property
    def url(self) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/postgres"


def _program(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}")) or [shutil.which(name)]
    if found[-1] is None or sys.platform == "win32":
        told = "no PostgreSQL server is installed here (Debian: apt-get install postgresql)"
        if os.environ.get("TINYRUNNER_NEEDS_TOOLS"):
            pytest.fail(told)
        pytest.skip(told)
    return str(found[-1])


@contextmanager
def server() -> Iterator[Server]:
    """A running server; it refuses to be root's, so there it is the user postgres'."""
    initdb, postgres = _program("initdb"), _program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="tinyrunner-pg-"))
    user = "postgres" if os.geteuid() == 0 else None
    process = None
    try:
        (folder / "password").write_text(PASSWORD)
        if user is not None:
            for path in (folder, folder / "password"):
                shutil.chown(path, user, user)
        run_as = {"user": user, "group": user, "extra_groups": []} if user else {}
        made = [initdb, "-D", folder / "data", "-U", _USER, "--auth=scram-sha-256", "--no-sync"]
        made += [f"--pwfile={folder / 'password'}", "--encoding=UTF8", "--locale=C"]
        subprocess.run(made, check=True, capture_output=True, cwd=folder, **run_as)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        settings = [f"listen_addresses=127.0.0.1 unix_socket_directories={folder} port={port}"]
        words = [word for each in (*settings[0].split(), *_QUICK) for word in ("-c", each)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [postgres, "-D", folder / "data", *words],
                stdout=log,
                stderr=log,
                cwd=folder,
                **run_as,
            )
        _wait_for(process, port, folder / "log")
        yield Server(port)
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # its fast shutdown
            process.wait(_PATIENCE_S)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _PATIENCE_S
    while b"ready to accept connections" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > until:
            pytest.fail(f"PostgreSQL did not start on port {port}: {log.read_text()}")
        time.sleep(0.05)
