"""Energy traces for a page: the least and greatest power of as many stretches as it has room for.

A page holds them packed, as milliwatts: about a byte a number of an instrument with few steps, at
most 2.3. The page's script draws as many columns as its plot is wide and looks the rest up while
one zooms, so that a drawing never has more than a few thousand points, however long the trace. Each
plot has words for those who do not see it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from ....energy.errors import TraceError
from ....energy.trace import EnergyTrace
from ....energy.trace_files import (
    DEFAULT_NAME,
    details_path,
    energy_path,
    read_results_json,
    read_trace,
    timestamps_path,
)
from ....errors import TinyrunnerError
from ...score.results import MeasuredWindow
from ...terms import Dialect
from ..budget import MAX_PLOTS, Budget
from ..page import ReportSession

MAX_MARKS = 200
"""Windows and events drawn; an honest session has five and eleven."""

_BLOCK_BUCKETS = 1 << 14

Buckets = npt.NDArray[np.float32]


class NoTraceError(TinyrunnerError):
    """Says why there is no trace to draw."""


@dataclass(frozen=True, slots=True)
class DrawnTrace:
    """Is one trace, as the page holds it."""

    title: str
    rate_hz: float
    samples: int
    per_bucket: int
    """Samples in each stretch; the last may have fewer."""
    least_mw: Buckets
    greatest_mw: Buckets | None
    """The greatest power of each stretch; None where a stretch is one sample."""
    windows: tuple[MeasuredWindow, ...]
    events_s: tuple[float, ...]
    lost_s: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "rate_hz": self.rate_hz,
            "samples": self.samples,
            "per_bucket": self.per_bucket,
            "windows": [
                {
                    "number": window.number,
                    "start_s": window.window.start_s,
                    "end_s": window.window.end_s,
                    "valid": window.invalid is None,
                }
                for window in self.windows[:MAX_MARKS]
            ],
            "events_s": self.events_s[:MAX_MARKS],
            "lost_s": self.lost_s[:MAX_MARKS],
        }

    @property
    def described(self) -> str:
        """Say what the plot's data are, for its caption."""
        text = f"{self.samples} samples at {self.rate_hz:g} Hz"
        if self.per_bucket == 1:
            return text + ", all of them in this page"
        stretch_ms = 1e3 * self.per_bucket / self.rate_hz
        return (
            f"{text}; this page holds the least and the greatest of every {self.per_bucket} "
            f"({stretch_ms:.3g} ms)"
        )


def drawn_traces(session: ReportSession, buckets: int) -> list[DrawnTrace]:
    """Return a session's traces: one, or MLCommons' one a trial; or NoTraceError."""
    assessment = session.assessment
    windows = () if assessment is None or assessment.energy is None else assessment.energy.windows
    mlcommons = assessment is not None and assessment.facts.dialect is Dialect.MLCOMMONS
    try:
        if mlcommons:
            return _trials(session, windows, buckets)
        return [draw_trace(_one(session), windows, "The whole session", buckets)]
    except (TraceError, OSError) as error:
        raise NoTraceError(str(error)) from error


def _one(session: ReportSession) -> EnergyTrace:
    energy, stamps = energy_path(session.folder), timestamps_path(session.folder)
    details = details_path(session.folder)
    wanted = [energy.name] if details.exists() else [energy.name, stamps.name]
    # The trace's reader takes the details where they are, so a link must not stand there.
    optional = [details.name] if details.is_symlink() or details.exists() else []
    if not session.may_open(*wanted, *optional):
        raise NoTraceError(f"the folder holds no {DEFAULT_NAME}-energy.bin with what belongs to it")
    return read_trace(session.folder)


def _trials(
    session: ReportSession, windows: tuple[MeasuredWindow, ...], buckets: int
) -> list[DrawnTrace]:
    if not session.may_open("results.json"):
        raise NoTraceError("the folder holds no results.json")
    traces = read_results_json(session.folder / "results.json")[:MAX_PLOTS]
    return [
        draw_trace(trace, windows[index : index + 1], f"Trial {index + 1}", buckets)
        for index, trace in enumerate(traces)
    ]


def draw_trace(
    trace: EnergyTrace, windows: tuple[MeasuredWindow, ...], title: str, buckets: int
) -> DrawnTrace:
    """Find the least and greatest power in stretches of equally many samples, in milliwatts."""
    count = len(trace.samples_uj)
    if count == 0:
        raise NoTraceError("the trace holds no samples")
    per_bucket = max(1, ceil(count / buckets))
    milliwatts = trace.sample_rate_hz * 1e-3  # of a microjoule a sample
    least, greatest = _envelope(trace, per_bucket)
    with np.errstate(over="ignore"):  # beyond float32: drawn as a hole
        least_mw, greatest_mw = least * milliwatts, greatest * milliwatts
    return DrawnTrace(
        title=title,
        rate_hz=trace.sample_rate_hz,
        samples=count,
        per_bucket=per_bucket,
        least_mw=least_mw.astype(np.float32),
        greatest_mw=None if per_bucket == 1 else greatest_mw.astype(np.float32),
        windows=windows,
        events_s=trace.events_s,
        lost_s=tuple(gap.index / trace.sample_rate_hz for gap in trace.gaps[:MAX_MARKS]),
    )


def _envelope(trace: EnergyTrace, per_bucket: int) -> tuple[Buckets, Buckets]:
    """Find the least and greatest block by block: a trace may be much larger than the memory."""
    least, greatest = [], []
    step = per_bucket * _BLOCK_BUCKETS
    for start in range(0, len(trace.samples_uj), step):
        block = np.asarray(trace.samples_uj[start : start + step])
        starts = np.arange(0, len(block), per_bucket)
        least.append(np.minimum.reduceat(block, starts))
        greatest.append(np.maximum.reduceat(block, starts))
    return np.concatenate(least), np.concatenate(greatest)


@dataclass(frozen=True, slots=True)
class Plot:
    """Is a plot that the page's script draws."""

    anchor: str
    kind: str
    """The kind of plot: trace, roc, histogram or trend."""
    title: str
    described: str
    """The plot in words, for those who do not see it."""
    data: dict[str, Any]
    note: str = ""
    """What the data are, behind the title."""
    arrays: tuple[Buckets, ...] = ()
    """Of a trace the least power of each stretch, and the greatest where it is another."""
    windows: tuple[int, ...] = ()
    """Numbers of the windows that a trace can be zoomed to."""


def add_traces(
    session: ReportSession, anchor: str, budget: Budget, plots: list[Plot], missing: list[str]
) -> None:
    """Append a plot of each trace; else why there is none."""
    if not budget.traces:
        missing.append("No energy trace: this page draws no more; a report of this session does.")
        return
    try:
        traces = drawn_traces(session, budget.buckets)[: budget.traces]
        budget.traces -= len(traces)
    except NoTraceError as error:
        missing.append(f"No energy trace: {error}.")
        return
    plots += [trace_plot(trace, f"{anchor}-trace{index}") for index, trace in enumerate(traces)]


def trace_plot(trace: DrawnTrace, anchor: str) -> Plot:
    """Make the plot of a trace."""
    title = trace.title.lower()
    return Plot(
        anchor,
        "trace",
        f"Power: {title}",
        f"Power over time of {title}: {trace.described}; {len(trace.windows)} windows marked",
        trace.to_json(),
        trace.described,
        (trace.least_mw,) if trace.greatest_mw is None else (trace.least_mw, trace.greatest_mw),
        tuple(window.number for window in trace.windows[:10]),
    )
