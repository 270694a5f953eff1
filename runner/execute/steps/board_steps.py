"""Executes the steps of a script that concern the interface board.

What it says goes into the journal as it comes, ``ib: succeeded.``, and with a recording its name
and length, which the board does not tell::

    00012.345 parser: m-play-file[long_wav.wav]-length_s[1200.0]
"""

from __future__ import annotations

from collections.abc import Callable

from ....dut_protocol.errors import DutTimeout
from ....dut_protocol.host.dut import Dut
from ....dut_protocol.host.interface_board import InterfaceBoard
from ....dut_protocol.wire.commands import Raw
from ....dut_protocol.wire.messages import Message
from ...errors import SetupError
from ...journal.journal import LogWriter
from ...script.verbs import BoardBaudRate, BoardCommand, BoardPlay, BoardQuestion, Performer

LONGEST_PLAY_S = 3600.0
"""The longest recording that is waited for where nobody says how long it is."""


class BoardSteps(Performer):
    """Executes these verbs on an interface board."""

    def __init__(
        self,
        board: InterfaceBoard,
        journal: LogWriter,
        *,
        wav_file: str | None = None,
        length_s: float | None = None,
        on_time: Callable[[float], None] = lambda _: None,
    ) -> None:
        """Execute on ``board``, and refuse any recording but ``wav_file`` where that is given.

        ``on_time`` is told while it plays since how many seconds it does.
        """
        self._board = board
        self._journal = journal
        self._wav_file = wav_file
        self._length_s = length_s
        self._on_time = on_time
        self.play_timeout_s = LONGEST_PLAY_S
        self.name = ""
        """The board's name, once it was asked for."""

    def board(self, verb: BoardCommand | BoardBaudRate | BoardPlay) -> None:
        self._journal.write("parser", "m-ready-finished[ib]")
        match verb:
            case BoardBaudRate(baud_rate):
                self._board.set_baud_rate(baud_rate)
            case BoardPlay(file):
                self._play(file)
            case BoardCommand(question):
                self._ask(question)

    def _ask(self, question: BoardQuestion) -> None:
        board = self._board
        match question:
            case BoardQuestion.NAME:
                self.name = board.identify()
            case BoardQuestion.FILES:
                self._look_for(board.files(), self._wav_file)
            case BoardQuestion.BAUD_RATE:
                board.baud_rate()
            case BoardQuestion.RECORD:
                board.record_detections()
            case BoardQuestion.DETECTIONS:
                board.detections()
            case BoardQuestion.DUTY_CYCLE:
                board.edges()

    def _look_for(self, files: tuple[str, ...], wanted: str | None) -> None:
        if wanted is None or wanted.lower() in (file.lower() for file in files):  # FAT has no case
            return
        shown = ", ".join(files[:10]) or "nothing"
        raise SetupError(
            f"{self._board.address}: {wanted} is not on the board's card, which holds {shown}; "
            "copy the recording there, under just that name, and insert the card again"
        )

    def _play(self, file: str) -> None:
        if self._wav_file is None:
            self._look_for(self._board.files(), file)
        told = "" if self._length_s is None else f"-length_s[{self._length_s}]"
        self._journal.write("parser", f"m-play-file[{file}]{told}")
        self._journal.flush()
        self._board.play(file, self.play_timeout_s, self._on_time)

    def ask_device(
        self, dut: Dut, text: str, timeout_s: float, each: Callable[[Message], None] | None = None
    ) -> list[Message]:
        """Send the device behind the board a command; where it is silent, say how to go on."""
        try:
            return dut.ask(Raw(text), timeout_s, each)
        except DutTimeout as error:
            advice = self._board.blocked_advice
            if not self._board.waits_for_device or advice in str(error):
                raise
            raise DutTimeout(f"{error}. {advice[:1].upper()}{advice[1:]}") from error
