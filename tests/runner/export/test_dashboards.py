"""Bencher's format and github-action-benchmark's, held against their documented forms."""

from __future__ import annotations

import json

import pytest
from support.report.cli import command
from support.sessions import for_reports
from support.sessions.streaming import Played

FORMATS = ("bencher", "customBiggerIsBetter", "customSmallerIsBetter")


def dashboard(folder, format_):
    told = command("export", folder, "--format", format_)
    assert told.status == 0
    return json.loads(told.out)


@pytest.fixture
def lab(tmp_path):
    folder = tmp_path / "lab"
    for_reports.performance(folder / "p", [10.0, 20.0, 16.0, 12.5, 32.0])
    for_reports.accuracy(folder / "a", wrong=(0, 1, 2))
    for_reports.energy(folder / "e", samples=65_000)
    return folder


def test_bencher_takes_latency_in_nanoseconds_and_throughput_a_second(lab):
    """Its two measures are there from the start, each with its unit; see bencher.dev/docs."""
    found = dashboard(lab, "bencher")
    modes = ("performance", "accuracy", "energy")
    assert list(found) == [f"kws {mode} on acme-board" for mode in modes]
    for measures in found.values():  # the schema that the page of the format has
        for name, metric in measures.items():
            assert 0 < len(name) <= 64
            assert {"value"} <= set(metric) <= {"value", "lower_value", "upper_value"}
            assert all(isinstance(value, float) for value in metric.values())
            assert metric.get("lower_value", metric["value"]) <= metric["value"]
            assert metric.get("upper_value", metric["value"]) >= metric["value"]
    performance = found["kws performance on acme-board"]
    assert performance["throughput"] == {"value": 50.0, "lower_value": 25.0, "upper_value": 80.0}
    assert performance["latency"] == pytest.approx(
        {"value": 20e6, "lower_value": 12.5e6, "upper_value": 40e6}
    )
    assert found["kws accuracy on acme-board"] == {"accuracy": {"value": 0.95}}
    energy = found["kws energy on acme-board"]["energy-per-inference-uj"]
    assert energy["value"] == pytest.approx(10e-3 * 10.4 / 800 * 1e6, rel=1e-2)


def test_github_action_benchmark_has_a_file_for_each_direction(lab):
    bigger = dashboard(lab, "customBiggerIsBetter")
    smaller = dashboard(lab, "customSmallerIsBetter")
    asked = {"name", "unit", "value"}
    for entry in (*bigger, *smaller):
        assert asked <= set(entry) <= asked | {"range", "extra"}
        assert all(isinstance(entry[key], str) for key in set(entry) - {"value"})
        assert isinstance(entry["value"], float)
    values = {(entry["name"], entry["unit"]): entry["value"] for entry in (*bigger, *smaller)}
    assert values["kws performance on acme-board: throughput", "inf./s"] == 50.0
    assert values["kws performance on acme-board: latency", "ms"] == pytest.approx(20.0)
    assert values["kws accuracy on acme-board: accuracy", "%"] == pytest.approx(95.0)
    directions = [{name.rpartition(": ")[2] for name in names} for names in (
        [entry["name"] for entry in bigger], [entry["name"] for entry in smaller]
    )]  # fmt: skip
    assert directions == [{"throughput", "accuracy"}, {"latency", "energy"}]
    spread = next(entry for entry in bigger if entry["value"] == 50.0)["range"]
    assert spread == "± 21.2"  # of 80, 40, 50, 64 and 25
    assert "not valid" in bigger[0]["extra"]


def test_a_streaming_session_has_power_and_no_energy_of_an_inference(tmp_path):
    """Its one window is a whole recording, which tells no spread of its rates."""
    words = [(float(n), n + 0.5) for n in range(2, 20, 3)]
    played = Played(words=words, samples_j=[2.5e-5] * 30_000)
    played.write(tmp_path / "s")
    (measures,) = dashboard(tmp_path / "s", "bencher").values()
    assert set(measures) == {"throughput", "latency", "power-mw", "accuracy", "duty-cycle"}
    assert measures["power-mw"] == {"value": pytest.approx(25.0)}
    assert measures["latency"] == {"value": pytest.approx(20e6, rel=1e-3)}
    told = command("export", tmp_path / "s", "--format", "markdown").out.splitlines()[0]
    assert "| mW |" in told
    assert "µJ" not in told
    window = json.loads(command("export", tmp_path / "s", "--rows", "windows", "-f", "jsonl").out)
    assert (window["throughput_per_s"], window["latency_s"]) == (None, None)
    assert window["power_w"] == pytest.approx(0.025)


@pytest.mark.parametrize("format_", FORMATS)
def test_two_sessions_of_one_name_are_refused(tmp_path, format_):
    for name in "ab":
        for_reports.performance(tmp_path / name, [10.0] * 5)
    told = command("export", tmp_path, "--format", format_)
    assert told.status == 2
    assert "a and b are both 'kws performance on acme-board'" in told.error


def test_what_is_simulated_says_so_and_what_has_no_figure_is_told(tmp_path):
    simulated = {"model": "m", "model_sha256": "ab" * 32, "runtime": "none", "note": None,
                 "baud_rate": 1, "inference_time_s": 1.0}  # fmt: skip
    for_reports.performance(tmp_path / "s", [10.0] * 5, simulated=simulated)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "log.txt").write_text("nothing\n")
    told = command("export", tmp_path, "--format", "bencher")
    assert list(json.loads(told.out)) == ["kws performance on acme-board, simulated"]
    assert told.shown.startswith("left out: broken: not scored: ")
