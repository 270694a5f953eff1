"""Finds where sessions belong in a submission, by what their session.json says of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ....models.suite import TASKS
from ...errors import SetupError
from ...journal.session_document import read_document, task_and_mode
from ...terms import Mode, Purpose


@dataclass(frozen=True, slots=True)
class FoundSession:
    """Says of a session's provenance what a submission's description needs."""

    folder: Path
    task: str
    mode: Mode
    round_name: str | None
    division: str | None
    firmware: str
    """The firmware's name and profile."""
    vendor: str
    simulated: bool
    purpose: Purpose


@dataclass(frozen=True, slots=True)
class PlacedSessions:
    """Holds sessions by task and mode: one each, at most."""

    sessions: tuple[FoundSession, ...]
    left_out: tuple[Path, ...] = ()
    """Sessions in the folders that were run for development, and so are none to submit."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks that there are, in the suite's order."""
        there = {session.task for session in self.sessions}
        return tuple(key for key in TASKS if key in there)

    @property
    def has_energy(self) -> bool:
        return any(session.mode is Mode.ENERGY for session in self.sessions)

    @property
    def simulated(self) -> bool:
        return any(session.simulated for session in self.sessions)

    def of(self, task: str) -> dict[Mode, Path]:
        return {
            mode: session.folder
            for mode in Mode
            for session in self.sessions
            if (session.task, session.mode) == (task, mode)
        }


def place_sessions(paths: list[Path]) -> PlacedSessions:
    """Look at sessions, or folders of sessions; SetupError where two claim the same place.

    A session for development that was named itself is refused, one in a folder is left out.
    """
    found: dict[tuple[str, Mode], FoundSession] = {}
    problems, left_out = [], []
    for folder in dict.fromkeys(folder for path in paths for folder in _folders(path)):
        session = _look(folder)
        if session.purpose is Purpose.DEVELOPMENT:
            if folder in paths:
                raise SetupError(f"{folder} was run for development; leave it out")
            left_out.append(folder)
            continue
        first = found.setdefault((session.task, session.mode), session)
        if first is not session and first.folder.resolve() != folder.resolve():
            problems.append(
                f"{session.task} {session.mode.value}: both {first.folder} and {folder}; "
                "give the one to submit"
            )
    if problems:
        raise SetupError("two sessions for the same place:\n  " + "\n  ".join(problems))
    if left_out and not found:
        raise SetupError(f"all {len(left_out)} sessions there were run for development")
    return PlacedSessions(tuple(found.values()), tuple(left_out))


def _folders(path: Path) -> Iterator[Path]:
    """Return the session itself, or those that a folder holds."""
    if (path / "session.json").is_file() or not path.is_dir():
        yield path
        return
    inside = sorted(child for child in path.iterdir() if (child / "session.json").is_file())
    if not inside:
        raise SetupError(f"{path} is no session and holds none (no session.json)")
    yield from inside


def _look(folder: Path) -> FoundSession:
    if not folder.is_dir():
        raise SetupError(f"{folder} is no folder; give a session's")
    provenance = read_document(folder).provenance
    task, mode = task_and_mode(provenance, folder)
    if task.key not in TASKS:
        raise SetupError(
            f"{folder} is a session of your own task ({task.title}), which no round has; leave it "
            "out"
        )
    device = provenance.device
    return FoundSession(
        folder=folder,
        task=task.key,
        mode=mode,
        round_name=provenance.round,
        division=provenance.division.value,
        firmware=f"firmware: {device.vendor}, {device.profile}",
        vendor=device.vendor,
        simulated=provenance.is_simulated,
        purpose=provenance.purpose,
    )
