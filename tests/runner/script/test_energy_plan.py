"""The energy plan against the published scripts."""

from __future__ import annotations

import re

import pytest
from support.reference import reference_path
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.labels import read_labels
from tinyrunner.models.suite import AD, IC, KWS
from tinyrunner.runner.script.energy_plan import energy_plan
from tinyrunner.runner.script.script import print_script

KRAI = "published/v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws"
ST = "published/v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI"
SESSIONS = [
    (KWS, f"{KRAI}/energy", "kws01/y_labels.csv"),
    (IC, f"{ST}/ic/energy", "ic01/y_labels_2021.csv"),
    (AD, f"{ST}/ad/energy", "ad01/y_labels.csv"),
]


def without_folders(text):
    return re.sub(r'bloadp "[^"]*?([^"\\/]+)"', r'bloadp "\1"', text)


@pytest.mark.parametrize(("task", "folder", "labels"), SESSIONS, ids=lambda x: str(x)[-12:])
def test_the_plan_differs_from_the_published_script_only_in_its_paths(task, folder, labels):
    published = reference_path(folder, "script.async").read_text(encoding="utf-8")
    iterations, warmups = map(int, re.search(r"infer (\d+) (\d+)", published).groups())
    millivolts = int(re.search(r"emon voltage (\d+)", published)[1])
    label_list = read_labels(reference_path("datasets", labels), task)
    dataset = Dataset(task, reference_path("datasets"), label_list)
    script = energy_plan(dataset, iterations, warmups, millivolts / 1000)
    assert without_folders(print_script(script)) == without_folders(published)
