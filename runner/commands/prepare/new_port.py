"""Makes a port of the firmware to begin with: the library, a board's files, a task's sizes.

What is written builds as it is. Nothing that is there is ever overwritten.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ....dut_protocol.wire.settings import MAX_INPUT_BYTES
from ....models.suite import STREAMING_TASKS, SWW_INFERENCE, InputFormat, Task
from ...errors import SetupError
from ...journal.session_folder import write_new
from .boards import BOARDS, Board

if TYPE_CHECKING:
    from ....models.export.int8_network import Network

SOURCES = Path(__file__).parents[3] / "dut_protocol" / "firmware"
"""The folder of the library, the kernels and the ports, as they are installed."""

_MODEL_NAME = "network"
SWW_FRAMES = replace(
    SWW_INFERENCE,
    input_format=InputFormat.INT16_LE,
    input_shape=(512,),
    input_bytes=1024,
    file_bytes=1024,
)
"""What a device of sww takes over its UART: a frame of sound, one channel, of which it makes the
features that its model takes. By the reference firmware's `db` and `extract_uart_stream`."""

_STREAM_SOURCE = "model_stream.c"
_NO_MODEL = "model_none.c"
_OF_GENERIC = ("board.h", "model.h", "port.c")
"""What the bare ports have from the one to be filled in."""
_ROOMY_BYTES = 1 << 20
"""A memory from which the reference firmware's buffer is taken, whatever the task."""
_TASK_HEADER = Path("task.h")
"""Written for each port; the generic port's in the repository is that of kws."""


def new_port(folder: Path, task: Task, board: Board, model: Path | None) -> list[Path]:
    """Write a port of the firmware for ``task`` into ``folder``; return the files, in order.

    ``model`` is the .tflite that it runs by our kernels; without one a board speaks the protocol
    alone, and a template is to be filled in. SetupError where the folder holds something, where
    the model is another task's or too large for the board, or where it cannot be exported.
    """
    _need_empty(folder, "a new port")
    files = _library_files("src", Path("library"))
    if board.runs_model:
        files |= _bare_files(task, board, model)
    else:
        files |= {Path(path.name): _relocated(path) for path in _port_files("generic")}
        if _streams(task):
            files |= {Path(path.name): _text(path) for path in _port_files("generic/stream")}
        if model is not None:
            files |= _generic_model(task, board, model)
    if _streams(task):
        files |= _library_files("streaming", Path("streaming"))
    files[_TASK_HEADER] = _task_header(task, board)
    files[Path("GUIDE.md")] = _text(SOURCES / "GUIDE.md")
    with _whole_or_nothing(folder):
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            write_new(target, text)
    return [folder / path for path in sorted(files)]


def copy_library(folder: Path) -> list[Path]:
    """Copy the library, its ports and the packages for vendors' kits; return the files, in order.

    SetupError where ``folder`` holds something.
    """
    _need_empty(folder, "the library")
    copied = []
    with _whole_or_nothing(folder):
        for path in sorted(path for path in SOURCES.rglob("*") if path.is_file()):
            target = folder / path.relative_to(SOURCES)
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                target.write_bytes(path.read_bytes())
            except OSError as error:
                error.filename = str(target)  # a full disk is told without
                raise
            copied.append(target)
    return copied


@contextmanager
def _whole_or_nothing(folder: Path) -> Iterator[None]:
    """Remove what was written into an empty folder where not all could be.

    What is left would be in the way of the next try, which wants the folder empty.
    """
    was_there = folder.exists()
    try:
        yield
    except BaseException:
        if was_there:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        else:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _need_empty(folder: Path, what: str) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SetupError(
            f"{what} goes into an empty folder, and {folder} is there already: name another"
        )


def _port_files(name: str) -> list[Path]:
    return _files(SOURCES / "ports" / name)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file())


