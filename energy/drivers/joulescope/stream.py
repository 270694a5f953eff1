"""Turns Joulescope's stream messages into joules: pure, whatever order they come in.

A message is a mapping: ``data`` (float32 A or V; for an input 8 samples a byte, the first in the
lowest bit), ``sample_id`` of its first sample, counted at ``sample_rate`` for all signals alike
(2 MHz; 16 MHz on a JS320), and ``decimate_factor``: the count from one sample to the next. Current
and voltage are multiplied where their ids are the same; what an id's jump leaves out is missing.

A JS110's current and voltage begin with NaN until its driver's filters are full (71 samples at
2 MHz): the recording begins after them. A later NaN is a sample that was lost.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...errors import MonitorError

COUNT_HZ = 2_000_000
"""The rate of sample_id where a message does not tell it (older drivers)."""
_LONGEST_LEAD_IN_S = 1.0
_LONGEST_LEAD_IN = 1000
"""Samples of NaN with which a signal may begin, or as many as come in a second; the longest that
is known are 71 (see above), or the 64,512 that a JS110's driver puts in for packets lost."""

Values = npt.NDArray[np.float32]
Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Combined:
    """Holds what could be multiplied; indices count the samples of the whole trace."""

    energy_j: npt.NDArray[np.float64]
    volts: Values
    """The voltage at the streams' own rate."""
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
    first_id: int = -1
    next_id: int = -1
    lead_in: int = 0
    """Samples of NaN with which it began."""
    began: bool = False
    segments: deque[tuple[int, Values]] = field(default_factory=deque)

    def add(self, message: Message, rate_hz: float) -> None:
        step, count_hz = int(message["decimate_factor"]), _count_hz(message)
        start, data = int(message["sample_id"]), np.asarray(message["data"], np.float32)
        if step <= 0 or abs(count_hz / step - rate_hz) > 1e-6 * rate_hz:
            raise MonitorError(
                f"{self.name} comes at {count_hz / max(step, 1):g} Hz, {rate_hz:g} Hz was asked for"
            )
        if self.first_id < 0:
            self.first_id = start
        # A loss makes the driver thin out from another sample on: by less than one of these.
        start -= (start - self.first_id) % step
        if start < self.next_id:
            raise MonitorError(
                f"{self.name}: sample_id went back from {self.next_id} to {start}: the Joulescope "
                "was reset"
            )
        self.step = step
        self.next_id = start + step * len(data)
        for first, last in _runs(np.isfinite(data)):
            if not self.began:
                self.lead_in, self.began = self.lead_in + first, True
            self.segments.append((start + step * first, data[first:last]))
        if not self.began:
            self.lead_in += len(data)
            if self.lead_in > max(_LONGEST_LEAD_IN, _LONGEST_LEAD_IN_S * rate_hz):
                raise MonitorError(
                    f"{self.name}: none of its first {self.lead_in} values is a number; unplug the "
                    "Joulescope, and try it with its own program"
                )

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


class _Resumption(NamedTuple):
    """Is where the samples go on after a gap."""

    sample_id: int
    place: int
    """The number of the first of them."""
    lost: int
    """Samples of the trace that are missing up to here."""


