"""Runs a ``.tflite`` model on a task's inputs: bytes as sent on the wire in, scores out.

This is the only module that calls TFLite. It is there for the simulated device and for checking
models; benchmarking a real board needs neither this module nor a runtime.

Which engine computes is an ``EngineKind``: LiteRT with its optimised kernels unless told, LiteRT's
reference kernels, or TensorFlow Lite Micro. By LiteRT a model that is pinned by its hash is run in
this process; any other, and by TFLM all, in one of its own (``runtimes.model_process``). What the
bytes of an input become is in ``tensor_conversion``.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np

from ..errors import UsageError
from .catalogue import identify
from .demo_models import DEMO_SHA256
from .model_file import ModelError, read_model
from .runtimes.engine_kind import EngineKind
from .suite import InputFormat, Task
from .tensor_conversion import (
    FLOAT32,
    FLOAT32_LE,
    INT16,
    QUANTISED,
    Array,
    Data,
    Floats,
    Tensor,
    converter,
    dequantiser,
    input_types,
    mean_squared_error,
    quantiser,
)

_RUNTIMES = (
    ("tflite_runtime.interpreter", "tflite-runtime"),
    ("ai_edge_litert.interpreter", "ai-edge-litert"),
)
"""Module and distribution, in the order tried; the second is the successor of the first."""

_RESOLVER = "BUILTIN_WITHOUT_DEFAULT_DELEGATES"
"""The kernels to use: TFLite's own, without XNNPACK.

Measured on the four reference models: with these, tflite-runtime 2.14 and ai-edge-litert 2.3
agree in every byte. With the default ones they do not (kws: 901 and 902 of 1000 right), and a
result would depend on what happens to be installed. Nor do these write to stderr.
"""

_REFERENCE_RESOLVER = "BUILTIN_REF"
"""The plain kernels that the optimised ones are tested against.

Measured on the reference models: with tflite-runtime 2.14 their bytes are those of TensorFlow Lite
Micro (ad: but for a step, seldom); ai-edge-litert 2.3 has others, up to 11 steps off.
"""


class _Interpreter(Protocol):
    """Declares what is used of either runtime's ``Interpreter``."""

    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def set_tensor(self, tensor_index: int, value: Array) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, tensor_index: int) -> Array: ...


Step: TypeAlias = Callable[[Data], tuple[float, ...]]
"""Turns one input into its scores."""


class EngineUnavailable(UsageError):
    """The engine that is to run a model is not installed."""


class Engine:
    """An engine is a loaded model; it is not for use by two threads at once."""

    __slots__ = ("_step", "runtime_name", "sha256", "task")

    task: Task
    runtime_name: str
    """Distribution and version, such as ``tflite-runtime 2.14.0``."""
    sha256: str
    """The hash of the model file, as it was loaded."""

    def __init__(self, task: Task, step: Step, sha256: str, runtime_name: str) -> None:
        """Takes what ``Engine.load`` has made; use that."""
        self.task = task
        self.sha256 = sha256
        self.runtime_name = runtime_name
        self._step = step

    @classmethod
    def load(cls, path: Path, task: Task, kind: EngineKind = EngineKind.LITERT) -> Engine:
        """Loads the model at ``path`` for inputs of ``task``, to run on one thread."""
        model = read_model(path)
        sha256 = hashlib.sha256(model).hexdigest()
        pinned = identify(sha256) is not None or sha256 in DEMO_SHA256.values()
        if pinned and kind is not EngineKind.TFLM:
            return cls.of_bytes(model, task, str(path), kind)
        from .runtimes.model_process import ModelProcess

        process = ModelProcess(model, task, str(path), kind=kind)
        return cls(task, process.infer, sha256, process.runtime_name)

    @classmethod
    def of_bytes(
        cls, model: bytes, task: Task, where: str, kind: EngineKind = EngineKind.LITERT
    ) -> Engine:
        """Loads a model into this process, which a damaged one may crash; errors name ``where``."""
        load, runtime_name = _loader(kind)
        try:
            interpreter = load(model)
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{where}: {runtime_name} cannot load this model: {one_line(error)}"
            ) from error
        return cls.of(task, interpreter, model, runtime_name, where)

    @classmethod
    def of(
        cls, task: Task, interpreter: _Interpreter, model: bytes, runtime_name: str, where: str
    ) -> Engine:  # fmt: skip
        """Takes an interpreter that has loaded ``model``."""
        entry, out = _fitting_tensors(task, interpreter, where)
        make_step = _reconstructing if task.reconstructs_input else _classifying
        step = make_step(task, interpreter, entry, out)
        return cls(task, step, hashlib.sha256(model).hexdigest(), runtime_name)

    def infer(self, data: bytes | bytearray | memoryview) -> tuple[float, ...]:
        """Returns the scores of one input (ad: its mean squared error), as unrounded float32."""
        if len(data) != self.task.input_bytes:
            raise ValueError(
                f"an input of {self.task.key} is {self.task.input_bytes} bytes, not {len(data)}"
            )
        return self._step(data)


def int8_answers(engine: Engine) -> Callable[[Data], tuple[int, ...]]:
    """Returns a function from one input to the scores as the int8 that sww's firmware compares.

    That is the quantisation of the reference model's output: -128 is 0, and 127 is 255/256.
    """
    infer = engine.infer
    return lambda data: tuple(
        min(max(round(256 * score) - 128, -128), 127) for score in infer(data)
    )


