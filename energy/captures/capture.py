"""What a file of another program becomes: a trace, what was seen beside it, what is to be told."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import TraceError
from ..trace import EnergyTrace, TraceWriter

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

MAX_SAMPLES = 1 << 32
"""The most samples that are read: twelve hours at 100 kHz, 17 GB of trace."""

MAX_EDGES = 100_000
"""The most edges that are kept; a session of ten windows has 21."""

_MAX_GAPS = 1_000_000
_MAX_POWER_W = 1e6
"""No bench has more: a file that says so is damaged."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Says what a file does not tell by itself."""

    supply_v: float | None = None
    """The voltage at which a current was drawn, where the file has no voltage."""
    pin: int | None = 0
    """The digital input that the timestamp pin was wired to; None: no edges are taken."""
    instrument: str = ""
    """The serial number of the instrument, where a file has several."""
    trial: int = 1
    """The entry of a results.json, from 1."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Is a file that was read."""

    kind: str
    trace: EnergyTrace
    mean_a: float | None = None
    """The mean of the currents in the file; None where it has none."""
    max_a: float | None = None
    notes: tuple[str, ...] = ()
    """What a reader of the figures should know, a sentence each."""


class CaptureWriter:
    """Writes a capture's samples as a trace: lost ones become gaps, leading ones are left out."""

    def __init__(self, path: Path, writer: TraceWriter) -> None:
        """Write into ``writer``; ``path`` is the capture's, for errors."""
        self._path = path
        self._writer = writer
        self._began = False
        self._gaps = self._events = 0
        self._sum_a, self._max_a = 0.0, float("-inf")
        self.lead_in = 0
        """Lost samples at the beginning, which the trace does not have."""
        self.lost = 0

    def add(
        self,
        energy_j: npt.NDArray[np.float64],
        lost: npt.NDArray[np.bool_],
        edges: Sequence[float] = (),
        current_a: npt.NDArray[np.floating[Any]] | None = None,
    ) -> None:
        """Append samples in joules per period; (samples,) each.

        ``lost`` tells which of them are none, ``edges`` at which of them, fractions included, the
        pin fell. TraceError where they can be no measurement.
        """
        import numpy as np

        if not self._began:
            first = len(lost) if lost.all() else int(np.argmin(lost))
            self.lead_in += first
            self._began = first < len(lost)
            energy_j, lost = energy_j[first:], lost[first:]
            current_a = None if current_a is None else current_a[first:]
            edges = [edge - first for edge in edges if edge >= first]
        if not len(lost):
            return
        kept = ~lost
        self._check(energy_j, kept)
        self._note_edges(edges, kept)
        for start, end in pairwise([0, *(np.flatnonzero(np.diff(kept)) + 1).tolist(), len(kept)]):
            if kept[start]:
                self._writer.append(energy_j[start:end])
                continue
            self._writer.gap(end - start)
            self.lost += end - start
            self._gaps += 1
            if self._gaps > _MAX_GAPS:
                raise TraceError(f"{self._path}: samples are missing in {_MAX_GAPS} places")
        if current_a is not None and kept.any():
            self._sum_a += float(current_a[kept].sum(dtype=np.float64))
            self._max_a = max(self._max_a, float(current_a[kept].max()))

    def _check(self, energy_j: npt.NDArray[np.float64], kept: npt.NDArray[np.bool_]) -> None:
        import numpy as np

        most_j = _MAX_POWER_W / self._writer.sample_rate_hz
        wrong = kept & ~(np.abs(energy_j) <= most_j)
        if wrong.any():
            place = int(np.argmax(wrong))
            power_w = energy_j[place] * self._writer.sample_rate_hz
            raise TraceError(
                f"{self._path}: a power of {power_w:g} W {place + self._writer.count} samples on "
                "from its beginning: the file is damaged"
            )

    def _note_edges(self, edges: Sequence[float], kept: npt.NDArray[np.bool_]) -> None:
        import numpy as np

        if not len(edges):
            return
        before = np.concatenate(([0], np.cumsum(kept)))
        for edge in edges:
            whole = min(int(edge), len(kept) - 1)
            place = float(before[whole]) + (edge - whole if kept[whole] else 0.0)
            self._writer.event((self._writer.count + place) / self._writer.sample_rate_hz)
            self._events += 1
        if self._events > MAX_EDGES:
            raise too_many_edges(self._path)

    @property
    def currents_a(self) -> tuple[float | None, float | None]:
        """Return mean and greatest of the currents that were given; None without any."""
        if self._max_a == float("-inf"):
            return None, None
        return self._sum_a / self._writer.count, self._max_a

    def told(self) -> list[str]:
        """Say in sentences what was left out."""
        said = []
        if self.lead_in:
            said.append(f"The first {self.lead_in} samples are none; the trace begins after them.")
        if self.lost:
            said.append(f"{self.lost} samples were lost; a window that has one is invalid.")
        return said


def too_many_edges(path: Path) -> TraceError:
    """Return the error of an input that is no timestamp pin."""
    return TraceError(
        f"{path}: more than {MAX_EDGES} edges on its input: is the timestamp pin on another "
        "(--input N)? --input none takes none"
    )


def check_size(path: Path, samples: int, target: Path) -> None:
    """Refuse (TraceError) a capture whose trace would be too long, or has no room at ``target``."""
    if not samples:
        raise TraceError(f"{path}: it holds no samples")
    if samples > MAX_SAMPLES:
        raise TraceError(
            f"{path}: it says that it holds {samples} samples, and {MAX_SAMPLES} are the most that "
            "are read; save a part of it"
        )
    free = shutil.disk_usage(target.parent).free
    if 4 * samples > free:
        raise TraceError(
            f"{path}: its trace takes {4 * samples / 1e9:.1f} GB, and {target.parent} has "
            f"{free / 1e9:.1f} GB left; give --out a folder with room, or save a part of it"
        )
