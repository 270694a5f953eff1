"""Reads somebody's folder without trusting it: what is there, and where the sessions are.

Symbolic links are noted and never followed, depth and number of entries are bounded, and nothing
outside the folder is touched. Layout, as the rounds describe it::

    <division>/<org>/systems/<system>.json
    <division>/<org>/code/<benchmark>/<implementation>/
    <division>/<org>/results/<system>/<benchmark>/<mode>/

Published trees also have a level of implementations above the system or below the benchmark, or in
its place (`ic_fp32`), files called `accuracy_results.txt`, and mode folders called `power`, which
their content tells.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path, PurePosixPath

from ....models.suite import ALL_TASKS, STREAMING_TASKS, TASKS, StreamingTask, Task
from ...config.strict_json import read_json
from ...errors import SetupError
from ...journal.session_folder import file_called
from ...terms import Division, Mode
from .content import mode_by_content, task_by_content

MAX_DEPTH = 24
"""The deepest folder that is read: an honest file lies seven deep under results; code with a
vendor's SDK some fifteen."""
MAX_ENTRIES = 400_000
"""The most entries that are read: a whole results repository has about 60,000."""
NOT_LOOKED_INTO = frozenset({".git", ".github", ".vscode", "assets"})
"""Top-level folders of a results repository that hold no submissions."""

LONG_NAMES = {
    "anomaly_detection": "ad",
    "image_classification": "ic",
    "keyword_spotting": "kws",
    "person_detection": "vww",
    "streaming_wakeword": "sww",
    "visual_wake_words": "vww",
}
"""The reference benchmarks' names, which some published results folders have."""

MAX_MAPPING_BYTES = 1 << 20

_LATER = frozenset({*ALL_TASKS, *STREAMING_TASKS}) - TASKS.keys()
"""Benchmarks that some rounds have beside the four."""
_RESULT_NAMES = ("results.txt", "result.txt")
_SESSION_FILES = (*_RESULT_NAMES, "log.txt")
"""What the names of a session's files end in that tell its mode."""
_MODES = {mode.value: mode for mode in Mode}


class EntryKind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "symbolic link"
    OTHER = "special file"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """Is one thing in the tree; ``path`` is relative, with forward slashes."""

    path: str
    kind: EntryKind
    size: int = 0

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def parent(self) -> str:
        return self.path.rpartition("/")[0]


@dataclass(slots=True)
class Tree:
    """Holds everything under ``root``, in order of the paths."""

    root: Path
    entries: dict[str, TreeEntry] = field(default_factory=dict)
    children: dict[str, list[TreeEntry]] = field(default_factory=dict)
    """The entries by folder; "" is the root."""
    too_deep: list[str] = field(default_factory=list)
    """Folders not looked into because they are nested too deeply; the first 20."""
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """What could not be read: (folder, why)."""
    cut_off: bool = False
    """Whether there is more than MAX_ENTRIES."""

    def files(self, folder: str) -> list[TreeEntry]:
        return [e for e in self.children.get(folder, ()) if e.kind is EntryKind.FILE]

    def folders(self, folder: str) -> list[TreeEntry]:
        return [e for e in self.children.get(folder, ()) if e.kind is EntryKind.FOLDER]

    def under(self, folder: str) -> Iterator[TreeEntry]:
        """Return everything below a folder, the folder itself not."""
        waiting = [folder]
        while waiting:
            for entry in self.children.get(waiting.pop(), ()):
                yield entry
                if entry.kind is EntryKind.FOLDER:
                    waiting.append(entry.path)

    def has_file(self, path: str) -> bool:
        entry = self.entries.get(path)
        return entry is not None and entry.kind is EntryKind.FILE

    def locate(self, path: str) -> Path:
        """Return the real path of an entry; only what the walk has seen can be asked for."""
        if path and path not in self.entries:
            raise KeyError(path)
        return self.root.joinpath(*PurePosixPath(path).parts)


def read_tree(root: Path) -> Tree:
    """Walk a folder; SetupError where it is none."""
    try:
        if not stat.S_ISDIR(root.stat().st_mode):
            raise SetupError(f"{root} is not a folder; give a submission's")
    except OSError as error:
        raise SetupError(f"cannot look into {root}: {error.strerror or error}") from error
    tree = Tree(root)
    waiting = [("", 0)]
    while waiting and not tree.cut_off:
        folder, depth = waiting.pop()
        entries = _list(tree, folder)
        tree.children[folder] = entries
        for entry in entries:
            tree.entries[entry.path] = entry
            if entry.kind is not EntryKind.FOLDER:
                continue
            if not folder and entry.name in NOT_LOOKED_INTO:
                continue
            if depth + 1 < MAX_DEPTH:
                waiting.append((entry.path, depth + 1))
            elif len(tree.too_deep) < 20:
                tree.too_deep.append(entry.path)
        tree.cut_off = len(tree.entries) > MAX_ENTRIES
    return tree


