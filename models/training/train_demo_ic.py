# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202
"""Trains ``demo/ic01_demo_int8.tflite``; run it by ``train_demo.py``."""

from __future__ import annotations

from functools import partial

import numpy as np
import tensorflow as tf

from ...datasets.demo import demo_dataset as data
from ..suite import IC
from .train_demo_tools import accuracy, finish, fit_pixels, pixels_of, prepare, quantised, with_ends

SEED = 20
TRAINING_INPUTS = 5000
EPOCHS = 12
STACKS = ((8, 1), (16, 2), (32, 2))
"""Channels and stride of each residual block; the reference has 16, 32 and 64."""


def network():
    """Returns the reference's ResNet of three blocks, half as wide."""
    layers = tf.keras.layers
    regularizer = tf.keras.regularizers.l2(1e-4)

    def convolved(x, channels, size, stride=1):
        return layers.Conv2D(
            channels, size, strides=stride, padding="same", kernel_regularizer=regularizer
        )(x)

    def normalised(x):
        return layers.BatchNormalization(momentum=0.95)(x)

    x = entry = layers.Input(IC.input_shape)
    x = layers.ReLU()(normalised(convolved(x, STACKS[0][0], 3)))
    for channels, stride in STACKS:
        y = layers.ReLU()(normalised(convolved(x, channels, 3, stride)))
        y = normalised(convolved(y, channels, 3))
        if stride > 1:
            x = convolved(x, channels, 1, stride)
        x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(entry, layers.Dense(IC.class_count, activation="softmax")(x))


def main() -> None:
    """Trains, quantises, writes, and prints what came out."""
    prepare(SEED)
    items = data.generate(IC, seed=data.TRAINING_SEED, count=TRAINING_INPUTS)
    pixels, labels = pixels_of(IC, items)
    model = network()
    # 0..255 as for the reference: a scale of 1 and a zero point of -128.
    fit_pixels(model, pixels, labels, factor=1.0, rate=3e-3, epochs=EPOCHS)
    model_bytes = quantised(model, with_ends(pixels[:300].astype(np.float32), 0, 255))
    figure = partial(accuracy, model_bytes, IC)
    finish(IC, model, model_bytes, figure, (TRAINING_INPUTS, 2000))


if __name__ == "__main__":
    main()
