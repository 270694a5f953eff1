"""Writes a network as C text: its constants, its layers, and the function that runs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import assert_never

import numpy as np

from .arena import arena_of
from .footprint import footprint_of, told_name
from .int8_network import (
    NETWORK_INPUT,
    Add,
    Average,
    Biases,
    Conv,
    Dense,
    Layer,
    Mean,
    Network,
    OutputRule,
    Scaled,
    Softmax,
    Weights,
    kernel_of,
)

_WIDTH = 98


def model_header(network: Network, name: str, origin: str) -> str:
    """Returns ``NAME_model.h``; ``origin`` says what it was made of."""
    guard = f"{name.upper()}_MODEL_H"
    prefix = name.upper()
    return f"""\
{_first_lines(origin)}
#ifndef {guard}
#define {guard}

#include <stdint.h>

/* A real value is (q - zero point) * scale. */
{_scaled_macros(network.input, f"{prefix}_INPUT")}
{_scaled_macros(network.output, f"{prefix}_OUTPUT")}

#ifdef __cplusplus
extern "C" {{
#endif

/* One inference of {len(network.layers)} layers. It reads {prefix}_INPUT_COUNT elements, writes
 * {prefix}_OUTPUT_COUNT, and uses {arena_of(network).size} bytes of its own: not reentrant. */
void {name}_infer(const int8_t *input, int8_t *output);

#ifdef __cplusplus
}}
#endif