def _list(tree: Tree, folder: str) -> list[TreeEntry]:
    entries = []
    try:
        with os.scandir(tree.root / folder) as found:
            for item in found:
                entries.append(_entry(folder, item))
                if len(entries) > MAX_ENTRIES:
                    break
    except OSError as error:
        tree.unreadable.append((folder, error.strerror or str(error)))
    return sorted(entries, key=lambda entry: entry.path)


def _entry(folder: str, item: os.DirEntry[str]) -> TreeEntry:
    name = item.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if name != item.name:  # bytes that are no text: shown, never opened
        return TreeEntry(f"{folder}/{name}" if folder else name, EntryKind.OTHER)
    path = f"{folder}/{name}" if folder else name
    if item.is_symlink() or (hasattr(item, "is_junction") and item.is_junction()):
        return TreeEntry(path, EntryKind.LINK)
    if item.is_dir(follow_symlinks=False):
        return TreeEntry(path, EntryKind.FOLDER)
    if item.is_file(follow_symlinks=False):
        return TreeEntry(path, EntryKind.FILE, item.stat(follow_symlinks=False).st_size)
    return TreeEntry(path, EntryKind.OTHER)


@dataclass(frozen=True, slots=True)
class Submitter:
    """Is one organization in one division."""

    division: Division
    """The division by the folder's name; closed where what is audited does not tell."""
    name: str
    path: str
    """The folder, relative to the tree's root; "" where the root is the submitter's folder."""

    def inside(self, *parts: str) -> str:
        return "/".join((self.path, *parts)) if self.path else "/".join(parts)


@dataclass(frozen=True, slots=True)
class ModeFolder:
    """Is one session's place in a tree."""

    submitter: Submitter
    system: str
    benchmark: str
    """The benchmark's name, as its folder is called."""
    mode: Mode
    path: str
    files: tuple[str, ...]
    """The plain files in the folder, by name."""
    mapped: str | None = None
    """The task that the submitter's model_mapping.json makes of the benchmark's name; of a name
    that is none, the one that the log tells, or else the beginning of the name."""
    implementation: str = ""
    """The folders between the benchmark and the mode, which the rounds do not have."""

    @property
    def name(self) -> str:
        """Return the folder's own name, which is the mode's unless it is misnamed."""
        return self.path.rpartition("/")[2]

    @property
    def task_key(self) -> str:
        """Return the benchmark's short name: a task's key, or sww, ic2, or the folder's."""
        return self.mapped or LONG_NAMES.get(self.benchmark, self.benchmark)

    @property
    def task(self) -> Task | None:
        return ALL_TASKS.get(self.task_key)

    @property
    def streaming(self) -> StreamingTask | None:
        """Return the streaming task that it is of, None of any other benchmark."""
        return STREAMING_TASKS.get(self.task_key)

    @property
    def scored(self) -> bool:
        """Tell whether it is of a benchmark whose sessions are scored here."""
        return self.task is not None or self.streaming is not None

    @property
    def results(self) -> tuple[str, ...]:
        """Return the files that hold its results, the official checker's first."""
        known = [name for name in _RESULT_NAMES if name in self.files]
        found = (file_called(name, self.files, self.mode) for name in _RESULT_NAMES)
        return tuple(dict.fromkeys((*known, *filter(None, found))))

    @property
    def log(self) -> str | None:
        return file_called("log.txt", self.files, self.mode)

    @property
    def script(self) -> str | None:
        return file_called("script.async", self.files, self.mode)


@dataclass(frozen=True, slots=True)
class Layout:
    """Says who and what is in a tree."""

    submitters: tuple[Submitter, ...]
    sessions: tuple[ModeFolder, ...]


def find_layout(tree: Tree) -> Layout:
    """Find the submitters and sessions of a results repository, a division, or one submitter."""
    submitters = tuple(_submitters(tree))
    return Layout(submitters, tuple(s for one in submitters for s in _sessions(tree, one)))


