"""A tree of one mode folder, made from a session, to be spoilt and audited."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.runner.audit.evidence.audit_result import SessionAudit
from tinyrunner.runner.audit.evidence.findings import AuditFinding, Rule, Severity
from tinyrunner.runner.audit.evidence.tree import ModeFolder, find_layout, read_tree
from tinyrunner.runner.audit.session.label_lists import LabelLists
from tinyrunner.runner.audit.session.session_audit import AuditContext, audit_session
from tinyrunner.runner.config.rounds import load_rounds

KRAI = "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3"
ST_V12 = "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI"
ST_V13 = "v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P"


@dataclass(frozen=True)
class OneSession:
    """The tree's root, and the mode folder in it."""

    root: Path
    folder: Path
    round: str

    def edit(self, name: str, change: Callable[[str], str]) -> None:
        """Change a file's text, which has to become another."""
        path = self.folder / name
        before = path.read_bytes().decode()
        after = change(before)
        assert after != before, f"{name} is as it was"
        path.write_bytes(after.encode())

    def replace(self, name: str, old: str, new: str, count: int = 1) -> None:
        self.edit(name, lambda text: text.replace(old, new, count))

    def sub(self, name: str, pattern: str, new: str, count: int = 1) -> None:
        self.edit(name, lambda text: re.sub(pattern, new, text, count=count, flags=re.M))

    def audit(
        self, datasets: Path | None = None, *, lists: LabelLists | None = None
    ) -> SessionAudit:
        (place,) = find_layout(read_tree(self.root)).sessions
        lists = lists or LabelLists.gather(datasets)
        context = AuditContext(self.root, load_rounds().get(self.round), lists)
        return audit_session(place, context)

    def line(self, name: str, text: str) -> int:
        """1-based line of the first one that holds a text."""
        lines = (self.folder / name).read_text(encoding="utf-8").splitlines()
        return next(number for number, line in enumerate(lines, 1) if text in line)


def one_session(source: Path, root: Path, task: str, mode: str, round_name: str) -> OneSession:
    folder = root / "closed" / "acme" / "results" / "board" / task / mode
    shutil.copytree(source, folder)
    return OneSession(root, folder, round_name)


def published_session(root: Path, board: str, task: str, mode: str) -> OneSession:
    """A copy of a published one."""
    source = reference_path("published", board, task, mode)
    return one_session(source, root, task, mode, board.partition("/")[0])


@pytest.fixture(scope="module")
def judged() -> dict[object, SessionAudit]:
    """The mode folders that a module's tests have audited."""
    return {}


@pytest.fixture
def judged_once(judged: dict[object, SessionAudit], monkeypatch: pytest.MonkeyPatch) -> None:
    """Judges a mode folder once for all trees that link its files: only those anew that a test has
    changed, for nothing outside of its folder has a part in what is found of a session."""

    def judge(place: ModeFolder, context: AuditContext) -> SessionAudit:
        with os.scandir(context.root / place.path) as entries:
            files = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries]
        contents = [(name, at.st_ino, at.st_mode, at.st_size, at.st_mtime_ns) for name, at in files]
        same = (place, context.round.name, tuple(sorted(contents)))
        if same not in judged:
            judged[same] = audit_session(place, context)
        return judged[same]

    monkeypatch.setattr("tinyrunner.runner.audit.audit.audit_session", judge)


def official_lists() -> Path:
    return reference_path("datasets")


def violations(audit: SessionAudit) -> list[AuditFinding]:
    return [f for f in audit.findings if f.severity is Severity.VIOLATION]


def of_rule(audit: SessionAudit, rule: Rule) -> list[AuditFinding]:
    return [finding for finding in audit.findings if finding.rule is rule]
