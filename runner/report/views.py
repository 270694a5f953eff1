"""A session's part of the page: tables of plain text, and the data of its plots.

How it came about is told by what session.json and the log say. session.json may be anybody's: every
value is looked at before it is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...energy.captures.capture import Capture
from ...energy.trace_files import DEFAULT_NAME, energy_path
from ...energy.windows import EnergyWindow
from ..journal.claimed_provenance import ClaimedProvenance, ClaimedSimulated
from ..score.results import MeasuredWindow
from .budget import MAX_BUCKETS, Budget
from .page import ReportSession, Row
from .plots.dots import NONE, Dots, fixed
from .plots.streaming_timeline import words_plot
from .plots.traces import Plot, add_traces, draw_trace, trace_plot
from .session_views import (
    MAX_WINDOW_ROWS,
    Confusion,
    Table,
    accuracy_facts,
    add_curves,
    confusion_of,
    energy_dots,
    energy_facts,
    energy_table,
    performance_dots,
    performance_facts,
    performance_table,
)
from .streaming_view import streaming_facts, wrong_words
from .summary import SummaryLine, summary_line


@dataclass(frozen=True, slots=True)
class SessionView:
    """Is one session's part of the page."""

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
    """Reasons for what could not be drawn."""
    origins: tuple[Row, ...]


