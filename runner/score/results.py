"""The results of a session: raw numbers first, statistics such as medians derived on demand.

A performance session has windows in seconds, an energy session in joules and seconds; an accuracy
session has rates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ...energy.trace import EventSource
from ...energy.windows import EnergyWindow
from ...models.suite import Metric
from .json_form import JsonForm
from .median import coefficient_of_variation, median_of

MAX_NAMES = 100
"""Names kept of a list; the count is always the whole."""


@dataclass(frozen=True, slots=True)
class NameList(JsonForm):
    """Says how many names there are, and the first of them."""

    JSON = "count names"

    count: int = 0
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Iterable[str]) -> NameList:
        kept: list[str] = []
        count = 0
        for name in names:
            count += 1
            if count <= MAX_NAMES:
                kept.append(name)
        return cls(count, tuple(kept))

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        shown = ", ".join(self.names[:3])
        return f"{shown} and {self.count - 3} more" if self.count > 3 else shown


class OddScores(NamedTuple):
    """Says what is wrong with the scores of a window, which does not need them."""

    text: str
    readable: bool
    """They are numbers."""


@dataclass(frozen=True, slots=True)
class TimedWindow(JsonForm):
    """Is one timed stretch of inferences. Times in seconds."""

    JSON = "number file offset iterations elapsed_s host_elapsed_s invalid throughput"

    number: int
    """The number as the log's runner counts: EEMBC's and ours 2, 4, 6, 8, 10, MLCommons' 1 to 5."""
    file: str
    offset: int
    iterations: int
    elapsed_s: float | None
    """Seconds by the device's own timer; None where it is unknown or not to be trusted."""
    host_elapsed_s: float | None = None
    """Seconds by the stamps of the log; None where they are coarser than a millisecond."""
    invalid: str | None = None
    """Why the window cannot count, else None."""
    line: int | None = None
    """The line of the log, from 1, where the results stand; None where nobody knows."""
    odd_scores: OddScores | None = None
    """What is wrong with the window's scores, which it does not need; else None."""

    @property
    def throughput(self) -> float | None:
        """Return inferences per second."""
        if self.invalid is not None or not self.elapsed_s:
            return None
        return self.iterations / self.elapsed_s

    @property
    def timer_deviation(self) -> float | None:
        """Return how far the device's time is from the host's, as a fraction of the host's."""
        if self.elapsed_s is None or not self.host_elapsed_s:
            return None
        return (self.elapsed_s - self.host_elapsed_s) / self.host_elapsed_s


@dataclass(frozen=True, slots=True)
class PerformanceResult(JsonForm):
    """Holds the windows of a performance session, in order."""

    JSON = "median_throughput coefficient_of_variation windows"

    windows: tuple[TimedWindow, ...]

    @property
    def throughputs(self) -> tuple[float, ...]:
        """Return the throughputs of the valid windows."""
        return tuple(w.throughput for w in self.windows if w.throughput is not None)

    @property
    def median_throughput(self) -> float | None:
        """Return the published result in inferences per second.

        None without a valid window.
        """
        return median_of(self.throughputs)

    @property
    def coefficient_of_variation(self) -> float | None:
        """Return the throughputs' sample standard deviation over their mean."""
        return coefficient_of_variation(self.throughputs)


@dataclass(frozen=True, slots=True)
class FileScore(JsonForm):
    """Is an ad file: the mean error over its windows."""

    JSON = "file label score windows"

    file: str
    label: int
    score: float
    windows: int


