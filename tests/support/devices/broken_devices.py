"""Simulated devices with one defect each, as firmware ports have them; they speak real bytes.

Each is a subclass of the simulated device that overrides one step of its firmware (the fault hook,
see :class:`SimulatedDut`) and so does one thing wrong, on the wire or in time.
"""

from __future__ import annotations

import itertools
import re

from support.devices.boards import HashModel
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.wire.commands import parse_command
from tinyrunner.dut_protocol.wire.framing import CommandReader
from tinyrunner.dut_protocol.wire.messages import (
    Buffer,
    DeviceError,
    InferStart,
    LapTime,
    LoadDone,
    Message,
    Model,
    Results,
    WarmupDone,
    WarmupStart,
)
from tinyrunner.models.suite import KWS, Task


def device(kind: type[SimulatedDut] = SimulatedDut, task: Task = KWS, **settings) -> SimulatedDut:
    """A device of that kind, with a model that costs nothing."""
    return kind(HashModel(task), DeviceSettings(**settings))


class SlowPath(SimulatedDut):
    """Every block takes the long way, so that what a subclass changes is seen."""

    quick_blocks = False


class Crash(Exception):
    """The firmware's own, caught by :class:`Crashing`."""


# ---- odd, but no defect ----------------------------------------------------------------------


class TrailingComma(SimulatedDut):
    """As the reference vww port."""

    def say(self, message: Message) -> None:
        if isinstance(message, Results):
            message = Results(message.scores, trailing_comma=True)
        super().say(message)


class RowsOf16(SlowPath):
    def print_buffer(self) -> None:
        for start in range(0, len(self.buffer), 16):
            self.say(Buffer(bytes(self.buffer[start : start + 16])))


# ---- the timer -------------------------------------------------------------------------------


class TimerTimes1000(SimulatedDut):
    def counter_us(self) -> int:
        return int(self.now_s * 1e9) % 2**32


class TimerTenth(SimulatedDut):
    def counter_us(self) -> int:
        return int(self.now_s * 1e5)


class TimerInMilliseconds(SimulatedDut):
    def counter_us(self) -> int:
        return int(self.now_s * 1e3)


class TimerFivePercentFast(SimulatedDut):
    def counter_us(self) -> int:
        return int(self.now_s * 1.05e6)


class TimerThreePercentSlow(SimulatedDut):
    """An RC oscillator at its worst."""

    def counter_us(self) -> int:
        return int(self.now_s * 0.97e6)


class TimerOf10Hz(SimulatedDut):
    def counter_us(self) -> int:
        return int(self.now_s * 10) * 100_000


class TimerOf60Hz(SimulatedDut):
    """Its steps are no whole number of microseconds."""

    def counter_us(self) -> int:
        return int(int(self.now_s * 60) * 1e6 / 60)


class TimerBackwards(SimulatedDut):
    def counter_us(self) -> int:
        return 4_000_000_000 - int(self.now_s * 1e6)


class TimerStands(SimulatedDut):
    def counter_us(self) -> int:
        return 1234


# ---- input -----------------------------------------------------------------------------------


class NoInputBuffer(SlowPath):
    """What arrives while it works or prints is lost."""

    def receive(self, data: bytes, start_s: float) -> None:
        for index, byte in enumerate(data):
            begins_s = start_s + index * self.byte_time_s
            if begins_s >= self.now_s:
                super().receive(bytes([byte]), begins_s)


class SmallInputBuffer(SlowPath):
    """A ring buffer of 256 characters; what does not fit is lost.

    Its firmware takes 3 ms for a command, half of what a block takes to arrive at 115200 baud.
    """

    CAPACITY = 256
    BLOCK_TIME_S = 0.012

    def receive(self, data: bytes, start_s: float) -> None:
        self._held: list[float] = getattr(self, "_held", [])
        for index, byte in enumerate(data):
            begins_s = start_s + index * self.byte_time_s
            self._held = [until_s for until_s in self._held if until_s > begins_s]
            if len(self._held) < self.CAPACITY:
                super().receive(bytes([byte]), begins_s)
                self._held.append(max(self.now_s, begins_s))

    def execute(self, command: bytes) -> None:
        self.now_s += self.BLOCK_TIME_S if command.startswith(b"db ") else 0.0
        super().execute(command)


