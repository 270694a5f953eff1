"""Simulated devices with one defect each, as firmware ports have them; they speak real bytes.

Each is a subclass of the simulated device that does one thing wrong, on the wire or in time.
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
    InferDone,
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

    def _fast_block(self, data: bytes, start_s: float) -> bool:
        return False


class Crash(Exception):
    """The firmware's own, caught by :class:`Crashing`."""


# ---- odd, but no defect ----------------------------------------------------------------------


class TrailingComma(SimulatedDut):
    """As the reference vww port."""

    def _say(self, message: Message) -> None:
        if isinstance(message, Results):
            message = Results(message.scores, trailing_comma=True)
        super()._say(message)


class RowsOf16(SlowPath):
    def _print_buffer(self) -> None:
        for start in range(0, len(self._buffer), 16):
            self._say(Buffer(bytes(self._buffer[start : start + 16])))


# ---- the timer -------------------------------------------------------------------------------


class TimerTimes1000(SimulatedDut):
    def counter_us(self) -> int:
        return int(self._now_s * 1e9) % 2**32


class TimerTenth(SimulatedDut):
    def counter_us(self) -> int:
        return int(self._now_s * 1e5)


class TimerInMilliseconds(SimulatedDut):
    def counter_us(self) -> int:
        return int(self._now_s * 1e3)


class TimerFivePercentFast(SimulatedDut):
    def counter_us(self) -> int:
        return int(self._now_s * 1.05e6)


class TimerThreePercentSlow(SimulatedDut):
    """An RC oscillator at its worst."""

    def counter_us(self) -> int:
        return int(self._now_s * 0.97e6)


class TimerOf10Hz(SimulatedDut):
    def counter_us(self) -> int:
        return int(self._now_s * 10) * 100_000


class TimerOf60Hz(SimulatedDut):
    """Its steps are no whole number of microseconds."""

    def counter_us(self) -> int:
        return int(int(self._now_s * 60) * 1e6 / 60)


class TimerBackwards(SimulatedDut):
    def counter_us(self) -> int:
        return 4_000_000_000 - int(self._now_s * 1e6)


class TimerStands(SimulatedDut):
    def counter_us(self) -> int:
        return 1234


# ---- input -----------------------------------------------------------------------------------


class NoInputBuffer(SlowPath):
    """What arrives while it works or prints is lost."""

    def receive(self, data: bytes, start_s: float) -> None:
        for index, byte in enumerate(data):
            begins_s = start_s + index * self._byte_time_s
            if begins_s >= self._now_s:
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
            begins_s = start_s + index * self._byte_time_s
            self._held = [until_s for until_s in self._held if until_s > begins_s]
            if len(self._held) < self.CAPACITY:
                super().receive(bytes([byte]), begins_s)
                self._held.append(max(self._now_s, begins_s))

    def _execute(self, command: bytes) -> None:
        self._now_s += self.BLOCK_TIME_S if command.startswith(b"db ") else 0.0
        super()._execute(command)


class CommandBuffer64(SlowPath):
    def _reset(self) -> None:
        super()._reset()
        self._commands = CommandReader(64)


class UpperCaseHexRefused(SlowPath):
    def _execute(self, command: bytes) -> None:
        if wrong := re.fullmatch(rb"db [0-9a-f]*?([0-9a-f]?[A-F]).*", command):
            self._say(DeviceError(f"Invalid hex digit '{wrong[1].decode()}'"))
            command = b"db "
        super()._execute(command)


# ---- loads -----------------------------------------------------------------------------------


class NoLoadDone(SlowPath):
    def _say(self, message: Message) -> None:
        if not isinstance(message, LoadDone):
            super()._say(message)


class EarlyLoadDone(SlowPath):
    """One byte too early."""

    def _store(self, data: bytes, error: str | None) -> None:
        left = self._expected - len(self._buffer)
        super()._store(data, error)
        if left > 1 and left - len(data) == 1:
            self._say(LoadDone())


