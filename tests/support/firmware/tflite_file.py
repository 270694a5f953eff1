"""Writes a .tflite of one operator: FlatBuffer bytes by the schema's field numbers.

A table is a dict from field number to value; a value is a `Scalar`, or what stands elsewhere: a
table, a list of tables, a numpy array, a text.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Scalar:
    form: str
    value: float


def byte(value):
    return Scalar("<b", value)


def integer(value):
    return Scalar("<i", value)


def flatbuffer(root: dict) -> bytes:
    out = bytearray(b"\0\0\0\0TFL3")
    pending = [(0, root)]
    while pending:
        at, item = pending.pop(0)
        struct.pack_into("<I", out, at, _put(out, item, pending) - at)
    return bytes(out)


def _put(out: bytearray, item, pending: list) -> int:
    """Where it was put; what it points to comes later."""
    match item:
        case dict():
            count = 1 + max(item, default=-1)
            _align(out, 4)
            vtable = len(out)
            slots = {field: 4 + 4 * slot for slot, field in enumerate(item)}
            out += struct.pack("<HH", 4 + 2 * count, 4 + 4 * len(item))
            out += struct.pack(f"<{count}H", *(slots.get(field, 0) for field in range(count)))
            _align(out, 4)
            table = len(out)
            out += struct.pack("<i", table - vtable) + bytes(4 * len(item))
            for field, value in item.items():
                if isinstance(value, Scalar):
                    struct.pack_into(value.form, out, table + slots[field], value.value)
                else:
                    pending.append((table + slots[field], value))
            return table
        case list():
            _align(out, 4)
            vector = len(out)
            out += struct.pack("<I", len(item)) + bytes(4 * len(item))
            pending += [(vector + 4 + 4 * place, part) for place, part in enumerate(item)]
            return vector
        case str():
            place = _put(out, np.frombuffer(item.encode(), np.uint8), pending)
            out += b"\0"  # which the length does not count
            return place
        case np.ndarray():
            align = 16 if item.dtype.itemsize == 1 else item.dtype.itemsize
            out += bytes(-(len(out) + 4) % align)
            vector = len(out)
            out += struct.pack("<I", item.size) + item.tobytes()
            return vector
    raise TypeError(type(item))


def _align(out: bytearray, size: int) -> None:
    out += bytes(-len(out) % size)


INT8, INT32 = 9, 2


def tensor(buffer, shape, type_number, scales, zero_points, axis=0):
    quantisation = {
        2: np.array(scales, "<f4"),
        3: np.array(zero_points, "<i8"),
        6: integer(axis),
    }
    return {
        0: np.array(shape, "<i4"),
        1: byte(type_number),
        2: integer(buffer),
        3: f"t{buffer}",
        4: quantisation,
    }


def write_depthwise(
    path: Path, *, channels, multiplier, said=None, kernel=(3, 3), size=(8, 6), stride=1, same=True
) -> Path:
    """One depthwise convolution with random weights; ``said``: the multiplier in its options."""
    random = np.random.default_rng(channels * 100 + multiplier)
    outputs = channels * multiplier
    room = size if same else (size[0] - kernel[0] + 1, size[1] - kernel[1] + 1)
    out_shape = [1, -(-room[0] // stride), -(-room[1] // stride), outputs]
    weights = random.integers(-127, 128, (1, *kernel, outputs)).astype("<i1")
    biases = random.integers(-2000, 2000, outputs).astype("<i4")
    scales = random.uniform(0.001, 0.01, outputs)
    options = {
        0: byte(0 if same else 1),
        1: integer(stride),
        2: integer(stride),
        4: byte(0),
        5: integer(1),
        6: integer(1),
    }
    if said != 0:
        options[3] = integer(multiplier if said is None else said)
    operator = {
        0: integer(0),
        1: np.array([0, 1, 2], "<i4"),
        2: np.array([3], "<i4"),
        3: byte(2),
        4: options,
    }
    tensors = [
        tensor(0, [1, *size, channels], INT8, [0.05], [-7]),
        tensor(1, weights.shape, INT8, scales, [0] * outputs, axis=3),
        tensor(2, [outputs], INT32, scales * 0.05, [0] * outputs),
        tensor(0, out_shape, INT8, [0.11], [13]),
    ]
    return _write(path, {0: byte(4), 2: integer(3), 3: integer(4)}, operator, tensors,
                  [weights.ravel().view("<u1"), biases.view("<u1")])  # fmt: skip


def write_unknown(path: Path, code: int, custom: str | None = None) -> Path:
    """One operator of this code from a tensor to another; ``custom``: its own name."""
    described = {0: byte(min(code, 127)), 2: integer(1), 3: integer(code)}
    if custom is not None:
        described[1] = custom
    operator = {0: integer(0), 1: np.array([0], "<i4"), 2: np.array([1], "<i4")}
    tensors = [tensor(0, [1, 8], INT8, [0.05], [0]), tensor(0, [1, 8], INT8, [0.05], [0])]
    return _write(path, described, operator, tensors, [])


def _write(path, code, operator, tensors, buffers) -> Path:
    graph = {
        0: tensors,
        1: np.array([0], "<i4"),
        2: np.array([len(tensors) - 1], "<i4"),
        3: [operator],
    }
    model = {
        0: integer(3),
        1: [code],
        2: [graph],
        4: [{}, *({0: data} for data in buffers)],
    }
    path.write_bytes(flatbuffer(model))
    return path
