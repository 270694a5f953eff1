"""A program that speaks as a device on its standard input and output, held against dialogues."""

from __future__ import annotations

import selectors
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from support.devices.device_dialogues import Dialogue, R, answers

_PATIENCE_S = 20.0


class DeviceProcess:
    """The program, by itself or run by ``runner``, an emulator.

    ``said`` is what it has said and nobody has asked for yet.
    """

    def __init__(self, program: Path, *arguments: str, runner: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [*runner, program, "--stdio", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
        )
        self._selector = selectors.DefaultSelector()
        assert self._process.stdout is not None
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        self.said = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def send(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)

    def read(self, timeout_s: float) -> bool:
        """Whether something came in time."""
        if not self._selector.select(timeout_s):
            return False
        assert self._process.stdout is not None
        data = self._process.stdout.read(65536)
        self.said += data
        return bool(data)

    def answer(self, count: int) -> bytes:
        """All up to the ``count``-th `m-ready` from here."""
        until_s = time.monotonic() + _PATIENCE_S
        while self.said.count(R) < count and time.monotonic() < until_s:
            if not self.read(until_s - time.monotonic()):
                break
        parts = self.said.split(R)
        taken = b"".join(part + R for part in parts[:count]) if len(parts) > count else self.said
        self.said = self.said[len(taken) :]
        return taken

    def ask(self, data: bytes) -> bytes:
        """The answer to one command."""
        self.send(data)
        return self.answer(1)

    def end(self) -> tuple[bytes, str]:
        """Close its input: what it still says, and what it wrote to standard error."""
        out, err = self._process.communicate(timeout=_PATIENCE_S)
        rest = self.said + out
        self.said = b""
        assert self._process.returncode == 0, err.decode(errors="replace")
        return rest, err.decode(errors="replace")


def hold(device: DeviceProcess, dialogue: Dialogue, *, slowly: bool = False) -> None:
    """Say the dialogue's part; the device's answers must be the table's, and no byte more."""
    for sent, expected in dialogue.exchanges:
        for piece in [sent[i : i + 1] for i in range(len(sent))] if slowly else [sent]:
            device.send(piece)
        answer = device.answer(expected.count(R))
        assert answers(expected, answer), f"to {sent[:90]!r}: {answer!r} instead of {expected!r}"
    rest, _ = device.end()
    assert rest == b"", f"and then {rest!r}"
