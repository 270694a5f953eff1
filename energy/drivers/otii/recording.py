"""Takes a running recording from the Otii server, piece by piece, and writes it as a trace.

The server holds what its devices have recorded, and is asked for more of it again and again. An
analog channel comes as the time stamp of its first value, an interval and the values; a digital
one as a list of changes, each with its time stamp. All stamps are on the recording's own axis. The
current and the voltage have sample rates of their own (4 kHz and 1 kHz on an Arc): the voltage of a
current sample is interpolated. A piece that begins later than the samples before it allow is behind
a gap.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ...errors import MonitorError
from ...trace import TraceWriter
from .server import told_as_ours

CURRENT, VOLTAGE = "mc", "mv"
CHUNK_SAMPLES = 40_000
"""Values asked for at once: the package takes no more in one answer."""

MAX_SAMPLE_A, MAX_SAMPLE_V = 10.0, 30.0
"""Twice what an Ace measures: more is no reading."""

_STAMP_STEP_S = 1e-3
"""A time stamp may be in whole milliseconds: nobody says that it is not."""
_MOST_WAITING_S = 10.0
"""Seconds of current for which there may be no voltage yet."""

Floats = npt.NDArray[np.float64]


class Source(Protocol):
    """Is what is used of the package's ``Recording``."""

    def get_channel_data_count(self, device_id: str, channel: str) -> int: ...

    def get_channel_data(self, device_id: str, channel: str, index: int, count: int) -> Any: ...  # noqa: ANN401


@dataclass(slots=True)
class _Analog:
    """Is how far an analog channel has been taken."""

    channel: str
    most: float
    taken: int = 0
    lost: int = 0
    first_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """Is values that follow one another, after ``lost`` that are missing."""

    start_s: float
    interval_s: float
    values: Floats
    lost: int

    @property
    def middles_s(self) -> Floats:
        middles: Floats = self.start_s + (np.arange(len(self.values)) + 0.5) * self.interval_s
        return middles


