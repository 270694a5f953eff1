"""Opens a task's inputs on disk: label list and `.bin` files, checked before anything is sent.

The layout is the one that users of EEMBC's runner have: ``<root>/kws01/y_labels.csv`` with the
files beside it. A file is one input, or, for ad, 196 overlapping windows.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from ..models.suite import Task
from .errors import DatasetError, ProblemList
from .labels import LabelList, LabelRow, read_labels

LABELS_NAME = "y_labels.csv"

EEMBC_DATASETS = "~/eembc/runner/benchmarks/ulp-mlperf/datasets"
"""Where EEMBC's runner keeps its data sets: most users' files are there already."""


@dataclass(frozen=True, slots=True)
class InputWindow:
    """A window is what one load sends: ``length`` bytes at ``offset`` of ``file_bytes``."""

    path: Path
    file: str
    offset: int
    length: int
    file_bytes: int
    label: int

    @property
    def is_whole_file(self) -> bool:
        return self.length == self.file_bytes


@dataclass(slots=True)
class _LastFile:
    """Keeps the file read last: the windows of one file follow each other."""

    name: str | None = None
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set is a verified set of inputs: each listed file was there with the right size."""

    task: Task
    folder: Path
    """Where the files are: `<root>/<model id>`, or the root itself."""
    labels: LabelList
    extra_count: int = 0
    """`.bin` files in the folder that the list does not name; they are ignored."""
    _last: _LastFile = field(default_factory=_LastFile, repr=False, compare=False)

    @classmethod
    def open(cls, root: Path, task: Task, labels: Path | None = None) -> Dataset:
        """Opens the inputs under ``root``; ``labels`` is another list than the folder's own."""
        folder = dataset_folder(root, task)
        label_list = read_labels(folder / LABELS_NAME if labels is None else labels, task)
        return cls(task, folder, label_list, _verify_files(folder, task, label_list))

    @property
    def file_count(self) -> int:
        return len(self.labels.rows)

    @property
    def window_count(self) -> int:
        """Returns how many inferences an accuracy run of this set takes."""
        return self.file_count * self.task.windows_per_file

    def windows(self) -> Iterator[InputWindow]:
        """Yields every window of every file, in the order of the list."""
        stride = self.task.stride_bytes or 0
        for row in self.labels.rows:
            for index in range(self.task.windows_per_file):
                yield self._window(row, index * stride)

    def first_windows(self, count: int = 5) -> tuple[InputWindow, ...]:
        """Returns what a performance run measures: the first window of each of the first files."""
        return tuple(self._window(row, 0) for row in islice(self.labels.rows, count))

    def limited(self, count: int) -> Dataset:
        """Returns the set of the list's first ``count`` files (another list, with another hash)."""
        return replace(self, labels=self.labels.first(count), _last=_LastFile())

    def read(self, window: InputWindow) -> bytes:
        """Returns the bytes to send; DatasetError where a file changed its size since the check."""
        if self._last.name != window.file:
            self._last.name = None
            self._last.data = _read_exactly(self.folder / window.file, self.task.file_bytes)
            self._last.name = window.file
        return self._last.data[window.offset : window.offset + window.length]

    def content_sha256(self) -> str:
        """Returns one hash over all inputs: name, NUL and bytes of each file in list order."""
        digest = hashlib.sha256()
        for row in self.labels.rows:
            digest.update(row.file.encode() + b"\0")
            digest.update(_read_exactly(self.folder / row.file, self.task.file_bytes))
        return digest.hexdigest()

    def _window(self, row: LabelRow, offset: int) -> InputWindow:
        task = self.task
        return InputWindow(
            path=self.folder / row.file,
            file=row.file,
            offset=offset,
            length=task.input_bytes,
            file_bytes=task.file_bytes,
            label=row.label,
        )


def listed_sizes(root: Path, task: Task, labels: Path | None = None) -> list[int]:
    """Returns the sizes of the listed files that are there, whatever they should be."""
    folder = dataset_folder(root, task)
    rows = read_labels(folder / LABELS_NAME if labels is None else labels, task).rows
    paths = (folder / row.file for row in rows)
    return [path.stat().st_size for path in paths if path.is_file()]


def dataset_folder(root: Path, task: Task) -> Path:
    """Returns the folder of a task: ``root/<model id>``, or ``root`` where it holds the list."""
    folder = root / task.data.model_id
    try:
        if folder.is_dir():
            return folder
        if (root / LABELS_NAME).is_file():
            return root
    except OSError as error:
        raise DatasetError(f"{root}: cannot look into it: {error.strerror or error}") from error
    problem = "a file, and no folder" if root.exists() else "no such folder"
    if root.is_dir():
        problem = f"there is no {task.data.model_id} folder in it"
    raise DatasetError(
        f"{root}: {problem}; expected {folder / LABELS_NAME} with the .bin files of {task.key} "
        f"({task.title}) beside it. EEMBC's runner keeps its data sets in {EEMBC_DATASETS}"
    )


def _verify_files(folder: Path, task: Task, labels: LabelList) -> int:
    """Checks every listed file; returns how many other `.bin` files lie there."""
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise DatasetError(
            f"{folder}: cannot list the folder: {error.strerror or error}"
        ) from error
    problems = ProblemList()
    for row in labels.rows:
        problem = _file_problem(folder / row.file, task.file_bytes)
        if problem is not None:
            problems.add(f"{folder / row.file}: {problem}")
    problems.raise_if_any(f"the inputs of {task.key} do not match {labels.source}:")
    listed = {row.file for row in labels.rows}
    return sum(name.endswith(".bin") and name not in listed for name in names)


def _file_problem(path: Path, file_bytes: int) -> str | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        return f"cannot be looked at: {error.strerror or error}"
    if not stat.S_ISREG(status.st_mode):
        return "not a file"
    if status.st_size != file_bytes:
        return f"{status.st_size} bytes, expected {file_bytes}"
    if not os.access(path, os.R_OK):
        return "no permission to read it"
    return None


def _read_exactly(path: Path, file_bytes: int) -> bytes:
    """Returns the whole file, which must still have the size it had when it was checked."""
    try:
        with path.open("rb") as file:
            data = file.read(file_bytes + 1)
    except OSError as error:
        raise DatasetError(f"{path}: cannot read the input: {error.strerror or error}") from error
    if len(data) != file_bytes:
        found = f"{len(data)}" if len(data) < file_bytes else f"more than {file_bytes}"
        raise DatasetError(
            f"{path}: the file changed during the run: {found} bytes, expected {file_bytes}"
        )
    return data
