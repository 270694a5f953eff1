"""Finds the sessions in a folder, tells in which state each is, and removes those of no use.

A session that was stopped before its first step has measured nothing. What else a folder holds was
measured once, and is removed only by somebody who was told that.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from pathlib import Path

from ....datasets.inputs import LABELS_NAME
from ....errors import in_words
from ....models.suite import STREAMING_TASKS
from ...errors import InUse, SetupError
from ...journal.journal import has_a_step
from ...journal.session_document import Json, Provenance, read_document
from ...journal.session_folder import (
    DOCUMENT_NAME,
    PARTIAL,
    TRUTH_NAME,
    SessionFolder,
    alone_with,
)
from ...terms import Mode
from .resume_point import is_measured


class SessionState(Enum):
    """Says how far a session has come."""

    FINISHED = "finished"
    NOT_SCORED = "not scored"
    """All is measured; only the result is missing."""
    STOPPED = "stopped"
    NOT_BEGUN = "not begun"
    """It was stopped before its first step: nothing was measured."""
    DAMAGED = "damaged"
    """Its session.json is missing or cannot be read."""
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class FoundSession:
    """Is a session's folder, as it was found."""

    folder: Path
    state: SessionState
    begun: datetime | None
    """When it was begun, by the clock of its computer; None where neither file nor name says so."""
    provenance: Provenance | None
    result: Json | None
    trouble: str = ""
    """Why its session.json cannot be read."""

    @property
    def board(self) -> str:
        """Return what its owner calls the board, else what the device calls itself."""
        if self.provenance is None:
            return ""
        named = (self.provenance.config or {}).get("board")
        return named if isinstance(named, str) else self.provenance.device.vendor

    @property
    def resumable(self) -> bool:
        """Tell whether `run --resume` has something to do, and can do it."""
        if self.provenance is None or self.provenance.config is None:
            return False
        if self.state is SessionState.NOT_SCORED:
            return True
        left = self.state in (SessionState.STOPPED, SessionState.NOT_BEGUN)
        # One trace holds all windows of energy, and a recording plays once.
        return left and self.provenance.mode is not Mode.ENERGY and not self.is_streaming

    @property
    def is_streaming(self) -> bool:
        """Tell whether it is of a task that listens to a recording."""
        return self.provenance is not None and self.provenance.task in STREAMING_TASKS

    @property
    def foreign_files(self) -> tuple[str, ...]:
        """Return the names in its folder that no session writes."""
        return tuple(sorted(path.name for path in self.folder.iterdir() if not _is_own(path)))

    @property
    def size_bytes(self) -> int:
        """Return how much its files hold."""
        try:
            return sum(path.stat().st_size for path in self.folder.iterdir() if path.is_file())
        except OSError:  # nobody may look into it
            return 0


def find_sessions(root: Path) -> tuple[FoundSession, ...]:
    """Return the session that ``root`` is, or those in it, the oldest first.

    SetupError where there is no such folder. Logs without a session.json, under a name that no run
    gives, are somebody else's and left out.
    """
    if not root.is_dir():
        said = f"{root} is a file" if root.is_file() else f"there is no folder {root}"
        raise SetupError(f"{said}; name a folder that holds sessions, or a session's")
    if _is_session(root):
        return (look_at(root),)
    found = [_looked_at(child) for child in sorted(root.iterdir()) if _is_session(child)]
    return tuple(sorted(found, key=_age))


def _age(session: FoundSession) -> tuple[bool, str, str]:
    """Return what sessions are sorted by: the oldest first, those without a date last."""
    begun = session.begun
    return begun is None, "" if begun is None else begun.isoformat(), session.folder.name


def look_at(folder: Path) -> FoundSession:
    """Return the session in one folder; SetupError where it holds none."""
    found = _look_into(folder)
    if found.state is SessionState.FINISHED or not _is_in_use(folder):
        return found
    return replace(found, state=SessionState.RUNNING)


def _looked_at(folder: Path) -> FoundSession:
    """Look at one of several: what nobody may read of it hides none of the others."""
    try:
        return look_at(folder)
    except OSError as error:
        begun = _begun_by_name(folder)
        return FoundSession(folder, SessionState.DAMAGED, begun, None, None, in_words(error))


