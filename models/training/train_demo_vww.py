# mypy: ignore-errors
# ruff: noqa: ANN201
"""Trains ``demo/vww01_demo_int8.tflite``; run it by ``train_demo.py``."""

from __future__ import annotations

from functools import partial

import numpy as np
import tensorflow as tf

from ...datasets.demo import demo_dataset as data
from ..suite import VWW
from .train_demo_tools import accuracy, finish, fit_pixels, pixels_of, prepare, quantised, with_ends

SEED = 20
TRAINING_INPUTS = 6000
EPOCHS = 9
BLOCKS = ((24, 2), (32, 1), (48, 2), (48, 1), (96, 2), (96, 1))
"""Channels and stride of each block; the first convolution has 12 and a stride of 2."""


def network():
    """Returns the reference's MobileNet, narrower in the deep half and with fewer blocks."""
    layers = tf.keras.layers
    x = entry = layers.Input(VWW.input_shape)
    x = layers.Conv2D(12, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    for channels, stride in BLOCKS:
        x = layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
        x = layers.Conv2D(channels, 1, use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.GlobalAveragePooling2D()(x)
    return tf.keras.Model(entry, layers.Dense(VWW.class_count, activation="softmax")(x))


def main() -> None:
    """Trains, quantises, writes, and prints what came out."""
    prepare(SEED)
    items = data.generate(VWW, seed=data.TRAINING_SEED, count=TRAINING_INPUTS)
    pixels, labels = pixels_of(VWW, items)
    model = network()
    # 0..1 as for the reference: a scale of 1/255 and a zero point of -128.
    fit_pixels(model, pixels, labels, factor=1 / 255, rate=4e-3, epochs=EPOCHS, flip=True)
    examples = with_ends(pixels[:200].astype(np.float32) / 255, 0, 1)
    model_bytes = quantised(model, examples)
    figure = partial(accuracy, model_bytes, VWW)
    finish(VWW, model, model_bytes, figure, (TRAINING_INPUTS, 1000))


if __name__ == "__main__":
    main()
