"""Finds where a session's journal ends, and what is still to be done, to continue it.

The journal is the only state. Every inference whose answer and `m-ready` are in it is done; what
was in flight is loaded and inferred again, and so is what the run stopped at with an error.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ....models.suite import Task
from ...errors import ResumeError
from ...journal.open_log import open_log
from ...journal.records import InferenceRecord
from ...journal.stamps import EEMBC_STAMP
from ...script.plan import PlannedInference

ERROR_EVENT = "m-session-error"
"""The journal's word, with the reason, for a step that fails: that step counts for nothing."""

SESSION_STOP = "m-session-stop-id"
"""The journal's word for the session's end."""

_STEP = re.compile(rb"^\d+\.\d{3} sequencer: m-sequencing-i\[(\d+)\]", re.M)
_ERROR = re.compile(rb"^" + EEMBC_STAMP + rb" session: " + ERROR_EVENT.encode() + rb"\[", re.M)
_RESUMED = re.compile(rb"^" + EEMBC_STAMP + rb" session: m-session-resume-id\[", re.M)
_TAIL_BYTES = 1 << 16
_END = re.compile(rb"^" + EEMBC_STAMP + rb" session: " + SESSION_STOP.encode() + rb"\[", re.M)
_END_BYTES = 1000
"""The end stands within the last so many: behind it there may be that it was interrupted."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Says where to go on.

    ``done`` inferences are in the journal; ``step`` is next (None: nothing is left).
    """

    done: int
    step: int | None
    finished: bool
    """Whether the journal holds the session's end."""


BEGINNING = ResumePoint(done=0, step=1, finished=False)


def find_resume_point(
    log: Path,
    planned: Sequence[PlannedInference],
    task: Task,
    each: Callable[[InferenceRecord], None] = lambda _: None,
    *,
    last_step: int | None = None,
) -> ResumePoint:
    """Match the journal's inferences with those planned, in order.

    ResumeError where they differ. ``each`` is told of every inference that stands. ``last_step`` is
    the script's last step, where it is not its last `infer`: what follows an `infer` is executed
    again.
    """
    if not log.exists() or log.stat().st_size == 0:
        return BEGINNING
    failed_step = _failed_step(log)
    done = 0
    unusable: ResumeError | None = None
    with open_log(log, resuming=True) as reader:
        for record in reader:
            if unusable is not None:
                raise unusable
            expected = planned[done] if done < len(planned) else None
            if expected is not None and expected.infer_step == failed_step:
                break
            unusable = _mismatch(log, record, done, expected, task)
            if unusable is None:
                done += 1
                each(record)
        finished = reader.facts.finished
    # An answer that cannot be used, at the very end: the run was stopped while it refused it.
    if unusable is not None and done == len(planned):
        raise unusable
    following = planned[done - 1].infer_step + 1 if done else 1
    over = done == len(planned) and (last_step is None or following > last_step)
    return ResumePoint(done, None if over else following, finished and over)


def is_measured(log: Path) -> bool:
    """Tell whether the journal ends with the session's end: only its result may be missing."""
    if not log.is_file():
        return False
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _END_BYTES))
        return _END.search(file.read()) is not None


def _mismatch(
    log: Path, record: InferenceRecord, done: int, expected: PlannedInference | None, task: Task
) -> ResumeError | None:
    where = f"{log}, line {record.line}: inference {done + 1}"
    if expected is None or (record.file, record.offset) != (expected.file, expected.offset):
        has = "nothing more" if expected is None else f"{expected.file} at {expected.offset}"
        return ResumeError(
            f"{where} is of {record.file or 'no input'} at {record.offset}, the script has {has} "
            "there; the log and script.async do not belong together"
        )
    counts = (expected.iterations, expected.warmups) == (1, 0)  # of accuracy: a window needs none
    if counts and len(record.scores) != task.score_count:
        return ResumeError(
            f"{where} has {len(record.scores)} scores, {task.key} has {task.score_count}; "
            "this log cannot be continued"
        )
    return None


def _failed_step(log: Path) -> int | None:
    """Return the step that the run stopped in with an error, if so the log ends.

    An error behind a continuation that came to no step is not that of the step before it.
    """
    with (
        log.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
    ):
        end = len(text)
        while end > 0:
            # Backwards block by block: chatter of any length may stand behind the last step.
            start = max(0, text.rfind(b"\n", 0, max(0, end - _TAIL_BYTES)))
            steps = list(_STEP.finditer(text, start))
            if steps:
                resumed = _RESUMED.search(text, steps[-1].end())
                until = len(text) if resumed is None else resumed.start()
                error = _ERROR.search(text, steps[-1].end(), until)
                return int(steps[-1][1]) if error else None
            end = start
    return None
