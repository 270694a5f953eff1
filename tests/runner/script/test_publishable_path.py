"""Paths as they are written into logs and scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tinyrunner.datasets.demo.demo_dataset import generate, label_list
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.models.suite import KWS
from tinyrunner.runner.script.plan import plan, planned_inferences
from tinyrunner.runner.script.publishable_path import written_path
from tinyrunner.runner.script.script import print_script
from tinyrunner.runner.terms import Mode


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "home" / "jane"
    folder.mkdir(parents=True)
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(folder))
    return folder


def test_a_path_under_the_home_folder_is_written_with_a_tilde(home):
    assert written_path(home / "data" / "kws01") == str(Path("~", "data", "kws01"))
    assert written_path(home) == "~"


def test_a_folder_that_only_begins_like_the_home_folder_stays(home):
    assert written_path(home.with_name("janet") / "x") == str(home.with_name("janet") / "x")


def test_a_home_at_the_root_takes_nothing_off(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    assert written_path(Path("/data/x.bin")) == str(Path("/data/x.bin"))


def test_a_script_names_no_home_folder_and_still_finds_its_inputs(home):
    inputs = generate(KWS, count=12)
    folder = home / "sets" / "kws01"
    folder.mkdir(parents=True)
    for item in inputs:
        (folder / item.name).write_bytes(item.data)
    (folder / "y_labels.csv").write_bytes(label_list(KWS, inputs))
    dataset = Dataset.open(home / "sets", KWS)
    script = plan(Mode.PERFORMANCE, dataset, 100, 1)
    assert "jane" not in print_script(script)
    assert planned_inferences(script)[0].file == inputs[0].name
