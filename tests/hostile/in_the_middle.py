"""A man in the middle who lets everything pass but for a few seeded moments.

What passes is cut into units: the host's commands (and raw blocks), the device's answers and their
lines. A fault is of one kind, and comes at the nth unit of a class: at the third `infer`, at the
first line of the answer to the 40th command.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

COMMAND_KINDS = ("command twice", "command twice, later", "command lost", "command late")
ANSWER_KINDS = (
    "answer twice",
    "answer twice, later",
    "answer lost",
    "answer late",
    "line twice",
    "line lost",
    "m-ready by itself",
)
BYTE_KINDS = ("flip", "lose", "double", "noise", "cut")
DEVICE_KINDS = ("reboot", "silent reboot", "hang", "chatter")
LINK_KINDS = ("unplug",)
FLOODS = {
    "flood of garbage": bytes(range(128, 256)) * 3 + b"\r\n",
    "flood of m-ready": b"m-ready\r\n",
    "flood of lap times": b"m-lap-us-123456789\r\n",
    "flood without a line": b"\xf8",
}
"""What a device sends from some moment on, as fast as it is taken: by themselves, not among KINDS,
for no run survives them."""
TO, FROM = " to the device", " from the device"
KINDS = (
    *COMMAND_KINDS,
    *ANSWER_KINDS,
    *(kind + TO for kind in BYTE_KINDS),
    *(kind + FROM for kind in BYTE_KINDS),
    *DEVICE_KINDS,
    *LINK_KINDS,
)

LINES = {"name": 2, "profile": 3, "infer": 8, "block": 1, "first block": 1, "print": 60}
"""Lines of an answer, its m-ready included; others have 2."""
TWICE_LATER_S = 0.002
HANG_S = 1.5
CHATTER = (b"[I] tick\r\n", b"DEBUG x=17 y=[3]\r\n", b"heap ok ", b"W: m-\r\n", b"\xff\x80")


@dataclass(frozen=True)
class Moment:
    """When: at the ``nth`` command (from 0) of a class; "any" is all of them."""

    kind_of: str
    nth: int


@dataclass
class Middle:
    """The faults of one run, which begin when it is armed."""

    kind: str
    moments: tuple[Moment, ...]
    seed: str
    armed: bool = True
    happened: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    """Commands by class, as they came."""

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    @classmethod
    def of(cls, kind: str, seed: str, usual: Counter[str], count: int) -> Middle:
        """Draw ``count`` moments from what a run without a fault has: half of them by class."""
        chance = random.Random(f"{seed} {kind}")
        classes = sorted(each for each in usual if each != "any")
        moments = []
        for _ in range(count):
            kind_of = chance.choice((chance.choice(classes), "any"))
            moments.append(Moment(kind_of, chance.randrange(usual[kind_of])))
        return cls(kind, tuple(moments), seed)

    def meets(self, kind_of: str) -> bool:
        """Tell whether it is time, at a command of this class."""
        hit = False
        for name in (kind_of, "any"):
            moment = Moment(name, self.seen[name])
            self.seen[name] += 1
            hit = hit or moment in self.moments
        if hit and self.armed:
            self.happened.append(kind_of)
            return True
        return False

    # ---- what becomes of a unit ----------------------------------------------------------------

    def command(self, unit: bytes) -> list[tuple[float, bytes]]:
        """Return what reaches the device of a command that is met, with seconds before each."""
        match self.kind:
            case "command twice":
                return [(0.0, unit), (0.0, unit)]
            case "command twice, later":
                return [(0.0, unit), (TWICE_LATER_S, unit)]
            case "command lost":
                return []
            case "command late":
                return [(10 ** self._chance.uniform(-2, 0.6), unit)]
            case kind if kind.endswith(TO):
                return [(0.0, self.damaged(kind.removesuffix(TO), unit)[0])]
        return [(0.0, unit)]

    def answer(self, kind_of: str) -> Answer:
        """Return what becomes of the answer to a command that is met."""
        at = self._chance.randrange(LINES.get(kind_of, 2))
        delay_s = 10 ** self._chance.uniform(-2, 0.6)
        return Answer(self, at, delay_s)

    def chatter(self) -> bytes:
        return self._chance.choice(CHATTER)

    def damaged(self, kind: str, unit: bytes) -> tuple[bytes, int]:
        """Return a unit with one place damaged, and how many bytes behind it are lost."""
        chance = self._chance
        at = chance.randrange(len(unit))
        before, byte, rest = unit[:at], unit[at], unit[at + 1 :]
        match kind:
            case "flip":
                return before + bytes([byte ^ 1 << chance.randrange(8)]) + rest, 0
            case "lose":
                return before + rest, 0
            case "double":
                return before + bytes([byte, byte]) + rest, 0
            case "noise":
                noise = chance.randbytes(chance.randrange(1, 20))
                return before + noise + bytes([byte]) + rest, 0
        length = chance.randrange(2, 60)
        return before + unit[at + length :], max(0, at + length - len(unit))


@dataclass
class Answer:
    """What becomes of one answer, line by line as the device says it."""

    middle: Middle
    at: int
    """The line that is met, where it is one of them."""
    delay_s: float
    said: list[bytes] = field(default_factory=list)
    _swallow: int = 0

    def say(self, line: bytes) -> list[tuple[float, bytes]]:
        """Return what reaches the host of a line, with seconds before each."""
        number, kind = len(self.said), self.middle.kind
        self.said.append(line)
        if kind == "answer lost":
            return []
        if kind == "answer late" and number == 0:
            return [(self.delay_s, line)]
        if self._swallow:
            kept = line[self._swallow :]
            self._swallow = max(0, self._swallow - len(line))
            return [(0.0, kept)]
        if number != self.at:
            return [(0.0, line)]
        match kind:
            case "line twice":
                return [(0.0, line), (0.0, line)]
            case "line lost":
                return []
            case "m-ready by itself":
                return [(0.0, b"m-ready\r\n"), (0.0, line)]
            case "chatter":
                return [(0.0, self.middle.chatter()), (0.0, line)]
            case kind if kind.endswith(FROM):
                data, self._swallow = self.middle.damaged(kind.removesuffix(FROM), line)
                return [(0.0, data)]
        return [(0.0, line)]

    def end(self) -> list[tuple[float, bytes]]:
        """Return what comes behind it."""
        again = [(0.0, line) for line in self.said]
        match self.middle.kind:
            case "answer twice":
                return again
            case "answer twice, later":
                return [(TWICE_LATER_S, again[0][1]), *again[1:]]
        return []


def commands_in(data: bytearray, block_due: int) -> Iterable[bytes]:
    """Take one whole unit out of what has come from the host: a raw block, or a command."""
    end = block_due or data.find(b"%") + 1
    if end and len(data) >= end:
        unit = bytes(data[:end])
        del data[:end]
        yield unit
