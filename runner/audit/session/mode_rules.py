"""Checks what a log says of its own settings and inputs, and which files a trace needs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path

from ....datasets.labels import LabelRow
from ....energy.trace_files import details_path, energy_path, timestamps_path, timestamps_text
from ....models.suite import ALL_TASKS, STREAMING_TASKS, StreamingTask, Task
from ...journal.records import InferenceRecord, LogFacts
from ...score.rules import FindingKind
from ...terms import Dialect, Mode
from ..evidence.findings import AuditFinding, Rule, violation, warning
from ..evidence.tree import ModeFolder

MAX_TRACE_BYTES = 200_000_000
"""The largest trace that is read: 500 s at 100 kHz; published traces have 0.5 MB."""
MAX_EVENTS_BYTES = 4 << 20

_RUN_MODES = {Mode.PERFORMANCE: "bmark", Mode.ENERGY: "bmark", Mode.ACCURACY: "multi"}


def check_config(
    facts: LogFacts,
    records: Sequence[InferenceRecord],
    place: ModeFolder,
    task: Task | StreamingTask,
    path: str,
) -> Iterator[AuditFinding]:
    """Compare the mode, and the `m-bm-cfg` values, with what ran."""
    if facts.mode is not None and facts.mode is not place.mode:
        text = f"a session of {facts.mode.value} mode"
        yield violation(Rule.SESSION, path, text, f"{place.mode.value}, as its folder says")
    config = facts.config
    expected = {"runMode": _RUN_MODES[place.mode], "model": task.model_id}
    if place.mode is not Mode.ACCURACY and records:  # accuracy infers once, whatever is set
        expected["iterInfer"] = str(records[0].iterations)
        expected["iterWarmup"] = str(records[0].warmups)
    for key, wanted in expected.items():
        if key in config and config[key] != wanted:
            text = f"m-bm-cfg says {key} is {config[key][:80]!r}"
            yield violation(Rule.SESSION, path, text, f"{wanted}, as the session ran")
    for line, text in facts.device_errors:
        if text.startswith("m-infer-start"):  # another count than was commanded
            yield violation(Rule.SESSION, path, text, "as many inferences as commanded", line)
            break
    if place.mode is Mode.ACCURACY:
        odd = [record for record in records if record.iterations != 1]
        if odd:
            yield violation(
                Rule.SESSION,
                path,
                f"{len(odd)} inputs were inferred more than once, {odd[0].file} "
                f"{odd[0].iterations} times",
                "one inference an input in accuracy mode",
                odd[0].line,
            )
        return
    for record in records[1:]:
        first = records[0]
        if (record.iterations, record.warmups) != (first.iterations, first.warmups):
            yield warning(
                Rule.SESSION,
                path,
                f"{record.iterations} inferences behind {record.warmups} warm-ups",
                f"{first.iterations} behind {first.warmups}, as in the first window",
                record.line,
            )
            return


def check_traces(place: ModeFolder, folder: Path, dialect: Dialect) -> Iterator[AuditFinding]:
    """Say why the trace of an energy session is not read; nothing where it can be."""
    if dialect is Dialect.MLCOMMONS:
        if "results.json" not in place.files:
            text = "no results.json, which holds the samples"
            yield violation(Rule.TRACE, place.path, text, "the energy of each window")
        return
    limits = {
        energy_path(folder): MAX_TRACE_BYTES,
        timestamps_path(folder): MAX_EVENTS_BYTES,
        details_path(folder): MAX_EVENTS_BYTES,
    }
    for path, limit in limits.items():
        inside = f"{place.path}/{path.name}"
        if path.name not in place.files:
            if path.is_symlink():
                yield violation(Rule.TRACE, inside, "a symbolic link, which is not followed")
            elif path != details_path(folder):
                yield violation(Rule.TRACE, inside, "no such file", "the session's energy trace")
        elif (size := path.stat().st_size) > limit:
            text = f"{size} bytes; a file of more than {limit} is not read"
            yield violation(Rule.TRACE, inside, text)


def check_edges(place: ModeFolder, folder: Path) -> Iterator[AuditFinding]:
    """Compare the published edges with the exact ones that a trace of ours has beside them.

    The trace must be one that can be read: what is no JSON in the published edges is a ValueError.
    """
    exact, published = details_path(folder), timestamps_path(folder)
    if exact.name not in place.files or published.name not in place.files:
        return
    wanted = json.loads(timestamps_text(json.loads(exact.read_bytes())["events_s"]))
    found = json.loads(published.read_bytes())
    if found == wanted:
        return
    rows = found if isinstance(found, list) else []
    for number, (one, other) in enumerate(zip_longest(rows, wanted), 1):
        if one != other:
            yield violation(
                Rule.TRACE,
                f"{place.path}/{published.name}",
                f"edge {number} is at {str(one)[:40]}",
                f"{other} s, as {exact.name} has it",
            )
            return


def not_scored(facts: LogFacts | None, place: ModeFolder, path: str) -> AuditFinding | None:
    """Return the notice of a benchmark that is read, but not scored here.

    Where the folder is one of a task that is scored here, it is another benchmark's log.
    """
    streaming = None if facts is None else facts.streaming
    if streaming is not None and place.streaming is None:
        text = f"not scored here: {streaming.model_id} is the streaming wake word"
        if place.task is None:
            return warning(Rule.LOG, path, text)
        return violation(Rule.LOG, path, text, f"a log of {place.task_key}")
    if streaming is None and place.streaming is not None:
        text = "not scored here: the device names no model of a streaming task"
        return violation(Rule.LOG, path, text, f"m-model-[{place.streaming.model_id}]")
    if not place.scored:
        known = ", ".join((*ALL_TASKS, *STREAMING_TASKS))
        return warning(Rule.LOG, path, f"not scored here: {place.task_key!r} is not one of {known}")
    return None


def check_order(
    records: Sequence[InferenceRecord],
    rows: Sequence[LabelRow],
    task: Task,
    mode: Mode,
    windows: int,
    path: str,
) -> Iterator[AuditFinding]:
    """Return the first inference that the list's order does not ask for, as a violation.

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
    """Return the line of the first inference that a finding about the inputs is about."""
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