class CommandBuffer64(SlowPath):
    def forget(self) -> None:
        super().forget()
        self.reader = CommandReader(64)


class UpperCaseHexRefused(SlowPath):
    def execute(self, command: bytes) -> None:
        if wrong := re.fullmatch(rb"db [0-9a-f]*?([0-9a-f]?[A-F]).*", command):
            self.say(DeviceError(f"Invalid hex digit '{wrong[1].decode()}'"))
            command = b"db "
        super().execute(command)


# ---- loads -----------------------------------------------------------------------------------


class NoLoadDone(SlowPath):
    def say(self, message: Message) -> None:
        if not isinstance(message, LoadDone):
            super().say(message)


class EarlyLoadDone(SlowPath):
    """One byte too early."""

    def store(self, data: bytes, error: str | None) -> None:
        left = self.expected_bytes - len(self.buffer)
        super().store(data, error)
        if left > 1 and left - len(data) == 1:
            self.say(LoadDone())


class NoDbPrint(SlowPath):
    def print_buffer(self) -> None:
        self.say(DeviceError("Invalid hex digit 'pr'"))


class DbPrintOf16(SlowPath):
    """Prints the first 16 bytes, as the help text's default says."""

    def print_buffer(self) -> None:
        whole, expected = self.buffer, self.expected_bytes
        self.buffer, self.expected_bytes = whole[:16], min(16, expected)
        super().print_buffer()
        self.buffer, self.expected_bytes = whole, expected


class WrongDbPrint(SlowPath):
    """Shows everything one byte late."""

    def print_buffer(self) -> None:
        whole = self.buffer
        self.buffer = bytearray(b"\0") + whole[:-1]
        super().print_buffer()
        self.buffer = whole


class SlowAnswers(SlowPath):
    def execute(self, command: bytes) -> None:
        self.now_s += 0.02
        super().execute(command)


class CrashOnOverrun(SlowPath):
    """As the reference firmware: silence, where the bytes are past the end of its buffer."""

    MAX_DB_INPUT_BYTES = 27648

    def store(self, data: bytes, error: str | None) -> None:
        if self.expected_bytes == len(self.buffer) == self.MAX_DB_INPUT_BYTES:
            self.powered = False
        super().store(data, error)

    def print_line(self, text: str) -> None:
        if self.powered:
            super().print_line(text)


# ---- errors ----------------------------------------------------------------------------------


class LowerCaseErrors(SimulatedDut):
    def say(self, message: Message) -> None:
        if isinstance(message, DeviceError):
            message = DeviceError(message.text.lower())
        super().say(message)


class UnknownUnanswered(SlowPath):
    def execute(self, command: bytes) -> None:
        if type(parse_command(command.decode())).__name__ != "Raw":
            super().execute(command)


class StuckAfterError(SlowPath):
    def say(self, message: Message) -> None:
        super().say(message)
        if isinstance(message, DeviceError):
            super().print_line("m-ready")
            self.powered = False

    def print_line(self, text: str) -> None:
        if self.powered:
            super().print_line(text)


class RebootsOnOddHex(SlowPath):
    def store(self, data: bytes, error: str | None) -> None:
        if error is not None and error.startswith("Insufficent"):
            raise Crash
        super().store(data, error)

    def execute(self, command: bytes) -> None:
        try:
            super().execute(command)
        except Crash:
            self.boot(self.now_s)


class DiesOnOddHex(RebootsOnOddHex):
    def execute(self, command: bytes) -> None:
        try:
            SimulatedDut.execute(self, command)
        except Crash:
            self.powered = False


class AcceptsInferOfNothing(SlowPath):
    """`infer 0` is taken for 1."""

    def execute(self, command: bytes) -> None:
        super().execute(command.replace(b"infer 0", b"infer 1 0"))


# ---- inference -------------------------------------------------------------------------------


class WarmupInside(SimulatedDut):
    def measure(self, iterations: int, warmups: int) -> None:
        self.say(WarmupStart(warmups))
        self.say(WarmupDone())
        self.say(InferStart(iterations))
        self.stamp()
        self.scores = self.scores_of(self.tensor)
        self.work(warmups + iterations)
        self.stamp()


