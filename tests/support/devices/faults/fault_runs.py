"""Whole runs on a faulty wire or device, in this process, held against the run without a fault."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from unittest import mock

from support.cli import inferences
from support.devices.boards import HashModel
from support.devices.faults.link_faults import (
    WIRE_KINDS,
    Direction,
    FaultPlan,
    FaultyDevice,
    FaultyWire,
    Kind,
    plan_of,
)
from support.inputs import write_inputs
from tinyrunner.dut_protocol.host.device_record import DeviceRecord, save_record
from tinyrunner.dut_protocol.simulated.device import FIRMWARE_PROFILE, DeviceSettings
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.settings import ConfirmResults, VerifyLoad
from tinyrunner.models.cache import CACHE_VARIABLE
from tinyrunner.models.suite import Task
from tinyrunner.runner.bench import bench, opening
from tinyrunner.runner.bench.simulated.device import SimulatedDevice
from tinyrunner.runner.config.config import Config, DutConfig
from tinyrunner.runner.errors import ResumeError, RunStopped, SetupError
from tinyrunner.runner.execute.progress import QuietReporter
from tinyrunner.runner.execute.run import resume_session, run_session
from tinyrunner.runner.journal.open_log import open_log
from tinyrunner.runner.terms import Mode

FILES = {"kws": 30, "ic": 6, "vww": 2, "ad": 1}
"""Inputs of an accuracy run (of ad: a file has 196)."""

RATES = (0.03, 0.2, 1.0)
"""Faults that an input meets on the average, where every load is read back."""

INFERENCE_S = 0.0125
ITERATIONS = 850
"""Windows of 10.6 s."""

MOST_DEVIATION = 4e-4
"""Of a window: what the link's resolution lets pass at its two ends, 2 ms each."""

NO_FAULT = FaultPlan(Kind.LOSE, 0.0)


class Outcome(Enum):
    EQUAL = "equal"
    RESUMED = "stopped, resumed, equal"
    NOT_BEGUN = "not begun"
    WRONG = "WRONG"
    REFUSED = "NOT RESUMABLE"


class Way(Enum):
    """How inputs are loaded."""

    PLAIN = "plain"
    PIPELINED = "pipelined"
    EXTENDED = "extended"


BAD = (Outcome.WRONG, Outcome.REFUSED)


@dataclass
class Held:
    """One run held against the fault-free one."""

    outcome: Outcome
    plan: FaultPlan
    faults: int = 0
    retries: int = 0
    recorded: int = 0
    wrong_inputs: int = 0
    worst_deviation: float = 0.0
    """Of a window's length, as a fraction (performance)."""
    why: str = ""
    log: str = field(default="", repr=False)


