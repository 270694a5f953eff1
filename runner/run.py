"""A run from end to end: prepare, connect, plan, execute, score, write.

Everything that can be refused is refused before the first input is sent. From then on the journal
keeps what was measured, whatever happens, and the session can be continued from it.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..dut_protocol.clock import VirtualClock
from ..dut_protocol.dut import Identity
from ..dut_protocol.errors import DutError
from ..models.suite import Task
from .assess import Assessment, Judging, assess, render_result
from .bench import Bench, open_bench
from .calibrate import calibrate
from .config import Config
from .errors import RunStopped
from .execute import VERSION_TEXT, Executor, JournalListener, Measured, check_executable
from .host import LONG_RUN_S, check_disk, expected_duration_s, format_duration, kept_awake
from .journal import Journal, last_stamp_s
from .plan import BENCHMARK_CODE, plan
from .prepare import Heard, connect, open_source, planned_iterations, rerooted
from .progress import Reporter, Running
from .provenance import Source, describe, refuse_differences
from .resume import ResumePoint, find_resume_point
from .rounds import Round, load_rounds
from .script import Script, print_script
from .script_parser import read_script
from .session import (
    Session,
    create_session,
    read_document,
    write_atomically,
    write_document,
)
from .session_log import Mode


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


def run_session(
    task: Task, mode: Mode, config: Config, reporter: Reporter, script_file: Path | None = None
) -> Outcome:
    """Measure one task in one mode; ``script_file`` is a published script to run instead."""
    run = _Run(
        task,
        mode,
        config,
        load_rounds().get(config.round),
        open_source(config, task, reporter),
        reporter,
    )
    script = None if script_file is None else rerooted(read_script(script_file), run.source.dataset)
    if script is not None:
        check_executable(script, run.source.dataset)
    with open_bench(config, task) as bench:
        heard = Heard()
        identity = connect(bench, task, heard)
        session = create_session(config.sessions, task.key, mode)
        found: dict[str, Any]
        if script is None:
            iterations, found = _find_iterations(run, bench, session)
            script = plan(mode, run.source.dataset, iterations, config.warmups)
        else:
            iterations, found = planned_iterations(script), {"by": "script"}
        check_disk(session.folder, script)
        provenance = _describe(run, bench, identity, session, script, iterations, found)
        _write_beginnings(run, session, script, provenance)
        _execute(run, bench, session, script, heard, ResumePoint(0, 1, False), resumed=False)
    return _conclude(run, session, provenance)


def resume_session(
    folder: Path, task: Task, mode: Mode, config: Config, reporter: Reporter
) -> Outcome:
    """Continue the session in ``folder``; ResumeError names what differs from its beginning."""
    document = read_document(folder)
    before = document["provenance"]
    session = Session(folder, str(before.get("session_id")))
    run = _Run(
        task,
        mode,
        config,
        load_rounds().get(config.round),
        open_source(config, task, reporter),
        reporter,
    )
    script = read_script(session.script)
    point = find_resume_point(session.log, script)
    if point.finished:
        reporter.note(f"{folder} is complete; nothing is left to run, scoring it again")
        return _conclude(run, session, before)
    check_disk(session.folder, script)
    with open_bench(config, task) as bench:
        heard = Heard()
        identity = connect(bench, task, heard)
        now = _describe(
            run, bench, identity, session, script, before["iterations"], before["iterations_found"]
        )
        refuse_differences(before, now)
        _execute(run, bench, session, script, heard, point, resumed=True)
    return _conclude(run, session, before)


def _find_iterations(run: _Run, bench: Bench, session: Session) -> tuple[int, dict[str, Any]]:
    """N of a performance run: as said, or calibrated in a journal of its own."""
    if run.mode is Mode.ACCURACY:
        return 1, {"by": "mode"}
    said = run.config.iterations
    if said != "auto":
        return said, {"by": "setting"}
    window = run.source.dataset.first_windows(1)[0]
    with Journal(session.calibration, bench.clock) as journal:
        _open_log(journal, session)
        bench.dut.listener = JournalListener(journal, run.reporter.note)
        data = run.source.dataset.read(window)
        calibration = calibrate(bench, journal, run.task, run.round, window, data)
    run.reporter.note(
        f"{calibration.inference_s * 1e3:.3f} ms an inference: N = {calibration.iterations}"
    )
    return calibration.iterations, calibration.to_json()


def _describe(
    run: _Run,
    bench: Bench,
    identity: Identity,
    session: Session,
    script: Script,
    iterations: int,
    found: dict[str, Any],
) -> dict[str, Any]:
    return describe(
        config=run.config,
        mode=run.mode,
        session=session,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        identity=identity,
        bench=bench,
        source=run.source,
        script_text=print_script(script),
        iterations=iterations,
        iterations_found=found,
    )


def _write_beginnings(
    run: _Run, session: Session, script: Script, provenance: dict[str, Any]
) -> None:
    """What must be on disk before the first step."""
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
    script: Script,
    heard: Heard,
    point: ResumePoint,
    *,
    resumed: bool,
) -> None:
    """Run the script's remaining steps; RunStopped, with the journal kept, when that fails."""
    if resumed and session.log.exists() and session.log.stat().st_size == 0:
        session.log.unlink()
    again = resumed and session.log.exists()
    windows = _window_count(run)
    _announce(run, bench, script, point)
    with Journal(session.log, bench.clock, resume=again) as journal:
        if again:
            step = "end" if point.step is None else point.step
            journal.write("session", f"m-session-resume-id[{session.session_id}]-step[{step}]")
        else:
            _open_log(journal, session)
        heard.replay(journal)
        if not again:
            journal.write("sequencer", "m-sequencer-start")
        journal.flush()
        bench.dut.listener = JournalListener(journal, run.reporter.note)
        executor = Executor(
            bench,
            journal,
            run.source.dataset,
            _benchmark_config(run, script),
            on_measured=_Status(run).show,
        )
        title = f"{run.task.key} {run.mode.value}"
        try:
            with (
                kept_awake(_is_long(run, bench, script)),
                Running(run.reporter, title, windows, point.done),
            ):
                if point.step is not None:
                    executor.run(script, point.step, point.done)
        except (DutError, OSError) as error:
            journal.write("session", f"m-session-error[{_one_line(error)}]")
            raise RunStopped(session.folder, str(error)) from error
        except KeyboardInterrupt as error:
            journal.write("session", "m-session-interrupted")
            raise RunStopped(session.folder, "interrupted") from error
        journal.write("sequencer", "m-sequencer-stop")
        journal.write("session", f"m-session-stop-id[{session.session_id}]")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _window_count(run: _Run) -> int:
    dataset = run.source.dataset
    if run.mode is Mode.ACCURACY:
        return dataset.window_count
    return len(dataset.first_windows(run.round.windows))


