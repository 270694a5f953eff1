"""Describes a quantised network as int8 layers in order, as the firmware's kernels compute them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias, assert_never

import numpy as np
import numpy.typing as npt

from ...errors import TinyrunnerError

Weights: TypeAlias = npt.NDArray[np.int8]
Biases: TypeAlias = npt.NDArray[np.int32]


class ExportError(TinyrunnerError):
    """The model cannot be exported: the text says which part, why, and what can be."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """Says how many int8 elements there are and what they stand for: (q - zero point) * scale."""

    count: int
    scale: float
    zero_point: int


@dataclass(frozen=True, slots=True)
class OutputRule:
    """Says how a layer's sums become int8; one multiplier and shift per output channel, or one."""

    multipliers: tuple[int, ...]
    shifts: tuple[int, ...]
    zero_point: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Dense:
    weights: Weights
    """Outputs x inputs."""
    biases: Biases
    input_zero_point: int
    output: OutputRule


@dataclass(frozen=True, slots=True)
class Conv:
    depthwise: bool
    weights: Weights
    """Outputs x rows x columns x inputs; depthwise: 1 x rows x columns x outputs."""
    biases: Biases
    in_shape: tuple[int, int, int]
    """Rows, columns, channels."""
    out_shape: tuple[int, int, int]
    strides: tuple[int, int]
    """Rows, columns."""
    padding: tuple[int, int]
    """Rows above, columns before."""
    input_zero_point: int
    output: OutputRule


@dataclass(frozen=True, slots=True)
class Average:
    """Averages over the whole map, per channel, in the input's own scale."""

    positions: int
    channels: int
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Mean:
    """Averages over the whole map, per channel, and rescales."""

    positions: int
    channels: int
    input_zero_point: int
    output: OutputRule


@dataclass(frozen=True, slots=True)
class Add:
    """Adds two maps of the same shape, element by element."""

    count: int
    zero_points: tuple[int, int]
    multipliers: tuple[int, int]
    """Of each input, for 2^20 times its elements: to a scale that both share."""
    shifts: tuple[int, int]
    output: OutputRule


@dataclass(frozen=True, slots=True)
class Softmax:
    table: tuple[float, ...]
    """exp(-scale * beta * n) for n of 0 to 255, as float32."""
    count: int
    output_scale: float
    output_zero_point: int


Layer: TypeAlias = Dense | Conv | Average | Mean | Add | Softmax

NETWORK_INPUT = -1
"""Stands among a layer's sources for what goes into the network."""


def kernel_of(layer: Layer) -> str:
    """Returns what runs it: the function tr_nn_run_…"""
    match layer:
        case Dense():
            return "dense"
        case Conv():
            return "depthwise" if layer.depthwise else "conv"
        case Average():
            return "average"
        case Mean():
            return "mean"
        case Add():
            return "add"
        case Softmax():
            return "softmax"
        case _:
            assert_never(layer)


@dataclass(frozen=True, slots=True)
class Network:
    """A network has layers, each fed by some of those before; the last one gives its output."""

    sha256: str
    """The hash of the model file."""
    input: Scaled
    output: Scaled
    layers: tuple[Layer, ...]
    sources: tuple[tuple[int, ...], ...]
    """The layers whose output each layer takes, or NETWORK_INPUT."""
    counts: tuple[int, ...]
    """Elements that each layer gives."""
