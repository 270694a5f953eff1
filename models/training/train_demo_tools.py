# mypy: ignore-errors
# ruff: noqa: ANN001, ANN201, ANN202
"""Holds what the training scripts share: determinism, fitting, quantising, trying the outcome."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ...datasets.demo import demo_dataset as data
from ..demo_models import demo_model_path
from ..engine import Engine


def prepare(seed):
    """Makes everything that follows depend on the seed alone."""
    tf.keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()


def pixels_of(task, items):
    """Returns (input, row, column, channel) as bytes, and the labels."""
    pixels = np.stack([np.frombuffer(item.data, np.uint8) for item in items])
    return pixels.reshape(-1, *task.input_shape), np.array([item.label for item in items])


def fit_pixels(model, pixels, labels, *, factor, rate, epochs, batch=32, flip=False):
    """Trains a classifier on bytes times ``factor``; ``flip`` mirrors some of them, by chance."""

    def to_floats(image, label):
        image = tf.cast(image, tf.float32) * factor
        return (tf.image.random_flip_left_right(image) if flip else image), label

    inputs = tf.data.Dataset.from_tensor_slices((pixels, labels))
    inputs = inputs.shuffle(len(labels)).map(to_floats).batch(batch)
    compile_classifier(model, rate, epochs * -(-len(labels) // batch))
    model.fit(inputs, epochs=epochs, verbose=2)


def compile_classifier(model, rate, steps):
    """Compiles with Adam, its rate falling from ``rate`` to nothing over so many steps."""
    model.compile(
        tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(rate, steps)),
        tf.keras.losses.SparseCategoricalCrossentropy(),
        metrics=["accuracy"],
    )


def with_ends(examples, low, high):
    """Yields the examples, each with one value at either end of the input's range.

    That pins the input's scale and zero point, and unlike a whole input at the end it hardly
    widens the ranges of the activations.
    """
    for example in examples:
        ends = example.copy()
        ends[0, 0], ends[-1, -1] = low, high
        yield ends


def quantised(model, examples):
    """Returns the model as int8 in, int8 out; the examples set the ranges of the activations."""
    examples = list(examples)
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([example[None]] for example in examples)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def engine_of(model_bytes, task):
    """Returns the program's own engine, with its usual kernels, on TensorFlow's interpreter."""
    interpreter = tf.lite.Interpreter(
        model_content=model_bytes,
        num_threads=1,
        experimental_op_resolver_type=(
            tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        ),
    )
    interpreter.allocate_tensors()
    return Engine.of(task, interpreter, model_bytes, "tensorflow", "the new model")


def accuracy(model_bytes, task, items):
    """Returns the fraction of the inputs that the quantised model gets right."""
    engine = engine_of(model_bytes, task)
    right = sum(int(np.argmax(engine.infer(item.data))) == item.label for item in items)
    return right / len(items)


def finish(task, model, model_bytes, figure, counts):
    """Writes the model, and prints ``figure`` for the demo set and for more inputs.

    As many more of either stream are tried as ``counts`` says, the training stream's after so many
    used in training.
    """
    path = demo_model_path(task)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(model_bytes)
    used, more = counts
    print(f"{path.name}: {len(model_bytes)} bytes, {model.count_params()} parameters")
    print(f"the demo set: {figure(data.generate(task)):.4f}")
    print(f"its stream, {more} inputs: {figure(data.generate(task, count=more)):.4f}")
    unseen = data.generate(task, seed=data.TRAINING_SEED, count=used + more)[used:]
    print(f"the training stream, {more} unseen: {figure(unseen):.4f}", flush=True)
