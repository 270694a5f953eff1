"""Shows data sets, to a person or a program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from ....datasets.build.source_files import PUBLIC_SOURCES
from ....datasets.demo.demo_dataset import DEMO_SHA256
from ....datasets.errors import MAX_LISTED, DatasetError
from ....datasets.official_lists import OFFICIAL_LISTS, OfficialList
from ....datasets.streaming.verify import RecordingReport, RecordingsReport
from ....datasets.verify import FolderReport, ListReport, SetReport, verify
from ....models.catalogue import STREAMING_FILES
from ....models.suite import SWW, TASKS, StreamingTask, Task


def show_known(console: Console) -> None:
    """Print the tasks, their official lists, and which have a demo set."""
    table = _table("task", "inputs", "bytes a file", "official lists (files)", "demo set")
    for task in TASKS.values():
        lists = ", ".join(f"{known.name} ({known.file_count})" for known in _official_of(task))
        demo = "--datasets demo" if task.model_id in DEMO_SHA256 else "–"
        table.add_row(task.key, task.title, str(task.file_bytes), lists, demo)
    files = ", ".join(file.name for file in STREAMING_FILES)
    table.add_row(SWW.key, SWW.title, "–", files, "--datasets demo")
    console.print(table)


def show_places(console: Console, places: Sequence[Path]) -> None:
    """Print what stands in these roots, without reading the inputs."""
    console.print()
    if not places:
        console.print(
            "No inputs in the usual places. Name yours with --datasets DIR, or make some: "
            "tinyrunner datasets build TASK --from PATH",
            markup=False,
        )
    for place in places:
        console.print(f"{place}:", markup=False, highlight=False)
        try:
            reports = verify(place, hashes=False)
        except DatasetError as error:
            console.print(f"  {error}", markup=False, highlight=False)
            continue
        for report in reports:
            console.print(f"  {report.task.key}: {_summary(report)}", markup=False, highlight=False)


def show_task(console: Console, task: Task) -> None:
    """Print what the inputs of a task are and where they come from."""
    windows = task.windows_per_file
    source = PUBLIC_SOURCES[task.key]
    rows = {
        "task": f"{task.key} ({task.title}), model id {task.model_id}",
        "an input": f"{task.input_bytes} bytes, {'x'.join(map(str, task.input_shape))} of "
        f"{task.input_format.value}",
        "a file": f"{task.file_bytes} bytes"
        + (f", {windows} windows, one every {task.stride_bytes} bytes" if windows > 1 else ""),
        "classes": ", ".join(f"{number} {name}" for number, name in enumerate(task.class_names)),
        "target": task.metric.value + ("" if task.target is None else f" {task.target:.2f}"),
        "made from": source.title,
        "to be had at": source.url,
        "--from": source.wanted,
    }
    for known in _official_of(task):
        rows[f"list {known.name}"] = f"{known.title}, {known.file_count} files"
    _show_rows(console, rows)


def show_recordings_of(console: Console, task: StreamingTask) -> None:
    """Print what a streaming task listens to and where it comes from."""
    source = PUBLIC_SOURCES[task.key]
    rows = {
        "task": f"{task.key} ({task.title}), model id {task.model_id}",
        "a recording": "wav, 16 kHz, 16 bits, 2 channels; the official one has 1200 s and "
        f"{task.words} words",
        "a frame": f"{1000 * task.frame_s:g} ms of sound, 40 features of int8",
        "target": f"at most {task.max_false} words missed, and {task.max_false} false alarms",
        "made from": source.title,
        "to be had at": source.url,
        "--from": source.wanted,
    }
    for file in STREAMING_FILES:
        rows[f"file {file.name}"] = f"{file.file_name}, of {file.wav_file}"
    _show_rows(console, rows)


def show_set(console: Console, report: FolderReport, *, details: bool = False) -> None:
    """Print one task's folder: how it compares with its lists."""
    console.print(f"{report.task.key}: {report.folder}", style="bold", markup=False)
    if isinstance(report, RecordingsReport):
        _show_recordings(console, report)
    else:
        _show_inputs(console, report, details)
    verdict = "[green]complete[/]" if report.ok else "[red]not usable as it is[/]"
    console.print(f"  {verdict}")


def _show_recordings(console: Console, report: RecordingsReport) -> None:
    lines = [f"{each.truth.wav_file}: {each.summary}" for each in report.recordings]
    lines += [*report.unreadable]
    if not lines:
        lines.append(f"no {report.task.key}_*.json: a run needs one, to know the words")
    if report.extras:
        lines.append(f"sound of which no file tells the words: {_shortened(report.extras)}")
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False)


