"""Gates sessions: is a figure of theirs worse than a baseline of the history, and not by chance?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from statistics import median

from ...score.json_form import JsonForm
from .figures import FIGURES_OF, Figure, Labels, Series, series_of
from .regression import MOST_NEW, Comparison, RecentValue, compare_newest
from .store import Entry, History, KeptSession, Wanted

DEFAULT_LAST = 20
"""Sessions of a baseline."""


class GateVerdict(Enum):
    """Says what a gate found of one figure."""

    PASSED = "no regression"
    REGRESSED = "regression"
    NOT_ENOUGH = "not enough"
    """The baseline has too few sessions to tell."""
    UNJUDGED = "not judged"
    """The session has no figure."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Says what a gate compares with, and what counts."""

    baseline: Labels = field(default_factory=dict)
    last: int = DEFAULT_LAST
    counts: Mapping[Figure, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GatedFigure(JsonForm):
    """Is what a gate found of one figure of one series, in SI units and fractions."""

    JSON = (
        "board=series.board task=series.task mode=series.mode simulated=series.simulated "
        "details=series.details figure=figure.title value level change change_limit spread "
        "baseline new since verdict=verdict.value text"
    )

    series: Series
    figure: Figure
    verdict: GateVerdict
    text: str
    """What was found, in words."""
    value: float | None = None
    """The candidates' mean."""
    comparison: Comparison | None = None
    since: str | None = None
    """The first session that is on the worse level, with its commit, where it regressed."""

    @property
    def level(self) -> float | None:
        """Return the baseline's mean."""
        return None if self.comparison is None else self.figure.worse * self.comparison.level

    @property
    def change(self) -> float | None:
        """Return how far the new sessions are from the baseline's mean."""
        return None if self.comparison is None else self.figure.worse * self.comparison.excess

    @property
    def change_limit(self) -> float | None:
        """Return the change that is taken for chance, or that does not count."""
        return None if self.comparison is None else self.figure.worse * self.comparison.limit

    @property
    def spread(self) -> float | None:
        return None if self.comparison is None else self.comparison.spread

    @property
    def baseline(self) -> int:
        """Return the number of sessions of the baseline."""
        return 0 if self.comparison is None else self.comparison.baseline

    @property
    def new(self) -> int:
        """Return how many sessions were compared with it, the candidates among them."""
        return 0 if self.comparison is None else self.comparison.new


def gate(history: History, entries: Sequence[Entry], asked: Asked) -> list[GatedFigure]:
    """Compare sessions with the history's baseline, a figure each of every series they are of.

    A session that the history holds has the labels it has there, too. Nothing is written.
    """
    kept = history.by_content([entry.content_sha256 for entry in entries])
    by_series: dict[Series, list[Entry]] = {}
    for entry in entries:
        known = kept.get(entry.content_sha256)
        labels = {**({} if known is None else known.labels), **entry.labels}
        labelled = replace(entry, labels=labels)
        by_series.setdefault(series_of(entry.row, labels), []).append(labelled)
    wanted = Wanted(labels=asked.baseline)
    nowhere = ""
    if asked.baseline and not history.sessions(wanted, last=1):
        nowhere = f"; no session has {wanted.labels_text}, {history.labels_there()}"
    figures = sum(
        bool(_values(figure, group))
        for series, group in by_series.items()
        for figure in FIGURES_OF.get(series.mode, ())
    )
    found: list[GatedFigure] = []
    for series, group in by_series.items():
        found += _gated(history, series, group, asked, max(1, figures))
    return [
        replace(each, text=each.text + nowhere) if each.verdict is GateVerdict.NOT_ENOUGH else each
        for each in found
    ]


def _gated(
    history: History, series: Series, group: Sequence[Entry], asked: Asked, together: int
) -> Iterator[GatedFigure]:
    told = [figure for figure in FIGURES_OF.get(series.mode, ()) if _values(figure, group)]
    unscored = [e for e in group if all(f.value_of(e.row) is None for f in told or ())]
    for entry in unscored:
        reason = entry.row.reason or "it has no figure"
        figure = next(iter(FIGURES_OF.get(series.mode, ())), Figure.LATENCY)
        text = f"{entry.row.session} cannot be judged: {reason}"
        yield GatedFigure(series, figure, GateVerdict.UNJUDGED, text)
    if not told:
        return
    group = sorted(group, key=lambda entry: entry.begun_s)
    recent, before = _earlier(history, series, group, asked)
    for figure in told:
        yield _judged(series, figure, group, recent, before, asked, together)


def _values(figure: Figure, group: Sequence[Entry]) -> list[float]:
    values = (figure.value_of(entry.row) for entry in group)
    return [value for value in values if value is not None]


def _earlier(
    history: History, series: Series, group: Sequence[Entry], asked: Asked
) -> tuple[list[tuple[KeptSession, bool]], list[KeptSession]]:
    """Return the candidates' branch's newest sessions before them, and the baseline before those.

    Each of the former with whether it is of the baseline.
    """
    gated = [entry.content_sha256 for entry in group]
    first_s, branch = group[0].begun_s, group[0].labels.get("branch")
    room = max(0, MOST_NEW - len(group))
    of_branch = Wanted(labels={"branch": branch} if branch else {})
    found = history.sessions(of_branch, series=series, last=room, before_s=first_s, without=gated)
    recent = [
        (one, asked.baseline.items() <= one.labels.items())
        for one in found
        if one.labels.get("branch") == branch
    ]
    taken = [*gated, *(one.content_sha256 for one, _ in recent)]
    before = history.sessions(
        Wanted(labels=asked.baseline),
        series=series,
        last=asked.last,
        before_s=first_s,
        without=taken,
    )
    return recent, before


def _judged(
    series: Series,
    figure: Figure,
    group: Sequence[Entry],
    recent: Sequence[tuple[KeptSession, bool]],
    before: Sequence[KeptSession],
    asked: Asked,
    together: int,
) -> GatedFigure:
    worse = figure.worse
    own = _values(figure, group)
    old = [value for one in before if (value := figure.value_of(one.row)) is not None]
    followed = [
        (one, value, of_baseline)
        for one, of_baseline in recent
        if (value := figure.value_of(one.row)) is not None
    ]
    value = sum(own) / len(own)
    known = [*old, *(each for _, each, of_baseline in followed if of_baseline)]
    counts = figure.least_change(median(known) if known else value, asked.counts)
    compared = compare_newest(
        [worse * each for each in own],
        [RecentValue(worse * each, of_baseline) for _, each, of_baseline in followed],
        [worse * each for each in old],
        counts,
        together,
    )
    if compared is None:
        text = (
            f"{figure.shown(value)}, with {len(known)} session{'s' * (len(known) != 1)} of the "
            "baseline: not enough to tell a regression from chance"
        )
        return GatedFigure(series, figure, GateVerdict.NOT_ENOUGH, text, value)
    level, earlier = worse * compared.level, compared.new - len(own)
    others = f", with the {earlier} session{'s' * (earlier != 1)} before" if earlier else ""
    change, limit = worse * compared.excess, worse * max(compared.limit, counts)
    text = (
        f"{figure.shown(value)}{others}: {figure.shown_change(change, level)} from "
        f"{figure.shown(level)}, the mean of {compared.baseline} sessions; "
        f"{figure.shown_change(limit, level)} would be a regression"
    )
    if not compared.regressed:
        return GatedFigure(series, figure, GateVerdict.PASSED, text, value, compared)
    since = _called(followed[-earlier][0] if earlier else group[0])
    if earlier:
        text += f"; worse since {since}"
    return GatedFigure(series, figure, GateVerdict.REGRESSED, text, value, compared, since)


def _called(session: KeptSession | Entry) -> str:
    commit = session.labels.get("commit")
    return f"{session.row.session}{f' (commit {commit})' if commit else ''}"
