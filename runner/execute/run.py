"""Runs a session from end to end in any mode: prepare, connect, plan, execute, score, write.

What `script.async` says is what happens: the log begins when the bench is open, the steps before
`version` make it ready, and the numbered steps are executed. Everything that can be refused is
refused before the first input is sent. The journal keeps what devices say from their first word on,
and what was measured, whatever happens; the session can be continued from it where its mode allows
that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Union

from ...dut_protocol.link.clock import VirtualClock
from ...models.suite import Benchmark, StreamingTask, Task
from ..bench.bench import Bench
from ..bench.labgrid.lease import held_places, is_held
from ..bench.opening import check_addresses
from ..config.config import Config, MonitorConfig
from ..config.labgrid_address import at_place
from ..config.rounds import load_rounds
from ..config.sim_address import is_simulated
from ..errors import JournalError, ResumeError, SetupError
from ..journal.damage import set_damage_aside
from ..journal.journal import Journal, LogWriter
from ..journal.session_document import (
    IterationsFound,
    IterationsSaid,
    Provenance,
    SessionFacts,
    SetupFacts,
    read_document,
)
from ..journal.session_folder import (
    SessionFolder,
    alone_with,
    create_session,
    remove_leftovers,
)
from ..script.parser import read_script
from ..script.plan import PlannedInference, planned_inferences
from ..script.script import Script, ScriptError, numbered_steps, print_script
from ..terms import Mode
from .host import LONG_RUN_S, check_disk, expected_duration_s, format_duration, kept_awake
from .modes import Calibrated, ModeParts, mode_parts
from .outcome import (
    BEGIN_AGAIN,
    STOPPING,
    Outcome,
    Run,
    UnfinishedRun,
    benchmark_config,
    conclude,
    new_journal,
    restore_labels,
    say_why,
    told_in,
    write_beginnings,
)
from .prepare import (
    EarlyLines,
    Opening,
    Unlogged,
    dataset_root,
    open_source,
    rerooted,
    with_found_inputs,
)
from .progress import BegunRun, Reporter, StatusLine, running
from .provenance import (
    describe_device,
    describe_energy_bench,
    describe_link,
    describe_session,
    describe_setup,
    refuse_other_device,
    refuse_other_setup,
    text_sha256,
)
from .resume.resume_point import (
    BEGINNING,
    SESSION_STOP,
    ResumePoint,
    find_resume_point,
    is_measured,
)
from .steps.energy_steps import EnergySteps
from .steps.executor import Executor, MeasuredInput, check_executable
from .steps.sequencer import listen

if TYPE_CHECKING:
    from .streaming.run import PreparedStream

__all__ = ["Outcome", "PreparedRun", "prepare_run", "resume_session", "run_prepared", "run_session"]


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """Is a run of which everything is known and checked that needs no device."""

    run: Run
    parts: ModeParts
    config: Config
    script: Script
    """What will be run; of a plan, with N still to be found."""
    script_file: Path | None
    """The published script, where one is run."""

    @property
    def task(self) -> Task:
        return self.run.task

    @property
    def mode(self) -> Mode:
        return self.run.mode


Prepared = Union[PreparedRun, "PreparedStream"]


def run_session(
    task: Benchmark, mode: Mode, config: Config, reporter: Reporter, script_file: Path | None = None
) -> Outcome:
    """Measure one task in one mode; ``script_file`` is a published script to run instead."""
    return run_prepared(prepare_run(task, mode, config, reporter, script_file))


def prepare_run(
    task: Benchmark, mode: Mode, config: Config, reporter: Reporter, script_file: Path | None = None
) -> Prepared:
    """Check all that needs no device: settings, addresses, inputs, script, room on the disk.

    Where no round is asked for, it is one that has the task. SetupError or DatasetError says what
    is wrong; no port was opened.
    """
    config = in_a_round(config, task)
    if isinstance(task, StreamingTask):
        from .streaming.run import (
            prepare_stream,  # with its simulated bench, which others do not need
        )

        return prepare_stream(task, mode, config, reporter, script_file)
    if script_file is not None:
        _refuse_beside_a_script(config)
    parts = mode_parts(mode, config.warmups, config.monitor)
    run = _prepare(task, mode, config, reporter)
    dataset = run.source.dataset
    if script_file is None:
        script = parts.plan(dataset, 1)  # whatever N will be, the plan has as many steps
    else:
        script = rerooted(read_script(script_file), dataset)
        check_executable(script, dataset, mode, config.monitor.supply_v)
    check_disk(config.sessions, len(script.steps))
    check_addresses(config, energy=mode is Mode.ENERGY)
    return PreparedRun(run, parts, config, script, script_file)


def in_a_round(config: Config, task: Benchmark) -> Config:
    """Return the configuration with a round that has the task, where none is asked for."""
    if "round" in config.model_fields_set:
        return config
    return config.model_copy(update={"round": load_rounds().having(task.key).name})


def run_prepared(prepared: Prepared) -> Outcome:
    """Measure what was prepared, from the opening of the bench to the result."""
    if not isinstance(prepared, PreparedRun):
        from .streaming.run import run_stream

        return run_stream(prepared)
    run, parts, config, script_file = (
        prepared.run, prepared.parts, prepared.config, prepared.script_file,
    )  # fmt: skip
    mode, dataset, script = run.mode, run.source.dataset, prepared.script
    left = UnfinishedRun()
    # What goes wrong in opening and closing a bench that powers the device is the run's as well.
    outside, inside = (nullcontext, left.told) if parts.resumable else (left.told, nullcontext)
    note = run.reporter.note
    with held_places(config, note, energy=mode is Mode.ENERGY), outside():
        with parts.open_bench(config, run.task) as bench, inside():
            session = create_session(config.sessions, run.task.key, mode, config.board)
            left.folder = session.folder
            new = new_journal(session.log, session, bench.clock, parts.code, run.purpose)
            with alone_with(session), new as journal:
                opening = _opened(run, parts, bench, config.monitor, script, journal)
                found: IterationsFound = IterationsSaid(by="script")
                if script_file is None:
                    found, iterations = IterationsSaid(by="setting"), config.iterations
                    if mode is Mode.ACCURACY:
                        found, iterations = IterationsSaid(by="mode"), 1
                    elif iterations == "auto":
                        found = _calibrated(run, parts, bench, session, opening)
                        iterations = found.iterations
                    script = script if iterations == 1 else parts.plan(dataset, iterations)
                planned = planned_inferences(script)
                setup = _setup(config, run, script, planned[0], script_file)
                provenance = _describe(describe_session(session, found), setup, bench, opening)
                labels = Path(run.source.labels.source)
                write_beginnings(session, script, provenance, copy=session.labels, of=labels)
                left.resumable = parts.resumable
                left.begin_again = None if parts.resumable else BEGIN_AGAIN
                status = _status(run)
                work = _Work(run, session, script, planned, BEGINNING, status, provenance)
                _execute(work, bench, journal, opening, begun=False)
        with inside():
            return conclude(run, session, provenance)


def _setup(
    config: Config, run: Run, script: Script, first: PlannedInference, script_file: Path | None
) -> SetupFacts:
    counts = first.iterations, first.warmups
    source = run.source
    return describe_setup(config, run.mode, run.task.key, source.facts, script, counts, script_file)


SAID_BY_A_SCRIPT = ("limit", "iterations", "warmups")
"""The settings that a published script has in it."""


def _refuse_beside_a_script(config: Config) -> None:
    """Refuse what contradicts a published script, which says by itself what is run how often."""
    usual = Config()
    for name in SAID_BY_A_SCRIPT:
        if (value := getattr(config, name)) != getattr(usual, name):
            raise SetupError(f"the script says what is run; leave {name} ({value}) out")


def resume_session(
    folder: Path, task: Benchmark, mode: Mode, config: Config, reporter: Reporter
) -> Outcome:
    """Continue the session in ``folder``; ResumeError names what differs from its beginning."""
    if isinstance(task, StreamingTask):
        from .streaming.run import score_again

        return score_again(folder, reporter)
    before = read_document(folder).provenance
    parts = mode_parts(mode, config.warmups, config.monitor)
    session = SessionFolder(folder, before.session_id)
    if not parts.resumable and not is_measured(session.log):
        raise ResumeError(f"{folder} cannot be continued. {BEGIN_AGAIN}")
    run = _prepare(task, mode, config, reporter)
    # Held from before the journal is read: another process may be writing it still.
    with alone_with(session):
        remove_leftovers(session)
        return _continue(run, parts, session, before, config)


def _continue(
    run: Run, parts: ModeParts, session: SessionFolder, before: Provenance, config: Config
) -> Outcome:
    folder = session.folder
    left = UnfinishedRun(folder, resumable=True)
    script = _script_of(session, before)
    planned = planned_inferences(script)
    now = _setup(config, run, script, planned[0], None)
    refuse_other_setup(before, now, str(session.document))
    restore_labels(run, session)
    if not parts.resumable:
        return _concluded_again(run, session, before)
    status = _status(run)
    last_step = sum(1 for _ in numbered_steps(script))
    if session.log.exists() and (aside := set_damage_aside(session.log)):
        run.reporter.note(aside)
    point = find_resume_point(session.log, planned, run.task, status.count, last_step=last_step)
    if point.finished:
        return _concluded_again(run, session, before)
    check_disk(folder, len(script.steps))
    if not is_held(config):
        config = at_place(config, before.device.address)
    with (
        held_places(config, run.reporter.note, energy=False),
        parts.open_bench(config, run.task) as bench,
        left.told(),
    ):
        work = _Work(run, session, script, planned, point, status, before)
        heard = EarlyLines()
        try:
            opening = _opened(run, parts, bench, config.monitor, script, heard)
        except (*STOPPING, KeyboardInterrupt) as error:
            with suppress(JournalError), _continued(work, bench, parts.code) as journal:
                heard.replay(journal)
                say_why(journal, error)
            raise
        # Until here it may have been another device, whose words are none of this log's.
        refuse_other_device(before, describe_device(opening.identity, bench))
        begun = _is_begun(session)
        with _continued(work, bench, parts.code) as journal:
            heard.replay(journal)
            _execute(work, bench, journal, opening, begun=begun)
    with left.told():
        return conclude(run, session, before)


def _concluded_again(run: Run, session: SessionFolder, before: Provenance) -> Outcome:
    folder = session.folder
    run.reporter.note(f"{folder} is complete; nothing is left to run, scoring it again")
    with UnfinishedRun(folder, resumable=True).told():
        return conclude(run, session, before)


def _status(run: Run) -> StatusLine:
    return StatusLine(run.reporter, run.task, run.mode, run.source.labels.rows)


def _script_of(session: SessionFolder, before: Provenance) -> Script:
    """Return the session's script; ResumeError where it is not the one that it began with."""
    why = "it is not the script that the session began with"
    try:
        script = read_script(session.script)
        if text_sha256(print_script(script)) == before.script_sha256:
            return script
    except ScriptError as error:
        why = str(error)
    raise ResumeError(
        f"{session.script} is missing or damaged ({why}); `tinyrunner sessions repair "
        f"{session.folder}` restores it"
    )


