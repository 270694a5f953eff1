"""tinyrunner as a user runs it, over the serial port of an emulated board."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
from support.cli import ended, process
from support.cli import tinyrunner as in_this_process
from support.firmware.qemu_board import EmulatedBoard
from tinyrunner.models.suite import Task

NOT_FOR_SUBMISSION = 3
"""Exit status of every run with the demo's model and data, however well it went."""


def tinyrunner(*arguments: str, expect: int, cwd: Path) -> str:
    done = ended(process(*arguments, cwd=cwd), 280)
    assert done.status == expect, done
    return done.out


def only_session(root: Path) -> Path:
    (session,) = root.iterdir()
    return session


def scores(session: Path) -> list[tuple[float, ...]]:
    """Those of every inference in the log, in order."""
    log = (session / "log.txt").read_text(encoding="utf-8")
    return [
        tuple(map(float, said.split(","))) for said in re.findall(r"m-results-\[([0-9.,]+)\]", log)
    ]


def accuracy_of(task: Task, root: Path, address: str, *more: str) -> list[str]:
    """The command line of an accuracy run."""
    return [
        "run", task.key, "--mode", "accuracy", "--dut", address, "--datasets", "demo",
        "--sessions", str(root), *more,
    ]  # fmt: skip


def simulated(task: Task, root: Path, *more: str) -> Path:
    """The session that the host's own engine gives."""
    ran = in_this_process(*accuracy_of(task, root, "sim:", *more))
    assert ran.status == NOT_FOR_SUBMISSION, ran
    return only_session(root)


def checked(board: EmulatedBoard, cwd: Path, *more: str) -> dict[str, str]:
    """The verdict of `check` on each item; it finds no fault."""
    said = tinyrunner(
        "check", "--dut", board.address, "--task", "kws", "--quick", "--json", *more,
        expect=0, cwd=cwd,
    )  # fmt: skip
    found = json.loads(said)
    assert found["passed"]
    return {item["title"]: item["verdict"] for item in found["items"]}


def windows_of(root: Path, board: EmulatedBoard, *more: str) -> list[dict]:
    tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", board.address, "--datasets", "demo",
        "--sessions", str(root), *more, expect=NOT_FOR_SUBMISSION, cwd=root.parent,
    )  # fmt: skip
    session = json.loads((only_session(root) / "session.json").read_text("utf-8"))
    windows = session["result"]["performance"]["windows"]
    assert len(windows) == 5
    # A steady emulator takes the same time for the same instructions.
    rates = [window["throughput"] for window in windows]
    assert max(rates) / min(rates) < 1.01
    return windows


def killed_after(results: int, board: EmulatedBoard, task: Task, folder: Path, *more: str) -> Path:
    """The session of an accuracy run whose board is killed once so many results are there."""
    root = folder / "runs"
    running = process(*accuracy_of(task, root, board.address, *more), cwd=folder)
    wait_for_results(root, results)
    board.kill()
    done = ended(running)
    assert done.status == 1, done
    return only_session(root)


def killed_and_resumed(image: Path, task: Task, folder: Path, inputs: int) -> Path:
    """The session of an accuracy run whose board is killed after three of its inputs."""
    with EmulatedBoard(image) as board:
        session = killed_after(3, board, task, folder, "--limit", str(inputs))
    assert 3 <= len(scores(session)) < inputs
    with EmulatedBoard(image, port=board.port):
        tinyrunner("run", "--resume", str(session), expect=NOT_FOR_SUBMISSION, cwd=folder)
    return session


def result_of(session: Path) -> object:
    result = json.loads((session / "session.json").read_text(encoding="utf-8"))["result"]
    # What a simulated device and a demonstration's inputs are called is not the board's doing.
    said = ("simulated device", "synthetic data")
    result["findings"] = [one for one in result["findings"] if one["kind"] not in said]
    return {part: result[part] for part in ("performance", "accuracy", "findings", "valid")}


def wait_for_results(root: Path, count: int) -> None:
    until_s = time.monotonic() + 240
    while time.monotonic() < until_s:
        if root.exists() and any(root.iterdir()):
            log = only_session(root) / "log.txt"
            if log.exists() and log.read_text(encoding="utf-8").count("m-results-[") >= count:
                return
        time.sleep(0.02)
    pytest.fail(f"no {count} results in four minutes")
