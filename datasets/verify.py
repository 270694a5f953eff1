"""Compares what stands under a dataset root with its lists: files, sizes, extras, content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..models.suite import SWW, TASKS, TASKS_BY_MODEL_ID, Task
from .errors import DatasetError
from .inputs import LABELS_NAME, Dataset
from .labels import FILE_PREFIX, LabelList, parse_labels, read_labels
from .official_lists import OfficialList, identify
from .streaming.verify import RecordingsReport, recordings_folder, verify_recordings

OFFICIAL_CONTENT: Mapping[str, str] = MappingProxyType(
    {"kws01": "aef4ed3907710434c8a58012a67285a946d08931294b864c5b098ee418725e52"}
)
""":meth:`Dataset.content_sha256` of the published inputs, by the list's name.

Known for kws alone, whose licence let EEMBC publish the inputs; the others everybody makes."""


@dataclass(frozen=True, slots=True)
class ListReport:
    """Says how much of one label list of a folder stands beside it."""

    name: str
    """The list's file name; `y_labels.csv` is the one that runs use."""
    problem: str | None
    """Why the list cannot be read; nothing else is known then."""
    labels: LabelList | None = None
    official: OfficialList | None = None
    present: int = 0
    """Listed files that are there with the right size."""
    missing: tuple[str, ...] = ()
    wrong_size: tuple[str, ...] = ()
    """Each with what it has: `0.bin: 489 bytes, expected 490`."""
    content_sha256: str | None = None
    """The hash over the inputs, where they are complete and their hash was asked for."""

    @property
    def listed(self) -> int:
        return 0 if self.labels is None else len(self.labels.rows)

    @property
    def complete(self) -> bool:
        return self.labels is not None and self.present == self.listed

    @property
    def synthetic(self) -> bool:
        """Tells whether these are the generated demo inputs."""
        rows = () if self.labels is None else self.labels.rows
        return bool(rows) and all(row.file.startswith(FILE_PREFIX) for row in rows)

    @property
    def has_official_content(self) -> bool | None:
        """Tells whether the inputs are the published ones to the byte; None if none are known."""
        known = OFFICIAL_CONTENT.get(self.official.name) if self.official else None
        if known is None or self.content_sha256 is None:
            return None
        return self.content_sha256 == known


@dataclass(frozen=True, slots=True)
class SetReport:
    """Describes a task's folder: its lists, the one that runs use first, and what none names."""

    task: Task
    folder: Path
    lists: tuple[ListReport, ...]
    extras: tuple[str, ...]
    """`.bin` files that no list of the folder names; runs ignore them."""

    @property
    def main(self) -> ListReport | None:
        """Returns the list that runs use unless told otherwise."""
        return self.lists[0] if self.lists and self.lists[0].name == LABELS_NAME else None

    @property
    def ok(self) -> bool:
        """Tells whether a run can use the folder as it is."""
        return self.main is not None and self.main.complete


FolderReport = SetReport | RecordingsReport
"""Of a task with inputs, or of the streaming task."""


def verify(root: Path, *, hashes: bool = True) -> tuple[FolderReport, ...]:
    """Returns a report for every task folder under ``root``, or for ``root`` where it is one.

    Without ``hashes`` no input is read.
    """
    streaming = recordings_folder(root)
    if streaming == root:
        return (verify_recordings(root),)
    reports: list[FolderReport] = []
    if streaming is not None:
        reports.append(verify_recordings(streaming))
    try:
        folders = task_folders(root)
    except DatasetError:
        if not reports:
            raise
        folders = []
    return (*(_verify_folder(folder, task, hashes) for task, folder in folders), *reports)


def task_folders(root: Path) -> list[tuple[Task, Path]]:
    """Returns task folders under ``root``, in the suite's order; DatasetError if there is none."""
    if not root.is_dir():
        problem = "not a folder" if root.exists() else "no such folder"
        raise DatasetError(f"{root}: {problem}")
    found = [
        (task, root / task.model_id) for task in TASKS.values() if (root / task.model_id).is_dir()
    ]
    if found:
        return found
    named = TASKS_BY_MODEL_ID.get(root.resolve().name)
    if named is not None:
        return [(named, root)]
    if (root / LABELS_NAME).is_file():
        return [(_task_of(root / LABELS_NAME), root)]
    names = ", ".join((*(task.model_id for task in TASKS.values()), SWW.model_id))
    raise DatasetError(f"{root}: holds none of {names}, and no {LABELS_NAME}")


def _task_of(path: Path) -> Task:
    """Returns the task whose list this is: the number of classes and of columns tells."""
    text = path.read_bytes().decode("utf-8-sig", "replace")
    for task in TASKS.values():
        try:
            parse_labels(text, task, str(path))
        except DatasetError:
            continue
        return task
    raise DatasetError(f"{path}: the label list of no task; name the folder after its model id")


def _verify_folder(folder: Path, task: Task, hashes: bool) -> SetReport:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise DatasetError(
            f"{folder}: cannot list the folder: {error.strerror or error}"
        ) from error
    lists = sorted(
        (path for path in paths if path.suffix == ".csv" and path.is_file()),
        key=lambda path: (path.name != LABELS_NAME, path.name),
    )
    reports = tuple(_verify_list(path, task, hashes) for path in lists)
    named = {row.file for report in reports if report.labels for row in report.labels.rows}
    extras = [path.name for path in paths if path.suffix == ".bin" and path.name not in named]
    return SetReport(task, folder, reports, tuple(extras))


def _verify_list(path: Path, task: Task, hashes: bool) -> ListReport:
    try:
        labels = read_labels(path, task)
    except DatasetError as error:
        return ListReport(path.name, str(error))
    missing, wrong_size = [], []
    for row in labels.rows:
        file = path.parent / row.file
        if not file.exists():
            missing.append(row.file)
        elif not file.is_file():
            wrong_size.append(f"{row.file}: not a file")
        elif file.stat().st_size != task.file_bytes:
            wrong_size.append(
                f"{row.file}: {file.stat().st_size} bytes, expected {task.file_bytes}"
            )
    content = None
    if hashes and not missing and not wrong_size:
        content = Dataset(task, path.parent, labels).content_sha256()
    return ListReport(
        name=path.name,
        problem=None,
        labels=labels,
        official=identify(labels),
        present=len(labels.rows) - len(missing) - len(wrong_size),
        missing=tuple(missing),
        wrong_size=tuple(wrong_size),
        content_sha256=content,
    )
