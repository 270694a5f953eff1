"""The contents of a report: sessions with their figures and findings, whoever judged them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from ...datasets.labels import LabelList
from ...models.suite import BENCHMARKS, StreamingTask, Task
from ..config.rounds import Round
from ..journal.claimed_provenance import ClaimedProvenance
from ..journal.layer_log import LayerProfile
from ..score.assess import Assessment
from ..score.rules import SessionFinding, Severity
from ..terms import Mode, Purpose

if TYPE_CHECKING:
    from ..audit.overview.digest import Digest, SessionStanding
    from .plots.published_field import Field


class SessionStatus(Enum):
    """Says what became of a session."""

    VALID = "valid"
    DEVELOPMENT = "for development"
    """Is good as a run for development, and nothing more."""
    INVALID = "not valid"
    UNSCORED = "not scored"


@dataclass(frozen=True, slots=True)
class PageFinding:
    """Is one thing found, with what to do about it where the rules know."""

    severity: Severity
    title: str
    text: str
    """The text, which ends in the advice."""
    place: str = ""
    """The file and line, where there is one to point at."""

    @classmethod
    def of_session(cls, finding: SessionFinding) -> PageFinding:
        return cls(finding.severity, finding.kind.value, finding.text)


@dataclass(frozen=True, slots=True)
class TreeVerdict:
    """Is one verdict on a whole tree."""

    name: str
    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class ReportSession:
    """Is one session, as far as it could be read."""

    title: str
    benchmark: str
    """The task's key, or what its folder is called where the task is none of ours."""
    mode: Mode | None
    round: Round
    folder: Path
    task: Task | None = None
    """What it measured by inputs with labels; None of a streaming task, and of an unknown one."""
    assessment: Assessment | None = None
    """The figures; None where the session could not be scored, and a finding says why."""
    system: str | None = None
    where: str = ""
    """Where its board was, where a page shows others of the same name: ``at /dev/ttyACM1``."""
    labels: LabelList | None = None
    """The list that the session was judged by, where it is at hand."""
    provenance: ClaimedProvenance = field(default_factory=ClaimedProvenance)
    """The provenance in session.json; empty for a published session."""
    findings: tuple[PageFinding, ...] = ()
    files: frozenset[str] | None = None
    """The only names in the folder that may be opened; None: whatever is there."""
    log_name: str = "log.txt"
    standing: SessionStanding | None = None
    """How what it prints stands to its log, where a tree was audited."""

    def may_open(self, *names: str) -> bool:
        """Tell whether every one of these files is there as a plain file that may be read."""
        if self.files is not None:
            return self.files.issuperset(names)
        return all((self.folder / name).is_file() for name in names)

    def sha256_of(self, name: str) -> str | None:
        """Hash one of its files; None of one that may not be opened, OSError where that fails."""
        if not self.may_open(name):
            return None
        with (self.folder / name).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @property
    def streaming_task(self) -> StreamingTask | None:
        """Return the streaming task that it measured, None of another."""
        known = BENCHMARKS.get(self.benchmark)
        return known if isinstance(known, StreamingTask) else None

    @property
    def measured(self) -> Task | StreamingTask | None:
        """Return what it measured, of either kind."""
        return self.task or self.streaming_task

    @property
    def device(self) -> str:
        """Return whom it measured: the system, with its board, or its place, if that says more."""
        system, board = self.system or "", self.provenance.config.board
        if isinstance(board, str) and board not in system:
            system = f"{system} ({board})" if system else board
        if not self.where:
            return system
        return f"{system}, {self.where}" if system else f"a device {self.where}"

    @property
    def created(self) -> datetime | None:
        """Return when it began, by its session.json; a published log has no date."""
        told = self.provenance.created
        try:
            read = datetime.fromisoformat(told) if isinstance(told, str) else None
        except ValueError:
            return None
        return None if read is None else read.replace(tzinfo=read.tzinfo or UTC)

    @property
    def log(self) -> Path:
        return self.folder / self.log_name

    @property
    def simulated(self) -> bool:
        return self.assessment is not None and self.assessment.simulated

    @property
    def outcome(self) -> SessionStatus:
        if self.assessment is None:
            return SessionStatus.UNSCORED
        assessed = self.assessment
        measured = (assessed.performance, assessed.accuracy, assessed.energy, assessed.streaming)
        words = None if assessed.streaming is None else assessed.streaming.words
        if not any(measured) or (assessed.streaming is not None and words is None):
            return SessionStatus.UNSCORED
        severities = [finding.severity for finding in self.findings]
        if Severity.VIOLATION in severities:
            return SessionStatus.INVALID
        development = assessed.purpose is Purpose.DEVELOPMENT
        return SessionStatus.DEVELOPMENT if development else SessionStatus.VALID


def suite_order(session: ReportSession) -> tuple[int, int]:
    """Sort by task and mode; sessions of one kind stay as they were given."""
    tasks, modes = list(BENCHMARKS), list(Mode)
    task = tasks.index(session.benchmark) if session.benchmark in tasks else len(tasks)
    return task, len(modes) if session.mode is None else modes.index(session.mode)


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Holds the whole report."""

    title: str
    subtitle: str
    sessions: tuple[ReportSession, ...]
    findings: tuple[PageFinding, ...] = ()
    """Findings about the whole; what is about one session stands with it."""
    verdicts: tuple[TreeVerdict, ...] | None = None
    """The verdicts on a tree; None for sessions by themselves."""
    digest: Digest | None = None
    """The digest of an audit; None for sessions by themselves."""
    field: Field | None = None
    """The systems of an audit, to draw against each other."""
    profiles: tuple[LayerProfile, ...] = ()
    """What layers take, by the logs that `tinyrunner profile` kept."""
    unread: tuple[str, ...] = ()
    """Why such a log is not among them, of each that could not be read."""


Row = tuple[str, str]
