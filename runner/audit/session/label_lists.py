"""Finds which of the label lists at hand a session's inputs come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ....datasets.errors import DatasetError
from ....datasets.inputs import LABELS_NAME
from ....datasets.labels import LabelList, read_labels
from ....datasets.official_lists import identify
from ....datasets.streaming.truth import StreamingTruth
from ....models.catalogue import LABEL_LIST_FILES
from ....models.fetch import FileState, file_state
from ....models.suite import STREAMING_TASKS, TASKS, Task
from ...errors import SetupError
from ...score.score import match_list
from ...score.streaming.assess import truths_in

MAX_LIST_BYTES = 2 << 20
"""The largest list that is read; official ones have 27 kB at most."""


@dataclass(frozen=True, slots=True)
class LabelLists:
    """Holds the lists by the task's key, each with where it came from, in that order."""

    by_task: Mapping[str, Mapping[str, LabelList]] = field(default_factory=dict)
    truths: Mapping[str, Sequence[StreamingTruth]] = field(default_factory=dict)
    """The words of recordings, by the streaming task's key."""

    @classmethod
    def gather(cls, datasets: Path | None) -> LabelLists:
        """Gather the lists in ``DIR/<model id>/y_labels*.csv``, then the fetched official ones.

        SetupError where ``datasets`` is no folder; DatasetError where a list in it is damaged.
        """
        if datasets is not None and not datasets.is_dir():
            raise SetupError(
                f"{datasets} is no folder; give the one that holds {TASKS['kws'].model_id}/"
                f"{LABELS_NAME} and the others"
            )
        found: dict[str, dict[str, LabelList]] = {}
        for task in TASKS.values():
            lists = found.setdefault(task.key, {})
            folder = None if datasets is None else datasets / task.model_id
            for path in () if folder is None else sorted(folder.glob("y_labels*.csv")):
                lists[str(path)] = read_list(path, task)
        for file in LABEL_LIST_FILES:
            known = {labels.sha256 for labels in found[file.task].values()}
            if file.sha256 not in known and file_state(file) is FileState.FETCHED:
                path = file.cached_path
                found[file.task][str(path)] = read_list(path, TASKS[file.task])
        truths = {} if datasets is None else {
            task.key: truths_in(datasets, task) for task in STREAMING_TASKS.values()
        }  # fmt: skip
        return cls(found, truths)

    def fitting(self, task: Task, files: Sequence[str]) -> LabelList | None:
        """Find the list whose files were run, in its order; else the one that holds most of them.

        ``files`` are in the order of the log, once each where windows follow one another. None
        where no list holds half of them.
        """
        lists = self.by_task.get(task.data.key, {})
        exact = match_list(files, {name: labels.rows for name, labels in lists.items()})
        if exact is not None:
            return lists[exact]
        used = set(files)
        best: tuple[int, int, LabelList] | None = None
        for labels in lists.values():
            listed = [row.file for row in labels.rows]
            shared = len(used.intersection(listed))
            in_place = sum(one == other for one, other in zip(files, listed, strict=False))
            if 2 * shared >= len(used) > 0 and (best is None or (shared, in_place) > best[:2]):
                best = (shared, in_place, labels)
        return None if best is None else best[2]


def read_list(path: Path, task: Task) -> LabelList:
    """Read a label list of an honest size; DatasetError where it is none."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DatasetError(f"{path}: cannot be read: {error.strerror or error}") from error
    if size > MAX_LIST_BYTES:
        raise DatasetError(
            f"{path}: {size} bytes; a list of more than {MAX_LIST_BYTES} is not read"
        )
    return read_labels(path, task)


def official_name(labels: LabelList) -> str | None:
    """Return the name of the official list that it is, None for another."""
    official = identify(labels)
    return None if official is None else official.name
