"""Reads `y_labels.csv` strictly: which input files a task runs, in which order, their labels.

It has one row a file::

    tst_000000_Stop_7.bin,12,7
    normal_id_01_00000003_hist_librosa.bin,2,0,2560,512

A row is file name, number of classes, label; for ad also the bytes of a window and of the stride.
White space around a field, a byte order mark, either line end and blank lines are all tolerated;
nothing else is, because the list decides what is measured.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import TinyrunnerError
from ..models.suite import Task
from .errors import DatasetError, ProblemList

_INTEGER = re.compile(r"-?[0-9]{1,9}")
_UNSAFE_IN_NAME = re.compile(r"[/\\:\x00-\x1f\x7f]")
"""Separators, the colon of a Windows drive, and control characters: a name stays in its folder."""

FILE_PREFIX = "demo_"
"""Begins the name of every generated file; what is named otherwise is never overwritten."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A row names one input file and its label; ``line`` is where the list names it, from 1."""

    file: str
    classes: int
    label: int
    window_bytes: int | None
    stride_bytes: int | None
    line: int

    @property
    def normalised(self) -> str:
        """Returns the row as the hash of a list sees it: no white space, one line feed."""
        fields = [self.file, str(self.classes), str(self.label)]
        if self.window_bytes is not None:
            fields += [str(self.window_bytes), str(self.stride_bytes)]
        return ",".join(fields) + "\n"


@dataclass(frozen=True, slots=True)
class LabelList:
    """A list has rows and a hash over the normalised rows: white space does not count in it."""

    rows: tuple[LabelRow, ...]
    source: str
    sha256: str

    @classmethod
    def of(cls, rows: Iterable[LabelRow], source: str) -> LabelList:
        """Returns a list of these rows, hashed."""
        rows = tuple(rows)
        digest = hashlib.sha256()
        for row in rows:
            digest.update(row.normalised.encode())
        return cls(rows, source, digest.hexdigest())

    def first(self, count: int) -> LabelList:
        """Returns the first ``count`` rows, which is another list with another hash."""
        if count < 1:
            raise ValueError(f"a list needs at least 1 row, not {count}")
        return self if count >= len(self.rows) else LabelList.of(self.rows[:count], self.source)


def read_labels(path: Path, task: Task) -> LabelList:
    """Returns the label list in a file."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"{path}: not UTF-8 text (byte {error.start}); save the label list as UTF-8"
        ) from error
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot read the label list: {error.strerror or error}"
        ) from error
    return parse_labels(text, task, str(path))


def parse_labels(text: str, task: Task, source: str) -> LabelList:
    """Returns the label list in ``text``; ``source`` names it in errors, which come all at once."""
    problems = ProblemList()
    rows: list[LabelRow] = []
    line_of: dict[str, int] = {}
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = _parse_row(line, task, number)
        except _RowError as error:
            problems.add(f"{source}:{number}: {error}")
            continue
        first_line = line_of.setdefault(row.file, number)
        if first_line != number:
            problems.add(f"{source}:{number}: {row.file} is on line {first_line} already")
            continue
        rows.append(row)
    problems.raise_if_any()
    if not rows:
        raise DatasetError(f"{source}: the label list is empty; expected rows of {_columns(task)}")
    return LabelList.of(rows, source)


class _RowError(TinyrunnerError):
    """Says what is wrong with one row."""


def _columns(task: Task) -> str:
    return "file,classes,label" + (",window bytes,stride bytes" if task.stride_bytes else "")


def _parse_row(line: str, task: Task, number: int) -> LabelRow:
    fields = [field.strip() for field in line.split(",")]
    columns = _columns(task)
    expected = columns.count(",") + 1
    if len(fields) != expected:
        raise _RowError(f"expected {expected} columns ({columns}), found {len(fields)}")
    name = fields[0]
    _check_name(name)
    classes = _integer("classes", fields[1])
    label = _integer("label", fields[2])
    one_output = task.score_count == 1 and not task.official  # its list may call that one class
    if classes != task.class_count and not (one_output and classes == 1):
        raise _RowError(f"{task.key} has {task.class_count} classes, the row says {classes}")
    if not 0 <= label < classes:
        raise _RowError(f"label {label} is not one of 0 to {classes - 1}")
    if task.stride_bytes is None:
        return LabelRow(name, classes, label, None, None, number)
    window = _integer("window bytes", fields[3])
    stride = _integer("stride bytes", fields[4])
    if (window, stride) != (task.input_bytes, task.stride_bytes):
        raise _RowError(
            f"a window of {task.key} is {task.input_bytes} bytes every {task.stride_bytes}, "
            f"the row says {window} every {stride}"
        )
    return LabelRow(name, classes, label, window, stride, number)


def _integer(what: str, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _RowError(f"{what}: expected a whole number, found {_shown(text)}")
    return int(text)


def _check_name(name: str) -> None:
    if _UNSAFE_IN_NAME.search(name) or ".." in name:
        raise _RowError(f"{_shown(name)} is not a plain file name (no folders, no '..')")
    if not name.endswith(".bin") or name == ".bin":
        raise _RowError(f"{_shown(name)} is not the name of a .bin file")


def _shown(text: str) -> str:
    """Returns the text quoted for an error, and not endless."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
