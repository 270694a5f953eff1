"""`tinyrunner simulate monitor` and `simulate bench`, reached from other processes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import serial
import support.cli
from support.benches.streaming import ask, streaming_bench
from support.cli import ended, only_session, process, tinyrunner
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.runner.bench.monitors import open_monitor
from tinyrunner.runner.commands.measure.serving import host_and_port
from tinyrunner.runner.config.config import MonitorConfig

FOREIGN = Path(support.cli.__file__).parent / "energy" / "foreign_runner.py"
needs_pty = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


@contextmanager
def simulated(*arguments, addresses=1):
    """The command in a process of its own; its addresses. Ctrl-C must end it well."""
    running = process("simulate", *arguments)
    try:
        told = [running.stdout.readline().strip() for _ in range(addresses)]
        if not all(told):
            pytest.fail(f"it ended: {ended(running, 20)}")
        yield told
    finally:
        running.send_signal(signal.SIGINT)  # does nothing to one that has ended
        if running.returncode is None:
            ran = ended(running, 20)
            assert ran.status == 0, ran


def measured_w(address, tmp_path, seconds=0.5):
    """The mean power that the real driver measures there at 3 V."""
    clock = MonotonicClock()
    with open_monitor(MonitorConfig(address=address), clock) as monitor:
        monitor.set_supply(3.0)
        monitor.power(True)
        clock.pause(0.05)
        writer = TraceWriter(tmp_path / "trace.bin", monitor.capabilities.default_rate_hz)
        monitor.start(writer)
        until_s = clock.now_s() + seconds
        while clock.now_s() < until_s:
            clock.pause(monitor.capabilities.service_interval_s)
            monitor.service()
        trace = monitor.stop()
    return float(trace.samples_uj.mean()) * 1e-6 * trace.sample_rate_hz


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        ("n6705", ()),
        ("scpi:smu2450", ()),
        ("lpm01a", ("--tcp", "127.0.0.1:0")),
        pytest.param("ppk2", ("--pty",), marks=needs_pty),
        pytest.param("stlinkv3pwr", ("--pty",), marks=needs_pty),
        ("otii", ()),
    ],
)
def test_a_served_monitor_measures_its_steady_load_in_real_time(kind, place, tmp_path):
    with simulated("monitor", "--kind", kind, *place, "--load-ma", "20") as (address,):
        assert measured_w(address, tmp_path) == pytest.approx(0.060, rel=0.01)


@pytest.mark.slow
def test_a_whole_bench_is_measured_from_another_process(tmp_path):
    with simulated("bench", "--task", "kws", "--inference-ms", "1", addresses=2) as (io, monitor):
        assert io.startswith("socket://")
        assert monitor.startswith("TCPIP0::")
        ran = ended(
            process(
                "run",
                "kws",
                "--mode",
                "energy",
                "--io",
                io,
                "--monitor",
                monitor,
                "--supply-v",
                "3.0",
                "--datasets",
                "demo",
                "--iterations",
                "200",
                "--sessions",
                tmp_path,
            )
        )
        assert ran.status == 3, ran  # the windows are too short
        assert "window 10 lasts 0.200 s where 10 s are the least" in ran.out.replace("\n", " ")
        assert "median energy 10" in ran.out  # 35 mA x 3 V x 1 ms: 105 µJ
        assert (only_session(tmp_path) / "trace1-energy.bin").stat().st_size > 0
        assert supply_is_off(monitor)


@pytest.mark.parametrize(
    "place", [pytest.param(("--pty",), marks=needs_pty), pytest.param((), marks=pytest.mark.slow)]
)
def test_somebody_else_s_runner_measures_the_bench_with_an_lpm01a(place):
    bench = ("bench", "--kind", "lpm01a", "--inference-ms", "2", "--dut-baud-rate", "115200")
    with simulated(*bench, *place, addresses=2) as (io, monitor):
        ran = subprocess.run(
            [sys.executable, FOREIGN, io, monitor.removeprefix("lpm01a:"), "2", "100"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
    assert ran.returncode == 0, ran
    told = json.loads(ran.stdout)
    assert told["events"] == 5  # of `timestamp`, and two of each window
    assert told["seconds"] == pytest.approx([0.2, 0.2], abs=0.002)
    assert told["joules"] == pytest.approx([100 * 0.035 * 3.0 * 0.002] * 2, rel=0.01)
    assert all(scores.count(",") == 11 for scores in told["scores"])


def test_the_io_manager_of_a_bench_is_as_it_was_asked_for():
    command = ("bench", "--task", "kws", "--io", "sim:?command_chars=40")
    with simulated(*command, addresses=2) as (io, _):
        host, port = io.removeprefix("socket://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as link:
            link.sendall(b"dut %b%%" % (b"x" * 60))
            said = b""
            while b")\r\nm-ready\r\n" not in said:
                said += link.recv(1000)
    assert said == (
        b"m-ver-IoTConnect IO Manager 1.0.3\r\nm-ready\r\n"
        b"m-dut-passthrough(%b\xbc\x06.)\r\nm-ready\r\n" % (b"x" * 36)
    )


CLIP_S = 1.5
SWW = "sim:sww01?audio_ppm=-2300&latency_ms=300&pulses=3&baud=115200&flash_baud=115200"


@pytest.fixture
def clip(tmp_path):
    """A folder with the words of a recording, and silence for it."""
    truth = {
        "wav_file": "clip.wav",
        "length_sec": CLIP_S,
        "sample_rate": 16000,
        "detection_windows": [[0.3, 0.5], [0.9, 1.1]],
    }
    (tmp_path / "words.json").write_text(json.dumps([truth]))
    return tmp_path


def listened(port):
    """What the board on a port recorded of the clip: ms since the first frame, and the edges."""

    def asked(command, ready=b"m-ready\r\n", seconds=10):
        port.write(command + b"%")
        said, until_s = b"", time.monotonic() + seconds
        while not said.endswith(ready) and time.monotonic() < until_s:
            said += port.read(1)
        return said.decode()

    begun_s = time.monotonic()
    assert "\r\n[dut]: DMA receive initiated.\r\n" in asked(b"dut start", b"[dut]: m-ready\r\n")
    asked(b"record_detections")
    assert asked(b"play clip.wav") == "Attempting to play clip.wav\nsucceeded.\nm-ready\r\n"
    played_s = time.monotonic() - begun_s
    asked(b"dut stop", b"[dut]: m-ready\r\n")
    times = re.findall(r"^(\d+),", asked(b"print_detections"), re.M)
    rises, falls = asked(b"print_dutycycle").split("stop times")
    ticks = [list(map(int, re.findall(r"\d+", text))) for text in (rises, falls)]
    return [int(ms) - int(times[0]) for ms in times], ticks, played_s


def in_this_process():
    """The same of the bench in this process, on its virtual clock."""
    bench = streaming_bench(SWW, Path.cwd())
    for command in ("dut start", "record_detections", "play clip.wav"):
        ask(bench, command)
    times_ms = bench.board.detections_ms
    return [ms - times_ms[0] for ms in times_ms], bench.board.rises, bench.board.falls


@needs_pty
def test_a_served_interface_board_records_what_one_in_this_process_does(clip, monkeypatch):
    monkeypatch.chdir(clip)
    times_ms, rises, falls = in_this_process()
    command = ("interface-board", "--datasets", clip, "--dut", SWW, "--pty")
    with simulated(*command) as (at,), serial.Serial(at, 115200, timeout=0.2) as port:
        served_ms, (served_rises, served_falls), played_s = listened(port)
    assert len(served_ms) == len(times_ms) == 7
    assert served_ms == pytest.approx(times_ms, abs=1)  # each is cut to a millisecond
    for served, own in ((served_rises, rises), (served_falls, falls)):
        assert np.diff(served) == pytest.approx(np.diff(own), abs=1)  # and to 10 us
    assert played_s == pytest.approx(CLIP_S, abs=0.5)


def test_a_served_streaming_bench_is_powered_and_measured_by_its_monitor(clip):
    command = ("bench", "--task", "sww", "--datasets", clip, "--dut", SWW, "--kind", "lpm01a")
    with simulated(*command, addresses=2) as (board, monitor):
        clock = MonotonicClock()
        with (
            serial.serial_for_url(board, timeout=0.2) as port,
            open_monitor(MonitorConfig(address=monitor), clock) as meter,
        ):
            meter.set_supply(3.0)
            meter.power(True)
            clock.pause(0.2)
            meter.start(TraceWriter(clip / "trace.bin", meter.capabilities.default_rate_hz))
            times_ms, (rises, _), _ = listened(port)
            clock.pause(0.1)
            meter.service()
            trace = meter.stop()
    assert len(times_ms) == 7
    assert np.diff(rises) == pytest.approx(3207.4, abs=1)
    start_s, stop_s = trace.events_s
    assert stop_s - start_s == pytest.approx(CLIP_S, abs=0.5)
    first, last = (int(at_s * trace.sample_rate_hz) for at_s in (start_s, stop_s))
    seconds = len(rises) * 0.0115
    expected_j = 3.0 * (0.008 * (stop_s - start_s - seconds) + 0.035 * seconds)
    assert trace.samples_uj[first:last].sum() * 1e-6 == pytest.approx(expected_j, rel=0.02)


def supply_is_off(monitor: str) -> bool:
    host, port = monitor.split("::")[1:3]
    with socket.create_connection((host, int(port))) as scpi:
        scpi.sendall(b"OUTP? (@1)\n")
        return scpi.recv(100) == b"0\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("monitor", "--kind", "ppk1"), "there are n6705, lpm01a, ppk2"),
        (("monitor", "--kind", "js220"), "a js220 is reached through its vendor's driver"),
        (("bench", "--kind", "js110"), "cannot be served"),
        (("monitor", "--kind", "n6705", "--pty"), "an n6705 speaks TCP"),
        (("bench", "--kind", "otii", "--pty", "--tcp-monitor", "here"), "--tcp-monitor here"),
        (("monitor", "--kind", "otii", "--pty"), "an otii speaks TCP"),
        (("monitor", "--kind", "scpi:smu2450", "--pty"), "an scpi speaks TCP"),
        (("monitor", "--kind", "scpi"), "which instrument?"),
        (("monitor", "--kind", "scpi:dmm751"), "did you mean dmm7510"),
        (("monitor", "--kind", "ppk2", "--pty", "--tcp", "127.0.0.1:0"), "either --pty or --tcp"),
        (("monitor", "--tcp", "nowhere"), "--tcp nowhere: expected HOST:PORT"),
        (("monitor", "--load-ma", "-1"), "--load-ma -1"),
        (("bench", "--pty", "--tcp-io", "127.0.0.1:0"), "either --pty or --tcp-io"),
        (("bench", "--tcp-monitor", "127.0.0.1"), "--tcp-monitor 127.0.0.1: expected"),
        (("bench", "--task", "nothing"), "no task"),
        (("bench", "--io", "/dev/ttyACM0"), "--io /dev/ttyACM0: this bench simulates its own"),
        (("bench", "--io", "sim:?chars=40"), "known are command_chars=N, seed=N"),
        (("bench", "--dut", "sim:sww01"), "--dut says what is simulated for --task sww"),
        (("bench", "--task", "sww", "--inference-ms", "3"), "all of it is told by --dut"),
        (("interface-board", "--pty", "--dut", "sim:kws01"), "expected sim:sww01"),
        (("interface-board", "--pty", "--dut", "sim:sww01?fault=lost_edges"), "lost_edge?"),
        (("interface-board", "--pty", "--dut", "sim:sww01?ppm=3"), "known are audio_ppm, baud"),
        (("interface-board", "--pty", "--datasets", "nowhere"), "nowhere: cannot list the folder"),
    ],
)
def test_a_simulation_that_cannot_be_is_a_usage_error(arguments, said):
    ran = tinyrunner("simulate", *arguments)
    assert ran.status == 2, ran
    assert said in ran.err


@pytest.mark.parametrize(
    ("text", "host", "told"),
    [
        (":5000", "127.0.0.1", False),
        ("127.0.0.1:5000", "127.0.0.1", False),
        ("localhost:5000", "localhost", False),
        ("0.0.0.0:5000", "0.0.0.0", True),
        ("192.0.2.7:5000", "192.0.2.7", True),
    ],
)
def test_what_others_can_reach_is_told_to_be_so(text, host, told, capsys):
    assert host_and_port(text) == (host, 5000)
    said = capsys.readouterr()
    assert said.out == "", "stdout is for addresses"
    assert (f"whoever reaches {host} over the network" in said.err) is told


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = tinyrunner("simulate", "monitor", "--tcp", place)
    assert ran.status == 1
    assert f"cannot listen on {place}" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("simulate", "dut", "--tcp", ":0", "--datasets", "demo"),
            "the inputs of --replay are known",
        ),
        (("simulate", "bench", "--datasets", "demo"), "what lies on the card for --task sww"),
        (("simulate", "monitor", "--replay", "x", "--load-ma", 3), "the log says what was drawn"),
        (("console", "--dut", "sim:", "--datasets", "demo"), "a simulated interface board's card"),
        (("console", "--dut", "sim:", "--max-v", 3), "--max-v (a monitor is there in energy mode)"),
        (("check", "--dut", "/dev/ttyNOT0", "--model", "demo"), "--model (a model is run by a sim"),
        (("check", "--dut", "sim:", "--io", "sim:", "--baud-rate", 9600), "--baud-rate (it is for"),
    ],
)
def test_what_is_of_another_task_or_bench_is_refused(arguments, said):
    ran = tinyrunner(*arguments)
    assert ran.status == 2
    assert said in " ".join(ran.err.split())
