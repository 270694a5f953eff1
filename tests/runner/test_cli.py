"""The program's edge: exit statuses, signals, what goes where."""

from __future__ import annotations

import os
import re
import shlex
import signal
import sys
import time

import pytest
from support.cli import ended, inferences, only_session, process, tinyrunner
from support.devices.boards import Interrupts, board, use_board
from support.inputs import write_inputs
from tinyrunner import __version__
from tinyrunner.models.suite import KWS


def test_help_names_every_command():
    ran = tinyrunner("--help")
    assert ran.status == 0
    for command in ("run", "score", "devices", "console", "demo", "simulate"):
        assert command in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("rnu kws", "no such command 'rnu'; did you mean run?; there are run, "),
        ("sessions lst", "no such command 'lst'; did you mean list?; there are list, show, "),
        ("run --supplyv 3", "no such option --supplyv; did you mean --supply-v?"),
        ("run --limit x", "invalid value for '--limit': expected a whole number"),
        ("submission verify . --level soud", "'submittable'; did you mean sound?"),
        ("score", "missing argument 'session'"),
        ("run kvs --mode accuracy", "no task 'kvs'; did you mean kws?; there are vww, ic"),
        ("run kws --mode acuracy", "no mode 'acuracy'; did you mean accuracy?; there are "),
        ("run kws --mode accuracy --division opne", "got 'opne'; did you mean open?"),
        ("score . --task kvs", "no task 'kvs'; did you mean kws?; there are vww, ic"),
        ("report . --division opne", "no division 'opne'; did you mean open?; there are "),
        ("report . --round v1.22", "no round 'v1.22'; did you mean v1.2?; there are v0.5"),
        ("console --dut sim:kws1", "no model id 'kws1' to simulate; did you mean kws01?"),
        ("datasets info kvs", "kvs is neither a folder nor a task; did you mean kws?"),
    ],
)
def test_whatever_is_refused_is_told_in_one_style_with_what_may_be_meant(arguments, said):
    ran = tinyrunner(*arguments.split())
    assert (ran.status, ran.out) == (2, ""), ran
    assert ran.err.startswith("error: ")
    assert said.casefold() in ran.err.splitlines()[0].casefold()
    assert len(ran.err.splitlines()) <= 2


@pytest.mark.parametrize("arguments", [(), ("sessions",)])
def test_without_a_command_there_is_its_help(arguments):
    ran = tinyrunner(*arguments)
    assert ran.status == 2
    assert "Usage: tinyrunner" in ran.out
    assert ran.err == ""


def test_the_module_is_the_program():
    ran = ended(process("score", "/no/such/session", anew=True))
    assert ran.status == 2
    assert ran.out == ""
    assert "/no/such/session is not there" in ran.err
    assert __version__


def test_what_the_system_refuses_is_said_by_file_and_without_a_number(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "file"))
    ran = tinyrunner("models", "list")
    assert ran.status == 1
    assert ran.err.startswith(f"error: {tmp_path / 'file'}")
    assert "Errno" not in ran.err


FILE_FOR_A_FOLDER = {
    "firmware new": (("firmware", "new", "{}/port", "--task", "kws"), "name another place"),
    "campaign init": (("campaign", "init", "{}/c.yaml"), "name another place"),
    "score": (("score", "{}/session"), "is not there; give a session's folder or its log"),
    "resume": (("run", "--resume", "{}"), "is a file; give a session's folder"),
    "sessions": (
        ("run", "kws", "--mode", "accuracy", "--dut", "sim:", "--sessions", "{}/s"),
        "name another folder for sessions",
    ),
}


@pytest.mark.parametrize(("words", "advice"), FILE_FOR_A_FOLDER.values(), ids=FILE_FOR_A_FOLDER)
def test_a_file_where_a_folder_has_to_be_is_named_with_what_to_try(words, advice, tmp_path):
    (tmp_path / "file").touch()
    ran = tinyrunner(*(word.format(tmp_path / "file") for word in words))
    assert ran.status in (1, 2), ran
    assert str(tmp_path / "file") in ran.err
    assert advice in ran.err
    assert "Errno" not in ran.err


@pytest.mark.parametrize("place", ["demo-datasets", "locks"])
def test_a_cache_that_cannot_be_written_is_named_with_the_variable(place, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    (tmp_path / place).touch()
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", "demo", "--limit", "2",
        "--sessions", tmp_path / "sessions",
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "$TINYRUNNER_CACHE names another folder" in ran.err


def test_the_way_to_resume_is_quoted_for_the_shell(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", KWS, 3)
    use_board(monkeypatch, board(fault=Interrupts(40)))
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "with space",
    )  # fmt: skip
    assert ran.status == 130
    command = shlex.split(ran.err.strip().splitlines()[-1])
    assert command == ["tinyrunner", "run", "--resume", str(only_session(tmp_path / "with space"))]
    use_board(monkeypatch, board())
    assert tinyrunner(*command[1:]).status == 3


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_kill_say_how_to_resume(number, tmp_path):
    data = write_inputs(tmp_path / "data", KWS, 3000)
    running = process(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "s", "--data-bytes-per-db", 1,
    )  # fmt: skip
    for line in running.stderr:
        if re.search(r"kws accuracy: \d+/3000", line):
            break
    running.send_signal(number)
    ran = ended(running)
    assert ran.status == 130, ran
    session = only_session(tmp_path / "s")
    assert "error: interrupted" in ran.err
    assert f"tinyrunner run --resume {session}" in ran.err
    assert "m-session-interrupted" in (session / "log.txt").read_text()
    assert 100 < len(inferences(session)) < 3000


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_a_simulated_device_ends_on_ctrl_c(tmp_path):
    running = process("simulate", "dut", "--tcp", "127.0.0.1:0")
    assert running.stdout.readline().startswith("socket://127.0.0.1:")
    time.sleep(0.2)
    running.send_signal(signal.SIGINT)
    assert ended(running).status == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("simulate", "dut"), "Give either --pty or --tcp"),
        (("simulate", "dut", "--tcp", "nowhere"), "expected HOST:PORT"),
        (("simulate", "dut", "--tcp", "127.0.0.1:99999"), "expected HOST:PORT"),
        (("simulate", "dut", "--task", "nothing", "--pty"), "no task 'nothing'"),
    ],
)
def test_a_simulated_device_that_cannot_be_is_a_usage_error(arguments, said):
    ran = tinyrunner(*arguments)
    assert ran.status == 2
    assert said in ran.err


def test_devices_is_a_table_or_json(monkeypatch):
    from tinyrunner.dut_protocol.discovery import ports

    monkeypatch.setattr(ports.list_ports, "comports", lambda: [])
    assert tinyrunner("devices", "--json").json == []
    assert "no serial ports" in tinyrunner("devices").out


def test_results_in_a_pipe_are_not_cut_to_eighty_columns(tmp_path):
    sessions = tmp_path / ("long" * 20)
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", "demo",
        "--sessions", sessions,
    )  # fmt: skip
    assert f"kws performance: {only_session(sessions)}" in ran.out
    assert "demo_000001_Silence_10.bin" in ran.out
    assert os.linesep in ran.out
