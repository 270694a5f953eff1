"""The folder of a session: what a run leaves behind.

    log.txt          the journal, from which every figure can be recomputed
    script.async     the plan that was executed
    session.json     provenance (written before the first step, never changed), result, findings
    y_labels.csv     the label list that the session used
    result.txt       the figures as the field writes them
    calibration.txt  how N was found (performance, `--iterations auto`)

A session folder is never overwritten.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...datasets.inputs import LABELS_NAME
from ...models.cache import cache_root
from ..errors import SetupError
from ..terms import Mode


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
        return self.folder / "session.json"

    @property
    def labels(self) -> Path:
        return self.folder / LABELS_NAME

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
            "name another place with --sessions"
        ) from error
    raise SetupError(f"{root} holds a thousand sessions of this second")


@contextmanager
def alone_with(session: SessionFolder) -> Iterator[None]:
    """Hold the session's lock; SetupError when another process writes it at the moment.

    The system releases the lock of a process that was killed.
    """
    from filelock import FileLock, Timeout  # here: only who writes a session locks it

    name = hashlib.sha256(str(session.folder.resolve()).encode()).hexdigest()[:32]
    try:
        # Not in the folder: what a session leaves behind is for submitting.
        locks = cache_root() / "locks"
        locks.mkdir(parents=True, exist_ok=True)
        lock = FileLock(locks / f"{name}.lock")
        lock.acquire(timeout=0)
    except Timeout as error:
        raise SetupError(
            f"{session.folder} is in use by another process: it is still running, or being "
            "continued somewhere else"
        ) from error
    try:
        yield
    finally:
        lock.release()


def write_atomically(path: Path, text: str) -> None:
    """Replace ``path`` by a file that holds ``text``, so that a crash leaves the old or the new."""
    temporary = path.with_name(path.name + PARTIAL)
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


PARTIAL = ".partial"
"""The end of the name of a file that is not written whole yet."""


def remove_leftovers(session: SessionFolder) -> None:
    """Remove what a program that was killed while it wrote a file left behind."""
    for left in session.folder.glob(f"*{PARTIAL}"):
        left.unlink(missing_ok=True)
