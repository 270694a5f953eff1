"""What a lane does around its runs: it waits for a board's port, and for who still has it."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest
from support.cli import tinyrunner
from support.devices.boards import PTY, board, served
from support.sessions.campaigns import written_campaign
from tinyrunner.runner.execute.campaign.cells import read_campaign
from tinyrunner.runner.execute.campaign.lane import Lane, run_lane
from tinyrunner.runner.journal.session_folder import alone_in

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals, POSIX hooks")


def written(place: Path, port: str, **changes: object) -> Path:
    own = {
        "modes": ["accuracy"],
        "settings": {"datasets": "demo", "limit": 2, "dut": {"address": port, "boot_wait_s": 0.1}},
        "boards": {"a": None},
    }
    return written_campaign(place, **(own | changes))


def run(path: Path) -> list[dict]:
    """What a lane of all cells tells."""
    read, told = read_campaign(path), []
    run_lane(Lane(read.cells, path.parent, read.check, read.retries), told.append)
    return told


def test_a_board_may_be_off_its_port_for_a_while_after_its_flash(tmp_path):
    port = tmp_path / "port"
    with served(board(), PTY) as address:
        link = f"(sleep 0.4; ln -s {address} {port}) >sleeping 2>&1 &"
        told = run(written(tmp_path, str(port), hooks={"flash": link}))
    assert [one["event"] for one in told if one["event"] in ("finished", "failed")] == ["finished"]
    assert {"event": "doing", "cell": "a/kws/accuracy", "what": "waiting for its port"} in told


def test_a_board_that_does_not_come_back_is_named(tmp_path):
    hooks = {"flash": "true", "port_timeout_s": 0.2}
    told = run(written(tmp_path, str(tmp_path / "port"), hooks=hooks))
    assert f"there is no port {tmp_path / 'port'}" in told[-1]["error"]


def test_a_lane_waits_for_the_one_that_is_still_leaving_its_board(tmp_path):
    held, waited = threading.Event(), []

    def leave() -> None:
        with alone_in(tmp_path / "night" / "a"):
            held.set()
            time.sleep(0.3)
            waited.append(True)

    threading.Thread(target=leave).start()
    held.wait(10)
    told = run(written(tmp_path, "sim:"))
    assert waited
    assert told[-1]["event"] == "finished"


def test_a_campaign_is_run_once_at_a_time(tmp_path):
    path = written(tmp_path, "sim:")
    with alone_in(tmp_path / "night"):
        ran = tinyrunner("campaign", path)
    assert ran.status == 2, ran
    assert "night is in use by another process" in ran.err


def test_a_flash_that_fails_and_a_board_that_is_unplugged_cost_their_cells_and_no_other(tmp_path):
    boards = {name: None for name in "abd"} | {
        "c": {"hooks": {"flash": "echo no probe; false"}},
        "e": {"settings": {"dut": {"address": "/dev/ttyNOTHING"}}, "hooks": {"flash": None}},
    }
    settings = {
        "datasets": "demo", "limit": 2, "dut": {"address": "sim:"},
        "monitor": {"address": "lpm01a:/dev/ttySHARED"},  # so that one process runs them all
    }  # fmt: skip
    path = written(
        tmp_path, "sim:", boards=dict(sorted(boards.items())), settings=settings,
        hooks={"flash": "true"},
    )  # fmt: skip
    ran = tinyrunner("campaign", path)
    assert ran.status == 1, ran
    rows = [line.split() for line in ran.out.splitlines()[1:6]]
    assert [row[0] for row in rows] == list("abcde")
    assert [row[2] == "failed" for row in rows] == [False, False, True, False, True]
    assert "failed: c/kws/accuracy: the hook flash: " in ran.out
    assert "it said: no probe" in ran.out
    assert "failed: e/kws/accuracy: there is no port /dev/ttyNOTHING" in ran.out


def test_a_lane_that_crashes_at_an_energy_run_costs_it_and_leaves_nobody_in_doubt(tmp_path):
    path = written(
        tmp_path, "sim:", tasks=["kws", "ic"], modes=["energy"],
        hooks={"flash": "test {task} = ic || kill -9 $PPID"},
        settings={
            "datasets": "demo", "limit": 2, "iterations": 20, "dut": {"address": "sim:"},
            "monitor": {"supply_v": 3.0},
        },
    )  # fmt: skip
    ran = tinyrunner("campaign", path)
    assert ran.status == 4, ran
    assert "failed: a/kws/energy: its process ended with status -9" in ran.out
    assert ran.err.splitlines()[-1].startswith("THE SUPPLY MAY BE ON")
    assert len(list((tmp_path / "night" / "a").glob("*_ic_energy/result.txt"))) == 1
