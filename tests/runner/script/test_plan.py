"""The plan is the published script, but for the paths."""

from __future__ import annotations

import re

import pytest
from support.inputs import write_listed
from support.reference import reference_path
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.execute.prepare import rerooted
from tinyrunner.runner.script.parser import parse_script, read_script
from tinyrunner.runner.script.plan import mode_of, plan, planned_inferences
from tinyrunner.runner.script.script import print_script
from tinyrunner.runner.terms import Mode

KRAI = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3"
ST = "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI"
PUBLISHED = [
    (KRAI, "kws", Mode.ACCURACY, "y_labels.csv"),
    (KRAI, "kws", Mode.PERFORMANCE, "y_labels.csv"),
    (ST, "ic", Mode.ACCURACY, "y_labels.csv"),
    (ST, "ic", Mode.PERFORMANCE, "y_labels_2021.csv"),
    (ST, "ad", Mode.PERFORMANCE, "y_labels.csv"),
]


def published(board, task_key, mode):
    return reference_path("published", board, task_key, mode.value, "script.async")


@pytest.fixture
def listed(tmp_path):
    def make(task_key, labels):
        task = TASKS[task_key]
        list_ = reference_path("datasets", task.model_id, labels)
        return Dataset.open(write_listed(tmp_path / labels, task, list_), task)

    return make


@pytest.mark.parametrize(("board", "task_key", "mode", "labels"), PUBLISHED)
def test_the_plan_of_a_published_session_is_its_script(board, task_key, mode, labels, listed):
    dataset = listed(task_key, labels)
    path = published(board, task_key, mode)
    theirs = read_script(path)
    first = planned_inferences(theirs)[0]
    ours = plan(mode, dataset, first.iterations, first.warmups)
    assert print_script(ours) == print_script(rerooted(theirs, dataset))
    # and byte for byte the file itself, once its folder is put in place of ours
    folder = re.search(rb'"([^"]*\\\\|[^"]*/)[^"\\/]*\.bin', path.read_bytes())[1].decode()
    text = print_script(ours).replace(f"{dataset.folder}/", folder)
    assert text.encode() == path.read_bytes().replace(b"\r\n", b"\n")


@pytest.mark.parametrize(("board", "task_key", "mode", "labels"), PUBLISHED)
def test_a_published_script_prints_back_to_itself_and_tells_its_mode(board, task_key, mode, labels):
    text = published(board, task_key, mode).read_bytes().decode()
    script = parse_script(text, "script")
    assert print_script(script) == text.replace("\r\n", "\n")
    assert mode_of(planned_inferences(script)) is mode


def test_a_complete_ad_plan_has_every_window_of_every_file(listed):
    planned = planned_inferences(plan(Mode.ACCURACY, listed("ad", "y_labels.csv"), 1, 0))
    assert len(planned) == 48608
    assert len({(each.file, each.offset) for each in planned}) == 48608
    assert planned[195].offset == 99840
