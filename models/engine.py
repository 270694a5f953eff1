"""Runs a ``.tflite`` model on a task's inputs: bytes as sent on the wire in, scores out.

The only module that knows TFLite. It is there for the simulated device and for checking models;
benchmarking a real board needs neither this module nor a runtime.

What the bytes of an input become, by task and by the type of the model's input:

====== ========================== ====================== =====================================
task   int8                       uint8                  float32
====== ========================== ====================== =====================================
kws    the bytes                  refused                dequantised as by the reference model
vww    pixel - 128                pixel                  pixel / 255
ic     pixel - 128                pixel                  pixel
ad     quantised with the model's the same               the floats
       own scale and zero point
====== ========================== ====================== =====================================

The two float conventions for pixels are those of the reference training scripts: vww's rescales
by 1/255, ic's feeds 0..255. Outputs are dequantised with the model's own scale and zero point.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from .suite import VWW, InputFormat, Task

_Array: TypeAlias = npt.NDArray[Any]
_Floats: TypeAlias = npt.NDArray[np.float32]

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

_KWS_SCALE = 0.5847029089927673
_KWS_ZERO_POINT = 83
"""How the official kws inputs were quantised, for models that want the floats back."""

_BELOW_HALF = 0.5 - 2**-25
"""The float32 before 0.5. Added before truncating it rounds to nearest, ties away from zero, as
C's ``round`` does; 0.5 itself would take 0.49999997 to 1."""


class _Interpreter(Protocol):
    """What is used of either runtime's ``Interpreter``."""

    def get_input_details(self) -> list[dict[str, Any]]: ...
    def get_output_details(self) -> list[dict[str, Any]]: ...
    def set_tensor(self, tensor_index: int, value: _Array) -> None: ...
    def invoke(self) -> None: ...
    def get_tensor(self, tensor_index: int) -> _Array: ...


class EngineUnavailable(Exception):
    """No TFLite runtime is installed."""


class ModelError(Exception):
    """The file is missing, is no model, or is not one for this task."""


