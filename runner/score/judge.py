"""Judges a session on disk, ours or published: which task, which mode, which labels.

Ours says so in session.json and holds its label list. A published log names its model and its
mode; its label list is looked for among those the caller offers, by the files that it ran.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...datasets.errors import DatasetError
from ...datasets.inputs import dataset_folder
from ...datasets.labels import LabelList, LabelRow, read_labels
from ...datasets.official_lists import identify
from ...errors import closest
from ...models.suite import ALL_TASKS, STREAMING_TASKS, TASKS_BY_MODEL_ID, Task
from ..config.rounds import Round, load_rounds
from ..errors import SetupError
from ..journal.logged_session import LoggedSession, read_log
from ..journal.records import InferenceRecord, LogFacts
from ..journal.results_json import ResultsEntry, read_entries
from ..journal.session_folder import SessionFolder, file_called
from ..terms import Dialect, Division, Mode, Purpose
from .assess import Assessment, Judging, assess_records
from .score import match_list

if TYPE_CHECKING:
    from ..journal.session_document import Provenance
    from .streaming.assess import JudgedStream


@dataclass(frozen=True, slots=True)
class Judged:
    """Holds a session's figures and findings, and what they were judged by."""

    task: Task
    mode: Mode
    round: Round
    labels: str | None
    """The name or path of the label list."""
    assessment: Assessment
    label_list: LabelList | None = None
    """The label list itself; None where none was offered."""
    records: Sequence[InferenceRecord] = ()
    """The inferences of the log, in order."""
    provenance: Provenance | None = None
    """The provenance in its session.json; None where it has none."""


def judge_any(
    path: Path,
    labels: Path | None = None,
    datasets: Path | None = None,
    round_name: str | None = None,
    division: str | None = None,
    *,
    task_name: str | None = None,
    labels_needed: bool = True,
    words_needed: bool = True,
    purpose: str | None = None,
) -> Judged | JudgedStream:
    """Score the session of any task in the folder ``path`` (or the log ``path``).

    ``labels`` is the list it used; else our own session's copy, or whichever list under
    ``datasets`` fits the files that the log names, or what MLCommons' runner names in results.json.
    Where none does, an accuracy log is refused (SetupError); without ``labels_needed`` it is read
    all the same, and has no figures. Of a streaming task they are the words of its recording, and
    without ``words_needed`` it has none.
    ``task_name`` is for a log that does not name its model: a task's key or model id.
    ``purpose`` is submission or development; None: what session.json and log say, else submission.
    """
    named = None if task_name in STREAMING_TASKS or task_name is None else _task_named(task_name)
    log, logged = _read(path, named)
    if logged.facts.streaming is None:
        if task_name in STREAMING_TASKS:
            raise SetupError(
                f"{log} names no streaming model, so that it is no session of {task_name}"
            )
        return _judge(
            log, logged, labels, datasets, round_name, division,
            named=named, labels_needed=labels_needed, purpose=purpose,
        )  # fmt: skip
    if named is not None:
        model_id = logged.facts.streaming.model_id
        raise SetupError(f"{log} is of the streaming model {model_id}, not of {named.key}")
    from .streaming.assess import judge_stream

    ours = (log.parent / "session.json").is_file()
    provenance = _provenance(log.parent) if ours else None
    if provenance is not None:
        round_name = round_name or provenance.round
        division = division or provenance.division.value
    return judge_stream(
        log,
        logged.facts,
        labels=labels,
        datasets=datasets,
        round_name=round_name,
        division=_division(division),
        purpose=_purpose(purpose, provenance, logged.facts),
        truth_needed=words_needed,
        provenance=provenance,
    )


def _read(path: Path, named: Task | None) -> tuple[Path, LoggedSession]:
    """Read the log of a session's folder, or the log itself; whole, or its LogError."""
    log = _log_in(path) if path.is_dir() else path
    if not log.is_file():
        why = "holds no log.txt" if path.is_dir() else "is no file" if path.exists() else (
            "is not there"
        )  # fmt: skip
        raise SetupError(f"{path} {why}; give a session's folder or its log")
    logged = read_log(log, task=named)
    if logged.error is not None:
        raise logged.error
    return log, logged


def _judge(
    log: Path,
    logged: LoggedSession,
    labels: Path | None,
    datasets: Path | None,
    round_name: str | None,
    division: str | None,
    *,
    named: Task | None,
    labels_needed: bool,
    purpose: str | None,
) -> Judged:
    folder, facts, files = log.parent, logged.facts, logged.files
    ours = (folder / "session.json").is_file()
    provenance = _provenance(folder) if ours else None
    if provenance is not None:
        from ..journal.session_document import task_and_mode

        task, mode = task_and_mode(provenance, folder)
        if named is not None and named.key != task.key:
            raise SetupError(f"{folder} is a session of {task.key}, not of {named.key}")
        round_name = round_name or provenance.round
        division = division or provenance.division.value
    else:
        task, mode = named or _task(log, facts), _mode(log, logged)
    if labels is None and SessionFolder(folder, "").labels.is_file():
        labels = SessionFolder(folder, "").labels
        _refuse_damaged_list(labels, task, provenance)
    chosen = _choose_labels(task, mode, files, labels, datasets)
    if chosen is None and mode is Mode.ACCURACY and facts.dialect is Dialect.MLCOMMONS:
        chosen = runners_list(log.with_name("results.json"), task)
    if chosen is None and mode is Mode.ACCURACY and labels_needed:
        raise SetupError(
            f"{log} is an accuracy log of {task.key}: give its label list with --labels FILE, or "
            f"--datasets DIR where DIR/{task.model_id}/ holds the lists to try; "
            "none that was offered names the files that it ran"
            + f". `tinyrunner sessions repair {folder}` restores a session's own copy"
            * ours
        )
    official = None if chosen is None else identify(chosen)
    judging = Judging.of_session(
        task,
        mode,
        load_rounds().get(round_name),
        _division(division),
        labels=chosen,
        files=files,
        provenance=provenance,
        purpose=_purpose(purpose, provenance, facts),
    )
    name = None if chosen is None else (official.title if official else chosen.source)
    assessment = assess_records(logged.records, facts, folder, judging)
    return Judged(task, mode, judging.round, name, assessment, chosen, logged.records, provenance)


