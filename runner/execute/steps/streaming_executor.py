"""Executes the script of a streaming task: nothing is done again, for a recording plays once.

What fails behind the recording does not lose it: the board is still asked for what it noted, but
for one that waits for its device, and hears nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from ....datasets.streaming.sound import Recording, hops_of
from ....dut_protocol.errors import DutError, DutFault, DutProtocolError
from ....dut_protocol.host.uart_frames import FRAME_BYTES, FrameFeeder
from ....dut_protocol.wire.commands import Raw
from ....dut_protocol.wire.messages import Chatter, Message, Model
from ....models.suite import StreamingTask
from ...bench.bench import Bench
from ...journal.journal import Journal
from ...script.script import Script, numbered_steps
from ...script.verbs import (
    BoardCommand,
    BoardPlay,
    BoardQuestion,
    DeviceVerb,
    DutCommand,
    Feed,
    format_verb,
    parse_verb,
)
from .board_steps import BoardSteps
from .energy_steps import EnergySteps
from .sequencer import Sequencer

_NOTED = (BoardQuestion.DETECTIONS, BoardQuestion.DUTY_CYCLE)
HOP_SAMPLES = FRAME_BYTES // 2
_FRAMES_TOLD = 32
"""Frames from one telling to the next: a second of sound, which takes some ten over a UART."""
_STREAMING_ALREADY = "Ignoring request"
"""What the reference firmware says to a `start` while it listens."""


class StreamingExecutor(Sequencer):
    """Runs the numbered steps of a streaming task's script."""

    def __init__(
        self,
        bench: Bench,
        journal: Journal,
        task: StreamingTask,
        benchmark_config: Mapping[str, str],
        board: BoardSteps | None,
        energy: EnergySteps | None,
        wav: Path,
        on_time: Callable[[float], None],
    ) -> None:
        """Execute on ``bench``; without ``board`` the sound of ``wav`` is sent to the device.

        ``on_time`` is told how many seconds of it the device has been sent.
        """
        super().__init__(bench, journal, benchmark_config, energy, board)
        self._wav = wav
        self._on_time = on_time
        self._task = task
        self._played = False
        self._asked: list[BoardQuestion] = []

    def run(self, script: Script) -> None:
        """Execute every step; where one fails behind the recording, ask for what was noted."""
        for numbered in numbered_steps(script):
            verb = parse_verb(numbered.step.command)
            # A recording's time-out is the step's; anything else has the protocol's own at least.
            if self.board_steps is not None:
                self.board_steps.play_timeout_s = numbered.step.effective_ms / 1000
            try:
                self.step(numbered)
            except DutFault:
                if self._played and not self._bench.streaming.board.waits_for_device:
                    self._save()
                raise
            self._played = self._played or isinstance(verb, BoardPlay)
            if isinstance(verb, BoardCommand):
                self._asked.append(verb.question)
            self._journal.flush()

    def _save(self) -> None:
        """Ask for the lists that the script has not come to: they need no device."""
        for question in _NOTED:
            if question not in self._asked:
                verb = BoardCommand(question)
                # A note: a `Command` without its step is what a damaged log looks like.
                self._journal.write("parser", f"m-note[asked all the same: {format_verb(verb)}]")
                with suppress(DutError):  # what went wrong before is what is told
                    self.perform(verb)

    def command(self, verb: DeviceVerb) -> None:
        self.finished("dut" if isinstance(verb, DutCommand) else "ib")
        ignored: list[str] = []

        def each(message: Message) -> None:
            if isinstance(message, Chatter) and _STREAMING_ALREADY in message.text:
                ignored.append(message.text)

        dut = self._bench.dut
        if self.board_steps is None:
            reply = dut.ask(Raw(verb.text), self.timeout_s, each)
        else:
            reply = self.board_steps.ask_device(dut, verb.text, self.timeout_s, each)
        if self.energy is not None and verb.text in ("start", "stop"):
            self.energy.mark(self._bench.clock.now_s())
        if ignored and verb.text == "start":
            raise DutProtocolError(
                f"{dut.address}: `start` is answered {ignored[0][:80]!r}: the device listens "
                "already, and its first frame was another; let `stop` end that in the firmware"
            )
        for message in reply:
            if isinstance(message, Model):
                self._check_model(message.model_id)

    def feed(self, _: Feed) -> None:
        """Send the device the sound of the recording, and have the log hold what it made of it."""
        recording = Recording.open(self._wav)
        write = self._journal.write
        write("parser", f"m-feed-file[{self._wav.name}]-length_s[{recording.length_s}]")
        feeder = FrameFeeder(self._bench.dut)
        frames = 0
        for hops in hops_of(recording.pieces(), HOP_SAMPLES):
            for at in range(0, len(hops), HOP_SAMPLES):
                feeder.frame(hops[at : at + HOP_SAMPLES].astype("<i2").tobytes())
                frames += 1
                if frames % _FRAMES_TOLD == 0:
                    self._journal.flush()
                    self._on_time(frames * self._task.frame_s)
        self.finished("feed")

    def _check_model(self, model_id: str) -> None:
        if model_id.lower() not in self._task.model_ids:
            raise DutProtocolError(
                f"{self._bench.dut.address}: the device now says that its model is {model_id}, not "
                f"{self._task.model_id}"
            )
