"""The top of a page: a line a session, and a card for each model on each device."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ...models.suite import Metric
from ..score.assess import Assessment
from ..score.minus_sign import MINUS, signed
from ..score.streaming.results import StreamingResult
from ..terms import Mode
from .page import ReportSession, SessionStatus
from .plots.dots import NONE, fixed, points, spread
from .plots.published_field import point_of
from .plots.scatter import SystemPoint


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """Is one session's row."""

    anchor: str
    task: str
    mode: str
    device: str
    date: str
    session: str
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
    verdict: str = ""
    """What became of its session, where that is not plainly valid."""


@dataclass(frozen=True, slots=True)
class Card:
    """Shows one model on one device."""

    task: str
    title: str
    device: str
    date: str
    """The day of the newest session that it shows; "" where none says."""
    tiles: tuple[Tile, ...]
    simulated: bool

    @property
    def verdict(self) -> str:
        """Return what became of all the sessions that it shows, "" where they differ."""
        verdicts = {tile.verdict for tile in self.tiles}
        return verdicts.pop() if len(verdicts) == 1 else ""


def summary_line(session: ReportSession, anchor: str) -> SummaryLine:
    figure, unit, target, margin, cv = _figures(session)
    return SummaryLine(
        anchor=anchor,
        task=session.benchmark,
        mode="?" if session.mode is None else session.mode.value,
        device=session.device or NONE,
        date=NONE if session.created is None else f"{session.created:%Y-%m-%d %H:%M}",
        session=session.title,
        figure=figure,
        unit=unit,
        target=target,
        margin=margin,
        margin_holds=not margin.startswith(MINUS),
        spread=spread(cv),
        outcome=session.outcome,
        simulated=session.simulated,
    )


def _figures(session: ReportSession) -> tuple[str, str, str, str, float | None]:
    """Return (figure, its unit, target, margin, coefficient of variation)."""
    assessment = session.assessment
    if assessment is None:
        return NONE, "", NONE, NONE, None
    if assessment.streaming is not None:
        return *_streaming_figures(session, assessment, assessment.streaming), None
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
    margin = signed(above, ".4f") if is_auc else points(above)
    return figure, unit, target, margin, None


def _streaming_figures(
    session: ReportSession, assessment: Assessment, result: StreamingResult
) -> tuple[str, str, str, str]:
    """Return the power of an energy session, else the throughput, and how many words may fail."""
    figure, unit = NONE, ""
    if session.mode is Mode.ENERGY and assessment.power_w is not None:
        figure, unit = fixed(assessment.power_w, 4, 1e3), "mW"
    elif session.mode is not Mode.ENERGY and assessment.throughput is not None:
        figure, unit = fixed(assessment.throughput), "inf./s"
    elif result.sure_words is not None:
        figure, unit = fixed(result.sure_words.f1, 4), "F1"
    task = session.streaming_task
    if result.sure_words is None or task is None:
        return figure, unit, NONE, NONE
    left = task.max_false - result.sure_words.most_false
    return figure, unit, f"≤ {task.max_false} FN, FP", signed(left, ".0f")


def cards(sessions: Iterable[ReportSession]) -> list[Card]:
    """Make a card for each model on each device, in the sessions' order, of what was scored."""
    return [card for group in _chosen(sessions) if (card := _card(group)) is not None]


def points_of(sessions: Iterable[ReportSession]) -> list[SystemPoint]:
    """Return the figures of each card that lie in the field."""
    return [point for group in _chosen(sessions) if (point := point_of(group)) is not None]


def _chosen(sessions: Iterable[ReportSession]) -> list[list[ReportSession]]:
    """Choose of each model on each device a session a mode.

    It is the newest valid one; where none is valid, the newest of the others.
    """
    grouped: dict[tuple[object, ...], dict[Mode | None, ReportSession]] = {}
    for session in sessions:
        if session.measured is not None and session.assessment is not None:
            chosen = grouped.setdefault(_measured(session), {})
            known = chosen.setdefault(session.mode, session)
            if _precedence(session) > _precedence(known):
                chosen[session.mode] = session
    return [[*group.values()] for group in grouped.values()]


def _measured(session: ReportSession) -> tuple[object, ...]:
    """Return what tells apart devices and models: figures of two of them share no card.

    A device has no serial number in the protocol, and its port is another in energy mode.
    """
    assert session.assessment is not None
    facts, simulated = session.assessment.facts, session.provenance.simulated
    model = None if simulated is None else str(simulated.model_sha256)
    device: tuple[object, ...] = session.device, session.simulated, *facts.names
    if not any((session.device, *facts.names)):
        device = (session.folder,)  # nobody can tell that two of them are of one device
    return session.benchmark, *facts.model_ids, model, *device


def _precedence(session: ReportSession) -> tuple[int, datetime]:
    created = session.created or datetime.min.replace(tzinfo=UTC)
    return -list(SessionStatus).index(session.outcome), created


def _card(group: Sequence[ReportSession]) -> Card | None:
    tiles = {tile.name: tile for session in group for tile in _tiles(session)}
    first = group[0]
    if first.measured is None or not tiles:
        return None
    return Card(
        first.measured.key,
        first.measured.title,
        first.device,
        max((f"{session.created:%Y-%m-%d}" for session in group if session.created), default=""),
        tuple(tiles[name] for name in _TILES if name in tiles),
        first.simulated,
    )


_TILES = ("Latency", "Throughput", "Duty cycle", "Energy", "Power", "Top-1", "AUC", "Words")


def _tiles(session: ReportSession) -> Iterable[Tile]:
    valid = session.outcome is SessionStatus.VALID
    for name, value, unit in _headlines(session):
        yield Tile(name, value, unit, "" if valid else session.outcome.value)


def _headlines(session: ReportSession) -> Iterable[tuple[str, str, str]]:
    assessment = session.assessment
    if assessment is None:
        return
    if assessment.streaming is not None:
        yield from _of_stream(assessment, assessment.streaming)
        return
    if assessment.performance is not None and assessment.energy is None:
        rate = assessment.performance.median_throughput
        if rate:
            yield "Latency", fixed(1 / rate, 3, 1e3), "ms"
            yield "Throughput", fixed(rate, 2), "inf./s"
    if assessment.energy is not None and assessment.energy.median_energy_j is not None:
        yield "Energy", fixed(assessment.energy.median_energy_j, 1, 1e6), "µJ/inf."
    if assessment.accuracy is not None and session.task is not None:
        figure = assessment.accuracy.figure
        if figure is not None and session.task.metric is Metric.AUC:
            yield "AUC", fixed(figure, 4), ""
        elif figure is not None:
            yield "Top-1", fixed(figure, 1, 100), "%"


def _of_stream(assessment: Assessment, result: StreamingResult) -> Iterable[tuple[str, str, str]]:
    if (duty := result.sure_duty) is not None:
        yield "Throughput", fixed(duty.throughput, 2), "inf./s"
        yield "Duty cycle", fixed(duty.duty_cycle, 1, 100), "%"
    if assessment.power_w is not None:
        yield "Power", fixed(assessment.power_w, 3, 1e3), "mW"
    if (words := result.sure_words) is not None:
        yield "Words", f"{words.true_positives} of {words.words}", ""
