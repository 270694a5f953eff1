"""tinyrunner as a user runs it, over the serial port of an emulated Cortex-M4."""

from __future__ import annotations

import json

import pytest
from support.firmware.board_runs import (
    NOT_FOR_SUBMISSION,
    accuracy_of,
    checked,
    killed_after,
    killed_and_resumed,
    only_session,
    result_of,
    scores,
    simulated,
    tinyrunner,
    windows_of,
)
from support.firmware.qemu_board import EmulatedBoard, firmware_image
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import AD, KWS, Task


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))


def board_for(task: Task, **options) -> EmulatedBoard:
    return EmulatedBoard(firmware_image(task, demo_model_path(task)), **options)


def test_check_finds_nothing_wrong(tmp_path):
    with board_for(KWS) as board:
        verdicts = checked(board, tmp_path)
    assert verdicts.pop("commands of the IO manager") == "skipped"
    # How fast loads go and how late a stamp comes is a busy machine's doing, not the firmware's.
    for unsure in ("speed of loads", "timer rate"):
        assert verdicts.pop(unsure) in ("pass", "warn")
    assert verdicts.pop("timestamp pin") == "skipped"
    # An emulator takes seconds to hear more than fits: the library and each chip are tried with it.
    assert verdicts.pop("data after m-load-done") == "skipped"
    assert set(verdicts.values()) == {"pass"}


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
    session = json.loads((only_session(tmp_path / "runs") / "session.json").read_text("utf-8"))
    assert "simulated device" in [each["kind"] for each in session["result"]["findings"]]


# Small blocks and the longest time-out: a busy machine takes long over one, and where it takes half
# of the time-out, the host begins the load again, and in the end goes on by `db`.
PATIENT = "SETTINGS=-DTR_RING_BYTES=8192 -DTR_BIN_BLOCK_BYTES=128 -DTR_BIN_TIMEOUT_MS=1000"


def patient_board() -> EmulatedBoard:
    return EmulatedBoard(firmware_image(AD, demo_model_path(AD), PATIENT), options=())


BY_THE_EXTENSION = ("--extension", "--wire-log", "wire.txt", "--limit", "1")
"""One file of ad: 196 windows, each shifted in by 512 bytes."""


PAUSED = "the device may not be waiting for it any more"
"""What a session's log says where the machine was too busy for a block."""


def test_windows_by_the_wire_extension_give_the_host_engines_errors(tmp_path):
    """Those of the first eighth of a file; then the board has done its work.

    However the loads went, the errors are the engine's. Where the machine paused in one of them,
    another board is asked.
    """
    for attempt in ("first", "second", "third"):
        folder = tmp_path / attempt
        folder.mkdir()
        with patient_board() as board:
            session = killed_after(24, board, AD, folder, *BY_THE_EXTENSION)
        measured = scores(session)
        engine = Engine.load(demo_model_path(AD), AD)
        inputs = Dataset.open(tmp_path / "cache" / "demo-datasets" / "ad01", AD)
        for (score,), window in zip(measured, inputs.windows(), strict=False):
            assert score == pytest.approx(*engine.infer(inputs.read(window)), abs=0.0011)
        if PAUSED not in (session / "log.txt").read_text(encoding="utf-8"):
            break
    else:
        pytest.skip("three times the machine was too busy to send a block of 128 bytes in time")
    wire = (folder / "wire.txt").read_text(encoding="utf-8")
    assert wire.count("xdb load 2560 ") == 1
    assert 24 <= len(measured) <= wire.count("xdb shift 512 ") + 1


@pytest.mark.slow
def test_a_whole_file_by_the_wire_extension_gives_the_host_engines_errors(tmp_path):
    with patient_board() as board:
        words = accuracy_of(AD, tmp_path / "real", board.address, *BY_THE_EXTENSION)
        tinyrunner(*words, expect=NOT_FOR_SUBMISSION, cwd=tmp_path)
    measured = scores(only_session(tmp_path / "real"))
    expected = scores(simulated(AD, tmp_path / "sim", "--limit", "1"))
    assert len(measured) == len(expected) == 196
    for (score,), (wanted,) in zip(measured, expected, strict=True):
        assert score == pytest.approx(wanted, abs=0.0011)
    wire = (tmp_path / "wire.txt").read_text(encoding="utf-8")
    assert wire.count("xdb shift 512 ") == 195


def test_a_board_killed_in_mid_run_is_taken_up_again_with_the_same_result(tmp_path):
    session = killed_and_resumed(firmware_image(KWS, demo_model_path(KWS)), KWS, tmp_path, 10)
    assert result_of(session) == result_of(simulated(KWS, tmp_path / "sim", "--limit", "10"))
