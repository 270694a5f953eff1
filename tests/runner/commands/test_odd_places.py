"""Places that hold nothing, are files or may not be looked into: told in words, with status 2."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.cli import Ran, tinyrunner
from support.sessions.for_reports import performance

LETTER = "Dear all, it works on my board.\n"
NO_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")
"""Before a command: root without the right to read what its permissions forbid."""


@pytest.fixture
def letter(tmp_path) -> Path:
    path = tmp_path / "letter"
    path.write_text(LETTER)
    return path


@pytest.mark.parametrize(
    "words",
    [
        ("report", "PLACE", "--out", "OUT/r.html"),
        ("compare", "PLACE", "SESSION"),
        ("export", "PLACE"),
        ("history", "add", "PLACE", "--db", "OUT/h.db"),
    ],
    ids=lambda words: words[0],
)
def test_a_file_that_is_no_log_is_no_session_and_leaves_nothing(tmp_path, letter, words):
    session = performance(tmp_path / "s", [10.0] * 5)
    out = tmp_path / "out"
    out.mkdir()
    named = {"PLACE": letter, "SESSION": session}
    ran = tinyrunner(*(named.get(word, word.replace("OUT", str(out))) for word in words))
    assert ran.status == 2, ran
    assert ran.err.startswith(f"error: {letter} is a file, and no session's log; give")
    assert [path.name for path in out.iterdir() if path.suffix == ".html"] == []
    if words[0] == "history":
        kept = tinyrunner("history", "list", "--db", out / "h.db")
        assert f"{letter.name}" not in kept.out


def test_a_log_that_cannot_be_scored_is_still_told_with_its_reason(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    (folder / "log.txt").write_text(LETTER)
    page = tmp_path / "r.html"
    assert tinyrunner("report", folder / "log.txt", "--out", page).status == 0
    assert "is no session log" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("sessions", "list"), "PLACE is a file; name a folder that holds sessions"),
        (("check", "--dut"), "PLACE is a file, and no port; `tinyrunner devices` lists"),
        (
            ("run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets"),
            "PLACE: a file, and no folder; expected PLACE/kws01/y_labels.csv",
        ),
    ],
    ids=lambda words: words[0],
)
def test_a_file_is_called_one_where_something_else_is_wanted(letter, words, said):
    assert f"error: {said.replace('PLACE', str(letter))}" in tinyrunner(*words, letter).err


def test_an_empty_folder_is_no_record(tmp_path):
    ran = tinyrunner("submission", "table", tmp_path)
    assert (ran.status, ran.out) == (2, "")
    assert f"error: {tmp_path}: no session of a results repository" in ran.err


def as_nobody(*words: object) -> Ran:
    """The command line, by somebody who has to keep to permissions."""
    if os.name != "posix" or (os.geteuid() == 0 and not shutil.which(NO_RIGHTS[0])):
        pytest.skip("permissions stop nobody here")
    if os.geteuid() != 0:
        return tinyrunner(*words)
    command = [*NO_RIGHTS, sys.executable, "-m", "tinyrunner", *map(str, words)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.fixture
def night(tmp_path):
    """Two sessions, and into one of them nobody may look."""
    folder = tmp_path / "night"
    performance(folder / "20260101_000000_kws_performance", [10.0] * 5)
    locked = performance(folder / "20260102_000000_kws_performance", [10.0] * 5)
    locked.chmod(0)
    yield folder
    locked.chmod(0o700)


def test_a_folder_without_rights_hides_none_of_the_others_and_is_named(night):
    listed = as_nobody("sessions", "list", night)
    assert listed.status == 0, listed
    assert [line.split()[0] for line in listed.out.splitlines()[1:]] == ["2026-01-01", "2026-01-02"]
    assert listed.out.splitlines()[2].split()[-3] == "damaged"
    refused = as_nobody("report", night)
    assert refused.status == 2, refused
    assert "cannot look for sessions in" in refused.err
    assert "Permission denied; name the sessions' own folders" in refused.err


def test_a_place_without_rights_is_refused_before_anything_is_begun(tmp_path, night):
    (locked,) = night.glob("20260102*")
    asked = ("run", "kws", "--mode", "accuracy", "--dut", "sim:")
    unseen = as_nobody(*asked, "--datasets", locked)
    assert (unseen.status, unseen.out) == (2, "")
    assert f"error: {locked}: cannot look into it: Permission denied" in unseen.err
    unmade = as_nobody(*asked, "--datasets", "demo", "--sessions", locked / "s")
    assert (unmade.status, unmade.out) == (2, "")
    assert f"error: cannot make a session folder in {locked / 's'}: Permission denied" in unmade.err
