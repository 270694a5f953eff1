from __future__ import annotations

import numpy as np
from support.reference import reference_path
from tinyrunner.datasets.streaming.front_end import HOP_SAMPLES
from tinyrunner.datasets.streaming.sound import Recording, hops_of
from tinyrunner.datasets.streaming.truth import read_truths
from tinyrunner.datasets.streaming.wake_word import WakeWordStream, detections_ms
from tinyrunner.models.engine import Engine, int8_answers
from tinyrunner.models.suite import SWW_INFERENCE
from tinyrunner.runner.score.streaming.formulas import score_words


def test_the_reference_model_hears_in_the_short_clip_what_the_readme_says() -> None:
    """2 true positives, 1 false negative, 0 false positives (mlcommons/tiny, training README)."""
    folder = reference_path("datasets", "sww01")
    model = reference_path("models", "str_ww_ref_model.tflite")
    infer = int8_answers(Engine.load(model, SWW_INFERENCE))
    clip = Recording.open(folder / "short_wav_easy10s.wav")
    times_ms = detections_ms(infer, hops_of(clip.pieces(3000), HOP_SAMPLES))
    assert times_ms == [32, *range(1408, 2145, 32), 5024]
    (truth,) = read_truths(folder / "sww_short_test.json")
    assert score_words(times_ms, truth.windows_s).counts == (2, 1, 0)


def test_the_input_begins_with_zeros_and_shifts_by_a_frame() -> None:
    inputs: list[np.ndarray] = []

    def infer(data: bytes) -> tuple[int, ...]:
        inputs.append(np.frombuffer(data, np.int8).reshape(30, 40))
        return (116, -128, -128) if len(inputs) == 3 else (115, 127, -128)

    stream = WakeWordStream(infer)
    sound = (np.arange(512 * 4) * 37 % 1000).astype(np.int16)
    frames = [*stream.hear(sound[:512]), *stream.hear(sound[512:])]
    assert not inputs[0][:-1].any()
    for before, after, frame in zip(inputs, inputs[1:], frames[1:], strict=False):
        assert (after[:-1] == before[1:]).all()
        assert tuple(after[-1]) == frame.features
    assert [frame.activations[0] for frame in frames] == [115, 115, 116, 115]
    assert [frame.is_word for frame in frames] == [False, False, True, False]
    assert [frame.pulses for frame in frames] == [True, False, True, False]
    assert [frame.end_ms for frame in frames] == [32, 64, 96, 128]
