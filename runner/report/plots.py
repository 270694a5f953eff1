"""What the page's script draws, and what those are told who do not see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .page import ReportSession
from .traces import NoTraceError, drawn_traces


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot that the page's script draws."""

    anchor: str
    kind: str
    """trace, roc or histogram."""
    title: str
    described: str
    """For those who do not see it."""
    data: dict[str, Any]
    note: str = ""
    """What the data are, behind the title."""
    windows: tuple[int, ...] = ()
    """Numbers of the windows that a trace can be zoomed to."""


def add_traces(session: ReportSession, anchor: str, plots: list[Plot], missing: list[str]) -> None:
    """Append a plot of each trace; else why there is none."""
    try:
        traces = drawn_traces(session)
    except NoTraceError as error:
        missing.append(f"No energy trace: {error}.")
        return
    for index, trace in enumerate(traces):
        numbers = tuple(window.number for window in trace.windows[:10])
        plots.append(
            Plot(
                f"{anchor}-trace{index}",
                "trace",
                f"Power: {trace.title.lower()}",
                f"Power over time of {trace.title.lower()}: {trace.described}; "
                f"{len(trace.windows)} windows marked",
                trace.to_json(),
                trace.described,
                numbers,
            )
        )
