"""Writes sessions, rows of them, or layers in one of the formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ...errors import TinyrunnerError
from ..errors import SetupError
from ..report.page import ReportPage, ReportSession
from .formats import ExportFormat, RowKind
from .read import input_rows, layer_rows, session_row, window_rows
from .rows import Row


class Export(NamedTuple):
    """Is what was written, and what was not."""

    content: str | bytes
    left_out: tuple[str, ...]
    """Sessions, or logs of layers, of which nothing stands in it, each with the reason."""


def export(page: ReportPage, format_: ExportFormat, kind: RowKind) -> Export:
    """Write what was gathered, or rows of that, in a format.

    SetupError where the format has no rows of that kind, TraceError where it needs pyarrow.
    """
    if format_.is_table:
        rows, left_out = rows_of(page, kind)
        return Export(_table(rows, format_, kind.schema), tuple(left_out))
    if kind is not RowKind.SESSIONS:
        raise SetupError(
            f"--format {format_.value} is of sessions; --rows {kind.value} goes with "
            f"{', '.join(each.value for each in ExportFormat if each.is_table)}"
        )
    if format_ is ExportFormat.JUNIT:
        from .junit import junit_text
        from .suites import suites_of_sessions

        return Export(junit_text(suites_of_sessions(map(session_row, page.sessions))), ())
    return _dashboard(page.sessions, format_)


def _dashboard(sessions: Sequence[ReportSession], format_: ExportFormat) -> Export:
    from .dashboards import bencher_json, figures_of, github_benchmark_json

    told = [(session_row(each), tuple(window_rows(each))) for each in sessions]
    left_out = tuple(
        f"{row.session}: {row.reason or row.verdict}" for row, _ in told if not figures_of(row)
    )
    if format_ is ExportFormat.BENCHER:
        return Export(bencher_json(told), left_out)
    bigger = format_ is ExportFormat.BIGGER_IS_BETTER
    return Export(github_benchmark_json(told, more_is_better=bigger), left_out)


def rows_of(page: ReportPage, kind: RowKind) -> tuple[list[Row], list[str]]:
    """Return the rows, and what has none although it should, with the reasons.

    SetupError where there are to be rows of layers, and no log of any was found.
    """
    if kind is RowKind.SESSIONS:
        return [session_row(each) for each in page.sessions], []
    rows: list[Row] = []
    left_out = []
    if kind is RowKind.LAYERS:
        if not page.profiles and not page.unread:
            raise SetupError(
                f"{page.title}: no log of layers is there (*.layers.log); `tinyrunner profile "
                "--out DIR` keeps one"
            )
        return [row for each in page.profiles for row in layer_rows(each)], [*page.unread]
    for session in page.sessions:
        if session.assessment is None:
            left_out.append(f"{session.title}: {session_row(session).reason}")
        elif kind is RowKind.WINDOWS:
            rows += window_rows(session)
        else:
            try:
                rows += list(input_rows(session))  # all of them, or none
            except TinyrunnerError as error:
                left_out.append(f"{session.title}: {error}")
    return rows, left_out


def _table(rows: list[Row], format_: ExportFormat, schema: type[Row]) -> str | bytes:
    from .tables import csv_text, json_lines, markdown, parquet_bytes

    match format_:
        case ExportFormat.CSV:
            return csv_text(rows, schema)
        case ExportFormat.JSON_LINES:
            return json_lines(rows)
        case ExportFormat.MARKDOWN:
            return markdown(rows, schema)
        case _:
            return parquet_bytes(rows, schema)
