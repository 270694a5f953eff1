"""Turns the bytes of an input into a model's input tensor, and its output tensor into scores.

What the bytes become, by what they are and by the type of the model's input:

======= ========================== ====================== =====================================
bytes   int8                       uint8                  float32
======= ========================== ====================== =====================================
int8    the bytes                  refused                by the task's ``float_scale``
uint8   byte - 128                 the bytes              by the task's ``float_scale``
float32 quantised with the model's the same               the floats
        own scale and zero point
int16   refused: the model's input is int16 too, and takes them as they are
======= ========================== ====================== =====================================

A task without ``float_scale`` (a custom one) refuses a float model for bytes: nobody has said what
they stand for. Outputs are dequantised with the model's own scale and zero point.

The functions prepare what they can once and return the function taken per inference, for an
accuracy run of ad takes 48 608 of them. TFLite copies what it is given: buffers can be reused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from .suite import FloatScale, InputFormat, Task

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float32]
Data: TypeAlias = bytes | bytearray | memoryview

FLOAT32_LE = np.dtype("<f4")
FLOAT32 = np.dtype(np.float32)
INT8 = np.dtype(np.int8)
UINT8 = np.dtype(np.uint8)
INT16 = np.dtype("<i2")
QUANTISED = (INT8, UINT8)

_BELOW_HALF = 0.5 - 2**-25
"""The float32 before 0.5. Added before truncating it rounds to nearest, ties away from zero, as
C's ``round`` does; 0.5 itself would take 0.49999997 to 1."""


@dataclass(frozen=True, slots=True)
class Tensor:
    index: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float
    zero_point: int

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @classmethod
    def of(cls, details: dict[str, Any]) -> Tensor:
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


def input_types(task: Task) -> tuple[np.dtype[Any], ...]:
    """Returns the types of input tensors that the task's bytes can be turned into."""
    floats = () if task.float_scale is None else (FLOAT32,)
    match task.input_format:
        case InputFormat.INT8:
            return (INT8, *floats)
        case InputFormat.UINT8:
            return (*QUANTISED, *floats)
        case InputFormat.INT16_LE:
            return (INT16,)
        case InputFormat.FLOAT32_LE:
            return (*QUANTISED, FLOAT32)
        case _:
            assert_never(task.input_format)


# --- input ---------------------------------------------------------------------------------------


def converter(task: Task, tensor: Tensor) -> Callable[[Data], Array]:
    """Returns what turns an input's bytes into the tensor's value, of one of `input_types`."""
    if task.input_format is InputFormat.FLOAT32_LE:
        return _from_floats(tensor)
    if task.input_format is InputFormat.INT16_LE:
        return _reinterpreted(tensor)
    byte_type = INT8 if task.input_format is InputFormat.INT8 else UINT8
    if tensor.dtype == FLOAT32 and task.float_scale is not None:
        return _bytes_to_floats(tensor, byte_type, task.float_scale)
    return _reinterpreted(tensor) if tensor.dtype == byte_type else _less_128(tensor)


def _reinterpreted(tensor: Tensor) -> Callable[[Data], Array]:
    dtype, shape = tensor.dtype, tensor.shape
    return lambda data: np.frombuffer(data, dtype).reshape(shape)


def _bytes_to_floats(
    tensor: Tensor, byte_type: np.dtype[Any], by: FloatScale
) -> Callable[[Data], Array]:
    byte = np.arange(256, dtype=np.uint8).view(byte_type)
    values = (byte.astype(np.float32) - np.float32(by.zero_point)) * np.float32(by.scale)
    shape = tensor.shape
    return lambda data: values[np.frombuffer(data, np.uint8)].reshape(shape)


def _less_128(tensor: Tensor) -> Callable[[Data], Array]:
    unsigned = np.empty(tensor.size, np.uint8)
    signed = unsigned.view(np.int8).reshape(tensor.shape)
    top_bit = np.array(128, np.uint8)

    def convert(data: Data) -> Array:
        # Flipping the top bit and reading the byte as signed takes 128 off.
        np.bitwise_xor(np.frombuffer(data, np.uint8), top_bit, out=unsigned)
        return signed

    return convert


