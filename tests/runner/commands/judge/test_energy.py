"""`tinyrunner energy read`: what is shown, drawn and written of a recording."""

from __future__ import annotations

import numpy as np
import pytest
from support.cli import tinyrunner
from support.energy.traces import write_trace
from tinyrunner.energy.trace import EnergyTrace
from tinyrunner.energy.trace_files import read_trace

MADE = EnergyTrace(
    1000.0, np.full(1000, 3.0, np.float32), (0.1, 0.2, 0.7), provenance={"supply_v": 1.5}
)


@pytest.fixture
def session(tmp_path):
    folder = tmp_path / "session"
    folder.mkdir()
    write_trace(MADE, folder)
    return folder


def test_figures_and_windows_are_shown(session):
    ran = tinyrunner("energy", "read", session)
    assert ran.status == 0, ran
    for told in ("1.000000 s", "1000 at 1000 Hz", "Mean power", "3 mW", "Mean current", "2 mA"):
        assert told in ran.out
    assert "1 window, between 3 edges of the timestamp pin, of which 1 lead" in ran.out
    assert "1.500000" in ran.out  # mJ of half a second


def test_json_has_si_units_and_given_windows(session):
    ran = tinyrunner("energy", "read", session, "--windows", "0-0.5,0.9-1.1", "--json")
    assert ran.status == 0, ran
    said = ran.json
    assert (said["mean_power_w"], said["mean_current_a"]) == pytest.approx((3e-3, 2e-3))
    assert said["windows"][0]["energy_j"] == pytest.approx(1.5e-3)
    assert "the trace holds 1.000 s" in said["windows"][1]["invalid"]


def test_pages_pictures_tables_and_the_trace_itself_are_written(session, tmp_path):
    names = {"html": "a.html", "plot": "a.svg", "csv": "a.csv", "out": "kept"}
    wanted = [word for flag, name in names.items() for word in (f"--{flag}", tmp_path / name)]
    assert tinyrunner("energy", "read", session, *wanted).status == 0
    page = (tmp_path / "a.html").read_text("utf-8")
    assert 'data-kind="trace"' in page
    assert 'http-equiv="Content-Security-Policy"' in page
    assert (tmp_path / "a.svg").read_text("utf-8").startswith("<?xml")
    assert len((tmp_path / "a.csv").read_text().splitlines()) == 1001
    kept = read_trace(tmp_path / "kept")
    assert (kept.samples_uj == MADE.samples_uj).all()
    assert kept.events_s == MADE.events_s
    again = tinyrunner("energy", "read", session, "--csv", tmp_path / "a.csv")
    assert again.status == 2
    assert "a.csv exists; name another file, remove it, or give --force" in again.err
    nowhere = tinyrunner("energy", "read", session, "--csv", tmp_path / "no" / "a.csv")
    assert (nowhere.status, "there is no folder" in nowhere.err) == (2, True)
    assert tinyrunner("energy", "read", session, "--plot", tmp_path / "a.png").status == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--windows", "3-1"], "'3-1' is no window"),
        (["--windows", "x"], "'x' is no window"),
        (["--input", "x"], "the number of a digital input"),
        (["--plot", "a.gif"], "a .png or an .svg"),
        (["--out", "."], "cannot make this folder"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_read(session, words, said):
    ran = tinyrunner("energy", "read", session, *words)
    assert ran.status == 2, ran
    assert said in ran.err


def test_a_file_that_is_no_recording_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    ran = tinyrunner("energy", "read", tmp_path / "a.txt", "--out", tmp_path / "out")
    assert ran.status == 1, ran
    assert "no recording that is known" in ran.err
    assert not (tmp_path / "out").exists()
