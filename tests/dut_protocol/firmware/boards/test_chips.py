"""The ports of real chips, each booted in QEMU: what a chip's own port adds to the shared one."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import numpy as np
import pytest
from support.devices.device_dialogues import ENERGY_BANNER, R
from support.firmware.board_runs import (
    checked,
    killed_and_resumed,
    result_of,
    scores,
    simulated,
    windows_of,
)
from support.firmware.build import FIRMWARE, run
from support.firmware.dialogues import load_commands
from support.firmware.qemu_board import (
    STEADY,
    BoardTalk,
    EmulatedBoard,
    firmware_image,
    free_port,
)
from support.reference import reference_path
from tinyrunner.dut_protocol.wire.simulation import SIMULATED_NAME
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import Engine
from tinyrunner.models.suite import AD, KWS
from tinyrunner.runner.commands.prepare.boards import BOARDS

CHIPS = ["stm32f405", "fe310", "mps2-an505", "mps3-an547", "nrf51"]
SMALL = "stm32f100"
PINS = {
    "nrf51": ("nrf51_gpio_write", ["0x50c value 0x8", "0x508 value 0x8"]),
    "fe310": ("sifive_gpio_write", ["0xc value 0x0", "0xc value 0x40000"]),
}
"""Where QEMU has the timestamp pin: its trace event, what lets it fall and rise."""
INPUTS = [
    np.random.default_rng(seed).normal(83, 30, 490).clip(-128, 127).astype(np.int8).tobytes()
    for seed in (1, 2)
]


def image(chip: str, *make: str) -> Path:
    model = None if chip == SMALL else demo_model_path(KWS)
    return firmware_image(KWS, model, *make, board=chip)


def scores_after(device: BoardTalk, data: bytes) -> tuple[float, ...]:
    for command in load_commands(data):
        device.ask(command)
    said = re.search(rb"m-results-\[([0-9.,]+)\]", device.ask(b"infer 1 0%"))
    assert said is not None
    return tuple(map(float, said[1].split(b",")))


def emulated_name(vendor: str) -> bytes:
    """The answer to `name` of what `make run` boots, which no host takes for a chip."""
    name = f"{SIMULATED_NAME} ({vendor} in QEMU)"
    return f"m-name-dut-[{name}]\r\n".encode() + R


def stamp(device: BoardTalk) -> int:
    said = re.search(rb"m-lap-us-([0-9]+)", device.ask(b"timestamp%"))
    assert said is not None
    return int(said[1])


@pytest.mark.parametrize("chip", CHIPS)
def test_a_chip_boots_and_its_scores_are_the_engines(chip: str):
    engine = Engine.load(demo_model_path(KWS), KWS)
    with EmulatedBoard(image(chip)) as board, BoardTalk(board) as device:
        assert device.answer(1).startswith(b"m-timestamp-mode-performance\r\n")
        assert device.ask(b"name%") == emulated_name(BOARDS[chip].vendor)
        before_us = stamp(device)
        for data in INPUTS:
            expected = tuple(float(f"{score:.3f}") for score in engine.infer(data))
            assert scores_after(device, data) == expected
        assert before_us < stamp(device)


def test_a_chip_too_small_for_the_model_speaks_the_protocol_alone():
    with EmulatedBoard(image(SMALL)) as board, BoardTalk(board) as device:
        device.answer(1)
        assert scores_after(device, INPUTS[0]) == (0.0,) * KWS.score_count
        assert device.ask(b"name%") == emulated_name("stm32f100")


def test_make_run_boots_it_and_prints_the_command_that_talks_to_it():
    port = free_port()
    folder = next(path for path in image("stm32f405").parents if (path / "board.mk").exists())
    with subprocess.Popen(
        ["make", "-s", "-C", folder, "run", f"PORT={port}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    ) as running:  # fmt: skip
        try:
            assert running.stdout is not None
            said = [running.stdout.readline().strip() for _ in range(3)]
            address = f"socket://127.0.0.1:{port}"
            assert said[1] == f"tinyrunner check --dut {address} --task kws"
            assert "waiting for connection" in said[2]
            with socket.create_connection(("127.0.0.1", port), 10) as device:
                assert device.recv(1) == b"m"
        finally:
            os.killpg(running.pid, signal.SIGTERM)


def test_a_board_file_has_at_most_120_lines():
    files = [*(FIRMWARE / "ports").glob("*/board.c")]
    assert len(files) >= len(CHIPS)
    lengths = {path.parent.name: len(path.read_text("utf-8").splitlines()) for path in files}
    assert {name: length for name, length in lengths.items() if length > 120} == {}


# ---- the table of ports/README.md ----------------------------------------------------------------

TABLE = (FIRMWARE / "ports" / "README.md").read_text("utf-8")
AD_ON_SMALL, REFERENCE = f"{SMALL}, ad", "stm32f405, reference"
BYTES_OFF = 0.03
"""How far from what is linked the table's sizes may be: compilers differ, and code changes."""


def row(name: str) -> list[str]:
    """The cells behind a board's name: what was seen, text, RAM."""
    (line,) = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", TABLE, re.MULTILINE)
    return [cell.strip() for cell in line.split("|")]


