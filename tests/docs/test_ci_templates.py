"""The templates of docs/ci: shell that parses, commands that there are, one order of both makers.

That they keep to their makers' schemas, and that the emulated job runs, is checked by `.ci/run`.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.cli import check_words

DOCS = Path(__file__).resolve().parents[2] / "docs"
CI = DOCS / "ci"
JOBS = ("emulated", "board")


@pytest.fixture(scope="module")
def workflow():
    sys.path.insert(0, str(DOCS / "make"))
    import workflow

    yield workflow
    sys.path.remove(str(DOCS / "make"))


def of_github(workflow, job):
    """The job's shell, step by step, our action's in its place."""
    return [step["run"] for step in workflow.steps_of(job) if "run" in step]


def of_gitlab(job):
    """The job's shell as GitLab puts it together: a job's keys go before those it extends."""
    template = yaml.safe_load((CI / "gitlab-ci.yml").read_text("utf-8"))
    whole = template[".tinyrunner"] | template[job]
    return [*whole["before_script"], *whole["script"], *whole["after_script"]]


def commands(scripts):
    """Each command of tinyrunner in these scripts, as words."""
    lines = [line for script in scripts for line in script.replace("\\\n", "").splitlines()]
    found = [re.match(r" *tinyrunner ([^|;&<>]+)", line) for line in lines]
    return [shlex.split(each[1]) for each in found if each]


@pytest.mark.parametrize("job", JOBS)
def test_the_shell_parses_and_types_commands_that_there_are(workflow, job):
    for scripts in (of_github(workflow, job), of_gitlab(job)):
        typed = commands(scripts)
        assert len(typed) >= 7
        for words in typed:
            check_words(words, str(words))
        if shutil.which("bash"):
            for script in scripts:
                checked = subprocess.run(
                    ["bash", "-n", "-c", script], capture_output=True, text=True, check=False
                )
                assert (checked.returncode, checked.stderr) == (0, ""), script


@pytest.mark.parametrize("job", JOBS)
def test_both_makers_check_measure_remember_and_gate_in_this_order(workflow, job):
    for scripts in (of_github(workflow, job), of_gitlab(job)):
        order = [" ".join(words[:2]) for words in commands(scripts) if words[0] != "export"]
        ours = [each for each in order if not each.startswith("firmware")]
        assert ours == ["check --quick", "run $TASKS", "history add", "history gate"]


def test_no_input_is_put_into_shell_and_each_is_used():
    """An input may hold anything: it reaches the shell as a variable."""
    action = yaml.safe_load((CI / "action.yml").read_text("utf-8"))
    steps = action["runs"]["steps"]
    assert not [step["name"] for step in steps if "${{" in step["run"]]
    told = " ".join(text for step in steps for text in step.get("env", {}).values())
    assert set(re.findall(r"inputs\.(\w+)", told)) == set(action["inputs"])


def test_a_board_is_not_given_to_pull_requests():
    jobs = yaml.safe_load((CI / "github.yml").read_text("utf-8"))["jobs"]
    assert jobs["board"]["if"] == "github.ref == 'refs/heads/main'"
    assert "self-hosted" in jobs["board"]["runs-on"]
    template = yaml.safe_load((CI / "gitlab-ci.yml").read_text("utf-8"))
    assert template["board"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]


def test_a_step_that_fails_ends_the_job_but_for_what_always_runs(workflow, tmp_path, monkeypatch):
    steps = [
        {"name": "first", "run": "echo $WHO > first", "env": {"WHO": "the workflow's"}},
        {"name": "second", "run": "false | true\necho on > second"},
        {"name": "third", "run": "echo on > third"},
        {"name": "last", "run": "echo on > last; exit 7", "if": "always()"},
    ]
    monkeypatch.setattr(workflow, "steps_of", lambda job: steps)
    if shutil.which("bash"):
        assert workflow.run_job("any", tmp_path, {"WHO": "ours"}) == 1
        assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "last"]
        assert (tmp_path / "first").read_text() == "ours\n"


def test_the_image_is_small_and_runs_as_nobody_of_power():
    lines = (CI / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    orders = [line.split(None, 1) for line in lines if line and not line.startswith("#")]
    said = {name: rest for name, rest in orders}
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", said["FROM"])
    assert said["USER"] not in ("root", "0")
    names = [name for name, _ in orders]
    assert names.index("USER") > names.index("RUN"), "what is installed belongs to root"
    assert names.count("FROM") == names.count("RUN") == 1
    assert "--no-cache-dir" in said["RUN"]
    assert said["ENTRYPOINT"] == '["tinyrunner"]'
