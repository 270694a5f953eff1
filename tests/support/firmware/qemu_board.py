"""The firmware on boards that QEMU emulates: built as a user builds it, booted, talked to."""

from __future__ import annotations

import hashlib
import inspect
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self
from zlib import crc32

import pytest
from filelock import FileLock
from support.devices.device_dialogues import R
from support.firmware.build import FIRMWARE, cache_folder, need
from tinyrunner.dut_protocol.wire.extension import Encoding, begin_load, encode_block
from tinyrunner.models.export.export_c import export_model
from tinyrunner.models.suite import Task
from tinyrunner.runner.commands.prepare.boards import BOARDS
from tinyrunner.runner.commands.prepare.new_port import SWW_FRAMES, new_port

_PATIENCE_S = 20.0
_QUIET_S = 0.05

STEADY = ("-icount", "shift=5,align=on")
"""32 ns an instruction: durations repeat, and follow the host's clock."""


def firmware_image(task: Task, model: Path | None, *make: str, board: str = "qemu-mps2") -> Path:
    """``firmware.elf`` of `firmware new` and `make emulated`, each once per state of the sources.

    The port's folder, above it, has board.mk, which says what boots it.
    """
    need("make")
    for tool in BOARDS[board].tools:
        need(tool)
    exporter = Path(inspect.getfile(export_model)).parent
    generator = [*exporter.glob("*.py"), Path(inspect.getfile(new_port))]
    ends = ("*.[chl]*", "*.mk", "Makefile")
    sources = hashlib.sha256(board.encode())
    for path in (*sorted(path for end in ends for path in FIRMWARE.rglob(end)), *generator):
        sources.update(path.read_bytes())
    whole = sources.copy()
    whole.update("\0".join((task.key, *make)).encode())
    if model is not None:
        whole.update(model.read_bytes())
    folder = cache_folder() / f"board-{whole.hexdigest()[:32]}"
    with FileLock(f"{folder}.lock", timeout=300):
        if not folder.exists():
            new_port(folder, task, BOARDS[board], model)
        with _common_objects(folder, sources.hexdigest()[:32], task, make):
            done = subprocess.run(
                ["make", "-s", "-C", folder, "emulated", *make],
                capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr + done.stdout
    (image,) = (folder / "build").rglob("firmware.elf")
    return image


@contextmanager
def _common_objects(port: Path, sources: str, task: Task, make: tuple[str, ...]) -> Iterator[None]:
    """Give `make` what an earlier image of the board has compiled of the library and the kernels.

    Neither knows the task, but for the streaming one, nor the mode; any other setting they do.
    """
    out = port / "build"
    if make == ("MODE=energy",):
        out /= "energy"
    elif make or task.key == SWW_FRAMES.key:
        yield
        return
    shared = cache_folder() / f"objects-{sources}"
    if shared.exists() and not out.exists():
        shutil.copytree(shared, out, copy_function=shutil.copyfile)
    yield
    if not shared.exists():
        made = Path(tempfile.mkdtemp(dir=cache_folder()))
        for part in ("library", "kernels"):
            for source in (port / part).glob("*.c"):
                (compiled,) = out.rglob(f"{source.stem}.o")
                shutil.copyfile(compiled, made / compiled.name)
        with suppress(OSError):  # another process was quicker
            made.rename(shared)
        shutil.rmtree(made, ignore_errors=True)


def emulator_of(image: Path) -> list[str]:
    """The emulator's command line, as the board.mk of the image's port has it."""
    (port,) = (folder for folder in image.parents if (folder / "board.mk").exists())
    (command,) = re.findall(r"^QEMU = (.*)$", (port / "board.mk").read_text("utf-8"), re.M)
    program, *options = command.split()
    return [need(program), *options]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class EmulatedBoard:
    """QEMU with the firmware; it begins to run when somebody connects."""

    def __init__(self, image: Path, port: int | None = None, options: tuple[str, ...] = STEADY):
        self.port = free_port() if port is None else port
        self._process = subprocess.Popen(
            [
                *emulator_of(image), "-display", "none", "-monitor", "stdio", *options,
                "-kernel", image,
                "-serial", f"tcp:127.0.0.1:{self.port},server=on,wait=on,nodelay",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        assert self._process.stderr is not None
        said = self._process.stderr.readline()
        assert "waiting for connection" in said, said + self._process.stderr.read()
        # It complains on a busy machine ("The guest is now late"); nobody may block it.
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    @property
    def address(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """Let the firmware begin anew; whoever is connected stays so."""
        assert self._process.stdin is not None
        self._process.stdin.write("system_reset\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._drain.join(_PATIENCE_S)
        for pipe in (self._process.stdin, self._process.stderr):
            assert pipe is not None
            pipe.close()


class BoardTalk:
    """One end of its serial port, as :func:`support.firmware.device.hold` wants a device."""

    def __init__(self, board: EmulatedBoard) -> None:
        self._socket = socket.create_connection(("127.0.0.1", board.port), _PATIENCE_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.said = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self, count: int) -> bytes:
        """All up to the ``count``-th `m-ready` from here."""
        until_s = time.monotonic() + _PATIENCE_S
        while self.said.count(R) < count and self._read(until_s - time.monotonic()):
            pass
        parts = self.said.split(R)
        taken = b"".join(part + R for part in parts[:count]) if len(parts) > count else self.said
        self.said = self.said[len(taken) :]
        return taken

    def ask(self, data: bytes) -> bytes:
        """The answer to one command."""
        self.send(data)
        return self.answer(1)

    def end(self) -> tuple[bytes, str]:
        """What it still says, unasked."""
        while self._read(_QUIET_S):
            pass
        return self.said, ""

    def forget(self) -> None:
        """Pass over what came so far."""
        while self._read(0):
            pass
        self.said = b""

    def _read(self, timeout_s: float) -> bool:
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return False
        self.said += data
        return bool(data)


_BLOCK, _IN_FLIGHT = 512, 15
_TIMEOUT_S, _TRIES = 0.5, 5


def load_by_blocks(device: BoardTalk, data: bytes) -> None:
    """By 8-bit blocks; again where a busy machine lets a second pass between two of them."""
    blocks = [data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK)]
    for _ in range(_TRIES):
        device.ask(begin_load(len(data), crc32(data), Encoding.BIN).encode() + b"%")
        for at in range(0, len(blocks), _IN_FLIGHT):
            sent = blocks[at : at + _IN_FLIGHT]
            device.send(b"".join(encode_block(block, Encoding.BIN) for block in sent))
            said = device.answer(len(sent))
        if said.endswith(b"m-load-done\r\nm-ready\r\n"):
            return
        time.sleep(2 * _TIMEOUT_S)
        device.end()
        device.said = b""
    pytest.fail(f"the load was refused {_TRIES} times: {said!r}")