def _prepare(task: Task, mode: Mode, config: Config, reporter: Reporter) -> Run:
    """Do everything that needs no device: the round's rules, and the inputs, checked."""
    round_ = load_rounds().get(config.round)
    root = dataset_root(config.datasets, task, simulated=is_simulated(config))
    labels = config.labels.get(task.key)
    task = with_found_inputs(task, root, labels, config.division, reporter)
    source = open_source(root, task, labels, config.limit, reporter)
    return Run(task, mode, round_, config.division, config.purpose, source, reporter)


def _opened(
    run: Run,
    parts: ModeParts,
    bench: Bench,
    monitor: MonitorConfig,
    script: Script,
    heard: LogWriter,
) -> Opening:
    """Open the bench, made ready by the script's steps before `version`, and know the device."""
    energy = None
    if bench.energy_parts is not None:
        energy = EnergySteps(
            bench.dut,
            bench.energy_parts.io_manager,
            bench.energy_parts.recorder,
            Unlogged(),
            None,
            monitor.boot_timeout_s,
            soft_markers=monitor.soft_markers,
        )
    opening = Opening(bench, lambda: parts.connect(bench, run.task), heard, energy)
    opening.prepare(script)
    if run.mode is Mode.PERFORMANCE:
        bench.timer.know_resolution()
    opening.tell_if_simulated(run.reporter.note)
    return opening


