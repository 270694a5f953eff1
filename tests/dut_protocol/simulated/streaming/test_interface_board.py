"""Holds the simulated board against what MLCommons' says.

Sources: its firmware's text (mlcommons/tiny, ``benchmark/interface``), in the table; and the one
published log with every line of it, Syntiant's of v1.3 (stripped of trailing blanks by the runner).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support.benches.streaming import board_with, typed
from support.reference import reference_path
from tinyrunner.dut_protocol.simulated.streaming.device import (
    Manner,
    StreamingFaults,
    StreamingSettings,
)
from tinyrunner.dut_protocol.simulated.streaming.interface_board import BoardSettings

SYNTIANT = "record/v1.3/closed/syntiant/results/syntiant_9120_1v0_49mhz/sww/energy/log.txt"
ERROR = b"Error playing file. Check that the file exists and is a 2-channel wav file.\n"


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("name", b"tinyML Enhanced Interface Board\r\nm-ready\r\n"),
        ("name x", b"tinyML Enhanced Interface Board\r\nm-ready\r\n"),
        ("names", b""),
        ("name ", b""),
        ("lsx", b""),
        ("", b"m-ready\r\n"),
        ("hello", b"m-ready\r\n"),
        ("nam", b"m-ready\r\n"),
        ("ls", b"a.wav\r\nmono.wav\r\nm-ready\r\n"),
        ("checkbaud", b"baud is: 9600\nm-ready\r\n"),
        ("setbaud 115200", b"set baud to: 115200\nm-ready\r\n"),
        ("record_detections", b"Now recording detections\r\nm-ready\r\n"),
        ("print_detections", b"Detection Timestamps (ms)\r\nm-ready\r\n"),
        ("play a.wav", b"Attempting to play a.wav\nsucceeded.\nm-ready\r\n"),
        ("play b.wav", b"Attempting to play b.wav\n" + ERROR + b"m-ready\r\n"),
        ("play mono.wav", b"Attempting to play mono.wav\n" + ERROR + b"m-ready\r\n"),
        ("dut name", b"m-dut-passthrough(name)\r\nm-ready\r\n[dut]: Received command: name\r\n"
                     b"[dut]: m-name-dut-[tinyrunner-simulated]\r\n[dut]: m-ready\r\n"),
        ("dut", b"m-dut-passthrough()\r\nm-ready\r\n[dut]: Received command: \r\n"
                b"[dut]: Empty command (only a % read).  Type 'help%' for help\r\n"
                b"[dut]: m-ready\r\n"),
    ],
)  # fmt: skip
def test_it_answers_as_the_firmware_does(command: str, answer: bytes) -> None:
    assert typed(board_with(), command, 1.0) == answer


def test_the_published_log_is_said_again_line_by_line() -> None:
    log = reference_path(*SYNTIANT.split("/"))
    dialogue = dict(_dialogue(log))
    device = StreamingSettings(
        manner=Manner.SYNTIANT, vendor="syntiant", note="", inference_time_s=0.0007
    )
    board = board_with(device)
    at_s = 10.0
    for command in ("setbaud 9600", "dut name", "dut profile", "dut stop", "record_detections"):
        assert _stripped(typed(board, command, at_s)) == dialogue[command], command
        at_s += 4000.0
    board.live(at_s)
    zero_s = at_s - 4000.0 + len("record_detections%") * 10 / 115200
    for ms in map(int, (line.rstrip(",") for line in dialogue["print_detections"][1:-1])):
        board.detected(zero_s + ms / 1000 + 5e-4)
    assert _stripped(typed(board, "print_detections", at_s)) == dialogue["print_detections"]
    edges = dialogue["print_dutycycle"]
    middle = edges.index("Duty cycle stop times (s)")
    for lines, note in (
        (edges[1:middle], board.processing_rises),
        (edges[middle + 1 :], board.processing_falls),
    ):
        for tick in ",".join(lines).replace("m-ready", "").split(","):
            if tick.strip():
                note(zero_s + (int(tick) + 0.5) * 1e-5)
    assert _stripped(typed(board, "print_dutycycle", at_s)) == edges


def _dialogue(log: Path) -> list[tuple[str, list[str]]]:
    """Return each command of a log that was written with `echo`, and what came upon it."""
    commands: list[tuple[str, list[str]]] = []
    for line in log.read_text().splitlines():
        if line.endswith("%"):
            commands.append((line[:-1], []))
        elif line.startswith("RX:"):
            commands[-1][1].append(line[3:])
    return commands


def _stripped(said: bytes) -> list[str]:
    return [line.strip() for line in said.decode().splitlines()]


def test_edges_stand_eight_a_line_and_the_last_line_has_an_end_when_it_is_full() -> None:
    board = board_with()
    for number in range(9):
        board.processing_rises(number * 1e-5 + 5e-6)
    for number in range(8):
        board.processing_falls(number * 1e-5 + 5e-6)
    assert typed(board, "print_dutycycle", 1.0) == (
        b"Duty cycle start times (s)\r\n0, 1, 2, 3, 4, 5, 6, 7, \r\n8, \r\n"
        b"Duty cycle stop times (s)\r\n0, 1, 2, 3, 4, 5, 6, 7, \r\nm-ready\r\n"
    )


def test_a_hundred_edges_and_ten_thousand_detections_are_kept() -> None:
    board = board_with()
    for number in range(12_000):
        board.detected(number * 0.012)
        board.processing_rises(number * 0.012)
        board.processing_falls(number * 0.012 + 0.001)
    assert (len(board.detections_ms), len(board.rises), len(board.falls)) == (10_000, 100, 100)


def test_a_detection_within_ten_milliseconds_is_none() -> None:
    board = board_with()
    for ms in (2, 3, 100, 110, 111, 122):
        board.detected(ms / 1000 + 1e-6)
    assert board.detections_ms == [2, 3, 100, 111, 122]


def test_recording_begins_anew_and_what_was_before_is_gone() -> None:
    board = board_with()
    board.detected(0.5)
    board.processing_rises(0.5)
    typed(board, "record_detections", 1.0)
    board.detected(1.0 + 18 * 10 / 115200 + 0.0355)
    assert (board.detections_ms, board.rises) == ([35], [])


def test_setbaud_is_remembered_over_the_reset_and_the_board_is_deaf_meanwhile() -> None:
    board = board_with()
    board.detected(0.1)
    typed(board, "setbaud 115200", 1.0)
    assert typed(board, "name", 1.2) == b""
    assert typed(board, "checkbaud", 2.0) == b"baud is: 115200\nm-ready\r\n"
    assert board.detections_ms == []
    for rate in (0, 0xFFFFFFFF, 2_000_001):
        typed(board, f"setbaud {rate}", 3.0)
        assert typed(board, "checkbaud", 5.0) == b"baud is: 9600\nm-ready\r\n"


def test_without_a_card_only_the_first_thread_answers_and_then_nobody() -> None:
    assert typed(board_with(card=False), "name", 1.0).endswith(b"m-ready\r\n")
    for command, said in (
        ("ls", b""),
        ("play a.wav", b"Attempting to play a.wav\n"),
        ("dut name", b"m-dut-passthrough(name)\r\nm-ready\r\n"),
    ):
        board = board_with(card=False)
        assert typed(board, command, 1.0) == said
        assert typed(board, "name", 2.0) == b""
        board.boot(3.0)
        assert typed(board, "name", 4.0).endswith(b"m-ready\r\n")


@pytest.mark.parametrize("fault", ["mute", "line_feeds"])
def test_a_device_that_is_never_ready_blocks_the_board_until_its_reset(fault: str) -> None:
    board = board_with(StreamingSettings(faults=StreamingFaults(**{fault: True})))
    assert typed(board, "dut name", 1.0) == b"m-dut-passthrough(name)\r\nm-ready\r\n"
    assert typed(board, "name", 2.0) == b""
    board.boot(3.0)
    assert typed(board, "name", 4.0).endswith(b"m-ready\r\n")


def test_a_device_at_another_speed_is_not_understood() -> None:
    board = board_with(dut_baud_rate=115200)
    assert typed(board, "dut name", 1.0) == b"m-dut-passthrough(name)\r\nm-ready\r\n"


def test_what_is_typed_while_it_plays_waits_in_a_hundred_characters() -> None:
    board = board_with()
    board.receive(b"play a.wav%", 1.0)
    board.receive(b"name%" + b"x" * 200, 2.0)
    said = typed(board, "", 3.0)
    assert said == (
        b"Attempting to play a.wav\nsucceeded.\nm-ready\r\n"
        b"tinyML Enhanced Interface Board\r\nm-ready\r\n"
    )


def test_it_plays_as_long_as_its_audio_clock_says() -> None:
    """The file but for its last 64 ms, behind which there is nothing to refill the buffer with."""
    for ppm in (-2300.0, 0.0, 400.0):
        board = board_with(board=replace(BoardSettings(), audio_ppm=ppm))
        board.receive(b"play a.wav%", 1.0)
        board.live(60.0)
        (begun_s, _), (done_s, _) = board.outgoing
        assert done_s - begun_s == pytest.approx(9.984 / (1 + ppm * 1e-6) + 0.003, abs=0.002)
