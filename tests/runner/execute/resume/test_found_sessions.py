"""`sessions list`, `show` and `prune`: what lies in a folder, and what of it may go."""

from __future__ import annotations

import io
import json
import shutil
import sys

import pytest
from rich.console import Console
from support.cli import document, only_session, tinyrunner
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS
from tinyrunner.runner.commands.measure import sessions as command
from tinyrunner.runner.commands.show.sessions_table import show_sessions
from tinyrunner.runner.execute.resume.found_sessions import SessionState, find_sessions, look_at
from tinyrunner.runner.journal.session_folder import SessionFolder, alone_with


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The folder of one session with a result."""
    folder = tmp_path_factory.mktemp("measured")
    data = write_inputs(folder / "data", KWS, 6)
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--board", "nucleo", "--sessions", folder / "s", "--limit", 4,
    )  # fmt: skip
    assert ran.status == 3, ran
    return only_session(folder / "s")


@pytest.fixture
def root(measured, tmp_path):
    """A folder with one session in each state, but for running ones."""
    root = tmp_path / "sessions"

    def copied(name):
        return shutil.copytree(measured, root / name)

    copied("20260101_100000_nucleo_kws_accuracy")
    cut(unscored(copied("20260101_110000_kws_accuracy")), b"-infer-start-")
    unscored(copied("20260101_115900_kws_accuracy"))
    (copied("20260101_120000_kws_accuracy") / "session.json").write_text("{")
    cut(unscored(copied("20260101_130000_kws_accuracy")), b"sequencer: m-sequencer-start")
    (root / "20260101_140000_kws_performance").mkdir()
    (root / "20260101_140000_kws_performance" / "calibration.txt").write_text("")
    (root / "mine").mkdir()
    (root / "mine" / "notes.txt").write_text("no session")
    return root


def unscored(session):
    """The session as it is before its result is written."""
    told = document(session)
    (session / "session.json").write_text(json.dumps(told | {"result": None}))
    (session / "result.txt").unlink()
    return session


def cut(session, at):
    """The session's log as a kill leaves it, where ``at`` stands for the first time."""
    log = session / "log.txt"
    log.write_bytes(log.read_bytes().partition(at)[0])


def states(root):
    return {one.folder.name[9:]: one.state for one in find_sessions(root)}


STATES = {
    "110000_kws_accuracy": SessionState.STOPPED,
    "115900_kws_accuracy": SessionState.NOT_SCORED,
    "100000_nucleo_kws_accuracy": SessionState.FINISHED,
    "120000_kws_accuracy": SessionState.DAMAGED,
    "130000_kws_accuracy": SessionState.NOT_BEGUN,
    "140000_kws_performance": SessionState.NOT_BEGUN,
}


def test_a_session_is_told_apart_where_no_lock_can_be_made(root, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "file"))
    assert states(root) == STATES


def prune(root, *flags):
    ran = tinyrunner("sessions", "prune", root, *flags)
    assert ran.status == 0, ran
    return {folder.name[9:] for folder in root.iterdir() if folder.name != "mine"}


def test_each_session_is_found_in_its_state_and_nothing_else_is_one(root):
    assert states(root) == STATES


def test_the_list_names_board_task_mode_figure_verdict_and_what_goes_on(root):
    ran = tinyrunner("sessions", "list", root)
    assert ran.status == 0, ran
    head, *rows = ran.out.splitlines()
    assert " ".join(head.split()) == "begun board task mode figure verdict resume folder"
    by_folder = {row.split()[-1][9:]: row.split() for row in rows}
    finished = by_folder["100000_nucleo_kws_accuracy"]
    top1 = document(root / "20260101_100000_nucleo_kws_accuracy")["result"]["accuracy"]["top1"]
    assert finished[2:9] == [
        "nucleo", "kws", "accuracy", "Top-1", f"{top1:.1%}", "simulated", "–",
    ]  # fmt: skip
    assert by_folder["110000_kws_accuracy"][-4:-1] == ["–", "stopped", "yes"]
    assert by_folder["120000_kws_accuracy"][-3:-1] == ["damaged", "repair"]
    assert by_folder["140000_kws_performance"][:2] == ["2026-01-01", "14:00"]
    assert by_folder["140000_kws_performance"][-2] == "no"


@pytest.mark.parametrize("columns", [50, 80, 120])
def test_a_narrow_terminal_costs_names_and_columns_and_never_a_digit(root, columns):
    console = Console(file=io.StringIO(), width=columns, color_system=None)
    show_sessions(console, find_sessions(root))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    top1 = document(root / "20260101_100000_nucleo_kws_accuracy")["result"]["accuracy"]["top1"]
    assert any(f"Top-1 {top1:.1%} " in line for line in lines)
    assert any(line.startswith("2026-01-01 14:00 ") for line in lines)


