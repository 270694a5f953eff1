"""Makes joules per sample period, edges and losses of what a described instrument sends; no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import MonitorError
from ..scpi import OVERFLOW
from .description import Edge, Events, Fetch

Floats = npt.NDArray[np.float64]


def number_kind(fetch: Fetch) -> np.dtype[Any]:
    """Return the type of the numbers in a block."""
    return np.dtype(fetch.number).newbyteorder("<" if fetch.order == "little" else ">")


def parse_samples(data: bytes | str, fetch: Fetch) -> Floats:
    """Return an answer's numbers, a row a sample, in SI units; MonitorError if there are none."""
    width = len(fetch.fields)
    if isinstance(data, str):
        try:
            numbers = np.array(data.split(",") if data else [], dtype=np.float64)
        except ValueError as error:
            raise MonitorError(f"expected a list of numbers, got {data[:60]!r}: {error}") from error
    else:
        kind = number_kind(fetch)
        if len(data) % kind.itemsize:
            raise MonitorError(f"a block of {len(data)} bytes is no list of {fetch.number}")
        numbers = np.frombuffer(data, kind).astype(np.float64)
    if len(numbers) % width:
        raise MonitorError(
            f"{len(numbers)} numbers are no whole samples of {width} "
            f"({', '.join(quantity.value for quantity in fetch.fields)}); something else is "
            "recorded as well, or fields are missing in the description"
        )
    return numbers.reshape(-1, width) * [quantity.si for quantity in fetch.fields]


@dataclass(frozen=True, slots=True)
class Batch:
    """Holds what one fetch added to a recording."""

    energy_j: Floats
    gaps: list[tuple[int, int]]
    """(index of the sample, samples lost in front of it), by the samples' own times."""
    edges: list[int]
    """Samples of the recording at which the timestamp pin was first seen changed."""
    volts: Floats
    """The measured voltages; empty where it is not measured."""


class Readings:
    """Adds up one recording: ``period_s`` apart, at ``supply_v`` where no voltage is measured."""

    def __init__(
        self, fetch: Fetch, events: Events | None, period_s: float, supply_v: float
    ) -> None:
        self._events = events
        self._period_s = period_s
        self._supply_v = supply_v
        self._columns = {quantity.kind: at for at, quantity in enumerate(fetch.fields)}
        self.count = 0
        self.lost = 0
        """Samples missing by the samples' own times."""
        self._last_s: float | None = None
        self._was_active: bool | None = None

    def add(self, rows: Floats) -> Batch:
        """Take samples, a row each; MonitorError where they cannot be measurements."""
        wild = ~(np.abs(rows) < OVERFLOW)
        if wild.any():
            at = int(np.flatnonzero(wild.any(axis=1))[0])
            raise MonitorError(
                f"sample {self.count + at} has {rows[at][wild[at]][0]:g}: out of its range, or not "
                "in the order of bytes or of fields that the description says"
            )
        volts = self._column(rows, "voltage")
        watts = rows[:, self._columns["current"]] * (self._supply_v if volts is None else volts)
        gaps = self._gaps(rows)
        edges = self._edges(rows)
        self.count += len(rows)
        return Batch(watts * self._period_s, gaps, edges, np.zeros(0) if volts is None else volts)

    def _column(self, rows: Floats, kind: str) -> Floats | None:
        at = self._columns.get(kind)
        return None if at is None else rows[:, at]

    def _gaps(self, rows: Floats) -> list[tuple[int, int]]:
        times_s = self._column(rows, "time")
        if times_s is None or not len(times_s):
            return []
        before_s = times_s[0] - self._period_s if self._last_s is None else self._last_s
        steps = np.diff(times_s, prepend=before_s) / self._period_s
        if (steps <= 0.5).any():
            at = int(np.flatnonzero(steps <= 0.5)[0])
            raise MonitorError(
                f"sample {self.count + at} comes {steps[at] * self._period_s:g} s after the one "
                f"before, where {self._period_s:g} s are between two"
            )
        missing = np.rint(steps).astype(int) - 1
        self._last_s = float(times_s[-1])
        self.lost += int(missing.sum())
        places = np.flatnonzero(missing)
        return [(self.count + int(at), int(missing[at])) for at in places]

    def _edges(self, rows: Floats) -> list[int]:
        levels = self._column(rows, "event")
        if self._events is None or levels is None or not len(levels):
            return []
        if self._events.threshold is not None:
            high = levels >= self._events.threshold
        else:
            bits = np.clip(levels, 0, 2.0**32 - 1).astype(np.int64)
            high = (bits >> (self._events.bit or 0) & 1).astype(bool)
        active = ~high if self._events.edge is Edge.FALLING else high
        first = bool(active[0]) if self._was_active is None else self._was_active
        began = active & ~np.concatenate([[first], active[:-1]])
        self._was_active = bool(active[-1])
        return [self.count + int(at) for at in np.flatnonzero(began)]
