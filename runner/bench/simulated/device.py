"""Makes the simulated device that an address `sim:` names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ....dut_protocol.simulated.device import DeviceModel, DeviceSettings, SimulatedDut
from ....dut_protocol.simulated.tflite_model import TfliteModel
from ....dut_protocol.wire.simulation import SIMULATION_NOTE
from ....errors import closest
from ....models.demo_models import DEMO_NOTE
from ....models.runtimes.engine_kind import EngineKind
from ....models.suite import ALL_TASKS, STREAMING_TASKS, Task
from ...config.config import Config
from ...config.name_lookup import model_file
from ...config.sim_address import SIMULATED, SimulatedOptions, parse_simulated
from ...errors import SetupError
from .replay import Replay

PLAUSIBLE_INFERENCE_S = {"vww01": 0.12, "ic01": 0.16, "ic02": 0.9, "kws01": 0.02, "ad01": 0.005}
"""Seconds a simulated device takes for an inference unless told: about a Cortex-M4 or M7 of the
published results."""


_CUSTOM_INFERENCE_S = 0.02
"""Seconds an inference takes by a model of which nothing is known."""


@dataclass(frozen=True, slots=True)
class SimulatedDevice:
    device: SimulatedDut
    model: SimulatedModel


class ModelLoader(Protocol):
    """Loads the model in a file, to be run by one of the engines."""

    def __call__(self, path: Path, task: Task, engine: EngineKind, /) -> LoadedModel: ...


class LoadedModel(DeviceModel, Protocol):
    """Holds a model out of a file, with what the session's provenance says of it."""

    @property
    def sha256(self) -> str: ...

    @property
    def runtime(self) -> str: ...


def simulated_device(
    config: Config,
    task: Task | None,
    load: ModelLoader = TfliteModel,
) -> SimulatedDevice:
    """Make the device that a ``sim:`` address and the configuration describe, not yet booted.

    ``task`` is what it runs where the address names no model id; ``load`` makes the model of its
    file, and may give one that computes otherwise, or counts.
    """
    model_id, options = parse_simulated(config.dut.address or SIMULATED)
    if options.replay is not None:
        return _replayed_device(config, options.replay, options)
    if model_id:
        custom = config.custom_task
        known = {one.model_id: config.task(one.key) for one in ALL_TASKS.values()}
        if custom is not None:
            known[custom.model_id] = custom
        if task is None or task.model_id != model_id:  # else it is known which inputs are meant
            task = known.get(model_id)
        if model_id in {one.model_id for one in STREAMING_TASKS.values()}:
            raise SetupError(
                f"{SIMULATED}{model_id} is the streaming wake word, a device that listens to an "
                "interface board: `tinyrunner run sww` measures it, `tinyrunner simulate "
                "interface-board` serves both"
            )
        if task is None:
            near = closest(model_id, known)
            raise SetupError(
                f"no model id {model_id!r} to simulate{near}; there are {', '.join(known)}"
            )
    if task is None:
        raise SetupError(f"which model to simulate? Give e.g. {SIMULATED}kws01")
    named = config.model or "demo"
    path = model_file(named, task)
    model = load(path, task, options.engine or config.simulate.engine)
    inference_time_s = options.inference_time_s
    if inference_time_s is None:
        inference_time_s = config.simulate.inference_time_s
    settings = DeviceSettings(
        baud_rate=config.dut.baud_rate if options.baud_rate is None else options.baud_rate,
        extension=options.extension,
        note=SIMULATION_NOTE,
        inference_time_s=(
            PLAUSIBLE_INFERENCE_S.get(task.model_id, _CUSTOM_INFERENCE_S)
            if inference_time_s is None
            else inference_time_s
        ),
        mode=options.mode,
    )
    described = SimulatedModel(
        model=str(path.resolve()),
        model_sha256=model.sha256,
        runtime=model.runtime,
        note=DEMO_NOTE if named == "demo" else None,
        baud_rate=settings.baud_rate,
        inference_time_s=settings.inference_time_s,
    )
    return SimulatedDevice(SimulatedDut(model, settings), described)


def _replayed_device(config: Config, log: Path, options: SimulatedOptions) -> SimulatedDevice:
    """Make the board in a log; its model id and mode are the log's, whatever the address says."""
    if options.engine is not None:
        raise SetupError("a replay answers from its log, and no engine runs; leave engine= out")
    replay = Replay.open(log, config.datasets)
    inference_time_s = options.inference_time_s
    if inference_time_s is None:
        inference_time_s = config.simulate.inference_time_s
    device = replay.device(
        config.dut.baud_rate if options.baud_rate is None else options.baud_rate, inference_time_s
    )
    described = SimulatedModel(
        model=str(log.resolve()),
        model_sha256=hashlib.sha256(log.read_bytes()).hexdigest(),
        runtime="replay",
        note=f"a replay, not a measurement: {replay.description}",
        baud_rate=device.settings.baud_rate,
        inference_time_s=device.settings.inference_time_s,
    )
    return SimulatedDevice(device, described)


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """Says what a simulated device runs, for the session's provenance."""

    model: str
    model_sha256: str
    runtime: str
    note: str | None
    """A remark where the model is a demonstration only, or a log."""
    baud_rate: int
    inference_time_s: float
