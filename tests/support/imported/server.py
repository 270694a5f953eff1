"""One process that has imported the whole program, and a child of it for each command.

    python server.py ADDRESS PYTHON

A command is asked for by a connection to the socket at ADDRESS, which is told the process id of the
child, and in the end what `waitpid` said of it; one that is bound to its connection is killed when
that ends before it. PYTHON is what a command takes for its interpreter. The server ends when its
stdin does.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import io
import marshal
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import termios
import threading
import traceback
from importlib import import_module
from importlib.util import find_spec
from typing import Any

ADDRESS, PYTHON = sys.argv[1:]
PACKAGES = ("models", "datasets", "dut_protocol", "energy", "runner")


def main() -> None:
    _import_everything()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(ADDRESS)
    listener.listen(64)
    gc.collect()
    gc.freeze()  # no child need look through all of this again
    print("ready", flush=True)
    order = _Server(listener).serve()
    if order is not None:  # this is a child
        _be(order)


def _import_everything() -> None:
    for package in PACKAGES:
        root = import_module(f"tinyrunner.{package}")
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if ".training" in module.name:
                continue
            try:
                import_module(module.name)
            except ImportError:
                continue  # of a driver that is not installed


class _Server:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._commands: dict[int, socket.socket] = {}
        """Each child's connection."""
        self._bound: dict[socket.socket, int] = {}
        """The children that end with their connection."""
        self._woken, self._wakes = os.pipe()
        for end in (self._woken, self._wakes):
            os.set_blocking(end, False)

    def serve(self) -> dict[str, Any] | None:
        """Start children until stdin ends; in a child, give what it is to be."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wakes)
        while True:
            watched = [self._listener, self._woken, 0, *self._bound]
            ready = select.select(watched, [], [])[0]
            if 0 in ready:
                return None
            if self._woken in ready:
                os.read(self._woken, 4096)
            self._reap()
            for connection in [one for one in ready if one in self._bound]:
                os.kill(self._bound.pop(connection), signal.SIGKILL)
            if self._listener in ready:
                connection, _ = self._listener.accept()
                order = self._start(connection)
                if order is not None:
                    return order

    def _reap(self) -> None:
        while self._commands:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            with self._commands.pop(pid) as connection:
                self._bound.pop(connection, None)
                _tell(connection, status)

    def _start(self, connection: socket.socket) -> dict[str, Any] | None:
        """Start a child; in it, give what it is to be."""
        order, streams = receive_order(connection)
        pid = os.fork()
        if pid:
            for stream in streams:
                os.close(stream)
            self._commands[pid] = connection
            if order["bound"]:
                self._bound[connection] = pid
            _tell(connection, pid)
            return None
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for one in (self._listener, connection, *self._commands.values()):
            one.close()
        os.close(self._woken)
        os.close(self._wakes)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return order


def receive_order(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """What is asked for, its length before it, and the streams that came with it."""
    head, streams, _, _ = socket.recv_fds(connection, 4096, 3)
    length, _, text = head.partition(b"\n")
    while len(text) < int(length):
        text += connection.recv(int(length) - len(text))
    return marshal.loads(text), streams


def _tell(connection: socket.socket, number: int) -> None:
    try:
        connection.sendall(b"%d\n" % number)
    except OSError:
        return  # nobody waits for it any more


def _be(order: dict[str, Any]) -> None:
    """Be the command, in a child, and end as Python does, less the taking apart of all modules."""
    if order["session"]:
        os.setsid()
    if order["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    hears = signal.SIG_IGN if order["deaf"] else signal.default_int_handler
    signal.signal(signal.SIGINT, hears)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["environment"])
    unbuffered = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115
    sys.stdout = sys.__stdout__ = _writer(1, "strict", unbuffered)
    sys.stderr = sys.__stderr__ = _writer(2, "backslashreplace", unbuffered)
    sys.argv = ["tinyrunner", *order["words"]]
    sys.executable = PYTHON
    if not order["pictures"] and find_spec("matplotlib") is not None:  # CI has a place without
        from tinyrunner.runner.write import energy_plots

        energy_plots.plot_energy = lambda *_: []  # as in tests/conftest.py
    status = _status_of(order["program"])
    threading._shutdown()  # as multiprocessing ends its children: what is registered is called
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            status = status or 120
    os._exit(status)


def _status_of(program: str | None) -> int:
    """Run the program, or another in a file; give its exit status."""
    try:
        if program is None:
            runpy.run_module("tinyrunner", run_name="__main__", alter_sys=True)
        else:
            runpy.run_path(program, run_name="__main__")
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.raise_signal(signal.SIGINT)
    except Exception:  # noqa: BLE001, told as Python tells it
        traceback.print_exc()
        return 1
    return 0


def _writer(number: int, errors: str, unbuffered: bool) -> io.TextIOWrapper:
    line_buffering = number == 2 or os.isatty(number)
    file = open(number, "wb", closefd=False)  # noqa: SIM115
    return io.TextIOWrapper(
        file, errors=errors, line_buffering=line_buffering, write_through=unbuffered
    )


if __name__ == "__main__":
    main()
