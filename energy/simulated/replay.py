"""A monitor in a wire log answers again: `simulate monitor --replay`, ``sim:replay:FILE``.

The log is cut into turns: what the host sent at once, and what came before it sent more. On a
serial port, what a read found comes again half-way between that read and the one before: it came
somewhen between the two, and a host that reads a little sooner or later finds the same. A host that
goes on earlier gets the rest of a turn at once. An instrument on TCP answers line by line, as soon
as it is asked.

A host that says something else than the recorded one is brought back to the next turn that begins
with what it says. Where there is none, what was last answered to it is said again, if that is
short; data are not, and it gets no answer.

What a monitor's own simulator would say is not heard. On a bench in this process it listens all
the same, so that the board gets its supply when it is switched on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Self

from ...dut_protocol.link.clock import Clock
from ...dut_protocol.link.wire_log import MONITOR, WireLogError
from ...dut_protocol.link.wire_log_reader import Direction, NamedWire, WireEvent, WireLogReader
from .link import Outbox, SimulatedMonitor
from .scpi import Fault, SimulatedInstrument

_MAX_BYTES = 1 << 30
"""What is kept in memory of a log: 40 minutes of a PPK2."""
_SHORT_BYTES = 256


@dataclass(slots=True)
class Turn:
    """Is what the host sent at once, and what came before it sent more."""

    sent: bytes
    at_s: float
    came: list[tuple[float, bytes]] = field(default_factory=list)
    """Seconds behind ``at_s``, bytes."""

    @property
    def answer(self) -> bytes:
        return b"".join(data for _, data in self.came)


@dataclass(frozen=True, slots=True)
class Recording:
    """Is the traffic of one monitor in a wire log."""

    path: Path
    address: str
    """The monitor's, as it was given to --monitor."""
    turns: tuple[Turn, ...]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read the traffic of the first run in a log; WireLogError says why there is none."""
        address, turns, size = "", [Turn(b"", 0.0)], 0
        for entry in WireLogReader(path):
            if isinstance(entry, WireEvent):
                if entry.wire == MONITOR:
                    size += len(entry.data)
                    _take(entry, turns)
            elif address:
                break  # another run
            elif isinstance(entry, NamedWire) and entry.name == MONITOR:
                address = entry.address
            if size > _MAX_BYTES:
                raise WireLogError(f"{path}: more than {_MAX_BYTES} bytes of a monitor's traffic")
        if not address or not size:
            raise WireLogError(
                f"{path}: it holds no traffic of an energy monitor: record it with `run --mode "
                "energy --wire-log FILE`"
            )
        return cls(path, address, tuple(turns))


def _take(event: WireEvent, turns: list[Turn]) -> None:
    if event.direction is Direction.TO_DEVICE:
        turns.append(Turn(event.data, event.at_s))
    else:
        last = turns[-1]
        if not last.sent and not last.came:
            last.at_s = event.at_s  # unasked, when it was opened
        last.came.append((event.at_s - last.at_s, event.data))


class ReplayedMonitor:
    """Is the recorded instrument on a serial port."""

    def __init__(self, recording: Recording, shadow: SimulatedMonitor | None = None) -> None:
        """Answer from the recording; ``shadow`` listens, and its answers are dropped."""
        self._turns = recording.turns
        self._shadow = shadow
        self._next = 1
        self._heard = b""
        self._outbox = Outbox()
        self._begun = False

    def receive(self, data: bytes, at_s: float) -> None:
        """Take bytes from the host, in whatever pieces they come."""
        if self._shadow is not None:
            self._shadow.receive(data, at_s)
        self._begin(at_s)
        self._heard += data
        while self._heard and (found := self._find()) is not None:
            turn = self._turns[found]
            self._heard = self._heard[len(turn.sent) :]
            self._hurry(at_s)
            came = turn.came if found >= self._next else [(0.0, turn.answer)]
            if found >= self._next or len(turn.answer) <= _SHORT_BYTES:
                self._put(came, at_s)
            self._next = max(self._next, found + 1)
        if not any(turn.sent.startswith(self._heard) for turn in self._turns):
            self._heard = b""  # it was never said like this

    def produce(self, until_s: float) -> bytes:
        """Return what came up to ``until_s``."""
        if self._shadow is not None:
            self._shadow.produce(until_s)
        self._begin(until_s)
        return self._outbox.take(until_s)

    def next_output_s(self) -> float | None:
        """Return when something comes if nobody says anything; None: never."""
        return self._outbox.next_s

    def _begin(self, at_s: float) -> None:
        """Say what came unasked."""
        if not self._begun:
            self._begun = True
            self._put(self._turns[0].came, at_s)

    def _find(self) -> int | None:
        """Return the turn that was just said: the next such, else the last one before."""
        ahead = range(self._next, len(self._turns))
        behind = range(min(self._next, len(self._turns)) - 1, 0, -1)
        return next((one for part in (ahead, behind) for one in part if self._is_said(one)), None)

    def _is_said(self, number: int) -> bool:
        sent = self._turns[number].sent
        return bool(sent) and self._heard.startswith(sent)

    def _hurry(self, at_s: float) -> None:
        """Say now what the recorded host had waited for."""
        if rest := self._outbox.take(inf):
            self._outbox.put(at_s, rest)

    def _put(self, came: Iterable[tuple[float, bytes]], at_s: float) -> None:
        before_s = 0.0
        for after_s, data in came:
            self._outbox.put(at_s + (before_s + after_s) / 2, data)
            before_s = after_s


class ReplayedInstrument(SimulatedInstrument):
    """Is the recorded instrument on TCP: it answers line by line."""

    def __init__(
        self,
        recording: Recording,
        clock: Clock,
        shadow: Callable[[str], object] | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Answer from the recording; ``shadow`` is told each line, and its answers are dropped."""
        super().__init__(clock, host, port, None, Fault.NONE, 0.0)
        self._shadow = shadow
        self._lines = list(_lines(recording.turns))
        self._keys = [_key(line) for line, _ in self._lines]
        self._next = 0
        self.greeting = recording.turns[0].answer

    def _answer(self, line: str) -> bytes:
        if self._shadow is not None:
            self._shadow(line)
        key = _key(line)
        try:
            place = self._keys.index(key, self._next)
        except ValueError:
            return self._again(line, key)
        self._next = place + 1
        return _as_asked(self._lines[place][1], line)

    def _again(self, line: str, key: str) -> bytes:
        """Return the last answer to a question once more, unless it was data."""
        for place in range(len(self._keys) - 1, -1, -1):
            if self._keys[place] == key and len(self._lines[place][1]) <= _SHORT_BYTES:
                return _as_asked(self._lines[place][1], line)
        return b""


def _lines(turns: Iterable[Turn]) -> Iterable[tuple[str, bytes]]:
    """Yield each line that was sent, with what came before the next."""
    for turn in turns:
        lines = turn.sent.decode("ascii", "replace").split("\n")
        said = [line.strip() for line in lines if line.strip()]
        for number, line in enumerate(said, 1):
            yield line, turn.answer if number == len(said) else b""


def _key(line: str) -> str:
    """Return what a line is known by: requests of the Otii's package are numbered."""
    request = _request(line)
    if request is None:
        return line
    return json.dumps({name: request[name] for name in request if name != "trans_id"})


def _as_asked(answer: bytes, line: str) -> bytes:
    """Give a recorded answer the number of the request, where requests are numbered."""
    request = _request(line)
    if request is None or not answer:
        return answer
    said = []
    for text in answer.split(b"\r\n"):
        one = _request(text.decode("utf-8", "replace"))
        if one is not None and "trans_id" in one:
            text = json.dumps(one | {"trans_id": request.get("trans_id")}).encode()
        said.append(text)
    return b"\r\n".join(said)


def _request(line: str) -> dict[str, object] | None:
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