def runners_list(path: Path, task: Task) -> LabelList | None:
    """Return the list that an accuracy session was run by, as its results.json names the classes.

    None where there is no such file, or it does not name them.
    """
    if not path.is_file():
        return None
    entries = {one.file: one for one in read_entries(path) if isinstance(one, ResultsEntry)}
    rows = [
        LabelRow(
            file,
            task.class_count,
            entry.label,
            None if entry.stride is None else task.input_bytes,
            entry.stride,
            line,
        )
        for line, (file, entry) in enumerate(entries.items(), 1)
        if entry.label is not None and 0 <= entry.label < task.class_count
    ]
    return LabelList.of(rows, str(path)) if len(rows) == len(entries) > 0 else None


def _log_in(folder: Path) -> Path:
    """Return the folder's log, under its own name or an older one such as `accuracy_log.txt`."""
    log = folder / "log.txt"
    if log.is_file():
        return log
    names = [entry.name for entry in folder.iterdir() if entry.is_file()]
    return folder / (file_called(log.name, names) or log.name)


def _refuse_damaged_list(labels: Path, task: Task, provenance: Provenance | None) -> None:
    """Refuse the copy of a session's list where it is not what it was."""
    why = "it is another list than the session began with"
    try:
        found = read_labels(labels, task)
        if provenance is None or found.sha256 == provenance.dataset.labels_sha256:
            return
    except DatasetError as error:
        why = str(error)
    raise SetupError(
        f"{labels} is damaged ({why}); `tinyrunner sessions repair {labels.parent}` restores it, "
        "or give the list with --labels"
    )


def _provenance(folder: Path) -> Provenance:
    # Its models take a moment to build, and a published log has no session.json.
    from ..journal.session_document import read_document

    return read_document(folder).provenance


def _task(log: Path, facts: LogFacts) -> Task:
    named = [*facts.model_ids, facts.config.get("model", "")]
    for model_id in named:
        if model_id in TASKS_BY_MODEL_ID:
            return TASKS_BY_MODEL_ID[model_id]
    has = ", ".join(filter(None, named)) or "none"
    raise SetupError(
        f"{log} names no model that is known here (it has {has}; known are "
        f"{', '.join(TASKS_BY_MODEL_ID)}); say with --task whose log it is"
    )


def _task_named(name: str) -> Task:
    task = ALL_TASKS.get(name) or TASKS_BY_MODEL_ID.get(name)
    if task is None:
        raise SetupError(
            f"no task {name!r}{closest(name, ALL_TASKS)}; there are {', '.join(ALL_TASKS)}"
        )
    return task


def _mode(log: Path, logged: LoggedSession) -> Mode:
    """As the log has it; where it says nothing, by its inferences: accuracy makes one each."""
    if logged.facts.mode is not None:
        return logged.facts.mode
    if not logged.records:
        raise SetupError(
            f"{log} does not tell whether it is a performance or an accuracy session, and holds no "
            "inference: there is nothing to score; start a new run"
        )
    once = all(record.iterations == 1 for record in logged.records)
    return Mode.ACCURACY if once else Mode.PERFORMANCE


def _division(name: str | None) -> Division:
    try:
        return Division.CLOSED if name is None else Division(name)
    except ValueError as error:
        near = closest(name or "", (division.value for division in Division))
        raise SetupError(f"no division {name!r}{near}; there are closed and open") from error


def _purpose(name: str | None, provenance: Provenance | None, facts: LogFacts) -> Purpose:
    """Return what was asked for, else what session.json or log says that the session is for."""
    if name is None:
        said = provenance is not None and provenance.purpose is Purpose.DEVELOPMENT
        development = said or facts.development_line is not None
        return Purpose.DEVELOPMENT if development else Purpose.SUBMISSION
    try:
        return Purpose(name)
    except ValueError as error:
        near = closest(name or "", (purpose.value for purpose in Purpose))
        raise SetupError(
            f"no purpose {name!r}{near}; there are submission and development"
        ) from error


def _choose_labels(
    task: Task, mode: Mode, files: list[str], labels: Path | None, datasets: Path | None
) -> LabelList | None:
    """Return the list that was named, else the one under ``datasets`` that fits the files."""
    if labels is not None:
        return read_labels(labels, task)
    if datasets is None:
        return None
    folder = dataset_folder(datasets, task)
    lists = {str(path): read_labels(path, task) for path in sorted(folder.glob("y_labels*.csv"))}
    fitting = match_list(files, {name: found.rows for name, found in lists.items()})
    return None if fitting is None else lists[fitting]
