"""(b) A whole kws accuracy session on the in-process bench, against its bare inferences.

The session goes from opening 1000 inputs to result.txt; the floor sets the input and invokes, with
the same interpreter options, and nothing else.
"""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from support.benches.data import demo_kws_root, kws_model, kws_root
from support.benches.timed_session import accuracy_session
from support.benches.timing import Cost, interleaved, print_table
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.labels import FILE_PREFIX
from tinyrunner.models import engine
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import KWS

TARGET = 3.0
"""Times the CPU seconds of the bare inferences."""


@dataclass(frozen=True, slots=True)
class KwsCosts:
    """Of ``inputs`` inputs each."""

    invokes: Cost
    session: Cost
    inputs: int
    description: str

    @property
    def ratio(self) -> Cost:
        return self.session.ratio(self.invokes)


def measure(inputs: int = 1000, blocks: int = 5, *, demo: bool = False) -> KwsCosts:
    """The cheapest of ``blocks`` blocks of each.

    The reference model and the official inputs where they are, unless the ``demo`` ones are wanted.
    """
    model = demo_model_path(KWS) if demo else kws_model()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = (demo_kws_root if demo else kws_root)(folder / "datasets", inputs)
        dataset = Dataset.open(root, KWS).limited(inputs)
        bare = _bare_invokes(model, [dataset.read(window) for window in dataset.windows()])

        def session() -> None:
            accuracy_session(KWS, root, folder / "sessions", model, inputs, timed=False)

        costs = interleaved({"invokes": bare, "session": session}, blocks, percent=0.0)
    generated = dataset.labels.rows[0].file.startswith(FILE_PREFIX)
    kind = "generated" if generated else "official"
    return KwsCosts(costs["invokes"], costs["session"], dataset.file_count, f"{kind}, {model.name}")


def _bare_invokes(model: Path, inputs: list[bytes]) -> Callable[[], None]:
    interpreter = _interpreter(model)
    entry = interpreter.get_input_details()[0]
    tensors = [np.frombuffer(data, np.int8).reshape(entry["shape"]) for data in inputs]
    index = entry["index"]

    def run() -> None:
        for tensor in tensors:
            interpreter.set_tensor(index, tensor)
            interpreter.invoke()

    return run


def _interpreter(model: Path) -> Any:
    """As the engine makes it: the first runtime there is, one thread, the plain kernels."""
    for module, _ in engine._RUNTIMES:
        try:
            runtime = importlib.import_module(module)
        except ImportError:
            continue
        interpreter = runtime.Interpreter(
            model_content=model.read_bytes(),
            num_threads=1,
            experimental_op_resolver_type=getattr(runtime.OpResolverType, engine._RESOLVER),
        )
        interpreter.allocate_tensors()
        return interpreter
    raise engine.EngineUnavailable("no TFLite runtime is installed")


def main() -> None:
    costs = measure()
    count = costs.inputs
    rows = [
        (
            name,
            f"{cost.cpu_s:.3f}",
            f"{cost.wall_s:.3f}",
            f"{cost.cpu_s / count * 1e6:.0f}",
            f"{cost.ratio(costs.invokes).cpu_s:.2f}",
        )
        for name, cost in (
            ("bare TFLite invokes", costs.invokes),
            ("accuracy session, in process", costs.session),
        )
    ]
    print_table(
        f"(b) kws accuracy, {count} inputs, {costs.description}; target {TARGET:.0f} times",
        ("", "CPU s", "wall s", "CPU us/input", "x CPU"),
        rows,
    )
