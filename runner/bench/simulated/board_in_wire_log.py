"""The board in a wire log: what it was sent, byte by byte, and what it answered."""

from __future__ import annotations

from pathlib import Path

from ....dut_protocol.errors import DutProtocolError
from ....dut_protocol.link.wire_log import IO_MANAGER, MONITOR, WireLogBeginning, WireLogError
from ....dut_protocol.link.wire_log_reader import (
    Direction,
    LayerName,
    NamedWire,
    WireLogReader,
)
from ....dut_protocol.simulated.replay import LoggedAnswer, content_key
from ....dut_protocol.wire.boot_banner import BootMode, TimestampMode
from ....dut_protocol.wire.commands import DbData, DbLoad, Infer, parse_command
from ....dut_protocol.wire.framing import CommandReader, LineReader
from ....dut_protocol.wire.messages import (
    DeviceError,
    InferDone,
    InferStart,
    InputSize,
    LapTime,
    Message,
    Model,
    Name,
    Profile,
    Ready,
    Results,
    parse_line,
)
from ....models.suite import TASKS
from ...errors import SetupError
from ...score.lap_time import wrapped_s
from .board_in_log import LoggedBoard, LoggedWindow, check_scores, keep_chatter, task_of

_LONGEST_COMMAND = 1 << 16
"""The longest command that is read. Commands are not cut as a device cuts them: what was sent is
what counts."""

_PASSED_THROUGH = "m-dut-passthrough("


def read_wire_board(path: Path) -> LoggedBoard:
    """Read the board in a wire log; SetupError says why it cannot be replayed."""
    conversation = _Conversation(path)
    reader = WireLogReader(path)
    try:
        for event in reader:
            if isinstance(event, WireLogBeginning):
                conversation.begin()
            elif isinstance(event, NamedWire | LayerName) or event.wire == MONITOR:
                pass
            elif event.wire == IO_MANAGER:
                raise _of_io_manager(path)
            elif event.direction is Direction.TO_DEVICE:
                conversation.sent(event.data)
            else:
                conversation.came(event.data)
    except (WireLogError, DutProtocolError) as error:
        raise SetupError(f"cannot replay {path}: {error}") from error
    board = conversation.board
    board.task = task_of(path, conversation.model_ids)
    if not board.answers:
        raise SetupError(f"cannot replay {path}: it holds no answered inference")
    for number, answer in enumerate(board.answers, 1):
        check_scores(path, board.task, answer.scores, f"inference {number}")
    if reader.cut_lines:
        board.notes.append(f"{reader.cut_lines} cut lines left out")
    return board


def _of_io_manager(path: Path) -> SetupError:
    return SetupError(
        f"cannot replay {path}: it is of the wire to an IO manager; replay the session's log.txt "
        "instead, and the monitor with `tinyrunner simulate monitor --replay`"
    )


class _Conversation:
    """Follows both directions, as far as inferences and who answers them are concerned."""

    def __init__(self, path: Path) -> None:
        self.board = LoggedBoard(TASKS["kws"], TimestampMode.PERFORMANCE)  # until it is known
        self.model_ids: list[str] = []
        self._path = path
        self.begin()

    def begin(self) -> None:
        """Begin anew: the port was opened."""
        self._commands = CommandReader(_LONGEST_COMMAND)
        self._lines = LineReader()
        self._buffer = bytearray()
        self._expected = 0
        self._key: bytes | None = None
        self._iterations: int | None = None
        self._laps: list[int] = []
        self._started = False
        self._results: LoggedAnswer | None = None

    def sent(self, data: bytes) -> None:
        for _, text in self._commands.feed(data):
            match parse_command(text.decode("latin-1")):
                case DbLoad(byte_count):
                    self._buffer.clear()
                    self._expected = byte_count
                case DbData(block, None):
                    self._buffer += block
                case Infer(iterations, _):
                    whole = len(self._buffer) == self._expected
                    self._key = content_key(bytes(self._buffer)) if whole else None
                    self._iterations, self._results = iterations, None
                    self._started = False
                    self._laps.clear()

    def came(self, data: bytes) -> None:
        for line in self._lines.feed(data):
            for message in parse_line(line):
                self._take(message)
            if not self._buffer:
                keep_chatter(self.board.chatter, line)
            if line.startswith((b"[dut]: ", _PASSED_THROUGH.encode())):
                raise _of_io_manager(self._path)

    def _take(self, message: Message) -> None:
        board = self.board
        match message:
            case Name(vendor):
                board.vendor = board.vendor or vendor
            case Profile(text):
                board.profile = board.profile or text
            case Model(model_id):
                if model_id not in self.model_ids:
                    self.model_ids.append(model_id)
            case BootMode(mode):
                board.mode = mode
            case InferStart():
                self._started = True
            case LapTime(us):
                if self._started:
                    self._laps.append(us)
            case InferDone():
                self._started = False
            case Results(scores):
                text = message.encode().removeprefix("m-results-[").removesuffix("]")
                self._results = LoggedAnswer(scores, text)
            case InputSize(fits=True):
                pass
            case InputSize() | DeviceError():
                self._iterations = None
            case Ready():
                self._inferred()

    def _inferred(self) -> None:
        """Take the end of a reply to an `infer`, if it was one."""
        if self._iterations is not None and self._results is not None and self._key is not None:
            self.board.answers.append(self._results)
            self.board.keys.append(self._key)
            if len(self._laps) == 2:
                start_us, end_us = self._laps
                elapsed_s = wrapped_s(start_us, end_us)
                self.board.windows.append(LoggedWindow(elapsed_s, self._iterations, start_us))
            self._iterations = None
