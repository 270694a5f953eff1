"""The board in a session's log: who it is, what it answered, how fast, what it printed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ....dut_protocol.simulated.replay import LoggedAnswer
from ....dut_protocol.wire.boot_banner import TimestampMode
from ....dut_protocol.wire.messages import Chatter, parse_line
from ....dut_protocol.wire.simulation import NO_BOARD
from ....models.suite import TASKS_BY_MODEL_ID, Task
from ...errors import SetupError
from ...journal.logged_session import LoggedSession, read_log
from ...journal.reader import LogError
from ...journal.records import InferenceRecord
from ...journal.stamps import EEMBC_STAMP
from ...score.lap_time import wrapped_s
from ...terms import Mode

MAX_CHATTER = 50
"""Lines that are kept of what a board prints at boot."""


@dataclass(frozen=True, slots=True)
class LoggedWindow:
    """Says what one `infer` took by the log: seconds, and the device's first stamp if told."""

    elapsed_s: float
    iterations: int
    start_us: int | None = None


@dataclass(slots=True)
class LoggedBoard:
    """Holds a board's answers. One of ``inputs`` and ``keys`` is as long as ``answers``."""

    task: Task
    mode: TimestampMode
    vendor: str | None = None
    profile: str | None = None
    chatter: list[str] = field(default_factory=list)
    answers: list[LoggedAnswer] = field(default_factory=list)
    inputs: list[tuple[str, int]] = field(default_factory=list)
    """Each answer's input: the file's name and the offset in it."""
    keys: list[bytes] = field(default_factory=list)
    """Each answer's input by its :func:`~.replay.content_key`, where the log tells it."""
    windows: list[LoggedWindow] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Remarks on what of the log could not be used."""


def read_board(path: Path) -> LoggedBoard:
    """Read the board in an EEMBC or MLCommons log; SetupError says why it cannot be replayed."""
    printed = _Printed()
    try:
        logged = read_log(path, observe=printed.take)
    except LogError as error:
        raise SetupError(f"cannot replay {path}: {error}") from error
    facts = logged.facts
    if facts.streaming is not None:
        raise SetupError(
            f"cannot replay {path}: {facts.streaming.model_id} is the streaming wake word, whose "
            "log does not hold what the board said"
        )
    mode = TimestampMode.ENERGY if facts.mode is Mode.ENERGY else TimestampMode.PERFORMANCE
    board = LoggedBoard(task_of(path, [*facts.model_ids, facts.config.get("model", "")]), mode)
    board.vendor = next(iter(facts.names), None)
    board.profile = next(iter(facts.profiles), None)
    board.chatter = printed.chatter
    _take_records(path, board, logged, printed.results)
    if logged.error is not None:
        board.notes.append(f"only the first {len(board.answers)} inferences: {logged.error}")
    return board


def _take_records(
    path: Path, board: LoggedBoard, logged: LoggedSession, printed: dict[int, str]
) -> None:
    for record in logged.records:
        if record.unreadable:
            board.notes.append(
                f"only the first {len(board.answers)} inferences: line {record.line}: "
                f"{record.unreadable}"
            )
            break
        check_scores(path, board.task, record.scores, f"line {record.line}")
        board.answers.append(LoggedAnswer(record.scores, printed.get(record.line)))
        board.inputs.append((record.file, record.offset))
        window = _window(record)
        if window is not None:
            board.windows.append(window)
    if not board.answers:
        why = "" if logged.error is None else f" ({logged.error})"
        raise SetupError(f"cannot replay {path}: it holds no answered inference{why}")


def _window(record: InferenceRecord) -> LoggedWindow | None:
    start_us, end_us = record.start_us, record.end_us
    if start_us is not None and end_us is not None:
        return LoggedWindow(wrapped_s(start_us, end_us), record.iterations, start_us)
    if record.printed_runtime_s:
        return LoggedWindow(record.printed_runtime_s, record.iterations)
    return None


def task_of(path: Path, model_ids: list[str]) -> Task:
    """Return the task by the first known model id; SetupError where none is."""
    for model_id in model_ids:
        if model_id in TASKS_BY_MODEL_ID:
            return TASKS_BY_MODEL_ID[model_id]
    has = ", ".join(filter(None, model_ids)) or "none"
    raise SetupError(
        f"cannot replay {path}: it names no model that is known here (it has {has}; known are "
        f"{', '.join(TASKS_BY_MODEL_ID)})"
    )


def check_scores(path: Path, task: Task, scores: tuple[float, ...], where: str) -> None:
    """Refuse (SetupError) an inference that has not as many scores as its model gives."""
    if len(scores) != task.score_count:
        raise SetupError(
            f"cannot replay {path}, {where}: {len(scores)} scores, {task.model_id} gives "
            f"{task.score_count}"
        )


_RESULTS = re.compile(rb"m-results-\[([ -Z^-~]*)\]")
_DEVICE_LINE = re.compile(rb"^" + EEMBC_STAMP + rb" (?:dut: |io: \[dut\]: )(.*)$", re.M)
_FIRST_INPUT = re.compile(rb"Command \"(?:bload|(?:io )?dut infer)")


class _Printed:
    """Sees a log pass by, and keeps what the board printed as it stands there."""

    def __init__(self) -> None:
        self.results: dict[int, str] = {}
        """The text between the brackets of each `m-results-[…]`, by the line's number."""
        self.chatter: list[str] = []
        self._booting = True

    def take(self, block: bytes, lines_before: int) -> None:
        number, position = lines_before + 1, 0
        for match in _RESULTS.finditer(block):
            number += block.count(b"\n", position, match.start())
            position = match.start()
            self.results.setdefault(number, match[1].decode("ascii"))
        if self._booting:
            first = _FIRST_INPUT.search(block)
            self._booting = first is None
            for match in _DEVICE_LINE.finditer(block, 0, first.start() if first else len(block)):
                keep_chatter(self.chatter, match[1])


def keep_chatter(kept: list[str], line: bytes) -> None:
    """Keep the chatter of a line of the device; not that it is simulated, which is said anew."""
    for message in parse_line(line):
        if isinstance(message, Chatter) and len(kept) < MAX_CHATTER:
            text = message.text
            if not text.startswith(NO_BOARD):
                kept.append(text)
