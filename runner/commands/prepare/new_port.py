"""Makes a port of the firmware to begin with: the library, a board's files, a task's sizes.

What is written builds as it is. Nothing that is there is ever overwritten.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ....dut_protocol.wire.settings import MAX_INPUT_BYTES
from ....models.suite import STREAMING_TASKS, InputFormat, Metric, StreamingTask, Task
from ...errors import SetupError
from ...journal.session_folder import write_new

SOURCES = Path(__file__).parents[3] / "dut_protocol" / "firmware"
"""The folder of the library, the kernels and the ports, as they are installed."""

_MODEL_NAME = "network"
_STREAM_INPUTS = 30 * 40
"""Features of the newest frames: what the model of a streaming task takes (TR_STREAM_INPUTS)."""
_STREAM_SOURCE = Path("model_stream.c")
"""Includes what is in the port of a streaming task only."""
_TASK_HEADER = Path("task.h")
"""Written for each port; the generic port's in the repository is that of kws."""


@dataclass(frozen=True, slots=True)
class Board:
    """Is a kind of port that can be begun with."""

    key: str
    folder: str
    """The name of the folder of its files, in ports/."""
    vendor: str
    """The vendor's name that it says to `name`, until somebody changes it."""
    runs_model: bool
    """Whether it brings its own inference: the kernels, and a model exported as C."""


BOARDS: dict[str, Board] = {
    board.key: board
    for board in (
        Board("generic", "generic", "my-board", runs_model=False),
        Board("qemu-mps2", "qemu_mps2", "qemu-mps2-an386", runs_model=True),
    )
}


def task_of_frames(task: StreamingTask) -> Task:
    """Return what a device of a streaming task takes over its UART: frames of sound, one channel.

    By the reference firmware's `db` and `extract_uart_stream` (mlcommons/tiny, sww_ref_util.c).
    """
    samples = round(task.frame_s * 16_000)
    return Task(
        key=task.key,
        title=task.title,
        model_id=task.model_id,
        input_format=InputFormat.INT16_LE,
        input_shape=(samples,),
        input_bytes=2 * samples,
        score_count=3,
        class_count=3,
        class_names=("wake word", "silence", "other"),
        metric=Metric.TOP1,
        target=None,
        file_bytes=2 * samples,
    )


def new_port(folder: Path, task: Task, board: Board, model: Path | None) -> list[Path]:
    """Write a port of the firmware for ``task`` into ``folder``; return the files, in order.

    ``model`` is the .tflite that the board runs, where it brings its own inference. SetupError
    where the folder holds something, where the model does not fit, or where it cannot be exported.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise SetupError(
            f"a new port goes into an empty folder, and {folder} is there already: name another"
        )
    files = _library_files("src", Path("library")) | {
        Path(path.name): _relocated(path) for path in _files(SOURCES / "ports" / board.folder)
    }
    files[_TASK_HEADER] = _task_header(task, board)
    if not _streams(task):
        files.pop(_STREAM_SOURCE, None)
    else:
        files |= _library_files("streaming", Path("streaming"))
        if not board.runs_model:
            template = SOURCES / "ports" / board.folder / "stream"
            files |= {Path(path.name): _text(path) for path in _files(template)}
    if board.runs_model:
        if model is None:
            raise SetupError(f"the board {board.key} runs a model: name a .tflite file (--model)")
        files |= _library_files("kernels", Path("kernels"))
        files[Path("task.mk")] = f"MODEL_SOURCE = {_model_source(task)}\n"
        files |= _model_files(task, model)
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write_new(target, text)
    return [folder / path for path in sorted(files)]


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
    if path.name == "Makefile":
        text = text.replace("../../src", "library")
        text = re.sub(r"\.\./\.\./(kernels|streaming)", r"\1", text)
    return text


def _task_header(task: Task, board: Board) -> str:
    # The emulated board has the memory for the reference firmware's buffer, whatever the task.
    capacity = max(MAX_INPUT_BYTES, task.input_bytes) if board.runs_model else task.input_bytes
    unsigned = int(task.input_format is InputFormat.UINT8)
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
{_STREAM_MACRO if _streams(task) else ""}\

/* The most bytes that a `db load` may announce. */
#define TASK_INPUT_CAPACITY {capacity}

/* {_what_scores_are(task)} */
#define TASK_SCORES {task.score_count}

#endif
"""


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


def _model_source(task: Task) -> str:
    if task.reconstructs_input:
        return "model_ad.c"
    if _streams(task):
        return _STREAM_SOURCE.name
    if task.input_format in (InputFormat.FLOAT32_LE, InputFormat.INT16_LE):
        what = "floats" if task.input_format is InputFormat.FLOAT32_LE else "16-bit numbers"
        raise SetupError(
            f"{task.model_id} takes {what} and gives classes: the emulated board has no code for "
            "that; use --board generic"
        )
    return "model_classes.c"


def _model_files(task: Task, model: Path) -> dict[Path, str]:
    from ....models.export.export_c import export_model
    from ....models.export.int8_network import ExportError

    with tempfile.TemporaryDirectory() as folder:
        try:
            exported = export_model(model, Path(folder), _MODEL_NAME)
        except ExportError as error:
            raise SetupError(str(error)) from error
        inputs = task.input_bytes // task.input_format.item_bytes
        if _streams(task):
            inputs = _STREAM_INPUTS
        outputs = inputs if task.reconstructs_input else task.score_count
        network = exported.network
        if (network.input.count, network.output.count) != (inputs, outputs):
            raise SetupError(
                f"{model} is no model for {task.key}: it takes {network.input.count} numbers and "
                f"gives {network.output.count}; {task.key} takes {inputs} and gives {outputs}"
            )
        return {Path(path.name): _text(path) for path in (exported.header, exported.source)}
