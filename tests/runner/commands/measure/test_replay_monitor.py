"""A run's wire log, replayed: the monitor says the same again, and the same energy comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.cli import document, only_session, tinyrunner
from tinyrunner.dut_protocol.link.wire_log_reader import NamedWire, WireEvent, WireLogReader
from tinyrunner.energy.trace_files import read_trace
from tinyrunner.runner.write import energy_plots


@pytest.fixture(autouse=True)
def _no_plots(monkeypatch):
    monkeypatch.setattr(energy_plots, "plot_energy", lambda *_: ())  # they take most of the time


def run(tmp_path: Path, monitor: str, *more: object) -> Path:
    ran = tinyrunner(
        "run", "kws", "--mode", "energy", "--iterations", 4, "--dut", "sim:kws01", "--monitor",
        monitor, "--supply-v", 3.0, "--datasets", "demo", "--sessions", tmp_path, *more,
    )  # fmt: skip
    assert ran.status == 3, ran  # a simulated device is never valid
    return only_session(tmp_path)


@pytest.mark.parametrize("kind", ["lpm01a", "n6705", "otii", "scpi:smu2450"])
def test_the_same_run_against_the_replay_has_the_same_trace_and_energy(tmp_path, kind):
    wire = tmp_path / "wire.log"
    first = run(tmp_path / "a", f"sim:{kind}", "--wire-log", wire)
    again = run(tmp_path / "b", f"sim:replay:{wire}")
    recorded, replayed = read_trace(first), read_trace(again)
    assert (recorded.samples_uj == replayed.samples_uj).all()
    assert len(recorded.samples_uj) == len(replayed.samples_uj)
    assert replayed.events_s == pytest.approx(recorded.events_s, abs=1e-5)
    windows = [document(folder)["result"]["energy"]["windows"] for folder in (first, again)]
    for one, other in zip(*windows, strict=True):
        assert other["energy_j"] == pytest.approx(one["energy_j"], rel=1e-5)
    monitors = [document(folder)["provenance"]["monitor"] for folder in (first, again)]
    assert monitors[0]["serial"] == monitors[1]["serial"]


def test_every_wire_of_the_bench_is_named(tmp_path):
    wire = tmp_path / "wire.log"
    run(tmp_path / "a", "sim:lpm01a", "--wire-log", wire)
    entries = list(WireLogReader(wire))
    assert [entry for entry in entries if isinstance(entry, NamedWire)] == [
        NamedWire("monitor", "sim:lpm01a")
    ]
    said = {
        name: b"".join(
            entry.data for entry in entries if isinstance(entry, WireEvent) and entry.wire == name
        )
        for name in ("io", "monitor", "")
    }
    assert said[""] == b""
    assert b"dut infer 4" in said["io"]
    assert b"PowerShield > ack start" in said["monitor"]
    assert b"PowerShield" not in said["io"]


def test_a_monitor_behind_its_vendors_driver_is_said_to_be_missing(tmp_path):
    wire = tmp_path / "wire.log"
    run(tmp_path / "a", "sim:js220", "--wire-log", wire)
    assert "nothing of sim:js220 is in this log" in wire.read_text("ascii")
    refused = tinyrunner("simulate", "monitor", "--replay", wire, "--pty")
    assert refused.status == 2, refused
    assert "holds no traffic of an energy monitor" in refused.err


def test_a_file_that_is_no_wire_log_cannot_be_replayed(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    refused = tinyrunner("simulate", "monitor", "--replay", tmp_path / "a.txt", "--pty")
    assert refused.status == 2, refused
    assert "no wire log" in refused.err
    both = tinyrunner("simulate", "monitor", "--replay", tmp_path / "a.txt", "--kind", "ppk2")
    assert both.status == 2, both
    assert "leave --kind out" in both.err


def test_the_board_of_an_energy_log_is_behind_an_io_manager(tmp_path):
    wire = tmp_path / "wire.log"
    run(tmp_path / "a", "sim:lpm01a", "--wire-log", wire)
    refused = tinyrunner("simulate", "dut", "--replay", wire, "--pty")
    assert refused.status == 2, refused
    assert "of the wire to an IO manager" in refused.err
