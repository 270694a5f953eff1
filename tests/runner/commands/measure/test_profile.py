"""`tinyrunner profile` on simulated devices: table, chart, files, refusals."""

from __future__ import annotations

import csv
import re

import pytest
from support.cli import Ran, tinyrunner
from support.devices.boards import use_board
from support.devices.fake_model import FakeModel
from support.reference import reference_path
from tinyrunner.dut_protocol.simulated.device import SimulatedDut
from tinyrunner.models.export.tflite_graph import read_graph

KWS_LAYERS = 8


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.usefixtures("narrow")
def test_a_table_and_a_chart_fit_80_columns(tmp_path):
    file = tmp_path / "layers.csv"
    ran = tinyrunner("profile", "--dut", "sim:kws01", "--csv", file)
    assert ran.status == 0, ran
    lines = ran.out.splitlines()
    assert "SIMULATED, not measured" in lines[1]
    assert "measured by" not in ran.out
    table, _, chart = ran.out.partition("whole inference")
    assert table.count("convolution") == 5
    assert "318 288" in chart  # the products of all layers
    bars = [line for line in lines if "█" in line or "▏" in line]
    assert max(len(line) for line in lines[3:]) <= 80
    longest = max(bars, key=lambda line: line.count("█"))
    assert longest.startswith(" 0 convolution")
    rows = list(csv.DictReader(file.open(encoding="utf-8")))
    assert [int(row["layer"]) for row in rows] == list(range(KWS_LAYERS))
    assert rows[0]["counter_kind"] == "simulated"
    assert float(rows[0]["cycles_per_mac"]) == int(rows[0]["cycles"]) / int(rows[0]["macs"])
    again = tinyrunner("profile", "--dut", "sim:kws01", "--csv", file)
    assert again.status == 2
    assert "exists" in again.err


def test_as_json_the_layers_share_out_the_simulated_time():
    ran = tinyrunner("profile", "ad", "--dut", "sim:?inference_ms=8", "--json")
    said = ran.json
    assert (said["model_id"], said["counter_kind"]) == ("ad01", "simulated")
    assert said["us_between_stamps"] > said["us"]  # a stamp's own printing is in between
    assert sum(row["cycles"] for row in said["layers"]) == said["cycles"] == 800_000
    assert sum(row["us"] for row in said["layers"]) == said["us"] == 8000


def test_a_device_that_tells_no_layers_is_told_how_to_build_it(monkeypatch):
    use_board(monkeypatch, SimulatedDut(FakeModel()))
    ran = tinyrunner("profile", "kws", "--dut", "sim:")
    assert ran.status == 1
    assert "TR_LAYERS" in ran.err


def test_what_was_kept_shows_the_same_again(tmp_path):
    """All that is shown is derived from the log: another day it is no other figure."""
    ran = tinyrunner("profile", "--dut", "sim:ad01", "--out", tmp_path / "kept", "--json")
    assert ran.status == 0, ran
    (log,) = (tmp_path / "kept").iterdir()
    assert re.fullmatch(r"\d{8}_\d{6}_ad\.layers\.log", log.name)
    assert tinyrunner("profile", "--from", log, "--json").json == ran.json
    assert ran.json["log"] == str(log)
    unkept = tinyrunner("profile", "--dut", "sim:ad01", "--json").json
    assert unkept == ran.json | {"log": None}
    again = tinyrunner("profile", "ad", "--dut", "sim:", "--out", tmp_path / "kept", "--json")
    assert again.status == 0
    assert len(list((tmp_path / "kept").iterdir())) == 2, "within one second or not"


def test_a_log_of_a_name_is_a_new_one(tmp_path):
    log = tmp_path / "kws.layers.log"
    assert tinyrunner("profile", "kws", "--dut", "sim:", "--out", log).status == 0
    before = log.read_bytes()
    again = tinyrunner("profile", "kws", "--dut", "sim:", "--out", log)
    assert again.status == 2
    assert "exists" in again.err
    assert log.read_bytes() == before
    other = tinyrunner("profile", "kws", "--dut", "sim:", "--out", tmp_path / "kws.json")
    assert other.status == 2
    assert "a file that ends in .log" in other.err
    assert list(tmp_path.iterdir()) == [log]


def test_nothing_is_kept_of_a_device_that_tells_no_layers(tmp_path, monkeypatch):
    use_board(monkeypatch, SimulatedDut(FakeModel()))
    ran = tinyrunner("profile", "kws", "--dut", "sim:", "--out", tmp_path)
    assert ran.status == 1
    assert "TR_LAYERS" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_is_shown_without_a_device(tmp_path):
    log = tmp_path / "kws.layers.log"
    assert tinyrunner("profile", "kws", "--dut", "sim:", "--out", log).status == 0
    ran = tinyrunner("profile", "kws", "--from", log, "--dut", "sim:")
    assert ran.status == 2
    assert "leave out TASK, --dut" in ran.err
    missing = tinyrunner("profile", "--from", tmp_path / "none.log")
    assert missing.status == 2


