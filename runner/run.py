"""A run from end to end: prepare, connect, plan, execute, score, write.

Everything that can be refused is refused before the first input is sent. From then on the journal
keeps what was measured, whatever happens, and the session can be continued from it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..datasets.errors import DatasetError
from ..dut_protocol.clock import VirtualClock
from ..dut_protocol.errors import DutError
from ..models.suite import Metric, Task
from .assess import Assessment, Judging, assess, render_result
from .bench import Bench, open_bench
from .calibrate import calibrate
from .config import Config
from .errors import JournalError, RunStopped
from .execute import VERSION_TEXT, Executor, JournalListener, Measured, check_executable
from .host import LONG_RUN_S, check_disk, expected_duration_s, format_duration, kept_awake
from .journal import Journal, last_stamp_s
from .plan import BENCHMARK_CODE, PlannedInference, plan, planned_inferences
from .prepare import Heard, connect, open_source, rerooted
from .progress import Reporter, Running
from .provenance import (
    Source,
    describe_device,
    describe_session,
    describe_setup,
    refuse_other_device,
    refuse_other_setup,
)
from .resume import BEGINNING, ERROR_EVENT, ResumePoint, find_resume_point
from .rounds import Round, load_rounds
from .script import Script, print_script
from .script_parser import read_script
from .session import Session, create_session, read_document, write_atomically, write_document
from .session_log import InferenceRecord, Mode


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished session: where it is, what it measured, what is wrong with it."""

    session: Session
    task: Task
    mode: Mode
    round: Round
    assessment: Assessment
    provenance: dict[str, Any]


@dataclass(slots=True)
class _Run:
    """What the parts of one run share."""

    task: Task
    mode: Mode
    config: Config
    round: Round
    source: Source
    reporter: Reporter

    @classmethod
    def prepare(cls, task: Task, mode: Mode, config: Config, reporter: Reporter) -> _Run:
        """Everything that needs no device: the round's rules, and the inputs, checked."""
        round_ = load_rounds().get(config.round)
        return cls(task, mode, config, round_, open_source(config, task, reporter), reporter)


def run_session(
    task: Task, mode: Mode, config: Config, reporter: Reporter, script_file: Path | None = None
) -> Outcome:
    """Measure one task in one mode; ``script_file`` is a published script to run instead."""
    run = _Run.prepare(task, mode, config, reporter)
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
        with _stops(None, resumable=False):
            identity = connect(bench, task, heard)
        session = create_session(config.sessions, task.key, mode)
        with _stops(session.folder, resumable=False):
            found: dict[str, Any] = {"by": "mode" if script_file is None else "script"}
            if script_file is None and mode is not Mode.ACCURACY:
                iterations, found = _find_iterations(run, bench, session)
                script = plan(mode, dataset, iterations, config.warmups)
            planned = planned_inferences(script)
            provenance = (
                describe_session(session, found)
                | describe_setup(config, mode, run.source, script, planned[0], script_file)
                | describe_device(identity, bench)
            )
            _write_beginnings(run, session, script, provenance)
        work = _Work(script, planned, BEGINNING, _Status(run))
        _execute(run, bench, session, heard, work)
    return _conclude(run, session, provenance)


def resume_session(
    folder: Path, task: Task, mode: Mode, config: Config, reporter: Reporter
) -> Outcome:
    """Continue the session in ``folder``; ResumeError names what differs from its beginning."""
    before = read_document(folder)["provenance"]
    session = Session(folder, str(before.get("session_id")))
    run = _Run.prepare(task, mode, config, reporter)
    script = read_script(session.script)
    planned = planned_inferences(script)
    now = describe_setup(config, mode, run.source, script, planned[0], None)
    refuse_other_setup(before, now)
    status = _Status(run)
    point = find_resume_point(session.log, planned, task, status.count)
    if point.finished:
        reporter.note(f"{folder} is complete; nothing is left to run, scoring it again")
        return _conclude(run, session, before)
    check_disk(session.folder, script)
    with open_bench(config, task) as bench:
        heard = Heard()
        with _stops(folder, resumable=True):
            identity = connect(bench, task, heard)
        refuse_other_device(before, describe_device(identity, bench))
        work = _Work(script, planned, point, status)
        _execute(run, bench, session, heard, work, resumed=True)
    return _conclude(run, session, before)


_STOPPING = (DutError, DatasetError, JournalError, OSError)
"""What may end a run in its middle, so that it can be continued later."""


@contextmanager
def _stops(folder: Path | None, *, resumable: bool) -> Iterator[None]:
    """Turn what ends a run early into RunStopped, which says what is left of it."""
    try:
        yield
    except _STOPPING as error:
        raise RunStopped(folder, str(error), resumable=resumable) from error
    except KeyboardInterrupt as error:
        raise RunStopped(folder, "interrupted", resumable=resumable) from error


def _find_iterations(run: _Run, bench: Bench, session: Session) -> tuple[int, dict[str, Any]]:
    """N of a run that is timed: as said, or calibrated in a journal of its own."""
    said = run.config.iterations
    if said != "auto":
        return said, {"by": "setting"}
    window = run.source.dataset.first_windows(1)[0]
    with Journal(session.calibration, bench.clock) as journal:
        _open_log(journal, session)
        bench.dut.listener = JournalListener(journal, run.reporter.note)
        data = run.source.dataset.read(window)
        try:
            calibration = calibrate(bench, journal, run.task, run.round, window, data)
        except (DutError, KeyboardInterrupt) as error:
            _say_why(journal, error)
            raise
    run.reporter.note(
        f"{calibration.inference_s * 1e3:.3f} ms an inference: N = {calibration.iterations}"
    )
    return calibration.iterations, calibration.to_json()


