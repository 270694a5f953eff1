"""A simulated device whose model is a log: it answers what the board in the log answered.

Everything else of the protocol is the simulated device's. An input that the log does not answer
is refused with an error, so that no score is ever made up.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..wire.messages import DeviceError, Message, Profile, Results
from .device import FIRMWARE_PROFILE, DeviceSettings, SimulatedDut


@dataclass(frozen=True, slots=True)
class LoggedAnswer:
    """Is one inference of the log."""

    scores: tuple[float, ...]
    printed: str | None = None
    """The text between the brackets of its `m-results-[…]`, where the log has it verbatim."""


@dataclass(frozen=True, slots=True)
class BoardText:
    """Says how the board in the log presents itself."""

    profile: str = FIRMWARE_PROFILE
    chatter: tuple[str, ...] = ()
    """Lines that it printed of its own after boot."""


def content_key(data: bytes) -> bytes:
    """Return what an input is known by."""
    return hashlib.sha256(data).digest()


class ReplayedModel:
    """Gives the answers of a log as a device's model: by content, or in its order.

    By content an input that was inferred several times has its answers in turn. In order, each
    input that differs from the one before gets the next answer; repeating one (a calibration, a
    retry) repeats its answer.
    """

    def __init__(
        self,
        model_id: str,
        input_bytes: int,
        score_count: int,
        answers: Sequence[LoggedAnswer],
        by_content: Mapping[bytes, Sequence[int]] | None = None,
    ) -> None:
        """Answer by ``by_content``, the answers' places by :func:`content_key`; None: in order."""
        self.model_id = model_id
        self.input_bytes = input_bytes
        self.score_count = score_count
        self.answer: LoggedAnswer | None = None
        """The answer to the last inference; None before the first."""
        self._answers = answers
        self._by_content = by_content
        self._asked: dict[bytes, int] = {}
        self._next = 0
        self._last_key = b""

    def rewind(self) -> None:
        """Begin again: the device was reset."""
        self.answer, self._next, self._last_key = None, 0, b""
        self._asked.clear()

    def find(self, data: bytes) -> LoggedAnswer | None:
        """Find the answer to an input; None where the log has none (any more)."""
        key = content_key(data)
        if self._by_content is not None:
            places = self._by_content.get(key)
            if places is None:
                return None
            turn = self._asked.get(key, 0)
            self._asked[key] = turn + 1
            return self._answers[places[turn % len(places)]]
        if key == self._last_key:
            return self.answer
        if self._next == len(self._answers):
            return None
        self._last_key = key
        self._next += 1
        return self._answers[self._next - 1]

    def infer(self, data: bytes) -> tuple[float, ...]:
        """Return the logged scores; LookupError where :meth:`find` finds none."""
        answer = self.find(data)
        if answer is None:
            raise LookupError("the log has no answer to this input")
        self.answer = answer
        return answer.scores


class ReplayedDut(SimulatedDut):
    """Is the simulated device with a log's answers and texts."""

    def __init__(self, model: ReplayedModel, settings: DeviceSettings, text: BoardText) -> None:
        self._replayed = model
        self._text = text
        super().__init__(model, settings)

    def boot(self, at_s: float) -> None:
        self._replayed.rewind()
        super().boot(at_s)
        for line in self._text.chatter:
            self.print_line(line)

    def infer(self, iterations: int, warmups: int) -> None:
        try:
            super().infer(iterations, warmups)
        except LookupError as error:
            self.say(DeviceError(str(error)))

    def say(self, message: Message) -> None:
        match message:
            case Profile():
                super().say(Profile(self._text.profile))
            case Results():
                answer = self._replayed.answer
                if answer is None or answer.printed is None:
                    super().say(message)
                else:
                    self.print_line(f"m-results-[{answer.printed}]")
            case _:
                super().say(message)
