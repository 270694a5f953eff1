"""Reads the files of one mode folder: what a reader refuses becomes a finding, and no error.

Each file is read once, none that is a link, none that is longer than its kind can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from ....errors import TinyrunnerError
from ...config.rounds import Round
from ...journal.claimed_provenance import ClaimedProvenance
from ...journal.dialects.eembc_lines import DEVELOPMENT_NOTE
from ...journal.logged_session import LoggedSession, read_log
from ...journal.open_log import sniff
from ...journal.session_folder import SessionFolder
from ...terms import Dialect
from ...write.printed_results import PrintedFigure, PrintedResults, parse_results
from ..evidence.findings import AuditFinding, Rule, violation
from ..evidence.tree import ModeFolder
from . import session_json_check
from .label_lists import LabelLists
from .log_watch import LogWatch, PrivacyScan
from .script_check import ScriptFollower, read_script_text

MAX_RESULTS_BYTES = 1 << 20
"""The largest results file that is read; published ones have 4 kB."""

_HEAD_BYTES = 4096
"""The bytes of a calibration in which it says what it is."""

_UNREADABLE = (TinyrunnerError, OSError, ValueError, OverflowError, RecursionError)
"""The exceptions that readers raise on content that is not what it should be."""


@dataclass(frozen=True, slots=True)
class AuditContext:
    """Holds what every session of a tree is judged by."""

    root: Path
    round: Round
    lists: LabelLists


@dataclass(slots=True)
class FolderReader:
    """Reads a mode folder and keeps what is found on the way; nothing in it raises."""

    place: ModeFolder
    context: AuditContext
    findings: list[AuditFinding] = field(default_factory=list)
    document: session_json_check.ClaimedDocument | None = None
    result_lines: list[str] | None = None
    """The lines of the results file; None where there is none."""
    headlines: list[PrintedFigure] = field(default_factory=list)
    """The figures of a log that prints its own."""
    log_results: PrintedResults | None = None
    """The windows of a log that prints its own results; None where it has none."""

    @property
    def folder(self) -> Path:
        return self.context.root.joinpath(*PurePosixPath(self.place.path).parts)

    @property
    def provenance(self) -> ClaimedProvenance:
        return ClaimedProvenance() if self.document is None else self.document.provenance

    @contextmanager
    def reading(self, rule: Rule, name: str) -> Iterator[None]:
        """Turn what a reader refuses into a finding: the one place where that happens."""
        try:
            yield
        except _UNREADABLE as error:
            line = error.line if isinstance(error, TinyrunnerError) else None
            self.findings.append(violation(rule, self.path_of(name), self._text(error), line=line))

    def path_of(self, name: str) -> str:
        return f"{self.place.path}/{name}" if self.place.path else name

    def _text(self, error: BaseException) -> str:
        """Return an error's text without the place that the tree has on this computer."""
        text = str(error).replace(f"{self.folder}/", "").replace(f"{self.context.root}/", "")
        text = text.replace(f"{self.folder}\\", "")
        return text if len(text) <= 600 else text[:597] + "…"

    # What stands beside the log

    def read_document(self) -> None:
        if "session.json" not in self.place.files:
            return
        path, name = self.folder / "session.json", self.path_of("session.json")
        found = session_json_check.read_document(path)
        if isinstance(found, str):
            self.findings.append(violation(Rule.SESSION_JSON, name, found))
            return
        self.document = found
        self._scan_privacy(path.read_bytes(), name)
        self.findings += session_json_check.check_document(
            found.provenance, self.place, self.folder, name
        )

    def read_results(self) -> PrintedResults | None:
        texts: dict[str, list[str]] = {}
        for name in self.place.results:
            path = self.folder / name
            if path.stat().st_size > MAX_RESULTS_BYTES:
                text = f"more than {MAX_RESULTS_BYTES} bytes, which are not read"
                self.findings.append(violation(Rule.RESULT_LINE, self.path_of(name), text))
                continue
            data = path.read_bytes()
            self._scan_privacy(data, self.path_of(name))
            texts[name] = data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
        names = list(texts)
        for other in names[1:]:
            pairs = zip_longest(texts[names[0]], texts[other])
            line = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), None)
            if line is not None:
                text = f"differs from {names[0]}"
                self.findings.append(
                    violation(Rule.RESULTS_ALIKE, self.path_of(other), text, "the same lines", line)
                )
        self.result_lines = texts[names[0]] if names else None
        return None if self.result_lines is None else parse_results(self.result_lines)

    def _scan_privacy(self, data: bytes, name: str) -> None:
        scan = PrivacyScan()
        scan(data, 0)
        self.findings += scan.findings(name)

    def read_calibration(self) -> None:
        """Look at what N was found by: a run for development says so there as well."""
        name = SessionFolder(self.folder, "").calibration.name
        if name not in self.place.files:
            return
        with (self.folder / name).open("rb") as file:
            noted = DEVELOPMENT_NOTE in file.read(_HEAD_BYTES)
        if noted:
            text = "N was found in a run for development"
            self.findings.append(violation(Rule.ROUND_RULE, self.path_of(name), text))

    # The log

    def read_log_file(self, name: str) -> LoggedSession:
        """Read the log in one pass, with what the pass itself finds."""
        path = self.folder / name
        dialect = sniff(path) or Dialect.EEMBC
        script = self._script(name) if dialect is Dialect.EEMBC else None
        watch = LogWatch(dialect, script)
        logged = read_log(path, observe=watch, merge_json=False, sound=False)
        whole = logged.error is None
        self.findings += watch.findings(self.path_of(name), whole=whole)
        self.headlines = watch.headlines
        self.log_results = watch.results
        for line, said, expected in logged.facts.contradictions:
            self.findings.append(
                violation(Rule.LOG, self.path_of(name), said, f"{expected}, as before it", line)
            )
        for line, text in logged.facts.notes:
            if text.startswith("longer than"):
                long = f"a line {text}"
                self.findings.append(violation(Rule.LOG, self.path_of(name), long, line=line))
        if logged.error is not None:
            raise logged.error
        return logged

    def _script(self, log_name: str) -> ScriptFollower | None:
        name = self.place.script
        if name is None:
            return None
        with self.reading(Rule.SCRIPT, name):
            text = read_script_text(self.folder / name)
            self._scan_privacy(text.encode(), self.path_of(name))
            return ScriptFollower(text, self.path_of(name), self.path_of(log_name))
        return None
