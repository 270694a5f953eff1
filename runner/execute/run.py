"""A run from end to end: prepare, connect, plan, execute, score, write.

Everything that can be refused is refused before the first input is sent. From then on the journal
keeps what was measured, whatever happens, and the session can be continued from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...dut_protocol.errors import DutError
from ...dut_protocol.host.dut import Identity
from ...dut_protocol.link.clock import VirtualClock
from ...models.suite import Task
from ..bench.bench import Bench
from ..bench.opening import open_bench
from ..config.config import Config
from ..journal.journal import Journal
from ..journal.session_document import (
    IterationsFound,
    IterationsSaid,
    Provenance,
    read_document,
)
from ..journal.session_folder import Session, alone_with, create_session
from ..script.parser import read_script
from ..script.plan import PlannedInference, plan, planned_inferences
from ..script.script import Script, numbered_steps
from ..terms import Mode
from .calibrate import calibrate
from .executor import Executor, JournalListener, Measured, check_executable
from .host import LONG_RUN_S, check_disk, expected_duration_s, format_duration, kept_awake
from .outcome import (
    STOPPING,
    Outcome,
    RunParts,
    StatusLine,
    benchmark_config,
    conclude,
    open_log,
    say_why,
    stops,
    write_beginnings,
)
from .prepare import Heard, connect, rerooted
from .progress import Reporter, Running
from .provenance import (
    describe_device,
    describe_link,
    describe_session,
    describe_setup,
    refuse_other_device,
    refuse_other_setup,
)
from .recovery import Recovery
from .resume import BEGINNING, ResumePoint, find_resume_point

__all__ = ["Outcome", "resume_session", "run_session"]


def run_session(
    task: Task, mode: Mode, config: Config, reporter: Reporter, script_file: Path | None = None
) -> Outcome:
    """Measure one task in one mode; ``script_file`` is a published script to run instead."""
    run = RunParts.prepare(task, mode, config, reporter)
    dataset = run.source.dataset
    if script_file is not None:
        script = rerooted(read_script(script_file), dataset)
        check_executable(script, dataset, mode)
    else:
        # Whatever N will be, the plan has as many steps.
        script = plan(mode, dataset, 1, config.warmups)
    check_disk(config.sessions, script)
    with open_bench(config, task) as bench:
        heard = Heard()
        with stops(None, resumable=False):
            identity = connect(bench, task, heard)
        session = create_session(config.sessions, task.key, mode)
        with stops(session.folder, resumable=False):
            found: IterationsFound = IterationsSaid(by="script" if script_file else "mode")
            if script_file is None and mode is not Mode.ACCURACY:
                iterations, found = _find_iterations(run, bench, session, identity)
                script = plan(mode, dataset, iterations, config.warmups)
            planned = planned_inferences(script)
            setup = describe_setup(config, mode, run.source, script, planned[0], script_file)
            provenance = Provenance.of(
                describe_session(session, found),
                setup,
                describe_device(identity, bench),
                link=describe_link(setup, bench),
            )
            write_beginnings(run, session, script, provenance)
        work = _Work(script, planned, BEGINNING, StatusLine(run), identity)
        with alone_with(session):
            _execute(run, bench, session, heard, work)
    return conclude(run, session, provenance)


def resume_session(
    folder: Path, task: Task, mode: Mode, config: Config, reporter: Reporter
) -> Outcome:
    """Continue the session in ``folder``; ResumeError names what differs from its beginning."""
    before = read_document(folder).provenance
    session = Session(folder, before.session_id)
    run = RunParts.prepare(task, mode, config, reporter)
    # Held from before the journal is read: another process may be writing it still.
    with alone_with(session):
        return _continue(run, session, before)


def _continue(run: RunParts, session: Session, before: Provenance) -> Outcome:
    task, mode, config, reporter = run.task, run.mode, run.config, run.reporter
    folder = session.folder
    script = read_script(session.script)
    planned = planned_inferences(script)
    now = describe_setup(config, mode, run.source, script, planned[0], None)
    refuse_other_setup(before, now, str(session.document))
    status = StatusLine(run)
    last_step = sum(1 for _ in numbered_steps(script))
    point = find_resume_point(session.log, planned, task, status.count, last_step=last_step)
    if point.finished:
        reporter.note(f"{folder} is complete; nothing is left to run, scoring it again")
        return conclude(run, session, before)
    check_disk(session.folder, script)
    with open_bench(config, task) as bench:
        heard = Heard()
        with stops(folder, resumable=True):
            identity = connect(bench, task, heard)
        refuse_other_device(before, describe_device(identity, bench))
        work = _Work(script, planned, point, status, identity)
        _execute(run, bench, session, heard, work, resumed=True)
    return conclude(run, session, before)


def _find_iterations(
    run: RunParts, bench: Bench, session: Session, identity: Identity
) -> tuple[int, IterationsFound]:
    """N of a run that is timed: as said, or calibrated in a journal of its own."""
    said = run.config.iterations
    if said != "auto":
        return said, IterationsSaid(by="setting")
    window = run.source.dataset.first_windows(1)[0]
    with Journal(session.calibration, bench.clock) as journal:
        open_log(journal, session)
        bench.dut.listener = JournalListener(journal, run.reporter.note)
        data = run.source.dataset.read(window)
        recovery = Recovery(bench.dut, journal, identity)
        try:
            calibration = calibrate(bench, journal, run.task, run.round, window, data, recovery)
        except (DutError, KeyboardInterrupt) as error:
            say_why(journal, error)
            raise
    run.reporter.note(
        f"{calibration.inference_s * 1e3:.3f} ms an inference: N = {calibration.iterations}"
    )
    return calibration.iterations, calibration.found


def _execute(
    run: RunParts,
    bench: Bench,
    session: Session,
    heard: Heard,
    work: _Work,
    *,
    resumed: bool = False,
) -> None:
    """Run the script's remaining steps; RunStopped, with the journal kept, when that fails."""
    if resumed and session.log.exists() and session.log.stat().st_size == 0:
        session.log.unlink()
    again = resumed and session.log.exists()
    with (
        stops(session.folder, resumable=True),
        Journal(session.log, bench.clock, resume=again) as journal,
    ):
        try:
            if again:
                step = "end" if work.point.step is None else work.point.step
                journal.write("session", f"m-session-resume-id[{session.session_id}]-step[{step}]")
            else:
                open_log(journal, session)
            heard.replay(journal)
            if not again:
                journal.write("sequencer", "m-sequencer-start")
            journal.flush()
            _run_steps(run, bench, journal, work)
        except (*STOPPING, KeyboardInterrupt) as error:
            say_why(journal, error)
            raise
        journal.write("sequencer", "m-sequencer-stop")
        journal.write("session", f"m-session-stop-id[{session.session_id}]")


