"""The sessions of a demonstration and trees built from them, made once for all tests.

Import the fixtures in a folder's conftest.py::

    from support.sessions.submission_trees import built_tree, demo, demo_sessions  # noqa: F401

What they give is shared by all tests and processes: copy it before changing anything
(:func:`copied_tree`).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
from support.cli import Terminal, document, ended, process, sessions_in, tinyrunner
from support.made_once import made_once
from tinyrunner.models.suite import TASKS
from tinyrunner.runner.terms import Mode

SYSTEM = "simulated_board"
ORGANIZATION = "Acme"
IMPLEMENTATION = "tflite_simulated"

SessionsByPlace = dict[tuple[str, Mode], Path]
"""Task key and mode to the session's folder."""


@dataclass(frozen=True)
class Demo:
    """What `tinyrunner demo`, called without a word, has left in a folder and on the terminal."""

    folder: Path
    shown: str


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo, run at a terminal of 80 columns, where there are any."""

    def run(folder: Path) -> None:
        if sys.platform == "win32":
            ran = ended(process("demo", cwd=folder))
            assert ran.status == 0, ran
            shown = ran.err + ran.out
        else:
            terminal = Terminal("demo", cwd=folder, pictures=True)
            assert terminal.end(timeout_s=300) == 0, terminal.shown
            shown = "\n".join(terminal.screens()[-1])
        (folder / "shown").write_text(shown, encoding="utf-8")

    folder = made_once(tmp_path_factory, "demo", run)
    return Demo(folder / "tinyrunner-demo", (folder / "shown").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def demo_sessions(demo: Demo) -> SessionsByPlace:
    """The demo's sessions with inputs: one of each task in each mode, by (task key, mode)."""
    found = {}
    for folder in sessions_in(demo.folder):
        provenance = document(folder)["provenance"]
        if provenance["task"] in TASKS:
            found[provenance["task"], Mode(provenance["mode"])] = folder
    assert set(found) == set(product(TASKS, Mode))
    return found


@pytest.fixture(scope="session")
def built_tree(
    demo_sessions: SessionsByPlace, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Path]:
    """``built_tree("v1.2")``: the folder that holds `closed/Acme`, built from all the sessions."""

    def tree(round_name: str) -> Path:
        def make(folder: Path) -> None:
            from tinyrunner.runner.submission.build import build
            from tinyrunner.runner.submission.describe.description import load_description

            described = folder / "described"
            description = load_description(
                write_description(described, demo_sessions, round_name=round_name)
            )
            build(description, folder / "tree")

        return made_once(tmp_path_factory, f"tree-{round_name}", make) / "tree"

    return tree


def larger_task_sessions(tmp_path_factory: pytest.TempPathFactory) -> SessionsByPlace:
    """ic and ic2 in performance and accuracy, on simulated devices."""

    def run(folder: Path) -> None:
        for mode in ("performance", "accuracy"):
            ran = tinyrunner(
                "run", "ic", "ic2", "--mode", mode, "--dut", "sim:", "--datasets", "demo",
                "--model", "demo", "--round", "v1.4", "--sessions", folder,
            )  # fmt: skip
            assert ran.status == 3, ran

    folder = made_once(tmp_path_factory, "ic2-sessions", run)
    found: SessionsByPlace = {}
    for one in sessions_in(folder):
        provenance = document(one)["provenance"]
        found[provenance["task"], Mode(provenance["mode"])] = one
    assert len(found) == 4
    return found


def copied_tree(tree: Path, target: Path) -> Path:
    """A copy to change; gives the folder of its organization."""
    shutil.copytree(tree, target)
    return target / "closed" / ORGANIZATION


def write_description(
    folder: Path,
    sessions: SessionsByPlace,
    *,
    round_name: str = "v1.2",
    division: str = "closed",
    organization: str = ORGANIZATION,
    code: bool = True,
) -> Path:
    """A complete submission.yaml for sessions, made as `submission init` makes it."""
    from tinyrunner.runner.submission.describe.draft import draft_yaml
    from tinyrunner.runner.submission.describe.interview import DraftAnswers
    from tinyrunner.runner.submission.describe.placing import place_sessions

    folder.mkdir(parents=True, exist_ok=True)
    answers = DraftAnswers(
        organization=organization,
        division=division,
        round_name=round_name,
        system=SYSTEM,
        system_values={
            "Submitter": organization,
            "Division": division,
            "Status": "rdi",
            "Board Name": "Simulated board",
            "SoC Name": "none",
            "Processor(s) Name": "none: a model of a microcontroller",
            "Processor(s) Frequencies": "none",
            "Inference Framework": "TensorFlow Lite – reference kernels",
            "Quantization Method": "int8",
        },
        checklist={
            "engineers": "Ada Example, Bob Beispiel",
            "emails": "ada@example.org, bob@example.org",
            "same_code_in_both_modes": "yes",
            "calibrated_outside_official_set": "no",
            "numerics": "INT8",
            "backend": "TF-Lite",
            "caching_techniques": "none",
            "disallowed_techniques": "no",
            "congruent_with_rules": "yes",
            "reflects_real_world_performance": "no: the device is simulated",
        },
        hookup_text="Everything is simulated: the IO manager's pin drives the monitor's event.",
    )
    placed = place_sessions(list(sessions.values()))
    if code:
        source = folder / "firmware"
        (source / "src").mkdir(parents=True, exist_ok=True)
        (source / "src" / "main.c").write_text("int main(void) { return 0; }\n", encoding="utf-8")
        answers = replace(
            answers,
            implementation=IMPLEMENTATION,
            code_folders=dict.fromkeys(placed.tasks, source),
        )
    path = folder / "submission.yaml"
    path.write_text(draft_yaml(answers, placed, folder), encoding="utf-8")
    return path