class RecordingReader:
    """Asks for what is new, and writes it."""

    def __init__(
        self,
        name: str,
        source: Source,
        device_id: str,
        pin: str,
        *,
        pin_is_high: bool,
        writer: TraceWriter,
    ) -> None:
        """Begin; ``pin`` is the digital channel of the timestamps, ``pin_is_high`` its level.

        ``name`` is the device's, for errors.
        """
        self._name = name
        self._source = source
        self._device_id = device_id
        self._pin = pin
        self._pin_is_high = pin_is_high
        self.writer = writer
        self._amperes = _Analog(CURRENT, MAX_SAMPLE_A)
        self._volts = _Analog(VOLTAGE, MAX_SAMPLE_V)
        self._changes = 0
        self._waiting: deque[_Piece] = deque()
        """Currents whose voltage has not come yet."""
        self._knots_s: Floats = np.zeros(0)
        self._knots_v: Floats = np.zeros(0)
        self._peaks_a: deque[float] = deque([0.0], maxlen=2)
        self.voltage_v: float | None = None
        """The voltage at the end of the last fetch that had any, a mean over a tenth of it."""

    @property
    def came(self) -> int:
        """Count the samples of the current that have come, written or not."""
        return self._amperes.taken

    @property
    def lost(self) -> int:
        """Count the samples of the current that its time stamps miss."""
        return self._amperes.lost

    @property
    def peak_a(self) -> float:
        """Return the highest current of the last two fetches that had any."""
        return max(self._peaks_a)

    def fetch(self) -> int:
        """Take what is new and return how many samples of the current that is."""
        before = self.came
        pieces = self._new(self._amperes)
        self._waiting += pieces
        if pieces:
            self._peaks_a.append(max(float(piece.values.max()) for piece in pieces))
        for piece in self._new(self._volts):
            self._knots_s = np.concatenate([self._knots_s, piece.middles_s])
            self._knots_v = np.concatenate([self._knots_v, piece.values])
            self.voltage_v = float(piece.values[-max(1, len(piece.values) // 10) :].mean())
        self._write(last=False)
        if sum(len(one.values) * one.interval_s for one in self._waiting) > _MOST_WAITING_S:
            self._miss_voltage()
        if self._amperes.first_s is not None:
            self._take_edges(self._amperes.first_s)
        return self.came - before

    def write_all(self) -> None:
        """Write what still waits for its voltage with the last one known: no more will come."""
        self._write(last=True)

    def check_all_written(self) -> None:
        """MonitorError where there is current without any voltage."""
        if self._waiting:
            self._miss_voltage()

    def _miss_voltage(self) -> None:
        raise MonitorError(
            f"{self._name}: {self.came} samples of the current came, and no voltage for the last "
            "of them: see that its channel is on in the Otii application"
        )

    def _new(self, channel: _Analog) -> list[_Piece]:
        pieces: list[_Piece] = []
        with told_as_ours(f"{self._name}: taking the channel {channel.channel}"):
            count = self._source.get_channel_data_count(self._device_id, channel.channel)
            while channel.taken < count:
                most = min(count - channel.taken, CHUNK_SAMPLES)
                data = self._source.get_channel_data(
                    self._device_id, channel.channel, channel.taken, most
                )
                start_s, interval_s = float(data["timestamp"]), float(data["interval"])
                values = np.asarray(data["values"], np.float64)
                if not len(values):
                    break
                pieces.append(self._checked(channel, start_s, interval_s, values))
        return pieces

    def _checked(
        self, channel: _Analog, start_s: float, interval_s: float, values: Floats
    ) -> _Piece:
        """Return the piece, placed behind the one before; MonitorError where that cannot be."""
        place = f"{self._name}: value {channel.taken} of the channel {channel.channel}"
        if not (interval_s > 0 and np.abs(values).max() <= channel.most):
            raise MonitorError(
                f"{place}: no readings: from {values.min():g} to {values.max():g}, every "
                f"{interval_s:g} s"
            )
        rate_hz = self.writer.sample_rate_hz
        if channel.channel == CURRENT and abs(interval_s * rate_hz - 1) > 1e-6:
            raise MonitorError(
                f"{place}: {1 / interval_s:g} samples a second, {rate_hz:g} were expected"
            )
        if channel.first_s is None:
            channel.first_s = start_s
        due_s = channel.first_s + (channel.taken + channel.lost) * interval_s
        late_s = start_s - due_s
        lost = round(late_s / interval_s) if abs(late_s) > _STAMP_STEP_S + interval_s / 2 else 0
        if lost < 0:
            raise MonitorError(f"{place} is of {start_s:g} s, where {due_s:g} s was due")
        channel.lost += lost
        channel.taken += len(values)
        return _Piece(start_s, interval_s, values, lost)

    def _write(self, *, last: bool) -> None:
        while self._waiting and len(self._knots_s):
            piece = self._waiting[0]
            if not last and piece.middles_s[-1] > self._knots_s[-1]:
                return
            self._waiting.popleft()
            if piece.lost:
                self.writer.gap(piece.lost)
            volts = np.interp(piece.middles_s, self._knots_s, self._knots_v)
            self.writer.append(piece.values * volts * piece.interval_s)
            passed = int(np.searchsorted(self._knots_s, piece.middles_s[-1], side="right")) - 1
            self._knots_s = self._knots_s[max(0, passed) :]
            self._knots_v = self._knots_v[max(0, passed) :]

    def _take_edges(self, zero_s: float) -> None:
        """Note where the pin has fallen; ``zero_s`` is where the trace begins."""
        with told_as_ours(f"{self._name}: taking the digital input {self._pin}"):
            count = self._source.get_channel_data_count(self._device_id, self._pin)
            if count <= self._changes:
                return
            data = self._source.get_channel_data(
                self._device_id, self._pin, self._changes, count - self._changes
            )
            changes = [(float(one["timestamp"]), bool(one["value"])) for one in data["values"]]
        self._changes += len(changes)
        for time_s, high in changes:
            if self._pin_is_high and not high:
                self.writer.event(time_s - zero_s)
            self._pin_is_high = high