def _describe(
    session: SessionFacts, setup: SetupFacts, bench: Bench, opening: Opening
) -> Provenance:
    device, energy = describe_device(opening.identity, bench), opening.energy
    if energy is None:
        return Provenance.of(session, setup, device, link=describe_link(setup, bench))
    facts = describe_energy_bench(
        bench, energy.supply_v, opening.manager_name, opening.manager_version
    )
    return Provenance.of(session, setup, device, energy=facts)


def _calibrated(
    run: Run, parts: ModeParts, bench: Bench, session: SessionFolder, opening: Opening
) -> Calibrated:
    """Find N by measuring, in a journal of its own."""
    path = session.calibration
    with new_journal(path, session, bench.clock, parts.code, run.purpose) as journal:
        listen(bench, journal, run.reporter.note)
        bench.loader.pace.on_progress = lambda block, total, left_s: run.reporter.note(
            f"finding N: loading, block {block} of {total}, {left_s:.0f} s left"
        )
        found = parts.calibrate(bench, journal, opening, run.task, run.round, run.source.dataset)
    run.reporter.note(f"{found.inference_s * 1e3:.3f} ms an inference: N = {found.iterations}")
    return found


@dataclass(frozen=True, slots=True)
class _Work:
    """Says what is to be done: a script, from a point of it on."""

    run: Run
    session: SessionFolder
    script: Script
    planned: tuple[PlannedInference, ...]
    point: ResumePoint
    status: StatusLine
    provenance: Provenance


