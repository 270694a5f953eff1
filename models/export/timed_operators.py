"""Names a model's operators as firmware tells them where it times its layers.

Of any model, also of one that cannot be exported: TensorFlow Lite Micro tells every operator, and
an exported network all that compute something.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from .footprint import told_name
from .tflite_graph import Graph, Operator, read_graph

_WORDS = {
    "ADD": "sum",
    "AVERAGE_POOL_2D": "average",
    "CONV_2D": "convolution",
    "DEPTHWISE_CONV_2D": "depthwise convolution",
    "FULLY_CONNECTED": "fully connected",
    "MEAN": "mean",
    "SOFTMAX": "softmax",
}
"""What exported networks call these; any other is called as the schema does."""

_NO_PRODUCTS = """
ADD AVERAGE_POOL_2D CONCATENATION DEQUANTIZE EXPAND_DIMS HARD_SWISH LEAKY_RELU LOGISTIC MAX_POOL_2D
MEAN MUL PACK PAD QUANTIZE RELU RELU6 RESHAPE SOFTMAX SPLIT SQUEEZE STRIDED_SLICE SUB TANH TRANSPOSE
"""
_WITHOUT_PRODUCTS = frozenset(_NO_PRODUCTS.split())
"""Operators that sum up no products."""
_BY_WEIGHTS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
"""Those whose products are known: each position of the output takes all weights once."""

_MOST = 1 << 59
"""No tensor of any chip has so many elements: a damaged file says so. It has 18 digits."""


@dataclass(frozen=True, slots=True)
class TimedOperator:
    """An operator of a model has two names where its time is told."""

    name: str
    """The schema's, such as CONV_2D, which TensorFlow Lite Micro tells."""
    layer: str
    """That of an exported network: operator, output's shape, products."""
    elements: int
    """Numbers that it gives."""
    macs: int | None
    """Products that it sums up; None where that is not known."""

    @property
    def computes(self) -> bool:
        """Returns whether it is a layer of an exported network, too."""
        return self.name != "RESHAPE"


def timed_operators(path: Path) -> tuple[TimedOperator, ...]:
    """Returns the operators of the model at ``path``, in order; GraphError where it has none."""
    graph = read_graph(path)
    return tuple(_timed(graph, operator) for operator in graph.operators)


def _timed(graph: Graph, operator: Operator) -> TimedOperator:
    name = operator.name
    word = _WORDS.get(name, name)
    shapes = [graph.tensors[tensor].shape for tensor in operator.outputs if tensor >= 0]
    elements = _count(shapes[0]) if len(shapes) == 1 else None
    if elements is None:
        return TimedOperator(name, word, 0, None)
    (shape,) = shapes
    macs = _products(graph, operator, shape)
    told = shape[1:] if len(shape) == 4 and "convolution" in word else (elements,)
    return TimedOperator(name, told_name(word, told, macs), elements, macs)


def _products(graph: Graph, operator: Operator, shape: tuple[int, ...]) -> int | None:
    if operator.name in _WITHOUT_PRODUCTS:
        return 0
    if operator.name not in _BY_WEIGHTS or len(operator.inputs) < 2 or operator.inputs[1] < 0:
        return None
    return _count((*shape[:-1], *graph.tensors[operator.inputs[1]].shape))


def _count(shape: tuple[int, ...]) -> int | None:
    """Returns how many elements there are; None where that is known only when the model runs."""
    count = math.prod(shape)
    return count if min(shape, default=1) > 0 and count <= _MOST else None
