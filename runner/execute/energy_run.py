"""An energy run from end to end: the same spine, with a monitor that powers the device.

One trace holds all the windows, so there is nothing to continue after a stop: what was measured
stays on disk, and the run is begun again.
"""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import asdict, dataclass

from ...dut_protocol.errors import DutProtocolError
from ...dut_protocol.host.dut import Identity
from ...dut_protocol.wire.messages import TimestampMode
from ...energy.alignment import LapStamp, merge_laps, unwrap_laps
from ...energy.errors import MonitorRefused
from ...energy.trace import TraceWriter
from ...energy.trace_files import energy_path
from ...energy.windows import TIMESTAMP_HOLD_S, merge_edges
from ...models.suite import Task
from ..bench.bench import Bench
from ..bench.opening import open_energy_bench
from ..config.config import Config
from ..errors import RunStopped, SetupError
from ..journal.journal import Journal
from ..journal.session_document import (
    Edges,
    EnergyFacts,
    IoManagerFacts,
    IterationsCalibratedByEdges,
    IterationsFound,
    IterationsSaid,
    Link,
    Monitor,
    Provenance,
)
from ..journal.session_folder import Session, create_session
from ..script.energy_plan import ENERGY_CODE, energy_plan
from ..script.plan import planned_inferences
from ..script.script import Script
from ..terms import Mode
from .energy_steps import EnergySteps
from .executor import PASSED_THROUGH, Executor, JournalListener
from .host import check_disk
from .outcome import (
    STOPPING,
    Outcome,
    RunParts,
    StatusLine,
    benchmark_config,
    conclude,
    open_log,
    reason_of,
    say_why,
    write_beginnings,
)
from .prepare import Heard, HeardFrom, check_model
from .progress import Reporter, Running
from .provenance import describe_device, describe_session, describe_setup

REST_S = 2.0
"""Off for this long before the measured power-up."""

MARGIN = 1.10
"""Ten per cent to spare: a device's pace depends on its supply and its temperature."""

ENOUGH_S = 5.0
MAX_WINDOWS = 8

_MEASURED = (
    "All windows were measured; `tinyrunner score` with the session's folder computes the result."
)
BEGIN_AGAIN = (
    "An energy run is begun again, not continued: one trace holds all its windows, and it ends "
    "where the supply was switched off."
)


def run_energy(task: Task, config: Config, reporter: Reporter) -> Outcome:
    """Measure the energy of one task's first five inputs."""
    run = RunParts.prepare(task, Mode.ENERGY, config, reporter)
    supply_v = config.monitor.supply_v
    if supply_v is None:
        raise SetupError(
            "which supply voltage? Give --supply-v; there is no default, for too much destroys "
            "a board"
        )
    dataset = run.source.dataset
    check_disk(config.sessions, energy_plan(dataset, 1, config.warmups, supply_v))
    folder = begin_again = None
    try:
        with open_energy_bench(config, task) as bench:
            heard = Heard()
            connected = _connect(bench, task, heard, config, supply_v)
            session = create_session(config.sessions, task.key, Mode.ENERGY)
            folder = session.folder
            iterations, found = _find_iterations(run, bench, session)
            script = energy_plan(dataset, iterations, config.warmups, supply_v)
            provenance = Provenance.of(
                describe_session(session, found),
                describe_setup(
                    config, Mode.ENERGY, run.source, script, planned_inferences(script)[0], None
                ),
                describe_device(connected.identity, bench),
                energy=_describe_bench(connected, bench),
            )
            write_beginnings(run, session, script, provenance)
            begin_again = BEGIN_AGAIN
            _execute(run, bench, session, script, heard, connected.supply_v)
            begin_again = _MEASURED
        return conclude(run, session, provenance)
    except (*STOPPING, KeyboardInterrupt) as error:
        raise RunStopped(
            folder, reason_of(error), resumable=False, begin_again=begin_again
        ) from error