def _from_floats(tensor: Tensor) -> Callable[[Data], Array]:
    convert = quantiser(tensor)

    def checked(data: Data) -> Array:
        # Garbage in, garbage out: infinity and NaN of a user's own data are no reason to warn.
        with np.errstate(over="ignore", invalid="ignore"):
            return convert(np.frombuffer(data, FLOAT32_LE))

    return checked


def quantiser(tensor: Tensor) -> Callable[[Floats], Array]:
    """Returns what quantises floats: divides, rounds to nearest (ties away from zero), clamps."""
    dtype, shape = tensor.dtype, tensor.shape
    if dtype == FLOAT32:
        return lambda window: window.reshape(shape)
    limits = np.iinfo(dtype)
    # Clamped before rounding, so that the integer step cannot overflow; the bounds are whole
    # numbers, so the order makes no difference.
    least = _filled(tensor, limits.min - tensor.zero_point)
    most = _filled(tensor, limits.max - tensor.zero_point)
    scale, below_half = _filled(tensor, tensor.scale), _filled(tensor, _BELOW_HALF)
    zero_point = np.full(tensor.size, tensor.zero_point, np.int16)
    steps: Floats = np.empty(tensor.size, np.float32)
    rounding: Floats = np.empty(tensor.size, np.float32)

    def convert(window: Floats) -> Array:
        np.divide(window, scale, out=steps)
        np.maximum(steps, least, out=steps)
        np.minimum(steps, most, out=steps)
        np.copysign(below_half, steps, out=rounding)
        np.add(steps, rounding, out=steps)
        whole = steps.astype(np.int16)  # truncates
        np.add(whole, zero_point, out=whole)
        return whole.astype(dtype).reshape(shape)

    return convert


def _filled(tensor: Tensor, value: float) -> Floats:
    """Returns an operand of full length: numpy 1.26 is quicker with it than with one number."""
    return np.full(tensor.size, value, np.float32)


# --- output --------------------------------------------------------------------------------------


def dequantiser(tensor: Tensor) -> Callable[[Array], tuple[float, ...]]:
    if tensor.dtype == FLOAT32:
        return lambda output: tuple(output.ravel().tolist())
    if tensor.dtype == INT16:
        zero_point, scale = np.float32(tensor.zero_point), np.float32(tensor.scale)
        return lambda output: tuple(
            ((output.ravel().astype(np.float32) - zero_point) * scale).tolist()
        )
    steps = np.arange(256, dtype=np.uint8).view(tensor.dtype).astype(np.float32)
    values = (steps - np.float32(tensor.zero_point)) * np.float32(tensor.scale)
    value_of = tuple(values.tolist()).__getitem__  # by the byte, read as unsigned
    return lambda output: tuple(map(value_of, output.tobytes()))


def mean_squared_error(tensor: Tensor) -> Callable[[Array, Floats], float]:
    """Returns what gives the reference's score for ad, in float32 and summed in index order.

    The device's firmware sums so.

    ``np.add.accumulate`` gives every partial sum, so it must add one element after the other,
    where ``np.sum`` adds in pairs and gives another last bit.
    """
    is_float = tensor.dtype == FLOAT32
    zero_point, scale = _filled(tensor, tensor.zero_point), _filled(tensor, tensor.scale)
    errors: Floats = np.empty(tensor.size, np.float32)
    count = np.float32(tensor.size)
    accumulate = np.add.accumulate

    def mean(output: Array, window: Floats) -> float:
        values: Floats = output.reshape(-1)
        if not is_float:
            values = values.astype(np.float32)
            np.subtract(values, zero_point, out=values)
            np.multiply(values, scale, out=values)
        np.subtract(values, window, out=errors)
        np.multiply(errors, errors, out=errors)
        return float(accumulate(errors, out=errors)[-1] / count)

    return mean