def _submitters(tree: Tree) -> Iterator[Submitter]:
    names = {entry.name for entry in tree.folders("")}
    root = tree.root.resolve()
    divisions = {division.value: division for division in Division}
    if names & set(divisions):
        for key in sorted(names & set(divisions)):
            yield from _in_division(tree, key, divisions[key])
    elif names & {"results", "systems"}:
        division = divisions.get(root.parent.name, Division.CLOSED)
        yield Submitter(division, root.name, "")
    elif root.name in divisions:
        yield from _in_division(tree, "", divisions[root.name])
    else:  # a division under another name: whatever looks like an organization's folder
        for entry in tree.folders(""):
            below = {child.name for child in tree.folders(entry.path)}
            if below & {"results", "systems", "code"}:
                yield Submitter(Division.CLOSED, entry.name, entry.path)


def _in_division(tree: Tree, folder: str, division: Division) -> Iterator[Submitter]:
    for entry in tree.folders(folder):
        if not entry.name.startswith("."):  # a build that was killed leaves one behind
            yield Submitter(division, entry.name, entry.path)


def _sessions(tree: Tree, submitter: Submitter) -> Iterator[ModeFolder]:
    results = submitter.inside("results")
    systems = {
        entry.name.removesuffix(".json")
        for entry in tree.files(submitter.inside("systems"))
        if entry.name.endswith(".json")
    }
    mapping = _mapping(tree, submitter)
    known = {*TASKS, *LONG_NAMES, *_LATER, *mapping}
    found = []
    for entry in tree.under(results):
        if entry.kind is not EntryKind.FOLDER:
            continue
        parts = entry.path[len(results) + 1 :].split("/")
        if len(parts) < 3 or any(part in _MODES for part in parts[:-1]):
            continue
        files = tuple(file.name for file in tree.files(entry.path))
        mode = _MODES.get(entry.name) or _misnamed(tree, entry, files)
        if mode is None:
            continue
        at = next((at for at, part in enumerate(parts[:-2]) if part in systems), 0)
        last = len(parts) - 2
        named = next((n for n in range(last, at, -1) if parts[n] in known), last)
        name = parts[named]
        mapped = mapping.get(name) if name in known else _told(tree, entry, files, mode, name)
        between = "/".join(parts[named + 1 : -1])
        found.append(
            ModeFolder(submitter, parts[at], name, mode, entry.path, files, mapped, between)
        )
    yield from sorted(found, key=lambda one: one.path)


def _told(
    tree: Tree, entry: TreeEntry, files: tuple[str, ...], mode: Mode, name: str
) -> str | None:
    """Return the task of a session whose folder is called as no benchmark is, such as `ic_fp32`."""
    log = file_called("log.txt", files, mode)
    told = None if log is None else task_by_content(tree.locate(entry.path) / log)
    keys = (*LONG_NAMES, *TASKS, *_LATER)
    begins = next((key for key in keys if re.match(rf"{key}[\W_]", name)), None)
    return told or LONG_NAMES.get(begins or "", begins)


def _misnamed(tree: Tree, entry: TreeEntry, files: tuple[str, ...]) -> Mode | None:
    """Tell the mode of a session in a folder of another name, where no folder has that name."""
    told_by = [name for name in files if name.endswith(_SESSION_FILES) and name[0] != "."]
    if (
        not told_by
        or entry.name.startswith(".")
        or any(folder.name in _MODES for folder in tree.folders(entry.path))
    ):
        return None
    mode = mode_by_content(tree.locate(entry.path), files, told_by)
    beside = {folder.name for folder in tree.folders(entry.parent)}
    return None if mode is None or mode.value in beside else mode


def _mapping(tree: Tree, submitter: Submitter) -> dict[str, str]:
    """Read a submitter's own benchmark names; empty where the file is not as it should be.

    As in the official checker, a name that is a benchmark's already is not mapped.
    """
    path = submitter.inside(MAPPING_NAME)
    if submitter.division is not Division.OPEN or not tree.has_file(path):
        return {}
    try:
        with tree.locate(path).open("rb") as file:
            data = file.read(MAX_MAPPING_BYTES + 1)
        document = read_json(data) if len(data) <= MAX_MAPPING_BYTES else None
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {
        name: task
        for name, task in document.items()
        if isinstance(task, str) and task in TASKS and name not in {*TASKS, *_LATER}
    }


MAPPING_NAME = "model_mapping.json"
"""In the open division, a submitter's own benchmark names to the official ones."""
