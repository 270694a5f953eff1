"""Draws trends as a page in the report's look: one HTML file that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from ...report.plots.traces import Plot
from ...report.render import PLOTS, rendered
from ...report.report_file import write_page
from ...report.session_views import Table
from .chart import marks_of
from .trend import Trend


@dataclass(frozen=True, slots=True)
class _TrendView:
    """Is one trend as the template has it."""

    title: str
    told: str
    plot: Plot
    changes: Table


def write_trends(trends: Sequence[Trend], title: str, out: Path, *, force: bool) -> int:
    """Write the page of some trends to ``out``; its size in bytes. SetupError where that cannot be.

    ``force`` replaces a page of this program, never another file.
    """
    views = [_view_of(trend, f"t{number}") for number, trend in enumerate(trends, 1)]
    return write_page(rendered("history.html", [PLOTS], title=title, trends=views), out, force)


def _view_of(trend: Trend, anchor: str) -> _TrendView:
    figure = trend.figure
    marks = marks_of(trend)
    rows = [
        (
            mark,
            f"{change.point.kept.begun:%Y-%m-%d %H:%M}",
            change.point.commit or change.point.session,
            figure.shown(change.before),
            figure.shown(change.after),
            f"{figure.shown_change(change.after - change.before, change.before)}, "
            f"{'worse' if change.worse else 'better'}",
        )
        for mark, change in zip(marks, trend.changes, strict=True)
    ]
    heads = ("", "begun", "commit", "before", "after", "change")
    return _TrendView(
        title=trend.title,
        told=trend.summary,
        plot=Plot(
            anchor=anchor,
            kind="trend",
            title=f"{figure.title} over the sessions",
            described="; ".join([trend.summary, *map(trend.text_of, trend.changes)]),
            data=_data_of(trend, marks),
        ),
        changes=Table(heads, tuple(rows), text_columns=frozenset({2})),
    )


def _data_of(trend: Trend, marks: Sequence[str]) -> dict[str, object]:
    figure = trend.figure
    values = [value * figure.factor for value in trend.values]
    edges = [0, *(change.at for change in trend.changes), len(values)]
    return {
        "title": figure.heading[0].upper() + figure.heading[1:],
        "values": values,
        "texts": [f"{point.name}: {figure.shown(point.value)}" for point in trend.points],
        "changes": [
            {"at": change.at, "worse": change.worse, "mark": mark}
            for mark, change in zip(marks, trend.changes, strict=True)
        ],
        "levels": [
            {"from": begin, "to": end - 1, "value": fmean(values[begin:end])}
            for begin, end in pairwise(edges)
        ],
    }
