"""Layers as rows: by hand from what the device told, in each format of tables."""

from __future__ import annotations

import csv
import io
import json

import pytest
from support.report.cli import command
from support.report.layer_logs import layer_log
from support.sessions.for_reports import performance
from tinyrunner.runner.export.rows import LayerRow, columns_of


@pytest.fixture
def lab(tmp_path):
    performance(tmp_path / "lab" / "p", [10.0] * 5)
    layer_log(tmp_path / "lab" / "a.layers.log")
    return tmp_path / "lab"


def test_a_row_is_what_the_device_told(lab):
    told = command("export", lab, "--rows", "layers", "--format", "jsonl")
    first, second = map(json.loads, told.out.splitlines())
    digest = first.pop("log_sha256")
    assert digest == second["log_sha256"]
    assert first == {
        "log": "a.layers.log", "task": "kws", "created_utc": "2026-01-31T12:00:00+00:00",
        "tool_version": "0.2.0", "address": "/dev/ttyACM0", "device": "acme-board",
        "profile": "Firmware V1", "model_id": "kws01", "simulated": False,
        "counter_kind": "measured", "counter": "DWT CYCCNT", "layer": 0,
        "operator": "convolution", "output": "25x5x64", "macs": 320_000, "cycles": 1600,
        "cycles_per_mac": 0.005, "elapsed_s": 16e-6, "share": 0.8, "inference_cycles": 2000,
        "inference_s": 20e-6,
    }  # fmt: skip
    assert (second["macs"], second["cycles_per_mac"]) == (0, None)


def test_csv_and_parquet_hold_the_same_rows(lab, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = list(csv.DictReader(io.StringIO(command("export", lab, "--rows", "layers").out)))
    assert list(rows[0]) == [column.name for column in columns_of(LayerRow)]
    file = tmp_path / "layers.parquet"
    assert command("export", lab, "--rows", "layers", "--out", file).status == 0
    table = parquet.read_table(file)
    assert [str(cycles) for cycles in table["cycles"].to_pylist()] == [
        row["cycles"] for row in rows
    ]
    assert table.schema.field("share").metadata[b"meaning"]


def test_markdown_shows_the_units_of_the_field_and_marks_what_is_simulated(tmp_path):
    log = layer_log(tmp_path / "a.layers.log")
    head, _, first, *_ = command(
        "export", log, "--rows", "layers", "--format", "markdown"
    ).out.splitlines()
    assert head == (
        "| log | # | operator | output | MACs | cycles | per MAC | µs | share | counted |"
    )
    assert first.endswith("| 320000 | 1600 | 0.005 | 16 | 80.0 % | measured |")
    log = layer_log(tmp_path / "b.layers.log", counter="simulated: a clock")
    told = command("export", log, "--rows", "layers", "--format", "markdown")
    assert told.out.count("| **simulated** |") == 2
    log = layer_log(tmp_path / "c.layers.log", counter="emulated: a clock")
    told = command("export", log, "--rows", "layers", "--format", "markdown")
    assert told.out.count("| **emulated** |") == 2


def test_where_no_log_of_layers_is_that_is_told(lab):
    told = command("export", lab / "p", "--rows", "layers")
    assert told.status == 2
    assert "no log of layers is there" in told.error
    told = command("export", lab, "--rows", "layers", "--format", "junit")
    assert told.status == 2
    assert "--rows layers goes with" in told.error


def test_a_log_that_cannot_be_read_is_left_out_and_told(lab):
    (lab / "b.layers.log").write_text("nothing\n")
    told = command("export", lab, "--rows", "layers")
    assert told.status == 0
    assert "left out:" in told.shown
    assert "b.layers.log" in told.shown
    assert len(told.out.splitlines()) == 3


def test_a_log_of_layers_that_is_named_is_taken_for_no_session(lab):
    told = command("export", lab / "a.layers.log")
    assert told.status == 2
    assert "is a log of the wire and no session" in told.error
    assert "--rows layers" in told.error
