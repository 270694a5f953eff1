# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202, T201
"""Trains the demo kws model on generated inputs and writes ``demo/kws01_demo_int8.tflite``.

Needs TensorFlow (2.15), which is no dependency of the package; from a folder that holds the
checkout as (or linked as) ``tinyrunner``: ``python -m tinyrunner.models.train_demo``. See
``demo/README.md``. It stands outside the import rule, for it learns from the data-set generator.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from ..datasets import demo as data
from .demo import demo_model_path
from .suite import KWS

SEED = 20
TRAINING_INPUTS = 9600
CHECKING_INPUTS = 2400
EPOCHS = 16

# The quantisation of the reference model's input, so that the int8 bytes mean what they mean there.
SCALE = 0.5847029089927673
ZERO_POINT = 83


def inputs_of(items):
    """(float inputs as the network sees them, labels)."""
    raw = np.stack([np.frombuffer(item.data, np.int8) for item in items])
    values = (raw.astype(np.float32) - ZERO_POINT) * np.float32(SCALE)
    return values.reshape(-1, *KWS.input_shape), np.array([item.label for item in items])


def network():
    """The reference's depthwise-separable shape, with two blocks of 24 instead of four of 64."""
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


def quantised(model, examples):
    """The model as int8 in, int8 out; the examples set the ranges of the activations."""

    def representative():
        for example in examples:
            # One value at either end of the range pins the input's scale and zero point, and
            # unlike a whole input at the end it hardly widens the ranges of the activations.
            ends = example.copy()
            ends[0, 0], ends[-1, -1] = ((byte - ZERO_POINT) * SCALE for byte in (-128, 127))
            yield [ends[None]]

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def accuracy(model_bytes, items):
    """Fraction of the inputs that the quantised model gets right."""
    interpreter = tf.lite.Interpreter(model_content=model_bytes, num_threads=1)
    interpreter.allocate_tensors()
    entry, out = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    right = 0
    for item in items:
        values = np.frombuffer(item.data, np.int8).reshape(entry["shape"])
        interpreter.set_tensor(entry["index"], values)
        interpreter.invoke()
        right += int(interpreter.get_tensor(out["index"]).argmax()) == item.label
    return right / len(items)


def main(path: Path) -> None:
    """Train, quantise, write, and print what came out."""
    started = time.monotonic()
    tf.keras.utils.set_random_seed(SEED)
    tf.config.experimental.enable_op_determinism()
    items = data.generate(KWS, seed=data.TRAINING_SEED, count=TRAINING_INPUTS + CHECKING_INPUTS)
    values, labels = inputs_of(items[:TRAINING_INPUTS])
    print(f"{len(items)} inputs generated in {time.monotonic() - started:.0f} s")

    model = network()
    steps = EPOCHS * -(-TRAINING_INPUTS // 64)
    model.compile(
        tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(4e-3, steps)),
        tf.keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )
    model.fit(values, labels, batch_size=64, epochs=EPOCHS, verbose=2)
    unseen, answers = inputs_of(items[TRAINING_INPUTS:])
    print(f"unseen, before quantising: {model.evaluate(unseen, answers, verbose=0)[1]:.4f}")
    model_bytes = quantised(model, values[:240])
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(model_bytes)
    print(f"{path.name}: {len(model_bytes)} bytes, {model.count_params()} parameters")
    print(f"unseen, as int8: {accuracy(model_bytes, items[TRAINING_INPUTS:]):.4f}")
    print(f"the demo set: {accuracy(model_bytes, data.generate(KWS)):.4f}")
    more = data.generate(KWS, count=2400)
    print(f"the demo set's stream, {len(more)} inputs: {accuracy(model_bytes, more):.4f}")
    print(f"{time.monotonic() - started:.0f} s in all")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else demo_model_path(KWS))
