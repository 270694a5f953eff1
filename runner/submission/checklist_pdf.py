"""The submission checklist as the PDF that a round asks for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from .checklist import Checklist
from .documents import Document


def write_checklist(checklist: Checklist, organization: str, path: Path, when: datetime) -> None:
    """The PDF; the same content and date give the same bytes."""
    name = checklist.round.name
    page = Document(f"MLPerf Tiny {name} Submission Checklist · {organization}", when)
    page.heading(f"MLPerf Tiny {name} Submission Checklist")
    page.paragraph(organization)
    page.ln(2)
    page.rows([(one.question, one.answer) for one in checklist.answers], (42, 58))
    page.section("Accuracy")
    met = {True: "yes", False: "no", None: "–"}
    page.rows(
        [
            ("System", "Benchmark", "Accuracy or AUC", "Target", "Met"),
            *((r.system, r.benchmark, r.figure, r.target, met[r.met]) for r in checklist.table),
        ],
        (34, 16, 22, 18, 10),
        headed=True,
    )
    page.ln(2)
    page.paragraph(
        "Answers about targets, validation set, runner, systems and contents were taken from the "
        "sessions by tinyrunner; the others are the submitter's.",
        small=True,
    )
    page.write_to(path)
