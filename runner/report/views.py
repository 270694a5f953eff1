"""A session as its part of the page shows it: tables of plain text, and the data of its plots."""

from __future__ import annotations

from dataclasses import dataclass

from .dots import Dots
from .origins import Row, origin_rows
from .page import ReportSession
from .plots import Plot, add_traces
from .session_views import Confusion, accuracy_facts, add_curves, confusion_of
from .summary import SummaryLine, summary_line
from .window_views import (
    Table,
    energy_dots,
    energy_facts,
    energy_table,
    performance_dots,
    performance_facts,
    performance_table,
)


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session's part of the page."""

    anchor: str
    session: ReportSession
    line: SummaryLine
    facts: tuple[Row, ...]
    """Headline figures with their units."""
    windows: Table | None
    dots: tuple[Dots, ...]
    confusion: Confusion | None
    wrong: tuple[str, ...]
    wrong_count: int
    plots: tuple[Plot, ...]
    missing: tuple[str, ...]
    """What could not be drawn, and why."""
    origins: tuple[Row, ...]


def view_of(session: ReportSession, anchor: str) -> SessionView:
    """Everything that the page shows of a session."""
    assessment = session.assessment
    facts: list[Row] = []
    windows, confusion, wrong_count = None, None, 0
    dots: list[Dots | None] = []
    wrong: tuple[str, ...] = ()
    plots: list[Plot] = []
    missing: list[str] = []
    if assessment is not None and assessment.energy is not None:
        facts = energy_facts(assessment.energy)
        windows, dots = energy_table(assessment.energy), energy_dots(assessment.energy)
        add_traces(session, anchor, plots, missing)
    elif assessment is not None and assessment.performance is not None:
        facts = performance_facts(assessment.performance)
        windows = performance_table(assessment.performance)
        dots = performance_dots(assessment.performance)
    if assessment is not None and assessment.accuracy is not None:
        accuracy = assessment.accuracy
        facts = accuracy_facts(accuracy)
        confusion = confusion_of(session, accuracy)
        wrong, wrong_count = accuracy.wrong.names, accuracy.wrong.count
        add_curves(session, accuracy, anchor, plots, missing)
    return SessionView(
        anchor=anchor,
        session=session,
        line=summary_line(session, anchor),
        facts=tuple(facts),
        windows=windows,
        dots=tuple(each for each in dots if each is not None),
        confusion=confusion,
        wrong=wrong,
        wrong_count=wrong_count,
        plots=tuple(plots),
        missing=tuple(missing),
        origins=tuple(origin_rows(session)),
    )
