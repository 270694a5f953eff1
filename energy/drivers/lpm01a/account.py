"""Accounts for an LPM01A's samples: what its TimeStamps say must have been received.

The stream itself shows a broken line, but not a line that never came. So the samples between two
TimeStamps are held back until the second one is there: the monitor's own clock says how many they
must be. Where in between the missing ones were, nobody knows: half of the gap is noted at either
end, so that a window that touches the interval is found to have a gap. (What is lost where no
TimeStamps come, or where they stand still, the host's clock tells: ``host_count``.)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...trace import TraceWriter
from ..serial_monitor import write_samples
from .stream import Joules, Parsed, TimeStamp

HIGH_BUFFER_PERCENT = 90
"""Above this the PowerShield's buffer is about to overflow."""

_MAX_HELD_S = 10.0
"""Samples are written unaccounted for when no readable TimeStamp came for this long."""

_MAX_NOTES = 20


class SampleAccount:
    """Writes the parsed stream to a trace, as soon as it is accounted for."""

    def __init__(
        self, writer: TraceWriter, first_index: int, broken_word: str = "broken lines"
    ) -> None:
        """Begin at the stream's sample ``first_index``; ``broken_word`` names what is no sample."""
        self._writer = writer
        self._broken_word = broken_word
        self._rate_hz = writer.sample_rate_hz
        self._slack = 2 + math.ceil(self._rate_hz / 1000)
        """Samples by which a count may be off: a TimeStamp has whole milliseconds, and stands
        beside a sample."""
        self._start = first_index
        """The stream's index of the trace's first sample."""
        self._held: list[Joules] = []
        self._latest_j: Joules = np.zeros(0)
        self._held_from = first_index
        self._gaps: list[tuple[int, int]] = []
        self._first_stamp: TimeStamp | None = None
        self._last_stamp: TimeStamp | None = None
        self._stamps = 0
        self._broken = 0
        self._missing = 0
        self._surplus = 0
        self._full = 0
        self._fullest = 0
        self._edges = 0
        self._skipped_edges = 0
        self._next_edge: int | None = None
        self._notes: list[str] = []

    @property
    def lost(self) -> int:
        """Count broken lines and lines that never came."""
        return self._broken + self._missing

    @property
    def came(self) -> int:
        """Return the samples of this recording up to now, those that are held back included."""
        return self._held_from + sum(map(len, self._held)) - self._start

    @property
    def surplus(self) -> int:
        """Return how many more samples came than the monitor's clock allows, at worst."""
        return self._surplus

    @property
    def latest_j(self) -> Joules:
        """Return the last samples that came at once, in joules per sample period."""
        return self._latest_j

    @property
    def why(self) -> list[str]:
        said = []
        if self._broken:
            said.append(f"{self._broken} {self._broken_word}")
        if self._missing:
            said.append(f"{self._missing} missing by the monitor's own clock")
        if self._full:
            said.append(f"its buffer was {self._fullest} % full")
        return said

    def add(self, parsed: Parsed) -> None:
        """Take the next piece of the stream."""
        self._held.append(parsed.energy_j)
        if len(parsed.energy_j):
            self._latest_j = parsed.energy_j
        self._gaps += parsed.gaps
        self._broken += sum(lost for _, lost in parsed.gaps)
        for edge in parsed.edges:
            self._writer.event((edge.index - self._start) / self._rate_hz)
            self._edges += 1
            if self._next_edge is not None and edge.number != self._next_edge:
                self._skipped_edges += 1
                self.note(f"event {edge.number:02d} where {self._next_edge:02d} was to come")
            self._next_edge = edge.number + 1
        for stamp in parsed.timestamps:
            self._settle(stamp)
        if sum(map(len, self._held)) > _MAX_HELD_S * self._rate_hz + 1000:
            self.write_all()

    def note(self, line: str) -> None:
        """Keep something that was said while recording, for the provenance."""
        if len(self._notes) < _MAX_NOTES:
            self._notes.append(line)

    def _settle(self, stamp: TimeStamp) -> None:
        self._stamps += 1
        self._fullest = max(self._fullest, stamp.buffer_percent)
        self._full += stamp.buffer_percent > HIGH_BUFFER_PERCENT
        deficit = 0
        if self._first_stamp is None:
            self._first_stamp = stamp
        else:
            first = self._first_stamp
            came = stamp.index + stamp.lost - first.index - first.lost + self._missing
            deficit = round((stamp.time_s - first.time_s) * self._rate_hz) - came
            self._surplus = max(self._surplus, -deficit)
        self._last_stamp = stamp
        if deficit <= self._slack:
            self._write_to(stamp.index)
            return
        self._missing += deficit
        self._writer.gap(deficit // 2)
        self._write_to(stamp.index)
        self._writer.gap(deficit - deficit // 2)

    def _write_to(self, index: int) -> None:
        """Write what is held in front of the stream's sample ``index``."""
        held = np.concatenate(self._held) if len(self._held) != 1 else self._held[0]
        size = index - self._held_from
        gaps = [gap for gap in self._gaps if gap[0] <= index]
        self._gaps = self._gaps[len(gaps) :]
        write_samples(self._writer, held[:size], gaps, self._held_from)
        self._held = [held[size:]]
        self._held_from = index

    def write_all(self) -> None:
        """Write what is still held, accounted for or not."""
        self._write_to(self._held_from + sum(map(len, self._held)))

    def provenance(self) -> Mapping[str, Any]:
        last = self._last_stamp
        return {
            "samples": self._writer.count,
            "samples_broken_lines": self._broken,
            "samples_missing_by_timestamps": self._missing,
            "samples_surplus_by_timestamps": max(0, self._surplus),
            "samples_after_last_timestamp": self._held_from - (last.index if last else self._start),
            "timestamps": self._stamps,
            "buffer_max_percent": self._fullest,
            "buffer_above_90_percent": self._full,
            "event_numbers_skipped": self._skipped_edges,
            "said_while_recording": list(self._notes),
        }
