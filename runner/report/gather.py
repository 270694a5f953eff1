"""Gathers sessions from paths: one session, a folder of several, or a submission tree.

A session that cannot be scored is kept with the reason as a finding: a report of twelve sessions
of which one was cut off is worth more than an error. Profiles of layers are gathered beside them
where they are wanted: wire logs that are named, and those in the folders, `*.layers.log`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ...dut_protocol.link.address_words import BEHIND, USB_SERIAL
from ...errors import TinyrunnerError, closest
from ...models.suite import BENCHMARKS, Benchmark, Task
from ..config.rounds import load_rounds
from ..errors import SetupError
from ..journal.claimed_provenance import ClaimedProvenance
from ..journal.layer_log import ENDING, LayerProfile, is_layer_log, read_layer_log
from ..journal.open_log import sniff
from ..journal.session_document import Provenance, benchmark_and_mode, read_document
from ..journal.session_folder import SessionFolder
from ..score.judge import Judged, judge_any
from ..score.rules import Severity
from ..score.streaming.assess import JudgedStream
from ..terms import Division, Mode
from .from_audit import page_of_audit
from .page import PageFinding, ReportPage, ReportSession, suite_order

_SESSION_FILES = ("log.txt", "session.json", "results.json")
_TREE_FOLDERS = frozenset({"closed", "open", "results", "systems"})


@dataclass(frozen=True, slots=True)
class Asked:
    """Says what sessions are judged by, as the commands' options have it."""

    labels: Path | None = None
    datasets: Path | None = None
    round_name: str | None = None
    division: str | None = None
    parallel: bool = True
    """A large tree may be read by a process a core."""


def gather(paths: Sequence[Path], asked: Asked, *, layers: bool = False) -> ReportPage:
    """Make the page of these sessions, of the sessions inside these folders, or of one tree.

    With ``layers`` profiles of layers are gathered, too, and a path may hold nothing else.
    """
    load_rounds().get(asked.round_name)  # a misspelt round is an error once, not in each session
    if asked.division not in (None, *(division.value for division in Division)):
        near = closest(str(asked.division), (division.value for division in Division))
        raise SetupError(f"no division {asked.division!r}{near}; there are closed and open")
    logs = [path for path in paths if is_layer_log(path)]
    if logs and not layers:
        raise SetupError(
            f"{logs[0]} is a log of the wire and no session; what layers took is shown from it by "
            "`report`, `export --rows layers` and `profile --from`"
        )
    found_logs: list[Path] = []
    folders: dict[Path, Path] = {}
    try:
        trees = [path for path in paths if is_tree(path)]
        if trees and len(paths) > 1:
            raise SetupError(
                f"{trees[0]} is a submission tree, which is judged as a whole; give it alone"
            )
        if trees:
            return _tree(trees[0], asked)
        for path in paths:
            if path not in logs:
                below, inside = _found_at(path, layers=layers)
                found_logs += inside
                folders |= dict.fromkeys(below, path)
    except OSError as error:
        raise SetupError(
            f"cannot look for sessions in {error.filename}: {error.strerror}; name the sessions' "
            "own folders"
        ) from error
    profiles, unread = _profiles(logs, found_logs)
    found = [_called(read_session(folder, asked), folder, path) for folder, path in folders.items()]
    sessions = tuple(sorted(told_apart(found), key=suite_order))
    title = _name(paths[0]) if len(paths) == 1 else "MLPerf Tiny sessions"
    told = _counted(len(sessions), "session") if sessions or not profiles else ""
    of_layers = _counted(len(profiles), "profile") + " of layers" if profiles else ""
    subtitle = ", ".join(filter(None, (told, of_layers)))
    findings = tuple(PageFinding(Severity.WARNING, "layers left out", why) for why in unread)
    return ReportPage(title, subtitle, sessions, findings, profiles=profiles, unread=unread)


def page_of_profile(profile: LayerProfile) -> ReportPage:
    """Make the page of one profile by itself."""
    whose = ", ".join(filter(None, (profile.vendor, profile.address)))
    return ReportPage(f"Layers of {profile.model_id or '?'}", whose, (), profiles=(profile,))


def _logs_in(folder: Path) -> list[Path]:
    return sorted(each for each in folder.glob(f"*{ENDING}") if each.is_file())


