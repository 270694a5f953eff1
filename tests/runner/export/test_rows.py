"""Rows of sessions: every column as the schema has it, the figures computed here by hand."""

from __future__ import annotations

import hashlib
import json
import math
import re
from dataclasses import fields

import pytest
from support.reference import reference_path
from support.sessions import for_reports
from support.sessions.streaming import Played
from tinyrunner.runner.export.read import input_rows, read_sessions, session_row, window_rows
from tinyrunner.runner.export.rows import InputRow, LayerRow, SessionRow, WindowRow, columns_of
from tinyrunner.runner.report.gather import Asked

KINDS = (SessionRow, WindowRow, InputRow, LayerRow)
UNITS = re.compile(r"_(s|j|w|v|per_s|bytes|ppm|utc|sha256)$")
NUMBERS_WITHOUT_UNIT = {
    # counts, and shares of one
    "violations", "warnings", "iterations", "warmups", "windows", "inputs", "inputs_listed",
    "true_positives", "false_negatives", "false_positives", "accuracy", "accuracy_target", "top1",
    "auc", "duty_cycle", "throughput_variation", "energy_variation", "window", "label",
    "predicted", "score", "label_score", "layer", "macs", "cycles", "cycles_per_mac", "share",
    "inference_cycles",
}  # fmt: skip


def rows_of(folder, kind=session_row):
    (session,) = read_sessions([folder])
    return kind(session)


def keeps_to_schema(row):
    for column in columns_of(type(row)):
        cell = getattr(row, column.name)
        assert cell is None or type(cell) is column.kind, column.name
    return row


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_has_a_kind_a_meaning_and_the_unit_in_its_name(kind):
    columns = columns_of(kind)
    assert [column.name for column in columns] == [field.name for field in fields(kind)]
    for column in columns:
        assert column.text
        if column.kind in (int, float):
            assert UNITS.search(column.name) or column.name in NUMBERS_WITHOUT_UNIT


def test_the_columns_of_a_session_are_those_that_were_published():
    """Others read them by name: one may be added at the end, none renamed or moved."""
    assert " ".join(column.name for column in columns_of(SessionRow)) == (
        "session session_id log_sha256 task mode round purpose verdict reason violations warnings "
        "simulated created_utc tool tool_version dialect system board device profile model_id "
        "model_sha256 inputs_list inputs_sha256 monitor monitor_serial supply_v iterations warmups "
        "windows throughput_per_s throughput_variation latency_s energy_per_inference_j "
        "energy_variation power_w accuracy accuracy_target top1 auc inputs inputs_listed "
        "true_positives false_negatives false_positives duty_cycle audio_drift_ppm"
    )


def test_a_performance_session(tmp_path):
    folder = for_reports.performance(tmp_path / "p", [10.0, 20.0, 16.0, 12.5, 32.0])
    row = keeps_to_schema(rows_of(folder))
    assert (row.session, row.task, row.mode, row.round) == ("p", "kws", "performance", "v1.2")
    assert (row.session_id, row.created_utc) == ("20260101000000", "2026-01-01T00:00:00+00:00")
    assert row.log_sha256 == hashlib.sha256((folder / "log.txt").read_bytes()).hexdigest()
    assert (row.tool, row.tool_version, row.dialect) == ("tinyrunner", "0.1.0", "EEMBC")
    assert (row.iterations, row.windows, row.warmups) == (800, 5, 1)
    assert (row.throughput_per_s, row.latency_s) == (50.0, 0.02)
    rates = [80.0, 40.0, 50.0, 64.0, 25.0]
    mean = sum(rates) / 5
    deviation = math.sqrt(sum((rate - mean) ** 2 for rate in rates) / 4)
    assert row.throughput_variation == pytest.approx(deviation / mean)
    assert (row.energy_per_inference_j, row.accuracy, row.duty_cycle) == (None, None, None)
    assert (row.simulated, row.verdict) == (False, "not valid")
    assert row.violations == 1
    assert "official" in row.reason
    windows = [keeps_to_schema(each) for each in rows_of(folder, window_rows)]
    assert [each.throughput_per_s for each in windows] == rates
    assert [each.window for each in windows] == [2, 4, 6, 8, 10]
    assert {each.log_sha256 for each in windows} == {row.log_sha256}
    assert list(rows_of(folder, input_rows)) == []


