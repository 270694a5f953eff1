"""(e) One inference through the engine, against a bare interpreter loop on the same model.

The bare loop sets a tensor that is ready, invokes, and takes the output away: what nobody can leave
out. The engine's share is the conversion of the input's bytes and of the scores.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from kws_accuracy import _interpreter
from support.benches.timing import Cost, interleaved, print_table
from tinyrunner.datasets.demo.demo_dataset import generate
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import TASKS, Task

TARGET = 1.1
"""Times the CPU seconds of the bare loop."""

REFERENCE = {
    "vww": "vww_96_int8.tflite",
    "ic": "pretrainedResnet_quant.tflite",
    "kws": "kws_ref_model.tflite",
    "ad": "ad01_int8.tflite",
}
INFERENCES = {"vww": 40, "ic": 150, "kws": 150, "ad": 150}


def measure(task: Task, blocks: int = 30) -> dict[str, Cost]:
    """A block is some tens of inferences of one input, by either way."""
    found = Path(__file__).resolve().parents[3] / "shared" / "reference" / "models"
    model = found / REFERENCE[task.key]
    if not model.exists():
        model = demo_model_path(task)
    data = generate(task, count=1)[0].data[: task.input_bytes]
    engine = Engine.load(model, task)
    count = INFERENCES[task.key]

    def through_engine() -> None:
        for _ in range(count):
            engine.infer(data)

    return interleaved({"bare": _bare(model, count), "engine": through_engine}, blocks)


def _bare(model: Path, count: int) -> Callable[[], None]:
    interpreter = _interpreter(model)
    entry = interpreter.get_input_details()[0]
    out = interpreter.get_output_details()[0]["index"]
    tensor = np.zeros(entry["shape"], entry["dtype"])

    def run() -> None:
        for _ in range(count):
            interpreter.set_tensor(entry["index"], tensor)
            interpreter.invoke()
            interpreter.get_tensor(out)

    return run


def main() -> None:
    rows = []
    for task in TASKS.values():
        costs = measure(task)
        count = INFERENCES[task.key]
        ratio = costs["engine"].ratio(costs["bare"])
        rows.append(
            (
                task.key,
                f"{costs['bare'].per(count).cpu_s * 1e6:.0f}",
                f"{costs['engine'].per(count).cpu_s * 1e6:.0f}",
                f"{ratio.cpu_s:.3f}",
                f"{ratio.wall_s:.3f}",
            )
        )
    head = ("", "bare us", "engine us", "x CPU", "x wall")
    print_table(f"(e) one inference through the engine; target {TARGET} times", head, rows)
