"""Boards for tests: a simulated device with a fault, in process or behind a real port.

A board passes bytes through a simulated device and lets a fault change what comes in or goes
out, a line at a time; so it misbehaves on the wire and nowhere else.
"""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace

from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.serve import DeviceServer, PtyPort, TcpPort
from tinyrunner.models.suite import KWS, Task
from tinyrunner.runner.bench import opening
from tinyrunner.runner.bench.simulated import wiring
from tinyrunner.runner.bench.simulated.device import SimulatedDevice, simulated_device
from tinyrunner.runner.bench.simulated.wiring import SimulatedBench

PTY = "tcp" if sys.platform == "win32" else "pty"
"""The kind of port, for :func:`served`, that does not boot its board when it is opened; on Windows,
which has none, the other one."""

QUICK = DeviceSettings(baud_rate=0, inference_time_s=0.0, vendor="Acme")
"""For boards behind a real port: nothing is waited for, and nothing says that it is simulated."""


class HashModel:
    """Scores that follow from the input's bytes; needs no TFLite."""

    def __init__(self, task: Task) -> None:
        self.model_id = task.model_id
        self.input_bytes = task.input_bytes
        self.score_count = task.score_count

    def infer(self, data: bytes) -> tuple[float, ...]:
        digest = hashlib.sha256(data).digest()
        weights = [1 + digest[i] for i in range(self.score_count)]
        return (
            tuple(weight / sum(weights) for weight in weights)
            if len(weights) > 1
            else (weights[0] / 10,)
        )


class Fault:
    """What is wrong with a board: nothing."""

    def heard(self, data: bytes) -> bytes:
        """What the device gets of what the host sent."""
        return data

    def said(self, line: bytes) -> bytes | None:
        """What the host gets of a line; None: nothing."""
        return line


class InResults(Fault):
    """The ``nth`` result line is replaced by ``text``, and then, if ``mute``, nothing follows."""

    def __init__(self, text: bytes | None, nth: int, *, mute: bool = False) -> None:
        self._text, self._left, self._mute = text, nth, mute
        self._muted = False

    def said(self, line: bytes) -> bytes | None:
        if self._muted:
            return None
        if line.startswith(b"m-results-["):
            self._left -= 1
            if self._left == 0:
                self._muted = self._mute
                return self._text
        return line


class DropsByte(Fault):
    """Of some `db` commands (``which`` of those with data, from 0) one digit gets lost."""

    def __init__(self, which: Callable[[int], bool]) -> None:
        self._which, self._count = which, 0

    def heard(self, data: bytes) -> bytes:
        if data.startswith(b"db ") and not data.startswith((b"db load", b"db print")):
            self._count += 1
            if self._which(self._count - 1):
                return data[:5] + data[6:]
        return data


class Deaf(Fault):
    """From the ``nth`` command on nothing is heard any more."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def heard(self, data: bytes) -> bytes:
        self._left -= 1
        return data if self._left > 0 else b""


class Interrupts(Fault):
    """Ctrl-C while the ``nth`` command is sent."""

    def __init__(self, nth: int) -> None:
        self._left = nth

    def heard(self, data: bytes) -> bytes:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt
        return data


BANNER = b"m-timestamp-mode-performance\r\nm-lap-us-7\r\nm-init-done\r\nm-ready\r\n"


class Board:
    """A simulated device behind a fault, with the same interface."""

    def __init__(self, device: SimulatedDut, fault: Fault | None = None) -> None:
        self._device = device
        self._fault = fault or Fault()
        self.settings = device.settings
        self.outgoing = device.outgoing

    def boot(self, at_s: float) -> None:
        before = len(self.outgoing)
        self._device.boot(at_s)
        self._pass_on(before)

    def receive(self, data: bytes, start_s: float) -> None:
        before = len(self.outgoing)
        data = self._fault.heard(data)
        if data:
            self._device.receive(data, start_s)
        self._pass_on(before)

    def _pass_on(self, before: int) -> None:
        """Let the fault have the lines that came after the first ``before``."""
        new = [self.outgoing.pop() for _ in range(len(self.outgoing) - before)]
        for when_s, line in reversed(new):
            said = self._fault.said(line)
            if said is not None:
                self.outgoing.append((when_s, said))


def board(task: Task = KWS, fault: Fault | None = None, settings: DeviceSettings = QUICK) -> Board:
    return Board(SimulatedDut(HashModel(task), settings), fault)


def use_board(monkeypatch, device: object) -> None:
    """`--dut sim:` is this device, on the virtual clock; it is simulated if it says so itself."""
    monkeypatch.setattr(
        opening, "simulated_device", lambda *_: SimpleNamespace(device=device, model=None)
    )


def use_plain_board(monkeypatch) -> None:
    """`--dut sim:` is a board of the test's own that computes and times as the program's simulated
    one does, and does not call itself one: what it measures may be valid. In energy mode too."""

    def unmarked(*arguments):
        found = simulated_device(*arguments)
        settings = replace(found.device.settings, vendor="Acme", note="")
        return SimulatedDevice(SimulatedDut(found.device.model, settings), found.model)

    class PlainBench(SimulatedBench):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.model = None

    def alone(*arguments):
        return SimpleNamespace(device=unmarked(*arguments).device, model=None)

    monkeypatch.setattr(opening, "simulated_device", alone)
    monkeypatch.setattr(wiring, "simulated_device", unmarked)
    monkeypatch.setattr(opening, "SimulatedBench", PlainBench)


@contextmanager
def served(device: object, kind: str = "tcp") -> Iterator[str]:
    """The device behind a real port in real time; yields the port's address."""
    server = DeviceServer(device)
    if kind == "tcp":
        port = TcpPort.listen("127.0.0.1", 0, server.boot)
    else:
        port = PtyPort.open()
        server.boot()
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(port, stop), daemon=True)
    thread.start()
    try:
        yield port.address
    finally:
        stop.set()
        thread.join(5)
        port.close()
