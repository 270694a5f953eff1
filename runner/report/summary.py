"""The top of a page: a line a session, and a card for each task of each system."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ...models.suite import Metric, Task
from .dots import NONE, fixed, points, spread
from .page import ReportSession, SessionStatus


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """Is one session's row."""

    anchor: str
    task: str
    mode: str
    system: str
    figure: str
    unit: str
    target: str
    margin: str
    margin_holds: bool
    spread: str
    outcome: SessionStatus
    simulated: bool


@dataclass(frozen=True, slots=True)
class Tile:
    """Is a figure worth showing around."""

    name: str
    value: str
    unit: str


@dataclass(frozen=True, slots=True)
class Card:
    """Shows one task on one system."""

    task: str
    title: str
    system: str
    tiles: tuple[Tile, ...]
    simulated: bool


def summary_line(session: ReportSession, anchor: str) -> SummaryLine:
    figure, unit, target, margin, cv = _figures(session)
    return SummaryLine(
        anchor=anchor,
        task=session.benchmark,
        mode="?" if session.mode is None else session.mode.value,
        system=session.system or NONE,
        figure=figure,
        unit=unit,
        target=target,
        margin=margin,
        margin_holds=not margin.startswith("−"),
        spread=spread(cv),
        outcome=session.outcome,
        simulated=session.simulated,
    )


def _figures(session: ReportSession) -> tuple[str, str, str, str, float | None]:
    """Return (figure, its unit, target, margin, coefficient of variation)."""
    assessment = session.assessment
    if assessment is None:
        return NONE, "", NONE, NONE, None
    if assessment.energy is not None:
        energy = assessment.energy
        cv = energy.coefficient_of_variation
        return fixed(energy.median_energy_j, 3, 1e6), "µJ/inf.", NONE, NONE, cv
    if assessment.performance is not None:
        performance = assessment.performance
        cv = performance.coefficient_of_variation
        return fixed(performance.median_throughput), "inf./s", NONE, NONE, cv
    accuracy = assessment.accuracy
    if accuracy is None:
        return NONE, "", NONE, NONE, None
    is_auc = accuracy.metric is Metric.AUC
    figure = fixed(accuracy.auc, 4) if is_auc else fixed(accuracy.top1, 1, 100)
    unit = "AUC" if is_auc else "% Top-1"
    wanted = None if session.task is None else session.round.target(session.task)
    if wanted is None:
        return figure, unit, NONE, NONE, None
    target = fixed(wanted, 2) if is_auc else fixed(wanted, 0, 100)
    if accuracy.figure is None:
        return figure, unit, target, NONE, None
    above = accuracy.figure - wanted
    margin = f"{above:+.4f}".replace("-", "−") if is_auc else points(above)
    return figure, unit, target, margin, None


def cards(sessions: Iterable[ReportSession]) -> list[Card]:
    """Make the cards by system and task, in the sessions' order; only of what was scored."""
    grouped: dict[tuple[str, str], list[ReportSession]] = {}
    for session in sessions:
        if session.task is not None and session.assessment is not None:
            grouped.setdefault((session.system or "", session.benchmark), []).append(session)
    found = []
    for (system, _), group in grouped.items():
        tiles: dict[str, Tile] = {}
        for session in group:
            for tile in _tiles(session):
                tiles.setdefault(tile.name, tile)
        task = group[0].task
        if task is not None and tiles:
            ordered = tuple(tiles[name] for name in _TILES if name in tiles)
            simulated = any(session.simulated for session in group)
            found.append(Card(task.key, task.title, system, ordered, simulated))
    return found


_TILES = ("Latency", "Throughput", "Energy", "Top-1", "AUC")


def _tiles(session: ReportSession) -> Iterable[Tile]:
    assessment = session.assessment
    if assessment is None:
        return
    if assessment.performance is not None and assessment.energy is None:
        rate = assessment.performance.median_throughput
        if rate:
            yield Tile("Latency", fixed(1 / rate, 3, 1e3), "ms")
            yield Tile("Throughput", fixed(rate, 2), "inf./s")
    if assessment.energy is not None and assessment.energy.median_energy_j is not None:
        yield Tile("Energy", fixed(assessment.energy.median_energy_j, 1, 1e6), "µJ/inf.")
    if assessment.accuracy is not None and session.task is not None:
        yield from _accuracy_tile(session.task, assessment.accuracy.figure)


def _accuracy_tile(task: Task, figure: float | None) -> Iterable[Tile]:
    if figure is not None and task.metric is Metric.AUC:
        yield Tile("AUC", fixed(figure, 4), "")
    elif figure is not None:
        yield Tile("Top-1", fixed(figure, 1, 100), "%")
