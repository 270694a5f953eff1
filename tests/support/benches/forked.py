"""The program imported once, and a child of that process for each command line that is tried.

A child is as alone as a process of its own: its memory's peak, the files that it opens and what it
prints are its own. What it saves is the start of Python and all imports, half a second a command.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """What a command ended with; ``status`` is None where it had to be stopped."""

    status: int | None
    out: str
    err: str
    peak_bytes: int
    opened: list[str]


class CommandLines:
    """Runs command lines of the program; each is stopped after ``time_s`` seconds."""

    def __init__(self, server: subprocess.Popen[str], folder: Path, time_s: float) -> None:
        self._server, self._folder, self._time_s = server, folder, time_s

    def run(self, *arguments: object, cwd: Path) -> Ended:
        told = {name: self._folder / name for name in ("out", "err", "told")}
        for path in told.values():
            path.unlink(missing_ok=True)
        order = {"arguments": [str(one) for one in arguments], "cwd": str(cwd)}
        files = {name: str(path) for name, path in told.items()}
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        self._server.stdin.write(json.dumps(order | files | {"time_s": self._time_s}) + "\n")
        self._server.stdin.flush()
        assert self._server.stdout.readline() == "ended\n"
        out, err = (told[name].read_text("utf-8", "replace") for name in ("out", "err"))
        if not told["told"].exists():
            return Ended(None, out, err, 0, [])
        return Ended(out=out, err=err, **json.loads(told["told"].read_text(encoding="utf-8")))


@contextlib.contextmanager
def command_lines(time_s: float) -> Iterator[CommandLines]:
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
        )  # fmt: skip
        try:
            yield CommandLines(server, Path(folder), time_s)
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(10)


def _serve() -> None:
    import importlib

    for name in ("commands.cli", "audit.audit", "commands.show.audit", "commands.judge.verify"):
        importlib.import_module(f"tinyrunner.runner.{name}")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(json.loads(line))
        os.waitpid(child, 0)
        print("ended", flush=True)


def _run(order: dict[str, object]) -> None:
    """Be the command, in a child that ends here."""
    import signal

    from support.benches.peak_memory import peak_bytes
    from tinyrunner.runner.commands import cli

    opened: set[str] = set()
    watching = True

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str) and watching:
            opened.add(os.path.abspath(arguments[0]))

    signal.alarm(int(order["time_s"]))  # which nothing of the program knows: it ends there
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(str(order[name]), os.O_WRONLY | os.O_CREAT), number)
    os.chdir(str(order["cwd"]))
    sys.argv = ["tinyrunner", *order["arguments"]]
    sys.addaudithook(watch)
    try:
        status = cli.main()
    except SystemExit as error:
        status = error.code
    sys.stdout.flush()
    watching = False
    told = {"status": status or 0, "peak_bytes": peak_bytes(), "opened": sorted(opened)}
    with open(str(order["told"]), "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(told, file)
    os._exit(0)


if __name__ == "__main__":
    _serve()