class IgnoresN(SimulatedDut):
    """It says N and runs one."""

    def work(self, inferences: int) -> None:
        super().work(min(1, inferences))


class OneInferenceMore(SimulatedDut):
    """`<=` where `<` was meant: of each measurement, one inference too many."""

    def measure(self, iterations: int, warmups: int) -> None:
        self.say(WarmupStart(warmups))
        self.work(warmups)
        self.say(WarmupDone())
        self.say(InferStart(iterations))
        self.stamp()
        self.scores = self.scores_of(self.tensor)
        self.work(iterations + 1)
        self.stamp()


class ForgetsN(SimulatedDut):
    """Runs and says 1, whatever was asked for."""

    def infer(self, iterations: int, warmups: int) -> None:
        super().infer(1, warmups)


class DefaultWarmupOf1(SlowPath):
    def execute(self, command: bytes) -> None:
        words = command.split()
        if words[:1] == [b"infer"] and len(words) < 3:
            command = b"infer " + (words[1] if len(words) > 1 else b"1") + b" 1"
        super().execute(command)


class OneLapTimeOnly(SimulatedDut):
    def measure(self, iterations: int, warmups: int) -> None:
        super().measure(iterations, warmups)
        self.outgoing.pop()


class WrongSizeUnsaid(SimulatedDut):
    def input_mismatch(self) -> None:
        pass


class OneClassTooMany(SimulatedDut):
    def scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return (*super().scores_of(tensor), 0.0)


class NotRepeatable(SimulatedDut):
    """Each inference moves a part of one score to another one."""

    _turns = itertools.count()

    def scores_of(self, tensor: bytes) -> tuple[float, ...]:
        first, second, *rest = super().scores_of(tensor)
        moved = 0.002 * (1 + next(self._turns) % 5)
        return (first + moved, second - moved, *rest)


class RawScores(SimulatedDut):
    """Prints int8 outputs as they are."""

    def scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return tuple(round(256 * score) - 128.0 for score in super().scores_of(tensor))


class NoSoftmax(SimulatedDut):
    def scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return tuple(min(1.0, 5 * score) for score in super().scores_of(tensor))


class ForgetsResults(SlowPath):
    """`results` prints noughts."""

    def execute(self, command: bytes) -> None:
        if command == b"results":
            kept, self.scores = self.scores, (0.0,) * self.model.score_count
            super().execute(command)
            self.scores = kept
        else:
            super().execute(command)


# ---- text ------------------------------------------------------------------------------------


class LfOnly(SlowPath):
    def send(self, data: bytes) -> None:
        super().send(data.replace(b"\r\n", b"\n"))


class UnknownModelId(SimulatedDut):
    def say(self, message: Message) -> None:
        super().say(Model("kws99") if isinstance(message, Model) else message)


class ModelIdOfAnotherTask(SimulatedDut):
    def say(self, message: Message) -> None:
        super().say(Model("ic01") if isinstance(message, Model) else message)


class Chatty(SimulatedDut):
    def work(self, inferences: int) -> None:
        super().work(inferences)
        self.print_line("inference finished")


class NoiseBeforeLines(SimulatedDut):
    """Noise bytes before a line, as published logs hold at boot; here all the time."""

    def send(self, data: bytes) -> None:
        super().send(b"\xff\x80" + data if data.startswith(b"m-name") else data)


class LosesFirstName(SimulatedDut):
    def receive(self, data: bytes, start_s: float) -> None:
        if not getattr(self, "_heard_one", False):
            self._heard_one = True
            return
        super().receive(data, start_s)


class NoInitDone(SimulatedDut):
    def print_line(self, text: str) -> None:
        if text != "m-init-done":
            super().print_line(text)


class PrintsLapsInEnergyMode(SimulatedDut):
    """Built for energy, and the lap times were left in."""

    def stamp(self) -> None:
        super().stamp()
        self.say(LapTime(self.counter_us()))


class PinStaysHigh(SimulatedDut):
    def stamp(self) -> None:
        pass
