"""Runs a model that nobody has vouched for in a process of its own, which may crash.

So is every model that TensorFlow Lite Micro runs: it writes to standard error what it thinks.

A TFLite runtime trusts the file that it is given. A wrong length or index in it lets the runtime
read and write outside of its memory, and that ends the process (tflite-runtime 2.14: with 20 of 800
demo models of which a few words were damaged). So everything is done in another process, from
loading to the last inference, within limits of memory and of time for each step; what goes wrong
there is an error here, which names the file.

What the two say to each other is the input and output of that process:

    in    the model, its task, its name, the limits and the engine, pickled; then inputs, all of
          one size
    out   a byte of ``_Began``, the size of a text (uint32) and the text: what runtime it is, or
          why it cannot be; then the scores of each input (float64)

It ends when its input does, and so never outlives the program.
"""

from __future__ import annotations

import json
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import weakref
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from typing import IO

from ...errors import InterruptingError
from ..engine import Engine, EngineUnavailable, one_line
from ..model_file import ModelError
from ..suite import Task
from ..tensor_conversion import Data
from .engine_kind import EngineKind


class ModelFailed(InterruptingError):
    """A model that had run once ended its process, or took too long, in the middle of a run."""


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """Says how much a model in a process of its own may take."""

    step_s: float = 60.0
    """Seconds to be loaded and tried, and for an inference; usual ones take milliseconds."""
    memory_bytes: int = 2 << 30
    """Address space of the process, of which Python, numpy and the runtime need a quarter. Only
    Linux keeps to it; macOS and Windows have no such limit."""


class _Began(Enum):
    """Says how loading ended."""

    RUNS = b"="
    REFUSED = b"!"
    NO_RUNTIME = b"?"


_SIZE = struct.Struct("<I")

_BEGIN = """\
import faulthandler, json, sys
sys.path[:], step_s = json.loads(sys.argv[1])
faulthandler.dump_traceback_later(step_s, exit=True)
from {module} import serve
serve()
"""
"""The watchdog is no Python thread: it ends the process while the runtime keeps Python waiting."""

_OVERTIME = "Timeout ("
_NO_MEMORY = ("MemoryError", "bad_alloc")
"""With these the process says, on its standard error, why it ends."""

_MOST_SAID = 4096

_EXIT_S = 10.0
"""A process that no longer answers is about to end; after so long it is ended."""