def _run_steps(run: RunParts, bench: Bench, journal: Journal, work: _Work) -> None:
    script, planned, point = work.script, work.planned, work.point
    note = run.reporter.note
    if point.done:
        note(f"{point.done} of {len(planned)} inputs are done; going on")
    long_s = _long_s(run, bench, script)
    if long_s is not None:
        floor = "" if bench.timer.expected_s is not None else "at least "
        baud_rate = bench.dut.settings.baud_rate
        note(f"the whole run takes {floor}{format_duration(long_s)} at {baud_rate} baud")
    bench.dut.listener = JournalListener(journal, note)
    if point.step is None:
        return
    executor = Executor(
        bench,
        journal,
        run.source.dataset,
        benchmark_config(run, planned[0]),
        on_measured=_Estimate(run, bench, len(planned), work.status, told=long_s is not None).show,
        identity=work.identity,
    )
    title = f"{run.task.key} {run.mode.value}"
    with (
        kept_awake(not isinstance(bench.clock, VirtualClock)),
        Running(run.reporter, title, len(planned), point.done),
    ):
        executor.run(script, point.step, point.done)


def _long_s(run: RunParts, bench: Bench, script: Script) -> float | None:
    """How long the script takes at least, where that is long enough to matter to anybody."""
    if isinstance(bench.clock, VirtualClock):
        return None
    seconds = expected_duration_s(
        script,
        run.task.input_bytes,
        bench.dut.settings,
        bench.timer.expected_s,
        bench.loader.usual_chars(run.task.input_bytes),
    )
    return seconds if seconds >= LONG_RUN_S else None


class _Estimate:
    """Says how long a run takes once the device has shown its pace, if nobody could before."""

    def __init__(
        self, run: RunParts, bench: Bench, total: int, status: StatusLine, *, told: bool
    ) -> None:
        self._run = run
        self._clock = bench.clock
        self._total = total
        self._status = status
        self._told = told or isinstance(bench.clock, VirtualClock)
        self._first: tuple[int, float] | None = None

    def show(self, measured: Measured) -> None:
        now_s = self._clock.now_s()
        if self._first is None:
            self._first = (measured.done, now_s)
        elif not self._told:
            done, since_s = self._first
            left_s = (now_s - since_s) / (measured.done - done) * (self._total - measured.done)
            self._told = True
            if left_s >= LONG_RUN_S:
                self._run.reporter.note(f"about {format_duration(left_s)} to go")
        self._status.show(measured)


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done: a script, from a point of it on."""

    script: Script
    planned: tuple[PlannedInference, ...]
    point: ResumePoint
    status: StatusLine
    identity: Identity
