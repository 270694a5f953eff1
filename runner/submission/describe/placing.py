"""Finds where sessions belong in a submission, by their session.json or MLCommons' log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ....models.suite import BENCHMARKS, TASKS_BY_MODEL_ID, StreamingTask, Task
from ...errors import SetupError
from ...journal.logged_session import MLCOMMONS_FILES, is_of_mlcommons, read_log
from ...journal.records import LogFacts
from ...journal.session_document import benchmark_and_mode, read_document
from ...journal.session_folder import DOCUMENT_NAME
from ...score.streaming.assess import known_streaming_task
from ...terms import Mode, Purpose


@dataclass(frozen=True, slots=True)
class FoundSession:
    """Says of a session what a submission's description needs."""

    folder: Path
    task: str
    mode: Mode
    round_name: str | None
    division: str | None
    firmware: str
    """The firmware's name and profile."""
    vendor: str
    simulated: bool
    of_mlcommons: bool = False
    """Whether MLCommons' runner measured it, so that its log is all that tells of it."""
    unusable: str = ""
    """Why it is none to submit."""
    lacks_words: bool = False
    """Whether the words of its recording stand elsewhere."""


@dataclass(frozen=True, slots=True)
class PlacedSessions:
    """Holds sessions by task and mode: one each, at most."""

    sessions: tuple[FoundSession, ...]
    left_out: tuple[FoundSession, ...] = ()
    """Sessions in the folders that are none to submit."""

    @property
    def tasks(self) -> tuple[str, ...]:
        """Return the tasks that there are, in the suite's order."""
        there = {session.task for session in self.sessions}
        return tuple(key for key in BENCHMARKS if key in there)

    @property
    def has_energy(self) -> bool:
        return any(session.mode is Mode.ENERGY for session in self.sessions)

    @property
    def simulated(self) -> bool:
        return any(session.simulated for session in self.sessions)

    @property
    def of_mlcommons(self) -> bool:
        return any(session.of_mlcommons for session in self.sessions)

    @property
    def lack_words(self) -> bool:
        return any(session.lacks_words for session in self.sessions)

    def of(self, task: str) -> dict[Mode, Path]:
        return {
            mode: session.folder
            for mode in Mode
            for session in self.sessions
            if (session.task, session.mode) == (task, mode)
        }


def place_sessions(paths: list[Path]) -> PlacedSessions:
    """Look at sessions, or folders of sessions; SetupError where two claim the same place.

    One that cannot be submitted is refused where it was named itself, and left out of a folder.
    """
    found: dict[tuple[str, Mode], FoundSession] = {}
    problems: list[str] = []
    left_out: list[FoundSession] = []
    for folder in dict.fromkeys(folder for path in paths for folder in _folders(path)):
        session = _look(folder)
        if session.unusable:
            if folder in paths:
                raise SetupError(f"{folder} {session.unusable}; leave it out")
            left_out.append(session)
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
        why = "; ".join(dict.fromkeys(f"one {session.unusable}" for session in left_out))
        raise SetupError(f"none of the {len(left_out)} sessions there can be submitted: {why}")
    return PlacedSessions(tuple(found.values()), tuple(left_out))


def _folders(path: Path) -> Iterator[Path]:
    """Return the session itself, or those that a folder holds."""
    if not path.is_dir() or _is_session(path):
        yield path
        return
    inside = sorted(child for child in path.iterdir() if child.is_dir() and _is_session(child))
    if not inside:
        raise SetupError(
            f"{path} is no session and holds none (no session.json, and no log.txt of MLCommons' "
            "runner)"
        )
    yield from inside


def _is_session(folder: Path) -> bool:
    return (folder / DOCUMENT_NAME).is_file() or is_of_mlcommons(folder)


def _look(folder: Path) -> FoundSession:
    if not folder.is_dir():
        raise SetupError(f"{folder} is no folder; give a session's")
    if is_of_mlcommons(folder):
        return _look_at_mlcommons(folder)
    provenance = read_document(folder).provenance
    task, mode = benchmark_and_mode(provenance, folder)
    if task.key not in BENCHMARKS:
        raise SetupError(
            f"{folder} is a session of your own task ({task.title}), which no round has; leave it "
            "out"
        )
    unusable = _FOR_DEVELOPMENT if provenance.purpose is Purpose.DEVELOPMENT else ""
    if isinstance(task, StreamingTask) and mode is Mode.ACCURACY:
        unusable = _WITHOUT_BOARD
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
        unusable=unusable,
    )


_FOR_DEVELOPMENT = "was run for development"
_WITHOUT_BOARD = "is a streaming task's in accuracy mode, which no submission has"


def _look_at_mlcommons(folder: Path) -> FoundSession:
    log = folder / MLCOMMONS_FILES[0]
    logged = read_log(log, merge_json=False)
    facts = logged.facts
    with_energy = facts.streaming is not None and facts.mode is Mode.ENERGY
    # Its samples are some 30 MB, and the rules do not ask for them.
    wanted = MLCOMMONS_FILES[:-1] if with_energy else MLCOMMONS_FILES
    absent = [name for name in wanted if not (folder / name).is_file()]
    unusable = ""
    if facts.rendered:
        unusable = "was rendered by tinyrunner: the session itself is the one to give"
    elif absent:
        unusable = f"is unfinished or incomplete: no {', '.join(absent)}"
    elif not facts.finished:
        unusable = "is unfinished: its log does not hold the end of its session"
    elif facts.mode is None:
        unusable = "holds no inference"
    elif facts.streaming is not None and facts.mode is Mode.ACCURACY:
        unusable = _WITHOUT_BOARD
    task = _task_of(facts)
    if task is None and not unusable:
        named = ", ".join(facts.model_ids) or "none"
        unusable = f"is of no model that is known here (it names {named})"
    vendor = next(iter(facts.names), "unknown")
    return FoundSession(
        folder=folder,
        task="" if task is None else task.key,
        mode=facts.mode or Mode.PERFORMANCE,
        round_name=None,
        division=None,
        firmware=f"firmware: {vendor}, {next(iter(facts.profiles), 'unknown')}",
        vendor=vendor,
        simulated=facts.simulated_line is not None,
        of_mlcommons=True,
        unusable=unusable,
        lacks_words=with_energy and not (folder / MLCOMMONS_FILES[-1]).is_file(),
    )


def _task_of(facts: LogFacts) -> Task | StreamingTask | None:
    if facts.streaming is not None:
        return known_streaming_task(facts)
    known = (TASKS_BY_MODEL_ID.get(model_id) for model_id in facts.model_ids)
    return next((task for task in known if task is not None), None)
