"""A trace: joules per sample period, edges of the timestamp pin, what is missing, its origin.

The samples live in a file (EEMBC's ``trace1-energy.bin``: the byte 0xF1, the rate in Hz as float32
LE, then microjoules per sample as float32 LE), written while they come, so that an hour at 100 kHz
takes no memory; a trace maps that file. `trace_files` reads and writes what stands beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from math import isfinite
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from .errors import TraceError

if TYPE_CHECKING:  # numpy is imported by who reads or writes samples
    import numpy as np
    import numpy.typing as npt

MAGIC = 0xF1
HEADER = struct.Struct("<Bf")

Samples: TypeAlias = "npt.NDArray[np.float32]"


class TraceOrigin(Enum):
    """Says whose software recorded a trace, and so how it takes energy between two moments."""

    OURS = "tinyrunner"
    EEMBC = "EEMBC"
    MLCOMMONS = "MLCommons"


class EventSource(Enum):
    """Says who saw the edges of the timestamp pin."""

    MONITOR = "the monitor's event input"
    IO_MANAGER = "the IO manager's timer, aligned to the trace"
    HOST = "soft markers of the host, never valid for submission"

    @property
    def key(self) -> str:
        """Return the word that files have for it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Gap:
    """Says that ``lost`` samples are missing in front of sample ``index``."""

    index: int
    lost: int


@dataclass(frozen=True, slots=True)
class EnergyTrace:
    """Is a finished recording. Sample k covers the time from k / rate to (k + 1) / rate."""

    sample_rate_hz: float
    samples_uj: Samples
    """Microjoules per sample period, as the file has them; possibly mapped from it."""
    events_s: tuple[float, ...]
    """Edges of the timestamp pin in seconds on the trace's own axis, in order."""
    gaps: tuple[Gap, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """Monitor, serial number, firmware, supply, settings; plain values."""
    origin: TraceOrigin = TraceOrigin.OURS
    event_source: EventSource = EventSource.MONITOR
    event_uncertainty_s: float = 0.0
    """How far an event can be from the true edge, beyond the monitor's own resolution."""

    @property
    def lost_samples(self) -> int:
        """Count the samples that the monitor, or the link to it, lost."""
        return sum(gap.lost for gap in self.gaps)

    @property
    def lost_fraction(self) -> float:
        """Return the share of lost samples in all that there should be."""
        lost = self.lost_samples
        return lost / (lost + len(self.samples_uj)) if lost else 0.0

    @property
    def duration_s(self) -> float:
        return len(self.samples_uj) / self.sample_rate_hz


class TraceWriter:
    """Appends what a monitor records to a file; a context manager."""

    def __init__(self, path: Path, sample_rate_hz: float) -> None:
        if not (isfinite(sample_rate_hz) and sample_rate_hz > 0):
            raise TraceError(f"{path}: a sample rate of {sample_rate_hz} Hz, expected above 0")
        self.path = path
        self.sample_rate_hz = sample_rate_hz
        self.count = 0
        """Samples written so far."""
        self._events_s: list[float] = []
        self._gaps: dict[int, int] = {}
        self._file = path.open("xb")
        self._file.write(HEADER.pack(MAGIC, sample_rate_hz))

    def append(self, energy_j: npt.NDArray[np.floating[Any]]) -> None:
        """Append samples in joules per period, in order."""
        import numpy as np

        self._file.write((np.asarray(energy_j) * 1e6).astype("<f4").tobytes())
        self.count += len(energy_j)

    def event(self, time_s: float) -> None:
        """Note an edge of the timestamp pin at ``time_s`` on the trace's axis."""
        self._events_s.append(time_s)

    def gap(self, lost: int, index: int | None = None) -> None:
        """Note that ``lost`` samples are missing before sample ``index``, or the next one."""
        place = self.count if index is None else index
        self._gaps[place] = self._gaps.get(place, 0) + lost

    def flush(self) -> None:
        self._file.flush()

    def finish(self, provenance: Mapping[str, Any]) -> EnergyTrace:
        """Close the file and return the trace that maps it."""
        import numpy as np

        self.close()
        samples = (
            np.memmap(self.path, "<f4", "r", offset=HEADER.size)
            if self.count
            else np.zeros(0, np.float32)
        )
        if len(samples) != self.count:
            raise TraceError(f"{self.path} holds {len(samples)} samples, {self.count} were written")
        return EnergyTrace(
            self.sample_rate_hz,
            samples,
            tuple(sorted(self._events_s)),
            tuple(Gap(index, lost) for index, lost in sorted(self._gaps.items())),
            dict(provenance),
        )

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