def test_a_page_has_table_and_chart_and_says_simulated(tmp_path):
    page = tmp_path / "kws.html"
    ran = tinyrunner("profile", "kws", "--dut", "sim:", "--html", page)
    assert ran.status == 0, ran
    text = page.read_text("utf-8")
    assert text.count("<rect") == KWS_LAYERS
    assert "SIMULATED DEVICE: times are modelled, not measured" in text
    assert "318\u202f288" in text
    again = tinyrunner("profile", "kws", "--dut", "sim:", "--html", page)
    assert again.status == 2


def test_an_input_of_another_size_is_refused(tmp_path):
    file = tmp_path / "input.bin"
    file.write_bytes(bytes(489))
    ran = tinyrunner("profile", "kws", "--dut", "sim:", "--input", file)
    assert ran.status == 2
    assert "has 489 bytes, and an input of kws has 490" in ran.err
    missing = tinyrunner("profile", "kws", "--dut", "sim:", "--input", tmp_path / "none")
    assert missing.status == 2
    assert "cannot read" in missing.err


class Layered(FakeModel):
    """Tells layers of these names, each as much work as the next."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self.names = names

    def layer_steps(self) -> tuple[tuple[str, int], ...]:
        return tuple((name, 1) for name in self.names)


def told(monkeypatch, model: FakeModel, *more: object) -> Ran:
    use_board(monkeypatch, SimulatedDut(model))
    return tinyrunner("profile", "kws", "--dut", "sim:", "--json", *more)


def test_what_a_runtime_does_not_tell_is_the_model_files(monkeypatch, tmp_path):
    """Another runtime's names, in the order of the file's layers."""
    names = [f"OP_{number}" for number in range(KWS_LAYERS)]
    alone = told(monkeypatch, Layered(*names)).json["layers"]
    assert [row["operator"] for row in alone] == names
    assert {row["macs"] for row in alone} == {None}
    log = tmp_path / "a.layers.log"
    rows = told(monkeypatch, Layered(*names), "--model", "demo", "--out", log).json["layers"]
    assert tinyrunner("profile", "--from", log, "--json").json["layers"] == rows
    assert [row["operator"] for row in rows][-2:] == ["fully connected", "softmax"]
    assert rows[0]["macs"] == 120_000


def told_by_tflm(path) -> list[str]:
    return [operator.name for operator in read_graph(path).operators]


def test_tflm_tells_operators_that_an_exported_network_does_not_have(monkeypatch):
    """A RESHAPE takes time there, and is paired with what the file says of it."""
    model = reference_path("models", "kws_ref_model.tflite")
    rows = told(monkeypatch, Layered(*told_by_tflm(model)), "--model", model).json["layers"]
    assert [row["operator"] for row in rows][9:] == [
        "average", "RESHAPE", "fully connected", "softmax",
    ]  # fmt: skip
    assert (rows[0]["output"], rows[0]["macs"]) == ("25x5x64", 320_000)
    assert (rows[10]["output"], rows[10]["macs"]) == ("64", 0)


def test_tflm_with_another_operator_than_the_file_has_there_is_refused(monkeypatch):
    model = reference_path("models", "kws_ref_model.tflite")
    names = [*told_by_tflm(model)[:-1], "LOGISTIC"]
    ran = told(monkeypatch, Layered(*names), "--model", model)
    assert ran.status == 2
    assert "its layer 12 is 'LOGISTIC', the file's is 'SOFTMAX'" in ran.err


def test_a_model_file_is_looked_at_before_a_device_infers(monkeypatch, tmp_path):
    model = FakeModel()
    ran = told(monkeypatch, model, "--model", tmp_path / "absent.tflite")
    assert ran.status == 2
    assert "cannot read the model" in ran.err
    assert model.inferred == []


def test_a_device_that_runs_another_network_than_the_file_is_refused(monkeypatch):
    fewer = told(monkeypatch, Layered("OP"), "--model", "demo")
    assert fewer.status == 2
    assert "timed 1 layers" in fewer.err
    other = [f"convolution 1x1x{number} 7 MACs" for number in range(KWS_LAYERS)]
    different = told(monkeypatch, Layered(*other), "--model", "demo")
    assert different.status == 2
    assert "its layer 0 is 'convolution 1x1x0 7 MACs'" in different.err
