"""A log as a simulated device: ``tinyrunner simulate dut --replay LOG``, ``sim:?replay=LOG``.

From a session's log, published or ours, come the board's name (behind the simulator's own), profile
and model id, its scores as it printed them, its chatter before the first load, where its counter
stood, and its pace: the median of what one inference took by the device's own stamps, less the
printing of the first stamp at the replay's baud rate. The log names its inputs' files; what they
hold is known from the data sets, and without them the answers come in the log's order. A wire log
tells all that and its inputs.

Not reproduced: the time between commands, errors, reboots and later chatter, the pace of single
inferences, line ends, a counter that wraps elsewhere than at 2^32. EEMBC's logs seldom tell the
name. An MLCommons log does not hold what the board printed: its scores have three decimals again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ....datasets.demo.demo_dataset import default_root, materialise
from ....datasets.errors import DatasetError
from ....datasets.inputs import dataset_folder
from ....dut_protocol.link.wire_log_reader import is_wire_log
from ....dut_protocol.simulated.device import FIRMWARE_PROFILE, DeviceSettings
from ....dut_protocol.simulated.replay import BoardText, ReplayedDut, ReplayedModel, content_key
from ....dut_protocol.wire.messages import LapTime
from ....dut_protocol.wire.simulation import REPLAY_NOTE, replayed_name
from ....models.suite import Task
from ...errors import SetupError
from ...score.median import median_of
from .board_in_log import LoggedBoard, LoggedWindow, read_board
from .board_in_wire_log import read_wire_board

UNNAMED = "unnamed-board"
"""The replayed board's name where the log does not tell it."""


@dataclass(frozen=True, slots=True)
class Replay:
    """Is a log, ready to be replayed."""

    path: Path
    board: LoggedBoard
    by_content: dict[bytes, list[int]] | None
    """Places in the board's answers by content; None: in order."""

    @classmethod
    def open(cls, path: Path, datasets: Path | str | None) -> Replay:
        """Read a log. ``datasets`` is where its inputs are (`demo`: the generated ones).

        SetupError says why it cannot be replayed.
        """
        try:
            board = read_wire_board(path) if is_wire_log(path) else read_board(path)
        except OSError as error:
            raise SetupError(f"cannot replay {path}: {error.strerror or error}") from error
        if board.keys:
            return cls(path, board, _grouped(board.keys))
        if datasets is None:
            return cls(path, board, None)
        root = datasets if isinstance(datasets, Path) else materialise(board.task, default_root())
        return cls(path, board, _grouped(_keys(path, board, root)))

    def pace_s(self, byte_time_s: float) -> float | None:
        """Return the median of one inference, by the log's windows; None where it has none."""
        return median_of([_pace_s(window, byte_time_s) for window in self.board.windows])

    def device(self, baud_rate: int, inference_time_s: float | None) -> ReplayedDut:
        """Make the device, not yet booted; ``inference_time_s`` where it is not the log's."""
        board = self.board
        settings = DeviceSettings(baud_rate=baud_rate)
        pace_s = self.pace_s(settings.byte_time_s) if inference_time_s is None else inference_time_s
        stamps = [window.start_us for window in board.windows if window.start_us is not None]
        settings = DeviceSettings(
            baud_rate=baud_rate,
            inference_time_s=settings.inference_time_s if pace_s is None else pace_s,
            vendor=replayed_name(board.vendor or UNNAMED),
            # Of the log's name only what every runner can read, MLCommons' taking UTF-8 alone.
            note=f"{REPLAY_NOTE} {ascii(self.path.name)[1:-1]}",
            mode=board.mode,
            counter_start_us=stamps[0] if stamps else 0,
        )
        task = board.task
        model = ReplayedModel(
            task.model_id, task.input_bytes, task.score_count, board.answers, self.by_content
        )
        text = BoardText(board.profile or FIRMWARE_PROFILE, tuple(board.chatter))
        return ReplayedDut(model, settings, text)

    @property
    def description(self) -> str:
        """Say what is replayed and how, for a person."""
        board = self.board
        how = "in the log's order" if self.by_content is None else "by their inputs' content"
        notes = "".join(f"; {note}" for note in board.notes)
        if not board.windows:
            notes += "; the log does not tell how long an inference took (--inference-ms does)"
        return f"{len(board.answers)} answers of {board.vendor or UNNAMED}, {how}{notes}"


def _pace_s(window: LoggedWindow, byte_time_s: float) -> float:
    """Return one inference's time. The device's window begins with printing its first stamp."""
    printing_s = 0.0
    if window.start_us is not None:
        printing_s = (len(LapTime(window.start_us).encode()) + 2) * byte_time_s
    return max(0.0, window.elapsed_s - printing_s) / window.iterations


def _grouped(keys: list[bytes]) -> dict[bytes, list[int]]:
    places: dict[bytes, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(key, []).append(place)
    return places


def _keys(path: Path, board: LoggedBoard, root: Path) -> list[bytes]:
    """Return the content of each answer's input, out of the data set of the log's files."""
    try:
        folder = dataset_folder(root, board.task)
    except DatasetError as error:
        raise SetupError(f"cannot replay {path} by its inputs: {error}") from error
    return list(_read_keys(path, board, board.task, folder))


def _read_keys(path: Path, board: LoggedBoard, task: Task, folder: Path) -> Iterator[bytes]:
    name, data = "", b""
    for file, offset in board.inputs:
        if file != name:
            try:
                name, data = file, (folder / file).read_bytes()
            except (OSError, ValueError) as error:
                raise SetupError(
                    f"cannot replay {path} by its inputs: {folder / file}: {error}; without "
                    "--datasets the answers come in the log's order"
                ) from error
        window = data[offset : offset + task.input_bytes]
        if len(window) != task.input_bytes:
            raise SetupError(
                f"cannot replay {path} by its inputs: {folder / file} has {len(data)} bytes, no "
                f"{task.input_bytes} at {offset}"
            )
        yield content_key(window)
