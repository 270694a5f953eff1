"""Assesses a streaming session: figures and findings, for the command line and for the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ....datasets.errors import DatasetError
from ....datasets.labels import FILE_PREFIX
from ....datasets.streaming.truth import StreamingTruth, read_truths, truth_for, truths_folder
from ....models.suite import STREAMING_BY_MODEL_ID, STREAMING_TASKS, StreamingTask
from ...config.rounds import Round, load_rounds
from ...errors import SetupError
from ...journal.records import LogFacts
from ...journal.session_folder import TRUTH_NAME
from ...terms import Division, Mode, Purpose
from ..assess import Assessment
from ..rules import CheckInput, FindingKind, SessionFinding, Severity, check, for_purpose
from .rules import check_streaming
from .score import score_stream, score_stream_energy
from .stream import Stream, read_stream

if TYPE_CHECKING:
    from ...journal.claimed_provenance import ClaimedProvenance
    from ...journal.session_document import Provenance


@dataclass(frozen=True, slots=True)
class JudgedStream:
    """Holds a streaming session's figures and findings, and what they were judged by."""

    task: StreamingTask
    mode: Mode
    round: Round
    assessment: Assessment
    labels: str | None
    """Where the windows of the words were read from, or which ones they are; None: nowhere."""
    truth: StreamingTruth | None = None
    """The windows themselves."""
    stream: Stream | None = None
    """The numbers that were scored."""
    provenance: Provenance | None = None
    """The provenance in its session.json; None where it has none."""


def judge_stream(
    log: Path,
    facts: LogFacts,
    *,
    labels: Path | None,
    datasets: Path | None,
    round_name: str | None,
    division: Division,
    purpose: Purpose,
    truth_needed: bool = True,
    provenance: Provenance | None = None,
) -> JudgedStream:
    """Score a streaming session whose log was read.

    ``labels`` is the file of its recording's words, ``datasets`` the folder that holds such files
    for each model id; without them the words are those that results.json has, else the official
    ones that were fetched. Where there are none, SetupError; without ``truth_needed`` no words are
    counted. Without ``round_name`` it is the first round that has the task. ``provenance`` is that
    of a session of ours, which has its own copy of the words.
    """
    task = streaming_task_of(facts)
    rounds = load_rounds()
    round_ = rounds.having(task.key) if round_name is None else rounds.get(round_name)
    mode = facts.mode or Mode.PERFORMANCE
    own = log.with_name(TRUTH_NAME)
    if labels is None and provenance is not None and own.is_file():
        labels = _own_truth(own, provenance)
    truths = [] if labels is None else [*read_truths(labels)]
    if labels is None and datasets is not None:
        truths = truths_in(datasets, task)
    stream = read_stream(log, facts)
    truth = truth_for(stream.record.wav_file, truths, stream.record.length_s)
    if truth is None and labels is None:
        truth = stream.truth or truth_for(
            stream.record.wav_file, fetched_truths(task, stream.record.length_s)
        )
    if truth is None and truth_needed:
        raise SetupError(_no_truth(log, stream, task, labels, truths))
    assessment = assess_stream(
        facts, stream, truth, task, mode, round_, division, purpose, provenance
    )
    told = None if truth is None else truth.source
    if truth is not None and truth.is_official:
        told = f"the official words of {truth.wav_file}"
    return JudgedStream(task, mode, round_, assessment, told, truth, stream, provenance)


def _own_truth(path: Path, provenance: Provenance) -> Path:
    """Refuse (SetupError) a session's copy of the words where it is not what it was."""
    why = "it holds other words than the session began with"
    try:
        if any(one.sha256 == provenance.dataset.labels_sha256 for one in read_truths(path)):
            return path
    except DatasetError as error:
        why = str(error)
    raise SetupError(f"{path} is damaged ({why}); give the list of the words with --labels")


def _no_truth(
    log: Path,
    stream: Stream,
    task: StreamingTask,
    labels: Path | None,
    truths: Sequence[StreamingTruth],
) -> str:
    wrong = "" if labels is None else f"; {labels} is of {truths[0].wav_file[:80]}"
    return (
        f"{log} played {stream.record.wav_file}: give the file that tells its words, such as "
        f"sww_long_test.json of long_wav.wav, with --labels FILE, or --datasets DIR where "
        f"DIR/{task.model_id}/ holds it; `tinyrunner datasets fetch {task.model_id}` gets the "
        f"official one{wrong}"
    )


