"""Lists what a results repository has to say as a table: one row per session with its figure.

The columns are those of ``configs/standings.csv``, the published record of v0.5 to v1.3 that comes
with the program: 875 sessions of the repositories mlcommons/tiny_results_v0.5 … v1.3, their figures
recomputed on 2026-11-27 by a script that shares nothing with this program. A row which is made here
and differs from it is a question to both.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from enum import Enum
from pathlib import Path, PurePosixPath

from ....models.suite import Metric
from ...errors import SetupError
from ...score.streaming.printed import expected_texts
from ...submission.describe.system_json import SystemJsonError, read_system_json
from ...terms import Mode
from ...write.printed_results import PrintedFigure
from ..evidence.audit_result import Recomputed, SessionAudit, TreeAudit
from ..evidence.tree import ModeFolder
from ..session.results_check import headline_agrees, headlines

_SYSTEM = {
    "board": "Board Name",
    "processor": "Processor(s) Name",
    "frequency": "Processor(s) Frequencies",
    "accelerator": "Accelerator",
    "framework": "Inference Framework",
}


class Unit(Enum):
    """Names the unit of a figure, in the field's words."""

    THROUGHPUT = "inf/s"
    ENERGY = "uJ/inf"
    TOP_1 = "% Top-1"
    AUC = "AUC"
    F1 = "F1"


class Status(Enum):
    """Says how a printed figure stands to the session's own log."""

    REPRODUCED = "reproduced"
    DISAGREES = "disagrees"
    COMPUTED = "computed"
    """The figure follows from the log, and no results file prints one."""
    PRINTED_ONLY = "printed only"
    NONE = "no figure"


@dataclass(frozen=True, slots=True)
class StandingsRow:
    """Is one judged session of the record; texts as published, empty where nothing is said."""

    round: str
    division: str
    organization: str
    system: str
    implementation: str
    """The folders between the organization or the benchmark and the rest, where there are any."""
    board: str
    processor: str
    frequency: str
    accelerator: str
    framework: str
    task: str
    mode: str
    printed: str
    recomputed: str
    unit: str
    status: str

    @property
    def figure(self) -> float | None:
        """Return what was recomputed, else what is printed, in the row's unit."""
        try:
            figure = float(self.recomputed or self.printed)
        except ValueError:
            return None
        return figure if math.isfinite(figure) else None


SOURCE = (
    "sessions published in mlcommons/tiny_results_v0.5 … v1.3, recomputed on 2026-11-27 by a "
    "script of its own"
)
"""Where the shipped table comes from, in words for those who read it."""
_SHIPPED = Path(__file__).resolve().parents[3] / "configs" / "standings.csv"

COLUMNS = tuple(field.name for field in fields(StandingsRow))


def standings_of(paths: Iterable[Path], datasets: Path | None = None) -> list[StandingsRow]:
    """Audit results repositories, or folders of them by round, and return their rows.

    SetupError where a path is no folder.
    """
    from ..audit import audit  # the whole auditor, which who reads the table does not need

    rows = [
        row
        for path in paths
        for repository in _repositories(path)
        for row in rows_of(audit(repository, datasets=datasets))
    ]
    return sorted(rows, key=_order)


def _repositories(path: Path) -> Iterator[Path]:
    """Return the folder itself, or those of its folders that hold divisions."""
    if not path.is_dir():
        raise SetupError(f"{path} is no folder; name a results repository or a folder of them")
    inner = [one for one in sorted(path.iterdir()) if one.is_dir() and _has_divisions(one)]
    yield from (inner if inner and not _has_divisions(path) else [path])


def _has_divisions(folder: Path) -> bool:
    return any((folder / name).is_dir() for name in ("closed", "open"))


