from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.benches.streaming import ask, streaming_bench
from support.reference import reference_path
from tinyrunner.datasets.streaming.truth import read_truths
from tinyrunner.runner.bench.simulated.streaming.wiring import SimulatedStreamingBench
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
