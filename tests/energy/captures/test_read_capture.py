"""Which file is what, the windows of its edges, and the tables that a trace is written as."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from support.energy.traces import write_trace
from support.reference import reference_path
from tinyrunner.energy.captures.capture import Asked
from tinyrunner.energy.captures.export import write_csv, write_parquet
from tinyrunner.energy.captures.figures import figures_of, windows_of
from tinyrunner.energy.captures.read_capture import read_capture
from tinyrunner.energy.errors import TraceError
from tinyrunner.energy.trace import EnergyTrace, Gap, TraceOrigin

TRACE = EnergyTrace(
    1000.0,
    np.full(100, 3.0, np.float32),
    (0.0105, 0.02, 0.08),
    gaps=(Gap(50, 2),),
    provenance={"supply_v": 3.0},
)
KRAI = "published/v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/energy"
ST = "published/v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws/energy"


@pytest.mark.parametrize("origin", [TraceOrigin.OURS, TraceOrigin.EEMBC])
@pytest.mark.parametrize("name", ["", "trace1-energy.bin", "trace1-timestamps.json"])
def test_a_session_is_read_by_its_folder_or_by_a_file_of_its_trace(tmp_path, origin, name):
    write_trace(replace(TRACE, origin=origin), tmp_path)
    capture = read_capture(tmp_path / name, tmp_path / "unused.bin", Asked())
    assert capture.trace.origin is origin
    assert figures_of(capture.trace).energy_j == pytest.approx(300e-6)
    assert not (tmp_path / "unused.bin").exists()


def test_eembcs_pair_gives_the_figures_that_its_runner_printed(tmp_path):
    folder = reference_path(KRAI)
    capture = read_capture(folder / "trace1-energy.bin", tmp_path / "x", Asked())
    windows, _ = windows_of(capture.trace)
    printed = (folder / "results.txt").read_text()
    for window in windows:
        assert f"Energy       :  {window.energy_j * 1e6:.3f} uJ" in printed


def test_mlcommons_trials_give_the_figures_that_its_runner_printed(tmp_path):
    folder = reference_path(ST)
    printed = (folder / "results.txt").read_text()
    for trial in (1, 5):
        capture = read_capture(folder, tmp_path / "x", Asked(trial=trial))
        (window,), _ = windows_of(capture.trace)
        assert f"Total Energy  : {window.energy_j * 1e6:.3f} uJ" in printed
    with pytest.raises(TraceError, match="holds 5 trials, none with number 6"):
        read_capture(folder, tmp_path / "x", Asked(trial=6))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"hello", "no recording that is known; expected a .ppk2"),
        ("a-energy.bin", b"hello", "no recording that is known"),
        (
            "a-energy.bin",
            b"\xf1\0\0\x7aD" + b"\0" * 4,
            "cannot read the trace|cannot read .*a-time",
        ),
        ("a.jls", b"\xd3tagfmt \r\n \n  \x1a\x1c", "version 1; open it with the Joulescope UI"),
        ("a.json", b"{", "expected JSON"),
        ("a.bin", b"", "no recording that is known"),
    ],
)
def test_a_foreign_file_is_named(tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TraceError, match=said):
        read_capture(tmp_path / name, tmp_path / "x", Asked())


def test_a_file_that_is_not_there_and_an_empty_folder_are_named(tmp_path):
    with pytest.raises(TraceError, match=r"cannot read .*: No such file"):
        read_capture(tmp_path / "none.ppk2", tmp_path / "x", Asked())
    with pytest.raises(TraceError, match=r"holds neither trace1-energy\.bin nor"):
        read_capture(tmp_path, tmp_path / "x", Asked())


def test_an_even_number_of_edges_has_no_leading_one_unless_told():
    four = replace(TRACE, events_s=(0.01, 0.02, 0.03, 0.09), gaps=())
    assert [window.start_s for window in windows_of(four)[0]] == [0.01, 0.03]
    assert [window.start_s for window in windows_of(four, leading=2)[0]] == [0.03]
    ((window,), found) = windows_of(four, spans_s=[(0.0, 0.05)])
    assert (window.energy_j, found) == (pytest.approx(150e-6), "as given")


def test_csv_has_a_row_a_sample_with_its_edges_and_losses(tmp_path):
    write_csv(TRACE, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 100
    assert [number for number, row in enumerate(rows) if row["edges"] == "1"] == [10, 20, 80]
    assert [row["lost_before"] for row in rows[49:52]] == ["0", "2", "0"]
    assert float(rows[7]["time_s"]) == 0.007
    assert sum(float(row["power_w"]) for row in rows) / 1000 == pytest.approx(300e-6)


def test_parquet_holds_the_same_and_what_else_a_trace_is(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_parquet(TRACE, tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.num_rows == 100
    assert sum(table["power_w"].to_pylist()) / 1000 == pytest.approx(300e-6)
    assert sum(table["edges"].to_pylist()) == 3
    about = json.loads(table.schema.metadata[b"tinyrunner"])
    assert about["events_s"] == [0.0105, 0.02, 0.08]
    assert about["provenance"] == {"supply_v": 3.0}


def test_without_pyarrow_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TraceError, match=r"pip install 'tinyrunner\[parquet\]'"):
        write_parquet(TRACE, tmp_path / "a.parquet")


def test_a_table_is_whole_or_not_there(tmp_path):
    with pytest.raises(TraceError, match="cannot write"):
        write_csv(TRACE, tmp_path / "none" / "a.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TraceError, match="cannot write"):
        write_csv(TRACE, tmp_path / "folder.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["folder.csv"]
