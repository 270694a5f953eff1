"""A campaign ends in the submission that its file names; what has changed since is told."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from support.cli import sessions_in, tinyrunner
from support.sessions.campaigns import written_campaign
from tinyrunner.runner.submission.describe.system_template import TEMPLATE_NAMES

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="hooks in a POSIX shell")


def written(place: Path, **changes: object) -> Path:
    """A campaign of one simulated board, kws in two modes, and its submission's description."""
    told = dict.fromkeys(TEMPLATE_NAMES, "") | {"Status": "rdi", "Division": "closed"}
    system = {"id": "sim_1", "description": told, "code": {"kws": {"implementation": "demo"}}}
    described = {"round": "v1.2", "division": "closed", "organization": "Acme"}
    (place / "s.yaml").write_text(json.dumps(described | {"systems": [system]}))
    own = {"submission": "s.yaml", "boards": {"a": {"system": "sim_1"}}}
    return written_campaign(place, **(own | changes))


WRONG = {
    "another id": (
        {"boards": {"a": {"system": "sim_2"}}}, "none is called 'sim_2'; did you mean sim_1?",
    ),
    "no board of it": ({"boards": {"a": None}}, "submission: no board is of it"),
    "no description": ({"submission": None}, "boards.a.system: a system of which submission?"),
    "two boards for one place": (
        {"boards": {"a": {"system": "sim_1"}, "b": {"system": "sim_1"}}},
        "boards.b.system: a measures kws performance for sim_1 already",
    ),
    "development": (
        {"settings": {"for": "development"}}, "what is run `for: development` is not submitted",
    ),
    "a task without code": ({"tasks": ["kws", "ic"]}, "code: ic is missing"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), WRONG.values(), ids=list(WRONG))
def test_a_submission_that_cannot_be_built_is_refused_before_anything_is_run(
    changes, said, tmp_path
):
    for words in (("plan",), ()):
        ran = tinyrunner("campaign", *words, written(tmp_path, **changes))
        assert ran.status == 2, ran
        assert said in " ".join(ran.err.split()), ran
    assert not (tmp_path / "night").exists()


def test_the_tree_is_built_and_audited_and_a_change_of_settings_is_told(tmp_path):
    path = written(tmp_path)
    tree = tmp_path / "night" / "submission" / "closed" / "Acme"
    planned = tinyrunner("campaign", "plan", path)
    assert f"submission: a as sim_1; into {tree}" in planned.out
    ran = tinyrunner("campaign", path)
    assert ran.status == 3, ran
    assert f"submission: {tree}" in ran.out
    assert (tree / "results" / "sim_1" / "kws" / "performance" / "log.txt").is_file()
    assert "submittable" in ran.out, "audited"
    again = tinyrunner("campaign", path, "--resume")
    assert again.status == 3, again
    assert "submittable" in again.out

    first, second = sessions_in(tmp_path / "night" / "a")
    shutil.rmtree(second)
    path = written(tmp_path, hooks={"flash": "false"})
    refused = tinyrunner("campaign", path, "--resume")
    assert refused.status == 2, refused
    assert f"{tree} exists" in refused.err, "its sessions would be others"
    tree.rename(tmp_path / "earlier")
    path.write_text(path.read_text().replace('"iterations": 20', '"iterations": 30'))
    failed = tinyrunner("campaign", path, "--resume")
    assert failed.status == 1, failed
    assert (
        f"a/kws/performance: the file's settings have changed since it was measured: iterations "
        f"was 20, now is 30; it stays as it is (remove {first} to have it measured anew)"
    ) in failed.err
    assert "no submission is built: 1 of its runs failed: a/kws/accuracy" in failed.out
    assert not tree.exists()
