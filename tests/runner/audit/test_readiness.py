"""What a tree lacks to be handed in: answers, sources, the processor's name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.sessions.submission_trees import ORGANIZATION, write_description
from tinyrunner.runner.audit.audit import audit
from tinyrunner.runner.audit.evidence.findings import AuditFinding, Level, Rule, Severity
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.submission.describe.questions import ASKED
from tinyrunner.runner.terms import Mode

NEW = {Rule.ANSWERS, Rule.SOURCES, Rule.PROCESSOR}


@pytest.fixture(scope="module")
def unanswered(demo_sessions, tmp_path_factory) -> Path:
    """A tree of one session whose submitter answered nothing."""
    folder = tmp_path_factory.mktemp("unanswered")
    path = write_description(
        folder / "d", {place: demo_sessions[place] for place in [("kws", Mode.PERFORMANCE)]}
    )
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("checklist:")] + "checklist: {}\n", encoding="utf-8")
    build(load_description(path), folder / "tree")
    return folder / "tree" / "closed" / ORGANIZATION


def lacking(root: Path) -> list[AuditFinding]:
    found = [finding for finding in audit(root).findings if finding.rule in NEW]
    assert all(f.severity is Severity.VIOLATION for f in found)
    assert all(f.rule.level is Level.SUBMITTABLE for f in found)
    return found


def test_each_question_without_an_answer_is_a_reason(unanswered):
    found = lacking(unanswered)
    assert [f.found for f in found] == [f"not answered: {question.text}" for question in ASKED]
    assert {f.path for f in found} == {"systems/TinyMLPerf_v1.2_Submission_Checklist.pdf"}


def test_a_tree_that_lacks_nothing_has_no_such_reason(built_tree):
    assert lacking(built_tree("v1.2")) == []


def write(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "lacks"),
    [
        (["code/kws/tflm/README.md", "code/kws/tflm/notes.pdf", "code/kws/LICENSE"], True),
        (["code/kws/README.md", "code/kws/.gitkeep"], True),
        (["code/kws/README.md", "code/kws/tflm/main.c"], False),
        (["code/kws/README.md", "code/kws/sources.tgz"], False),
        (["code/kws/README.md", "code/kws/CMakeLists.txt"], False),
        (["code/README.md"], False),
    ],
)
def test_a_folder_of_code_without_sources_is_a_reason(files, lacks, tmp_path):
    found = lacking(write(tmp_path / "acme", "results/b/kws/performance/log.txt", *files))
    assert [(f.rule, f.path) for f in found] == ([(Rule.SOURCES, "code/kws")] if lacks else [])


@pytest.mark.parametrize("name", ["", "  ", "Cortex-M4"])
def test_an_empty_name_of_the_processor_is_a_reason(name, tmp_path):
    root = write(tmp_path / "acme", "results/b/kws/performance/log.txt", "systems/b.json")
    (root / "systems" / "b.json").write_text(json.dumps({"Processor(s) Name": name}))
    found = [(f.rule, f.line) for f in lacking(root)]
    assert found == ([] if name.strip() else [(Rule.PROCESSOR, 1)])