def test_an_energy_session(tmp_path):
    folder = for_reports.energy(tmp_path / "e", samples=65_000, power_mw=(10, 20, 30, 40, 50))
    row = keeps_to_schema(rows_of(folder))
    assert row.power_w == pytest.approx(0.030, rel=1e-2)
    assert row.energy_per_inference_j == pytest.approx(0.030 * 10.4 / 800, rel=1e-2)
    windows = [keeps_to_schema(each) for each in rows_of(folder, window_rows)]
    assert [each.start_s for each in windows] == pytest.approx([2, 14.5, 27, 39.5, 52], abs=1e-2)
    assert [each.energy_j for each in windows] == pytest.approx(
        [0.104, 0.208, 0.312, 0.416, 0.520], rel=1e-2
    )


def test_an_accuracy_session_has_a_row_an_input(tmp_path):
    folder = for_reports.accuracy(tmp_path / "a", wrong=(3, 4, 5))
    row = keeps_to_schema(rows_of(folder))
    assert (row.accuracy, row.top1, row.accuracy_target) == (0.95, 0.95, 0.9)
    assert (row.inputs, row.inputs_listed) == (60, 60)
    inputs = [keeps_to_schema(each) for each in rows_of(folder, input_rows)]
    assert [each.file for each in inputs] == list(for_reports.FILES)
    assert [n for n, each in enumerate(inputs) if not each.right] == [3, 4, 5]
    assert (inputs[3].label_name, inputs[3].predicted_name) == ("No", "Off")
    assert (inputs[3].score, inputs[3].label_score) == (1.0, 0.0)
    assert list(rows_of(folder, window_rows)) == []


def test_a_streaming_session(tmp_path):
    played = Played(missed=(9, 17), false_s=(614.0, 717.0))
    folder = played.write(tmp_path / "s")
    row = keeps_to_schema(rows_of(folder))
    assert (row.task, row.verdict) == ("sww", "valid")
    assert (row.true_positives, row.false_negatives, row.false_positives) == (48, 2, 2)
    assert row.accuracy == pytest.approx(96 / 100)
    assert row.duty_cycle == pytest.approx(20 / 32, rel=1e-3)
    assert row.latency_s == pytest.approx(0.020, rel=1e-3)


def test_a_session_that_cannot_be_judged_has_a_row_with_the_reason(tmp_path):
    folder = for_reports.performance(tmp_path / "p", [10.0] * 5)
    document = json.loads((folder / "session.json").read_text())
    document["provenance"]["task"] = "kwss"
    (folder / "session.json").write_text(json.dumps(document))
    row = keeps_to_schema(rows_of(folder))
    assert (row.verdict, row.task, row.throughput_per_s) == ("not scored", "?", None)
    assert "its task is 'kwss'" in row.reason
    assert row.log_sha256 is not None


def test_a_published_tree_has_the_figures_that_its_results_print():
    tree = reference_path("published", "v1.2")
    sessions = read_sessions([tree], Asked(datasets=reference_path("datasets")))
    rows = {(row.task, row.mode): row for row in map(session_row, sessions)}
    assert len(rows) == len(sessions) == 6
    for row in map(keeps_to_schema, rows.values()):
        text = tree.joinpath(row.session, "results.txt").read_text("utf-8")
        if row.mode == "accuracy":
            top1, auc = re.search(r"Top-1: ([\d.]+)%[^%]*?AUC: ([\d.]+)", text).groups()
            if row.task == "ic":
                assert row.top1 == pytest.approx(float(top1) / 100, abs=5e-4)
                assert row.auc == pytest.approx(float(auc), abs=1e-2)
            else:
                assert (row.verdict, row.auc) == ("not scored", None)
                assert "log.txt" in row.reason
            continue
        told = re.search(r"Median throughput is +([\d.]+) inf", text)[1]
        assert row.throughput_per_s == pytest.approx(float(told), abs=6e-4)
        if row.mode == "energy":
            told = re.search(r"Median energy cost is +([\d.]+) uJ", text)[1]
            assert row.energy_per_inference_j == pytest.approx(float(told) * 1e-6, abs=6e-10)