def _show_inputs(console: Console, report: SetReport, details: bool) -> None:
    for entry in report.lists:
        console.print(f"  {entry.name}: {_list_summary(entry)}", markup=False, highlight=False)
        if entry is report.main:
            _show_problems(console, entry)
            if details:
                _show_details(console, entry, report.task)
    if report.main is None:
        console.print("  no y_labels.csv: a run needs one", markup=False)
    if report.extras:
        console.print(
            f"  {len(report.extras)} .bin files on no list, which runs ignore: "
            f"{_shortened(report.extras)}",
            markup=False,
            highlight=False,
        )


def set_json(report: FolderReport) -> dict[str, Any]:
    """Return one task's folder and its lists as plain values, for a program."""
    if isinstance(report, RecordingsReport):
        return {
            "task": report.task.key,
            "folder": str(report.folder),
            "ok": report.ok,
            "recordings": [_recording_json(each) for each in report.recordings],
            "unreadable": list(report.unreadable),
            "extras": list(report.extras),
        }
    return {
        "task": report.task.key,
        "folder": str(report.folder),
        "ok": report.ok,
        "lists": [_list_json(entry) for entry in report.lists],
        "extras": list(report.extras),
    }


def _recording_json(entry: RecordingReport) -> dict[str, Any]:
    return {
        "name": entry.truth.wav_file,
        "truth": entry.truth.source,
        "official": entry.truth.is_official,
        "words": len(entry.truth.windows_s),
        "length_s": entry.truth.length_s,
        "present": entry.present,
        "problem": entry.problem,
    }


def _list_json(entry: ListReport) -> dict[str, Any]:
    return {
        "name": entry.name,
        "problem": entry.problem,
        "sha256": entry.labels.sha256 if entry.labels else None,
        "official": entry.official.name if entry.official else None,
        "synthetic": entry.synthetic,
        "listed": entry.listed,
        "present": entry.present,
        "missing": list(entry.missing),
        "wrong_size": list(entry.wrong_size),
        "content_sha256": entry.content_sha256,
        "has_official_content": entry.has_official_content,
    }


def _official_of(task: Task) -> list[OfficialList]:
    return [known for known in OFFICIAL_LISTS if known.task == task.key]


def _summary(report: FolderReport) -> str:
    if isinstance(report, RecordingsReport):
        here = sum(each.present for each in report.recordings)
        return f"{here} of {len(report.recordings)} recordings here, with their words"
    if report.main is None:
        return "no y_labels.csv"
    extras = f", {len(report.extras)} files on no list" if report.extras else ""
    return _list_summary(report.main) + extras


def _list_summary(entry: ListReport) -> str:
    if entry.labels is None:
        return entry.problem or ""
    if entry.official is not None:
        what = entry.official.title
    else:
        what = "generated demo inputs, not for submission" if entry.synthetic else "your own list"
    text = f"{what}; {entry.present} of {entry.listed} files"
    match entry.has_official_content:
        case True:
            text += ", the published inputs to the byte"
        case False:
            text += ", not the published inputs to the byte"
    return text


def _show_problems(console: Console, entry: ListReport) -> None:
    problems = [f"{name}: missing" for name in entry.missing] + list(entry.wrong_size)
    for problem in problems[:MAX_LISTED]:
        console.print(f"    {problem}", markup=False, highlight=False)
    if len(problems) > MAX_LISTED:
        console.print(f"    and {len(problems) - MAX_LISTED} more")


def _show_details(console: Console, entry: ListReport, task: Task) -> None:
    if entry.labels is None:
        return
    counts = Counter(row.label for row in entry.labels.rows)
    classes = ", ".join(f"{name} {counts[number]}" for number, name in enumerate(task.class_names))
    _show_rows(
        console,
        {
            "classes": classes,
            "measured first": ", ".join(row.file for row in entry.labels.rows[:5]),
            "list SHA-256": entry.labels.sha256,
            "content SHA-256": entry.content_sha256 or "– (files are missing)",
        },
        indent=4,
    )


def _show_rows(console: Console, rows: dict[str, str], indent: int = 0) -> None:
    width = max(map(len, rows)) + 2
    for name, text in rows.items():
        console.print(
            f"{' ' * indent}{name:<{width}}{text}", markup=False, highlight=False, soft_wrap=True
        )


def _shortened(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2), pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name.startswith("bytes") else "left")
    return table
