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


def content(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_what_a_build_made_is_replaced_on_request_and_not_otherwise(file, tmp_path):
    build(file, "--out", tmp_path)
    root = tmp_path / "closed" / "Acme"
    with pytest.raises(SetupError, match="--force"):
        build(file, "--out", tmp_path)
    text = file.read_text(encoding="utf-8").replace("Board Name: ", "Board Name: new ")
    file.write_text(text, encoding="utf-8")
    ran = build(file, "--out", tmp_path, "--force")
    assert f"{root} is built" in ran.output
    (system,) = (root / "systems").glob("*.json")
    assert "new " in system.read_text(encoding="utf-8")
    assert [path.name for path in root.parent.iterdir()] == ["Acme"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda root: (root / "code" / "mine.c").write_text("x"), "code/mine.c is not of it"),
        (lambda root: (root / "mine").mkdir(), "mine is not of it"),
        (lambda root: next(root.rglob("log.txt")).write_text("x"), "log.txt was changed"),
        (lambda root: next(root.rglob("log.txt")).unlink(), "log.txt is missing"),
        (lambda root: (root / "SHA256SUMS").unlink(), "no SHA256SUMS"),
    ],
)
def test_what_somebody_else_made_or_touched_stays(file, tmp_path, spoil, told):
    build(file, "--out", tmp_path)
    root = tmp_path / "closed" / "Acme"
    spoil(root)
    before = content(root)
    with pytest.raises(SetupError, match=told):
        build(file, "--out", tmp_path, "--force")
    assert content(root) == before


def test_where_a_build_fails_the_earlier_tree_stays(file, tmp_path):
    build(file, "--out", tmp_path)
    root = tmp_path / "closed" / "Acme"
    before = content(root)
    text = file.read_text(encoding="utf-8").replace("        performance: ", "        accuracy: ")
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SetupError):
        build(file, "--out", tmp_path, "--force")
    assert content(root) == before
    assert [path.name for path in root.parent.iterdir()] == ["Acme"]