def _write_beginnings(
    run: _Run, session: Session, script: Script, provenance: dict[str, Any]
) -> None:
    """What must be on disk before the first step; session.json last, for it tells of the rest."""
    write_atomically(session.script, print_script(script))
    shutil.copyfile(run.source.labels.source, session.labels)
    write_document(session, {"provenance": provenance, "result": None})


def _open_log(journal: Journal, session: Session) -> None:
    journal.write("session", f"m-session-start-id[{session.session_id}]")
    journal.write("parser", f"m-bmark-run-name[{VERSION_TEXT}]-code[{BENCHMARK_CODE}]")


def _execute(
    run: _Run,
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
        _stops(session.folder, resumable=True),
        Journal(session.log, bench.clock, resume=again) as journal,
    ):
        try:
            if again:
                step = "end" if work.point.step is None else work.point.step
                journal.write("session", f"m-session-resume-id[{session.session_id}]-step[{step}]")
            else:
                _open_log(journal, session)
            heard.replay(journal)
            if not again:
                journal.write("sequencer", "m-sequencer-start")
            journal.flush()
            _run_steps(run, bench, journal, work)
        except (*_STOPPING, KeyboardInterrupt) as error:
            _say_why(journal, error)
            raise
        journal.write("sequencer", "m-sequencer-stop")
        journal.write("session", f"m-session-stop-id[{session.session_id}]")


def _say_why(journal: Journal, error: BaseException) -> None:
    """Write into the journal why it ends here, if it can still be written."""
    with suppress(JournalError):
        if isinstance(error, KeyboardInterrupt):
            journal.write("session", "m-session-interrupted")
        else:
            journal.write("session", f"{ERROR_EVENT}[{' '.join(str(error).split())}]")


def _run_steps(run: _Run, bench: Bench, journal: Journal, work: _Work) -> None:
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
        _benchmark_config(run, planned[0]),
        on_measured=work.status.show,
    )
    title = f"{run.task.key} {run.mode.value}"
    with (
        kept_awake(long_s is not None),
        Running(run.reporter, title, len(planned), point.done),
    ):
        executor.run(script, point.step, point.done)


def _benchmark_config(run: _Run, first: PlannedInference) -> dict[str, str]:
    return {
        "iterWarmup": str(first.warmups),
        "iterInfer": str(first.iterations),
        "runMode": "multi" if run.mode is Mode.ACCURACY else "bmark",
        "model": run.task.model_id,
        "sourceDir": str(run.source.dataset.folder.parent),
        "singleInputFn": first.file,
    }


def _long_s(run: _Run, bench: Bench, script: Script) -> float | None:
    """How long the script takes at least, where that is long enough to matter to anybody."""
    if isinstance(bench.clock, VirtualClock):
        return None
    seconds = expected_duration_s(
        script, run.task.input_bytes, bench.dut.settings, bench.timer.expected_s
    )
    return seconds if seconds >= LONG_RUN_S else None


@dataclass(frozen=True, slots=True)
class _Work:
    """What is to be done: a script, from a point of it on."""

    script: Script
    planned: tuple[PlannedInference, ...]
    point: ResumePoint
    status: _Status


class _Status:
    """Turns measured inputs into the one line that progress shows."""

    def __init__(self, run: _Run) -> None:
        self._reporter = run.reporter
        self._by_class = run.mode is Mode.ACCURACY and run.task.metric is Metric.TOP1
        self._accuracy = run.mode is Mode.ACCURACY
        self._labels = {row.file: row.label for row in run.source.labels.rows}
        self._seen = 0
        self._correct = 0

    def count(self, record: InferenceRecord) -> None:
        """An input that was measured before the run was continued."""
        self._take(record.file, record.scores)

    def show(self, measured: Measured) -> None:
        inference = measured.inference
        file, scores = measured.window.file, inference.scores
        self._take(file, scores)
        if self._by_class:
            status = f"Top-1 {self._correct / self._seen:.1%}"
        elif self._accuracy:
            status = f"error {scores[0]:.3f}"
        else:
            host_s = inference.host_elapsed_s
            status = f"{file} {inference.iterations / host_s if host_s else 0:.3f} inf/s"
        self._reporter.advance(measured.done, status)

    def _take(self, file: str, scores: Sequence[float]) -> None:
        self._seen += 1
        self._correct += scores.index(max(scores)) == self._labels.get(file)


def _conclude(run: _Run, session: Session, provenance: dict[str, Any]) -> Outcome:
    """Score the journal, write result.txt and the result part of session.json."""
    judging = Judging(
        task=run.task,
        mode=run.mode,
        round=run.round,
        division=run.config.division,
        labels=run.source.labels.rows,
        list_name=run.source.official_list,
        synthetic=run.source.synthetic,
    )
    assessment = assess(session.log, judging)
    text = render_result(assessment, run.task, run.round, time_s=last_stamp_s(session.log))
    write_atomically(session.result, text)
    write_document(session, {"provenance": provenance, "result": assessment.to_json()})
    return Outcome(session, run.task, run.mode, run.round, assessment, provenance)
