"""Follows the figures of series over their sessions, and names where their level changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from ....models.suite import BENCHMARKS
from ...score.json_form import JsonForm
from .change_points import change_points
from .figures import FIGURES_OF, Figure, Series
from .regression import LEAST_SPREAD
from .store import History, KeptSession, Wanted

DEFAULT_LAST = 200
"""Sessions of a trend, the newest."""


@dataclass(frozen=True, slots=True)
class TrendPoint(JsonForm):
    """Is one session's figure, in SI units or as a fraction."""

    JSON = "session begun_utc commit branch verdict value"

    kept: KeptSession
    value: float

    @property
    def session(self) -> str:
        return self.kept.row.session

    @property
    def begun_utc(self) -> str:
        return self.kept.begun.isoformat(timespec="seconds")

    @property
    def commit(self) -> str | None:
        return self.kept.labels.get("commit")

    @property
    def branch(self) -> str | None:
        return self.kept.labels.get("branch")

    @property
    def verdict(self) -> str:
        return self.kept.row.verdict

    @property
    def name(self) -> str:
        """Name it for people: the day, and the commit or else the session."""
        called = f"commit {self.commit[:12]}" if self.commit else f"session {self.session}"
        return f"{self.kept.begun:%Y-%m-%d} {called}"


@dataclass(frozen=True, slots=True)
class Change(JsonForm):
    """Is one change of level: the first session of the new one, and how far it is."""

    JSON = "session=point.session begun_utc=point.begun_utc commit=point.commit before after worse"

    at: int
    """The place of the point, from 0."""
    point: TrendPoint
    before: float
    """The mean of the sessions of the level before."""
    after: float
    worse: bool


@dataclass(frozen=True, slots=True)
class Trend(JsonForm):
    """Is one figure of one series over its sessions, oldest first."""

    JSON = (
        "board=series.board task=series.task mode=series.mode simulated=series.simulated "
        "details=series.details figure=figure.title unit points changes"
    )

    series: Series
    figure: Figure
    points: tuple[TrendPoint, ...]
    changes: tuple[Change, ...]

    @property
    def unit(self) -> str:
        """Return the unit of the values."""
        return {Figure.LATENCY: "s", Figure.ENERGY: "J"}.get(self.figure, "1")

    @property
    def title(self) -> str:
        """Name it for people: the series, and the figure with the unit that they read."""
        return f"{self.series.name}: {self.figure.heading}"

    @property
    def values(self) -> list[float]:
        return [point.value for point in self.points]

    @property
    def summary(self) -> str:
        """Say how many sessions there are, from when to when, and what the last came to."""
        count, first, last = len(self.points), self.points[0], self.points[-1]
        told = (
            f"{count} session{'s' * (count != 1)}, {first.kept.begun:%Y-%m-%d} to "
            f"{last.kept.begun:%Y-%m-%d}; now {self.figure.shown(last.value)}"
        )
        return f"{told}; {self.series.details}" if self.series.details else told

    def text_of(self, change: Change) -> str:
        """Say what changed: when, by which commit, and by how much."""
        figure = self.figure
        far = figure.shown_change(change.after - change.before, change.before)
        return (
            f"{change.point.name}: {far}, {figure.shown(change.before)} to "
            f"{figure.shown(change.after)}, {'worse' if change.worse else 'better'}"
        )


def trends(
    history: History,
    wanted: Wanted,
    last: int = DEFAULT_LAST,
    counts: Mapping[Figure, float] | None = None,
) -> list[Trend]:
    """Follow the figures of each series that holds what is wanted; changes smaller than ``counts``
    are none."""
    found: list[Trend] = []
    for series in sorted(history.series(wanted), key=_suite_order):
        kept = history.sessions(Wanted(labels=wanted.labels), series=series, last=last)
        for figure in FIGURES_OF.get(series.mode, ()):
            points = [
                TrendPoint(one, value)
                for one in kept
                if (value := figure.value_of(one.row)) is not None
            ]
            if points:
                changes = tuple(_changes(figure, points, counts or {}))
                found.append(Trend(series, figure, tuple(points), changes))
    return found


def _suite_order(series: Series) -> tuple[str, int, int, bool]:
    """Sort by board, then as the suite has its tasks, then performance, energy, accuracy."""
    tasks, modes = list(BENCHMARKS), ["performance", "energy", "accuracy"]
    return (
        series.board,
        tasks.index(series.task) if series.task in tasks else len(tasks),
        modes.index(series.mode) if series.mode in modes else len(modes),
        series.simulated,
    )


def _changes(
    figure: Figure, points: Sequence[TrendPoint], counts: Mapping[Figure, float]
) -> Iterator[Change]:
    values = [point.value for point in points]
    least = figure.least_change(median(values), counts)
    places = change_points(values, LEAST_SPREAD * least)
    edges = [0, *places, len(values)]
    for begin, at, end in zip(edges, edges[1:], edges[2:], strict=False):
        before, after = fmean(values[begin:at]), fmean(values[at:end])
        if abs(after - before) > least:
            worse = (after - before) * figure.worse > 0
            yield Change(at, points[at], before, after, worse)