def view_of(session: ReportSession, anchor: str, budget: Budget) -> SessionView:
    """Make everything that the page shows of a session."""
    assessment = session.assessment
    facts: list[Row] = []
    windows, confusion, wrong_count = None, None, 0
    dots: list[Dots | None] = []
    wrong: tuple[str, ...] = ()
    plots: list[Plot] = []
    missing: list[str] = []
    line = summary_line(session, anchor)
    if assessment is not None and assessment.streaming is not None:
        facts = streaming_facts(assessment, session.streaming_task)
        windows = wrong_words(assessment.streaming)
        drawn = words_plot(assessment.streaming, anchor)
        plots += [] if drawn is None else [drawn]
        if assessment.energy is not None:
            add_traces(session, anchor, budget, plots, missing)
    elif assessment is not None and assessment.energy is not None:
        facts = energy_facts(assessment.energy)
        windows, dots = energy_table(assessment.energy), energy_dots(assessment.energy)
        add_traces(session, anchor, budget, plots, missing)
    elif assessment is not None and assessment.performance is not None:
        facts = performance_facts(assessment.performance)
        windows = performance_table(assessment.performance)
        dots = performance_dots(assessment.performance)
    if assessment is not None and assessment.accuracy is not None:
        accuracy = assessment.accuracy
        facts = accuracy_facts(accuracy)
        if line.target != NONE:
            facts.append(("Closed division's target", f"{line.target}, margin {line.margin}"))
        confusion = confusion_of(session, accuracy)
        wrong, wrong_count = accuracy.wrong.names, accuracy.wrong.count
        add_curves(session, accuracy, anchor, budget.points, plots, missing)
    return SessionView(
        anchor=anchor,
        session=session,
        line=line,
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


SIMULATED = "SIMULATED DEVICE: times and energies are modelled, not measured"


_LONGEST = 300


_NOT_STATED = "not stated (a published session says nothing about it)"


def origin_rows(session: ReportSession) -> list[Row]:
    """Return (what, value) of how a session came about, in the order in which one asks."""
    return [(what, value) for what, value in _rows(session) if value]


def _rows(session: ReportSession) -> Iterator[Row]:
    told, assessment = session.provenance, session.assessment
    yield "Device", _device(session)
    if assessment is not None:
        facts = assessment.facts
        yield "Firmware", ", ".join(facts.names)
        yield "Profile", ", ".join(facts.profiles)
        yield "Model", ", ".join(facts.model_ids)
    simulated = told.simulated or ClaimedSimulated()
    yield "Simulated model", told_texts(simulated.model_sha256, simulated.runtime)
    yield "Link", _link(told)
    yield "IO manager", told_texts(told.io_manager.name, told.io_manager.version)
    yield "Energy monitor", _monitor(told)
    if assessment is not None and assessment.energy is not None:
        yield "Edges", assessment.energy.edges
    yield "N (inferences a window)", _iterations(session)
    yield from _inputs(session)
    yield "Script, SHA-256", told_text(told.script_sha256)
    yield "Log, SHA-256", _file_sha256(session, session.log_name)
    yield "Trace, SHA-256", _file_sha256(session, energy_path(session.folder, DEFAULT_NAME).name)
    tool = told_texts(told.tool.name, told.tool.version)
    yield "Tool", tool or _NOT_STATED
    python = told_text(told.tool.python)
    yield (
        "Ran on",
        ", ".join(filter(None, [told_text(told.tool.platform), python and f"Python {python}"])),
    )
    yield "Created", told_text(told.created)
    if assessment is not None:
        facts = assessment.facts
        yield "Session id", ", ".join(facts.session_ids[:5])
        log = f"{facts.line_count} lines, {facts.dialect.value} dialect"
        if facts.resume_count:
            log += f", continued {facts.resume_count} times"
        yield "Log", log


def _device(session: ReportSession) -> str:
    if session.simulated:
        return SIMULATED
    if not session.provenance:
        return _NOT_STATED
    return "real" if session.assessment is not None else ""


def _link(told: ClaimedProvenance) -> str:
    parts = []
    if address := told_text(told.device.address):
        parts.append(address)
    if rate := told_text(told.device.baud_rate):
        parts.append(f"{rate} baud")
    if size := told_text(told.link.data_bytes_per_db):
        parts.append(f"{size} bytes a db command")
    if verify := told_text(told.link.verify_load):
        parts.append(f"loads verified: {verify}")
    if extension := told_text(told.link.extension):
        parts.append(f"loaded by the wire extension {extension}")
    return ", ".join(parts)


def _monitor(told: ClaimedProvenance) -> str:
    text = told_texts(told.monitor.maker, told.monitor.model)
    if serial := told_text(told.monitor.serial):
        text += f", serial {serial}"
    if firmware := told_text(told.monitor.firmware):
        text += f", firmware {firmware}"
    if supply := told_text(told.monitor.supply_v):
        text += f", supply {supply} V"
    if rate := told_text(told.monitor.sample_rate_hz):
        text += f", {rate} samples/s"
    return text


def _iterations(session: ReportSession) -> str:
    told = session.provenance
    text = told_text(told.iterations)
    if not text and session.assessment is not None:
        counts = {window.iterations for window in session_windows(session)}
        text = ", ".join(map(str, sorted(counts)))
    if text and (found := told_text(told.iterations_found.by)):
        text += f", found by {found}"
    if text and (warmups := told_text(told.warmups)):
        text += f", {warmups} warm-up"
    return text


def session_windows(session: ReportSession) -> tuple[Any, ...]:
    """Return the windows of a performance or energy session."""
    assessment = session.assessment
    if assessment is None:
        return ()
    if assessment.energy is not None:
        return assessment.energy.windows
    return () if assessment.performance is None else assessment.performance.windows


def _inputs(session: ReportSession) -> Iterator[Row]:
    told = session.provenance
    official = told_text(told.dataset.official_list)
    count = told_text(told.dataset.files)
    if count:
        kind = f"the official list {official}" if official else "not an official list"
        yield "Inputs", f"{count} files, {kind}"
    yield "Inputs, note", told_text(told.dataset.note)
    hashed = told_text(told.dataset.labels_sha256)
    if not hashed and session.labels is not None:
        hashed = session.labels.sha256
    yield "Label list, SHA-256 of its rows", hashed
    yield "Inputs' content, SHA-256", told_text(told.dataset.content_sha256)


def _file_sha256(session: ReportSession, name: str) -> str:
    try:
        return session.sha256_of(name) or ""
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def told_texts(*values: object) -> str:
    """Return the plain ones among these values, in one line."""
    return " ".join(filter(None, map(told_text, values)))


def told_text(value: object) -> str:
    """Return a plain value as text, shortened where it is endless; empty for anything else."""
    if not isinstance(value, (str, int, float)):
        return ""
    text = str(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


@dataclass(frozen=True, slots=True)
class CapturePage:
    """Is the page of a recording by itself."""

    title: str
    kind: str
    facts: tuple[Row, ...]
    """Its figures with their units."""
    notes: tuple[str, ...]
    windows: Table
    plot: Plot


def capture_page(
    title: str,
    capture: Capture,
    facts: Sequence[Row],
    windows: Sequence[EnergyWindow],
    found: str,
) -> CapturePage:
    """Make the page of a recording; ``found`` says how its windows were found."""
    rows = [
        (
            str(window.number),
            f"{window.start_s:.6f}",
            fixed(window.duration_s, 6),
            fixed(window.energy_j, 6, 1e3),
            fixed(window.power_w, 6, 1e3),
            window.invalid or "",
        )
        for window in windows[:MAX_WINDOW_ROWS]
    ]
    heads = ("Window", "Begin (s)", "Duration (s)", "Energy (mJ)", "Mean power (mW)", "Not whole")
    measured = tuple(MeasuredWindow(window, "", 0, 0) for window in windows)
    drawn = draw_trace(capture.trace, measured, "the recording", MAX_BUCKETS)
    return CapturePage(
        title=title,
        kind=capture.kind,
        facts=tuple(facts),
        notes=(*capture.notes, f"Windows: {found}."),
        windows=Table(heads, tuple(rows), frozenset({5}), max(0, len(windows) - len(rows))),
        plot=trace_plot(drawn, "trace0"),
    )