class ModelProcess:
    """A model process infers with one model; it ends when nobody refers to it any more."""

    __slots__ = (
        "__weakref__", "_kind", "_limits", "_process", "_said", "_scores", "_where", "runtime_name"
    )  # fmt: skip

    runtime_name: str
    """Distribution and version of the runtime that it uses."""

    def __init__(
        self,
        model: bytes,
        task: Task,
        where: str,
        limits: ModelLimits | None = None,
        kind: EngineKind = EngineKind.LITERT,
    ) -> None:
        """Starts it; ModelError, with the name ``where``, if the model does not load and infer."""
        self._where = where
        self._limits = limits or ModelLimits()
        self._kind = kind
        self._scores = struct.Struct(f"<{task.score_count}d")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is needed until the end
        try:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-P", "-c", _BEGIN.format(module=__name__),
                    json.dumps([sys.path, self._limits.step_s]),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # each has memory of its own
                # A Ctrl-C is for the program, which ends in order and this process with it.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )  # fmt: skip
        except OSError as error:
            self._said.close()
            raise ModelError(f"cannot start a process to run {where} in: {error}") from error
        with ExitStack() as unless_it_runs:
            unless_it_runs.callback(weakref.finalize(self, _end, self._process, self._said))
            self.runtime_name = self._begin(pickle.dumps((model, task, where, self._limits, kind)))
            unless_it_runs.pop_all()

    def _begin(self, what: bytes) -> str:
        try:
            self._write(what)
            began = _Began(self._read(1))
            text = self._read(*_SIZE.unpack(self._read(_SIZE.size))).decode("utf-8", "replace")
        except ModelFailed as error:
            raise ModelError(
                f"{error}, when it was loaded and tried; the file may be damaged, or there is a "
                "fault in the TFLite runtime: convert or fetch the model anew"
            ) from error
        match began:
            case _Began.RUNS:
                return text
            case _Began.REFUSED:
                raise ModelError(f"{text}{self._reasons()}")
            case _Began.NO_RUNTIME:
                raise EngineUnavailable(text)

    def infer(self, data: Data) -> tuple[float, ...]:
        """Returns the scores of one input, of the task's size; ModelFailed if there are none."""
        self._write(data)
        return self._scores.unpack(self._read(self._scores.size))

    def _write(self, data: Data) -> None:
        stream = _there(self._process.stdin)
        try:
            stream.write(data)
            stream.flush()
        except OSError as error:
            raise self._failed() from error

    def _read(self, size: int) -> bytes:
        data = _there(self._process.stdout).read(size)
        if len(data) < size:
            raise self._failed()
        return data

    def _failed(self) -> ModelFailed:
        """Returns what ended the process, as an error."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_EXIT_S)
        self._process.kill()
        return ModelFailed(
            f"{self._where}: the process that runs this model "
            f"{self._how(self._process.wait(), self._lines_said())}"
        )

    def _lines_said(self) -> list[str]:
        """Returns the last lines that the process wrote to its standard error."""
        self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - _MOST_SAID))
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        return [line.strip() for line in lines if line.strip()]

    def _reasons(self) -> str:
        """Returns why a model is refused, where the engine tells it on standard error alone."""
        said = self._lines_said() if self._kind is EngineKind.TFLM else []
        return f" ({one_line('; '.join(said))})" if said else ""

    def _how(self, status: int, said: list[str]) -> str:
        if any(line.startswith(_OVERTIME) for line in said):
            return f"was ended after {self._limits.step_s:g} s without an answer"
        if any(word in line for line in said for word in _NO_MEMORY):
            return f"wanted more memory than its {self._limits.memory_bytes / 2**30:g} GiB"
        if status < 0:
            number = -status
            names = {each.value: each.name for each in signal.Signals}
            return f"crashed (signal {number}, {names.get(number, 'which has no name')})"
        if status >= _WINDOWS_CRASH:
            return f"crashed (exception 0x{status:08X})"
        return f"ended ({one_line(said[-1]) if said else f'exit status {status}'})"


_WINDOWS_CRASH = 0x80000000
"""From here on the exit status of a process is the number of its exception, such as 0xC0000005:
access outside of its memory."""


def _there(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # it was asked for as a pipe
    return stream


def _end(process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
    process.kill()
    with suppress(OSError):  # what was not written yet is wanted by nobody
        _there(process.stdin).close()
    _there(process.stdout).close()
    process.wait()
    said.close()


# --- in the other process ------------------------------------------------------------------------


def serve() -> None:
    """Does what ``ModelProcess`` wants, on standard input and output, until there is no more."""
    import faulthandler

    inputs, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # should the runtime print
    model, task, where, limits, kind = pickle.load(inputs)
    _limit(limits.memory_bytes)
    began, text, engine = _load(model, task, where, kind)
    faulthandler.cancel_dump_traceback_later()
    answers.write(began.value + _SIZE.pack(len(text)) + text)
    answers.flush()
    if engine is None:
        return
    scores = struct.Struct(f"<{task.score_count}d")
    while len(data := inputs.read(task.input_bytes)) == task.input_bytes:
        faulthandler.dump_traceback_later(limits.step_s, exit=True)
        answer = scores.pack(*engine.infer(data))
        faulthandler.cancel_dump_traceback_later()
        answers.write(answer)
        answers.flush()


def _load(
    model: bytes, task: Task, where: str, kind: EngineKind
) -> tuple[_Began, bytes, Engine | None]:
    try:
        Engine.of_bytes(model, task, where, kind).infer(bytes(task.input_bytes))
        engine = Engine.of_bytes(model, task, where, kind)  # anew: a model may keep a state
    except EngineUnavailable as error:
        return _Began.NO_RUNTIME, str(error).encode(), None
    except ModelError as error:
        return _Began.REFUSED, str(error).encode("utf-8", "replace"), None
    return _Began.RUNS, engine.runtime_name.encode(), engine


def _limit(memory_bytes: int) -> None:
    """Bounds the memory, and lets a crash be silent: no file, no window to be clicked away."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)  # SEM_FAILCRITICALERRORS, no GP faults
        return
    import resource

    for limit, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory_bytes)):
        hard = resource.getrlimit(limit)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with suppress(ValueError, OSError):  # macOS has the second by name only
            resource.setrlimit(limit, (wanted, hard))
