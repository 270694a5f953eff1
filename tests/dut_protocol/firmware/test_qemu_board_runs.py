"""tinyrunner as a user runs it, over the serial port of an emulated Cortex-M4."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.cli import tinyrunner as in_this_process
from support.firmware.qemu_board import EmulatedBoard, firmware_image
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import AD, KWS, Task

NOT_FOR_SUBMISSION = 3
"""Exit status of every run with the demo's model and data, however well it went."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))


def tinyrunner(*arguments: str, expect: int, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tinyrunner", *arguments],
        cwd=cwd, capture_output=True, text=True, encoding="utf-8", timeout=280,
    )  # fmt: skip
    assert done.returncode == expect, done.stdout + done.stderr
    return done.stdout


def board_for(task: Task, **options) -> EmulatedBoard:
    return EmulatedBoard(firmware_image(task, demo_model_path(task)), **options)


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


def test_check_finds_nothing_wrong(tmp_path):
    with board_for(KWS) as board:
        found = json.loads(
            tinyrunner(
                "check", "--dut", board.address, "--task", "kws", "--quick", "--risky", "--json",
                expect=0, cwd=tmp_path,
            )
        )  # fmt: skip
    assert found["passed"]
    verdicts = {item["title"]: item["verdict"] for item in found["items"]}
    assert verdicts.pop("commands of the IO manager") == "skipped"
    # How fast loads go and how late a stamp comes is a busy machine's doing, not the firmware's.
    for unsure in ("speed of loads", "timer rate"):
        assert verdicts.pop(unsure) in ("pass", "warn")
    assert verdicts.pop("timestamp pin") == "skipped"
    assert set(verdicts.values()) == {"pass"}


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


@pytest.mark.slow
def test_a_performance_run_finds_n_and_measures_five_whole_windows(tmp_path):
    with board_for(KWS) as board:
        windows = windows_of(tmp_path / "runs", board)
    assert all(w["invalid"] is None and w["elapsed_s"] >= 10 for w in windows)


def test_five_short_windows_are_timed_by_the_boards_own_counter(tmp_path):
    """Windows of ten seconds are the slow test's; how N is found, test_calibrate's."""
    with board_for(KWS) as board:
        windows = windows_of(tmp_path / "runs", board, "--iterations", "8")
    assert all(w["iterations"] == 8 and w["elapsed_s"] > 0.1 for w in windows)


def test_an_accuracy_run_by_the_wire_extension_gives_the_host_engines_errors(tmp_path):
    """One file of ad: 196 windows, each shifted in by 512 bytes."""
    one_file = ("--limit", "1")
    with board_for(AD, options=()) as board:
        words = accuracy_of(
            AD, tmp_path / "real", board.address, "--extension", "--wire-log", "wire.txt", *one_file
        )
        tinyrunner(*words, expect=NOT_FOR_SUBMISSION, cwd=tmp_path)
    measured = scores(only_session(tmp_path / "real"))
    expected = scores(simulated(AD, tmp_path / "sim", *one_file))
    assert len(measured) == len(expected) == 196
    for (score,), (wanted,) in zip(measured, expected, strict=True):
        assert score == pytest.approx(wanted, abs=0.0011)
    wire = (tmp_path / "wire.txt").read_text(encoding="utf-8")
    assert wire.count("xdb shift 512 ") == 195


def test_a_board_killed_in_mid_run_is_taken_up_again_with_the_same_result(tmp_path):
    image_of_kws = firmware_image(KWS, demo_model_path(KWS))
    limit = ("--limit", "10")
    with EmulatedBoard(image_of_kws) as board:
        running = subprocess.Popen(
            [
                sys.executable, "-m", "tinyrunner",
                *accuracy_of(KWS, tmp_path / "runs", board.address, *limit),
            ],
            cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=os.environ,
        )  # fmt: skip
        wait_for_results(tmp_path / "runs", 3)
        board.kill()
        said, _ = running.communicate(timeout=120)
    assert running.returncode == 1, said.decode(errors="replace")
    session = only_session(tmp_path / "runs")
    assert 3 <= len(scores(session)) < 10
    with EmulatedBoard(image_of_kws, port=board.port):
        tinyrunner("run", "--resume", str(session), expect=NOT_FOR_SUBMISSION, cwd=tmp_path)
    assert result_of(session) == result_of(simulated(KWS, tmp_path / "sim", *limit))


def result_of(session: Path) -> object:
    result = json.loads((session / "session.json").read_text(encoding="utf-8"))["result"]
    # What a simulated device and a demonstration's inputs are called is not the board's doing.
    said = ("simulated device", "synthetic data")
    result["findings"] = [one for one in result["findings"] if one["kind"] not in said]
    return {part: result[part] for part in ("performance", "accuracy", "findings", "valid")}


def wait_for_results(root: Path, count: int) -> None:
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        if root.exists() and any(root.iterdir()):
            log = only_session(root) / "log.txt"
            if log.exists() and log.read_text(encoding="utf-8").count("m-results-[") >= count:
                return
        time.sleep(0.02)
    pytest.fail(f"no {count} results in a minute")
