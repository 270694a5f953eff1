"""The parts that a mode gives to the one run: bench, plan, recognition of the device, N.

In performance and accuracy mode the device is on the host's own port, powered by anybody. In
energy mode a monitor powers it, and it is reached through an IO manager; one trace holds all the
windows, so there is nothing to continue after a stop.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial

from ...datasets.inputs import Dataset
from ...dut_protocol.host.dut import Identity
from ...models.suite import Task
from ..bench.bench import Bench
from ..bench.monitors import check_supply
from ..bench.opening import open_bench, open_energy_bench
from ..config.config import Config, MonitorConfig
from ..config.rounds import Round
from ..journal.journal import Journal
from ..journal.session_document import IterationsCalibrated, IterationsCalibratedByEdges
from ..script.energy_plan import ENERGY_CODE, energy_plan
from ..script.plan import BENCHMARK_CODE, plan
from ..script.script import Script
from ..terms import Mode
from .calibrate import calibrate, calibrate_by_edges
from .prepare import Opening, connect, connect_powered

Calibrated = IterationsCalibrated | IterationsCalibratedByEdges


@dataclass(frozen=True, slots=True)
class ModeParts:
    """Holds the parts of a run in which the modes differ."""

    code: str
    """The log's name of the benchmark."""
    resumable: bool
    """Whether a run that was stopped can be continued."""
    open_bench: Callable[[Config, Task], AbstractContextManager[Bench]]
    plan: Callable[[Dataset, int], Script]
    """What makes the script, by the inputs and N."""
    connect: Callable[[Bench, Task], Identity]
    """What finds the device awake; SetupError where it is not one for this mode and task."""
    calibrate: Callable[[Bench, Journal, Opening, Task, Round, Dataset], Calibrated]


def mode_parts(mode: Mode, warmups: int, monitor: MonitorConfig) -> ModeParts:
    """Return the mode's parts; SetupError where the configuration does not let it be."""
    if mode is not Mode.ENERGY:
        return ModeParts(
            BENCHMARK_CODE,
            True,
            open_bench,
            lambda dataset, iterations: plan(mode, dataset, iterations, warmups),
            connect,
            calibrate,
        )
    supply_v = check_supply(monitor)
    return ModeParts(
        ENERGY_CODE,
        False,
        open_energy_bench,
        lambda dataset, iterations: energy_plan(dataset, iterations, warmups, supply_v),
        connect_powered,
        partial(calibrate_by_edges, soft_markers=monitor.soft_markers),
    )