@dataclass(frozen=True, slots=True)
class _Connected:
    """Who is on the bench."""

    identity: Identity
    supply_v: float
    """As the monitor reads it back."""
    manager_name: str
    manager_version: str


def _connect(bench: Bench, task: Task, heard: Heard, config: Config, supply_v: float) -> _Connected:
    """What every published script does before its log begins: power up, ask, power down."""
    monitor, manager, dut = bench.energy.monitor, bench.energy.io_manager, bench.dut
    manager.listener = HeardFrom(heard, "io")
    dut.listener = HeardFrom(heard, PASSED_THROUGH)
    try:
        set_v = monitor.set_supply(supply_v)
    except MonitorRefused as error:
        raise SetupError(str(error)) from error
    name = manager.identify()
    version = " ".join(manager.version())
    monitor.power(True)
    mode = dut.wait_for_boot(config.monitor.boot_timeout_s)
    if mode is not TimestampMode.ENERGY:
        raise SetupError(
            f"{dut.address}: this is no energy firmware (its banner says "
            f"m-timestamp-mode-{mode.value if mode else 'nothing'}); energy needs the firmware "
            "built for energy mode"
        )
    identity = dut.identify()
    check_model(dut.address, identity, task)
    _rest(bench)
    return _Connected(identity, set_v, name, version)


def _describe_bench(connected: _Connected, bench: Bench) -> EnergyFacts:
    """Who measures, at which supply, and whose edges are the windows' ends."""
    parts, can = bench.energy, bench.energy.monitor.capabilities
    timed = "the monitor's event input"
    if not can.event_input:
        timed = "the IO manager's m-lap-us, aligned to the steps in power"
    settings = bench.dut.settings
    return EnergyFacts(
        link=Link(data_bytes_per_db=settings.data_bytes_per_db, verify_load=settings.verify_load),
        monitor=Monitor(
            address=parts.monitor.address,
            **asdict(parts.monitor.identify()),
            supply_v=connected.supply_v,
            sample_rate_hz=can.default_rate_hz,
            sample=can.sample_kind.value,
            event_input=can.event_input,
            max_current_a=can.max_current_a,
        ),
        io_manager=IoManagerFacts(
            address=parts.io_manager.address,
            baud_rate=parts.io_manager.settings.baud_rate,
            name=connected.manager_name,
            version=connected.manager_version,
        ),
        edges=Edges(from_=timed, hold_s=TIMESTAMP_HOLD_S),
    )


def _rest(bench: Bench) -> None:
    bench.energy.monitor.power(False)
    bench.clock.pause(REST_S)


def _find_iterations(run: RunParts, bench: Bench, session: Session) -> tuple[int, IterationsFound]:
    """N as said, or from the edges of ever longer windows, in a journal of its own."""
    said = run.config.iterations
    if said != "auto":
        return said, IterationsSaid(by="setting")
    dataset = run.source.dataset
    window = dataset.first_windows(1)[0]
    with Journal(session.calibration, bench.clock) as journal:
        open_log(journal, session, ENERGY_CODE)
        _listen(bench, journal, run.reporter)
        try:
            bench.energy.monitor.power(True)
            bench.dut.wait_for_boot(run.config.monitor.boot_timeout_s)
            bench.energy.io_manager.mark_falling_edges()
            bench.energy.io_manager.enable_timer()
            bench.loader.load(dataset.read(window))
            inference_s, measured = _pace(bench, run, session)
            bench.energy.io_manager.disable_timer()
            _rest(bench)
        except (*STOPPING, KeyboardInterrupt) as error:
            say_why(journal, error)
            raise
    by_time = math.ceil(run.round.min_window_s * MARGIN / inference_s)
    iterations = max(by_time, math.ceil(run.round.min_inferences * MARGIN))
    run.reporter.note(f"{inference_s * 1e3:.3f} ms an inference: N = {iterations}")
    own = bench.energy.monitor.capabilities.event_input
    return iterations, IterationsCalibratedByEdges(
        by="calibration",
        inference_s=inference_s,
        measured_iterations=measured,
        iterations=iterations,
        clock="the monitor's" if own else "the IO manager's",
    )