def rows_of(found: TreeAudit) -> Iterator[StandingsRow]:
    """Return the row of each session of an audit; one whose task nobody knows has none."""
    described: dict[str, Mapping[str, str]] = {}
    for session in found.sessions:
        place = session.place
        if not place.task_key:
            continue
        system, implementation = _place(session)
        path = place.submitter.inside("systems", f"{system}.json")
        if path not in described:
            described[path] = _description(found.root / path)
        name, unit = headline_of(place)
        printed = session.printed.get(name, "")
        recomputed = session.recomputed
        value = None if recomputed is None else figure_of(recomputed, name)
        agrees = recomputed is not None and agrees_with(printed, name, recomputed)
        yield StandingsRow(
            round=found.round.name,
            division=place.submitter.division.value,
            organization=place.submitter.name,
            system=system,
            implementation=implementation,
            **{column: described[path].get(key, "").strip() for column, key in _SYSTEM.items()},
            task=place.task_key,
            mode=place.mode.value,
            printed=printed,
            recomputed="" if value is None else f"{value:.6g}",
            unit=unit.value,
            status=_status(printed, value, agrees=agrees).value,
        )


def _description(path: Path) -> Mapping[str, str]:
    try:
        return read_system_json(path).values
    except (SystemJsonError, OSError):
        return {}


def _place(session: SessionAudit) -> tuple[str, str]:
    """Return the first folder under results, and the others above the mode's.

    The second is empty where it is the task's name alone, as the rounds have it.
    """
    place = session.place
    within = PurePosixPath(place.path).relative_to(place.submitter.inside("results"))
    system, *between = within.parts[:-1]
    implementation = "/".join(between)
    return system, "" if implementation == place.task_key else implementation


def headline_of(place: ModeFolder) -> tuple[str, Unit]:
    """Name the figure that a session is run for, as results files call it, and its unit."""
    task, mode = place.task, place.mode
    if mode is Mode.ENERGY:
        return "median_energy_uj", Unit.ENERGY
    if place.streaming is not None:
        return "throughput", Unit.THROUGHPUT
    if mode is Mode.PERFORMANCE:
        return "median_throughput", Unit.THROUGHPUT
    if task is not None and task.metric is Metric.AUC:
        return "auc", Unit.AUC
    return "top1", Unit.TOP_1


def figure_of(recomputed: Recomputed, name: str) -> float | None:
    """Return a headline figure as it was recomputed, in its unit; None where it cannot be told."""
    streaming = recomputed.streaming
    if streaming is not None and name == "throughput":
        return None if streaming.duty is None else streaming.duty.throughput
    return headlines(recomputed).get(name)


def agrees_with(printed: str, name: str, recomputed: Recomputed) -> bool:
    """Tell whether a headline figure is printed as it was recomputed."""
    if recomputed.streaming is not None and name == "throughput":
        return printed in expected_texts(None, recomputed.streaming.duty).get(name, ())
    return headline_agrees(PrintedFigure(name, printed, None), recomputed)


def _status(printed: str, recomputed: float | None, *, agrees: bool) -> Status:
    if not printed:
        return Status.NONE if recomputed is None else Status.COMPUTED
    if recomputed is None:
        return Status.PRINTED_ONLY
    return Status.REPRODUCED if agrees else Status.DISAGREES


def _order(row: StandingsRow) -> tuple[str, ...]:
    return tuple(getattr(row, name) for name in COLUMNS)


def published_standings() -> list[StandingsRow]:
    """Return the published record that comes with the program."""
    return read_standings(_SHIPPED.read_text("utf-8"))


def read_standings(text: str) -> list[StandingsRow]:
    """Read a table in CSV; SetupError where its columns are others."""
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise SetupError(f"this is no table of standings: its columns are not {', '.join(COLUMNS)}")
    return [StandingsRow(**{name: line[name] or "" for name in COLUMNS}) for line in reader]


def standings_csv(rows: Iterable[StandingsRow]) -> str:
    """Return the table as CSV, with LF line ends as the shipped one has."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([getattr(row, name) for name in COLUMNS] for row in rows)
    return text.getvalue()
