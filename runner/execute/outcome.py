"""What a run leaves: its beginnings on disk, words on an early stop, its outcome."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ...datasets.errors import DatasetError
from ...datasets.labels import read_labels
from ...dut_protocol.errors import FirmwareFault
from ...dut_protocol.link.clock import Clock
from ...energy.errors import SupplyMayBeOn
from ...energy.interruptions import INTERRUPTIONS
from ...energy.trace import EnergyTrace
from ...energy.trace_files import read_trace
from ...errors import InterruptingError, TinyrunnerError, UsageError, in_words
from ...models.suite import Benchmark, Task
from ..config.rounds import Round
from ..errors import JournalError, RunStopped, shortened
from ..journal.dialects.eembc_lines import DEVELOPMENT_NOTE
from ..journal.journal import Journal, last_stamp_s
from ..journal.session_document import Provenance, write_document
from ..journal.session_folder import SessionFolder, sync_folder, write_atomically
from ..score.assess import Assessment, Judging, assess
from ..script.plan import PlannedInference
from ..script.publishable_path import written_path
from ..script.script import Script, print_script
from ..terms import Division, Mode, Purpose
from ..write.eembc_results import render_result
from .progress import Reporter
from .provenance import Source
from .resume.resume_point import ERROR_EVENT, is_measured
from .steps.sequencer import VERSION_TEXT


@dataclass(frozen=True, slots=True)
class Outcome:
    """Is a finished session: where it is, what it measured, what is wrong with it."""

    session: SessionFolder
    task: Benchmark
    mode: Mode
    round: Round
    assessment: Assessment
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class Run:
    """Says what is measured, under which rules, of which inputs, and who is told."""

    task: Task
    mode: Mode
    round: Round
    division: Division
    purpose: Purpose
    source: Source
    reporter: Reporter


STOPPING = (InterruptingError, OSError)
"""The errors that may end a run in its middle, so that it can be continued later."""


BEGIN_AGAIN = (
    "An energy run is begun again, not continued: one trace holds all its windows, and it ends "
    "where the supply was switched off."
)


@dataclass(slots=True)
class UnfinishedRun:
    """Keeps what is left of a run, as far as it has come."""

    folder: Path | None = None
    resumable: bool = False
    begin_again: str | None = None

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what ends the run early into RunStopped, which says what is left of it.

        An error of the set-up stays what it is, and says where the words of the devices are.
        """
        try:
            yield
        except (*STOPPING, KeyboardInterrupt) as error:
            raise self._stopped_by(error) from error
        except UsageError as error:
            if self.folder is None or str(self.folder) in str(error):
                raise
            raise type(error)(f"{error} (what was said is in {self.folder})") from error
        except Exception as error:
            if not INTERRUPTIONS.raised or isinstance(error, TinyrunnerError):
                raise
            raise self._stopped_by(error) from error

    def _stopped_by(self, error: BaseException) -> RunStopped:
        interrupted = INTERRUPTIONS.raised or isinstance(error, KeyboardInterrupt)
        reason = shortened(in_words(error) if isinstance(error, Exception) else str(error))
        if interrupted and not isinstance(error, SupplyMayBeOn):
            reason = "interrupted"
            before = error.__context__
            if isinstance(before, InterruptingError):  # it was ending by itself
                reason = f"interrupted; before that: {shortened(str(before))}"
        with suppress(OSError):
            if self.folder is not None and is_measured(SessionFolder(self.folder, "").log):
                self.resumable, self.begin_again = True, None  # its result needs no bench
        return RunStopped(
            self.folder,
            reason,
            resumable=self.resumable,
            begin_again=self.begin_again,
            hopeless=isinstance(error, FirmwareFault),
            interrupted=interrupted,
            supply_may_be_on=isinstance(error, SupplyMayBeOn),
        )