def _benchmark_config(run: _Run, script: Script) -> dict[str, str]:
    dataset = run.source.dataset
    accuracy = run.mode is Mode.ACCURACY
    return {
        "iterWarmup": "0" if accuracy else str(run.config.warmups),
        "iterInfer": str(planned_iterations(script)),
        "runMode": "multi" if accuracy else "bmark",
        "model": run.task.model_id,
        "sourceDir": str(dataset.folder.parent),
        "singleInputFn": dataset.labels.rows[0].file,
    }


def _duration_s(run: _Run, bench: Bench, script: Script) -> float:
    return expected_duration_s(
        script, run.task.input_bytes, bench.dut.settings, bench.timer.expected_s
    )


def _is_long(run: _Run, bench: Bench, script: Script) -> bool:
    if isinstance(bench.clock, VirtualClock):
        return False
    return _duration_s(run, bench, script) >= LONG_RUN_S


def _announce(run: _Run, bench: Bench, script: Script, point: ResumePoint) -> None:
    """Say how long it will take, where somebody waits for it."""
    if point.done:
        run.reporter.note(f"{point.done} of {_window_count(run)} inputs are done; going on")
    if _is_long(run, bench, script):
        floor = "" if bench.timer.expected_s is not None else "at least "
        whole = format_duration(_duration_s(run, bench, script))
        link = bench.dut.settings.baud_rate
        run.reporter.note(f"the whole run takes {floor}{whole} at {link} baud")


class _Status:
    """Turns measured inputs into the one line that progress shows."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._seen = 0
        self._correct = 0

    def show(self, measured: Measured) -> None:
        scores = measured.inference.scores
        inference = measured.inference
        self._seen += 1
        if self._run.mode is not Mode.ACCURACY:
            per_s = (
                inference.iterations / inference.host_elapsed_s if inference.host_elapsed_s else 0
            )
            status = f"{measured.window.file} {per_s:.3f} inf/s"
        elif len(scores) > 1:
            self._correct += scores.index(max(scores)) == measured.window.label
            status = f"Top-1 {self._correct / self._seen:.1%}"
        else:
            status = f"error {scores[0]:.3f}"
        self._run.reporter.advance(measured.done, status)


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
