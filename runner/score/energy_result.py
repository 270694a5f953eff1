"""What an energy session measured: its windows in joules and seconds, statistics on demand."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean, median, stdev
from typing import Any

from ...energy.trace import EventSource
from ...energy.windows import EnergyWindow
from .results import PerformanceResult, Window


@dataclass(frozen=True, slots=True)
class MeasuredWindow:
    """One window of a trace, and the inferences that ran in it."""

    window: EnergyWindow
    file: str
    offset: int
    iterations: int
    line: int | None = None
    """1-based line of the log where its results stand."""

    @property
    def number(self) -> int:
        return self.window.number

    @property
    def invalid(self) -> str | None:
        """Why the window cannot count, else None."""
        return self.window.invalid

    @property
    def energy_per_inference_j(self) -> float | None:
        """None where the window cannot count."""
        if self.invalid is not None or self.window.energy_j is None or self.iterations < 1:
            return None
        return self.window.energy_j / self.iterations

    @property
    def timing(self) -> Window:
        """The same window as a performance session's: timed by the monitor's clock."""
        return Window(
            number=self.number,
            file=self.file,
            offset=self.offset,
            iterations=self.iterations,
            elapsed_s=self.window.duration_s if self.window.duration_s > 0 else None,
            invalid=self.invalid,
            line=self.line,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "file": self.file,
            "offset": self.offset,
            "iterations": self.iterations,
            "start_s": self.window.start_s,
            "end_s": self.window.end_s,
            "energy_j": self.window.energy_j,
            "power_w": self.window.power_w,
            "energy_per_inference_j": self.energy_per_inference_j,
            "throughput": self.timing.throughput,
            "invalid": self.invalid,
        }


@dataclass(frozen=True, slots=True)
class EnergyResult:
    """The windows of an energy session, in order, and what its trace is worth."""

    windows: tuple[MeasuredWindow, ...]
    edge_error: str | None = None
    """Why the trace's events are not those of the session's windows (then there are none)."""
    event_source: EventSource = EventSource.MONITOR
    event_uncertainty_s: float = 0.0
    lost_samples: int = 0
    lost_error: str | None = None
    """Why so many samples are missing that nothing counts, else None."""

    @property
    def energies_j(self) -> tuple[float, ...]:
        """Joules per inference of the valid windows."""
        return tuple(
            energy_j for w in self.windows if (energy_j := w.energy_per_inference_j) is not None
        )

    @property
    def median_energy_j(self) -> float | None:
        """Joules per inference: the published result. None without a valid window."""
        return median(self.energies_j) if self.energies_j else None

    @property
    def coefficient_of_variation(self) -> float | None:
        """Sample standard deviation of the energies per inference over their mean."""
        energies_j = self.energies_j
        if len(energies_j) < 2 or not fmean(energies_j):
            return None
        return stdev(energies_j) / abs(fmean(energies_j))

    @property
    def performance(self) -> PerformanceResult:
        """Throughput from the same windows."""
        return PerformanceResult(tuple(window.timing for window in self.windows))

    def to_json(self) -> dict[str, Any]:
        return {
            "median_energy_per_inference_j": self.median_energy_j,
            "coefficient_of_variation": self.coefficient_of_variation,
            "median_throughput": self.performance.median_throughput,
            "event_source": self.event_source.name.lower(),
            "event_uncertainty_s": self.event_uncertainty_s,
            "lost_samples": self.lost_samples,
            "lost_error": self.lost_error,
            "edge_error": self.edge_error,
            "windows": [window.to_json() for window in self.windows],
        }
