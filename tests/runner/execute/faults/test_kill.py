"""`kill -9` at random moments: the session goes on, and ends as if nothing had happened."""

from __future__ import annotations

import random
import time

import pytest
from support.cli import document, ended, inferences, only_session, process, tinyrunner
from support.devices.boards import PTY, board, served, use_board
from support.inputs import REFERENCE_MODELS, write_inputs
from support.reference import reference_path
from tinyrunner.models.suite import KWS


def size(log):
    return log.stat().st_size if log.exists() else 0


def kill_when_grown(running, log, grown):
    """Kill the process when its log has grown by that much; False if it ended before."""
    until = size(log) + grown
    while running.poll() is None:
        if size(log) >= until:
            running.kill()
            running.communicate()
            return True
        time.sleep(0.001)
    running.communicate()
    return False


@pytest.mark.parametrize(
    ("kills", "limit"), [pytest.param(20, 1000, marks=pytest.mark.slow), (3, 90)]
)
def test_a_run_killed_again_and_again_measures_the_same(kills, limit, tmp_path):
    arguments = (
        "run", "kws", "--mode", "accuracy", "--dut", "sim:kws01", "--datasets",
        reference_path("datasets"), "--model",
        reference_path("models", REFERENCE_MODELS["kws"]), "--limit", limit,
        "--data-bytes-per-db", 8, "--json", "--sessions",
    )  # fmt: skip
    uninterrupted = ended(process(*arguments, tmp_path / "whole"))
    whole = only_session(tmp_path / "whole")
    # Twice as many inferences would fit between the kills, so that all of them come in mid-run.
    step = size(whole / "log.txt") // (2 * kills)
    chance = random.Random(20)
    root = tmp_path / "s"
    root.mkdir()
    running = process(*arguments, root)
    while not any(root.glob("*/session.json")):
        time.sleep(0.001)
    session = only_session(root)
    provenance = None
    for kill in range(kills):
        assert kill_when_grown(running, session / "log.txt", chance.randrange(1, 2 * step)), kill
        now = document(session)["provenance"]
        assert provenance in (None, now)
        provenance = now
        running = process("run", "--resume", session, "--json")
    resumed = ended(running)
    assert resumed.status == uninterrupted.status == (0 if limit == 1000 else 3), resumed
    assert resumed.json["accuracy"] == uninterrupted.json["accuracy"]
    assert resumed.json["findings"] == uninterrupted.json["findings"]
    assert inferences(session) == inferences(whole)
    assert len(inferences(session)) == limit
    log = (session / "log.txt").read_text()
    assert log.count("m-session-resume-id[") == kills


def started(data, root, address):
    """A run on a board behind a real port, and its session, once some inputs are measured."""
    running = process(
        "run", "kws", "--mode", "accuracy", "--dut", address, "--datasets", data,
        "--sessions", root, "--data-bytes-per-db", 1,
    )  # fmt: skip
    while not any(root.glob("*/session.json")):
        assert running.poll() is None, ended(running)
        time.sleep(0.01)
    session = only_session(root)
    while size(session / "log.txt") < 10_000:
        time.sleep(0.001)
    return running, session


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 60)


@pytest.fixture
def whole(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board())
    tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data,
        "--sessions", tmp_path / "whole",
    )  # fmt: skip
    return inferences(only_session(tmp_path / "whole"))


def test_a_board_left_in_the_middle_of_a_load_is_taken_up_again(data, whole, tmp_path):
    with served(board(), PTY) as address:  # which does not boot it when it is opened again
        running, session = started(data, tmp_path / "s", address)
        running.kill()
        running.communicate()
        assert len(inferences(session)) < len(whole)
        ran = tinyrunner("run", "--resume", session)
    assert ran.status == 3, ran
    assert inferences(session) == whole


def test_a_link_that_dies_stops_the_run_and_another_port_goes_on(data, whole, tmp_path):
    with served(board(), "tcp") as address:
        running, session = started(data, tmp_path / "s", address)
    ran = ended(running)
    assert ran.status == 1, ran
    assert f"tinyrunner run --resume {session}" in ran.err
    assert "m-session-error[" in (session / "log.txt").read_text()
    with served(board(), PTY) as address:
        ran = tinyrunner("run", "--resume", session, "--dut", address)
    assert ran.status == 3, ran
    assert inferences(session) == whole
