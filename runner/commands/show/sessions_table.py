"""Shows the sessions of a folder, a row each, and what is known of one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ....models.suite import Metric
from ...execute.resume.found_sessions import FoundSession, SessionState
from ...journal.session_document import Json
from ...terms import Mode, Purpose
from .fitted_table import print_fitted
from .results_table import shown_figure, shown_rate

_STYLES = {
    "valid": "green",
    "not valid": "red",
    "development": "cyan",
    "not good": "red",
    "simulated": "yellow",
    "damaged": "bold red",
}


def show_sessions(console: Console, sessions: Sequence[FoundSession]) -> None:
    """Print a row a session; where the terminal has no room for the folders' names, say so."""
    gone = print_fitted(
        console,
        [_row(session) for session in sessions],
        name="board",
        first_to_go=("folder", "board", "resume", "mode"),
        left=("begun", "board", "task", "mode", "verdict", "resume", "folder"),
    )
    if "folder" in gone:
        line = "their folders' names are in a wider terminal, in a pipe, and in --json"
        console.print(line, style="dim", highlight=False)


def _row(session: FoundSession) -> dict[str, Text]:
    told, verdict = session.provenance, verdict_of(session)
    return {
        "begun": Text("?" if session.begun is None else f"{session.begun:%Y-%m-%d %H:%M}"),
        "board": Text(session.board or "?"),
        "task": Text("?" if told is None else told.task, style="bold"),
        "mode": Text("?" if told is None else told.mode.value),
        "figure": Text(_figure_text(session)),
        "verdict": Text(verdict, _STYLES.get(verdict, "")),
        "resume": Text(resumable_word(session)),
        "folder": Text(session.folder.name),
    }


def verdict_of(session: FoundSession) -> str:
    """Return what the session came to in one or two words; its state while it has no result."""
    if session.result is None:
        return session.state.value
    if session.result.get("valid") is True:
        return "valid"
    if session.result.get("for") == Purpose.DEVELOPMENT.value:
        return "development" if session.result.get("good") is True else "not good"
    return "simulated" if session.result.get("simulated") is True else "not valid"


def resumable_word(session: FoundSession) -> str:
    """Return whether `run --resume` goes on with a session, in a word."""
    if session.state is SessionState.DAMAGED:
        return "repair"
    if session.state in (SessionState.FINISHED, SessionState.RUNNING):
        return "–"
    return "yes" if session.resumable else "no"


def figure_of(session: FoundSession) -> tuple[float, str] | None:
    """Return the session's one figure with its unit or name, None without one."""
    mode = None if session.provenance is None else session.provenance.mode
    if isinstance(stream := (session.result or {}).get("streaming"), dict):
        return _streaming_figure(session.result or {}, stream)
    part = None if mode is None else (session.result or {}).get(mode.value)
    if mode is None or not isinstance(part, dict):
        return None
    if mode is Mode.ENERGY:
        joules = _number(part.get("median_energy_per_inference_j"))
        return None if joules is None else (joules * 1e6, "µJ/inf")
    if mode is Mode.PERFORMANCE:
        rate = _number(part.get("median_throughput"))
        return None if rate is None else (rate, "inf/s")
    by_auc = part.get("metric") == Metric.AUC.value
    value = _number(part.get("auc" if by_auc else "top1"))
    return None if value is None else (value, "AUC" if by_auc else "Top-1")


def _streaming_figure(result: Json, stream: Json) -> tuple[float, str] | None:
    """Return the power of a session that has one, else the throughput, else F1."""
    energy, duty = result.get("energy"), stream.get("duty")
    windows = energy.get("windows") if isinstance(energy, dict) else None
    first = windows[0] if isinstance(windows, list) and windows else None
    watts = _number(first.get("power_w")) if isinstance(first, dict) else None
    rate = _number(duty.get("throughput")) if isinstance(duty, dict) else None
    words = stream.get("words")
    f1 = _number(words.get("f1")) if isinstance(words, dict) else None
    told = ((watts, 1e3, "mW"), (rate, 1.0, "inf/s"), (f1, 1.0, "F1"))
    return next(((one * by, unit) for one, by, unit in told if one is not None), None)


def _figure_text(session: FoundSession) -> str:
    found = figure_of(session)
    if found is None:
        return "–"
    value, unit = found
    if unit in ("AUC", "F1", "Top-1"):
        return f"{unit} {shown_rate(Metric.TOP1 if unit == 'Top-1' else Metric.AUC, value)}"
    return f"{shown_figure(value)} {unit}"


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def session_json(session: FoundSession) -> dict[str, Any]:
    """Return a row of the table as plain values, for a program."""
    told, figure = session.provenance, figure_of(session)
    return {
        "folder": str(session.folder),
        "begun": None if session.begun is None else session.begun.isoformat(),
        "board": session.board or None,
        "task": None if told is None else told.task,
        "mode": None if told is None else told.mode.value,
        "state": session.state.value,
        "resumable": session.resumable,
        "figure": None if figure is None else {"value": figure[0], "unit": figure[1]},
        "verdict": None if session.result is None else verdict_of(session),
        "size_bytes": session.size_bytes,
    }


def show_facts(console: Console, session: FoundSession) -> None:
    """Print what a session was made of, and what can be done with it."""
    console.print(Text(f"{session.folder}: {session.state.value}", style="bold"))
    for name, value in _facts(session):
        console.print(Text(f"  {name:<9}", style="dim").append(value, style="default"))
    for line in _what_now(session):
        console.print(Text(f"  {line}"))


def _facts(session: FoundSession) -> list[tuple[str, str]]:
    facts = [] if session.begun is None else [("begun", f"{session.begun:%Y-%m-%d %H:%M:%S}")]
    if (told := session.provenance) is not None:
        device, data, link = told.device, told.dataset, told.link
        listed = f", {data.official_list}" if data.official_list else ""
        loads = f", {link.data_bytes_per_db} bytes a db"
        inputs = [
            ("inputs", f"{data.files} files, {data.windows} windows of {data.folder}{listed}"),
            ("counts", f"{told.iterations} inferences a window, after {told.warmups} warm-ups"),
        ]
        if session.is_streaming:  # a recording: nothing is loaded, and nothing repeated
            loads = ""
            inputs = [("inputs", f"a recording of {data.windows} words, {data.folder}{listed}")]
        facts += [
            ("board", f"{session.board}; {device.vendor} at {device.address}"),
            ("link", f"{device.baud_rate} baud{loads}"),
            ("measures", f"{told.task} {told.mode.value}, {told.round}, {told.division.value}"),
            *inputs,
            ("made by", f"{told.tool.name} {told.tool.version}, Python {told.tool.python}"),
        ]
    size = f"{session.size_bytes / 1e3:,.0f} kB"
    return [*facts, ("files", f"{', '.join(p.name for p in _files(session))}; {size}")]


def _files(session: FoundSession) -> list[Path]:
    return sorted(path for path in session.folder.iterdir() if path.is_file())


def _what_now(session: FoundSession) -> list[str]:
    if session.trouble:
        return [session.trouble]
    if session.resumable:
        return [f"tinyrunner run --resume {session.folder} goes on with it"]
    if session.state is SessionState.STOPPED:
        why = "one trace holds all windows of an energy run"
        if session.is_streaming:
            why = "a recording plays once, from beginning to end"
        return [f"it cannot be gone on with ({why})"]
    return []
