"""Runs a job of docs/ci/github.yml here, as the shell steps that it consists of: no second copy.

    python docs/make/workflow.py JOB FOLDER [NAME=VALUE…]

Every ``run`` is given to bash as GitHub does it (``-eo pipefail``), one behind the other in FOLDER;
the steps of ``uses: ./.github/actions/tinyrunner`` are those of docs/ci/action.yml. Other actions
(checkout, artefacts) are GitHub's own and left out, by name. NAME=VALUE is a variable of every
step, and goes before the workflow's. The exit status is that of the first step that failed; what is
to run ``always()`` runs all the same.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

CI = Path(__file__).resolve().parents[1] / "ci"
OURS = "./.github/actions/tinyrunner"

Step = dict[str, Any]


def steps_of(job: str) -> Iterator[Step]:
    """Yield a job's steps, those of our action in its place, with its inputs put in."""
    workflow = yaml.safe_load((CI / "github.yml").read_text("utf-8"))
    for step in workflow["jobs"][job]["steps"]:
        if step.get("uses") != OURS:
            yield step
            continue
        action = yaml.safe_load((CI / "action.yml").read_text("utf-8"))
        inputs = {name: each.get("default") for name, each in action["inputs"].items()}
        given = step.get("with", {})
        assert given.keys() <= inputs.keys(), f"no inputs of action.yml: {given.keys()}"
        for inner in action["runs"]["steps"]:
            yield inner | {"env": _filled(inner.get("env", {}), inputs | given)}


def _filled(env: Mapping[str, str], inputs: Mapping[str, Any]) -> dict[str, str]:
    """Put values in the place of ``${{ inputs.NAME }}``."""
    return {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda found: str(inputs[found[1]]), text)
        for name, text in env.items()
    }


def run_job(job: str, folder: Path, variables: Mapping[str, str]) -> int:
    """Run the steps; return the exit status of the first one that failed, or 0."""
    github = {
        "GITHUB_STEP_SUMMARY": str((folder / "summary.md").resolve()),
        "GITHUB_SHA": "0" * 40,
        "GITHUB_REF_NAME": "main",
    }
    status = 0
    for step in steps_of(job):
        name = step.get("name") or step["uses"]
        if "run" not in step or (status and step.get("if") != "always()"):
            print(f"-- left out: {name}", flush=True)
            continue
        print(f"-- {name}", flush=True)
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=folder,
            env={**os.environ, **github, **step.get("env", {}), **variables},
            check=False,
        )
        status = status or ran.returncode
    return status


if __name__ == "__main__":
    job, folder, *given = sys.argv[1:]
    sys.exit(run_job(job, Path(folder), dict(each.split("=", 1) for each in given)))
