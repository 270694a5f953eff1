"""What an engine or a board answers to one input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

Outputs = npt.NDArray[np.float32]


class GivenInput(NamedTuple):
    """Is one input, as it goes over the wire."""

    file: str
    offset: int
    """Byte offset of the window in the file; of a recording the frame's number."""
    data: bytes


class Answer(NamedTuple):
    """Is what came of an input."""

    scores: tuple[float, ...]
    outputs: Outputs | None
    """Every number of the model's output; None where only scores are known, as a board prints
    them."""


@dataclass(frozen=True, slots=True)
class OutputScale:
    """Says what the steps of a model's output are."""

    step: float | None
    """What a step of the quantised output is worth; None of a float output."""
    least: int = 0
    """The int8 that stands for 0, the zero point."""

    def value(self, integer: float) -> float:
        """Return what an integer of the output stands for; the integer itself without steps."""
        return integer if self.step is None else (integer - self.least) * self.step


class Answering(Protocol):
    """Answers inputs: an engine, a board, a log."""

    @property
    def name(self) -> str:
        """Return what it is called in a table: `tflm`."""

    @property
    def runs_as(self) -> str:
        """Say who it is exactly, with its version."""

    def answer(self, given: GivenInput) -> Answer | None:
        """Return what comes of an input; None where there is no answer to it."""


class Unavailable(NamedTuple):
    """Says who could not be asked, and why."""

    name: str
    why: str