class NoDbPrint(SlowPath):
    def _print_buffer(self) -> None:
        self._say(DeviceError("Invalid hex digit 'pr'"))


class DbPrintOf16(SlowPath):
    """Prints the first 16 bytes, as the help text's default says."""

    def _print_buffer(self) -> None:
        whole, expected = self._buffer, self._expected
        self._buffer, self._expected = whole[:16], min(16, expected)
        super()._print_buffer()
        self._buffer, self._expected = whole, expected


class WrongDbPrint(SlowPath):
    """Shows everything one byte late."""

    def _print_buffer(self) -> None:
        whole = self._buffer
        self._buffer = bytearray(b"\0") + whole[:-1]
        super()._print_buffer()
        self._buffer = whole


class SlowAnswers(SlowPath):
    def _execute(self, command: bytes) -> None:
        self._now_s += 0.02
        super()._execute(command)


class CrashOnOverrun(SlowPath):
    """As the reference firmware: silence."""

    def _store(self, data: bytes, error: str | None) -> None:
        if len(self._buffer) >= self._expected:
            self._powered = False
        super()._store(data, error)

    def _print(self, text: str) -> None:
        if self._powered:
            super()._print(text)


# ---- errors ----------------------------------------------------------------------------------


class LowerCaseErrors(SimulatedDut):
    def _say(self, message: Message) -> None:
        if isinstance(message, DeviceError):
            message = DeviceError(message.text.lower())
        super()._say(message)


class UnknownUnanswered(SlowPath):
    def _execute(self, command: bytes) -> None:
        if type(parse_command(command.decode())).__name__ != "Raw":
            super()._execute(command)


class StuckAfterError(SlowPath):
    def _say(self, message: Message) -> None:
        super()._say(message)
        if isinstance(message, DeviceError):
            super()._print("m-ready")
            self._powered = False

    def _print(self, text: str) -> None:
        if self._powered:
            super()._print(text)


class RebootsOnOddHex(SlowPath):
    def _store(self, data: bytes, error: str | None) -> None:
        if error is not None and error.startswith("Insufficent"):
            raise Crash
        super()._store(data, error)

    def _execute(self, command: bytes) -> None:
        try:
            super()._execute(command)
        except Crash:
            self.boot(self._now_s)


class DiesOnOddHex(RebootsOnOddHex):
    def _execute(self, command: bytes) -> None:
        try:
            SimulatedDut._execute(self, command)
        except Crash:
            self._powered = False


class AcceptsInferOfNothing(SlowPath):
    """`infer 0` is taken for 1."""

    def _execute(self, command: bytes) -> None:
        super()._execute(command.replace(b"infer 0", b"infer 1 0"))


# ---- inference -------------------------------------------------------------------------------


class Inferring(SimulatedDut):
    """The firmware's `infer`, in pieces that a subclass can get wrong."""

    def _infer(self, iterations: int, warmups: int) -> None:
        if len(self._buffer) == self.model.input_bytes:
            self._tensor = bytes(self._buffer)
        else:
            self._wrong_size()
        self._measured(iterations, warmups)
        self._say(InferDone())
        self._scores = self._scores_of(self._tensor)
        self._say(Results(self._scores))

    def _wrong_size(self) -> None:
        line = f"Input db has {len(self._buffer)} elemented, expected {self.model.input_bytes}"
        self._send(line.encode() + b"\n")

    def _measured(self, iterations: int, warmups: int) -> None:
        self._say(WarmupStart(warmups))
        self._work(warmups)
        self._say(WarmupDone())
        self._say(InferStart(iterations))
        self._stamp()
        self._work(iterations)
        self._stamp()

    def _scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return self.model.infer(tensor)


class WarmupInside(Inferring):
    def _measured(self, iterations: int, warmups: int) -> None:
        self._say(WarmupStart(warmups))
        self._say(WarmupDone())
        self._say(InferStart(iterations))
        self._stamp()
        self._work(warmups + iterations)
        self._stamp()


