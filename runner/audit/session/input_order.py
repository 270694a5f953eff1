"""The inputs that a log shows being run against the order of their label list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....datasets.labels import LabelRow
from ....models.suite import Task
from ...journal.records import InferenceRecord, Mode
from ...score.rules import FindingKind
from ..findings import AuditFinding, Rule, violation


def check_order(
    records: Sequence[InferenceRecord],
    rows: Sequence[LabelRow],
    task: Task,
    mode: Mode,
    windows: int,
    path: str,
) -> Iterator[AuditFinding]:
    """The first inference that the list's order does not ask for, as a violation.

    Accuracy: each file's windows from the first to the last, file after file. Performance and
    energy: the beginnings of the first ``windows`` files.
    """
    whole = mode is Mode.ACCURACY
    asked = _asked(rows, task) if whole else ((row.file, 0) for row in rows[:windows])
    count = len(rows) * task.windows_per_file if whole else min(windows, len(rows))
    for place, record in enumerate(records):
        wanted = next(asked, None)
        if wanted is not None and record.file == wanted[0] and record.offset == wanted[1]:
            continue
        yield violation(
            Rule.INPUT_ORDER,
            path,
            f"inference {place + 1} of {len(records)} is of {_shown(record.file, record.offset)}",
            "nothing: the list is over"
            if wanted is None
            else f"{_shown(*wanted)}, in the order of the label list",
            record.line,
        )
        return
    if len(records) < count:
        missing = next(asked)
        yield violation(
            Rule.INPUT_ORDER,
            path,
            f"{len(records)} inferences",
            f"{count}, next {_shown(*missing)}",
            records[-1].line if records else None,
        )


def _asked(rows: Sequence[LabelRow], task: Task) -> Iterator[tuple[str, int]]:
    stride = task.stride_bytes or 0
    offsets = [index * stride for index in range(task.windows_per_file)]
    return ((row.file, offset) for row in rows for offset in offsets)


def _shown(file: str, offset: int) -> str:
    return f"{file or 'no input'} at {offset}" if offset else file or "no input"


def line_of(
    kind: FindingKind, records: Sequence[InferenceRecord], rows: Sequence[LabelRow]
) -> int | None:
    """The line of the first inference that a finding about the inputs is about."""
    if kind is FindingKind.INPUT_UNKNOWN:
        listed = {row.file for row in rows}
        return next((record.line for record in records if record.file not in listed), None)
    if kind is FindingKind.INPUT_REPEATED:
        seen: set[tuple[str, int]] = set()
        for record in records:
            if (key := (record.file, record.offset)) in seen:
                return record.line
            seen.add(key)
    return None
