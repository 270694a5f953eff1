"""The figures of a network's layers on a device: cycles, cycles per MAC, shares, and what they are.

Pure: from what the device told to what is shown, written and compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ...dut_protocol.host.layers import LayerTimes
from ...dut_protocol.wire.layers import CounterKind
from ..journal.layer_log import LayerProfile


class NotOfAChip(Enum):
    """Marks times that say nothing about a chip."""

    SIMULATED = "SIMULATED"
    EMULATED = "EMULATED"


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """Is a layer, or a sum of several; None for what nobody told."""

    layer: int | None
    """The place, from 0; None of a sum."""
    operator: str
    output: str
    """The shape, as `25x5x64`; empty where the device does not say."""
    macs: int | None
    cycles: int
    us: int
    share: float
    """Of the whole inference, 0 to 1."""

    @property
    def cycles_per_mac(self) -> float | None:
        return self.cycles / self.macs if self.macs else None

    @property
    def per_mac(self) -> str:
        """Write cycles per MAC by three digits, and all of those ahead of the point."""
        cycles = self.cycles_per_mac
        return "" if cycles is None else f"{cycles:.3g}" if cycles < 100 else f"{cycles:.0f}"

    @property
    def percent(self) -> str:
        """Write the share as percentage."""
        return f"{100 * self.share:.1f} %"


def layers_of(times: LayerTimes) -> tuple[LayerFigures, ...]:
    """Return the figures of each layer, in the order in which they run."""
    return tuple(
        LayerFigures(
            layer.number,
            layer.operator,
            "x".join(map(str, layer.shape)),
            layer.macs,
            layer.cycles,
            layer.us,
            layer.cycles / times.cycles,
        )
        for layer in times.layers
    )


def between_layers(times: LayerTimes) -> LayerFigures:
    """Return what of the inference is no layer's."""
    cycles = times.cycles - times.layer_cycles
    us = times.us - sum(layer.us for layer in times.layers)
    return LayerFigures(None, "between layers", "", None, cycles, us, cycles / times.cycles)


def whole_inference(times: LayerTimes) -> LayerFigures:
    """Return the inference; its products are known where those of all layers are."""
    macs = macs_of([layer.macs for layer in times.layers])
    return LayerFigures(None, "whole inference", "", macs, times.cycles, times.us, 1.0)


def macs_of(told: Sequence[int | None]) -> int | None:
    """Return the sum; None where one is not told."""
    known = [macs for macs in told if macs is not None]
    return sum(known) if len(known) == len(told) else None


def mark_of(profile: LayerProfile) -> NotOfAChip | None:
    """Return the word that must stand beside every figure; None of a board's own."""
    if profile.times.kind is CounterKind.EMULATED:  # its name says that it is simulated, too
        return NotOfAChip.EMULATED
    return NotOfAChip.SIMULATED if profile.simulated else None


def unit_of(times: LayerTimes) -> str:
    """Return what is counted: the processor's cycles, or another clock's ticks."""
    return "ticks" if times.kind in (CounterKind.TIMER, CounterKind.EMULATED) else "cycles"


def what_is_counted(profile: LayerProfile) -> str:
    """Say what counts, and what the count is worth."""
    times = profile.times
    match mark_of(profile):
        case NotOfAChip.SIMULATED:
            return f"SIMULATED, not measured: {times.counter}"
        case NotOfAChip.EMULATED:
            return f"EMULATED, no chip's cycles: {times.counter}"
        case None if times.kind is CounterKind.TIMER:
            return f"ticks of another clock, no cycles: {times.counter}"
        case None:
            return f"cycles measured by {times.counter}"