class IgnoresN(Inferring):
    """It says N and runs one."""

    def _work(self, inferences: int) -> None:
        super()._work(min(1, inferences))


class OneInferenceMore(Inferring):
    """`<=` where `<` was meant: of each measurement, one inference too many."""

    def _measured(self, iterations: int, warmups: int) -> None:
        self._say(WarmupStart(warmups))
        self._work(warmups)
        self._say(WarmupDone())
        self._say(InferStart(iterations))
        self._stamp()
        self._work(iterations + 1)
        self._stamp()


class ForgetsN(Inferring):
    """Runs and says 1, whatever was asked for."""

    def _infer(self, iterations: int, warmups: int) -> None:
        super()._infer(1, warmups)


class DefaultWarmupOf1(SlowPath):
    def _execute(self, command: bytes) -> None:
        words = command.split()
        if words[:1] == [b"infer"] and len(words) < 3:
            command = b"infer " + (words[1] if len(words) > 1 else b"1") + b" 1"
        super()._execute(command)


class OneLapTimeOnly(Inferring):
    def _measured(self, iterations: int, warmups: int) -> None:
        super()._measured(iterations, warmups)
        self.outgoing.pop()


class WrongSizeUnsaid(Inferring):
    def _wrong_size(self) -> None:
        pass


class OneClassTooMany(Inferring):
    def _scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return (*super()._scores_of(tensor), 0.0)


class NotRepeatable(Inferring):
    """Each inference moves a part of one score to another one."""

    _turns = itertools.count()

    def _scores_of(self, tensor: bytes) -> tuple[float, ...]:
        first, second, *rest = super()._scores_of(tensor)
        moved = 0.002 * (1 + next(self._turns) % 5)
        return (first + moved, second - moved, *rest)


class RawScores(Inferring):
    """Prints int8 outputs as they are."""

    def _scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return tuple(round(256 * score) - 128.0 for score in super()._scores_of(tensor))


class NoSoftmax(Inferring):
    def _scores_of(self, tensor: bytes) -> tuple[float, ...]:
        return tuple(min(1.0, 5 * score) for score in super()._scores_of(tensor))


class ForgetsResults(SlowPath):
    """`results` prints noughts."""

    def _execute(self, command: bytes) -> None:
        if command == b"results":
            kept, self._scores = self._scores, (0.0,) * self.model.score_count
            super()._execute(command)
            self._scores = kept
        else:
            super()._execute(command)


# ---- text ------------------------------------------------------------------------------------


class LfOnly(SlowPath):
    def _send(self, data: bytes) -> None:
        super()._send(data.replace(b"\r\n", b"\n"))


class UnknownModelId(SimulatedDut):
    def _say(self, message: Message) -> None:
        super()._say(Model("kws99") if isinstance(message, Model) else message)


class ModelIdOfAnotherTask(SimulatedDut):
    def _say(self, message: Message) -> None:
        super()._say(Model("ic01") if isinstance(message, Model) else message)


class Chatty(Inferring):
    def _work(self, inferences: int) -> None:
        super()._work(inferences)
        self._print("inference finished")


class NoiseBeforeLines(SimulatedDut):
    """Noise bytes before a line, as published logs hold at boot; here all the time."""

    def _send(self, data: bytes) -> None:
        super()._send(b"\xff\x80" + data if data.startswith(b"m-name") else data)


class LosesFirstName(SimulatedDut):
    def receive(self, data: bytes, start_s: float) -> None:
        if not getattr(self, "_heard_one", False):
            self._heard_one = True
            return
        super().receive(data, start_s)


class NoInitDone(SimulatedDut):
    def _print(self, text: str) -> None:
        if text != "m-init-done":
            super()._print(text)


class PrintsLapsInEnergyMode(SimulatedDut):
    """Built for energy, and the lap times were left in."""

    def _stamp(self) -> None:
        super()._stamp()
        self._say(LapTime(self.counter_us()))


class PinStaysHigh(SimulatedDut):
    def _stamp(self) -> None:
        pass