def test_what_is_listed_as_to_be_resumed_is_resumed(root):
    for one in find_sessions(root):
        if one.resumable:
            assert tinyrunner("run", "--resume", one.folder).status == 3
            assert look_at(one.folder).state is SessionState.FINISHED
    assert sum(state is SessionState.FINISHED for state in states(root).values()) == 4


def test_json_has_the_same_for_programs(root):
    listed = tinyrunner("sessions", "list", root, "--json").json
    assert [one["state"] for one in listed].count("not begun") == 2
    (finished,) = [one for one in listed if one["state"] == "finished"]
    assert finished["figure"]["unit"] == "Top-1"
    assert finished["verdict"] == "simulated"
    shown = tinyrunner("sessions", "show", finished["folder"], "--json").json
    assert shown["accuracy"]["top1"] == finished["figure"]["value"]
    assert shown["provenance"]["config"]["board"] == "nucleo"


@pytest.mark.parametrize(("name", "said"), [
    ("20260101_100000_nucleo_kws_accuracy", "Top-1"),
    ("20260101_110000_kws_accuracy", "tinyrunner run --resume"),
    ("20260101_120000_kws_accuracy", "sessions repair"),
    ("20260101_140000_kws_performance", "calibration.txt"),
])  # fmt: skip
def test_one_is_shown_in_whatever_state(root, name, said):
    ran = tinyrunner("sessions", "show", root / name)
    assert ran.status == 0, ran
    assert said in ran.out


def test_only_what_measured_nothing_is_pruned_unless_more_is_asked_for(root):
    assert prune(root, "--yes") == {name for name in STATES if STATES[name].value != "not begun"}
    assert prune(root, "--yes", "--incomplete") == {
        "100000_nucleo_kws_accuracy", "115900_kws_accuracy", "120000_kws_accuracy",
    }  # fmt: skip
    assert prune(root, "--yes", "--measured") == set()
    assert (root / "mine" / "notes.txt").is_file()


@pytest.mark.parametrize("name", ["result.txt", "log-damaged.txt", "trace1-energy.bin"])
def test_what_may_have_been_measured_is_no_leftover(root, name):
    begun = root / "20260101_140000_kws_performance"
    (begun / name).write_text("")
    assert look_at(begun).state is SessionState.DAMAGED
    assert begun.name[9:] in prune(root, "--yes", "--incomplete")


def test_nothing_is_pruned_unasked(root, monkeypatch):
    ran = tinyrunner("sessions", "prune", root, "--measured")
    assert ran.status == 2, ran
    assert "--yes" in ran.err
    assert states(root) == STATES
    monkeypatch.setattr(command, "_is_terminal", lambda: True)
    ran = tinyrunner("sessions", "prune", root, "--measured", stdin="n\n")
    assert (ran.status, states(root)) == (0, STATES), ran
    ran = tinyrunner("sessions", "prune", root, stdin="y\n")
    assert ran.out.count("removed ") == 2, ran


def test_what_is_running_or_holds_something_of_somebody_stays(root):
    running = root / "20260101_140000_kws_performance"
    noted = root / "20260101_130000_kws_accuracy"
    (noted / "notes.txt").write_text("do not lose this")
    with alone_with(SessionFolder(running, "")):
        assert look_at(running).state is SessionState.RUNNING
        ran = tinyrunner("sessions", "prune", root, "--yes")
    assert ran.status == 0, ran
    assert "notes.txt, which no session writes" in ran.err
    assert states(root) == STATES


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_not_followed(root, tmp_path):
    kept = shutil.move(root / "20260101_140000_kws_performance", tmp_path / "kept")
    (root / "20260101_140000_kws_performance").symlink_to(kept)
    ran = tinyrunner("sessions", "prune", root, "--yes")
    assert ran.status == 1, ran
    assert (kept / "calibration.txt").is_file()


def test_a_folder_that_is_not_there_or_empty_is_told(tmp_path):
    assert tinyrunner("sessions", "list", tmp_path / "none").status == 2
    ran = tinyrunner("sessions", "list", tmp_path)
    assert (ran.status, ran.out) == (0, "")
    assert "holds no session" in ran.err
    assert tinyrunner("sessions", "show", tmp_path).status == 2


def test_a_session_for_development_is_good_and_never_valid(tmp_path):
    data = write_inputs(tmp_path / "data", KWS, 6)
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data, "--limit", 4,
        "--sessions", tmp_path / "s", "--for", "development",
    )  # fmt: skip
    (found,) = tinyrunner("sessions", "list", tmp_path / "s", "--json").json
    assert found["verdict"] == ("development" if ran.status == 0 else "not good")
