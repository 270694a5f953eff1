"""The computation of a simulated device: a .tflite model behind the firmware's interface."""

from __future__ import annotations

from pathlib import Path

from ...models.engine import Engine
from ...models.suite import Task


class TfliteModel:
    """Runs a task's model as :class:`~.simulated.DeviceModel`; the file is opened at once."""

    def __init__(self, path: Path, task: Task) -> None:
        self._engine = Engine.load(path, task)
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
        """Say which TFLite runs it, with its version."""
        return self._engine.runtime_name

    def infer(self, data: bytes) -> tuple[float, ...]:
        return self._engine.infer(data)
