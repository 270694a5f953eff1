"""Follows one acquisition of an STLINK-V3PWR: its samples, what it says between them, its clock.

TimeStamps account for samples (``lpm01a.account``) where they go with the host's clock. One that
does not is not believed, so that a misunderstood one accuses nobody of a loss.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ...errors import MonitorError, MonitorTimeout
from ...trace import TraceWriter
from ..host_count import HostCount
from ..lpm01a.account import SampleAccount
from ..lpm01a.stream import COMPLETED, Lpm01aStream, Parsed, TimeStamp
from .stream import BinaryStream

MAX_CURRENT_A = 0.5

_SILENCE_S = 3.0
_LATE_S = 0.3
"""By how much one TimeStamp may be later than another, or samples sooner than their rate allows, in
addition to what the clocks differ by."""
_FIRST_LATE_S = 5.0
"""How late the first TimeStamp may have come."""
_CLOCKS_DIFFER = 0.01
_SUPPLY_TOLERANCE = 0.05
_VOLTAGES_MV = range(500, 6000)
"""What can be a voltage: another number is something that is not understood."""
_OVER_CURRENT = re.compile(r"over.?current", re.IGNORECASE)
_VOLTAGE = re.compile(r"voltage (\d+) mV")


class Recording:
    """Takes what comes, and says what is wrong with it."""

    def __init__(
        self,
        name: str,
        writer: TraceWriter,
        stream: BinaryStream | Lpm01aStream,
        joules_per_ampere: float,
        service_interval_s: float,
    ) -> None:
        """Begin; an ASCII stream gives amperes, a binary one joules already."""
        self.writer = writer
        self._name = name
        self._stream = stream
        self._joules_per_ampere = joules_per_ampere
        self._is_ascii = isinstance(stream, Lpm01aStream)
        broken = "broken lines" if self._is_ascii else "broken samples"
        self.account = SampleAccount(writer, 0, broken)
        self.count = HostCount(writer.sample_rate_hz, service_interval_s)
        self._lines: list[str] = []
        self._peaks_a: deque[float] = deque([0.0], maxlen=3)
        """The highest current of each of the last pieces."""
        self._started_s: float | None = None
        self._heard_at_s = 0.0
        self._least_lag_s: float | None = None
        self._first_stamp_s = 0.0
        self._stamps_not_believed = 0
        self._measured_mv: int | None = None
        self._completed = False

    def take(self, data: bytes, now_s: float) -> None:
        """Take what came, at this time of the host's clock."""
        if self._started_s is None:
            self._started_s = self._heard_at_s = now_s
        if data:
            self._heard_at_s = now_s
        parsed = self._stream.feed(data)
        if self._is_ascii:
            parsed = replace(parsed, energy_j=parsed.energy_j * self._joules_per_ampere)
        if len(parsed.energy_j):
            self._peaks_a.append(float(parsed.energy_j.max()) / self._joules_per_ampere)
        self.account.add(replace(parsed, timestamps=self._believed(parsed, now_s)))
        if self.account.came:  # how long the first ones took is no loss
            self.count.seen(now_s, self.account.came, self.account.lost)
        for line in parsed.lines:
            self.account.note(line)
        self._lines += parsed.lines

    def _believed(self, parsed: Parsed, now_s: float) -> tuple[TimeStamp, ...]:
        """Return the TimeStamps that go with the host's clock."""
        believed = []
        for stamp in parsed.timestamps:
            lag_s = now_s - stamp.time_s
            if self._least_lag_s is None:
                self._least_lag_s, self._first_stamp_s = lag_s, stamp.time_s
            late_s = lag_s - self._least_lag_s
            since_s = abs(now_s - self._least_lag_s - self._first_stamp_s)
            if -_FIRST_LATE_S <= late_s <= _LATE_S + _CLOCKS_DIFFER * since_s:
                self._least_lag_s = min(lag_s, self._least_lag_s)
                believed.append(stamp)
            else:
                self._stamps_not_believed += 1
        return tuple(believed)

    def check(self, now_s: float, *, asked_to_end: bool = False) -> None:
        """MonitorError where it has said, or shows, that this is no measurement any more."""
        lines, self._lines = self._lines, []
        for line in lines:
            if _OVER_CURRENT.search(line):
                raise MonitorError(
                    f"{self._name} has cut the supply: {line}. The highest reading of the last "
                    f"moments was {max(self._peaks_a):.3g} A, and it supplies at most "
                    f"{MAX_CURRENT_A:g} A: a board that draws more needs another monitor"
                )
            if line.lower().startswith("err"):
                raise MonitorError(f"{self._name} stopped measuring: {'; '.join(lines)}")
            if COMPLETED in line:
                self._completed = True
                if not asked_to_end:
                    raise MonitorError(f"{self._name} ended the acquisition without being asked")
            if found := _VOLTAGE.fullmatch(line):
                self._check_voltage(int(found[1]))
        self._check_pace(now_s)

    def _check_voltage(self, measured_mv: int) -> None:
        self._measured_mv = measured_mv
        supply_v = self._joules_per_ampere * self.writer.sample_rate_hz
        off_v = abs(measured_mv / 1000 - supply_v)
        if measured_mv in _VOLTAGES_MV and off_v > _SUPPLY_TOLERANCE * supply_v:
            raise MonitorError(
                f"{self._name} says that its output has {measured_mv / 1000:g} V, it was set to "
                f"{supply_v:g} V: the energy would be wrong by as much"
            )

    def _check_pace(self, now_s: float) -> None:
        """MonitorTimeout when nothing comes; MonitorError when more comes than there can be."""
        rate_hz = self.writer.sample_rate_hz
        silent_s = now_s - self._heard_at_s
        if silent_s > max(_SILENCE_S, 3 / rate_hz):
            raise MonitorTimeout(
                f"{self._name}: recording, but nothing came for {silent_s:.1f} s; check its USB "
                "cable"
            )
        elapsed_s = now_s - (self._started_s or 0.0)
        if self.account.came / rate_hz > elapsed_s * (1 + _CLOCKS_DIFFER) + _LATE_S:
            raise MonitorError(
                f"{self._name}: {self.account.came} samples came in {elapsed_s:.1f} s: the sample "
                f"rate is not the {rate_hz:g} Hz that was set"
            )

    def write_all(self) -> None:
        """Write what is still held back until a TimeStamp accounts for it."""
        self.account.write_all()

    def provenance(self) -> Mapping[str, Any]:
        return {
            "sample_rate_hz": self.writer.sample_rate_hz,
            **self.account.provenance(),
            "timestamps_not_believed": self._stamps_not_believed,
            "measured_mv": self._measured_mv,
            "end_was_told": self._completed,
        }
