"""Copies a submitter's sources to `code/<benchmark>/<implementation>/`, without what is no source.

Symbolic links are left out (the official checker fails a submitter for one), and so is what
version control, Python, editors and file managers leave behind.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SetupError

REFERENCE_NAMES = {
    "vww": "person_detection",
    "ic": "image_classification",
    "ic2": "ic2",
    "kws": "keyword_spotting",
    "ad": "anomaly_detection",
    "sww": "streaming_wakeword",
}
"""The folders of the reference submissions, by task key; ic2 has none, and goes by its key."""

MAX_DEPTH = 20
MAX_FILES = 50_000

_LEFT_OUT = frozenset(
    {
        ".git", ".hg", ".svn", ".vscode", ".idea", ".DS_Store", "Thumbs.db", "desktop.ini",
        "__pycache__", "__MACOSX",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CopiedCode:
    """Says what became of a folder of sources."""

    files: tuple[str, ...]
    """The copied files, by path in the folder, with forward slashes."""
    left_out: tuple[str, ...]
    """The files that were left out: path and reason."""


def copy_code(source: Path, target: Path, avoid: Path) -> CopiedCode:
    """Copy sources into ``target``; ``avoid`` (where the tree is built) is not looked into.

    SetupError where ``source`` is no folder, holds nothing to copy, or more than anybody's sources.
    """
    if not source.is_dir():
        raise SetupError(f"code: {source} is no folder; give the one that holds the sources")
    files: list[str] = []
    left_out: list[str] = []
    for path, name, reason in _walk(source, avoid.resolve()):
        if reason is not None:
            left_out.append(f"{name}: {reason}")
            continue
        files.append(name)
        if len(files) > MAX_FILES:
            raise SetupError(f"code: {source} holds more than {MAX_FILES} files; name a part of it")
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place, follow_symlinks=False)
    if not files:
        raise SetupError(f"code: {source} holds nothing to copy")
    return CopiedCode(tuple(files), tuple(left_out))


def _walk(source: Path, avoid: Path) -> Iterator[tuple[Path, str, str | None]]:
    """Yield each file with its name in the folder, and why it is left out, None where it is not."""
    waiting = [(source, "", 0)]
    while waiting:
        folder, prefix, depth = waiting.pop()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
        folders = []
        for entry in entries:
            path, name = Path(entry.path), prefix + entry.name
            reason = _reason(entry)
            if reason is None and entry.is_dir(follow_symlinks=False):
                if path.resolve() == avoid:
                    reason = "the submission itself"
                elif depth >= MAX_DEPTH:
                    reason = f"more than {MAX_DEPTH} folders deep"
                else:
                    folders.append((path, f"{name}/", depth + 1))
                    continue
            yield path, _printable(name), reason
        waiting += reversed(folders)


def _reason(entry: os.DirEntry[str]) -> str | None:
    name = entry.name
    if _printable(name) != name:
        return "its name is not plain text"
    if name in _LEFT_OUT or name.startswith("._") or name.endswith(".pyc"):
        return "not a source"
    if entry.is_symlink() or (hasattr(entry, "is_junction") and entry.is_junction()):
        return "a symbolic link"
    mode = entry.stat(follow_symlinks=False).st_mode
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        return "not a plain file"
    return None


def _printable(name: str) -> str:
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