def _library_files(name: str, target: Path) -> dict[Path, str]:
    """List what is compiled, and CMake's description of it.

    The README is left out: it speaks of the repository.
    """
    return {
        target / path.name: _text(path)
        for path in _files(SOURCES / name)
        if path.suffix in (".c", ".h") or path.name == "CMakeLists.txt"
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _relocated(path: Path) -> str:
    """Return a file's text with the library beside it, which a Makefile has above it."""
    text = _text(path)
    return text.replace("../../src", "library") if path.name == "Makefile" else text


def _task_header(task: Task, board: Board) -> str:
    capacity = _capacity(task, board)
    unsigned = int(task.input_format is InputFormat.UINT8)
    floats = int(task.input_format is InputFormat.FLOAT32_LE)
    return f"""\
/* The task of this port: {task.key}. Made by `tinyrunner firmware new`. */
#ifndef TASK_H
#define TASK_H

/* What `name` answers: m-name-dut-[...]. Give your board's. */
#define TASK_VENDOR "{board.vendor}"

/* What `profile` answers; a host knows the task by it. */
#define TASK_MODEL_ID "{task.model_id}"

/* An input as the host sends it: {_shape(task)} of {task.input_format.value}. */
#define TASK_INPUT_BYTES {task.input_bytes}
#define TASK_INPUT_IS_UINT8 {unsigned}
#define TASK_INPUT_IS_FLOAT {floats}
{_STREAM_MACRO if _streams(task) else ""}\

/* The most bytes that a `db load` may announce. */
#define TASK_INPUT_CAPACITY {capacity}

/* {_what_scores_are(task)} */
#define TASK_SCORES {task.score_count}

#endif
"""


def _capacity(task: Task, board: Board) -> int:
    return max(MAX_INPUT_BYTES if board.ram_bytes >= _ROOMY_BYTES else 0, task.input_bytes)


_STREAM_MACRO = """
/* The device listens: `start`, frame after frame, `stop`. */
#define TASK_IS_STREAM 1
"""


def _streams(task: Task) -> bool:
    return task.key in STREAMING_TASKS


def _shape(task: Task) -> str:
    return " x ".join(map(str, task.input_shape))


def _what_scores_are(task: Task) -> str:
    if task.reconstructs_input:
        return "One score: the mean squared error of what the model makes of its input."
    return "A score per class, in the order of the task's label list."


# --- a board that runs a model -------------------------------------------------------------------


def _bare_files(task: Task, board: Board, model: Path | None) -> dict[Path, str]:
    if model is None and _streams(task):
        raise SetupError(f"{task.key} has commands of its model's: without one use --board generic")
    source = _NO_MODEL if model is None else _model_source(task, board)
    files = {path: _text(SOURCES / "ports" / "generic" / path) for path in map(Path, _OF_GENERIC)}
    for folder in board.folders:
        files |= {
            Path(path.name): _text(path)
            for path in _port_files(folder)
            if not path.name.startswith("model_") or path.name == source
        }
    sources = [source]
    if model is not None:
        files |= _inference_files(task, board, model)
        sources.append(f"{_MODEL_NAME}_model.c")
    files[Path("task.mk")] = f"TASK = {task.key}\nMODEL_SOURCES = {' '.join(sources)}\n"
    return files


def _generic_model(task: Task, board: Board, model: Path) -> dict[Path, str]:
    """Make what stands in the place of the template's model.c, and what that needs."""
    if _streams(task):
        raise SetupError(
            f"the template of {task.key} has `run_model()` in model.c to be filled in: no --model; "
            "`tinyrunner firmware export` writes the model as C"
        )
    source = SOURCES / "ports" / "bare" / _model_source(task, board)
    return {Path("model.c"): _text(source)} | _inference_files(task, board, model)


def _inference_files(task: Task, board: Board, model: Path) -> dict[Path, str]:
    return _library_files("kernels", Path("kernels")) | _model_files(task, board, model)


def _model_source(task: Task, board: Board) -> str:
    if task.reconstructs_input:
        return "model_ad.c"
    if _streams(task):
        if not board.streams:
            able = ", ".join(key for key, each in BOARDS.items() if each.streams)
            raise SetupError(
                f"the port of {board.key} has no pins for {task.key}: use --board {able}, or "
                "--board generic to fill in"
            )
        return _STREAM_SOURCE
    if task.input_format in (InputFormat.FLOAT32_LE, InputFormat.INT16_LE):
        what = "floats" if task.input_format is InputFormat.FLOAT32_LE else "16-bit numbers"
        raise SetupError(
            f"{task.model_id} takes {what} and gives classes: no port has code for that; use "
            "--board generic without --model"
        )
    return "model_classes.c"


def _model_files(task: Task, board: Board, model: Path) -> dict[Path, str]:
    from ....models.export.export_c import export_model
    from ....models.export.int8_network import ExportError

    with tempfile.TemporaryDirectory() as folder:
        try:
            exported = export_model(model, Path(folder), _MODEL_NAME)
        except ExportError as error:
            raise SetupError(str(error)) from error
        inputs = task.input_bytes // task.input_format.item_bytes
        if _streams(task):
            inputs = SWW_INFERENCE.input_bytes
        outputs = inputs if task.reconstructs_input else task.score_count
        network = exported.network
        if (network.input.count, network.output.count) != (inputs, outputs):
            raise SetupError(
                f"{model} is no model for {task.key}: it takes {network.input.count} numbers and "
                f"gives {network.output.count}; {task.key} takes {inputs} and gives {outputs}"
            )
        if board.runs_model:
            _must_fit(task, board, model, network)
        return {Path(path.name): _text(path) for path in (exported.header, exported.source)}


def _must_fit(task: Task, board: Board, model: Path, network: Network) -> None:
    from ....models.export.footprint import footprint_of

    footprint = footprint_of(network)
    window = 4 * footprint.input_bytes if task.reconstructs_input else 0
    ram = footprint.arena_bytes + footprint.input_bytes + footprint.output_bytes + window
    ram += _capacity(task, board)
    for what, needed, there in (
        ("RAM", ram + board.own_ram_bytes, board.ram_bytes),
        ("flash", footprint.flash_bytes, board.flash_bytes),
    ):
        if needed > there:
            raise SetupError(
                f"{model.name} does not fit the {board.chip}: with the library it takes "
                f"{needed:,} bytes of {what}, and the chip has {there:,}. Use a smaller model, a "
                "larger board (`tinyrunner firmware boards`), or --model none for the protocol "
                "without a model"
            )
