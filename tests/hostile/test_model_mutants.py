"""Damaged models: refused by name or run, and never the end of the program (also see
``model_mutants``)."""

from __future__ import annotations

import sys

import pytest
from hostile.model_mutants import loaded, mutant
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import _runtime
from tinyrunner.models.suite import AD, KWS, VWW


@pytest.mark.parametrize("task", [AD, KWS, VWW], ids=["ad", "kws", "vww"])
def test_a_damaged_model_is_refused_by_name_or_runs(task, tmp_path):
    model = demo_model_path(task).read_bytes()
    for seed in range(8):
        path = tmp_path / f"{seed}.tflite"
        path.write_bytes(mutant(model, seed))
        loaded(path, task)


@pytest.mark.parametrize(
    ("seed", "end"),
    [
        (180, "crashed (signal 11, SIGSEGV)"),
        (225, "crashed (signal 8, SIGFPE)"),
        (185, "wanted more memory"),
        (36, "ended ("),
    ],
)
def test_a_model_that_ends_the_runtimes_process_is_refused_with_what_happened(seed, end, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_bytes(mutant(demo_model_path(KWS).read_bytes(), seed))
    said = loaded(path, KWS)
    assert said.startswith("refused: ")
    if _runtime()[1] == "tflite-runtime 2.14.0" and sys.platform == "linux":
        assert said == f"refused: {end}"
