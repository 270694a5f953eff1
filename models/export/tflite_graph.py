"""Reads a .tflite file without a runtime: its operators in order and their tensors.

It reads only what exporting a model needs; the format is TFLite's FlatBuffer schema, version 3.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...errors import TinyrunnerError
from ..model_file import ModelError, read_model


class GraphError(TinyrunnerError):
    """The file is missing, or no TFLite model, or one of another kind than can be read here."""


_TYPE_NAMES = {
    0: "float32",
    1: "float16",
    2: "int32",
    3: "uint8",
    4: "int64",
    7: "int16",
    9: "int8",
}

_SCHEMA = """
ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1
RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM
CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM
CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT
SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT
SHAPE POW ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND
LOGICAL_NOT UNPACK REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE
RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL
REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE
MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5
SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM
CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND
HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE
ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL BUCKETIZE RANDOM_UNIFORM MULTINOMIAL
GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD UNSORTED_SEGMENT_MAX
UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR RIGHT_SHIFT
"""
OPERATOR_NAMES = tuple(_SCHEMA.split())
"""The schema's built-in operators, by code."""

_CUSTOM = 32
"""An operator that is not the schema's: its name stands beside the code."""

_MAX_NAME = 40
"""Characters of such a name that are shown."""


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Says what an integer stands for, (q - zero point) * scale; one of each, or one per slice."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int
    """The axis of the slices."""


@dataclass(frozen=True, slots=True)
class GraphTensor:
    index: int
    shape: tuple[int, ...]
    type_name: str
    quantisation: Quantisation
    data: bytes
    """A constant's bytes; empty for what is computed."""

    def values(self) -> npt.NDArray[np.generic]:
        """Returns a constant's elements in its shape; GraphError where they do not fill it."""
        dtype = np.dtype(self.type_name).newbyteorder("<")
        if min(self.shape, default=0) < 0 or len(self.data) != dtype.itemsize * math.prod(
            self.shape
        ):
            raise GraphError(
                f"tensor {self.index}: {self.type_name}{list(self.shape)} has {len(self.data)} "
                "bytes of data"
            )
        return np.frombuffer(self.data, dtype).reshape(self.shape)

    def __str__(self) -> str:
        return f"{self.type_name}{list(self.shape)}"


@dataclass(frozen=True, slots=True)
class OperatorOptions:
    """Reads an operator's own settings, by field number; what is absent is 0."""

    _model: bytes
    _table: int | None

    def byte(self, field: int) -> int:
        return int(self._read(field, "<b"))

    def integer(self, field: int) -> int:
        return int(self._read(field, "<i"))

    def real(self, field: int) -> float:
        return float(self._read(field, "<f"))

    def _read(self, field: int, form: str) -> float:
        if self._table is None:
            return 0
        try:
            at = _field(self._model, self._table, field)
            return 0 if at is None else struct.unpack_from(form, self._model, at)[0]
        except struct.error as error:
            raise GraphError("an operator's options lie outside of the file") from error


@dataclass(frozen=True, slots=True)
class Operator:
    index: int
    """Place in the model, from 0."""
    name: str
    inputs: tuple[int, ...]
    """Tensors by index; -1: left out."""
    outputs: tuple[int, ...]
    options: OperatorOptions

    def __str__(self) -> str:
        return f"operator {self.index} ({self.name})"


@dataclass(frozen=True, slots=True)
class Graph:
    sha256: str
    """The hash of the model file."""
    tensors: tuple[GraphTensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]


def read_graph(path: Path) -> Graph:
    """Returns the model's one graph; GraphError where there is none to be read."""
    try:
        model = read_model(path)
    except ModelError as error:
        raise GraphError(str(error)) from error
    try:
        return _graph(model)
    except (struct.error, IndexError) as error:
        raise GraphError(f"{path}: the model's tables do not fit together ({error})") from error
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error


