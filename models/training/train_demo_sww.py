# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201
"""Trains ``demo/sww01_demo_int8.tflite``; run it by ``train_demo.py``."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ...datasets.demo.demo_dataset import EVALUATION_SEED, TRAINING_SEED, recording_key
from ...datasets.demo.sww_words import make_recording
from ...datasets.streaming.front_end import (
    HOP_SAMPLES,
    INPUT_SCALE,
    INPUT_ZERO_POINT,
    features_of,
)
from ...datasets.streaming.sound import SAMPLE_RATE_HZ
from ...datasets.streaming.wake_word import INPUT_FRAMES, detections_ms
from ...runner.score.streaming.formulas import score_words
from ..demo_models import demo_model_path
from ..engine import int8_answers
from ..suite import SWW_INFERENCE
from .train_demo_tools import compile_classifier, engine_of, prepare, quantised, with_ends

SEED = 22
RECORDINGS = 100
EPOCHS = 10

WORD, SILENCE, OTHER = range(3)
HEARD_FRAMES = 7
"""So long behind a word's end the model is to say that it was heard: 224 ms."""
UNSURE_FRAMES = 5
"""So long before and behind that it is asked nothing."""


def labels_of(frames, spoken):
    """Returns the class of the window that ends with each frame; -1 where it is asked nothing."""
    labels = np.full(frames, SILENCE)
    for word in spoken:
        first, last = word.begin // HOP_SAMPLES, word.end // HOP_SAMPLES
        if not word.is_wake:
            labels[first + 3 : last + HEARD_FRAMES] = OTHER
    for word in spoken:
        first, last = word.begin // HOP_SAMPLES, word.end // HOP_SAMPLES
        if word.is_wake:
            labels[first + 3 : last - UNSURE_FRAMES] = OTHER
            labels[max(last - UNSURE_FRAMES, 0) : last] = -1
            labels[last : last + HEARD_FRAMES] = WORD
            labels[last + HEARD_FRAMES : last + HEARD_FRAMES + UNSURE_FRAMES] = -1
    labels[: INPUT_FRAMES - 1] = -1
    return labels


def windows(recordings, seed):
    """Returns (int8 windows of 30 x 40, classes): all of the wake word, and some of the rest."""
    rng = np.random.default_rng(seed)
    kept, classes = [], []
    for number in range(recordings):
        sound, spoken = make_recording(recording_key(TRAINING_SEED, number))
        features = features_of(sound)
        labels = labels_of(len(features), spoken)
        chosen = [np.flatnonzero(labels == WORD)]
        chosen.append(rng.choice(np.flatnonzero(labels == OTHER), 150, replace=False))
        chosen.append(rng.choice(np.flatnonzero(labels == SILENCE), 40, replace=False))
        for at in np.concatenate(chosen):
            kept.append(features[at + 1 - INPUT_FRAMES : at + 1])
            classes.append(labels[at])
    return np.stack(kept), np.array(classes)


def floats_of(features):
    """Returns windows as the network sees them: fractions of the level's range."""
    values = (features.astype(np.float32) - INPUT_ZERO_POINT) * np.float32(INPUT_SCALE)
    return values.reshape(-1, *SWW_INFERENCE.input_shape)


def network():
    """Returns convolutions over time alone, as the reference's: 32 channels, two blocks."""
    layers = tf.keras.layers
    x = entry = layers.Input(SWW_INFERENCE.input_shape)
    x = layers.Conv2D(32, (3, 1), use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for stride in (2, 1):
        x = layers.DepthwiseConv2D((5, 1), strides=stride, padding="valid", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(32, (1, 1), use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.2)(layers.Flatten()(x))
    x = layers.Dense(SWW_INFERENCE.class_count, activation="softmax")(x)
    return tf.keras.Model(entry, x)


def counts(model_bytes, keys):
    """Returns true positives, false negatives, false positives over recordings of these keys."""
    infer = int8_answers(engine_of(model_bytes, SWW_INFERENCE))
    total = np.zeros(3, int)
    for key in keys:
        sound, spoken = make_recording(key)
        whole = sound[: len(sound) // HOP_SAMPLES * HOP_SAMPLES]
        words = [(w.begin / SAMPLE_RATE_HZ, w.end / SAMPLE_RATE_HZ) for w in spoken if w.is_wake]
        total += score_words(detections_ms(infer, [whole]), words).counts
    return tuple(total.tolist())


def main() -> None:
    """Trains, quantises, writes, and prints what came out."""
    prepare(SEED)
    features, labels = windows(RECORDINGS, SEED)
    values = floats_of(features)
    print(f"{len(labels)} windows, by class {np.bincount(labels).tolist()}", flush=True)
    model = network()
    compile_classifier(model, 4e-3, EPOCHS * -(-len(labels) // 64))
    model.fit(values, labels, batch_size=64, epochs=EPOCHS, verbose=2)
    high = (127 - INPUT_ZERO_POINT) * INPUT_SCALE
    model_bytes = quantised(model, with_ends(values[:: len(values) // 240], 0.0, high))
    path = demo_model_path(SWW_INFERENCE)
    path.write_bytes(model_bytes)
    print(f"{path.name}: {len(model_bytes)} bytes, {model.count_params()} parameters")
    for what, seed, numbers in (
        ("the demo set", EVALUATION_SEED, range(1)),
        ("its stream, 20 more", EVALUATION_SEED, range(1, 21)),
        ("the training stream, 20 unseen", TRAINING_SEED, range(RECORDINGS, RECORDINGS + 20)),
    ):
        found = counts(model_bytes, [recording_key(seed, number) for number in numbers])
        print(f"{what}: {found[0]} TP, {found[1]} FN, {found[2]} FP", flush=True)


if __name__ == "__main__":
    main()
