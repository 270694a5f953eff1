"""Checks results.json of MLCommons' runner against the inferences that its log prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ....datasets.labels import LabelRow
from ....models.suite import Task
from ...journal.logged_session import MAX_INFERENCES
from ...journal.reader import LogError
from ...journal.records import InferenceRecord
from ...journal.results_json import ResultsEntry, read_entries
from ..evidence.findings import AuditFinding, Rule, violation

_HALF_A_MILLISECOND = 0.0005 * (1 + 1e-6)
"""Half the last digit that the log prints of seconds and inferences a second."""
_MOST_FINDINGS = 20


@dataclass(slots=True)
class MergedInferences:
    """Holds the log's inferences with the exact numbers of results.json, and what differs."""

    records: list[InferenceRecord]
    classes: dict[str, int] = field(default_factory=dict)
    """Each file's class, as the runner knew it."""
    findings: list[AuditFinding] = field(default_factory=list)


def merge(
    records: Sequence[InferenceRecord], path: Path, log_name: str, json_name: str
) -> MergedInferences:
    """Compare entry by entry; LogError where results.json cannot be read.

    Where both are not of the same inferences, the log's own numbers stand.
    """
    entries: list[ResultsEntry] = []
    for entry in read_entries(path):
        if isinstance(entry, ResultsEntry):
            entries.append(entry)
        if len(entries) > MAX_INFERENCES:
            raise LogError(f"{path}: more than {MAX_INFERENCES} entries")
    merged = MergedInferences(list(records))
    beyond = 0
    if len(entries) != len(records):
        merged.findings.append(
            violation(
                Rule.LOG,
                json_name,
                f"{len(entries)} inferences",
                f"{len(records)}, as in {log_name}",
            )
        )
    for place, (record, entry) in enumerate(zip(records, entries, strict=False)):
        if record.file != entry.file:
            text = (
                f"{record.file} was inferred, entry {entry.number} of {json_name} is {entry.file}"
            )
            merged.findings.append(
                violation(Rule.LOG, log_name, text, "the same file", record.line)
            )
            break
        merged.records[place] = entry.merged(record)
        kept = len(merged.findings)
        if entry.label is not None:
            known = merged.classes.setdefault(entry.file, entry.label)
            if known != entry.label:
                text = f"entry {entry.number}: class {entry.label} of {entry.file}"
                merged.findings.append(violation(Rule.LOG, json_name, text, f"{known}, as before"))
        said, wanted = entry.throughput, _throughput(entry)
        if said is not None and wanted is not None and said != wanted:  # all digits are printed
            text = f"entry {entry.number}: throughput {said}"
            expected = f"{wanted}, by its iterations and elapsed_time"
            merged.findings.append(violation(Rule.LOG, json_name, text, expected))
        difference = next(_differences(record, entry), None)
        if difference is not None:
            what, printed, exact = difference
            merged.findings.append(
                violation(
                    Rule.LOG,
                    log_name,
                    f"{what} of inference {place + 1} ({record.file}) is printed {printed}",
                    f"{exact}, as entry {entry.number} of {json_name} has it",
                    record.line,
                )
            )
        beyond += max(0, len(merged.findings) - max(kept, _MOST_FINDINGS))
        del merged.findings[max(kept, _MOST_FINDINGS) :]
    if beyond:
        text = f"the first {_MOST_FINDINGS} of {_MOST_FINDINGS + beyond} differences are shown"
        merged.findings.append(violation(Rule.LOG, json_name, text, f"what {log_name} has"))
    return merged


def _throughput(entry: ResultsEntry) -> float | None:
    """Return inferences a second; None for an entry without a time."""
    return entry.iterations / (entry.elapsed_us / 1e6) if entry.elapsed_us else None


def _differences(record: InferenceRecord, entry: ResultsEntry) -> Iterator[tuple[str, str, str]]:
    if (record.scores or record.unreadable) and record.scores != entry.scores:
        yield "m-results", _list(record.scores), _list(entry.scores)
    if record.iterations != entry.iterations:
        yield "the number of inferences", str(record.iterations), str(entry.iterations)
    if None not in (record.warmups, entry.warmups) and record.warmups != entry.warmups:
        yield "the number of warm-ups", str(record.warmups), str(entry.warmups)
    if None not in (record.captured, entry.captured) and record.captured != entry.captured:
        yield "the trace's samples and time stamps", _counts(record), _counts(entry)
    start_us, end_us, elapsed_us = entry.start_us, entry.end_us, entry.elapsed_us
    if elapsed_us is None:
        return
    if start_us is not None and end_us is not None and end_us - start_us != elapsed_us:
        yield "the runtime", f"{elapsed_us} us (elapsed_time)", f"{end_us - start_us} us"
    elapsed_s, printed_s = elapsed_us / 1e6, record.printed_runtime_s
    if printed_s is not None and abs(printed_s - elapsed_s) > _HALF_A_MILLISECOND:
        yield "the runtime", f"{printed_s:.3f} s", f"{elapsed_s:.6f} s"
    printed = record.printed_throughput
    if printed is not None and elapsed_s > 0:
        throughput = entry.iterations / elapsed_s
        if abs(printed - throughput) > _HALF_A_MILLISECOND + 1e-9 * throughput:
            yield "the throughput", f"{printed:.3f} inf/s", f"{throughput:.6f} inf/s"


def _counts(told: InferenceRecord | ResultsEntry) -> str:
    return " and ".join(map(str, told.captured or ()))


def _list(scores: Sequence[float]) -> str:
    shown = ", ".join(map(str, scores[:12]))
    return f"[{shown}{', …' if len(scores) > 12 else ''}]"


def check_classes(
    classes: Mapping[str, int], rows: Sequence[LabelRow], path: str
) -> Iterator[AuditFinding]:
    """Find the first class that results.json names otherwise than the label list."""
    wrong = [row for row in rows if classes.get(row.file, row.label) != row.label]
    if wrong:
        row = wrong[0]
        text = f"{len(wrong)} files have another class, the first {row.file}: {classes[row.file]}"
        yield violation(Rule.LOG, path, text, f"{row.label}, as in the label list")


def rows_of(classes: Mapping[str, int], task: Task) -> tuple[LabelRow, ...]:
    """Return the classes as a label list, as far as they are of the task."""
    return tuple(
        LabelRow(file, task.class_count, label, None, None, line)
        for line, (file, label) in enumerate(classes.items(), 1)
        if 0 <= label < task.class_count
    )
