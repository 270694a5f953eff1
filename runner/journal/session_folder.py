"""The folder of a session: what a run leaves behind.

    log.txt          the journal, from which every figure can be recomputed
    script.async     the plan that was executed
    session.json     provenance (written before the first step, never changed), result, findings
    y_labels.csv     the label list that the session used
    truth.json       the words of the recording, where one was played instead
    result.txt       the figures as the field writes them
    calibration.txt  how N was found (performance, `--iterations auto`)
    log-damaged.txt  what a power failure left behind a log that was then continued

A session folder is never overwritten.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from ...datasets.inputs import LABELS_NAME
from ...models.cache import CACHE_VARIABLE, cache_root
from ..errors import InUse, SetupError
from ..terms import Mode

DOCUMENT_NAME = "session.json"
TRUTH_NAME = "truth.json"


@dataclass(frozen=True, slots=True)
class SessionFolder:
    """Names the places of one session."""

    folder: Path
    session_id: str
    """The session's id: `YYYYMMDDHHMMSS`, as the field's logs have it."""

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    @property
    def script(self) -> Path:
        return self.folder / "script.async"

    @property
    def document(self) -> Path:
        return self.folder / DOCUMENT_NAME

    @property
    def labels(self) -> Path:
        return self.folder / LABELS_NAME

    @property
    def truth(self) -> Path:
        """Return where a streaming task's session keeps the words of its recording."""
        return self.folder / TRUTH_NAME

    @property
    def result(self) -> Path:
        return self.folder / "result.txt"

    @property
    def calibration(self) -> Path:
        return self.folder / "calibration.txt"


def file_called(name: str, files: Collection[str], mode: Mode | None = None) -> str | None:
    """Find a session's file among ``files``, under its name or an older one; None without it.

    Rounds v0.5 and v0.7 have `accuracy_log.txt` for `log.txt`. Another word before it than the
    mode's own is read where there is one such file alone.
    """
    if name in files:
        return name
    if mode is not None and f"{mode.value}_{name}" in files:
        return f"{mode.value}_{name}"
    prefixed = [file for file in files if file.endswith(f"_{name}") and file[0] not in "._"]
    return prefixed[0] if len(prefixed) == 1 else None


def create_session(
    root: Path, task_key: str, mode: Mode, board: str | None = None
) -> SessionFolder:
    """Make a new folder under ``root``, named after the time, the board, the task and the mode."""
    now = datetime.now(UTC).astimezone()
    session_id = now.strftime("%Y%m%d%H%M%S")
    of_board = "" if board is None else f"{board}_"
    name = f"{now:%Y%m%d_%H%M%S}_{of_board}{task_key}_{mode.value}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        for attempt in range(1, 1000):
            folder = root / (name if attempt == 1 else f"{name}_{attempt}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return SessionFolder(folder, session_id)
    except OSError as error:
        raise SetupError(
            f"cannot make a session folder in {root}: {error.strerror or error}; "
            "name another folder for sessions"
        ) from error
    raise SetupError(f"{root} holds a thousand sessions of this second")


def sessions_of(root: Path, task_key: str, mode: Mode) -> list[Path]:
    """Return the folders under ``root`` that were made for a task and a mode, the newest first."""
    pattern = re.compile(rf"(.+_{re.escape(task_key)}_{mode.value})(?:_([0-9]{{1,3}}))?")
    named = [(pattern.fullmatch(folder.name), folder) for folder in root.iterdir()]
    # Of one second, the one without a number was the first.
    found = [(match[1], int(match[2] or 1), folder) for match, folder in named if match]
    return [folder for _, _, folder in sorted(found, reverse=True)]


_PATIENCE_S = 0.2
"""Who only looks whether a session is in use holds its lock for less."""


@contextmanager
def alone_with(session: SessionFolder) -> Iterator[None]:
    """Hold the session's lock; InUse when another process writes it at the moment."""
    with alone_in(session.folder):
        yield


@contextmanager
def alone_in(folder: Path, wait_s: float = _PATIENCE_S) -> Iterator[None]:
    """Hold the lock of a folder, which need not exist; InUse when another process has it.

    SetupError where no lock can be made. The system releases the lock of a process that was killed.
    """
    from filelock import FileLock, Timeout  # here: only who writes a session locks it

    name = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:32]
    try:
        # Not in the folder: what a session leaves behind is for submitting.
        locks = cache_root() / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / f"{name}.lock")
        lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise InUse(
            f"{folder} is in use by another process: it is still running, or being "
            "continued somewhere else"
        ) from error
    except OSError as error:
        raise SetupError(
            f"cannot keep a lock of {folder} in {cache_root()}: {error.strerror or error}; "
            f"${CACHE_VARIABLE} names another folder"
        ) from error
    try:
        yield
    finally:
        lock.release()


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace ``path`` by a file that holds ``content``, a text as UTF-8.

    A crash leaves the old file or the new one; what has returned outlasts a power failure.
    """
    temporary = path.with_name(path.name + PARTIAL)
    try:
        with temporary.open("wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # a full disk is told without
        raise
    sync_folder(path.parent)


def write_new(path: Path, text: str) -> None:
    """Write a file that is not there yet, whole or not at all; FileExistsError where it is."""
    data = text.encode("utf-8")
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise
    except OSError as error:
        with suppress(OSError):
            path.unlink()
        error.filename = str(path)  # a full disk is told without
        raise


PARTIAL = ".partial"
"""The end of the name of a file that is not written whole yet."""


def remove_leftovers(session: SessionFolder) -> None:
    """Remove what a program that was killed while it wrote a file left behind."""
    for left in session.folder.glob(f"*{PARTIAL}"):
        left.unlink(missing_ok=True)


def spare_name(path: Path) -> Path:
    """Return a name under which a damaged file can be kept: `log-damaged.txt`, `-damaged-2`, …"""
    names = (f"{path.stem}-damaged{'' if n == 1 else f'-{n}'}{path.suffix}" for n in count(1))
    return next(spare for spare in map(path.with_name, names) if not spare.exists())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can be asked for that.

    Windows cannot; some network file systems refuse it, and look after it themselves.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
            raise
    finally:
        os.close(handle)