def image_of(name: str) -> Path:
    if name == AD_ON_SMALL:
        return firmware_image(AD, demo_model_path(AD), board=SMALL)
    if name == REFERENCE:
        model = reference_path("models", "kws_ref_model.tflite")
        return firmware_image(KWS, model, board="stm32f405")
    return image(name)


@pytest.mark.parametrize("name", ["qemu-mps2", *CHIPS, SMALL, AD_ON_SMALL, REFERENCE])
def test_the_table_tells_text_and_ram_of_a_board(name: str):
    """RAM includes the stack."""
    size = BOARDS[name.split(",")[0]].tools[0].replace("gcc", "size")
    text, data, bss = map(int, run([size, image_of(name)]).splitlines()[1].split()[:3])
    *_, told_text, told_ram = (cell.removesuffix(" kB") for cell in row(name))
    assert float(told_text) * 1000 == pytest.approx(text, rel=BYTES_OFF)
    assert float(told_ram) * 1000 == pytest.approx(data + bss, rel=BYTES_OFF)


# ---- minutes: what was seen, as CI prints it ----------------------------------------------------


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path / "cache"))


def seen(name: str, *cells: str) -> None:
    """One row: boots, check, performance, accuracy, resume. The table says the same."""
    print("|", " | ".join((name, *cells, *row(name)[-2:])), "|")
    assert row(name)[:-2] == list(cells)


@pytest.mark.slow
@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("chip", ["qemu-mps2", *CHIPS])
def test_a_chip_is_checked_measured_killed_and_resumed(chip: str, tmp_path: Path):
    board_image = image(chip)
    with EmulatedBoard(board_image) as board:
        verdicts = checked(board, tmp_path, "--risky")
    # How fast loads go and how late a stamp comes is a busy machine's doing, not the firmware's.
    unsure = [verdicts.pop(name) for name in ("speed of loads", "timer rate")]
    assert set(unsure) <= {"pass", "warn"}
    assert set(verdicts.values()) <= {"pass", "skipped"}
    with EmulatedBoard(board_image) as board:
        windows = windows_of(tmp_path / "performance", board, "--iterations", "3")
    assert all(window["elapsed_s"] > 0.1 for window in windows)
    session = killed_and_resumed(board_image, KWS, tmp_path, 8)
    expected = simulated(KWS, tmp_path / "sim", "--limit", "8")
    assert scores(session)[-4:] == scores(expected)[-4:]
    assert set(scores(session)) == set(scores(expected))  # one is inferred twice, perhaps
    assert result_of(session) == result_of(expected)
    seen(chip, "yes", "yes", "yes", "8 inputs", "yes")


@pytest.mark.slow
@pytest.mark.usefixtures("own_cache")
def test_the_protocol_alone_is_checked(tmp_path: Path):
    board_image = image(SMALL)
    with EmulatedBoard(board_image) as board:
        verdicts = checked(board, tmp_path, "--risky")
    assert verdicts["range of scores"] == "warn"  # all are 0
    seen(SMALL, "yes", "yes", "no model", "no model", "no model")


@pytest.mark.slow
def test_ad_fits_the_chip_of_8_kb_and_gives_the_engines_errors():
    engine = Engine.load(demo_model_path(AD), AD)
    source = np.random.default_rng(3)
    with EmulatedBoard(image_of(AD_ON_SMALL)) as board, BoardTalk(board) as device:
        device.answer(1)
        for spread in (15, 1e4):
            data = source.normal(-35, spread, 640).astype("<f4").tobytes()
            (score,), (expected,) = scores_after(device, data), engine.infer(data)
            assert score == pytest.approx(expected, rel=1e-6, abs=0.001)
    seen(AD_ON_SMALL, "yes", "no run", "no run", "2 inputs", "no run")


@pytest.mark.slow
def test_the_reference_model_of_kws_gives_the_engines_scores_on_the_stm32f405():
    model = reference_path("models", "kws_ref_model.tflite")
    engine = Engine.load(model, KWS)
    files = sorted(reference_path("datasets", "kws01").glob("*.bin"))[:10]
    with EmulatedBoard(image_of(REFERENCE)) as board, BoardTalk(board) as device:
        device.answer(1)
        for data in (path.read_bytes() for path in files):
            expected = tuple(float(f"{score:.3f}") for score in engine.infer(data))
            assert scores_after(device, data) == expected
    seen(REFERENCE, "yes", "no run", "no run", "10 inputs", "no run")


@pytest.mark.slow
@pytest.mark.parametrize("chip", PINS)
def test_the_timestamp_pin_falls_once_a_stamp_where_qemu_has_it(chip: str, tmp_path: Path):
    event, pulse = PINS[chip]
    trace = tmp_path / "pins"
    options = (*STEADY, "-trace", event, "-D", str(trace))
    energy = image(chip, "MODE=energy")
    with EmulatedBoard(energy, options=options) as board, BoardTalk(board) as device:
        assert device.answer(1) == ENERGY_BANNER
        for command in load_commands(INPUTS[0]):
            device.ask(command)
        before = trace.read_text("ascii")
        device.ask(b"infer 1 0%")
    moves = trace.read_text("ascii")[len(before) :].splitlines()
    assert moves == [f"{event} offset {move}" for move in 2 * pulse]
