"""What each layer of a network takes: the lines that answer `profile layers`.

Firmware of this project's library says so if it was built with ``TR_LAYERS``; other firmware
answers as to `profile`. The lines are no messages of the protocol, which begin with ``m-`` or
``e-``, and other runners do not take them for any; nor do they ask::

    host    infer 1 0%
    device  … | m-ready
    host    profile layers%
    device  x-layers-[measured: DWT CYCCNT]
            x-layer-0-[convolution 25x5x64 320000 MACs]-1846213-10989
            x-layer-1-[softmax 12 0 MACs]-3120-18
            x-layers-done-2-1849401-11007 | m-ready

The counter's text begins with its kind. Then each layer's name, cycles and microseconds, in the
order in which they run, and at the end how many there were and what the whole inference took: the
last one. A name may end in the shape of what the layer gives and in the products it sums up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

ASK_LAYERS = "profile layers"
"""The command that these lines answer, once an inference is done."""


class CounterKind(Enum):
    """Says what a device's count of cycles is worth."""

    MEASURED = "measured"
    """It is counted by the processor on silicon."""
    TIMER = "timer"
    """It is another clock of the board: time, but no cycles."""
    EMULATED = "emulated"
    SIMULATED = "simulated"


_LABEL = re.compile(r"(.+?)(?: (\d{1,9}(?:x\d{1,9})*))?(?: (\d{1,18}) MACs)?")


@dataclass(frozen=True, slots=True)
class LayerCounter:
    """Is the first line; ``text`` says what counts the cycles."""

    text: str

    @property
    def kind(self) -> CounterKind | None:
        """Return what the text begins with; None where that is none of the kinds."""
        word, colon, _ = self.text.partition(":")
        kinds = {kind.value: kind for kind in CounterKind}
        return kinds.get(word) if colon else None

    def encode(self) -> str:
        return f"x-layers-[{self.text}]"


@dataclass(frozen=True, slots=True)
class LayerTime:
    """Is the line of a layer, of the last inference."""

    number: int
    name: str
    cycles: int
    us: int

    @property
    def operator(self) -> str:
        """Return the name without shape and products."""
        return self._label[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of the layer's output; empty where the device does not say."""
        return tuple(map(int, self._label[1].split("x"))) if self._label[1] else ()

    @property
    def macs(self) -> int | None:
        """Return how many products the layer sums up; None where the device does not say."""
        return int(self._label[2]) if self._label[2] else None

    @property
    def _label(self) -> tuple[str, str, str]:
        match = _LABEL.fullmatch(self.name)
        return (match[1], match[2] or "", match[3] or "") if match else (self.name, "", "")

    def encode(self) -> str:
        return f"x-layer-{self.number}-[{self.name}]-{self.cycles}-{self.us}"


@dataclass(frozen=True, slots=True)
class LayersDone:
    """Is the last line: how many layers there were, and what the whole inference took."""

    count: int
    cycles: int
    us: int

    def encode(self) -> str:
        return f"x-layers-done-{self.count}-{self.cycles}-{self.us}"
