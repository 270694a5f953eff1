"""`submission build` as a command: where it builds, what it says."""

from __future__ import annotations

import pytest
from support.sessions.submission_trees import write_description
from tinyrunner.runner.commands.judge import submission as command
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.terms import Mode
from typer.testing import CliRunner

PLACE = ("kws", Mode.PERFORMANCE)


def build(*arguments: object):
    """`submission build …`; an error of ours is raised as it is."""
    ran = CliRunner().invoke(command.app, ["build", *map(str, arguments)])
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    return ran


@pytest.fixture
def file(demo_sessions, tmp_path):
    return write_description(tmp_path / "d", {PLACE: demo_sessions[PLACE]}, code=False)


def test_the_place_and_the_notes_are_told(file, tmp_path):
    ran = build(file, "--out", tmp_path / "o", "--results-name", "results.txt")
    assert f"{tmp_path / 'o' / 'closed' / 'Acme'} is built (v1.2)" in ran.output
    assert "note: code/keyword_spotting/simulated_board: no sources" in ran.output
    results = tmp_path / "o" / "closed" / "Acme" / "results"
    assert {path.name for path in results.rglob("result*.txt")} == {"results.txt"}


def test_the_descriptions_own_place_is_taken_without_a_flag(file):
    text = file.read_text(encoding="utf-8").replace("# output: submission ", "output: made ")
    file.write_text(text, encoding="utf-8")
    build(file)
    assert (file.parent / "made" / "closed" / "Acme" / "SHA256SUMS").is_file()


def test_without_a_place_it_is_asked_for(file):
    with pytest.raises(SetupError, match="--out"):
        build(file)
