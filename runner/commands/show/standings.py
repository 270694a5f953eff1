"""Shows the published record as a table, best first, with sessions of one's own among it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.text import Text

from ...audit.overview.standings import SOURCE, StandingsRow, Status
from ...score.judge import Judged
from ...score.streaming.assess import JudgedStream
from ...terms import Mode
from .fitted_table import print_fitted
from .results_table import shown_figure

_FIRST_TO_GO = ("framework", "accelerator", "processor", "clock", "board")
"""The columns that a narrow terminal does without, in this order."""
_MARKS = {
    Status.PRINTED_ONLY: "printed; not recomputed",
    Status.DISAGREES: "printed otherwise: {}",
}


@dataclass(frozen=True, slots=True)
class OwnSession:
    """Is a session that is not of the record, to be placed in it."""

    name: str
    figure: float | None
    simulated: bool
    valid: bool

    @classmethod
    def of(cls, path: Path, judged: Judged | JudgedStream) -> OwnSession:
        """Take the figure that a session was run for, in the record's unit."""
        found = judged.assessment
        figure: float | None = None
        if judged.mode is Mode.PERFORMANCE:
            figure = found.throughput
        elif judged.mode is Mode.ENERGY and found.energy is not None:
            joules = found.energy.median_energy_j
            figure = None if joules is None else joules * 1e6
        elif found.accuracy is not None and found.accuracy.figure is not None:
            by_class = not found.accuracy.file_scores
            figure = found.accuracy.figure * (100 if by_class else 1)
        return cls(path.resolve().name, figure, found.simulated, found.valid)


def show_standings(
    console: Console, rows: Sequence[StandingsRow], own: Sequence[OwnSession], *, shipped: bool
) -> None:
    """Print the rows of one task and mode, best first, and the place of each own session."""
    mode, unit = Mode(rows[0].mode), rows[0].unit
    placed = [row for row in rows if row.figure is not None]
    merged: list[StandingsRow | OwnSession] = [*placed, *own]
    merged.sort(key=lambda one: _rank(one.figure, mode))
    lines, place = [], 0
    for one in merged:
        if isinstance(one, OwnSession):
            lines.append(_own_line(one, unit))
        else:
            place += 1
            lines.append(_line(one, place, unit))
    print_fitted(
        console,
        lines,
        name="system",
        first_to_go=_FIRST_TO_GO,
        left=("round", "who", "system", "board", "processor", "framework", "note"),
    )
    for session in own:
        better = sum(_rank(row.figure, mode) < _rank(session.figure, mode) for row in placed)
        text = f"{session.name}: {better} of {len(placed)} in the record are better"
        if not placed:
            text = f"{session.name}: the record has no figure that it could be placed by"
        if session.simulated:
            text += "; it is of a simulated device, whose figures are modelled"
        elif not session.valid:
            text += "; it is not valid for submission"
        console.print(text, soft_wrap=True, markup=False, highlight=False)
    if without := len(rows) - len(placed):
        console.print(f"{without} more without a figure", style="dim", highlight=False)
    _say_source(console, shipped=shipped)


def show_summary(console: Console, rows: Sequence[StandingsRow], *, shipped: bool) -> None:
    """Print a line for each task and mode: how many sessions there are, the best, the median."""
    lines = []
    for task, mode in sorted({(row.task, row.mode) for row in rows}):
        same = [row for row in rows if (row.task, row.mode) == (task, mode)]
        figures = [row for row in same if row.figure is not None]
        best = min(figures, key=lambda row: _rank(row.figure, Mode(mode)), default=None)
        values = [row.figure for row in figures if row.figure is not None]
        lines.append(
            {
                "task": Text(task, style="bold"),
                "mode": Text(mode),
                "sessions": Text(str(len(same))),
                "best": Text("" if best is None else shown_figure(best.figure)),
                "median": Text(shown_figure(median(values)) if values else ""),
                "unit": Text(same[0].unit),
                "best of": Text("" if best is None else f"{best.organization}, {best.round}"),
            }
        )
    print_fitted(
        console, lines, name="best of", first_to_go=("median",),
        left=("task", "mode", "unit", "best of"),
    )  # fmt: skip
    _say_source(console, shipped=shipped)


def _rank(figure: float | None, mode: Mode) -> float:
    """Return what orders figures, the best first."""
    assert figure is not None
    return figure if mode is Mode.ENERGY else -figure


def _line(row: StandingsRow, place: int, unit: str) -> dict[str, Text]:
    note = _MARKS.get(Status(row.status), "").format(row.printed)
    if row.division != "closed":
        note = f"{row.division} division{', ' if note else ''}{note}"
    return {
        "": Text(str(place), style="dim"),
        unit: Text(shown_figure(row.figure), style="bold"),
        "round": Text(row.round),
        "who": Text(row.organization),
        "system": Text(f"{row.system} {row.implementation}".strip()),
        "board": Text(row.board),
        "processor": Text(row.processor),
        "clock": Text(row.frequency),
        "accelerator": Text(row.accelerator),
        "framework": Text(row.framework),
        "note": Text(note, style="yellow"),
    }


def _own_line(own: OwnSession, unit: str) -> dict[str, Text]:
    blank = dict.fromkeys(("board", "processor", "clock", "accelerator", "framework"), Text(""))
    note = "simulated" if own.simulated else "" if own.valid else "not valid"
    return {
        "": Text("→", style="bold green"),
        unit: Text(shown_figure(own.figure), style="bold green"),
        "round": Text(""),
        "who": Text("yours", style="bold green"),
        "system": Text(own.name, style="bold green"),
        **blank,
        "note": Text(note, style="yellow"),
    }


def _say_source(console: Console, *, shipped: bool) -> None:
    if shipped:
        console.print(f"source: {SOURCE}", style="dim", soft_wrap=True, highlight=False)


def standing_json(
    rows: Iterable[StandingsRow], own: Sequence[OwnSession], *, shipped: bool
) -> dict[str, Any]:
    """Return the rows with the figure as a number, and the sessions to place, for a program."""
    return {
        "source": SOURCE if shipped else None,
        "rows": [asdict(row) | {"figure": row.figure} for row in rows],
        "with": [asdict(one) for one in own],
    }
