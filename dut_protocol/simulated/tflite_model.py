"""The computation of a simulated device: a .tflite model behind the firmware's interface."""

from __future__ import annotations

from pathlib import Path

from ...models.engine import Engine
from ...models.runtimes.engine_kind import EngineKind
from ...models.suite import Task

_STEPS_PER_ELEMENT = 16
"""The modelled work of an element of a layer's output, in products. It is no chip's."""


class TfliteModel:
    """Runs a task's model as :class:`~.simulated.DeviceModel`; the file is opened at once."""

    def __init__(self, path: Path, task: Task, engine: EngineKind = EngineKind.LITERT) -> None:
        self._engine = Engine.load(path, task, engine)
        self.path = path
        self.model_id = task.model_id
        self.input_bytes = task.input_bytes
        self.score_count = task.score_count

    @property
    def sha256(self) -> str:
        """Return the hash of the model file."""
        return self._engine.sha256

    @property
    def runtime(self) -> str:
        """Say which engine runs it, with its version."""
        return self._engine.runtime_name

    def infer(self, data: bytes) -> tuple[float, ...]:
        return self._engine.infer(data)

    def layer_steps(self) -> tuple[tuple[str, int], ...]:
        """Return the layers as exported firmware names them, with a step a product.

        An element of a layer's output is as much work as some products, which is all the work of a
        layer of which no products are known. None are returned of a model that is not understood.
        """
        from ...models.export.tflite_graph import GraphError
        from ...models.export.timed_operators import timed_operators

        try:
            operators = timed_operators(self.path)
        except GraphError:
            return ()
        return tuple(
            (each.layer, (each.macs or 0) + _STEPS_PER_ELEMENT * max(each.elements, 1))
            for each in operators
            if each.computes
        )
