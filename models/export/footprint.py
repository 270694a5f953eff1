"""Tells what a network takes on a board before anything is compiled: flash, memory, work.

Flash is that of the exported source and of the kernels it calls, on a Cortex-M4 by gcc with -O2;
the constants are nearly all of it, and they are the same on every 32-bit processor. The tests hold
it to what the linker makes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from .arena import arena_of
from .int8_network import (
    Add,
    Average,
    Conv,
    Dense,
    Layer,
    Mean,
    Network,
    OutputRule,
    Softmax,
    kernel_of,
)

_CALL_BYTES = 16
"""Code of one layer's call in the exported function."""

_KERNEL_BYTES = {
    "dense": 128,
    "conv": 168,
    "depthwise": 468,
    "average": 124,
    "mean": 96,
    "add": 104,
    "softmax": 188,
}
"""Text of what runs a layer (Cortex-M4F, arm-none-eabi-gcc 12.2, -O2)."""
_CONVOLVE_BYTES, _PRODUCTS_BYTES = 332, 196
"""Of what both convolutions share, and of what sums up products."""
_TO_INT8_BYTES, _REQUANTISE_BYTES = 116, 80
"""Of what turns sums into int8, and of the part of it that the sum of two maps calls, too."""


@dataclass(frozen=True, slots=True)
class LayerFootprint:
    """A layer takes flash for its constants, and time for its products."""

    operator: str
    shape: tuple[int, ...]
    """Of its output, as rows, columns and channels where it is a map."""
    macs: int
    """Products that are summed up."""
    constant_bytes: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """A footprint is what a network takes on a 32-bit microcontroller."""

    layers: tuple[LayerFootprint, ...]
    arena_bytes: int
    """Memory for what layers give to layers."""
    input_bytes: int
    output_bytes: int
    flash_bytes: int

    @property
    def macs(self) -> int:
        return sum(layer.macs for layer in self.layers)


def footprint_of(network: Network) -> Footprint:
    """Returns what ``network`` takes, as its exported source is compiled and linked."""
    layers = tuple(map(_layer, network.layers, network.counts))
    kernels = {kernel_of(layer) for layer in network.layers}
    code = sum(_KERNEL_BYTES[name] for name in kernels) + _CALL_BYTES * len(layers)
    if kernels & {"conv", "depthwise"}:
        code += _CONVOLVE_BYTES
    if kernels & {"conv", "dense"}:
        code += _PRODUCTS_BYTES
    if kernels - {"average", "softmax"}:
        code += _TO_INT8_BYTES
    if "add" in kernels:
        code += _REQUANTISE_BYTES
    return Footprint(
        layers,
        arena_of(network).size,
        network.input.count,
        network.output.count,
        sum(layer.constant_bytes for layer in layers) + code,
    )


def told_name(operator: str, shape: tuple[int, ...], macs: int | None) -> str:
    """Returns what a device calls a layer where it tells its time: operator, shape, products."""
    products = "" if macs is None else f" {macs} MACs"
    return f"{operator} {'x'.join(map(str, shape))}{products}"


def _layer(layer: Layer, count: int) -> LayerFootprint:
    """Its constants are its structure in C, of so many bytes, and the arrays that it points to."""
    match layer:
        case Dense():
            macs = layer.weights.size
            constants = 40 + _weighted(layer) + _rule(layer.output)
            return LayerFootprint("fully connected", (count,), macs, constants)
        case Conv():
            outputs = layer.out_shape[0] * layer.out_shape[1]
            constants = 80 + _weighted(layer) + _rule(layer.output)
            name = "depthwise convolution" if layer.depthwise else "convolution"
            return LayerFootprint(name, layer.out_shape, outputs * layer.weights.size, constants)
        case Average():
            return LayerFootprint("average", (count,), 0, 16)
        case Mean():
            return LayerFootprint("mean", (count,), 0, 32 + _rule(layer.output))
        case Add():
            return LayerFootprint("sum", (count,), 0, 48 + _rule(layer.output))
        case Softmax():
            return LayerFootprint("softmax", (count,), 0, 16 + 4 * len(layer.table))
        case _:
            assert_never(layer)


def _weighted(layer: Dense | Conv) -> int:
    return _aligned(layer.weights.size) + 4 * layer.biases.size


def _rule(rule: OutputRule) -> int:
    return 4 * len(rule.multipliers) + _aligned(len(rule.shifts))


def _aligned(size: int) -> int:
    return -(-size // 4) * 4
