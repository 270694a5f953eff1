"""Draws a trace: a picture of the whole with its windows marked, and one of each window.

A trace is drawn by the least and the greatest power in each of some 2000 columns, so that an
hour's samples draw as quickly as a minute's and no spike gets lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ...energy.trace import EnergyTrace
from ...energy.windows import EnergyWindow
from ..score.results import EnergyResult, MeasuredWindow

WHOLE_NAME = "energy_trace.png"
COLUMNS = 2000
MARGIN = 0.05
"""The share of a window's length that is shown on both sides of it."""

_WHOLE_INCHES = (12.0, 4.0)
_WINDOW_INCHES = (8.0, 4.0)
_MARGINS_INCHES = (0.8, 0.5, 0.1, 0.55)
"""Left, bottom, right and top: room for the axes' numbers and a title of two lines."""
_DPI = 100
_POWER, _VALID, _INVALID = "#1f4e79", "#2ca02c", "#d62728"

Floats = npt.NDArray[np.float64]


def window_name(index: int) -> str:
    """Name a window's picture as MLCommons' runner does: ``energy_inf_000.png``."""
    return f"energy_inf_{index:03d}.png"


def plot_energy(result: EnergyResult, traces: Sequence[EnergyTrace], folder: Path) -> list[Path]:
    """Draw each window, and the whole of a session with one trace; return the files."""
    if len(traces) == 1:
        written = [plot_whole(result, traces[0], folder / WHOLE_NAME)]
        each = zip(result.windows, list(traces) * len(result.windows), strict=True)
    else:
        written = []
        each = zip(result.windows, traces, strict=True)
    for index, (window, trace) in enumerate(each):
        written.append(plot_window(window, trace, folder / window_name(index)))
    return written


def plot_whole(result: EnergyResult, trace: EnergyTrace, path: Path) -> Path:
    """Draw the whole trace, its windows shaded and numbered, its events and gaps marked."""
    median_j = result.median_energy_j
    cost = "no valid window" if median_j is None else f"median {median_j * 1e6:.3f} µJ/inf."
    windows = [measured.window for measured in result.windows]
    return plot_trace(trace, windows, f"{len(windows)} windows, {cost}", path)


def plot_trace(trace: EnergyTrace, windows: Sequence[EnergyWindow], title: str, path: Path) -> Path:
    """Draw a trace with these windows into ``path``: as SVG where it ends so, else as PNG."""
    figure, axes = _figure(_WHOLE_INCHES)
    top_mw = _draw_power(axes, trace, 0.0, trace.duration_s)
    for window in windows:
        axes.axvspan(window.start_s, window.end_s, color=_colour(window), alpha=0.15, linewidth=0)
        middle_s = (window.start_s + window.end_s) / 2
        if 0 <= middle_s <= trace.duration_s:
            axes.text(middle_s, top_mw, f"{window.number}", ha="center", va="bottom")
    for event_s in trace.events_s[:1000]:
        axes.axvline(event_s, color="0.3", linewidth=0.6, linestyle=":")
    _draw_gaps(axes, trace, 0.0, trace.duration_s)
    axes.set_title(title, pad=18)
    return _save(figure, path)


def plot_window(measured: MeasuredWindow, trace: EnergyTrace, path: Path) -> Path:
    """Draw one window with a little on both sides of it."""
    window = measured.window
    margin_s = MARGIN * window.duration_s
    figure, axes = _figure(_WINDOW_INCHES)
    begin_s, end_s = window.start_s - margin_s, window.end_s + margin_s
    _draw_power(axes, trace, begin_s, end_s)
    axes.axvspan(window.start_s, window.end_s, color=_colour(window), alpha=0.15, linewidth=0)
    for event_s in (window.start_s, window.end_s):
        axes.axvline(event_s, color="0.3", linewidth=0.8, linestyle="--")
    _draw_gaps(axes, trace, begin_s, end_s)
    energy_j = measured.energy_per_inference_j
    if energy_j is None or window.power_w is None:
        told = "invalid"
    else:
        told = (
            f"{measured.iterations} inferences in {window.duration_s:.3f} s, "
            f"{window.power_w * 1e3:.3f} mW, {energy_j * 1e6:.3f} µJ/inf."
        )
    axes.set_title(f"Window {measured.number}: {told}\n{measured.file}", fontsize="medium")
    return _save(figure, path)


def envelope(
    trace: EnergyTrace, begin_s: float, end_s: float, columns: int = COLUMNS
) -> tuple[Floats, Floats, Floats]:
    """Return (seconds, least, greatest watts) of the trace in at most ``columns`` columns."""
    rate_hz, count = trace.sample_rate_hz, len(trace.samples_uj)
    first = min(max(int(begin_s * rate_hz), 0), count)
    last = min(max(int(np.ceil(end_s * rate_hz)), first), count)
    edges = np.unique(np.linspace(first, last, columns + 1).astype(np.int64))
    starts, ends = edges[:-1], edges[1:]
    values = np.asarray(trace.samples_uj[first:last])
    least, greatest = (
        extreme.reduceat(values, starts - first) if len(starts) else np.empty(0)
        for extreme in (np.minimum, np.maximum)
    )
    watts = rate_hz * 1e-6
    return (starts + ends) / (2 * rate_hz), least * watts, greatest * watts


def _figure(inches: tuple[float, float]) -> tuple[Figure, Axes]:
    # Margins of a fixed size: a layout that measures its texts draws each picture twice.
    figure = Figure(figsize=inches, dpi=_DPI)
    FigureCanvasAgg(figure)
    (left, bottom, right, top), (width, height) = _MARGINS_INCHES, inches
    axes = figure.add_axes(
        (left / width, bottom / height, 1 - (left + right) / width, 1 - (bottom + top) / height)
    )
    axes.set_xlabel("Time (s)")
    axes.set_ylabel("Power (mW)")
    axes.grid(alpha=0.3)
    return figure, axes


def _draw_power(axes: Axes, trace: EnergyTrace, begin_s: float, end_s: float) -> float:
    """Draw the power between two moments; return its greatest, in milliwatts."""
    times_s, least_w, greatest_w = envelope(trace, begin_s, end_s)
    # Down and up again in each column: one line, which Agg draws much faster than a polygon.
    power_mw = np.column_stack([least_w, greatest_w]).ravel() * 1e3
    axes.plot(np.repeat(times_s, 2), power_mw, color=_POWER, linewidth=0.7)
    axes.set_xlim(begin_s, max(end_s, begin_s + 1e-9))
    top_mw = float(power_mw.max(initial=0.0))
    axes.set_ylim(min(0.0, float(power_mw.min(initial=0.0))), top_mw * 1.05 or 1.0)
    return top_mw * 1.05


def _draw_gaps(axes: Axes, trace: EnergyTrace, begin_s: float, end_s: float) -> None:
    for moment_s in _gap_moments(trace, begin_s, end_s):
        axes.axvline(moment_s, color=_INVALID, linewidth=1.0)


def _gap_moments(trace: EnergyTrace, begin_s: float, end_s: float) -> Iterator[float]:
    for gap in trace.gaps[:1000]:
        moment_s = gap.index / trace.sample_rate_hz
        if begin_s <= moment_s <= end_s:
            yield moment_s


def _colour(window: EnergyWindow) -> str:
    return _VALID if window.invalid is None else _INVALID


def _save(figure: Figure, path: Path) -> Path:
    if path.suffix.lower() == ".svg":
        figure.savefig(path, format="svg", metadata={"Creator": "tinyrunner", "Date": None})
    else:
        figure.savefig(path, format="png", metadata={"Software": "tinyrunner"})
    return path
