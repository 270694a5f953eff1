"""Gives an operator's tensors, checked as they are asked for, and its scales in fixed point.

How TFLite turns scales into fixed-point numbers is from its kernels' source: a real multiplier is
its mantissa times 2^31, rounded, and a power of two.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from .int8_network import Biases, ExportError, OutputRule, Scaled, Weights
from .tflite_graph import Graph, GraphTensor, Operator

INT8_MIN, INT8_MAX = -128, 127
SUM_LIMIT = 2**31
"""What no sum may reach, before or after a left shift."""
MAX_RIGHT_SHIFT = 31
_MAX_LEFT_SHIFT = 30
_MAX_ELEMENTS = 1 << 24
"""Of one tensor: more than any microcontroller holds, and few enough for the kernels' integers."""
_FAR = 1e6
"""Steps, beyond every clamp."""


class Parts:
    """Gives an operator's tensors; ExportError, naming the operator, where one is not as asked."""

    def __init__(self, graph: Graph, operator: Operator) -> None:
        self.graph = graph
        self.operator = operator
        self.input = graph.tensors[operator.inputs[0]]
        self.output = graph.tensors[operator.outputs[0]]
        self.entry = scaled(self.input, f"{operator}: its input")
        self.out = scaled(self.output, f"{operator}: its output")

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            raise ExportError(f"{self.operator}: {what}")

    def second(self) -> GraphTensor:
        """Returns the other one of two computed inputs."""
        return self.graph.tensors[self.operator.inputs[1]]

    def constant(self, place: int, type_name: str, what: str) -> GraphTensor | None:
        """Returns an input that is part of the model; None where it is left out."""
        inputs = self.operator.inputs
        if place >= len(inputs) or inputs[place] < 0:
            return None
        tensor = self.graph.tensors[inputs[place]]
        if not tensor.data:
            raise ExportError(f"{self.operator}: its {what} are computed, not constant")
        if tensor.type_name != type_name:
            raise ExportError(f"{self.operator}: its {what} are {tensor}; expected {type_name}")
        return tensor

    def weights(self, rank: int) -> tuple[GraphTensor, Weights]:
        tensor = self.constant(1, "int8", "weights")
        if tensor is None or len(tensor.shape) != rank:
            raise ExportError(f"{self.operator}: its weights are {tensor}; expected {rank} axes")
        self.require(
            bool(tensor.quantisation.scales)
            and all(0 < scale < math.inf for scale in tensor.quantisation.scales)
            and not any(tensor.quantisation.zero_points),
            "its weights have no scale, or a zero point other than 0",
        )
        return tensor, tensor.values().astype(np.int8)

    def biases(self, count: int) -> Biases:
        tensor = self.constant(2, "int32", "biases")
        if tensor is None:
            return np.zeros(count, np.int32)
        self.require(tensor.shape == (count,), f"its biases are {tensor}; expected {count}")
        return tensor.values().astype(np.int32)

    def rule(self, scales: tuple[float, ...], activation: int) -> OutputRule:
        """Returns the rule for sums in units of each of ``scales``."""
        fixed = [fixed_point(scale / self.out.scale) for scale in scales]
        shifts = tuple(shift for _, shift in fixed)
        self.require(
            max(shifts) <= _MAX_LEFT_SHIFT,
            f"its scales are too far apart (shift of {max(shifts)} bits)",
        )
        least, most = self.clamps(activation)
        multipliers = tuple(multiplier for multiplier, _ in fixed)
        return OutputRule(multipliers, shifts, self.out.zero_point, least, most)

    def clamps(self, activation: int) -> tuple[int, int]:
        """Returns the smallest and largest output: int8's, narrowed by the fused activation."""
        bounds = _ACTIVATIONS.get(activation)
        if bounds is None:
            raise ExportError(f"{self.operator}: there is no kernel for activation {activation}")

        def step(value: float) -> int:
            with np.errstate(over="ignore"):
                steps = float(np.float32(value) / np.float32(self.out.scale))
            return self.out.zero_point + _rounded(min(max(steps, -_FAR), _FAR))

        low, high = bounds
        least = INT8_MIN if low is None else max(INT8_MIN, step(low))
        return least, INT8_MAX if high is None else min(INT8_MAX, step(high))

    def require_no_overflow(
        self, sizes: npt.NDArray[Any], biases: Biases, rule: OutputRule
    ) -> None:
        """Refuses sums that could overflow; ``sizes`` sums each channel's absolute weights."""
        farthest = max(INT8_MAX - self.entry.zero_point, self.entry.zero_point - INT8_MIN)
        sums = sizes.astype(np.float64) * farthest + np.abs(biases.astype(np.float64))
        left = np.maximum(np.array(rule.shifts, np.float64), 0)
        self.require(bool(np.all(sums * 2.0**left < SUM_LIMIT)), "its sums could exceed 32 bits")


_ACTIVATIONS: dict[int, tuple[float | None, float | None]] = {
    0: (None, None),
    1: (0.0, None),
    2: (-1.0, 1.0),
    3: (0.0, 6.0),
}
"""None, ReLU, ReLU between -1 and 1, ReLU6: as the schema numbers them."""


def scaled(tensor: GraphTensor, what: str) -> Scaled:
    scales, zero_points = tensor.quantisation.scales, tensor.quantisation.zero_points
    if tensor.type_name != "int8" or len(scales) != 1 or len(zero_points) != 1:
        floats = "; quantise a float model to int8 first" if "float" in tensor.type_name else ""
        raise ExportError(
            f"{what} is {tensor}; expected int8 with one scale and zero point{floats}"
        )
    if not (0 < scales[0] < math.inf and INT8_MIN <= zero_points[0] <= INT8_MAX):
        raise ExportError(f"{what} has the scale {scales[0]} and zero point {zero_points[0]}")
    if not tensor.shape or tensor.shape[0] != 1 or min(tensor.shape) < 1:
        raise ExportError(f"{what} is {tensor}; expected a batch of one")
    count = element_count(tensor)
    if count > _MAX_ELEMENTS:
        raise ExportError(f"{what} is {tensor}; no board holds more than {_MAX_ELEMENTS} elements")
    return Scaled(count, scales[0], zero_points[0])


def element_count(tensor: GraphTensor) -> int:
    return math.prod(tensor.shape)


def _rounded(value: float) -> int:
    """Rounds to nearest, ties away from zero."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def fixed_point(value: float) -> tuple[int, int]:
    """Returns multiplier and shift: value = multiplier / 2^31 * 2^shift."""
    mantissa, exponent = math.frexp(value)
    multiplier = _rounded(mantissa * 2.0**31)
    if multiplier == 2**31:
        multiplier, exponent = 2**30, exponent + 1
    # So small a one counts as 0 in TFLite: every sum is rounded away.
    return (multiplier, exponent) if exponent >= -MAX_RIGHT_SHIFT else (0, 0)
