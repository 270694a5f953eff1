"""Faults at a rate: a wire and a device on which something goes wrong now and then, seeded.

On the wire, per byte and direction: lost, flipped (one bit), doubled, delayed, cut out (a run of
bytes), or the plug pulled. In the device, per command or line: it reboots, hangs, answers late,
prints debug text. Between the two, per command: it, or its answer, is delivered twice or never. A
fault costs nothing where it does not happen.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import Enum

from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import SimulatedDut
from tinyrunner.models.suite import Task

HANG_S = 2.0


class Kind(Enum):
    LOSE = "lose"
    FLIP = "flip"
    DOUBLE = "double"
    DELAY = "delay"
    CUT = "cut"
    UNPLUG = "unplug"
    REBOOT = "reboot"
    HANG = "hang"
    LATE = "late"
    CHATTER = "chatter"
    COMMAND_TWICE = "command twice"
    COMMAND_LOST = "command lost"
    ANSWER_TWICE = "answer twice"
    ANSWER_LOST = "answer lost"


WIRE_KINDS = (Kind.LOSE, Kind.FLIP, Kind.DOUBLE, Kind.DELAY, Kind.CUT, Kind.UNPLUG)
WHOLE_KINDS = (Kind.COMMAND_TWICE, Kind.COMMAND_LOST, Kind.ANSWER_TWICE, Kind.ANSWER_LOST)
DEVICE_KINDS = (Kind.REBOOT, Kind.HANG, Kind.LATE, Kind.CHATTER, *WHOLE_KINDS)


class Direction(Enum):
    TO_DEVICE = "to the device"
    FROM_DEVICE = "from the device"


@dataclass(frozen=True)
class FaultPlan:
    """What goes wrong, how often; ``rate`` is per byte, command (reboot, hang, late) or line."""

    kind: Kind
    rate: float
    direction: Direction | None = None
    """None: both, or the device's own."""
    seed: int = 0


def per_input_bytes(task: Task, direction: Direction | None, *, verified: bool) -> float:
    """About how many bytes an input takes: its load, its readback, its `infer`."""
    to_device = 2.14 * task.input_bytes + 30
    from_device = (0.3 + 4.25 * verified) * task.input_bytes + 250
    match direction:
        case Direction.TO_DEVICE:
            return to_device
        case Direction.FROM_DEVICE:
            return from_device
        case None:
            return to_device + from_device


def plan_of(
    kind: Kind, faults_per_input: float, task: Task, direction: Direction | None, seed: int
) -> FaultPlan:
    """The rate at which an input meets so many faults on the average (every load read back)."""
    if kind in WIRE_KINDS:
        rate = faults_per_input / per_input_bytes(task, direction, verified=True)
    elif kind is Kind.CHATTER:
        rate = 5 * faults_per_input / (task.input_bytes / 30 + task.input_bytes / 8 + 12)
    else:
        rate = faults_per_input / (task.input_bytes / 30 + 4)
    return FaultPlan(kind, min(rate, 0.5), direction, seed)


class _Rate:
    """When the next event comes, in steps."""

    def __init__(self, rate: float, chance: random.Random) -> None:
        self._rate, self._chance = rate, chance
        self.left = 0
        self.draw()

    def draw(self) -> None:
        if self._rate <= 0:
            self.left = 1 << 62
        else:
            draw = self._chance.random() or 1e-300
            self.left = int(math.log(draw) / math.log1p(-self._rate))

    def happens(self) -> bool:
        """One step further."""
        self.left -= 1
        if self.left < 0:
            self.draw()
            return True
        return False


class _OneWay:
    """The faults of one direction."""

    def __init__(self, kind: Kind, rate: float, seed: str) -> None:
        self._kind = kind
        self._chance = random.Random(seed)
        self._rate = _Rate(rate, self._chance)
        self._swallow = 0
        self.count = 0

    def passed(self, data: bytes) -> tuple[bytes, float]:
        """What arrives, and how much later."""
        rate = self._rate
        if not self._swallow and rate.left >= len(data):
            rate.left -= len(data)
            return data, 0.0
        out, delay_s = bytearray(), 0.0
        for byte in data:
            if self._swallow:
                self._swallow -= 1
                continue
            if not rate.happens():
                out.append(byte)
                continue
            self.count += 1
            match self._kind:
                case Kind.LOSE:
                    pass
                case Kind.FLIP:
                    out.append(byte ^ (1 << self._chance.randrange(8)))
                case Kind.DOUBLE:
                    out += bytes((byte, byte))
                case Kind.DELAY:
                    out.append(byte)
                    delay_s += 10 ** self._chance.uniform(-2, 0.6)
                case Kind.CUT:
                    self._swallow = self._chance.randrange(1, 80)
                case _:
                    raise LinkError("the cable was pulled")
        return bytes(out), delay_s