@dataclass
class Bench:
    """Inputs on disk and what a run over them without a fault says."""

    root: Path
    task: Task
    mode: Mode = Mode.ACCURACY
    guarded: bool = True
    """verify_load: all and confirm_results: all; else the defaults."""
    files: int | None = None
    way: Way = Way.PLAIN
    model: object = None
    whole: list = field(init=False)
    windows: list = field(init=False)

    def __post_init__(self) -> None:
        self.data = self.root / "data"
        count = self.files or (FILES[self.task.key] if self.mode is Mode.ACCURACY else 5)
        write_inputs(self.data, self.task, count, seed=5)
        self.model = self.model or HashModel(self.task)
        session = self._session(NO_FAULT)[0]
        self.whole, self.windows = inferences(session), _windows(session)
        shutil.rmtree(self.root / "s")

    @property
    def _config(self) -> Config:
        dut = DutConfig(
            address="sim:",
            boot_wait_s=0.5,
            pipelining=self.way is Way.PIPELINED,
            extension=self.way is Way.EXTENDED,
        )
        if self.guarded:
            dut = dut.model_copy(
                update={"verify_load": VerifyLoad.ALL, "confirm_results": ConfirmResults.ALL}
            )
        sessions = self.root / "s"
        return Config(dut=dut, datasets=self.data, sessions=sessions, iterations=ITERATIONS)

    def _session(self, plan: FaultPlan) -> tuple[Path, int]:
        with self._board(plan) as count:
            ran = run_session(self.task, self.mode, self._config, QuietReporter())
        return ran.session.folder, count()

    @contextmanager
    def _board(self, plan: FaultPlan) -> Iterator:
        """The faulty board, which a check has found to buffer its input where that is asked for."""
        cache = self.root / "cache"
        with ExitStack() as stack:
            if self.way is Way.PIPELINED:
                stack.enter_context(mock.patch.dict(os.environ, {CACHE_VARIABLE: str(cache)}))
                save_record(
                    DeviceRecord(
                        vendor=DeviceSettings().vendor,
                        profile=FIRMWARE_PROFILE,
                        model_id=self.task.model_id,
                        baud_rate=115200,
                        data_bytes_per_db=30,
                        pipeline_chars=512,
                        checked_at="2026-01-01T00:00:00+00:00",
                        tool_version="test",
                    ),
                    cache,
                )
            extension = self.way is Way.EXTENDED
            yield stack.enter_context(faulty(self.task, plan, self.model, extension=extension))

    def run(self, plan: FaultPlan) -> Held:
        """One run; where it stops, it is continued on a link without fault."""
        count = _nothing
        try:
            with self._board(plan) as count:
                ran = run_session(self.task, self.mode, self._config, QuietReporter())
            held = self._held(ran.session.folder, plan, Outcome.EQUAL)
        except SetupError as error:
            return Held(Outcome.NOT_BEGUN, plan, count(), why=str(error))
        except RunStopped as stopped:
            if not stopped.resumable:
                return Held(Outcome.NOT_BEGUN, plan, count(), why=str(stopped))
            held = self._resumed(stopped, plan)
        finally:
            shutil.rmtree(self.root / "s", ignore_errors=True)
        held.faults = count()
        return held

    def _resumed(self, stopped: RunStopped, plan: FaultPlan) -> Held:
        folder = stopped.session
        assert folder is not None
        try:
            with self._board(NO_FAULT):
                resume_session(folder, self.task, self.mode, self._config, QuietReporter())
        except (ResumeError, SetupError, RunStopped) as error:
            return Held(Outcome.REFUSED, plan, why=f"{stopped} / {error}")
        held = self._held(folder, plan, Outcome.RESUMED)
        held.why = str(stopped) + held.why
        return held

    def _held(self, session: Path, plan: FaultPlan, well: Outcome) -> Held:
        """What the session holds against what it should."""
        now = inferences(session)
        log = (session / "log.txt").read_text()
        retries = log.count("m-session-retry-step[")
        held = Held(well, plan, retries=retries, recorded=len(now), log=log)
        if [row[:2] for row in now] != [row[:2] for row in self.whole]:
            held.outcome, held.why = Outcome.WRONG, f"other inputs: {len(now)}"
            return held
        pairs = zip(now, self.whole, strict=True)
        different = [(a, b) for a, b in pairs if a[2] != b[2]]
        held.wrong_inputs = len(different)
        if self.mode is Mode.PERFORMANCE:
            held.worst_deviation = max(
                abs(a / b - 1) for a, b in zip(_windows(session), self.windows, strict=True)
            )
        if different or held.worst_deviation > MOST_DEVIATION:
            held.outcome = Outcome.WRONG
            held.why = f"{different[:1]} {held.worst_deviation}"
        return held


def _nothing() -> int:
    return 0


def _windows(session: Path) -> list[float]:
    """Each window in seconds by the device's clock, as they are scored."""
    with open_log(session / "log.txt") as reader:
        return [((r.end_us - r.start_us) % 2**32) / 1e6 for r in reader]


@contextmanager
def faulty(
    task: Task,
    plan: FaultPlan,
    model: object,
    inference_s: float = INFERENCE_S,
    *,
    extension: bool = False,
) -> Iterator:
    """`sim:` is a device of this task with the plan's faults, on a wire with the plan's faults."""
    settings = DeviceSettings(inference_time_s=inference_s, extension=extension)
    device = FaultyDevice(model, settings, plan)
    described = bench.SimulatedModel("test", "0" * 64, "none", None, 115200, INFERENCE_S)
    wires: list[FaultyWire] = []

    def wire(end, clock, address):
        wires.append(FaultyWire(SimulatedLink(end, clock, address), clock, plan))
        return wires[-1]

    with ExitStack() as stack:
        simulated = SimulatedDevice(device, described)
        stack.enter_context(mock.patch.object(opening, "simulated_device", return_value=simulated))
        stack.enter_context(mock.patch.object(opening, "SimulatedLink", wire))
        yield lambda: device.count + sum(each.count for each in wires)


def grid(task: Task, seed: int) -> Iterator[tuple[float, FaultPlan]]:
    """Every kind, direction and rate (faults an input meets on the average), with a seed."""
    for kind in Kind:
        for direction in Direction if kind in WIRE_KINDS else (None,):
            for faults_per_input in RATES:
                yield faults_per_input, plan_of(kind, faults_per_input, task, direction, seed)
