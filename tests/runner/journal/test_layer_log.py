"""A log of layers: read back as the device told it, refused where nothing was told."""

from __future__ import annotations

import hashlib

import pytest
from support.report.layer_logs import LAYERS, layer_log
from tinyrunner.dut_protocol.link.wire_log import add_layer_names
from tinyrunner.dut_protocol.wire.layers import CounterKind
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.journal.layer_log import read_layer_log


def test_who_was_asked_and_what_was_told_are_read_back(tmp_path):
    """A name that was lost, lines in pieces and a counter that wraps do no harm."""
    path = layer_log(tmp_path / "kws.layers.log")
    read = read_layer_log(path)
    assert (read.address, read.vendor, read.profile) == (
        "/dev/ttyACM0", "acme-board", "Firmware V1",
    )  # fmt: skip
    assert (read.model_id, read.task_key) == ("kws01", "kws")
    assert (read.begun, read.tool_version) == ("2026-01-31T12:00:00Z", "0.2.0")
    assert [(one.name, one.cycles, one.us) for one in read.times.layers] == list(LAYERS)
    assert (read.times.kind, read.times.counter) == (CounterKind.MEASURED, "DWT CYCCNT")
    assert (read.times.cycles, read.times.us, read.lap_us) == (2000, 20, 50)
    assert not read.simulated
    assert read.log == path
    assert read.log_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "told",
    [
        {"counter": "simulated: a clock"},
        {"vendor": "tinyrunner-simulated (acme)"},
        {"address": "sim:replay:kws.log"},
    ],
)
def test_a_simulated_device_is_known_by_any_of_its_signs(tmp_path, told):
    assert read_layer_log(layer_log(tmp_path / "a.log", **told)).simulated


def test_the_last_whole_answer_counts(tmp_path):
    path = layer_log(tmp_path / "a.log", [("mean", 5, 1)])
    for layers in ([("relu", 7, 1)], [("lost", 9, 1)]):
        more = layer_log(tmp_path / "more.log", layers).read_text()
        if layers[0][0] == "lost":
            more = more.replace("x-layers-done-1", "x-layers-done-2")
        path.write_text(path.read_text() + more)
    assert [layer.name for layer in read_layer_log(path).times.layers] == ["relu"]


def test_an_answer_that_comes_late_is_taken_for_none_to_the_next_question(tmp_path):
    path = layer_log(tmp_path / "a.log")
    late = "0.405000 < m-ready\\r\\n\n0.410000 <"
    path.write_text(path.read_text().replace("0.410000 <", late))
    assert len(read_layer_log(path).times.layers) == len(LAYERS)


def test_layers_are_called_as_the_model_file_does(tmp_path):
    path = layer_log(tmp_path / "a.log", [("OP_0", 5, 1), ("OP_1", 6, 1)])
    add_layer_names(path, ["fully connected 12 288 MACs", "caf\u00e9\\1"])
    first, second = read_layer_log(path).times.layers
    assert (first.operator, first.shape, first.macs) == ("fully connected", (12,), 288)
    assert second.name == "caf\u00e9\\1"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("profile layers%", "profile%", "holds no answer to `profile layers`"),
        ("x-layer-1-", "y-layer-1-", "lost on the way"),
        ("[measured: DWT", "[DWT", "`measured:`"),
        ("x-layers-[measured: DWT CYCCNT]", "e-[Layers: no inference yet]", "no inference yet"),
        ("# tinyrunner", "# other", "no wire log"),
        (" < ", " <io ", "holds no answer"),
        ("0.410000 <", "0.41 <", "expected `SECONDS > BYTES`"),
        ("20\\r\\nm-ready", "20\\r\\nm-rea", "breaks off within the answer"),
    ],
)
def test_a_log_without_layers_says_why(tmp_path, old: str, new: str, says: str):
    path = layer_log(tmp_path / "a.log")
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SetupError, match=says):
        read_layer_log(path)
    with pytest.raises(SetupError, match="cannot read"):
        read_layer_log(tmp_path / "none")
