from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.benches.streaming import READY, ask, ask_link, streaming_bench
from support.reference import reference_path
from tinyrunner.datasets.demo.demo_dataset import RECORDING_NAME, TRUTH_NAME, default_root
from tinyrunner.datasets.streaming.front_end import features_of
from tinyrunner.datasets.streaming.sound import Recording
from tinyrunner.datasets.streaming.truth import read_truths
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_window
from tinyrunner.models.demo_models import DEMO_NOTE
from tinyrunner.runner.bench.recorder import Recorder, ServedTransport
from tinyrunner.runner.bench.simulated.streaming.wiring import SimulatedStreamingBench
from tinyrunner.runner.config.config import Config, MonitorConfig, override
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.score.streaming.formulas import (
    README_DELAY_S,
    drift_of,
    duty_cycle_of,
    score_words,
)

WORDS_S = [[20.0 * number + 5.0, 20.0 * number + 5.6] for number in range(50)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder with the words of a recording of 1200 s, and no sound."""
    truth = {
        "wav_file": "long_wav.wav",
        "length_sec": 1200.0,
        "sample_rate": 16000,
        "detection_windows": WORDS_S,
    }
    (tmp_path / "words.json").write_text(json.dumps([truth]))
    return tmp_path


def play(bench: SimulatedStreamingBench, name: str = "long_wav.wav") -> None:
    ask(bench, "dut start")
    ask(bench, "record_detections")
    assert b"succeeded." in ask(bench, f"play {name}", 1300.0)
    ask(bench, "dut stop", 300.0)


def test_the_reference_model_hears_in_the_short_clip_what_the_readme_says() -> None:
    root = reference_path("datasets", "sww01")
    model = reference_path("models", "str_ww_ref_model.tflite")
    bench = streaming_bench("sim:sww01", root, model)
    play(bench, "short_wav_easy10s.wav")
    heard = bench.board.detections_ms
    (truth,) = read_truths(root / "sww_short_test.json")
    assert [ms - heard[0] for ms in heard] == [0, *range(1376, 2113, 32), 4992]
    assert score_words(heard, truth.windows_s).counts == (2, 1, 0)
    assert bench.model.runtime.startswith(("tflite", "ai-edge"))


def test_another_engine_hears_the_same_in_the_short_clip() -> None:
    root = reference_path("datasets", "sww01")
    model = reference_path("models", "str_ww_ref_model.tflite")
    bench = streaming_bench("sim:sww01?engine=litert-reference", root, model)
    assert bench.model.runtime.endswith(", reference kernels")
    play(bench, "short_wav_easy10s.wav")
    (truth,) = read_truths(root / "sww_short_test.json")
    assert score_words(bench.board.detections_ms, truth.windows_s).counts == (2, 1, 0)


def test_by_lists_of_words_there_is_nothing_for_an_engine_to_run(root: Path) -> None:
    with pytest.raises(SetupError, match="nothing for the engine tflm to run"):
        streaming_bench("sim:sww01?engine=tflm", root)


def test_the_demo_model_hears_the_words_of_the_demo_recording() -> None:
    config = override(Config(), dut="sim:sww01", datasets="demo")  # and so the demo's model
    bench = SimulatedStreamingBench(config, energy=False)
    assert ask(bench, "ls") == RECORDING_NAME.encode() + b"\r\n" + READY
    play(bench, RECORDING_NAME)
    (truth,) = read_truths(default_root() / "sww01" / TRUTH_NAME)
    score = score_words(bench.board.detections_ms, truth.windows_s)
    assert score.true_positives in (7, 8)
    assert score.false_positives <= 1
    assert bench.model.note == DEMO_NOTE


@pytest.mark.parametrize("ppm", [-2300.0, 0.0, 400.0])
def test_the_audio_clocks_drift_is_measured_and_corrected(root: Path, ppm: float) -> None:
    address = f"sim:sww01?audio_ppm={ppm}&miss=3,50&false=614,717&timer_ppm=2"
    bench = streaming_bench(address, root)
    play(bench)
    board = bench.board
    starts_s = [tick * 1e-5 for tick in board.rises]
    duty = duty_cycle_of(starts_s, [tick * 1e-5 for tick in board.falls], "")
    assert duty is not None
    assert duty.odd_pair is None
    assert duty.inference_s == pytest.approx(0.0115, abs=1e-5)
    drift = drift_of(duty.period_s, 0.032, 1e-7, "")
    assert drift.ppm == pytest.approx(ppm, abs=10)
    words = [(begin, end) for begin, end in WORDS_S]
    corrected = score_words(
        board.detections_ms,
        words,
        delay_s=README_DELAY_S,
        stretch=1 / (1 + drift.ppm * 1e-6),
    )
    assert corrected.counts == (48, 2, 2)
    assert corrected.missed_s == (WORDS_S[2][0], WORDS_S[49][0])


def test_1200_seconds_of_a_list_take_little_time_and_no_memory(root: Path) -> None:
    """The list of 37,500 activations is the device's own; nothing else grows with the sound."""
    bench = streaming_bench("sim:sww01?manner=syntiant", root)
    play(bench)
    assert len(bench.board.detections_ms) == 51
    assert len(bench.board.outgoing) == 0
    assert len(bench.device.outgoing) == 0


@pytest.mark.parametrize("kind", ["lpm01a", "js220"])
def test_a_monitor_measures_from_start_to_stop(kind: str, root: Path, tmp_path: Path) -> None:
    """Both have an input for the timestamp pin; 8 mA at rest, 35 mA for 11.5 ms of each frame."""
    truth = {"wav_file": "a.wav", "length_sec": 6.0, "sample_rate": 16000}
    (root / "a.json").write_text(json.dumps([truth | {"detection_windows": []}]))
    bench = streaming_bench("sim:sww01?audio_ppm=-2000&flash_baud=115200", root, energy=True)
    config = MonitorConfig(address=f"sim:{kind}")
    with bench.open_monitor(config) as monitor:
        monitor.set_supply(3.0)
        recorder = Recorder(monitor, bench.clock)
        link = ServedTransport(bench.link, recorder)
        assert ask_link(bench.link, "dut name", 5.0, 2).count(READY) == 1  # it has no power yet
        bench.board.boot(bench.clock.now_s())
        monitor.power(True)
        recorder.start(TraceWriter(tmp_path / "trace", monitor.capabilities.default_rate_hz))
        recorder.pause(1.0)
        for command in ("dut start", "record_detections", "play a.wav", "dut stop"):
            ask_link(link, command, 30.0, 1 + command.startswith("dut"))
        recorder.pause(0.2)
        trace = recorder.stop()
    *_, start_s, stop_s = trace.events_s  # before them that of the boot, if it was seen
    frames = len(bench.device.activations)
    assert frames == 186  # of 187.5: the last 64 ms are not played
    assert stop_s - start_s == pytest.approx(frames * 0.032 / 0.998, abs=0.05)
    joules = measure_window(trace, 1, start_s, stop_s).energy_j
    assert joules == pytest.approx(
        3.0 * (0.008 * (stop_s - start_s) + 0.027 * 0.0115 * frames), rel=0.005
    )


def test_a_hop_over_the_uart_is_answered_as_the_same_hop_played() -> None:
    root = reference_path("datasets", "sww01")
    bench = streaming_bench("sim:sww01", root, reference_path("models", "str_ww_ref_model.tflite"))
    sound = Recording.open(root / "short_wav_easy10s.wav").whole()
    answers = []
    for hop in sound[: 45 * 512].reshape(-1, 512):
        data = hop.astype("<i2").tobytes()
        replies = [
            ask_link(bench.dut_link, command, 5.0)
            for command in (
                "db load 1024",
                f"db {data[:512].hex()}",
                f"db {data[512:].hex()}",
                "extract_uart_stream",
            )
        ]
        assert b"\nExpecting 1024 bytes\r\n" in replies[0]
        assert b"\n512 bytes received\r\n" in replies[1]
        assert b"\nm-load-done\r\n" in replies[2]
        answers.append(replies[3].decode())
    assert answers[1].startswith("Received command: extract_uart_stream\r\nm-features-[")
    told = [re.search(r"m-activations-\[([^\]]+)\]", answer) for answer in answers]
    by_uart = [int(one[1].split(",")[0]) for one in told if one]
    play(bench, "short_wav_easy10s.wav")
    played = [(one ^ 0x80) - 0x80 for one in bench.device.activations[:45]]
    assert by_uart == played
    assert max(by_uart) > 115  # the first word
    features = [int(one) for one in re.findall(r"[+-]\d+", answers[44].split("]")[0])]
    assert features == features_of(sound)[44].tolist()


def test_activations_are_printed_sixteen_a_line(root: Path) -> None:
    (root / "a.json").write_text(
        json.dumps([{"wav_file": "a.wav", "length_sec": 0.7, "sample_rate": 16000,
                     "detection_windows": [[0.1, 0.2]]}])
    )  # fmt: skip
    bench = streaming_bench("sim:sww01?latency_ms=0&pulses=1", root)
    ask(bench, "dut start")
    ask(bench, "play a.wav")
    assert ask(bench, "dut stop").split(b"[dut]: ")[3:] == [
        b"target activations: \r\n",
        b"[-128, -128, -128, 127, " + b"-128, " * 12 + b"\r\n",
        b"-128, -128, -128, -128  \r\n",
        b"]\r\n",
        b"m-ready\r\n",
    ]