@dataclass(frozen=True, slots=True)
class AccuracyResult(JsonForm):
    """Says what an accuracy session scored. Rates are fractions: 0.9 is 90 %."""

    JSON = (
        "metric top1 auc eembc_auc precision_recall listed inputs correct confusion file_scores "
        "wrong missing repeated unknown incomplete unreadable"
    )

    metric: Metric
    listed: int
    """Inputs of the label list; for ad: files."""
    inputs: int
    """Inputs that were inferred and scored."""
    correct: int
    """Inputs whose first class is right; for ad: at the best threshold (informative)."""
    auc: float | None
    """The area under the ROC curve; None where a class has no input, or every input is of one
    class, or the scores do not allow it."""
    eembc_auc: float | None = None
    """The AUC that EEMBC's runner prints, by a formula of its own (informative); None for ad."""
    auc_missing: str | None = None
    """Why the scores allow no AUC; None where they do."""
    noughts: NameList = NameList()
    """Inputs whose every score is 0, by which the first class wins."""
    precision_recall: float | None = None
    """MLCommons' "Top 1%" of ad: the best mean of precision and recall (informative)."""
    confusion: tuple[tuple[int, ...], ...] = ()
    """Rows: true class, columns: first class; empty for ad."""
    file_scores: tuple[FileScore, ...] = ()
    """The scores of ad's files, in the order of the list; empty for classifiers."""
    wrong: NameList = NameList()
    """Inputs whose first class is not their label; empty for ad."""
    missing: NameList = NameList()
    repeated: NameList = NameList()
    """Inputs inferred more than once (the first answer counts); for ad: windows."""
    unknown: NameList = NameList()
    """Inputs inferred that the list does not hold, or that were not loaded."""
    incomplete: NameList = NameList()
    """Files of ad of which windows are missing."""
    unreadable: NameList = NameList()
    """Inputs that were answered by no scores that can be read; for ad: windows. What is said of the
    other inputs does not count them."""
    unreadable_first: tuple[int, str] | None = None
    """(line of the log, why) of the first of them."""

    @property
    def top1(self) -> float | None:
        return self.correct / self.inputs if self.inputs else None

    @property
    def figure(self) -> float | None:
        """Return the figure that the task's target is set in."""
        return self.auc if self.metric is Metric.AUC else self.top1


@dataclass(frozen=True, slots=True)
class MeasuredWindow(JsonForm):
    """Is one window of a trace, with the inferences that ran in it."""

    JSON = (
        "number file offset iterations start_s=window.start_s end_s=window.end_s "
        "energy_j=window.energy_j power_w=window.power_w energy_per_inference_j "
        "throughput=timing.throughput invalid"
    )

    window: EnergyWindow
    file: str
    offset: int
    iterations: int
    line: int | None = None
    """The line of the log, from 1, where its results stand."""
    odd_scores: OddScores | None = None
    """What is wrong with the window's scores, which it does not need; else None."""

    @property
    def number(self) -> int:
        return self.window.number

    @property
    def invalid(self) -> str | None:
        """Say why the window cannot count, else None."""
        return self.window.invalid

    @property
    def energy_per_inference_j(self) -> float | None:
        """Return joules per inference; None where the window cannot count."""
        if self.invalid is not None or self.window.energy_j is None or self.iterations < 1:
            return None
        return self.window.energy_j / self.iterations

    @property
    def timing(self) -> TimedWindow:
        """Return the window as a performance session's: timed by the monitor's clock."""
        return TimedWindow(
            number=self.number,
            file=self.file,
            offset=self.offset,
            iterations=self.iterations,
            elapsed_s=self.window.duration_s if self.window.duration_s > 0 else None,
            invalid=self.invalid,
            line=self.line,
            odd_scores=self.odd_scores,
        )


@dataclass(frozen=True, slots=True)
class EnergyResult(JsonForm):
    """Holds the windows of an energy session, in order, and what its trace is worth."""

    JSON = (
        "median_energy_per_inference_j=median_energy_j coefficient_of_variation "
        "median_throughput=performance.median_throughput event_source=event_source.key "
        "event_uncertainty_s lost_samples lost_error edge_error windows"
    )

    windows: tuple[MeasuredWindow, ...]
    edge_error: str | None = None
    """Why the trace's events are not those of the session's windows; then there are none, or those
    that EEMBC's runner took for them."""
    event_source: EventSource = EventSource.MONITOR
    event_uncertainty_s: float = 0.0
    lost_samples: int = 0
    lost_error: str | None = None
    """Why so many samples are missing that nothing counts, else None."""

    @property
    def edges(self) -> str:
        """Say who saw the edges, how closely, and what that is of the shortest window."""
        text, within_s = self.event_source.value, self.event_uncertainty_s
        if within_s:
            text += f", each within {within_s * 1e3:.2f} ms"
            shortest_s = min((w.window.duration_s for w in self.windows), default=0.0)
            if shortest_s > 0:
                text += f" ({within_s / shortest_s:.3%} of a window)"
        return text

    @property
    def energies_j(self) -> tuple[float, ...]:
        """Return joules per inference of the valid windows."""
        return tuple(
            energy_j for w in self.windows if (energy_j := w.energy_per_inference_j) is not None
        )

    @property
    def median_energy_j(self) -> float | None:
        """Return the published result in joules per inference.

        None without a valid window.
        """
        return median_of(self.energies_j)

    @property
    def coefficient_of_variation(self) -> float | None:
        """Return the energies' sample standard deviation over their mean."""
        return coefficient_of_variation(self.energies_j)

    @property
    def performance(self) -> PerformanceResult:
        """Return the throughput from these windows."""
        return PerformanceResult(tuple(window.timing for window in self.windows))
