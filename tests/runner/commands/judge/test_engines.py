"""`tinyrunner engines`: engines and boards on the same inputs, as text and as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.benches.engines import need_tflm
from support.cli import tinyrunner
from support.reference import reference_path
from tinyrunner.datasets.demo.demo_dataset import default_root, materialise
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.streaming.sound import Recording, hops_of
from tinyrunner.datasets.streaming.wake_word import WakeWordStream
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.suite import KWS, SWW
from tinyrunner.runner.report.compare.engines.inputs import DatasetInputs, RecordedFrames

DEMO = ("--datasets", "demo", "--model", "demo")


@pytest.fixture
def without_tflm(tmp_path, monkeypatch):
    (tmp_path / "tflite_micro.py").write_text("raise ImportError('not here')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "tflite_micro", raising=False)


def ic(*more):
    model = reference_path("models", "pretrainedResnet_quant.tflite")
    return tinyrunner("engines", "ic", "--datasets", "demo", "--model", model, *more)


def by_pair(document):
    return {frozenset((pair["a"], pair["b"])): pair for pair in document["pairs"]}


def test_what_is_not_installed_is_said_and_the_others_are_compared(without_tflm):
    ran = tinyrunner("engines", "kws", *DEMO, "--inputs", 6)
    assert ran.status == 0, ran
    assert "6 inputs of" in ran.out
    assert "not asked: tflm: running a model by TensorFlow Lite Micro needs its package" in ran.out
    assert "pip install 'tinyrunner[tflm]'" in ran.out
    assert "all answers are equal" in ran.out


def test_the_inputs_are_from_all_over_the_list(without_tflm):
    told = tinyrunner("engines", "kws", *DEMO, "--inputs", 12, "--json").json
    assert (told["files"], told["windows"]) == (12, 12)
    assert {one["answered"] for one in told["asked"]} == {12}
    whole = DatasetInputs(Dataset.open(Path(told["datasets"]), KWS))
    assert [row.file for row in whole.spread(12).rows] == [row.file for row in whole.rows[::10]]


def test_where_kernels_differ_the_inputs_are_named_with_steps_and_classes(without_tflm):
    told = ic("--inputs", 20, "--json").json
    pair = by_pair(told)[frozenset(("litert", "litert-reference"))]
    assert pair["compared"] == 20
    assert 0 < pair["other_class"] < pair["differing"] < 20
    first = pair["first"][0]
    assert first["steps"] > 1
    assert first["classes"][0] != first["classes"][1]
    assert not told["equal"]
    ran = ic("--inputs", 20)
    assert ran.status == 0, "to differ is no failure"
    assert f"{first['file']} ({first['steps']} steps: " in ran.out
    assert " right)" in ran.out


def test_a_board_is_told_by_the_kernels_that_it_answers_like():
    ran = ic("--dut", "sim:ic01?engine=litert-reference&baud=0", "--inputs", 8)
    assert ran.status == 0, ran
    assert "the board's answers are equal to those of litert-reference" in ran.out
    told = ic("--dut", "sim:ic01?baud=0", "--inputs", 8, "--json").json
    assert by_pair(told)[frozenset(("board", "litert"))]["differing"] == 0
    assert by_pair(told)[frozenset(("board", "litert-reference"))]["differing"] > 0
    assert ["litert", "exported-c", "board"] in told["equal_answers"]


def test_tflm_answers_as_the_reference_kernels_of_its_time():
    need_tflm()
    told = ic("--dut", "sim:ic01?engine=tflm&baud=0", "--inputs", 8, "--json").json
    assert by_pair(told)[frozenset(("board", "tflm"))]["differing"] == 0
    assert by_pair(told)[frozenset(("board", "litert"))]["differing"] > 0
    assert "tflm" not in [one["name"] for one in told["unavailable"]]


def test_ad_is_compared_window_by_window_in_steps_and_in_its_score(without_tflm):
    model = reference_path("models", "ad01_int8.tflite")
    run = ("engines", "ad", "--datasets", "demo", "--model", model, "--inputs", 1)
    told = tinyrunner(*run, "--json").json
    assert (told["files"], told["windows"]) == (1, 196)
    pair = by_pair(told)[frozenset(("litert", "litert-reference"))]
    assert pair["largest_steps"] >= 1
    assert 0 < pair["largest_difference"] < 5
    assert pair["other_class"] == 0
    out = tinyrunner(*run[:-2], "--dut", "sim:ad01?baud=0").out
    assert "1 input, 196 windows of" in out, "a board is asked for no more"
    assert "of a score" in out


def test_of_sww_the_frames_of_a_recording_are_compared(without_tflm):
    told = tinyrunner("engines", "sww", *DEMO, "--json", "--inputs", 100).json
    assert (told["files"], told["windows"], told["equal"]) == (1, 100, True)
    assert {one["figure"] for one in told["asked"]} == {None}


def test_a_frame_of_sww_is_what_the_simulated_device_hears():
    root = materialise(SWW, default_root())
    frames = list(RecordedFrames.of(root, None).given())
    heard = []
    stream = WakeWordStream(lambda data: heard.append(data) or (0, 0, 0))
    (wav,) = root.glob("*.wav")
    for hops in hops_of(Recording.open(wav).pieces(), 512):
        list(stream.hear(hops))
    assert [frame.data for frame in frames] == heard
    assert [frame.offset for frame in frames] == list(range(len(heard)))
    few = list(RecordedFrames.of(root, 10).given())
    assert few == [frames[place * len(frames) // 10] for place in range(10)]


def test_a_session_is_compared_with_its_own_model_and_inputs(tmp_path, without_tflm):
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:kws01", "--limit", 7, "--sessions",
        tmp_path, "--datasets", "demo", "--for", "development",
    )  # fmt: skip
    assert ran.status == 0, ran
    (session,) = tmp_path.glob("*_accuracy")
    told = tinyrunner("engines", "--session", session, "--json").json
    assert (told["task"], told["files"], told["equal"]) == ("kws", 7, True)
    assert Path(told["model"]).samefile(demo_model_path(KWS))
    assert told["asked"][-1]["runs_as"] == f"{session} (simulated)"


def test_a_session_whose_model_is_another_file_by_now_is_not_compared_with_that(
    tmp_path, without_tflm
):
    model = tmp_path / "mine.tflite"
    model.write_bytes(demo_model_path(KWS).read_bytes())
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:kws01", "--limit", 1, "--sessions",
        tmp_path, "--datasets", "demo", "--model", model, "--for", "development",
    )  # fmt: skip
    assert ran.status == 0, ran
    model.write_bytes(model.read_bytes() + b"\0")
    (session,) = tmp_path.glob("*_accuracy")
    ran = tinyrunner("engines", "--session", session)
    assert ran.status == 2
    assert "mine.tflite is another file than the session's device ran" in ran.err


def test_a_published_board_differs_from_every_engine_here(without_tflm):
    log = reference_path(
        "published/v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws/accuracy/log.txt"
    )
    told = tinyrunner(
        "engines", "--session", log, "--datasets", reference_path("datasets"), "--inputs", 100,
        "--model", reference_path("models", "kws_ref_model.tflite"), "--json",
    ).json  # fmt: skip
    pair = by_pair(told)[frozenset(("session", "litert"))]
    assert pair["compared"] == 100
    assert 20 < pair["differing"] < 60
    assert pair["largest_steps"] < 30
    assert pair["other_class"] <= 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which task?"),
        (("sww", "--datasets", "demo", "--model", "demo", "--dut", "sim:"), "tells no scores"),
        (("kws", "--datasets", "demo", "--model", "absent.tflite"), "cannot read the model"),
        (("kws", "--model", "demo"), "which inputs? Give --datasets"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, said, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TINYRUNNER_DATASETS", raising=False)
    ran = tinyrunner("engines", *words)
    assert ran.status == 2, ran
    assert said in ran.err


def test_a_session_without_the_inputs_that_it_answered_is_refused(tmp_path, without_tflm):
    log = reference_path(
        "published/v1.3/closed/STMicroelectronics/results/NUCLEO_L4R5ZI-P/kws/accuracy/log.txt"
    )
    ran = tinyrunner("engines", "--session", log, *DEMO)
    assert ran.status == 2, ran
    assert "is in" in ran.err
    assert "give the folder that it was measured with (--datasets)" in ran.err
