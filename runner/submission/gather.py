"""Gathers the sessions of a description: read, judged under its round, compared.

A session that is not what its place says, or whose files do not agree, is never built from. Those
of one system that were not made alike (other firmware, tool, inputs) are refused too, but that
can be overruled. Everything found is told, not only the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ...datasets.official_lists import identify
from ...errors import TinyrunnerError
from ...models.suite import STREAMING_TASKS, StreamingTask, Task
from ..config.rounds import Round, Rounds, load_rounds
from ..errors import SetupError
from ..journal.logged_session import is_of_mlcommons
from ..journal.session_document import Provenance, benchmark_and_mode, read_document
from ..journal.session_folder import SessionFolder
from ..score.judge import Judged, judge_any
from ..score.rules import FindingKind
from ..score.streaming.assess import JudgedStream
from ..terms import Dialect, Division, Mode, Purpose
from .agreement import disagreements
from .describe.description import Description
from .describe.placing import place_sessions

MLCOMMONS_RUNNER = "MLCommons' runner"
UNTOLD = "unknown"
"""Stands for what a session of MLCommons' runner does not tell, and so differs from nothing."""


class BuildError(SetupError):
    """Says why a submission cannot be built as described; nothing was written."""


@dataclass(frozen=True, slots=True)
class GatheredSession:
    """Is one session, where it belongs, and what it measured."""

    system: str
    """The id of the system."""
    folder: Path
    provenance: Provenance | None
    """What its session.json says; None of a session of MLCommons' runner, which writes none."""
    judged: Judged | JudgedStream
    runner_commit: str = ""
    """The commit of MLCommons' runner, as the submitter says."""

    @property
    def task(self) -> Task | StreamingTask:
        return self.judged.task

    @property
    def mode(self) -> Mode:
        return self.judged.mode

    @property
    def place(self) -> str:
        """Return `board/kws/energy`."""
        return f"{self.system}/{self.task.key}/{self.mode.value}"

    @property
    def tool(self) -> str:
        """Return `tinyrunner 0.1.0`, or `MLCommons' runner`."""
        if self.provenance is None:
            return f"{MLCOMMONS_RUNNER} ({self.runner_commit})".removesuffix(" ()")
        tool = self.provenance.tool
        return f"{tool.name} {tool.version}"

    @property
    def vendor(self) -> str:
        """Return the device's name, as it says it."""
        if self.provenance is not None:
            return self.provenance.device.vendor
        return next(iter(self.judged.assessment.facts.names), UNTOLD)

    @property
    def profile(self) -> str:
        if self.provenance is not None:
            return str(self.provenance.device.profile)
        return next(iter(self.judged.assessment.facts.profiles), UNTOLD)

    @property
    def model_id(self) -> str:
        if self.provenance is not None:
            return str(self.provenance.device.model_id)
        return next(iter(self.judged.assessment.facts.model_ids), UNTOLD)

    @property
    def created(self) -> str:
        """Return when it was begun, ISO 8601 as far as anybody knows."""
        if self.provenance is not None:
            return self.provenance.created
        name = next(iter(self.judged.assessment.facts.session_ids), "")
        return name.replace("_", "T")  # the runner's folder is called 20250726_010147

    @property
    def session_id(self) -> str:
        if self.provenance is not None:
            return self.provenance.session_id
        return next(iter(self.judged.assessment.facts.session_ids), UNTOLD)

    @property
    def official_list(self) -> str | None:
        """Return the name of the official list that its inputs are of; None for another."""
        if self.provenance is not None:
            return self.provenance.dataset.official_list
        labels = self.judged.label_list if isinstance(self.judged, Judged) else None
        official = None if labels is None else identify(labels)
        return None if official is None else official.name

    @property
    def official_words(self) -> bool:
        """Tell whether it is a streaming session that played the round's own recording."""
        truth = self.judged.truth if isinstance(self.judged, JudgedStream) else None
        return truth is not None and truth.is_official

    @property
    def io_manager(self) -> str:
        """Return the IO manager's name and version, out of its own messages."""
        manager = None if self.provenance is None else self.provenance.io_manager
        messages = () if manager is None else (manager.name, manager.version)
        return " ".join(text.partition("[")[2].rpartition("]")[0] or text for text in messages)

    @property
    def simulated(self) -> bool:
        return self.judged.assessment.simulated


@dataclass(frozen=True, slots=True)
class Gathered:
    """Holds all sessions of a description."""

    sessions: tuple[GatheredSession, ...]
    mixed: tuple[str, ...]
    """Differences that were overruled: how sessions differ that should not."""
    notes: tuple[str, ...]

    def of(
        self, system: str | None = None, task: str | None = None, mode: Mode | None = None
    ) -> tuple[GatheredSession, ...]:
        """Return the sessions of a system, a task, a mode."""
        return tuple(
            session
            for session in self.sessions
            if system in (None, session.system)
            and task in (None, session.task.key)
            and mode in (None, session.mode)
        )