def assess_stream(
    facts: LogFacts,
    stream: Stream,
    truth: StreamingTruth | None,
    task: StreamingTask,
    mode: Mode,
    round_: Round,
    division: Division,
    purpose: Purpose = Purpose.SUBMISSION,
    provenance: Provenance | ClaimedProvenance | None = None,
) -> Assessment:
    """Score and check a session whose files were read; without ``truth`` no words are counted.

    ``provenance`` is that of its session.json, where it has one.
    """
    result = score_stream(stream, task, truth)
    energy = score_stream_energy(stream) if mode is Mode.ENERGY else None
    development = provenance is not None and provenance.purpose is Purpose.DEVELOPMENT
    whole = CheckInput.of(
        facts,
        task,
        mode=mode,
        synthetic=(provenance is not None and provenance.is_demonstration)
        or stream.record.wav_file.startswith(FILE_PREFIX),
        simulated=provenance is not None and provenance.is_simulated,
        restored=provenance is not None and provenance.is_restored,
        development=development,
    )
    findings = [*check(whole, round_, division=division, purpose=purpose)]
    own = check_streaming(
        result,
        energy,
        stream.record,
        task,
        round_,
        mode=mode,
        division=division,
        # Of what is synthetic its own finding says enough.
        official_truth=whole.synthetic or (truth is not None and truth.is_official),
    )
    findings += for_purpose((*own, *_other_truth(stream.truth, truth)), whole, round_, purpose)
    return Assessment(
        facts=facts,
        performance=None,
        accuracy=None,
        energy=energy,
        findings=tuple(findings),
        simulated=whole.is_simulated,
        purpose=purpose,
        streaming=result,
    )


def _other_truth(own: StreamingTruth | None, used: StreamingTruth | None) -> list[SessionFinding]:
    """Say where the official runner scored by other words than those offered here."""
    if own is None or used is None or own.words_alike(used):
        return []
    text = (
        f"results.json scores by {len(own.windows_s)} words that are not the "
        f"{len(used.windows_s)} of {used.source}; run the session with the truth of its recording"
    )
    return [SessionFinding(FindingKind.LIST_NOT_OFFICIAL, Severity.VIOLATION, text)]


def streaming_task_of(facts: LogFacts) -> StreamingTask:
    """Return the streaming task whose model the log names; SetupError where none is known."""
    task = known_streaming_task(facts)
    if task is None:
        named = "" if facts.streaming is None else facts.streaming.model_id
        known = ", ".join(task.model_id for task in STREAMING_TASKS.values())
        raise SetupError(f"the log names the streaming model {named!r}; known here are {known}")
    return task


def known_streaming_task(facts: LogFacts) -> StreamingTask | None:
    """Return the streaming task whose model the log names, None where it is none of these."""
    named = "" if facts.streaming is None else facts.streaming.model_id.lower()
    return STREAMING_BY_MODEL_ID.get(named)


def truths_in(datasets: Path, task: StreamingTask) -> list[StreamingTruth]:
    """Read the truths under ``DIR/<model id>``, or in ``DIR`` itself; DatasetError as they are."""
    paths = sorted(truths_folder(datasets, task).glob(f"{task.key}_*.json"))
    return [truth for path in paths for truth in read_truths(path)]


def fetched_truths(task: StreamingTask, length_s: float | None) -> list[StreamingTruth]:
    """Read the official words that were fetched, of recordings of this length (None: of any)."""
    # What can fetch takes long to import, and few sessions ask.
    from ....models.catalogue import STREAMING_FILES
    from ....models.fetch import FileState, file_state

    paths = [
        file.cached_path
        for file in STREAMING_FILES
        if file.file_name.startswith(f"{task.key}_") and file_state(file) is FileState.FETCHED
    ]
    return [
        truth
        for path in paths
        for truth in read_truths(path)
        if length_s is None or truth.lasts(length_s)
    ]
