"""Finds what a tree still lacks to be handed in: answers, sources, the processor's name.

None of it makes a figure wrong, so that it speaks against the last verdict alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from ..submission.describe.questions import ASKED, UNANSWERED_MARK
from .evidence.findings import AuditFinding, Rule, violation
from .evidence.tree import EntryKind, Layout, Submitter, Tree, TreeEntry

_MAX_PDF_BYTES = 4 << 20
"""The largest checklist that is looked into: ours has 30 kB."""
_UNANSWERED = re.compile(rb"/Keywords \(" + re.escape(UNANSWERED_MARK.encode()) + rb"([a-z_, ]+)\)")
_ABOUT_SOURCES = re.compile(r"(?i)(?:read_?me|licen[sc]e|copying|notice|authors|changelog)\b.*")
_DOCUMENTS = frozenset(
    {".md", ".rst", ".txt", ".pdf", ".doc", ".docx", ".odt", ".html", ".png", ".jpg", ".jpeg",
     ".gif", ".svg", ".webp"}
)  # fmt: skip
_QUESTIONS = {question.key: question.text for question in ASKED}


def check_readiness(tree: Tree, layout: Layout) -> Iterator[AuditFinding]:
    """Find each question without an answer, and each folder of code without any."""
    for submitter in layout.submitters:
        yield from _answers(tree, submitter)
        yield from _sources(tree, submitter)


def _answers(tree: Tree, submitter: Submitter) -> Iterator[AuditFinding]:
    """Read what tinyrunner's own checklist says of itself; nobody else's can be read so."""
    for entry in tree.under(submitter.inside("systems")):
        if entry.kind is not EntryKind.FILE or not entry.name.lower().endswith(".pdf"):
            continue
        try:
            with tree.locate(entry.path).open("rb") as file:
                found = _UNANSWERED.search(file.read(_MAX_PDF_BYTES))
        except OSError:
            continue  # the official checker's restatement and the structure say so
        for key in found[1].decode().split(", ") if found else ():
            text = f"not answered: {_QUESTIONS.get(key, key)}"
            yield violation(Rule.ANSWERS, entry.path, text, "the submitter's answer")


def _sources(tree: Tree, submitter: Submitter) -> Iterator[AuditFinding]:
    folders = tree.folders(submitter.inside("code"))
    for folder in folders:
        below = list(tree.under(folder.path))
        if below and not any(map(_is_source, below)):
            text = "no sources: nothing but documents"
            yield violation(Rule.SOURCES, folder.path, text, "what rebuilds the firmware")


def _is_source(entry: TreeEntry) -> bool:
    """Tell whether a file may be source, model, archive: anything but a document about them."""
    if entry.kind is not EntryKind.FILE or entry.name.startswith("."):
        return False
    if entry.name == "CMakeLists.txt":
        return True
    document = PurePosixPath(entry.name).suffix.lower() in _DOCUMENTS
    return not document and not _ABOUT_SOURCES.fullmatch(entry.name)
