# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201
"""Trains ``demo/kws01_demo_int8.tflite``; run it by ``train_demo.py``."""

from __future__ import annotations

from functools import partial

import numpy as np
import tensorflow as tf

from ...datasets.demo import demo_dataset as data
from ..suite import KWS
from .train_demo_tools import accuracy, compile_classifier, finish, prepare, quantised, with_ends

SEED = 20
TRAINING_INPUTS = 9600
EPOCHS = 16

# The quantisation of the reference model's input, so that the int8 bytes mean what they mean there.
SCALE = 0.5847029089927673
ZERO_POINT = 83


def inputs_of(items):
    """Returns (float inputs as the network sees them, labels)."""
    raw = np.stack([np.frombuffer(item.data, np.int8) for item in items])
    values = (raw.astype(np.float32) - ZERO_POINT) * np.float32(SCALE)
    return values.reshape(-1, *KWS.input_shape), np.array([item.label for item in items])


def network():
    """Returns the reference's depthwise-separable shape, with two blocks of 24, not four of 64."""
    layers = tf.keras.layers
    regularizer = tf.keras.regularizers.l2(1e-4)
    x = entry = layers.Input(KWS.input_shape)
    x = layers.Conv2D(
        24, (10, 4), strides=(2, 2), padding="same", use_bias=False, kernel_regularizer=regularizer
    )(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for _ in range(2):
        x = layers.DepthwiseConv2D((3, 3), padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2D(24, (1, 1), use_bias=False, kernel_regularizer=regularizer)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(KWS.class_count, activation="softmax")(layers.Dropout(0.2)(x))
    return tf.keras.Model(entry, x)


def main() -> None:
    """Trains, quantises, writes, and prints what came out."""
    prepare(SEED)
    values, labels = inputs_of(data.generate(KWS, seed=data.TRAINING_SEED, count=TRAINING_INPUTS))
    model = network()
    compile_classifier(model, 4e-3, EPOCHS * -(-TRAINING_INPUTS // 64))
    model.fit(values, labels, batch_size=64, epochs=EPOCHS, verbose=2)
    low, high = ((byte - ZERO_POINT) * SCALE for byte in (-128, 127))
    model_bytes = quantised(model, with_ends(values[:240], low, high))
    figure = partial(accuracy, model_bytes, KWS)
    finish(KWS, model, model_bytes, figure, (TRAINING_INPUTS, 2400))


if __name__ == "__main__":
    main()