def gather(description: Description, *, allow_mixed: bool = False) -> Gathered:
    """Read and judge every session; BuildError lists all that speaks against building."""
    places = [
        (system.id, key, mode, folder)
        for system in description.systems
        for (key, mode), folder in system.places.items()
    ]
    if not places:
        raise BuildError("no session is named; give one under systems: sessions:")
    rounds = load_rounds()
    problems = list(_given_twice(places))
    if description.datasets is not None and not description.datasets.is_dir():
        problems.append(f"datasets: {description.datasets} is no folder; name the one of sww01/")
    sessions = []
    for system_id, key, mode, folder in places:
        place = f"{system_id}/{key}/{mode.value}"
        try:
            session = _read(system_id, key, mode, folder, description, rounds)
        except (TinyrunnerError, OSError) as error:
            problems.append(f"{place}: {error}")
        else:
            problems += (f"{place}: {text}" for text in disagreements(session))
            sessions.append(session)
    problems += _out_of_place(sessions, rounds.get(description.round))
    mixed = list(_differences(sessions, description.division))
    if not allow_mixed:
        problems += (f"{text}; --allow-mixed builds all the same, and says so" for text in mixed)
    if problems:
        raise BuildError("cannot build this submission:\n  " + "\n  ".join(problems))
    return Gathered(tuple(sessions), tuple(mixed), tuple(_notes(sessions, description)))


def _given_twice(places: Iterable[tuple[str, str, Mode, Path]]) -> Iterator[str]:
    seen: dict[Path, str] = {}
    for system_id, key, mode, folder in places:
        place = f"{system_id}/{key}/{mode.value}"
        if (first := seen.setdefault(folder.resolve(), place)) != place:
            yield f"{place}: {folder} is the session of {first} already"


def _out_of_place(sessions: Sequence[GatheredSession], round_: Round) -> Iterator[str]:
    """Say which tasks the round does not have, and which lack the one that they stand beside."""
    have = dict.fromkeys((session.system, session.task.key) for session in sessions)
    tasks = {session.task.key: session.task for session in sessions}
    for system, key in have:
        task = tasks[key]
        official, base = (task.official, task.base) if isinstance(task, Task) else (True, None)
        if official and key not in round_.benchmarks:
            yield f"{system}/{key}: {round_.name} has no {key}; build for a round that has"
        elif base is not None and (system, base.key) not in have:
            yield (
                f"{system}/{key}: {key} is the larger of two, and needs {base.key} of the same "
                f"system beside it; name the sessions of {base.key} as well"
            )


def _read(
    system_id: str, key: str, mode: Mode, folder: Path, description: Description, rounds: Rounds
) -> GatheredSession:
    if not folder.is_dir():
        raise SetupError(f"{folder} is no folder; give a session's")
    if is_of_mlcommons(folder):
        return _read_mlcommons(system_id, key, mode, folder, description, rounds)
    document = read_document(folder)
    provenance = document.provenance
    task, measured = benchmark_and_mode(provenance, folder)
    if (task.key, measured) != (key, mode):
        raise SetupError(f"{folder} is a session of {task.key} {measured.value}")
    session = SessionFolder(folder, "")
    words = session.truth if isinstance(task, StreamingTask) else session.labels
    wanted = (session.log, session.script, words, session.result)
    if absent := [path.name for path in wanted if not path.is_file()]:
        raise SetupError(f"{folder} is unfinished or incomplete: no {', '.join(absent)}")
    if document.result is None:
        raise SetupError(f"{folder} is unfinished: `tinyrunner run --resume` continues it")
    judged = judge_any(
        folder,
        round_name=description.round,
        division=description.division.value,
        purpose=Purpose.SUBMISSION.value,
    )
    found = {finding.kind: finding for finding in judged.assessment.findings}
    if (development := found.get(FindingKind.FOR_DEVELOPMENT)) is not None:
        raise SetupError(f"{folder} cannot be submitted: {development.text}")
    stream = judged.assessment.facts.streaming
    if stream is not None and stream.fed:
        raise SetupError(f"{folder} cannot be submitted: no interface board played its recording")
    if not judged.assessment.facts.finished:
        raise SetupError(f"{folder} is unfinished: its log does not hold the end of its session")
    return GatheredSession(system_id, folder, provenance, judged)


