"""Shows a recording to a person, as JSON, or as a page: its figures, and its windows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from ....energy.captures.capture import Capture
from ....energy.captures.figures import TraceFigures, figures_of, windows_of
from ....energy.trace import EventSource
from ....energy.windows import EnergyWindow, lost_error

if TYPE_CHECKING:
    from ...report.views import CapturePage

_MOST_ROWS = 200


@dataclass(frozen=True, slots=True)
class ShownCapture:
    """Is a recording with what is shown of it."""

    title: str
    capture: Capture
    figures: TraceFigures
    supply_v: float | None
    windows: tuple[EnergyWindow, ...]
    found: str
    """How the windows were found."""

    @property
    def mean_a(self) -> float | None:
        """Return the mean of the currents, else of the power over the voltage, if it is known."""
        if self.capture.mean_a is not None or not self.supply_v:
            return self.capture.mean_a
        return self.figures.mean_w / self.supply_v

    @property
    def max_a(self) -> float | None:
        """Return the greatest current, of the file or by the voltage."""
        if self.capture.max_a is not None or not self.supply_v:
            return self.capture.max_a
        return self.figures.max_w / self.supply_v

    def rows(self) -> list[tuple[str, str]]:
        """List the figures with their units."""
        trace, figures = self.capture.trace, self.figures
        rows = [
            ("Duration", f"{figures.duration_s:.6f} s"),
            ("Samples", f"{len(trace.samples_uj)} at {trace.sample_rate_hz:g} Hz"),
            ("Energy", f"{figures.energy_j * 1e3:.6g} mJ"),
            ("Mean power", f"{figures.mean_w * 1e3:.6g} mW"),
            ("Greatest power", f"{figures.max_w * 1e3:.6g} mW"),
        ]
        for name, amperes in (("Mean current", self.mean_a), ("Greatest current", self.max_a)):
            unknown = "not told (--supply-v V computes it)"
            rows.append((name, unknown if amperes is None else f"{amperes * 1e3:.6g} mA"))
        rows.append(("Edges", _edges(self.capture)))
        if (lost := trace.lost_samples) > 0:
            rows.append(("Lost samples", f"{lost} ({trace.lost_fraction:.3%})"))
        return rows

    def to_text(self) -> Group:
        """Make what a terminal shows."""
        figures = Table(box=None, show_header=False, padding=(0, 2), pad_edge=True)
        for name, value in self.rows():
            figures.add_row(name, Text(value))
        parts: list[Text | Table] = [
            Text(f"{self.title}: {self.capture.kind}", style="bold"), figures,
        ]  # fmt: skip
        parts += [Text(f"  {note}") for note in self.notes()]
        count = len(self.windows)
        parts.append(Text(f"  {count} window{'' if count == 1 else 's'}, {self.found}"))
        if self.windows:
            parts.append(self._table())
        if (more := count - _MOST_ROWS) > 0:
            parts.append(Text(f"  and {more} more"))
        return Group(*parts)

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2), pad_edge=True)
        for name in ("window", "begin s", "duration s", "energy mJ", "power mW"):
            table.add_column(name, justify="right")
        table.add_column("")
        for window in self.windows[:_MOST_ROWS]:
            table.add_row(
                str(window.number),
                f"{window.start_s:.6f}",
                f"{window.duration_s:.6f}",
                _milli(window.energy_j),
                _milli(window.power_w),
                Text(window.invalid or "", style="red"),
            )
        return table

    def notes(self) -> list[str]:
        """List what a reader of the figures should know."""
        lost = lost_error(self.capture.trace)
        return [*self.capture.notes, *([f"{lost[:1].upper()}{lost[1:]}."] if lost else [])]

    def to_json(self) -> dict[str, Any]:
        """Return the same for a script, in SI units."""
        trace, figures = self.capture.trace, self.figures
        return {
            "file": self.title,
            "kind": self.capture.kind,
            "duration_s": figures.duration_s,
            "sample_rate_hz": trace.sample_rate_hz,
            "samples": len(trace.samples_uj),
            "lost_samples": trace.lost_samples,
            "energy_j": figures.energy_j,
            "mean_power_w": figures.mean_w,
            "max_power_w": figures.max_w,
            "mean_current_a": self.mean_a,
            "max_current_a": self.max_a,
            "events_s": list(trace.events_s),
            "windows_found": self.found,
            "windows": [
                {
                    "number": window.number,
                    "start_s": window.start_s,
                    "end_s": window.end_s,
                    "energy_j": window.energy_j,
                    "power_w": window.power_w,
                    "invalid": window.invalid,
                }
                for window in self.windows
            ],
            "notes": self.notes(),
            "provenance": dict(trace.provenance),
        }

    def page(self) -> CapturePage:
        """Make the page of a recording."""
        from ...report.views import capture_page

        return capture_page(self.title, self.capture, self.rows(), self.windows, self.found)


def show_capture(
    path: Path,
    capture: Capture,
    supply_v: float | None,
    spans_s: Sequence[tuple[float, float]] | None,
    leading: int | None,
) -> ShownCapture:
    """Compute what is shown; the supply is the trace's own where none is given."""
    own_v = capture.trace.provenance.get("supply_v")
    if supply_v is None and isinstance(own_v, (int, float)) and not isinstance(own_v, bool):
        supply_v = float(own_v)
    windows, found = windows_of(capture.trace, spans_s, leading)
    figures = figures_of(capture.trace)
    return ShownCapture(str(path), capture, figures, supply_v, tuple(windows), found)


def _edges(capture: Capture) -> str:
    trace = capture.trace
    if not trace.events_s:
        return "none"
    seen = ""
    if trace.event_source is not EventSource.MONITOR:
        seen = f", by {trace.event_source.value}"
    return f"{len(trace.events_s)}{seen}"


def _milli(value: float | None) -> str:
    return "–" if value is None else f"{value * 1e3:.6f}"