def _profiles(
    named: Sequence[Path], found: Sequence[Path]
) -> tuple[tuple[LayerProfile, ...], tuple[str, ...]]:
    """Read profiles; one that was found, and not named, may be damaged, which is then told."""
    profiles = [read_layer_log(log) for log in dict.fromkeys(named)]
    unread = []
    for log in dict.fromkeys(found):
        if log in named:
            continue
        try:
            profiles.append(read_layer_log(log))
        except SetupError as error:
            unread.append(str(error))
    tasks = list(BENCHMARKS)
    profiles.sort(
        key=lambda each: (
            tasks.index(each.task_key) if each.task_key in tasks else len(tasks),
            each.begun,
        )
    )
    return tuple(profiles), tuple(unread)


def told_apart(sessions: Sequence[ReportSession]) -> Iterator[ReportSession]:
    """Say of boards of one name where each was, which is all that tells them apart.

    The protocol has no serial number. In energy mode a board is behind an IO manager's port: one
    place of either kind is one board, and what was behind others is anybody's.
    """
    places = [(session.system or "", *_place(session)) for session in sessions]
    boards: dict[tuple[str, bool], set[str]] = {}
    for (name, board_between, place), session in zip(places, sessions, strict=True):
        if place and not _is_named(session):
            boards.setdefault((name, board_between), set()).add(place)
    several = {name for (name, _), found in boards.items() if len(found) > 1 or not name}
    for (name, board_between, place), session in zip(places, sessions, strict=True):
        if place and name in several and not _is_named(session):
            where = f"{'behind' if board_between else 'at'} {place}"
            yield replace(session, where=where)
        else:
            yield session


def _is_named(session: ReportSession) -> bool:
    """Tell whether somebody said which board it is: a label, or the folder of a tree."""
    return isinstance(session.provenance.config.board, str) or _in_tree(session.folder) is not None


def _place(session: ReportSession) -> tuple[bool, str]:
    """Return whether a board stands between host and device, and the port, "" of none that stays.

    A serial number goes before the port, which is another when something else is plugged in.
    """
    told = session.provenance
    asked, address = told.config.dut.address, told.device.address
    if isinstance(asked, str) and asked.startswith(USB_SERIAL):
        address = asked
    if not isinstance(address, str) or _PTY.match(address):
        return False, ""
    return address.startswith(BEHIND), address.removeprefix(BEHIND)


_PTY = re.compile(r"/dev/(pts/|ttys)\d+$")
"""Pseudo-terminals, as an emulated board has them: another each time."""


def _called(session: ReportSession, folder: Path, searched: Path) -> ReportSession:
    """Call a session that was found deeper in a folder by its path in there."""
    within = folder.relative_to(searched)
    if len(within.parts) < 2 or _in_tree(folder) is not None:
        return session
    return replace(session, title=within.as_posix())


def is_tree(path: Path) -> bool:
    """Tell whether a folder is a results repository, a division, or a submitter's folder."""
    if not path.is_dir() or _is_session(path):
        return False
    folders = [child for child in path.iterdir() if child.is_dir() and not child.is_symlink()]
    if any(folder.name in _TREE_FOLDERS for folder in folders):
        return True
    return path.name in ("closed", "open") or any(
        (folder / "results").is_dir() and not _is_session(folder) for folder in folders
    )


def read_session(path: Path, asked: Asked) -> ReportSession:
    """Read one session, scored where it can be."""
    folder = path if path.is_dir() else path.parent
    log_name = "log.txt" if path.is_dir() else path.name
    provenance, trouble = _provenance(folder)
    told = ClaimedProvenance() if provenance is None else ClaimedProvenance.of(provenance)
    known = load_rounds()
    stated = None if provenance is None else provenance.round
    name = asked.round_name or (stated if stated in known.by_name else None)
    if trouble is None:
        try:
            judged = judge_any(
                path, asked.labels, asked.datasets, name, asked.division, words_needed=False
            )
        except (TinyrunnerError, OSError) as error:
            trouble = str(error)
        else:
            found = judged.assessment
            return ReportSession(
                title=_title(folder),
                benchmark=judged.task.key,
                mode=judged.mode,
                round=judged.round,
                folder=folder,
                task=judged.task if isinstance(judged, Judged) else None,
                assessment=found,
                system=_system(folder, told, found.facts.names),
                labels=judged.label_list if isinstance(judged, Judged) else None,
                provenance=told,
                findings=(*_no_words(judged), *map(PageFinding.of_session, found.findings)),
                log_name=log_name,
            )
    task, mode = _benchmark_and_mode(provenance, folder)
    return ReportSession(
        title=_title(folder),
        benchmark="?" if task is None else task.key,
        mode=mode,
        round=known.get(name),
        folder=folder,
        task=task if isinstance(task, Task) else None,
        system=_system(folder, told, ()),
        provenance=told,
        findings=(PageFinding(Severity.VIOLATION, "not scored", trouble),),
        log_name=log_name,
    )


