"""Rows as CSV, JSON lines, Markdown and Parquet: every cell comes back as it was."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from support.report.cli import command
from support.sessions import for_reports
from tinyrunner.runner.export.read import input_rows, read_sessions, session_row, window_rows
from tinyrunner.runner.export.rows import InputRow, SessionRow, WindowRow, columns_of
from tinyrunner.runner.export.tables import markdown

ROWS = {
    "sessions": (SessionRow, lambda session: [session_row(session)]),
    "windows": (WindowRow, window_rows),
    "inputs": (InputRow, input_rows),
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    device = {"address": "x", "baud_rate": 1, "vendor": 'a "b", c|d\n<i>', "profile": None,
              "model_id": None}  # fmt: skip
    for_reports.performance(folder / "p", [10.0, 20.0, 16.0, 12.5, 32.0], device=device)
    for_reports.accuracy(folder / "a", wrong=(0, 1, 2))
    (folder / "broken").mkdir()
    (folder / "broken" / "log.txt").write_text("nothing\n")
    return folder


def expected(lab, kind):
    schema, rows_of = ROWS[kind]
    sessions = read_sessions([lab])
    return schema, [row.cells() for session in sessions for row in rows_of(session)]


@pytest.mark.parametrize("kind", ROWS)
def test_csv_comes_back(lab, kind):
    schema, rows = expected(lab, kind)
    told = command("export", lab, "--rows", kind)
    assert told.status == 0
    read = list(csv.DictReader(io.StringIO(told.out)))
    kinds = {each.name: each.kind for each in columns_of(schema)}
    values = {str: str, int: int, float: float, bool: {"true": True, "false": False}.get}
    assert [
        {name: values[kinds[name]](text) if text else None for name, text in row.items()}
        for row in read
    ] == rows
    assert len(rows) == {"sessions": 3, "windows": 5, "inputs": 60}[kind]


@pytest.mark.parametrize("kind", ROWS)
def test_json_lines_come_back(lab, kind):
    told = command("export", lab, "--rows", kind, "--format", "jsonl")
    assert [json.loads(line) for line in told.out.splitlines()] == expected(lab, kind)[1]


@pytest.mark.parametrize("kind", ROWS)
def test_parquet_comes_back_with_the_meaning_of_each_column(lab, kind, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "rows.parquet"
    assert command("export", lab, "--rows", kind, "--out", file).status == 0
    read = parquet.read_table(file)
    schema, rows = expected(lab, kind)
    assert read.to_pylist() == rows
    for column in columns_of(schema):
        assert read.schema.field(column.name).metadata[b"meaning"].decode() == column.text


def test_markdown_shows_figures_in_the_units_of_the_field(lab):
    told = command("export", lab, "--format", "markdown")
    head, rule, *rows, end = told.out.splitlines()
    assert end == "", "another table may follow"
    assert head == "| task | mode | system | inf./s | ms | accuracy | verdict | reason |"
    assert rule == "|---|---|---|---:|---:|---:|---|---|"
    assert len(rows) == 3
    performance = next(row for row in rows if "performance" in row)
    assert performance.startswith(
        r'| kws | performance | a "b", c\|d \<i\> | 50 | 20 |  | not valid |'
    )
    assert all(row.replace(r"\|", "").count("|") == 9 for row in rows)
    told = command("export", lab, "--format", "markdown", "--rows", "windows")
    assert len(told.out.splitlines()) == 2 + 5 + 1


def test_markdown_writes_large_numbers_without_powers_of_ten(lab):
    (session,) = read_sessions([lab / "p"])
    row = replace(session_row(session), throughput_per_s=123456.7, latency_s=12.6)
    assert "| 123457 | 12600 |" in markdown([row], SessionRow)


def test_what_is_simulated_says_so(tmp_path):
    simulated = {"model": "m", "model_sha256": "ab" * 32, "runtime": "none", "note": None,
                 "baud_rate": 1, "inference_time_s": 1.0}  # fmt: skip
    folder = for_reports.performance(tmp_path / "s", [10.0] * 5, simulated=simulated)
    assert ", **simulated** |" in command("export", folder, "--format", "markdown").out


def test_what_cannot_be_written_is_refused_before_anything_is_read(lab, tmp_path, monkeypatch):
    there = tmp_path / "there.csv"
    there.write_text("mine")
    for words, says in (
        (("--out", there), "exists; name another file, remove it, or give --force"),
        (("--out", tmp_path / "rows.dat"), "does not tell its format"),
        (("--format", "parquet"), "name its file with --out"),
        (("--format", "bencher", "--rows", "windows"), "is of sessions; --rows windows goes with"),
        (("--out", tmp_path / "no" / "rows.csv"), "there is no folder"),
    ):
        told = command("export", lab, *words)
        assert told.status == 2, words
        assert says in told.error
    assert there.read_text() == "mine"
    assert command("export", lab, "--out", there, "--force").status == 0
    assert there.read_text().startswith("session,session_id,log_sha256,")
    assert list(Path(tmp_path).iterdir()) == [there]


def test_windows_of_a_session_that_cannot_be_judged_are_told_missing(lab):
    told = command("export", lab, "--rows", "windows")
    assert told.shown.startswith("left out: broken: not scored: ")
    assert "is no session log" in told.shown