def _read_mlcommons(
    system_id: str, key: str, mode: Mode, folder: Path, description: Description, rounds: Rounds
) -> GatheredSession:
    """Read a session of MLCommons' runner, which only its own rounds take."""
    (found,) = place_sessions([folder]).sessions
    if rounds.get(description.round).dialect is not Dialect.MLCOMMONS:
        takes = [r.name for r in rounds.by_name.values() if r.dialect is Dialect.MLCOMMONS]
        raise SetupError(
            f"{folder} is a session of {MLCOMMONS_RUNNER}, which {description.round} does not "
            f"take: rounds {' and '.join(takes)} do"
        )
    if (found.task, found.mode) != (key, mode):
        raise SetupError(f"{folder} is a session of {found.task} {found.mode.value}")
    judged = judge_any(
        folder,
        datasets=description.datasets,
        round_name=description.round,
        division=description.division.value,
        words_needed=False,
    )
    stream = judged.assessment.streaming
    if stream is not None and stream.words is None:
        raise SetupError(
            f"{folder} has no results.json that tells the words of {stream.wav_file}; get the "
            f"official ones (`tinyrunner datasets fetch {judged.task.model_id}`), or name in "
            "`datasets` of the description the folder DATASETS that the runner played by, whose "
            f"{judged.task.model_id}/ holds sww_long_test.json"
        )
    return GatheredSession(system_id, folder, None, judged, description.runner.commit)


_Told = Callable[[GatheredSession], object]


def _profile(session: GatheredSession) -> str:
    """Return the profile; of streaming firmware, whose reference has one of its own, none."""
    return UNTOLD if isinstance(session.task, StreamingTask) else session.profile


_ALIKE_IN_SYSTEM: tuple[tuple[str, _Told], ...] = (
    ("tool", lambda session: session.tool),
    ("firmware's name", lambda session: session.vendor),
    ("firmware's profile", _profile),
)


def _simulated_model(session: GatheredSession) -> str | None:
    simulated = None if session.provenance is None else session.provenance.simulated
    return None if simulated is None else simulated.model_sha256


def _labels(session: GatheredSession) -> str:
    told = session.provenance
    return UNTOLD if told is None else told.dataset.labels_sha256


def _content(session: GatheredSession) -> str | None:
    told = session.provenance
    return UNTOLD if told is None else told.dataset.content_sha256


_ALIKE_IN_TASK: tuple[tuple[str, _Told], ...] = (
    ("firmware's profile", lambda session: session.profile),
    ("model id", lambda session: session.model_id),
    ("simulated device's model (sha256)", _simulated_model),
    ("label list (sha256)", _labels),
    ("inputs' content (sha256)", _content),
)


def _differences(sessions: list[GatheredSession], division: Division) -> Iterator[str]:
    """Say how sessions of one system differ that should be alike, system by system."""
    for system_id, group in groupby(sessions, lambda session: session.system):
        together = list(group)
        for what, told in _ALIKE_IN_SYSTEM:
            yield from _unlike(f"{system_id}: the {what} differs", together, told)
        for key, of_task in groupby(together, lambda session: session.task.key):
            alike = list(of_task)
            for what, told in _ALIKE_IN_TASK:
                yield from _unlike(f"{system_id}/{key}: the {what} differs", alike, told)
    for session in sessions:
        provenance = session.provenance
        if provenance is not None and (said := provenance.division) is not division:
            yield (
                f"{session.place}: it was run for the {said.value} division, the submission is of "
                f"the {division.value} one"
            )


def _unlike(title: str, sessions: list[GatheredSession], told: _Told) -> Iterator[str]:
    by_value: dict[str, list[str]] = {}
    for session in sessions:
        value = told(session)
        if value == UNTOLD:
            continue
        text = "none" if value is None else str(value)
        by_value.setdefault(text, []).append(session.place)
    if len(by_value) > 1:
        groups = (f"{value!r} in {', '.join(places)}" for value, places in by_value.items())
        yield f"{title}: {'; '.join(groups)}"


def _notes(sessions: list[GatheredSession], description: Description) -> Iterator[str]:
    """Say what is worth knowing, and no reason to refuse."""
    for system in description.systems:
        for key, named in system.sessions.items():
            # The accuracy of a streaming task comes with either of its sessions.
            wanted = () if key in STREAMING_TASKS else (Mode.PERFORMANCE, Mode.ACCURACY)
            for mode in wanted:
                if mode not in named.by_mode():
                    yield f"{system.id}/{key}: no {mode.value} session, and the rounds ask for one"
    made_for = Counter(one.provenance.round for one in sessions if one.provenance is not None)
    for name, count in made_for.items():
        if name != description.round:
            yield f"{count} session(s) run for {name}, judged and built as {description.round}"
