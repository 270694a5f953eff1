"""session.json: what earlier versions wrote is read, as strictly as it was written."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.wire.settings import VerifyLoad
from tinyrunner.models.suite import KWS
from tinyrunner.runner.config.config import config_from_json
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.journal.claimed_provenance import ClaimedProvenance
from tinyrunner.runner.journal.session_document import (
    IterationsCalibrated,
    IterationsCalibratedByEdges,
    IterationsSaid,
    read_document,
    task_and_mode,
    write_document,
)
from tinyrunner.runner.journal.session_folder import SessionFolder
from tinyrunner.runner.terms import Division, Mode

WRITTEN = Path(__file__).parent / "session_json" / "version_1"
"""Documents as version 0.1.0 wrote them, with another home folder."""

NAMES = sorted(path.stem for path in WRITTEN.iterdir())


def put(name: str, folder: Path, *way: str, to: object = ...) -> Path:
    """A session's folder with a document in it, changed at one place (...: nothing there)."""
    tree: dict[str, Any] = json.loads((WRITTEN / f"{name}.json").read_text("utf-8"))
    section = tree
    for part in way[:-1]:
        section = section[part]
    if way and to is ...:
        del section[way[-1]]
    elif way:
        section[way[-1]] = to
    (folder / "session.json").write_text(json.dumps(tree, indent=2) + "\n", "utf-8")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_document_of_version_1_is_read_and_written_byte_for_byte(name, tmp_path):
    document = read_document(put(name, tmp_path))
    (tmp_path / "session.json").unlink()
    write_document(SessionFolder(tmp_path, ""), document.provenance, document.result)
    written = (WRITTEN / f"{name}.json").read_bytes()
    assert (tmp_path / "session.json").read_bytes() == written


def test_an_energy_session_tells_who_measured_and_between_which_edges(tmp_path):
    told = read_document(put("energy", tmp_path)).provenance
    assert task_and_mode(told, tmp_path) == (KWS, Mode.ENERGY)
    assert (told.monitor.model, told.monitor.supply_v) == ("N6705C", 3.0)
    assert told.edges.hold_s == 5e-05
    assert told.edges.from_.startswith("the IO manager's m-lap-us")
    assert told.io_manager.name.startswith("m-name-ioman-[")
    assert told.simulated.runtime
    assert told.link.verify_load is VerifyLoad.NEVER
    assert told.link.model_fields_set == {"data_bytes_per_db", "verify_load"}
    assert isinstance(told.iterations_found, IterationsCalibratedByEdges)


def test_each_way_to_n_is_of_its_own_kind(tmp_path):
    found = {name: read_document(put(name, tmp_path)).provenance for name in NAMES}
    calibrated = found["performance"].iterations_found
    assert isinstance(calibrated, IterationsCalibrated)
    assert (calibrated.clock, calibrated.iterations) == ("device", found["performance"].iterations)
    assert found["accuracy"].iterations_found == IterationsSaid(by="mode")
    assert found["script"].iterations_found == IterationsSaid(by="script")


def test_the_configuration_and_the_task_of_ones_own_are_read(tmp_path):
    told = read_document(put("custom", tmp_path)).provenance
    task, mode = task_and_mode(told, tmp_path)
    assert (task.key, task.model_id, mode) == ("custom", "mynet01", Mode.ACCURACY)
    assert told.division is Division.CLOSED
    assert config_from_json(told.config, "x").custom_task == task


@pytest.mark.parametrize(
    ("way", "value", "said"),
    [
        (("provenance", "more"), 1, "provenance.more: unknown key"),
        (("more",), 1, "more: unknown key"),
        (("provenance", "tool"), ..., "provenance.tool: this key is missing"),
        (("provenance", "dataset", "files"), "6", "dataset.files: expected a whole number"),
        (("provenance", "dataset", "synthetic"), 1, "provenance.dataset.synthetic: "),
        (("provenance", "device", "vendor"), None, "device.vendor: expected text, got nothing"),
        (("provenance", "device"), [], "provenance.device: expected keys and values"),
        (("provenance", "link", "verify_load"), "some", "link.verify_load: expected first, all or"),
        (("provenance", "division"), "ajar", "provenance.division: expected closed or open"),
        (("provenance", "iterations"), 5.5, "provenance.iterations: expected a whole number"),
        (("provenance", "iterations_found", "by"), "luck", "provenance.iterations_found"),
        (("provenance", "monitor", "supply_v"), "3", "provenance.monitor.supply_v: expected a num"),
        (("provenance", "edges", "from_"), "x", "provenance.edges"),
        (("result",), [], "result: expected keys and values"),
        (("provenance", "task"), "kwd", "its task is 'kwd' and its mode 'energy'"),
        (("provenance", "mode"), [], r"its task is 'kws' and its mode \[\]"),
        (("schema_version",), 2, "has schema version 2, this tinyrunner reads 1"),
    ],
)
def test_what_does_not_belong_is_refused_with_its_place(way, value, said, tmp_path):
    with pytest.raises(SetupError, match=said) as caught:
        read_document(put("energy", tmp_path, *way, to=value))
    assert str(tmp_path / "session.json") in str(caught.value)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_told_is_what_was_written(name, tmp_path):
    provenance = read_document(put(name, tmp_path)).provenance
    told = ClaimedProvenance.of(provenance)
    assert told
    assert (told.task, told.mode) == (provenance.task, provenance.mode.value)
    assert told.device.vendor == provenance.device.vendor
    assert told.dataset.labels_sha256 == provenance.dataset.labels_sha256
    assert told.is_demonstration == provenance.is_demonstration
    assert (told.simulated is None) == (provenance.simulated is None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)


@given(st.data())
def test_nothing_that_stands_in_a_document_is_an_error_to_a_judge(data):
    tree = copy.deepcopy(json.loads((WRITTEN / "energy.json").read_text("utf-8"))["provenance"])
    section, key = tree, data.draw(st.sampled_from(sorted(tree)))
    if isinstance(tree[key], dict) and data.draw(st.booleans()):
        section, key = tree[key], data.draw(st.sampled_from(sorted(tree[key])))
    section[key] = value = data.draw(JSON)
    told = ClaimedProvenance.model_validate(tree)
    assert (told.simulated is None) == (section is tree and key == "simulated" and value is None)
    assert told.device.vendor in (None, "tinyrunner-simulated", value)