def _is_begun(session: SessionFolder) -> bool:
    """Tell whether there is something in a session's log."""
    return session.log.exists() and session.log.stat().st_size > 0


@contextmanager
def _continued(work: _Work, bench: Bench, code: str) -> Iterator[Journal]:
    """Go on with a session's log, or begin it where there is nothing of it."""
    session, step = work.session, work.point.step
    if not _is_begun(session):
        session.log.unlink(missing_ok=True)
        new = new_journal(session.log, session, bench.clock, code, work.run.purpose)
        with new as journal:
            yield journal
        return
    with Journal(session.log, bench.clock, resume=True) as journal, told_in(journal):
        where = "end" if step is None else step
        journal.write("session", f"m-session-resume-id[{session.session_id}]-step[{where}]")
        yield journal


def _execute(work: _Work, bench: Bench, journal: Journal, opening: Opening, *, begun: bool) -> None:
    """Run the script's remaining steps; ``begun`` says whether any were before."""
    if not begun:
        journal.write("sequencer", "m-sequencer-start")
    journal.flush()
    _run_steps(work, bench, journal, opening)
    journal.write("sequencer", "m-sequencer-stop")
    journal.write("session", f"{SESSION_STOP}[{work.session.session_id}]")


def _run_steps(work: _Work, bench: Bench, journal: Journal, opening: Opening) -> None:
    run, script, planned, point = work.run, work.script, work.planned, work.point
    note = run.reporter.note
    if point.done:
        note(f"{point.done} of {len(planned)} inputs are done; going on")
    listen(bench, journal, note)
    bench.loader.pace.on_progress = work.status.loading
    if point.step is None:
        return
    whole_s = _expected_s(run, bench, script)
    begun = BegunRun(
        work.session.folder,
        work.provenance,
        None if whole_s is None else whole_s * (1 - point.done / len(planned)),
        at_least=bench.timer.expected_s is None,
    )
    run.reporter.run_begins(begun)
    energy = opening.energy
    if energy is not None:
        energy = energy.for_session(journal, work.session.folder, len(planned))
    executor = Executor(
        bench,
        journal,
        run.source.dataset,
        benchmark_config(run, planned[0]),
        on_measured=_Estimate(run, bench, len(planned), work.status, told=begun.is_long).show,
        on_infer=lambda count: run.reporter.infers(_times(count, bench.timer.expected_s)),
        energy=energy,
        identity=opening.identity,
    )
    title = f"{run.task.key} {run.mode.value}"
    with (
        nullcontext() if energy is None else closing(energy),
        kept_awake(not isinstance(bench.clock, VirtualClock)),
        running(run.reporter, title, len(planned), point.done),
    ):
        executor.run(script, point.step, point.done)


def _times(count: int, each_s: float | None) -> float | None:
    return None if each_s is None else count * each_s


def _expected_s(run: Run, bench: Bench, script: Script) -> float | None:
    """Return how long the script takes at least; None where it takes no time."""
    if isinstance(bench.clock, VirtualClock):
        return None
    return expected_duration_s(
        script,
        run.task.input_bytes,
        bench.dut.settings,
        bench.timer.expected_s,
        bench.loader.usual_chars(run.task.input_bytes),
    )


class _Estimate:
    """Says how long a run takes once the device has shown its pace, if nobody could before."""

    def __init__(
        self, run: Run, bench: Bench, total: int, status: StatusLine, *, told: bool
    ) -> None:
        self._run = run
        self._clock = bench.clock
        self._total = total
        self._status = status
        self._told = told or isinstance(bench.clock, VirtualClock)
        self._first: tuple[int, float] | None = None

    def show(self, measured: MeasuredInput) -> None:
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