def _graph(model: bytes) -> Graph:
    root = _follow(model, 0)
    graphs = list(_tables(model, root, 2))
    if len(graphs) != 1:
        raise GraphError(f"{len(graphs)} graphs, expected one")
    names = [_operator_name(model, code) for code in _tables(model, root, 1)]
    buffers = [_bytes(model, buffer, 0) for buffer in _tables(model, root, 4)]
    graph = graphs[0]
    tensors = tuple(
        _tensor(model, table, index, buffers)
        for index, table in enumerate(_tables(model, graph, 0))
    )
    operators = tuple(
        _operator(model, table, index, names)
        for index, table in enumerate(_tables(model, graph, 3))
    )
    inputs, outputs = _vector(model, graph, 1, "i"), _vector(model, graph, 2, "i")
    for used in (inputs, outputs, *(part for o in operators for part in (o.inputs, o.outputs))):
        if any(not -1 <= index < len(tensors) for index in used):
            raise GraphError(f"tensors {list(used)} are used, and there are {len(tensors)}")
    return Graph(hashlib.sha256(model).hexdigest(), tensors, inputs, outputs, operators)


def _tensor(model: bytes, table: int, index: int, buffers: list[bytes]) -> GraphTensor:
    number = _scalar(model, table, 1, "<b")
    at = _field(model, table, 4)
    quantisation = Quantisation((), (), 0)
    if at is not None:
        described = _follow(model, at)
        quantisation = Quantisation(
            scales=_floats(model, described, 2),
            zero_points=_vector(model, described, 3, "q"),
            axis=_scalar(model, described, 6, "<i"),
        )
    return GraphTensor(
        index=index,
        shape=_vector(model, table, 0, "i"),
        type_name=_TYPE_NAMES.get(number, f"type {number}"),
        quantisation=quantisation,
        data=buffers[_scalar(model, table, 2, "<I")],
    )


def _operator_name(model: bytes, table: int) -> str:
    # The first field is the older one, of 8 bits; the newer one is 0 in old files.
    code = max(_scalar(model, table, 0, "<b"), _scalar(model, table, 3, "<i"))
    if code == _CUSTOM:
        name = _bytes(model, table, 1)[:_MAX_NAME].decode("ascii", "backslashreplace")
        return f"custom operator {name!r}"
    if 0 <= code < len(OPERATOR_NAMES):
        return OPERATOR_NAMES[code]
    return f"builtin operator {code}"


def _operator(model: bytes, table: int, index: int, names: list[str]) -> Operator:
    at = _field(model, table, 4)
    return Operator(
        index=index,
        name=names[_scalar(model, table, 0, "<I")],
        inputs=_vector(model, table, 1, "i"),
        outputs=_vector(model, table, 2, "i"),
        options=OperatorOptions(model, None if at is None else _follow(model, at)),
    )


# --- FlatBuffer ----------------------------------------------------------------------------------


def _field(model: bytes, table: int, field: int) -> int | None:
    """Returns where a table's field is; None where it is left out."""
    vtable = table - int(struct.unpack_from("<i", model, table)[0])
    entry = 4 + 2 * field
    if entry + 2 > struct.unpack_from("<H", model, vtable)[0]:
        return None
    offset = int(struct.unpack_from("<H", model, vtable + entry)[0])
    return table + offset if offset else None


def _scalar(model: bytes, table: int, field: int, form: str) -> int:
    at = _field(model, table, field)
    return 0 if at is None else int(struct.unpack_from(form, model, at)[0])


def _follow(model: bytes, at: int) -> int:
    return at + int(struct.unpack_from("<I", model, at)[0])


def _tables(model: bytes, table: int, field: int) -> Iterator[int]:
    at = _field(model, table, field)
    if at is None:
        return
    vector = _follow(model, at)
    for index in range(struct.unpack_from("<I", model, vector)[0]):
        yield _follow(model, vector + 4 + 4 * index)


def _vector(model: bytes, table: int, field: int, item: str) -> tuple[int, ...]:
    return tuple(map(int, _items(model, table, field, item)))


def _floats(model: bytes, table: int, field: int) -> tuple[float, ...]:
    return tuple(map(float, _items(model, table, field, "f")))


def _bytes(model: bytes, table: int, field: int) -> bytes:
    at = _field(model, table, field)
    if at is None:
        return b""
    vector = _follow(model, at)
    return model[vector + 4 : vector + 4 + int(struct.unpack_from("<I", model, vector)[0])]


def _items(model: bytes, table: int, field: int, item: str) -> tuple[float, ...]:
    at = _field(model, table, field)
    if at is None:
        return ()
    vector = _follow(model, at)
    count = int(struct.unpack_from("<I", model, vector)[0])
    return struct.unpack_from(f"<{count}{item}", model, vector + 4)