class Engine:
    """A loaded model. Not for use by two threads at once."""

    __slots__ = ("_step", "runtime_name", "sha256", "task")

    task: Task
    runtime_name: str
    """Distribution and version, such as ``tflite-runtime 2.14.0``."""
    sha256: str
    """Of the model file, as it was loaded."""

    def __init__(
        self, task: Task, interpreter: _Interpreter, model: bytes, runtime_name: str, where: str
    ) -> None:  # fmt: skip
        """Use ``Engine.load``."""
        entry, out = _fitting_tensors(task, interpreter, where)
        self.task = task
        self.runtime_name = runtime_name
        self.sha256 = hashlib.sha256(model).hexdigest()
        make_step = _reconstructing if _returns_input(task) else _classifying
        self._step = make_step(task, interpreter, entry, out)

    @classmethod
    def load(cls, path: Path, task: Task) -> Engine:
        """Load the model at ``path`` for inputs of ``task``, to run on one thread."""
        try:
            model = path.read_bytes()
        except OSError as error:
            raise ModelError(
                f"cannot read the {task.key} model {path}: {error.strerror}"
            ) from error
        if not _is_whole(model):
            raise ModelError(f"{path} is no TFLite model, or part of one is missing")
        runtime, runtime_name = _runtime()
        try:
            interpreter = runtime.Interpreter(
                model_content=model,
                num_threads=1,
                experimental_op_resolver_type=getattr(runtime.OpResolverType, _RESOLVER),
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{path}: {runtime_name} cannot load this model: {error}") from error
        return cls(task, interpreter, model, runtime_name, str(path))

    def infer(self, data: bytes | bytearray | memoryview) -> tuple[float, ...]:
        """The scores of one input (for ad: its mean squared error), as unrounded float32 values."""
        if len(data) != self.task.input_bytes:
            raise ValueError(
                f"an input of {self.task.key} is {self.task.input_bytes} bytes, not {len(data)}"
            )
        return self._step(data)


def _runtime() -> tuple[Any, str]:
    """The interpreter module of the runtime that is installed, and its name and version."""
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


@dataclass(frozen=True, slots=True)
class _Tensor:
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @classmethod
    def of(cls, details: dict[str, Any]) -> _Tensor:
        scale, zero_point = details["quantization"]
        return cls(
            index=int(details["index"]),
            shape=tuple(int(length) for length in details["shape"]),
            dtype=np.dtype(details["dtype"]),
            scale=float(scale),
            zero_point=int(zero_point),
        )

    def __str__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


_QUANTISED = (np.dtype(np.int8), np.dtype(np.uint8))
_FLOAT32 = np.dtype(np.float32)


def _returns_input(task: Task) -> bool:
    """Whether the model gives back its input, cleaned, and the score is how far it is off."""
    return task.input_format is InputFormat.FLOAT32_LE


def _fitting_tensors(task: Task, interpreter: _Interpreter, where: str) -> tuple[_Tensor, _Tensor]:
    entries = tuple(_Tensor.of(details) for details in interpreter.get_input_details())
    outs = tuple(_Tensor.of(details) for details in interpreter.get_output_details())
    in_size = math.prod(task.input_shape)
    out_size = in_size if _returns_input(task) else task.score_count
    match task.input_format:
        case InputFormat.INT8:
            in_types: tuple[np.dtype[Any], ...] = (np.dtype(np.int8), _FLOAT32)
        case InputFormat.PIXELS_U8 | InputFormat.FLOAT32_LE:
            in_types = (*_QUANTISED, _FLOAT32)
        case _:
            assert_never(task.input_format)
    out_types = (*_QUANTISED, _FLOAT32)
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
        if tensor.dtype in _QUANTISED and not tensor.scale > 0:
            raise ModelError(f"{where}: tensor {tensor} has no scale and zero point")
    return entries[0], outs[0]


def _or(types: tuple[np.dtype[Any], ...]) -> str:
    return "|".join(map(str, types))


# --- one inference -------------------------------------------------------------------------------
#
# The functions below prepare what they can once and return the step taken per inference, for an
# accuracy run of ad takes 48 608 of them. TFLite copies what it is given: buffers can be reused.

_Data: TypeAlias = bytes | bytearray | memoryview
_Step: TypeAlias = Callable[[_Data], tuple[float, ...]]

_FLOAT32_LE = np.dtype("<f4")
_INT32_LE = np.dtype("<i4")


def _classifying(task: Task, interpreter: _Interpreter, entry: _Tensor, out: _Tensor) -> _Step:
    convert, scores = _converter(task, entry), _dequantiser(out)

    def step(data: _Data) -> tuple[float, ...]:
        interpreter.set_tensor(entry.index, convert(data))
        interpreter.invoke()
        return scores(interpreter.get_tensor(out.index))

    return step


def _reconstructing(task: Task, interpreter: _Interpreter, entry: _Tensor, out: _Tensor) -> _Step:
    convert, mean_squared_error = _quantiser(entry), _mean_squared_error(out)
    magnitude = np.full(entry.size, 0x7FFFFFFF, np.int32)  # all but the sign of a float32
    largest = np.maximum.reduce

    def measured(window: _Floats) -> float:
        interpreter.set_tensor(entry.index, convert(window))
        interpreter.invoke()
        return mean_squared_error(interpreter.get_tensor(out.index), window)

    def step(data: _Data) -> tuple[float, ...]:
        window = np.frombuffer(data, _FLOAT32_LE)
        if largest(np.bitwise_and(np.frombuffer(data, _INT32_LE), magnitude)) < _HUGE:
            return (measured(window),)
        with np.errstate(over="ignore", invalid="ignore"):
            return (measured(window),)

    return step


_HUGE = 0x58000000
"""The bits of 2^49, and floats are ordered as their bits. Below it nothing can overflow; above
it, which includes infinity and NaN, numpy's warnings are switched off, for that costs 1 to 4 us:
garbage in, infinity or NaN out."""


# --- input ---------------------------------------------------------------------------------------


def _converter(task: Task, tensor: _Tensor) -> Callable[[_Data], _Array]:
    is_float = tensor.dtype == _FLOAT32
    if task.input_format is InputFormat.INT8:
        return _int8_to_floats(tensor) if is_float else _reinterpreted(tensor)
    if is_float:
        return _pixels_to_floats(tensor, 1 / 255 if task is VWW else 1.0)
    return _pixels_to_int8(tensor) if tensor.dtype == np.int8 else _reinterpreted(tensor)


def _reinterpreted(tensor: _Tensor) -> Callable[[_Data], _Array]:
    dtype, shape = tensor.dtype, tensor.shape
    return lambda data: np.frombuffer(data, dtype).reshape(shape)


def _int8_to_floats(tensor: _Tensor) -> Callable[[_Data], _Array]:
    byte = np.arange(256, dtype=np.uint8).view(np.int8)
    values = (byte.astype(np.float32) - np.float32(_KWS_ZERO_POINT)) * np.float32(_KWS_SCALE)
    shape = tensor.shape
    return lambda data: values[np.frombuffer(data, np.uint8)].reshape(shape)


def _pixels_to_int8(tensor: _Tensor) -> Callable[[_Data], _Array]:
    unsigned = np.empty(tensor.size, np.uint8)
    signed = unsigned.view(np.int8).reshape(tensor.shape)
    top_bit = np.array(128, np.uint8)

    def convert(data: _Data) -> _Array:
        # Flipping the top bit and reading the byte as signed takes 128 off.
        np.bitwise_xor(np.frombuffer(data, np.uint8), top_bit, out=unsigned)
        return signed

    return convert


def _pixels_to_floats(tensor: _Tensor, factor: float) -> Callable[[_Data], _Array]:
    values: _Floats = np.empty(tensor.size, np.float32)
    shaped, factor32 = values.reshape(tensor.shape), np.array(factor, np.float32)

    def convert(data: _Data) -> _Array:
        np.multiply(np.frombuffer(data, np.uint8), factor32, out=values, dtype=np.float32)
        return shaped

    return convert


def _quantiser(tensor: _Tensor) -> Callable[[_Floats], _Array]:
    """Floats to the tensor's type: divided, rounded to nearest (ties away from zero), clamped."""
    dtype, shape = tensor.dtype, tensor.shape
    if dtype == _FLOAT32:
        return lambda window: window.reshape(shape)
    limits = np.iinfo(dtype)
    # Clamped before rounding, so that the integer step cannot overflow; the bounds are whole
    # numbers, so the order makes no difference.
    least = _filled(tensor, limits.min - tensor.zero_point)
    most = _filled(tensor, limits.max - tensor.zero_point)
    scale, below_half = _filled(tensor, tensor.scale), _filled(tensor, _BELOW_HALF)
    zero_point = np.full(tensor.size, tensor.zero_point, np.int16)
    steps: _Floats = np.empty(tensor.size, np.float32)
    rounding: _Floats = np.empty(tensor.size, np.float32)

    def convert(window: _Floats) -> _Array:
        np.divide(window, scale, out=steps)
        np.maximum(steps, least, out=steps)
        np.minimum(steps, most, out=steps)
        np.copysign(below_half, steps, out=rounding)
        np.add(steps, rounding, out=steps)
        whole = steps.astype(np.int16)  # truncates
        np.add(whole, zero_point, out=whole)
        return whole.astype(dtype).reshape(shape)

    return convert


def _filled(tensor: _Tensor, value: float) -> _Floats:
    """An operand of full length: numpy 1.26 is quicker with it than with one number."""
    return np.full(tensor.size, value, np.float32)


# --- output --------------------------------------------------------------------------------------


def _dequantiser(tensor: _Tensor) -> Callable[[_Array], tuple[float, ...]]:
    if tensor.dtype == _FLOAT32:
        return lambda output: tuple(output.ravel().tolist())
    steps = np.arange(256, dtype=np.uint8).view(tensor.dtype).astype(np.float32)
    values = (steps - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
    value_of = tuple(values.tolist()).__getitem__  # by the byte, read as unsigned
    return lambda output: tuple(map(value_of, output.tobytes()))


def _mean_squared_error(tensor: _Tensor) -> Callable[[_Array, _Floats], float]:
    """The reference's score for ad, in float32 and in index order, as the device firmware sums.

    ``np.add.accumulate`` gives every partial sum, so it must add one element after the other,
    where ``np.sum`` adds in pairs and gives another last bit.
    """
    is_float = tensor.dtype == _FLOAT32
    zero_point, scale = _filled(tensor, tensor.zero_point), _filled(tensor, tensor.scale)
    errors: _Floats = np.empty(tensor.size, np.float32)
    count = np.float32(tensor.size)
    accumulate = np.add.accumulate

    def mean(output: _Array, window: _Floats) -> float:
        values: _Floats = output.reshape(-1)
        if not is_float:
            values = values.astype(np.float32)
            np.subtract(values, zero_point, out=values)
            np.multiply(values, scale, out=values)
        np.subtract(values, window, out=errors)
        np.multiply(errors, errors, out=errors)
        return float(accumulate(errors, out=errors)[-1] / count)

    return mean


# --- is it a whole file? -------------------------------------------------------------------------
#
# tflite-runtime 2.14 does not check the FlatBuffer it is given: a file cut short by a broken
# download takes the whole process down (measured). So look first whether all parts are inside the
# file. This is no full verifier: a file that was tampered with can still crash the runtime.

_IDENTIFIER = b"TFL3"

_Layout: TypeAlias = "int | list[_Layout] | dict[int, _Layout]"
"""A field of a FlatBuffer: a vector of scalars of so many bytes, of tables, or a table."""

_QUANTISATION: dict[int, _Layout] = {0: 4, 1: 4, 2: 4, 3: 8}
_TENSOR: dict[int, _Layout] = {0: 4, 3: 1, 4: _QUANTISATION}
_OPERATOR: dict[int, _Layout] = {1: 4, 2: 4, 4: {}}
_SUBGRAPH: dict[int, _Layout] = {0: [_TENSOR], 1: 4, 2: 4, 3: [_OPERATOR], 4: 1}
_MODEL: dict[int, _Layout] = {1: [{}], 2: [_SUBGRAPH], 3: 1, 4: [{0: 1}]}
"""What there is to follow in a model, by field number; from TFLite's schema, version 3."""


def _is_whole(model: bytes) -> bool:
    if model[4:8] != _IDENTIFIER:
        return False
    try:
        pending: list[tuple[int, _Layout]] = [(_follow(model, 0), _MODEL)]
        while pending:
            pending += _parts(model, *pending.pop())
    except struct.error:
        return False
    return True


def _parts(model: bytes, at: int, layout: _Layout) -> Iterator[tuple[int, _Layout]]:
    """What the table or vector at ``at`` points to; ``struct.error`` if it leaves the file."""
    match layout:
        case int(width):
            _require(model, at + 4 + width * _number(model, "<I", at))
        case [element]:
            for index in range(_number(model, "<I", at)):
                yield _follow(model, at + 4 + 4 * index), element
        case dict(fields):
            vtable = at - _number(model, "<i", at)
            size = _number(model, "<H", vtable)
            _require(model, vtable + size)
            _require(model, at + _number(model, "<H", vtable + 2))
            for field, part in fields.items():
                entry = vtable + 4 + 2 * field
                offset = _number(model, "<H", entry) if entry + 2 <= vtable + size else 0
                if offset:
                    yield _follow(model, at + offset), part


def _follow(model: bytes, at: int) -> int:
    return at + _number(model, "<I", at)


def _number(model: bytes, form: str, at: int) -> int:
    _require(model, at)
    return int(struct.unpack_from(form, model, at)[0])


def _require(model: bytes, end: int) -> None:
    if not 0 <= end <= len(model):
        raise struct.error("outside the file")