def write_beginnings(
    session: SessionFolder, script: Script, provenance: Provenance, *, copy: Path, of: Path
) -> None:
    """Write what must be on the disk before the first step, whatever happens to the power then.

    ``copy``, the session's own, is made of the file ``of``: a label list, or a recording's words.
    session.json comes last, for it tells of the rest.
    """
    write_atomically(session.script, print_script(script))
    write_atomically(copy, of.read_bytes())
    write_document(session, provenance)
    sync_folder(session.folder.parent)


def restore_labels(run: Run, session: SessionFolder) -> None:
    """Write the session's label list again where it was lost; the run's is known to be the same."""
    try:
        whole = read_labels(session.labels, run.task).sha256 == run.source.labels.sha256
    except DatasetError:
        whole = False
    if not whole:
        write_atomically(session.labels, Path(run.source.labels.source).read_bytes())
        run.reporter.note(f"{session.labels} was missing or damaged; it is written again")


@contextmanager
def new_journal(
    path: Path, session: SessionFolder, clock: Clock, code: str, purpose: Purpose
) -> Iterator[Journal]:
    """Begin a session's log, or the one of how N is found; it tells what ends the run early.

    What a log begins with is on the disk before anything is said to a device.
    """
    with Journal(path, clock) as journal, told_in(journal):
        journal.write("session", f"m-session-start-id[{session.session_id}]")
        journal.write("parser", f"m-bmark-run-name[{VERSION_TEXT}]-code[{code}]")
        if purpose is Purpose.DEVELOPMENT:
            note = DEVELOPMENT_NOTE.decode()
            journal.write("parser", f"{note}: nothing of this session is for submission]")
        journal.flush()
        yield journal


def say_why(journal: Journal, error: BaseException) -> None:
    """Write into the journal why it ends here, if it can still be written."""
    with suppress(JournalError):
        if isinstance(error, KeyboardInterrupt):
            journal.write("session", "m-session-interrupted")
        else:
            journal.write("session", f"{ERROR_EVENT}[{' '.join(shortened(str(error)).split())}]")


@contextmanager
def told_in(journal: Journal) -> Iterator[None]:
    """Let a journal say what ends the run early."""
    try:
        yield
    except (*STOPPING, UsageError, KeyboardInterrupt) as error:
        say_why(journal, error)
        raise


def benchmark_config(run: Run, first: PlannedInference) -> dict[str, str]:
    return {
        "iterWarmup": str(first.warmups),
        "iterInfer": str(first.iterations),
        "runMode": "multi" if run.mode is Mode.ACCURACY else "bmark",
        "model": run.task.model_id,
        "sourceDir": written_path(run.source.dataset.folder.parent),
        "singleInputFn": first.file,
    }


def conclude(run: Run, session: SessionFolder, provenance: Provenance) -> Outcome:
    """Score the journal, write result.txt and the result part of session.json."""
    labels = run.source.labels
    judging = Judging.of_session(
        run.task,
        run.mode,
        run.round,
        run.division,
        labels=labels,
        files=(row.file for row in labels.rows),
        provenance=provenance,
        purpose=run.purpose,
    )
    assessment = assess(session.log, judging)
    text = render_result(assessment, run.task, run.round, time_s=last_stamp_s(session.log))
    trace = None if assessment.energy is None else read_trace(session.folder)
    write_result(session, provenance, assessment, text, trace)
    return Outcome(session, run.task, run.mode, run.round, assessment, provenance)


def write_result(
    session: SessionFolder,
    provenance: Provenance,
    assessment: Assessment,
    text: str,
    trace: EnergyTrace | None,
) -> None:
    """Write result.txt, the result part of session.json, and the plots of energy."""
    write_atomically(session.result, text)
    result = assessment.to_json()
    if trace is not None:
        result["energy"]["trace"] = dict(trace.provenance)
    write_document(session, provenance, result)
    if assessment.energy is not None and trace is not None:
        # matplotlib takes a second to import, and only energy draws
        from ..write.energy_plots import plot_energy

        plot_energy(assessment.energy, [trace], session.folder)
