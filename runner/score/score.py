"""Scores the inferences of a log, without I/O.

The same code scores a live run, a resumed one and a published log. Records are taken in as a
stream; an ad session's 48,608 windows leave one number each.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import fsum, isnan, nan
from typing import TYPE_CHECKING, Protocol

from ...errors import TinyrunnerError
from ...models.suite import Task
from ..journal.records import InferenceRecord
from ..terms import Dialect
from .auc import (
    best_precision_recall,
    best_threshold_correct,
    eembc_auc,
    normalised,
    one_vs_rest_auc,
    roc_auc,
    softmax,
)
from .lap_time import lap_s, wrapped_s
from .results import AccuracyResult, FileScore, NameList, OddScores, PerformanceResult, TimedWindow

if TYPE_CHECKING:  # numpy is imported where accuracy is scored: other sessions need none
    import numpy as np
    import numpy.typing as npt

NOT_LOADED = "(no input loaded)"


class ScoreError(TinyrunnerError):
    """Says why a log that reads well cannot be scored; the text names the input."""


class LabelledFile(Protocol):
    """Is a row of a label list, as far as scoring needs it."""

    @property
    def file(self) -> str: ...

    @property
    def label(self) -> int: ...


def score_performance(
    records: Iterable[InferenceRecord], task: Task, dialect: Dialect = Dialect.EEMBC
) -> PerformanceResult:
    """Make the windows of a performance session; `rules` says whether they are valid.

    They are numbered as the runners of the log's ``dialect`` do.
    """
    step = 1 if dialect is Dialect.MLCOMMONS else 2
    windows = []
    for count, record in enumerate(records, 1):
        windows.append(_window(step * count, record, odd_scores(record, task)))
    return PerformanceResult(tuple(windows))


def odd_scores(record: InferenceRecord, task: Task) -> OddScores | None:
    """Say what is wrong with the scores of a window, which does not need them; else None.

    Logs that hold none at all (MLCommons' of energy) say nothing about the firmware.
    """
    scores = record.scores
    if record.unreadable:
        return OddScores(record.unreadable, readable=False)
    if scores and len(scores) != task.score_count:
        text = f"{len(scores)} scores where {task.key} has {task.score_count}"
        return OddScores(text, readable=True)
    if task.official and len(scores) > 1 and not any(scores):
        return OddScores("every score is 0", readable=True)
    return None


def _window(number: int, record: InferenceRecord, odd: OddScores | None) -> TimedWindow:
    host_s = None
    if record.start_host_s is not None and record.end_host_s is not None:
        host_s = record.end_host_s - record.start_host_s
    elapsed_s, invalid = _elapsed(record, host_s)
    return TimedWindow(
        number=number,
        file=record.file,
        offset=record.offset,
        iterations=record.iterations,
        elapsed_s=elapsed_s,
        host_elapsed_s=host_s,
        invalid=invalid,
        line=record.line,
        odd_scores=odd,
    )


def _elapsed(record: InferenceRecord, host_s: float | None) -> tuple[float | None, str | None]:
    """Return seconds by the device's timer, or why there are none to trust."""
    if record.start_us is None or record.end_us is None:
        if record.printed_runtime_s is not None and record.printed_runtime_s > 0:
            return record.printed_runtime_s, None
        return None, "the log holds no two time stamps of the device around the inferences"
    elapsed_s = lap_s(record.start_us, record.end_us, host_s)
    if elapsed_s:
        return elapsed_s, None
    if elapsed_s is not None:
        return None, "the device's timer did not move"
    stamps = f"the device's timer went from {record.start_us} to {record.end_us} us"
    if host_s is None:
        return None, f"{stamps}, and the log has no host time to tell whether it wrapped"
    wrap_s = wrapped_s(record.start_us, record.end_us)
    return None, f"{stamps}: wrapped at 2^32 that is {wrap_s:.3f} s, the host saw {host_s:.3f} s"


def score_accuracy(
    records: Iterable[InferenceRecord],
    labels: Mapping[str, int] | Iterable[LabelledFile],
    task: Task,
) -> AccuracyResult:
    """Compute Top-1 and AUC over a label list; each input counts once, by its first answer.

    An input whose scores cannot be read is named, and the others are scored. ScoreError where that
    leaves none.
    """
    rows = labels.items() if isinstance(labels, Mapping) else ((r.file, r.label) for r in labels)
    truth = dict(rows)
    for file, label in truth.items():
        if not 0 <= label < task.class_count:
            raise ScoreError(f"{file} has the label {label}; {task.key} has {task.class_count}")
    if task.score_count > 1:
        return _score_classes(records, truth, task)
    # With one number an input, a file is one window of itself where it has no others.
    return _score_windows(records, truth, task, task.stride_bytes or task.file_bytes)


def _score_classes(
    records: Iterable[InferenceRecord], truth: Mapping[str, int], task: Task
) -> AccuracyResult:
    confusion = [[0] * task.class_count for _ in range(task.class_count)]
    rows: dict[str, tuple[float, ...]] = {}
    repeated: list[str] = []
    unknown: list[str] = []
    wrong: list[str] = []
    noughts: list[InferenceRecord] = []
    odd = _Unreadable(task)
    for record in odd.without(records):
        if record.file not in truth:
            unknown.append(record.file or NOT_LOADED)
        elif record.file in rows:
            repeated.append(record.file)
        else:
            rows[record.file] = record.scores
            if task.official and not any(record.scores):
                noughts.append(record)
            label = truth[record.file]
            first = record.scores.index(max(record.scores))
            confusion[label][first] += 1
            if first != label:
                wrong.append(record.file)
    if noughts and len(noughts) == len(rows):
        raise ScoreError(
            f"{noughts[0].file} (line {noughts[0].line} of the log): every score of every input "
            "is 0, so there is nothing to judge; look at the firmware's output stage",
            noughts[0].line,
        )
    auc = None
    auc_missing = _without_shares(rows.values()) if task.official else None
    auc_missing = auc_missing or _without_a_class({truth[file] for file in rows}, task.score_count)
    used = [truth[file] for file in rows]
    if rows and auc_missing is None:
        auc = one_vs_rest_auc(used, _shares(rows.values(), task))
    return AccuracyResult(
        metric=task.metric,
        listed=len(truth),
        inputs=len(rows),
        correct=len(rows) - len(wrong),
        auc=auc,
        eembc_auc=_eembc_auc(used, rows.values()) if task.official else None,
        auc_missing=auc_missing,
        noughts=NameList.of(record.file for record in noughts),
        confusion=tuple(map(tuple, confusion)),
        wrong=NameList.of(wrong),
        missing=NameList.of(file for file in truth if file not in rows and file not in odd.files),
        repeated=NameList.of(repeated),
        unknown=NameList.of(unknown),
        unreadable=NameList.of(odd.names),
        unreadable_first=odd.first,
    )


def _eembc_auc(labels: Sequence[int], rows: Iterable[tuple[float, ...]]) -> float | None:
    import numpy as np

    return eembc_auc(labels, np.array(list(rows))) if labels else None


def _without_a_class(labels: set[int], classes: int) -> str | None:
    """Say which classes have no input: one against the rest is then no comparison."""
    without = sorted(set(range(classes)) - labels)
    if not labels or not without:
        return None
    named = ", ".join(map(str, without[:5])) + (", …" if len(without) > 5 else "")
    have_none = f"class {named} has" if len(without) == 1 else f"classes {named} have"
    return f"{have_none} no input among those inferred"


def _without_shares(rows: Collection[tuple[float, ...]]) -> str | None:
    """Say why scores cannot be made shares of one, as the AUC needs them and Top-1 does not."""
    count = sum(normalised(row) is None or sum(row) < 0 for row in rows)
    if not count:
        return None
    return (
        f"the scores of {count} of {len(rows)} inputs add up to 0 or less, as logits and raw "
        "integers do, so that they cannot be made shares of one; let the firmware print the shares "
        "of a softmax"
    )


def _shares(rows: Collection[tuple[float, ...]], task: Task) -> npt.NDArray[np.float64]:
    """Return each row's scores as shares of one.

    They are divided by their sum. A model of one's own may end in logits, which adding up makes no
    sense of: then by softmax.
    """
    import numpy as np

    shares = [share for row in rows if (share := normalised(row)) is not None]
    logits = len(shares) < len(rows) or any(min(row) < 0 for row in rows)
    if logits and not task.official:
        return softmax(np.array(list(rows)))
    return np.array(shares)


def _score_windows(
    records: Iterable[InferenceRecord], truth: Mapping[str, int], task: Task, stride: int
) -> AccuracyResult:
    count = task.windows_per_file
    empty = array("d", [nan]) * count
    files: dict[str, array[float]] = {}
    repeated: list[str] = []
    unknown: list[str] = []
    odd = _Unreadable(task)
    for record in odd.without(records):
        window, beside = divmod(record.offset, stride)
        if record.file not in truth or beside or window >= count:
            unknown.append(f"{record.file or NOT_LOADED} at {record.offset}")
            continue
        scores = files.get(record.file)
        if scores is None:
            scores = files[record.file] = empty[:]
        if isnan(scores[window]):
            scores[window] = record.scores[0]
        else:
            repeated.append(f"{record.file} at {record.offset}")
    file_scores = []
    for file, label in truth.items():
        seen = [score for score in files.get(file, ()) if not isnan(score)]
        if seen:
            file_scores.append(FileScore(file, label, fsum(seen) / len(seen), len(seen)))
    import numpy as np

    anomalous = [score.label == 1 for score in file_scores]
    means = [score.score for score in file_scores]
    answered = files.keys() | odd.files.keys()
    return AccuracyResult(
        metric=task.metric,
        listed=len(truth),
        inputs=len(file_scores),
        correct=best_threshold_correct(anomalous, means),
        auc=roc_auc(anomalous, np.array(means)),
        auc_missing=_without_a_class({score.label for score in file_scores}, 2),
        precision_recall=best_precision_recall(anomalous, means),
        file_scores=tuple(file_scores),
        missing=NameList.of(file for file in truth if file not in answered),
        repeated=NameList.of(repeated),
        unknown=NameList.of(unknown),
        incomplete=NameList.of(
            s.file for s in file_scores if s.windows + odd.files.get(s.file, 0) < count
        ),
        unreadable=NameList.of(odd.names),
        unreadable_first=odd.first,
    )


class _Unreadable:
    """Sorts out the inferences of which there are no scores to count."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self.names: list[str] = []
        self.files: Counter[str] = Counter()
        self.first: tuple[int, str] | None = None

    def without(self, records: Iterable[InferenceRecord]) -> Iterator[InferenceRecord]:
        """Yield the others; ScoreError in the end where there was none."""
        readable, task = False, self._task
        for record in records:
            if len(record.scores) == task.score_count:
                readable = True
                yield record
                continue
            file = record.file or NOT_LOADED
            self.names.append(f"{file} at {record.offset}" if task.stride_bytes else file)
            self.files[file] += 1
            why = f"{len(record.scores)} scores where {task.key} has {task.score_count}"
            self.first = self.first or (record.line, record.unreadable or why)
        if self.first is not None and not readable:
            line, why = self.first
            raise ScoreError(
                f"{self.names[0]} (line {line} of the log): {why}; and no other input has scores "
                "that can be read: is it another task's log?",
                line,
            )


def match_list(files: Iterable[str], lists: Mapping[str, Sequence[LabelledFile]]) -> str | None:
    """Return the name of the list that a session's inputs came from, or None.

    ``files`` are the session's files in order (the windows of one file may follow one another
    as repetitions). Either they are exactly the list's, in its order, or the first five of it
    (a performance session). Of several lists that fit, the first: lists can begin alike.
    """
    used = list(_without_runs(files))
    for name, rows in lists.items():
        listed = [row.file for row in rows]
        if used and used in (listed, listed[:5]):
            return name
    return None


def _without_runs(files: Iterable[str]) -> Iterator[str]:
    last = None
    for file in files:
        if file != last:
            yield file
        last = file