class FaultyWire:
    """A transport on the virtual clock, with the faults of a plan."""

    def __init__(self, inner, clock: VirtualClock, plan: FaultPlan) -> None:
        self._inner, self._clock = inner, clock
        self._to = self._one_way(plan, Direction.TO_DEVICE)
        self._from = self._one_way(plan, Direction.FROM_DEVICE)
        self._rest = b""
        self._held_until_s = 0.0
        self.address = inner.address

    @staticmethod
    def _one_way(plan: FaultPlan, direction: Direction) -> _OneWay:
        here = plan.kind in WIRE_KINDS and plan.direction in (None, direction)
        rate = plan.rate if here else 0.0
        return _OneWay(plan.kind, rate, f"{plan.seed} {direction.value}")

    @property
    def count(self) -> int:
        return self._to.count + self._from.count

    def write(self, data: bytes) -> None:
        data, delay_s = self._to.passed(data)
        self._clock.pause(delay_s)
        if data:
            self._inner.write(data)

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        until_s = self._clock.now_s() + timeout_s
        while True:
            left_s = max(0.0, until_s - self._clock.now_s())
            if not self._rest:
                data = self._inner.read(max_bytes, left_s)
                if not data:
                    return b""
                self._rest, delay_s = self._from.passed(data)
                self._held_until_s = self._clock.now_s() + delay_s
                continue
            wait_s = self._held_until_s - self._clock.now_s()
            if wait_s > left_s:
                self._clock.pause(left_s)
                return b""
            self._clock.pause(wait_s)
            data, self._rest = self._rest[:max_bytes], self._rest[max_bytes:]
            return data

    def close(self) -> None:
        self._inner.close()


_TEXTS = (b"[I] tick\r\n", b"DEBUG x=17 y=[3]\r\n", b"heap ok ", b"\r\n", b"W: m-\r\n", b"\xff\x80")


class FaultyDevice(SimulatedDut):
    """A simulated device with the faults of a plan."""

    def __init__(self, model, settings, plan: FaultPlan) -> None:
        super().__init__(model, settings)
        self._kind = plan.kind
        self._chance = random.Random(f"{plan.seed} device")
        self._rate = _Rate(plan.rate if plan.kind in DEVICE_KINDS else 0.0, self._chance)
        self.count = 0

    def receive(self, data: bytes, start_s: float) -> None:
        if self._kind not in WHOLE_KINDS:
            self._receive_faulty(data, start_s)
            return
        # What the host wrote at once, cut where commands end; a raw block of the extension is one.
        pieces = data.split(b"%") if data.endswith(b"%") and data[:-1].isascii() else [data]
        if len(pieces) > 1:
            pieces = [piece + b"%" for piece in pieces[:-1]]
        for piece in pieces:
            self._deliver(piece, start_s)
            start_s += len(piece) * self.byte_time_s

    def _deliver(self, piece: bytes, start_s: float) -> None:
        """A command, and its answer, however often."""
        happens = self._rate.happens()
        self.count += happens
        if happens and self._kind is Kind.COMMAND_LOST:
            return
        before = len(self.outgoing)
        super().receive(piece, start_s)
        if not happens:
            return
        if self._kind is Kind.COMMAND_TWICE:
            super().receive(piece, self.now_s + self._chance.choice((0.0, 0.0, 0.002)))
            return
        answer = [self.outgoing.pop() for _ in range(len(self.outgoing) - before)][::-1]
        if self._kind is Kind.ANSWER_TWICE:
            late_s = self._chance.choice((0.0, 0.002))
            again = [(self.now_s + late_s, line) for _, line in answer]
            self.outgoing.extend((*answer, *again))

    def _receive_faulty(self, data: bytes, start_s: float) -> None:
        before = len(self.outgoing)
        happens = self._kind is not Kind.CHATTER and b"%" in data and self._rate.happens()
        self.count += happens
        if happens and self._kind is Kind.HANG:
            self.now_s = max(self.now_s, start_s) + HANG_S
        elif happens and self._kind is Kind.LATE:
            self.now_s = max(self.now_s, start_s) + 10 ** self._chance.uniform(-1, 0.8)
        super().receive(data, start_s)
        if self._kind is Kind.CHATTER:
            self._chat(before)
        elif happens and self._kind is Kind.REBOOT:
            self._reboot(before, start_s)

    def _reboot(self, before: int, start_s: float) -> None:
        """At some line of the reply, or before it; what was not said by then is never said."""
        kept = self._chance.randrange(len(self.outgoing) - before + 1)
        while len(self.outgoing) > before + kept:
            self.outgoing.pop()
        at_s = self.outgoing[-1][0] if self.outgoing else start_s
        self.boot(max(at_s, start_s))

    def _chat(self, before: int) -> None:
        lines = [self.outgoing.pop() for _ in range(len(self.outgoing) - before)]
        for when_s, line in reversed(lines):
            if self._rate.happens():
                self.count += 1
                self.outgoing.append((when_s, self._chance.choice(_TEXTS)))
            self.outgoing.append((when_s, line))
