"""What stands behind `sim:sww01?`: every option, every fault, and what a host sees of each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.benches.streaming import ask, streaming_bench
from tinyrunner.runner.bench.simulated.streaming.address import FAULTS, parse_streaming
from tinyrunner.runner.bench.simulated.streaming.wiring import SimulatedStreamingBench
from tinyrunner.runner.errors import SetupError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the words of a recording of 8 s, and no sound."""
    truth = {
        "wav_file": "a.wav",
        "length_sec": 8.0,
        "sample_rate": 16000,
        "detection_windows": [[1.0, 1.6], [4.0, 4.6]],
    }
    (tmp_path / "words.json").write_text(json.dumps([truth]))
    return tmp_path


def said(bench: SimulatedStreamingBench) -> dict[str, str]:
    """Run a session, and return what came upon each command."""
    commands = ("name", "ls", "dut profile", "dut start", "record_detections", "play a.wav",
                "dut stop", "print_detections", "print_dutycycle")  # fmt: skip
    return {command: ask(bench, command).decode() for command in commands}


@pytest.mark.parametrize(
    ("fault", "command", "seen"),
    [
        ("no_card", "ls", ""),
        ("no_card", "dut profile", ""),
        ("mono", "play a.wav", "Attempting to play a.wav\nError playing file."),
        ("wrong_name", "ls", "copy-of-a.wav\r\nm-ready\r\n"),
        ("wrong_name", "play a.wav", "Attempting to play a.wav\nError playing file."),
        ("silent_stop", "dut stop", "m-dut-passthrough(stop)\r\nm-ready\r\n"),
        ("silent_stop", "print_detections", ""),
        ("mute", "ls", "a.wav\r\nm-ready\r\n"),
        ("mute", "dut profile", "m-dut-passthrough(profile)\r\nm-ready\r\n"),
        ("line_feeds", "dut profile", "m-dut-passthrough(profile)\r\nm-ready\r\n"),
        ("line_feeds", "play a.wav", ""),
        ("no_detection", "print_detections", "Detection Timestamps (ms)\r\nm-ready\r\n"),
        ("wrong_task", "dut profile", "[dut]: m-model-[kws01]\r\n"),
        ("cut_lines", "dut profile", "[dut]: m-profile-[M\r\n[dut]: m-model-[sww\r\n"),
        ("lost_edge,wrong_task", "dut profile", "[dut]: m-model-[kws01]\r\n"),
    ],
)
def test_a_fault_is_seen_in_what_is_said(root: Path, fault: str, command: str, seen: str) -> None:
    bench = streaming_bench(f"sim:sww01?fault={fault}", root)
    answer = said(bench)[command]
    assert seen in answer if seen else answer == ""


def test_faults_of_the_pins_are_seen_in_what_is_recorded(root: Path) -> None:
    whole = streaming_bench("sim:sww01?manner=syntiant", root)
    answers = said(whole)
    marker, first, second = whole.board.detections_ms
    assert "Polling for keyword until stop command" in answers["dut start"]
    assert [first - marker, second - marker] == [1376, 4384]  # 400 ms behind, whole frames
    boards = {}
    for fault in ("no_marker", "many_detections", "edges_full", "lost_edge"):
        bench = streaming_bench(f"sim:sww01?manner=syntiant&fault={fault}", root)
        said(bench)
        boards[fault] = bench.board
    assert boards["no_marker"].detections_ms == [first, second]
    assert len(boards["many_detections"].detections_ms) == 2 * 248
    assert boards["edges_full"].rises[1] - boards["edges_full"].rises[0] == 100  # 1 ms
    lost = boards["lost_edge"]
    assert lost.rises == [*whole.board.rises[:9], *whole.board.rises[10:], lost.rises[-1]]
    assert lost.falls == whole.board.falls


def test_a_slow_reset_outlasts_two_seconds(root: Path) -> None:
    bench = streaming_bench("sim:sww01?fault=slow_reset", root)
    assert ask(bench, "setbaud 115200") == b"set baud to: 115200\nm-ready\r\n"
    bench.clock.pause(2.0)
    assert ask(bench, "name", 5.0) == b""
    bench.clock.pause(20.0)
    assert ask(bench, "name", 5.0).endswith(b"m-ready\r\n")


def test_every_fault_can_be_had_together() -> None:
    options = parse_streaming(f"sim:sww01?fault={','.join(FAULTS)}")
    parts = (options.device.faults, options.board.faults, options.card)
    assert all(getattr(part, name) for part in parts for name in part.__dataclass_fields__)
    assert options.device.model_id == "kws01"


def test_options_are_taken_in_their_units(root: Path) -> None:
    address = (
        "sim:sww01?manner=st&echo=0&inference_ms=20&dut_ppm=50&audio_ppm=-10000&timer_ppm=3"
        "&baud=115200&flash_baud=115200&latency_ms=250&pulses=2&miss=1&false=6.5&mode=performance"
    )
    bench = streaming_bench(address, root)
    answers = said(bench)
    board = bench.board
    assert [ms - board.detections_ms[0] for ms in board.detections_ms[1:]] == pytest.approx(
        [ms / 0.99 for ms in (4224, 4256, 6496, 6528)], abs=1
    )
    assert board.falls[0] - board.rises[0] == 2000
    assert "Received command" not in answers["dut profile"]
    assert "[dut]: m-lap-us-" in answers["dut start"]
    assert "[dut]: target activations: \r\n[dut]: []\r\n" in answers["dut stop"]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("fault=lost_edges", "no such fault; did you mean lost_edge?"),
        ("audio_ppm=1e9", "expected -20000 to 20000"),
        ("audio_ppm=nan", "expected -20000 to 20000"),
        ("inference_ms=32", "expected 0 to 31"),
        ("echo=yes", "expected 0 or 1"),
        ("miss=0", "expected 1 to 10000"),
        ("manner=arm", "'arm' is not a valid Manner"),
        ("pulse=3", "unknown option 'pulse'; did you mean pulses?"),
    ],
)
def test_what_cannot_be_is_refused(query: str, text: str) -> None:
    with pytest.raises(SetupError) as told:
        parse_streaming(f"sim:sww01?{query}")
    assert text in str(told.value)


@pytest.mark.parametrize("address", ["sim", "sim:", "sim:sww01", "sim:sww01?", "sim:?pulses=3"])
def test_the_device_is_named_or_not(address: str) -> None:
    parse_streaming(address)


def test_a_device_of_another_task_is_no_streaming_one() -> None:
    with pytest.raises(SetupError, match=r"sim:kws01 is no device that listens .* sim:sww01"):
        parse_streaming("sim:kws01")


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no recording to simulate"):
        streaming_bench("sim:sww01", tmp_path)
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(SetupError, match=r"the words to simulate: .*bad.json"):
        streaming_bench("sim:sww01", tmp_path)
