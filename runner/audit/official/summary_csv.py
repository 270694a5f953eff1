"""The official checker's summary.csv: one row for each benchmark with a result."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from ...config.rounds import RoundsError
from ..evidence.audit_result import OfficialReport, OfficialRow
from .rules import Checker, checker_version

_FROM_DESCRIPTION = {
    "BoardName": "Board Name",
    "HostProcessorModelName": "Processor(s) Name",
    "HostProcessorFrequency": "Processor(s) Frequencies",
    "HostProcessorMemory": "Processor memory type and capacity",
    "AcceleratorModelName": "Accelerator",
    "AcceleratorFrequency": "Accelerator(s) Frequencies",
    "AcceleratorMemory": "Accelerator memory type and capacity",
    "HardwareNotes": "Hardware Notes",
    "InferenceFramework": "Inference Framework",
    "SoftwareLibraries": "Software Libraries",
    "SoftwareNotes": "Software Notes",
}
"""Columns by the key of the system description that fills them."""


def from_description(description: Mapping[str, object]) -> dict[str, object]:
    """Return the columns that a system description fills."""
    return {column: description.get(key) for column, key in _FROM_DESCRIPTION.items()}


def as_written(checker: Checker, rows: Sequence[Mapping[str, object]]) -> tuple[OfficialRow, ...]:
    """Turn rows of plain values into the words of the checker's version.

    In pandas a column has one type: a row without energy reads 0.0 beside one that has it.
    """
    some_energy = any(isinstance(row["Power"], float) for row in rows)
    written = []
    for row in rows:
        values = dict(row)
        if checker.escapes and some_energy:
            values["Power"] = float(str(values["Power"]))
        written.append(
            OfficialRow(tuple((name, _cell(checker, values.get(name))) for name in checker.columns))
        )
    return tuple(written)


def _cell(checker: Checker, value: object) -> str:
    if checker.escapes and (value is None or value != value):
        return ""
    return str(value)


def csv_text(checker: Checker, rows: Sequence[OfficialRow]) -> str:
    """Return the file's text: a bare heading, then every value in quotes.

    The older version doubles no quotes, so that a value with one in it spoils its line.
    """
    heading = ",".join(checker.columns) + "\n"
    if not checker.escapes:
        lines = (",".join(f'"{text}"' for _, text in row.values) for row in rows)
        return heading + "".join(f"{line}\n" for line in lines)
    text = io.StringIO(heading)
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([cell for _, cell in row.values] for row in rows)
    return text.getvalue()


def write_summary_csv(report: OfficialReport) -> str:
    """Return the text of the summary.csv that goes with a report; RoundsError without a checker."""
    if not report.checker:
        raise RoundsError("the round had no official checker, and so no summary.csv")
    return csv_text(checker_version(report.checker), report.rows)
