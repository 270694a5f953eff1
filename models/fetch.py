"""Fetches the published files of the catalogue, from upstream, a mirror or a folder.

What is found in the cache afterwards is whole and right, or it is not there. A download goes into a
file of this process alone; size and SHA-256 are checked before it is renamed to its own name. One
that broke off is left beside as ``NAME.part``, for the next attempt to add to (see ``download``).
"""

from __future__ import annotations

import hashlib
import os
import secrets
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from .catalogue import REFERENCE_MODELS, PinnedFile
from .download import ADVICE, FetchError, Note, NotThere, Progress, Pull, file_sha256
from .engine import ModelError
from .suite import Task
from .web import FetchSettings

__all__ = [
    "FetchError",
    "FetchSettings",
    "FileState",
    "Note",
    "Progress",
    "fetch",
    "file_sha256",
    "file_state",
    "reference_model_path",
]


class FileState(Enum):
    """What stands where a file of the catalogue is kept."""

    FETCHED = "fetched"
    ABSENT = "not fetched"
    DAMAGED = "damaged"


def file_state(item: PinnedFile) -> FileState:
    """Whether the file is there and right; reads all of it."""
    try:
        found = file_sha256(item.cached_path)
    except FileNotFoundError:
        return FileState.ABSENT
    return FileState.FETCHED if found == item.sha256 else FileState.DAMAGED


def reference_model_path(task: Task) -> Path:
    """The fetched and verified reference model of ``task``; ``ModelError`` says how to get it."""
    item = next(model for model in REFERENCE_MODELS if model.task == task.key)
    command = f"tinyrunner models fetch {item.name}"
    match file_state(item):
        case FileState.FETCHED:
            return item.cached_path
        case FileState.ABSENT:
            raise ModelError(f"the reference model of {task.key} is not here yet: {command}")
        case FileState.DAMAGED:
            raise ModelError(
                f"{item.cached_path} is not the reference model of {task.key} (wrong SHA-256); "
                f"get it again: {command}"
            )


def _ignore(*_: object) -> None:
    pass


def fetch(
    item: PinnedFile,
    *,
    source: str | None = None,
    progress: Progress = _ignore,
    note: Note = _ignore,
    settings: FetchSettings | None = None,
) -> Path:
    """The path of the file in the cache, fetched unless it is there already.

    ``source`` is a folder or the address of a mirror to take it from instead of upstream. Either
    may hold the file by its path in the repository or by its name alone.
    """
    path = item.cached_path
    try:
        if file_state(item) is FileState.FETCHED:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        with _partial(path) as own:
            where = _place(source)
            if isinstance(where, Path):
                own.write_bytes(_read_copy(item, where))
                progress(item.size_bytes, item.size_bytes)
            else:
                pull = Pull(item, own, progress, note, settings or FetchSettings())
                _first_there(pull, _addresses(item, where))
            with own.open("r+b") as file:
                os.fsync(file.fileno())
            own.replace(path)
    except OSError as error:  # the network's have become FetchError: this is the disk
        raise FetchError(
            f"cannot keep {item.file_name} in {path.parent}: {error.strerror or error}; "
            "$TINYRUNNER_CACHE names another folder"
        ) from error
    return path


_ORPHANED_S = 3600.0
"""A partial file untouched for so long belongs to a process that was killed."""


@contextmanager
def _partial(path: Path) -> Iterator[Path]:
    """A file for this process alone, beginning with what an earlier attempt left.

    Whatever it holds in the end, unless it was renamed, is left for the next attempt. Claiming by
    renaming keeps two processes from writing into the same file.
    """
    resting = path.with_name(path.name + ".part")
    own = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    for orphan in path.parent.glob(f".{path.name}.*.part"):
        with suppress(FileNotFoundError):  # its process is alive and has just finished
            if time.time() - orphan.stat().st_mtime > _ORPHANED_S:
                orphan.replace(resting)
    try:
        resting.rename(own)
    except FileNotFoundError:
        own.touch()
    try:
        yield own
    finally:
        if own.exists():
            if own.stat().st_size:
                own.replace(resting)
            else:
                own.unlink()


# --- where from ----------------------------------------------------------------------------------


def _place(source: str | None) -> Path | str | None:
    """A folder, the address of a mirror without a slash at its end, or None for upstream."""
    if source is None:
        return None
    parts = urlsplit(source) if "://" in source else None
    if parts is None:
        return Path(source).expanduser()
    if parts.scheme == "file":
        return Path(urllib.request.url2pathname(parts.path))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise FetchError(f"{source}: expected a folder, or an address with http:// or https://")
    return source.rstrip("/")


def _addresses(item: PinnedFile, mirror: str | None) -> tuple[str, ...]:
    if mirror is None:
        return (item.url,)
    return (f"{mirror}/{item.path}", f"{mirror}/{item.file_name}")


def _first_there(pull: Pull, addresses: tuple[str, ...]) -> None:
    """Download from the first of the addresses that has the file."""
    missing = []
    for address in addresses:
        try:
            return pull.download(address)
        except NotThere as error:
            missing.append(error)
    raise FetchError(f"{'; '.join(map(str, missing))}. {ADVICE}") from missing[0]


def _read_copy(item: PinnedFile, folder: Path) -> bytes:
    """The bytes of a right copy in the folder (or at that very path)."""
    if not folder.exists():
        raise FetchError(f"no folder {folder} to take {item.file_name} from")
    wrong: dict[Path, None] = {}
    for candidate in _candidates(item, folder):
        try:
            right = candidate.stat().st_size == item.size_bytes
            data = candidate.read_bytes() if right else b""
        except OSError as error:
            raise FetchError(f"cannot read {candidate}: {error.strerror or error}") from error
        if hashlib.sha256(data).hexdigest() == item.sha256:
            return data
        wrong[candidate] = None
    if wrong:
        raise FetchError(
            f"{', '.join(map(str, wrong))}: not {item.name} as published ({item.size_bytes} bytes, "
            f"SHA-256 {item.sha256}); nothing was kept"
        )
    raise FetchError(f"no {item.file_name} in {folder}, nor {item.path}")


def _candidates(item: PinnedFile, folder: Path) -> Iterator[Path]:
    if folder.is_file():
        yield folder
        return
    names = dict.fromkeys((item.file_name, item.path.rsplit("/", 1)[1]))
    near = [folder / item.path, *(folder / name for name in names)]
    yield from (path for path in near if path.is_file())
    for parent, folders, files in os.walk(folder):
        folders.sort()
        inside = (Path(parent, name) for name in names if name in files)
        yield from (path for path in inside if path not in near)
