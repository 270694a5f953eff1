"""The committed demo models: small, of the right shape, and good at the inputs made for them."""

from __future__ import annotations

import dataclasses
import hashlib
import math

import numpy as np
import pytest
from tinyrunner.datasets.demo import demo_dataset as data
from tinyrunner.datasets.demo.sww_words import make_recording
from tinyrunner.datasets.streaming.front_end import HOP_SAMPLES, INPUT_SCALE, INPUT_ZERO_POINT
from tinyrunner.datasets.streaming.wake_word import detections_ms
from tinyrunner.models.demo_models import DEMO_NOTE, DEMO_SHA256, DemoError, demo_model_path
from tinyrunner.models.engine import Engine, int8_answers
from tinyrunner.models.suite import AD, IC, KWS, SWW_INFERENCE, TASKS, VWW, Task
from tinyrunner.runner.score.auc import roc_auc
from tinyrunner.runner.score.streaming.formulas import score_words
from tinyrunner.runner.score.streaming.results import WordScore

ALL = tuple(TASKS.values())
KEYS = tuple(TASKS)

Inputs = tuple[data.DemoInput, ...]


def _top1(task: Task, inputs: Inputs) -> float:
    engine = Engine.load(demo_model_path(task), task)
    scores = [engine.infer(item.data) for item in inputs]
    right = [row.index(max(row)) == item.label for row, item in zip(scores, inputs, strict=True)]
    return sum(right) / len(right)


def _auc(inputs: Inputs, step: int = 1) -> float:
    """Of the mean over every ``step``-th window of each file."""
    engine = Engine.load(demo_model_path(AD), AD)
    starts = [512 * index for index in range(0, AD.windows_per_file, step)]
    means = [
        math.fsum(engine.infer(item.data[at : at + AD.input_bytes])[0] for at in starts)
        for item in inputs
    ]
    return roc_auc([item.label == 1 for item in inputs], np.array(means))


def _unseen(task: Task, count: int) -> Inputs:
    """More inputs of the demo set's stream, none of them in the set."""
    used = data.DEMO_COUNTS[task.model_id]
    return data.generate(task, count=used + count)[used:]


@pytest.mark.parametrize(
    ("task", "least", "most"),
    [(VWW, 0.85, 0.99), (IC, 0.88, 0.99), (KWS, 0.93, 0.99)],
    ids=["vww", "ic", "kws"],
)
def test_a_classifier_is_well_above_its_target_but_not_perfect(
    task: Task, least: float, most: float
) -> None:
    assert least > task.target
    assert least <= _top1(task, data.generate(task)) <= most


@pytest.mark.parametrize(
    ("task", "count", "least", "most"),
    [(VWW, 160, 0.85, 0.99), (IC, 300, 0.88, 0.99), (KWS, 480, 0.93, 0.99)],
    ids=["vww", "ic", "kws"],
)
def test_a_classifier_is_as_good_at_more_unseen_inputs(
    task: Task, count: int, least: float, most: float
) -> None:
    assert least <= _top1(task, _unseen(task, count)) <= most


def test_the_ad_model_is_well_above_its_target_but_not_perfect() -> None:
    assert 0.90 <= _auc(data.generate(AD)) <= 0.99


def test_the_ad_model_is_as_good_at_more_unseen_files() -> None:
    assert 0.90 <= _auc(_unseen(AD, 80), step=7) <= 0.99


def test_the_streaming_model_hears_the_demos_words_by_the_devices_own_rule() -> None:
    infer = int8_answers(Engine.load(demo_model_path(SWW_INFERENCE), SWW_INFERENCE))
    heard = WordScore(0, (), ())
    for number in range(3):
        sound, spoken = make_recording(data.recording_key(data.EVALUATION_SEED, number))
        words_s = [(w.begin / 16000, w.end / 16000) for w in spoken if w.is_wake]
        whole = sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES]
        score = score_words(detections_ms(infer, [whole]), words_s)
        if number == 0:
            assert score.true_positives in (7, 8)
            assert score.false_positives <= 1
        heard = WordScore(
            heard.true_positives + score.true_positives,
            heard.missed_s + score.missed_s,
            heard.false_s + score.false_s,
        )
    assert heard.words == 24
    assert heard.true_positives >= 21
    assert heard.false_positives <= 2


def test_the_streaming_model_takes_what_the_reference_takes() -> None:
    details = _input_details(SWW_INFERENCE)
    assert details["quantization"] == (pytest.approx(INPUT_SCALE, rel=1e-6), INPUT_ZERO_POINT)
    assert list(details["shape"]) == [1, 30, 1, 40]


def test_all_demo_models_together_are_small() -> None:
    sizes = [demo_model_path(task).stat().st_size for task in (*ALL, SWW_INFERENCE)]
    assert sum(sizes) < 400_000  # the limit is 1 MB


@pytest.mark.parametrize("task", ALL, ids=KEYS)
def test_a_demo_model_fits_its_task_and_the_engine_names_its_hash(task: Task) -> None:
    path = demo_model_path(task)
    engine = Engine.load(path, task)
    assert engine.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    scores = engine.infer(data.generate(task, count=1)[0].data[: task.input_bytes])
    assert len(scores) == task.score_count
    if task is not AD:
        assert sum(scores) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("task", [*ALL, SWW_INFERENCE], ids=(*KEYS, "sww"))
def test_the_notes_on_the_models_give_the_hash_and_the_size_of_each(task: Task) -> None:
    path = demo_model_path(task)
    notes = (path.parent / "README.md").read_text("utf-8")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    assert sha256 == DEMO_SHA256[task.model_id]
    assert sha256 in notes
    assert f"{path.stat().st_size} bytes" in notes


@pytest.mark.parametrize("task", [VWW, IC], ids=["vww", "ic"])
def test_a_picture_model_takes_the_pixels_as_the_reference_does(task: Task) -> None:
    # Pixels become int8 by taking 128 off: right only with that zero point, and the whole range.
    details = _input_details(task)
    scale, zero_point = details["quantization"]
    assert details["dtype"] is np.int8
    assert zero_point == -128
    assert scale == pytest.approx(1 / 255 if task is VWW else 1, rel=1e-6)


def _input_details(task: Task) -> dict[str, object]:
    for module in ("tflite_runtime.interpreter", "ai_edge_litert.interpreter"):
        try:
            runtime = __import__(module, fromlist=["Interpreter"])
        except ImportError:
            continue
        interpreter = runtime.Interpreter(model_path=str(demo_model_path(task)), num_threads=1)
        return interpreter.get_input_details()[0]
    pytest.skip("no TFLite runtime")


def test_a_task_without_a_demo_model_is_refused_by_name() -> None:
    custom = dataclasses.replace(KWS, model_id="custom")
    with pytest.raises(DemoError, match=r"no demo model for custom; .*vww01, ic01, kws01, ad01"):
        demo_model_path(custom)


def test_the_note_keeps_demo_figures_out_of_submissions() -> None:
    assert "synthetic" in DEMO_NOTE
    assert "not for submission" in DEMO_NOTE
