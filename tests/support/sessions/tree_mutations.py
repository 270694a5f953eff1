"""Ways to change one thing in a built tree, and the tree's copy that they are tried on.

A copy is made of hard links and takes no time; every change here writes a file of its own.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.sessions.submission_trees import ORGANIZATION, SYSTEM

RESULTS = f"results/{SYSTEM}"
SYSTEM_JSON = f"systems/{SYSTEM}.json"
_FOLDERS = {"kws": "keyword_spotting", "ad": "anomaly_detection"}
"""Of code/, by task."""


@dataclass(frozen=True)
class SpoiltTree:
    """A submitter's folder, `closed/Acme`, to be changed; names are relative to it.

    A name that begins with a task (`kws/performance/log.txt`) is one under the system's results.
    """

    root: Path

    @property
    def folder(self) -> Path:
        return self.root / "closed" / ORGANIZATION

    def at(self, name: str) -> Path:
        return self.folder / self.full(name)

    def full(self, name: str) -> str:
        """The name relative to the submitter's folder."""
        return f"{RESULTS}/{name}" if name.partition("/")[0] in _FOLDERS else name

    def write(self, name: str, data: bytes) -> None:
        """A file of its own: its hard link to the tree that all tests share is cut."""
        path = self.at(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_bytes(data)

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file's text, which has to become another."""
        before = self.at(name).read_bytes().decode()
        after = change(before)
        assert after != before, f"{name} is as it was"
        self.write(name, after.encode())

    def remove(self, name: str) -> None:
        path = self.at(name)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


Change = Callable[[SpoiltTree], None]


def linked_copy(tree: Path, target: Path, tasks: tuple[str, ...] = ("kws",)) -> SpoiltTree:
    """A copy with some tasks only, and without SHA256SUMS: published trees have none."""
    source = tree / "closed" / ORGANIZATION
    spoilt = SpoiltTree(target)
    others = [path.name for path in (source / RESULTS).iterdir() if path.name not in tasks]
    code = [_FOLDERS[task] for task in tasks]

    def skip(folder: str, names: list[str]) -> list[str]:
        inside = Path(folder).relative_to(source).as_posix()
        if inside == RESULTS:
            return others
        if inside == "code":
            return [name for name in names if name not in code]
        return ["SHA256SUMS"] if inside == "." else []

    shutil.copytree(source, spoilt.folder, ignore=skip, copy_function=_link)
    return spoilt


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def replaced(name: str, old: str, new: str, count: int = 1) -> Change:
    """The first ``count`` places of a text; of both results files where it is one of them."""

    def change(tree: SpoiltTree) -> None:
        for one in _alike(tree, name):
            tree.edit(one, lambda text: text.replace(old, new, count))

    return change


def subbed(name: str, pattern: str, new: str | Callable[[re.Match[str]], str]) -> Change:
    """The first match of a pattern, likewise; ^ and $ are of a line."""

    def change(tree: SpoiltTree) -> None:
        for one in _alike(tree, name):
            tree.edit(one, lambda text: re.sub(pattern, new, text, count=1, flags=re.M))

    return change


def _alike(tree: SpoiltTree, name: str) -> list[str]:
    folder, _, last = name.rpartition("/")
    names = ("results.txt", "result.txt") if last == "results.txt" else (last,)
    return [f"{folder}/{one}" for one in names if tree.at(f"{folder}/{one}").exists()]


def line_removed(name: str, part: str, nth: int = 0) -> Change:
    """The nth line that has ``part``."""

    def without(text: str) -> str:
        lines = text.splitlines(keepends=True)
        found = [number for number, line in enumerate(lines) if part in line]
        del lines[found[nth]]
        return "".join(lines)

    def change(tree: SpoiltTree) -> None:
        for one in _alike(tree, name):
            tree.edit(one, without)

    return change


def removed(*names: str) -> Change:
    def change(tree: SpoiltTree) -> None:
        for name in names:
            tree.remove(name)

    return change


def written(name: str, data: bytes) -> Change:
    return lambda tree: tree.write(name, data)


def appended(name: str, text: str) -> Change:
    def change(tree: SpoiltTree) -> None:
        for one in _alike(tree, name):
            tree.edit(one, lambda before: before + text)

    return change


def copied(source: str, target: str) -> Change:
    return lambda tree: tree.write(target, tree.at(source).read_bytes())


def renamed(old: str, new: str) -> Change:
    return lambda tree: tree.at(old).rename(tree.folder / new)


def exchanged(one: str, other: str) -> Change:
    def change(tree: SpoiltTree) -> None:
        aside = tree.folder / "aside"
        tree.at(one).rename(aside)
        tree.at(other).rename(tree.at(one))
        aside.rename(tree.at(other))

    return change


def both(*changes: Change) -> Change:
    def change(tree: SpoiltTree) -> None:
        for one in changes:
            one(tree)

    return change


def json_changed(name: str, change: Callable[[Any], None]) -> Change:
    """Change a JSON document in place; it is written as the product writes it, in one line."""

    def changing(text: str) -> str:
        document = json.loads(text)
        change(document)
        return json.dumps(document)

    return lambda tree: tree.edit(name, changing)


def set_key(name: str, *keys: str | int, to: object) -> Change:
    def put(document: Any) -> None:
        for key in keys[:-1]:
            document = document[key]
        assert keys[-1] in document if isinstance(document, dict) else True
        document[keys[-1]] = to

    return json_changed(name, put)


# A session's log and script


def renumbered(log: str) -> str:
    """A log whose steps are counted and timed anew, as if those left out had never been."""
    pattern = re.compile(r"m-sequencing-i\[\d+\](-command\[.*\])-ms\[(-?\d+)\]-acc\[.*")
    times = [int(match[2]) for match in pattern.finditer(log)]
    total = sum(ms for ms in times if ms >= 0)
    place = iter(range(len(times)))

    def numbered(match: re.Match[str]) -> str:
        index = next(place)
        acc = sum(times[:index])
        return f"m-sequencing-i[{index + 1}]{match[1]}-ms[{match[2]}]-acc[{acc}]-total_ms[{total}]"

    return pattern.sub(numbered, log)


def without_input(log: str, number: int) -> str:
    """A log without the load and the inference of one input, from 0; the steps stay as they are."""
    lines = log.splitlines(keepends=True)
    marks = [n for n, line in enumerate(lines) if re.search(r"-command\[(bload dut|bloadp) ", line)]
    marks.append(next(n for n, line in enumerate(lines) if "m-sequencer-stop" in line))
    return "".join(lines[: marks[number]] + lines[marks[number + 1] :])


def script_without_input(script: str, number: int) -> str:
    steps = list(re.finditer(r"    \{\n        cmd: 'bload(?:.*\n)*?    \},?\n", script))
    infer = re.compile(r"    \{\n        cmd: '.*infer(?:.*\n)*?    \},?\n")
    match = infer.match(script, steps[number].end())
    assert match is not None
    return script[: steps[number].start()] + script[match.end() :]


def input_left_out(folder: str, number: int) -> Change:
    """As if the runner had never been told to: log, script and time-outs agree."""

    def change(tree: SpoiltTree) -> None:
        tree.edit(f"{folder}/log.txt", lambda log: renumbered(without_input(log, number)))
        tree.edit(f"{folder}/script.async", lambda text: script_without_input(text, number))

    return change


def inputs_swapped(folder: str, one: str, other: str) -> Change:
    """Each in the other's place, in log and script."""

    def swap(text: str) -> str:
        return text.replace(one, "\0").replace(other, one).replace("\0", other)

    def change(tree: SpoiltTree) -> None:
        for name in ("log.txt", "script.async"):
            tree.edit(f"{folder}/{name}", swap)

    return change


def input_repeated(folder: str, one: str, other: str) -> Change:
    """``one`` is run where ``other`` belongs, in log and script."""

    def change(tree: SpoiltTree) -> None:
        for name in ("log.txt", "script.async"):
            tree.edit(f"{folder}/{name}", lambda text: text.replace(other, one))

    return change


def window_cut(folder: str, seconds: float, *, claim: str) -> Change:
    """The first window shortened in the log and in what the results print of it."""

    def change(tree: SpoiltTree) -> None:
        log = tree.at(f"{folder}/log.txt").read_text(encoding="utf-8")
        match = re.search(
            r"m-infer-start-(\d+)\n\S+ dut: m-lap-us-(\d+)\n\S+ dut: m-lap-us-(\d+)", log
        )
        assert match is not None
        iterations, start_us, end_us = (int(digits) for digits in match.groups())
        cut_us = start_us + round(seconds * 1e6)
        tree.edit(f"{folder}/log.txt", lambda text: text.replace(f"us-{end_us}", f"us-{cut_us}"))
        throughput = iterations / seconds
        for name in _alike(tree, f"{folder}/results.txt"):
            tree.edit(name, lambda text: _first_window(text, seconds, throughput, claim))

    return change


def _first_window(text: str, seconds: float, throughput: float, claim: str) -> str:
    for pattern, value in (
        (r"(Runtime +: +)[\d.]+", f"{seconds:.3f}"),
        (r"(Throughput +: +)[\d.]+", f"{throughput:.3f}"),
        (r"(Runtime requirements have )been met", claim),
    ):
        text = re.sub(pattern, rf"\g<1>{value}", text, count=1)
    return text


# The energy trace


def sample_changed(name: str, number: int, factor: float) -> Change:
    """One sample of a trace's file times a factor."""

    def change(tree: SpoiltTree) -> None:
        data = bytearray(tree.at(name).read_bytes())
        (value,) = struct.unpack_from("<f", data, 5 + 4 * number)
        struct.pack_into("<f", data, 5 + 4 * number, value * factor)
        tree.write(name, bytes(data))

    return change


def trace_cut(name: str, fraction: float) -> Change:
    """Only the first part of its samples."""

    def change(tree: SpoiltTree) -> None:
        data = tree.at(name).read_bytes()
        count = int((len(data) - 5) // 4 * fraction)
        tree.write(name, data[: 5 + 4 * count])

    return change


def trace_rate(name: str, rate_hz: float) -> Change:
    def change(tree: SpoiltTree) -> None:
        data = tree.at(name).read_bytes()
        tree.write(name, data[:1] + struct.pack("<f", rate_hz) + data[5:])

    return change


def event_moved(name: str, number: int, seconds: float) -> Change:
    def move(events: Any) -> None:
        events[number] = round(events[number] + seconds, 3)

    return json_changed(name, move)