def _no_words(judged: Judged | JudgedStream) -> Iterator[PageFinding]:
    stream = judged.assessment.streaming
    if stream is not None and stream.words is None:
        text = (
            f"the words of {stream.wav_file} are not at hand, so that hits and misses cannot be "
            f"counted: `tinyrunner datasets fetch {judged.task.model_id}`, or give --labels FILE"
        )
        yield PageFinding(Severity.NOT_JUDGED, "words of the recording", text)


def _tree(root: Path, asked: Asked) -> ReportPage:
    from ..audit.audit import audit  # the whole auditor, which sessions do not need

    found = audit(
        root, round_name=asked.round_name, datasets=asked.datasets, parallel=asked.parallel
    )
    return page_of_audit(found)


def _found_at(path: Path, *, layers: bool) -> tuple[list[Path], list[Path]]:
    """Return the sessions at a path or below it and, if wanted, the logs of layers there.

    SetupError where there is nothing.
    """
    if path.is_file():
        # A log that cannot be scored is told with the reason; a letter to somebody is no log.
        if path.name not in _SESSION_FILES and sniff(path) is None:
            raise SetupError(
                f"{path} is a file, and no session's log; give a session's folder, its log.txt, or "
                "a submission tree"
            )
        return [path], []
    if _is_session(path):
        return [path], _logs_in(path) if layers else []
    if not path.is_dir():
        raise SetupError(f"there is no {path}; give a session's folder, or a submission tree")
    sessions, trees, logs = _inside(path)
    if not (sessions or (layers and logs)):
        inside = f"; {trees[0]} in it is one: give that" if trees else ""
        raise SetupError(
            f"{path} holds no session (no log.txt, in it or in the folders below) and is no "
            f"submission tree (closed or open, or systems and results){inside}"
        )
    return sessions, logs if layers else []


def _inside(path: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Return the sessions below a folder, the submission trees, and the logs of layers.

    A tree holds copies of sessions. Hidden folders are not looked into.
    """
    sessions: list[Path] = []
    trees: list[Path] = []
    logs: list[Path] = []
    for at, folders, _ in os.walk(path, onerror=_raised):  # which follows no links
        below = [Path(at, name) for name in sorted(folders) if not name.startswith(".")]
        rest: list[Path] = []
        logs += _logs_in(Path(at))
        for each in below:
            (sessions if _is_session(each) else trees if is_tree(each) else rest).append(each)
        logs += [log for each in below if each in sessions for log in _logs_in(each)]
        folders[:] = [each.name for each in rest]
    return sorted(sessions), trees, sorted(logs)


def _raised(error: OSError) -> None:
    raise error


def _is_session(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _SESSION_FILES)


def _provenance(folder: Path) -> tuple[Provenance | None, str | None]:
    """Return the provenance in session.json, and why it cannot be read."""
    if not SessionFolder(folder, "").document.is_file():
        return None, None
    try:
        return read_document(folder).provenance, None
    except (SetupError, RecursionError) as error:
        return None, str(error)


def _benchmark_and_mode(
    provenance: Provenance | None, folder: Path
) -> tuple[Benchmark | None, Mode | None]:
    if provenance is None:
        return None, None
    try:
        return benchmark_and_mode(provenance, folder)
    except SetupError:
        return None, None


def _system(folder: Path, told: ClaimedProvenance, names: Sequence[str]) -> str | None:
    """Say whom the session measured: as a tree's folders say it, else as the device does."""
    in_tree = _in_tree(folder)
    if in_tree is not None:
        return in_tree[0]
    vendor = told.device.vendor
    if isinstance(vendor, str) and vendor:
        return vendor
    return names[0] if names else None


def _title(folder: Path) -> str:
    in_tree = _in_tree(folder)
    return _name(folder) if in_tree is None else "/".join(in_tree)


def _in_tree(folder: Path) -> tuple[str, ...] | None:
    """Return (system, benchmark, mode) of a folder that lies in a submission tree's results."""
    parts = folder.resolve().parts
    if len(parts) < 5 or parts[-4] != "results" or parts[-1] not in {m.value for m in Mode}:
        return None
    return parts[-3:]


def _name(path: Path) -> str:
    return path.resolve().name or str(path)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
