"""An engine behind the hooks gives the scores that the same network gives without it.

TensorFlow Lite Micro is a stand-in here: our kernels are its interpreter, which spoils its input.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.firmware.build import C99, CHECKOUT, FIRMWARE, WARNINGS, need, run
from support.firmware.host_kernels import kernels_object
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import AD, IC, KWS, Task
from tinyrunner.runner.commands.prepare.boards import BOARDS
from tinyrunner.runner.commands.prepare.new_port import new_port

GLUE = FIRMWARE / "glue"
SDK = CHECKOUT / "tests" / "support" / "firmware" / "sdk"


@pytest.fixture(scope="module", params=[KWS, IC, AD], ids=lambda task: task.key)
def port(request, tmp_path_factory) -> tuple[Task, Path]:
    folder = tmp_path_factory.mktemp("port") / request.param.key
    new_port(folder, request.param, BOARDS["qemu-mps2"], demo_model_path(request.param))
    run([need("gcc"), *C99, *includes(folder), "-c", folder / "network_model.c", SDK / "scores.c"],
        cwd=folder)  # fmt: skip
    return request.param, folder


def includes(folder: Path) -> list[str | Path]:
    folders = [folder, folder / "kernels", folder / "library", GLUE, SDK / "tflm"]
    return [word for each in folders for word in ("-I", each)]


def scores(port: tuple[Task, Path], model: Path, more: list[str | Path]) -> list[str]:
    """What a program of this model answers to three inputs, after a first question without one."""
    return ran(port, model, more)[0]


def ran(
    port: tuple[Task, Path], model: Path, more: list[str | Path]
) -> tuple[list[str], list[str]]:
    """The scores, and the names of the layers that it tells."""
    task, folder = port
    source = folder / "here_model.c"
    source.write_text(model.read_text("utf-8"), encoding="utf-8")
    run([need("gcc"), *C99, *includes(folder), "-c", source], cwd=folder)
    run([need("g++"), "-std=c++17", *WARNINGS, *includes(folder), *more,
         *sorted(folder.glob("*.o")), kernels_object(), "-o", "device"], cwd=folder)  # fmt: skip
    random = np.random.default_rng(7)
    data = random.integers(0, 256, (3, task.input_bytes), dtype=np.uint8).tobytes()
    if task is AD:
        data = random.normal(0, 3, (3, task.input_bytes // 4)).astype("<f4").tobytes()
    answer = subprocess.run([folder / "device"], input=data, capture_output=True, check=True)
    return answer.stdout.decode().split(), answer.stderr.decode().split()


def test_tflm_behind_the_hooks_gives_the_networks_scores(port):
    task, folder = port
    expected = scores(port, folder / ("model_ad.c" if task is AD else "model_classes.c"), [])
    assert len(set(expected)) > 3
    tflm = [GLUE / "tflm.cc", SDK / "tflm" / "kit.cc"]
    assert scores(port, GLUE / "runtime_model.c", tflm) == expected
    for setting in ("-DVERSION=2", "-DTFLM_ARENA_BYTES=16"):
        if task is KWS:
            first, *others = scores(port, GLUE / "runtime_model.c", [setting, *tflm])
            assert (first, set(others)) == ("0", {"nan"})


def test_tflm_tells_each_operator_when_it_is_done_where_layers_are_timed(port):
    """Those inside of another come before it; what is deeper than anybody nests is its owner's."""
    tflm = [GLUE / "tflm.cc", SDK / "tflm" / "kit.cc"]
    expected, told = ran(port, GLUE / "runtime_model.c", tflm)
    assert told == []
    answers, told = ran(port, GLUE / "runtime_model.c", ["-DTR_LAYERS=8", *tflm])
    assert answers == expected
    inferences = 3 * 2
    assert told == ["CONV_2D", "ADD", "CALL_ONCE", "IF", "WHILE"] * inferences


def test_the_readme_tells_what_nobody_has_run():
    assert "nobody has run it on a board yet" in (GLUE / "README.md").read_text("utf-8")
