"""A whole session on the in-process bench, with the inferences' own CPU time told apart."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
from tinyrunner.dut_protocol.simulated.tflite_model import TfliteModel
from tinyrunner.models.runtimes.engine_kind import EngineKind
from tinyrunner.models.suite import Task
from tinyrunner.runner.bench import opening
from tinyrunner.runner.bench.simulated.device import SimulatedDevice, simulated_device
from tinyrunner.runner.config.config import Config, DutConfig
from tinyrunner.runner.execute.progress import QuietReporter
from tinyrunner.runner.execute.run import Outcome, run_session
from tinyrunner.runner.terms import Mode


class NullModel:
    """Infers nothing: what is left is the bench's own cost."""

    sha256 = "0" * 64
    runtime = "none"

    def __init__(self, path: Path, task: Task) -> None:
        self.model_id = task.model_id
        self.input_bytes = task.input_bytes
        self.score_count = task.score_count
        self.scores = tuple(1.0 if index == 0 else 0.0 for index in range(task.score_count))
        self.infer_s = 0.0

    def infer(self, data: bytes) -> tuple[float, ...]:
        return self.scores


class TimedModel(TfliteModel):
    """The product's own, which adds up the CPU time of its inferences."""

    def __init__(self, path: Path, task: Task) -> None:
        super().__init__(path, task)
        self.infer_s = 0.0

    def infer(self, data: bytes) -> tuple[float, ...]:
        began_s = time.process_time()
        scores = super().infer(data)
        self.infer_s += time.process_time() - began_s
        return scores


@dataclass(slots=True)
class MemoryReporter(QuietReporter):
    """Notes this process's resident memory whenever a share of the inputs is done."""

    shares: tuple[float, ...] = (0.1, 0.5, 1.0)
    rss_bytes: dict[float, int] = field(default_factory=dict)
    _due: dict[int, float] = field(default_factory=dict)

    def begin(self, title: str, total: int, done: int) -> None:
        self._due = {max(1, round(total * share)): share for share in self.shares}

    def advance(self, done: int, status: str) -> None:
        share = self._due.get(done)
        if share is not None:
            self.rss_bytes[share] = psutil.Process().memory_info().rss


@dataclass(frozen=True, slots=True)
class Ran:
    """One session's cost in CPU seconds, ``infer_s`` of them inside the model."""

    outcome: Outcome
    cpu_s: float
    infer_s: float
    rss_bytes: dict[float, int]

    @property
    def own_s(self) -> float:
        return self.cpu_s - self.infer_s


def accuracy_session(
    task: Task,
    datasets: Path,
    sessions: Path,
    model: Path | None,
    limit: int | None = None,
    *,
    timed: bool = True,
    dut: DutConfig | None = None,
) -> Ran:
    """An accuracy run from opening the inputs to result.txt; ``model`` None infers nothing.

    ``dut`` is the simulated device, by default one as it comes.

    Where its inferences are not ``timed``, the model is the product's own and ``infer_s`` is 0.
    """
    config = Config(
        dut=dut or DutConfig(address=f"sim:{task.model_id}"),
        model=model or Path("null.tflite"),
        datasets=datasets,
        sessions=sessions,
        limit=limit,
    )
    reporter = MemoryReporter()
    made: list[Any] = []
    kind = NullModel if model is None else TimedModel if timed else TfliteModel

    def load(path: Path, task: Task, _engine: EngineKind) -> Any:
        made.append(kind(path, task))
        return made[-1]

    def simulated(config: Config, task: Task) -> SimulatedDevice:
        return simulated_device(config, task, load)

    with mock.patch.object(opening, "simulated_device", simulated):
        began_s = time.process_time()
        outcome = run_session(task, Mode.ACCURACY, config, reporter)
        cpu_s = time.process_time() - began_s
    return Ran(outcome, cpu_s, getattr(made[0], "infer_s", 0.0), reporter.rss_bytes)