#endif
"""


def model_source(network: Network, name: str, origin: str) -> str:
    """Returns ``NAME_model.c``, for the kernels of ``tinyrunner_nn.h``."""
    arena = arena_of(network)
    parts = [f'{_first_lines(origin)}\n#include "{name}_model.h"\n\n#include "tinyrunner_nn.h"\n']
    for number, layer in enumerate(network.layers):
        parts.append("\n".join(_layer(layer, number)))
    if arena.size:
        parts.append(
            "/* What layers give to layers, each at its place while it is needed. */\n"
            f"static int8_t arena[{arena.size}];\n"
        )
    parts.append(
        f"void {name}_infer(const int8_t *input, int8_t *output)\n{{\n"
        + "\n".join(_calls(network, arena.offsets))
        + "\n}\n"
    )
    return "\n".join(parts)


def _first_lines(origin: str) -> str:
    return f"/* Made by `tinyrunner firmware export`; do not edit. Of\n * {origin} */"


def _scaled_macros(scaled: Scaled, prefix: str) -> str:
    return (
        f"#define {prefix}_COUNT {scaled.count}\n"
        f"#define {prefix}_SCALE {_float(scaled.scale)}\n"
        f"#define {prefix}_ZERO_POINT ({scaled.zero_point})"
    )


def _calls(network: Network, offsets: tuple[int, ...]) -> Iterator[str]:
    places = [f"arena + {offset}" if offset else "arena" for offset in offsets]
    places += ["output", "input"]  # the last layer's, and at NETWORK_INPUT
    assert places[NETWORK_INPUT] == "input"
    layers = zip(network.layers, network.sources, footprint_of(network).layers, strict=True)
    for number, (layer, sources, told) in enumerate(layers):
        name = told_name(told.operator, told.shape, told.macs)
        taken = ", ".join(places[source] for source in sources)
        yield f"    tr_nn_run_{kernel_of(layer)}(&layer_{number}, {taken}, {places[number]});"
        yield f'    TR_NN_LAYER_DONE("{name}");'


def _layer(layer: Layer, number: int) -> Iterator[str]:
    """Yields its constants and its description."""
    match layer:
        case Dense():
            yield from _weighted(layer.weights, layer.biases, number)
            yield from _rule_arrays(layer.output, number)
            outputs, inputs = layer.weights.shape
            fields = [
                *_weighted_fields(number),
                f".inputs = {inputs}",
                f".outputs = {outputs}",
                f".input_zero_point = {layer.input_zero_point}",
                *_rule_fields(layer.output, number),
            ]
        case Conv():
            yield from _weighted(layer.weights, layer.biases, number)
            yield from _rule_arrays(layer.output, number)
            fields = [*_weighted_fields(number), *_conv_fields(layer, number)]
        case Average():
            fields = [
                f".positions = {layer.positions}",
                f".channels = {layer.channels}",
                f".clamp_min = {layer.least}",
                f".clamp_max = {layer.most}",
            ]
        case Mean():
            yield from _rule_arrays(layer.output, number)
            fields = [
                f".positions = {layer.positions}",
                f".channels = {layer.channels}",
                f".input_zero_point = {layer.input_zero_point}",
                *_rule_fields(layer.output, number),
            ]
        case Add():
            yield from _rule_arrays(layer.output, number)
            fields = [
                f".count = {layer.count}",
                f".zero_points = {{{layer.zero_points[0]}, {layer.zero_points[1]}}}",
                f".multipliers = {{{layer.multipliers[0]}, {layer.multipliers[1]}}}",
                f".shifts = {{{layer.shifts[0]}, {layer.shifts[1]}}}",
                *_rule_fields(layer.output, number),
            ]
        case Softmax():
            yield _array("float", f"table_{number}", map(_float, layer.table))
            fields = [
                f".table = table_{number}",
                f".count = {layer.count}",
                f".output_scale = {_float(layer.output_scale)}",
                f".output_zero_point = {layer.output_zero_point}",
            ]
        case _:
            assert_never(layer)
    body = "".join(f"    {field},\n" for field in fields)
    described = "conv" if isinstance(layer, Conv) else kernel_of(layer)
    yield f"static const tr_nn_{described} layer_{number} = {{\n{body}}};\n"


def _conv_fields(layer: Conv, number: int) -> list[str]:
    rows, columns = (0, 1)
    return [
        f".in_rows = {layer.in_shape[rows]}",
        f".in_columns = {layer.in_shape[columns]}",
        f".in_channels = {layer.in_shape[2]}",
        f".out_rows = {layer.out_shape[rows]}",
        f".out_columns = {layer.out_shape[columns]}",
        f".out_channels = {layer.out_shape[2]}",
        f".kernel_rows = {layer.weights.shape[1]}",
        f".kernel_columns = {layer.weights.shape[2]}",
        f".stride_rows = {layer.strides[rows]}",
        f".stride_columns = {layer.strides[columns]}",
        f".pad_top = {layer.padding[rows]}",
        f".pad_left = {layer.padding[columns]}",
        f".input_zero_point = {layer.input_zero_point}",
        *_rule_fields(layer.output, number),
    ]


def _weighted(weights: Weights, biases: Biases, number: int) -> Iterator[str]:
    yield _array("int8_t", f"weights_{number}", map(str, weights.ravel().tolist()))
    yield _array("int32_t", f"biases_{number}", map(_int32, biases.tolist()))


def _weighted_fields(number: int) -> tuple[str, str]:
    return f".weights = weights_{number}", f".biases = biases_{number}"


def _rule_arrays(rule: OutputRule, number: int) -> Iterator[str]:
    yield _array("int32_t", f"multipliers_{number}", map(str, rule.multipliers))
    yield _array("int8_t", f"shifts_{number}", map(str, rule.shifts))


def _rule_fields(rule: OutputRule, number: int) -> tuple[str, ...]:
    return (
        f".output = {{multipliers_{number}, shifts_{number}, "
        f"{rule.zero_point}, {rule.least}, {rule.most}}}",
    )


def _array(c_type: str, name: str, items: Iterable[str]) -> str:
    values = list(items)
    lines, line = [], "   "
    for value in values:
        if len(line) + len(value) + 2 > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {value},"
    lines.append(line)
    body = "\n".join(lines)
    return f"static const {c_type} {name}[{len(values)}] = {{\n{body}\n}};\n"


def _int32(value: int) -> str:
    """Returns the literal; the smallest has none of its own type, for its digits are too large."""
    return "(-2147483647 - 1)" if value == -(2**31) else str(value)


def _float(value: float) -> str:
    """Returns a float32 with the nine digits that tell it from every other one."""
    text = f"{np.float32(value):.9g}"
    return f"{text}F" if "." in text or "e" in text else f"{text}.0F"
