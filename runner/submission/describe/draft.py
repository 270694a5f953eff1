"""Drafts what `submission init` writes: a commented submission.yaml with every key there is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import yaml

from ...config.rounds import load_rounds
from ...terms import Mode
from .interview import DraftAnswers
from .placing import PlacedSessions
from .questions import ASKED
from .system_template import TEMPLATE, Group

_GROUPS = {
    Group.SUBMISSION: "The submission",
    Group.HARDWARE: "Hardware: a unit with every number (kB, MB, MHz, V)",
    Group.SOFTWARE: "Software: a version with every name",
    Group.TRAINING: "Training and building",
}


def draft_yaml(answers: DraftAnswers, placed: PlacedSessions, base: Path) -> str:
    """Return the file's text; paths are relative to ``base``, the folder it will lie in."""
    return "\n".join(_lines(answers, placed, base)) + "\n"


def _lines(answers: DraftAnswers, placed: PlacedSessions, base: Path) -> Iterator[str]:
    rounds = ", ".join(load_rounds().buildable)
    yield "# A submission to MLPerf Tiny. Fill in what is empty, then:"
    yield "#   tinyrunner submission build THIS_FILE --out DIR"
    yield "# Paths are relative to this file. Where there is nothing to say, '' is an answer."
    yield f"round: {answers.round_name}  # {rounds}"
    yield f"division: {answers.division}  # closed or open"
    yield f"organization: {scalar(answers.organization)}  # also the name of its folder"
    yield "# output: submission  # where the tree is built, unless --out says"
    yield from _datasets(answers, placed, base)
    yield ""
    yield "systems:"
    yield "  # One block for each system under test; copy it for another."
    yield f"  - id: {scalar(answers.system)}  # the name of its JSON file and of its results"
    yield "    description:"
    for group, title in _GROUPS.items():
        yield f"      # {title}"
        for key in (key for key in TEMPLATE if key.group is group):
            value = scalar(answers.system_values.get(key.name, ""))
            yield f"      {key.name}: {value}  # {key.hint}"
    yield "    sessions:"
    for task in placed.tasks:
        yield f"      {task}:"
        there = placed.of(task)
        for mode in Mode:
            if mode in there:
                yield f"        {mode.value}: {scalar(_relative(there[mode], base))}"
            else:
                yield f"        # {mode.value}: PATH"
    yield "    # code/<benchmark>/<implementation>: folder is that of the firmware's sources;"
    yield "    # null: there is only the README that says how to reproduce."
    yield "    code:"
    for task in placed.tasks:
        folder = answers.code_folders.get(task)
        shown = "null" if folder is None else scalar(_relative(folder, base))
        yield f"      {task}:"
        yield f"        implementation: {scalar(answers.implementation or answers.system)}"
        yield f"        folder: {shown}"
    yield "    # How the energy bench is wired, by picture (PNG, JPEG) or text or both; only needed"
    yield "    # where there are energy sessions."
    yield "    hookup:"
    picture = answers.hookup_picture
    yield f"      picture: {'null' if picture is None else scalar(_relative(picture, base))}"
    yield f"      text: {scalar(answers.hookup_text)}"
    yield ""
    if placed.of_mlcommons:
        yield "# MLCommons' runner, which does not say so in its sessions."
        yield "runner:"
        yield f"  commit: {scalar(answers.runner_commit)}  # of mlcommons/tiny"
        yield ""
    yield "# The submission checklist. What the sessions tell (targets, validation set, runner,"
    yield "# benchmarks, systems) is filled in by the build."
    yield "checklist:"
    for question in ASKED:
        yield f"  # {question.text} ({question.hint})"
        yield f"  {question.key}: {scalar(answers.checklist.get(question.key, ''))}"


def _datasets(answers: DraftAnswers, placed: PlacedSessions, base: Path) -> Iterator[str]:
    if placed.lack_words:
        folder = answers.datasets
        yield "# The folder whose sww01/ holds sww_long_test.json, the words of sww's recording."
        yield f"datasets: {'null' if folder is None else scalar(_relative(folder, base))}"


def scalar(text: str) -> str:
    """Return a text as YAML takes it on one line."""
    # In quotes with escapes: whatever YAML takes for the end of a line.
    style = '"' if text.splitlines() not in ([], [text]) else None
    dumped: str = yaml.safe_dump(text, allow_unicode=True, width=10**9, default_style=style)
    return dumped.removesuffix("\n").removesuffix("\n...")


_MANY = "../../.."
"""The number of `..` from which on an absolute path reads better."""


def _relative(path: Path, base: Path) -> str:
    whole = path.resolve()
    try:
        relative = Path(os.path.relpath(whole, base.resolve())).as_posix()
    except ValueError:  # another drive of Windows
        return whole.as_posix()
    return whole.as_posix() if relative.startswith(_MANY) else relative