class PowerStream:
    """Takes messages, gives power."""

    def __init__(
        self, rate_hz: float, *, together: int = 1, input_in_current: bool = False
    ) -> None:
        """Make samples at ``rate_hz``, each the sum of ``together`` samples of the streams.

        ``input_in_current``: the input comes in the packets of the current, so that where samples
        are missing it says nothing.
        """
        self.count = 0
        """Samples returned so far."""
        self.lost = 0
        self.input_lost = 0
        """Samples of the timestamp input that are missing: an edge may have been among them."""
        self._rate_hz = rate_hz
        self._stream_hz = rate_hz * together
        self._together = together
        self._input_in_current = input_in_current
        self._current = _Signal("current")
        self._voltage = _Signal("voltage")
        self._first_id: int | None = None
        self._next_number = 0
        """How many samples of the streams, lost ones included, went by since the first."""
        self._part = np.zeros(0)
        """The joules of a sample that is not complete yet."""
        self._resumptions = [_Resumption(0, 0, 0)]
        self._held: Message | None = None
        """The input's last message; only the next one tells how many of its bits count."""
        self._level: bool | None = None
        self._edges: deque[int] = deque()
        """Ids of edges up to which not all samples have come."""

    @property
    def lead_in(self) -> int:
        """Return with how many samples of NaN, at the streams' rate, the streams began."""
        return max(self._current.lead_in, self._voltage.lead_in)

    def current(self, message: Message) -> None:
        self._current.add(message, self._stream_hz)

    def voltage(self, message: Message) -> None:
        self._voltage.add(message, self._stream_hz)

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
        joules: list[npt.NDArray[np.float64]] = [np.zeros(0)]
        volts: list[Values] = [np.zeros(0, np.float32)]
        gaps: list[tuple[int, int]] = []
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
                self._first_id = start
            size = min(len(amperes), len(potential))
            power = amperes[:size].astype(np.float64) * potential[:size]
            self._sum(start, power / self._stream_hz, joules, gaps)
            volts.append(potential[:size])
            current.drop(start + size * step)
            voltage.drop(start + size * step)
        return Combined(
            np.concatenate(joules), np.concatenate(volts), tuple(gaps), tuple(self._edges_s())
        )

    def _sum(
        self,
        start_id: int,
        energy_j: npt.NDArray[np.float64],
        joules: list[npt.NDArray[np.float64]],
        gaps: list[tuple[int, int]],
    ) -> None:
        """Sum the streams' samples into the trace's; one that has a part missing is missing."""
        assert self._first_id is not None
        step, together = self._current.step, self._together
        number = (start_id - self._first_id) // step
        if number != self._next_number:
            self._part = np.zeros(0)
        self._next_number = number + len(energy_j)
        number -= len(self._part)
        whole = np.concatenate((self._part, energy_j)) if len(self._part) else energy_j
        over = -number % together
        whole, number = whole[over:], number + over
        count = len(whole) // together
        self._part = whole[count * together :]
        if not count:
            return
        index = number // together
        if missing := index - self.lost - self.count:
            self.lost += missing
            gaps.append((self.count, missing))
            resumed_id = self._first_id + number * step
            self._resumptions.append(_Resumption(resumed_id, self.count, self.lost))
        complete = whole[: count * together]
        joules.append(complete.reshape(count, together).sum(axis=1) if together > 1 else complete)
        self.count += count

    def _edges_s(self) -> list[float]:
        """Return the edges up to which every sample has come, or is known to be missing."""
        times_s: list[float] = []
        first_id = self._first_id
        if first_id is None:
            return times_s
        span = self._current.step * self._together
        done_id = first_id + (self.count + self.lost) * span
        while self._edges and self._edges[0] < done_id:
            edge = self._edges.popleft()
            if edge < first_id:
                continue
            after = bisect_right(self._resumptions, edge, key=lambda resumed: resumed.sample_id)
            place = (edge - first_id) / span - self._resumptions[after - 1].lost
            if after < len(self._resumptions) and place >= self._resumptions[after].place:
                if self._input_in_current:
                    continue
                place = self._resumptions[after].place
            times_s.append(place / self._rate_hz)
        return times_s


def _runs(good: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return where each run of good samples begins, and where it is over."""
    if good.all():
        return [(0, len(good))] if len(good) else []
    changes = np.flatnonzero(np.diff(good, prepend=False, append=False))
    return [(int(first), int(last)) for first, last in changes.reshape(-1, 2)]


def _count_hz(message: Message) -> int:
    return int(message["sample_rate"]) if "sample_rate" in message else COUNT_HZ
