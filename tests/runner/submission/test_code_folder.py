"""The submitter's sources: copied without links, version control and debris, and that is told."""

from __future__ import annotations

import os
import sys

import pytest
from support.sessions.submission_trees import write_description
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.submission import code_folder
from tinyrunner.runner.submission.build import build
from tinyrunner.runner.submission.code_folder import copy_code
from tinyrunner.runner.submission.describe.description import load_description
from tinyrunner.runner.terms import Mode


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def copied(source, tmp_path):
    return copy_code(source, tmp_path / "target", tmp_path / "elsewhere")


def test_sources_are_copied_with_their_folders(tmp_path):
    names = ("Makefile", "src/main.c", "src/deep/er/größe.h", ".clang-format")
    source = make(tmp_path / "fw", *names)
    (source / "empty").mkdir()
    result = copied(source, tmp_path)
    assert set(result.files) == set(names)
    assert result.left_out == ()
    for name in names:
        assert (tmp_path / "target" / name).read_text(encoding="utf-8") == name
    assert not (tmp_path / "target" / "empty").exists()  # git and the checker want none


def test_debris_is_left_out_and_told(tmp_path):
    source = make(
        tmp_path / "fw", "a.c", ".git/config", "sub/.git", "sub/b.c", "__pycache__/x.pyc", "y.pyc",
        ".DS_Store", "sub/._b.c", "Thumbs.db",
    )  # fmt: skip
    result = copied(source, tmp_path)
    assert set(result.files) == {"a.c", "sub/b.c"}
    assert {text.partition(":")[0] for text in result.left_out} == {
        ".git", "sub/.git", "__pycache__", "y.pyc", ".DS_Store", "sub/._b.c", "Thumbs.db",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege on Windows")
def test_links_and_special_files_are_left_out(tmp_path):
    secret = make(tmp_path / "secret", "key.txt")
    source = make(tmp_path / "fw", "a.c")
    (source / "link.c").symlink_to(secret / "key.txt")
    (source / "folder").symlink_to(secret)
    os.mkfifo(source / "pipe")
    result = copied(source, tmp_path)
    assert result.files == ("a.c",)
    assert set(result.left_out) == {
        "link.c: a symbolic link",
        "folder: a symbolic link",
        "pipe: not a plain file",
    }
    assert [path.name for path in (tmp_path / "target").iterdir()] == ["a.c"]


@pytest.mark.skipif(sys.platform != "linux", reason="only here may names be any bytes")
def test_names_that_are_no_plain_text_are_left_out(tmp_path):
    source = make(tmp_path / "fw", "a.c", "line\nbreak.c")
    (source / os.fsdecode(b"\xff.c")).write_text("x")
    result = copied(source, tmp_path)
    assert result.files == ("a.c",)
    assert len(result.left_out) == 2


def test_the_submission_itself_is_not_copied_into_itself(demo_sessions, tmp_path):
    """`folder: .` with the tree built under it: else it would hold itself."""
    place = ("kws", Mode.PERFORMANCE)
    path = write_description(tmp_path / "fw", {place: demo_sessions[place]})
    text = path.read_text(encoding="utf-8").replace("folder: firmware", "folder: .")
    path.write_text(text, encoding="utf-8")
    built = build(load_description(path), tmp_path / "fw" / "out")
    assert any("out: the submission itself" in note for note in built.notes)
    code = built.root / "code" / "keyword_spotting" / "tflite_simulated"
    assert {found.name for found in code.iterdir()} == {"README.md", "firmware", "submission.yaml"}


def test_the_submitters_own_readme_is_kept(demo_sessions, tmp_path):
    place = ("kws", Mode.PERFORMANCE)
    path = write_description(tmp_path / "d", {place: demo_sessions[place]})
    (tmp_path / "d" / "firmware" / "readme.md").write_text("mine", encoding="utf-8")
    built = build(load_description(path), tmp_path / "out")
    code = built.root / "code" / "keyword_spotting" / "tflite_simulated"
    assert (code / "readme.md").read_text(encoding="utf-8") == "mine"
    assert "tinyrunner run kws" in (code / "REPRODUCE.md").read_text(encoding="utf-8")
    assert any("REPRODUCE.md" in note for note in built.notes)


@pytest.mark.parametrize("content", ["nothing", "no folder", "only debris"])
def test_a_folder_without_sources_is_refused(tmp_path, content):
    source = tmp_path / "fw"
    if content != "no folder":
        source.mkdir()
    if content == "only debris":
        make(source, ".git/config")
    with pytest.raises(SetupError, match="fw"):
        copied(source, tmp_path)


def test_more_files_than_sources_have_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(code_folder, "MAX_FILES", 2)
    with pytest.raises(SetupError, match="more than 2 files"):
        copied(make(tmp_path / "fw", "a", "b", "c"), tmp_path)


def test_endless_nesting_ends(tmp_path):
    source = make(tmp_path / "fw", "a.c", "/".join(["d"] * 60) + "/z.c")
    result = copied(source, tmp_path)
    assert result.files == ("a.c",)
    assert "folders deep" in result.left_out[0]
