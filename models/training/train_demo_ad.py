# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201
"""Trains ``demo/ad01_demo_int8.tflite``; run it by ``train_demo.py``."""

from __future__ import annotations

from functools import partial

import numpy as np
import tensorflow as tf

from ...datasets.demo import demo_dataset as data
from ...runner.score.auc import roc_auc
from ..suite import AD
from .train_demo_tools import engine_of, finish, prepare, quantised

SEED = 20
TRAINING_FILES = 400
"""Half of them normal, and only these are learnt from."""
EPOCHS = 20
WIDTHS = (64, 64, 8, 64, 64)
"""The reference has four layers of 128 on either side of the 8."""

STRIDE = AD.stride_bytes // 4


def windows_of(item):
    """Returns (window, 640 values) for one file."""
    values = np.frombuffer(item.data, "<f4").astype(np.float32)
    return np.lib.stride_tricks.sliding_window_view(values, AD.input_bytes // 4)[::STRIDE]


def network():
    """Returns the network: 640 to 8 to 640, all of it dense."""
    layers = tf.keras.layers
    x = entry = layers.Input(AD.input_shape)
    for width in WIDTHS:
        x = layers.ReLU()(layers.BatchNormalization()(layers.Dense(width)(x)))
    return tf.keras.Model(entry, layers.Dense(AD.input_bytes // 4)(x))


def with_units(model, mean, deviation):
    """Returns the same model with input and output in dB: ``(x - mean) / deviation`` folded in."""
    first, last = model.layers[1], model.layers[-1]
    weights, bias = first.get_weights()
    first.set_weights([weights / deviation, bias - mean / deviation * weights.sum(axis=0)])
    weights, bias = last.get_weights()
    last.set_weights([weights * deviation, bias * deviation + mean])
    return model


def auc(model_bytes, items):
    """Returns the AUC of the mean error of each file's windows, by the quantised model."""
    engine = engine_of(model_bytes, AD)
    starts = range(0, AD.windows_per_file * AD.stride_bytes, AD.stride_bytes)
    errors = [
        np.mean([engine.infer(item.data[at : at + AD.input_bytes])[0] for at in starts])
        for item in items
    ]
    return roc_auc([item.label == 1 for item in items], np.array(errors))


def main() -> None:
    """Trains, quantises, writes, and prints what came out."""
    prepare(SEED)
    items = data.generate(AD, seed=data.TRAINING_SEED, count=TRAINING_FILES)
    values = np.concatenate([windows_of(item)[::2] for item in items if item.label == 0])
    mean, deviation = float(values.mean()), float(values.std())
    model = network()
    steps = EPOCHS * -(-len(values) // 128)
    model.compile(
        tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(3e-3, steps)), "mse"
    )
    scaled = (values - mean) / deviation
    model.fit(scaled, scaled, batch_size=128, epochs=EPOCHS, verbose=2)
    model_bytes = quantised(with_units(model, mean, deviation), values[::40])
    figure = partial(auc, model_bytes)
    finish(AD, model, model_bytes, figure, (TRAINING_FILES, 200))


if __name__ == "__main__":
    main()
