"""Turns Joulescope's stream messages into joules: pure, whatever order they come in.

A message is a mapping: ``data`` (float32 A or V; for an input 8 samples a byte, the first in the
lowest bit), ``sample_id`` of its first sample, counted at ``sample_rate`` (2 MHz) for all signals
alike, and ``decimate_factor``: the count from one sample to the next. Current and voltage are
multiplied where their ids are the same; what an id's jump leaves out is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import MonitorError

COUNT_HZ = 2_000_000
"""The rate of sample_id where a message does not tell it (older drivers)."""

Values = npt.NDArray[np.float32]
Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Combined:
    """Holds what could be multiplied; indices count the samples of the whole stream."""

    energy_j: npt.NDArray[np.float64]
    volts: Values
    gaps: tuple[tuple[int, int], ...]
    """(index, lost): so many samples are missing in front of sample ``index``."""
    edges_s: tuple[float, ...]
    """Falling edges, in seconds of the samples returned so far."""


@dataclass(slots=True)
class _Signal:
    """Is current or voltage: what came and was not used yet."""

    name: str
    step: int = 0
    """Counts of ``sample_id`` from one sample to the next."""
    next_id: int = -1
    segments: deque[tuple[int, Values]] = field(default_factory=deque)

    def add(self, message: Message, rate_hz: float) -> None:
        step, count_hz = int(message["decimate_factor"]), _count_hz(message)
        start, data = int(message["sample_id"]), np.asarray(message["data"], np.float32)
        if step <= 0 or abs(count_hz / step - rate_hz) > 1e-6 * rate_hz:
            raise MonitorError(
                f"{self.name} comes at {count_hz / max(step, 1):g} Hz, {rate_hz:g} Hz was asked for"
            )
        if start < self.next_id:
            raise MonitorError(
                f"{self.name}: sample_id went back from {self.next_id} to {start}: the Joulescope "
                "was reset"
            )
        if not np.isfinite(data).all():
            raise MonitorError(f"{self.name}: values that are no numbers at sample_id {start}")
        self.step = step
        self.next_id = start + step * len(data)
        if len(data):
            self.segments.append((start, data))

    def drop(self, before: int) -> None:
        """Forget the samples in front of this id."""
        while self.segments:
            start, data = self.segments[0]
            over = min(len(data), max(0, -(-(before - start) // self.step)))
            if over < len(data):
                if over:
                    self.segments[0] = (start + over * self.step, data[over:])
                return
            self.segments.popleft()


class PowerStream:
    """Takes messages, gives power."""

    def __init__(self, rate_hz: float) -> None:
        self.count = 0
        """Samples returned so far."""
        self.lost = 0
        self.input_lost = 0
        """Samples of the timestamp input that are missing: an edge may have been among them."""
        self._rate_hz = rate_hz
        self._current = _Signal("current")
        self._voltage = _Signal("voltage")
        self._first_id: int | None = None
        self._next_id = 0
        self._shifts: list[tuple[int, int]] = [(0, 0)]
        """(id, samples lost in front of it), ascending."""
        self._held: Message | None = None
        """The input's last message; only the next one tells how many of its bits count."""
        self._level: bool | None = None
        self._edges: deque[int] = deque()
        """Ids of edges in front of which not all samples have come."""

    def current(self, message: Message) -> None:
        self._current.add(message, self._rate_hz)

    def voltage(self, message: Message) -> None:
        self._voltage.add(message, self._rate_hz)

    def input(self, message: Message) -> None:
        held, self._held = self._held, message
        if held is not None:
            self._look_for_edges(held, int(message["sample_id"]))

    def end(self) -> None:
        """Note that no more messages will come."""
        if self._held is not None:
            self._look_for_edges(self._held, None)
            self._held = None

    def _look_for_edges(self, message: Message, next_id: int | None) -> None:
        bits = np.unpackbits(np.asarray(message["data"], np.uint8), bitorder="little")
        start, step = int(message["sample_id"]), int(message["decimate_factor"])
        if next_id is not None:
            between = (next_id - start) // step
            self.input_lost += max(0, between - len(bits))
            bits = bits[:between]  # the last byte may be padded
        if not len(bits):
            return
        before = np.empty_like(bits)
        before[0] = bits[0] if self._level is None else self._level
        before[1:] = bits[:-1]
        self._level = bool(bits[-1])
        self._edges.extend((start + np.flatnonzero(before & ~bits & 1) * step).tolist())

    def take(self) -> Combined:
        """Return everything that can be multiplied by now."""
        current, voltage = self._current, self._voltage
        joules: list[npt.NDArray[np.float64]] = []
        volts: list[Values] = [np.zeros(0, np.float32)]
        gaps: list[tuple[int, int]] = []
        done = self.count
        while current.segments and voltage.segments:
            step = current.step
            (i_start, amperes), (v_start, potential) = current.segments[0], voltage.segments[0]
            if (i_start - v_start) % step:
                raise MonitorError(
                    f"current and voltage were sampled at different moments ({i_start}, {v_start})"
                )
            start = max(i_start, v_start)
            if i_start != v_start:  # one of them has a gap, or began later
                current.drop(start)
                voltage.drop(start)
                continue
            if self._first_id is None:
                self._first_id = self._next_id = start
            if missing := (start - self._next_id) // step:
                gaps.append((done, missing))
                self.lost += missing
                self._shifts.append((start, self.lost))
            size = min(len(amperes), len(potential))
            power = amperes[:size].astype(np.float64) * potential[:size]
            joules.append(power / self._rate_hz)
            volts.append(potential[:size])
            done += size
            self._next_id = start + size * step
            current.drop(self._next_id)
            voltage.drop(self._next_id)
        self.count = done
        energy_j = np.concatenate(joules) if joules else np.zeros(0)
        return Combined(energy_j, np.concatenate(volts), tuple(gaps), tuple(self._edges_s()))

    def _edges_s(self) -> list[float]:
        """Return the edges in front of which every sample has come, or is known to be missing."""
        times_s: list[float] = []
        first = self._first_id
        while self._edges and first is not None and self._edges[0] <= self._next_id:
            edge = self._edges.popleft()
            if edge < first:
                continue
            lost = max(lost for start, lost in self._shifts if start <= edge)
            times_s.append(((edge - first) / self._current.step - lost) / self._rate_hz)
        return times_s


def _count_hz(message: Message) -> int:
    return int(message["sample_rate"]) if "sample_rate" in message else COUNT_HZ