def remove_session(session: FoundSession) -> None:
    """Remove a session's files and its folder.

    SetupError where another process writes it, where it has been gone on with since it was looked
    at, or where something lies in it that no session writes.
    """
    folder = session.folder
    if folder.is_symlink():
        raise SetupError(f"{folder} is a link, and stays; remove what it leads to")
    with alone_with(SessionFolder(folder, "")):
        if others := session.foreign_files:
            raise SetupError(
                f"{folder} stays: it holds {', '.join(others)}, which no session writes"
            )
        if _look_into(folder).state is not session.state:
            raise SetupError(f"{folder} stays: it has been gone on with meanwhile")
        try:
            for path in sorted(folder.iterdir()):
                path.unlink()
            folder.rmdir()
        except OSError as error:
            raise SetupError(f"cannot remove {folder}: {error.strerror or error}") from error


_OWN_NAMES = (
    DOCUMENT_NAME, "log.txt", "script.async", LABELS_NAME, TRUTH_NAME, "result.txt",
    "calibration.txt", "*-damaged.*", "*-damaged-*.*", "*-energy.bin", "*-timestamps.json",
    "*-details.json", "energy_trace.png", "energy_inf_*.png", f"*{PARTIAL}",
)  # fmt: skip
"""The files that a session leaves behind."""

_BEGINNINGS = (
    DOCUMENT_NAME, "log.txt", "script.async", LABELS_NAME, TRUTH_NAME, "calibration.txt",
    *(f"{name}{PARTIAL}" for name in (DOCUMENT_NAME, "script.async", LABELS_NAME, TRUTH_NAME)),
)  # fmt: skip
"""Those that it may have before its first step; any other was written later."""

_NAME = re.compile(
    r"(?P<begun>[0-9]{8}_[0-9]{6})_.+_(?:performance|accuracy|energy)(?:_[0-9]{1,3})?"
)
"""What `create_session` calls a folder."""


def _is_own(path: Path) -> bool:
    is_file = path.is_file() and not path.is_symlink()
    return is_file and any(fnmatch.fnmatchcase(path.name, name) for name in _OWN_NAMES)


def _is_session(folder: Path) -> bool:
    named = folder.is_dir() and _NAME.fullmatch(folder.name) is not None
    try:
        return named or (folder / DOCUMENT_NAME).is_file()
    except OSError:  # nobody may look into it, and no run called it so
        return False


def _look_into(folder: Path) -> FoundSession:
    """Return the session in a folder, whether or not somebody writes it."""
    session = SessionFolder(folder, "")
    if not (_is_session(folder) or session.log.is_file()):
        raise SetupError(f"{folder} is no session's folder (it has no session.json and no log.txt)")
    stepped = has_a_step(session.log) or any(
        path.name not in _BEGINNINGS and _is_own(path) for path in folder.iterdir()
    )
    begun = _begun_by_name(folder)
    try:
        document = read_document(folder)
    except SetupError as error:
        damaged = stepped or session.document.exists()
        state = SessionState.DAMAGED if damaged else SessionState.NOT_BEGUN
        return FoundSession(folder, state, begun, None, None, str(error))
    if document.result is not None:
        state = SessionState.FINISHED
    elif is_measured(session.log):
        state = SessionState.NOT_SCORED
    else:
        state = SessionState.STOPPED if stepped else SessionState.NOT_BEGUN
    begun = _local_time(document.provenance.created) or begun
    return FoundSession(folder, state, begun, document.provenance, document.result)


def _begun_by_name(folder: Path) -> datetime | None:
    named = _NAME.fullmatch(folder.resolve().name)
    try:
        return None if named is None else datetime.strptime(named["begun"], "%Y%m%d_%H%M%S")  # noqa: DTZ007 - the name is in local time
    except ValueError:
        return None


def _local_time(created: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone().replace(tzinfo=None)


def _is_in_use(folder: Path) -> bool:
    try:
        with alone_with(SessionFolder(folder, "")):
            return False
    except InUse:
        return True
    except SetupError:
        return False  # no lock can be made here, so nobody here holds one
