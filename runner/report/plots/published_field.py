"""The field: whose throughput and energy are drawn against each other, and yours among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...audit.overview.standings import SOURCE, StandingsRow, published_standings
from ...terms import Mode
from ..page import ReportSession, SessionStatus
from .scatter import SystemPoint


@dataclass(frozen=True, slots=True)
class Field:
    """Holds the systems that are drawn, and says which they are."""

    title: str
    note: str
    points: tuple[SystemPoint, ...]


def systems_of(rows: Iterable[StandingsRow]) -> Iterator[tuple[StandingsRow, SystemPoint]]:
    """Put throughput and energy of each system and task together, where both are known.

    The throughput is that of the performance session, as the rounds' own tables have it; its row
    comes with the point.
    """
    systems: dict[tuple[str, ...], dict[str, StandingsRow]] = {}
    for row in rows:
        key = (row.task, row.round, row.division, row.organization, row.system,
               row.implementation)  # fmt: skip
        systems.setdefault(key, {})[row.mode] = row
    for by_mode in systems.values():
        timed, powered = by_mode.get(Mode.PERFORMANCE.value), by_mode.get(Mode.ENERGY.value)
        if timed is None or timed.figure is None or powered is None or powered.figure is None:
            continue
        name = " ".join(filter(None, (timed.organization, timed.system, timed.implementation)))
        yield timed, SystemPoint(timed.task, name, timed.figure, powered.figure)


def field_with(yours: Sequence[SystemPoint]) -> Field | None:
    """Draw yours in the published record of their tasks; None where there is nothing of yours."""
    if not yours:
        return None
    tasks = {each.task for each in yours}
    published = [
        replace(point, name=f"{point.name} ({row.round})")
        for row, point in systems_of(published_standings())
        if point.task in tasks
    ]
    known = {each.task for each in published}
    mine = [replace(each, yours=True) for each in yours if each.task in known]
    if not mine:
        return None
    note = (
        "◆ is yours, a line where throughput or energy alone is known; a dot is a system of the "
        f"published record and says whose ({SOURCE})."
    )
    simulated = sum(each.simulated for each in mine)
    if simulated:
        which = "Yours is" if simulated == len(mine) else f"{simulated} of yours are"
        note += f" {which} SIMULATED: modelled, not measured, and no rank among boards."
    return Field("Your board in the field", note, (*published, *mine))


def point_of(sessions: Iterable[ReportSession]) -> SystemPoint | None:
    """Return the point of one model on one device; None where neither figure is known."""
    throughput: float | None = None
    energy_j: float | None = None
    shown: list[ReportSession] = []
    for session in sessions:
        assessment = session.assessment
        if assessment is None or assessment.accuracy is not None:
            continue
        stream = assessment.streaming
        if assessment.energy is not None:
            energy_j = assessment.energy.median_energy_j
        elif assessment.performance is not None:
            throughput = assessment.performance.median_throughput
        if stream is not None and stream.sure_duty is not None:
            throughput = stream.sure_duty.throughput
        shown.append(session)
    if throughput is None and energy_j is None:
        return None
    verdicts = {one.outcome.value for one in shown if one.outcome is not SessionStatus.VALID}
    return SystemPoint(
        shown[0].benchmark,
        ", ".join([shown[0].device or shown[0].title, *sorted(verdicts)]),
        throughput,
        None if energy_j is None else 1e6 * energy_j,
        simulated=shown[0].simulated,
    )