def one_line(said: object) -> str:
    """Returns what a runtime says of a model, which may quote anything that is in the file."""
    text = " ".join(str(said).split())[:_MOST_SAID]
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


_MOST_SAID = 400


def _loader(kind: EngineKind) -> tuple[Callable[[bytes], _Interpreter], str]:
    """Returns what loads a model into an engine, and the engine's name and version."""
    if kind is EngineKind.TFLM:
        from .runtimes.tflm import TflmInterpreter, find_tflm

        tflm, name = find_tflm()
        return lambda model: TflmInterpreter(tflm, model), name
    runtime, name = _runtime()
    resolver = _RESOLVER
    if kind is EngineKind.LITERT_REFERENCE:
        resolver, name = _REFERENCE_RESOLVER, f"{name}, reference kernels"

    def load(model: bytes) -> _Interpreter:
        interpreter = runtime.Interpreter(
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=getattr(runtime.OpResolverType, resolver),
        )
        interpreter.allocate_tensors()
        loaded: _Interpreter = interpreter
        return loaded

    return load, name


def _runtime() -> tuple[Any, str]:
    """Returns the interpreter module of the runtime that is installed, its name and version."""
    reasons = []
    for module, distribution in _RUNTIMES:
        try:
            found = importlib.import_module(module)
        except ImportError as error:  # absent, or built for another numpy
            reasons.append(f"{distribution}: {error}")
        else:
            return found, f"{distribution} {importlib.metadata.version(distribution)}"
    raise EngineUnavailable(
        "running a model needs a TFLite runtime: pip install ai-edge-litert, or with CPython 3.11 "
        "on Linux: pip install tflite-runtime 'numpy<2'. A real board needs none. "
        f"({'; '.join(reasons)})"
    )


# --- the model's two tensors ---------------------------------------------------------------------


def _fitting_tensors(task: Task, interpreter: _Interpreter, where: str) -> tuple[Tensor, Tensor]:
    entries = tuple(Tensor.of(details) for details in interpreter.get_input_details())
    outs = tuple(Tensor.of(details) for details in interpreter.get_output_details())
    in_size = math.prod(task.input_shape)
    out_size = in_size if task.reconstructs_input else task.score_count
    in_types = input_types(task)
    # A model that takes 16 bits gives them as well.
    sixteen = (INT16,) if task.input_format is InputFormat.INT16_LE else ()
    out_types = (*QUANTISED, *sixteen, FLOAT32)
    if task.reconstructs_input and task.input_format is not InputFormat.FLOAT32_LE:
        raise ModelError(
            f"{where}: the error of what a model makes of its input is computed for float32 "
            f"inputs, and those of {task.key} are {task.input_format.value} here"
        )
    if not (
        len(entries) == len(outs) == 1
        and entries[0].size == in_size
        and outs[0].size == out_size
        and entries[0].dtype in in_types
        and outs[0].dtype in out_types
    ):
        raise ModelError(
            f"{where} is no model for {task.key}: it takes {' and '.join(map(str, entries))} and "
            f"gives {' and '.join(map(str, outs))}; {task.key} takes {_or(in_types)}"
            f"{[1, *task.input_shape]} and gives {_or(out_types)}{[1, out_size]}"
        )
    for tensor in (*entries, *outs):
        if tensor.dtype in (*QUANTISED, INT16) and not tensor.scale > 0:
            raise ModelError(f"{where}: tensor {tensor} has no scale and zero point")
    return entries[0], outs[0]


def _or(types: tuple[np.dtype[Any], ...]) -> str:
    return "|".join(map(str, types))


# --- one inference -------------------------------------------------------------------------------

_INT32_LE = np.dtype("<i4")


def _classifying(task: Task, interpreter: _Interpreter, entry: Tensor, out: Tensor) -> Step:
    convert, scores = converter(task, entry), dequantiser(out)

    def step(data: Data) -> tuple[float, ...]:
        interpreter.set_tensor(entry.index, convert(data))
        interpreter.invoke()
        return scores(interpreter.get_tensor(out.index))

    return step


def _reconstructing(task: Task, interpreter: _Interpreter, entry: Tensor, out: Tensor) -> Step:
    convert, score = quantiser(entry), mean_squared_error(out)
    magnitude = np.full(entry.size, 0x7FFFFFFF, np.int32)  # all but the sign of a float32
    largest = np.maximum.reduce

    def measured(window: Floats) -> float:
        interpreter.set_tensor(entry.index, convert(window))
        interpreter.invoke()
        return score(interpreter.get_tensor(out.index), window)

    def step(data: Data) -> tuple[float, ...]:
        window = np.frombuffer(data, FLOAT32_LE)
        if largest(np.bitwise_and(np.frombuffer(data, _INT32_LE), magnitude)) < _HUGE:
            return (measured(window),)
        with np.errstate(over="ignore", invalid="ignore"):
            return (measured(window),)

    return step


_HUGE = 0x58000000
"""The bits of 2^49, and floats are ordered as their bits. Below it nothing can overflow; above
it, which includes infinity and NaN, numpy's warnings are switched off, for that costs 1 to 4 us:
garbage in, infinity or NaN out."""