def _pace(bench: Bench, run: RunParts, session: Session) -> tuple[float, int]:
    """Seconds an inference takes, and of how many at once that was seen."""
    iterations = 1
    for _ in range(MAX_WINDOWS):
        soft_markers = run.config.monitor.soft_markers
        elapsed_s = _window_s(bench, run.task, iterations, session, soft_markers=soft_markers)
        if elapsed_s >= ENOUGH_S:
            return elapsed_s / iterations, iterations
        growth = 1.2 * ENOUGH_S / elapsed_s if elapsed_s > 0 else 100.0
        iterations = math.ceil(iterations * min(max(growth, 2.0), 100.0))
    raise DutProtocolError(
        f"{bench.dut.address}: {iterations} inferences still take less than {ENOUGH_S} s; give "
        "--iterations to go on without calibrating"
    )


def _window_s(
    bench: Bench, task: Task, iterations: int, session: Session, *, soft_markers: bool
) -> float:
    """Seconds between the two edges of an `infer`, by the clock that will time the run."""
    parts = bench.energy
    if soft_markers:
        return bench.timer.infer(iterations, 1, task.score_count).host_elapsed_s
    if parts.monitor.capabilities.event_input:
        name = "the monitor"
        path = energy_path(session.folder, "calibration")
        with TraceWriter(path, parts.monitor.capabilities.default_rate_hz) as writer:
            parts.recorder.start(writer)
            bench.timer.infer(iterations, 1, task.score_count)
            edges_s = merge_edges(parts.recorder.stop().events_s)
        path.unlink()
    else:
        name = "the IO manager"
        before = len(parts.io_manager.edges)
        bench.timer.infer(iterations, 1, task.score_count)
        laps = [LapStamp(edge.us, edge.host_s) for edge in parts.io_manager.edges[before:]]
        edges_s = tuple(unwrap_laps(merge_laps(laps)).tolist()) if laps else ()
    if len(edges_s) != 2:
        raise DutProtocolError(
            f"{bench.dut.address}: {name} saw {len(edges_s)} edges of the timestamp pin in an "
            "`infer`, where two are expected; is the pin wired to it, and does it fall once?"
        )
    return edges_s[1] - edges_s[0]


def _listen(bench: Bench, journal: Journal, reporter: Reporter) -> None:
    bench.energy.io_manager.listener = JournalListener(journal, reporter.note, "io")
    bench.dut.listener = JournalListener(journal, reporter.note, PASSED_THROUGH)


def _execute(
    run: RunParts, bench: Bench, session: Session, script: Script, heard: Heard, supply_v: float
) -> None:
    """Run the numbered steps; on every path the trace's file is closed with what it has."""
    planned = planned_inferences(script)
    with Journal(session.log, bench.clock) as journal, ExitStack() as stack:
        open_log(journal, session, ENERGY_CODE)
        heard.replay(journal)
        journal.write("sequencer", "m-sequencer-start")
        journal.flush()
        _listen(bench, journal, run.reporter)
        steps = EnergySteps(
            bench.dut,
            bench.energy.io_manager,
            bench.energy.recorder,
            journal,
            session.folder,
            run.config.monitor.boot_timeout_s,
            supply_v=supply_v,
            windows=len(planned),
            soft_markers=run.config.monitor.soft_markers,
        )
        stack.callback(steps.close)
        executor = Executor(
            bench,
            journal,
            run.source.dataset,
            benchmark_config(run, planned[0]),
            on_measured=StatusLine(run).show,
            energy=steps,
        )
        try:
            with Running(run.reporter, f"{run.task.key} energy", len(planned), 0):
                executor.run(script)
        except (*STOPPING, KeyboardInterrupt) as error:
            say_why(journal, error)
            raise
        journal.write("sequencer", "m-sequencer-stop")
        journal.write("session", f"m-session-stop-id[{session.session_id}]")
