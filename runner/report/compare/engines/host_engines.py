"""The engines of this computer, each with the model loaded."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .....models.engine import Engine, EngineUnavailable
from .....models.export.int8_network import ExportError
from .....models.export.tflite_graph import GraphError, read_graph
from .....models.model_file import ModelError
from .....models.runtimes.engine_kind import EngineKind
from .....models.suite import Task
from .....models.tensor_conversion import FLOAT32, FLOAT32_LE, Tensor, mean_squared_error
from .answer import Answer, GivenInput, OutputScale, Unavailable
from .exported_c import EXPORTED_C, NoCompiler, load_exported


@dataclass(frozen=True, slots=True)
class HostEngine:
    """Is an engine with the model."""

    name: str
    engine: Engine
    task: Task
    """What the model is for; the engine of a model that gives back its input runs another one,
    whose scores are all that it gives back."""

    @property
    def runs_as(self) -> str:
        """Return the runtime with its version."""
        return self.engine.runtime_name

    def answer(self, given: GivenInput) -> Answer:
        """Return outputs and scores of an input."""
        values = self.engine.infer(given.data)
        outputs = np.array(values, np.float32)
        if not self.task.reconstructs_input:
            return Answer(values, outputs)
        window = np.frombuffer(given.data, FLOAT32_LE)
        tensor = Tensor(0, (outputs.size,), FLOAT32, 0.0, 0)
        with np.errstate(over="ignore", invalid="ignore"):
            return Answer((mean_squared_error(tensor)(outputs, window),), outputs)


def host_engines(path: Path, task: Task) -> tuple[list[HostEngine], list[Unavailable]]:
    """Load a model into every engine that there is, and say which there is not, and why.

    ModelError where LiteRT, which is asked first, is here and does not take the model.
    """
    every_output = _every_output(task)
    found: list[HostEngine] = []
    lacking: list[Unavailable] = []
    for kind in EngineKind:
        try:
            engine = Engine.load(path, every_output, kind)
        except EngineUnavailable as error:
            lacking.append(Unavailable(kind.value, str(error)))
        except ModelError as error:
            if kind is EngineKind.LITERT:
                raise
            lacking.append(Unavailable(kind.value, str(error)))
        else:
            found.append(HostEngine(kind.value, engine, task))
    try:
        engine = load_exported(path, every_output)
    except (ExportError, NoCompiler) as error:
        lacking.append(Unavailable(EXPORTED_C, str(error)))
    else:
        found.append(HostEngine(EXPORTED_C, engine, task))
    return found, lacking


def output_scale(path: Path) -> OutputScale:
    """Return what the steps of a model's output are worth, by its file."""
    try:
        graph = read_graph(path)
        output = graph.tensors[graph.outputs[0]]
    except (GraphError, IndexError):
        return OutputScale(None)
    scales, zero_points = output.quantisation.scales, output.quantisation.zero_points
    if len(scales) != 1 or not 0 < scales[0] < math.inf:
        return OutputScale(None)
    return OutputScale(scales[0], next(iter(zero_points), 0) - 128 * (output.type_name == "uint8"))


def _every_output(task: Task) -> Task:
    """Return the task as the engine is to run it, with every number of the output for a score."""
    if not task.reconstructs_input:
        return task
    return replace(task, reconstructs_input=False, score_count=math.prod(task.input_shape))
