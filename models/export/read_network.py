"""Reads the layers of a .tflite: int8, in order, as TFLite's default kernels compute them.

A model that the firmware's kernels (``dut_protocol/firmware/kernels``) cannot reproduce bit for bit
is refused, with operator and reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from .int8_network import (
    NETWORK_INPUT,
    Add,
    Average,
    Conv,
    Dense,
    ExportError,
    Layer,
    Mean,
    Network,
    OutputRule,
    Softmax,
)
from .operator_tensors import (
    INT8_MIN,
    MAX_RIGHT_SHIFT,
    SUM_LIMIT,
    Parts,
    element_count,
    fixed_point,
    scaled,
)
from .tflite_graph import Graph, GraphError, GraphTensor, read_graph


def read_network(path: Path) -> Network:
    """Returns the layers of the model at ``path``; ExportError where it has others than these."""
    try:
        graph = read_graph(path)
    except GraphError as error:
        raise ExportError(str(error)) from error
    try:
        return network_of(graph)
    except (ExportError, GraphError) as error:
        raise ExportError(f"cannot export {path}: {error}") from error


def network_of(graph: Graph) -> Network:
    """Returns the layers of a graph; ExportError where it has others than those with kernels.

    GraphError where a part of the file that is looked at only now cannot be.
    """
    if len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ExportError(
            f"{len(graph.inputs)} inputs and {len(graph.outputs)} outputs, expected one of each"
        )
    if min(graph.inputs[0], graph.outputs[0]) < 0:
        raise ExportError("its input or output is left out")
    layers: list[Layer] = []
    sources: list[tuple[int, ...]] = []
    counts: list[int] = []
    given = {graph.inputs[0]: NETWORK_INPUT}
    for operator in graph.operators:
        make = _MAKERS.get(operator.name)
        if make is None:
            raise ExportError(
                f"there is no kernel for {operator}; there are {', '.join(_MAKERS)}. An engine of "
                "yours may have it: see glue/ of `tinyrunner firmware library`"
            )
        wanted = 2 if operator.name in _OF_TWO else 1
        taken = [tensor for tensor in operator.inputs[:wanted] if tensor in given]
        if len(taken) != wanted or not _one(operator.outputs):
            raise ExportError(
                f"{operator} takes what no operator before it gives, or gives not one tensor"
            )
        parts = Parts(graph, operator)
        layer = make(parts)
        if layer is None:
            given[operator.outputs[0]] = given[taken[0]]
            continue
        given[operator.outputs[0]] = len(layers)
        layers.append(layer)
        sources.append(tuple(given[tensor] for tensor in taken))
        counts.append(element_count(parts.output))
    if not layers or given.get(graph.outputs[0]) != len(layers) - 1:
        raise ExportError("its last operator does not give its output")
    unused = set(range(len(layers) - 1)).difference(*sources)
    if unused:
        raise ExportError(f"nothing takes what {type(layers[min(unused)]).__name__} gives")
    entry, out = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    return Network(
        graph.sha256,
        scaled(entry, "the input"),
        scaled(out, "the output"),
        tuple(layers),
        tuple(sources),
        tuple(counts),
    )


def _one(tensors: tuple[int, ...]) -> bool:
    return len(tensors) == 1 and tensors[0] >= 0


# --- one operator --------------------------------------------------------------------------------


def _dense(parts: Parts) -> Dense:
    tensor, weights = parts.weights(2)
    options = parts.operator.options
    outputs, inputs = weights.shape
    parts.require(options.byte(1) == 0, "its weights are shuffled")
    parts.require(
        parts.entry.count == inputs and parts.out.count == outputs,
        f"it takes {parts.input} and gives {parts.output} by weights of {tensor}",
    )
    parts.require(len(tensor.quantisation.scales) == 1, "its weights have a scale per output")
    biases = parts.biases(outputs)
    rule = parts.rule((parts.entry.scale * tensor.quantisation.scales[0],), options.byte(0))
    parts.require_no_overflow(np.abs(weights.astype(np.int64)).sum(axis=1), biases, rule)
    return Dense(weights, biases, parts.entry.zero_point, rule)


def _conv(parts: Parts) -> Conv:
    options = parts.operator.options
    dilations = (options.integer(5), options.integer(4))
    return _convolution(parts, False, 3, dilations)


def _depthwise(parts: Parts) -> Conv:
    options = parts.operator.options
    dilations = (options.integer(6), options.integer(5))
    return _convolution(parts, True, 4, dilations)


def _convolution(
    parts: Parts, depthwise: bool, activation_field: int, dilations: tuple[int, int]
) -> Conv:
    options = parts.operator.options
    tensor, weights = parts.weights(4)
    in_shape, out_shape = _map_shape(parts, parts.input), _map_shape(parts, parts.output)
    strides = (options.integer(2), options.integer(1))
    kernel = (int(weights.shape[1]), int(weights.shape[2]))
    parts.require(min(strides) >= 1, f"strides of {strides}")
    # What is left out of the file is the schema's default, 1.
    parts.require(set(dilations) <= {0, 1}, f"it is dilated by {dilations}")
    # The depth multiplier is what the shapes say; what the options say of it TFLite ignores too.
    channels_fit = (
        weights.shape[0] == 1
        and weights.shape[3] == out_shape[2]
        and out_shape[2] % max(in_shape[2], 1) == 0
        if depthwise
        else weights.shape[0] == out_shape[2] and weights.shape[3] == in_shape[2]
    )
    parts.require(channels_fit, f"it takes {parts.input}, gives {parts.output} by {tensor}")
    padding = _padding(parts, in_shape, out_shape, strides, kernel)
    outputs = out_shape[2]
    scales = tensor.quantisation.scales
    parts.require(len(scales) in (1, outputs), f"{len(scales)} scales for {outputs} channels")
    if len(scales) > 1:
        axis = 3 if depthwise else 0
        parts.require(tensor.quantisation.axis == axis, "its scales are not per output channel")
    else:
        scales = scales * outputs
    rule = parts.rule(
        tuple(parts.entry.scale * scale for scale in scales), options.byte(activation_field)
    )
    biases = parts.biases(outputs)
    absolute = np.abs(weights.astype(np.int64))
    sizes = absolute.sum(axis=(0, 1, 2) if depthwise else (1, 2, 3))
    parts.require_no_overflow(sizes, biases, rule)
    return Conv(
        depthwise, weights, biases, in_shape, out_shape, strides, padding,
        parts.entry.zero_point, rule,
    )  # fmt: skip


def _map_shape(parts: Parts, tensor: GraphTensor) -> tuple[int, int, int]:
    if len(tensor.shape) != 4:
        raise ExportError(f"{parts.operator}: {tensor}, expected rows, columns and channels")
    return tensor.shape[1], tensor.shape[2], tensor.shape[3]


def _padding(
    parts: Parts,
    in_shape: tuple[int, int, int],
    out_shape: tuple[int, int, int],
    strides: tuple[int, int],
    kernel: tuple[int, int],
) -> tuple[int, int]:
    """Returns rows above and columns before the map; SAME is 0 in the schema, VALID 1."""
    same = parts.operator.options.byte(0) == 0
    before = []
    for axis in (0, 1):
        room, size, stride = in_shape[axis], kernel[axis], strides[axis]
        steps = -(-room // stride) if same else (room - size) // stride + 1
        parts.require(steps == out_shape[axis], f"it makes {parts.output} of {parts.input}")
        before.append(max((steps - 1) * stride + size - room, 0) // 2 if same else 0)
    return before[0], before[1]


def _average(parts: Parts) -> Average:
    options = parts.operator.options
    rows, columns, channels = _map_shape(parts, parts.input)
    window = (options.integer(4), options.integer(3))
    parts.require(
        window == (rows, columns) and parts.out.count == channels,
        f"it averages over windows of {window[0]}x{window[1]}; only over the whole map of "
        f"{rows}x{columns}",
    )
    parts.require(
        (parts.entry.scale, parts.entry.zero_point) == (parts.out.scale, parts.out.zero_point),
        "its output has another scale than its input",
    )
    return Average(rows * columns, channels, *parts.clamps(options.byte(5)))


def _mean(parts: Parts) -> Mean:
    rows, columns, channels = _map_shape(parts, parts.input)
    axes = parts.constant(1, "int32", "axes")
    chosen = () if axes is None else tuple(int(axis) % 4 for axis in axes.values().ravel())
    parts.require(
        sorted(chosen) == [1, 2] and parts.out.count == channels,
        f"its mean is over the axes {chosen}; only over rows and columns, (1, 2)",
    )
    positions = rows * columns
    rule = parts.rule((parts.entry.scale,), 0)
    # TFLite divides the multiplier by the count, after as many bits as that costs.
    (multiplier,), (exponent,) = rule.multipliers, rule.shifts
    bits = min(positions.bit_length() - 1, 32, 31 + exponent)
    shift = exponent - bits
    parts.require(
        bits >= 0 and shift >= -MAX_RIGHT_SHIFT and positions * 255 << max(shift, 0) < SUM_LIMIT,
        f"its scales are too far apart for {positions} positions",
    )
    divided = (multiplier << bits) // positions
    rule = OutputRule((divided,), (shift,), rule.zero_point, rule.least, rule.most)
    return Mean(positions, channels, parts.entry.zero_point, rule)


def _add(parts: Parts) -> Add:
    second = parts.second()
    parts.require(
        parts.input.shape == second.shape == parts.output.shape,
        f"it adds {parts.input} and {second} to {parts.output}; only maps of one shape",
    )
    other = scaled(second, f"{parts.operator}: its second input")
    # TFLite's: twice the larger scale is what both are brought to, after 20 bits to the left.
    shared = 2 * max(parts.entry.scale, other.scale)
    (first, first_shift), (last, last_shift) = (
        fixed_point(scale / shared) for scale in (parts.entry.scale, other.scale)
    )
    rule = parts.rule((shared / 2**_ADD_BITS,), parts.operator.options.byte(0))
    parts.require(rule.shifts[0] <= 0, "its output has too small a scale for its inputs")
    return Add(
        parts.out.count,
        (parts.entry.zero_point, other.zero_point),
        (first, last),
        (first_shift, last_shift),
        rule,
    )


_ADD_BITS = 20


def _softmax(parts: Parts) -> Softmax:
    count = parts.entry.count
    parts.require(
        parts.input.shape[-1] == count == parts.out.count, f"it takes {parts.input}; expected a row"
    )
    parts.require(parts.out.zero_point >= INT8_MIN, "its output has no zero point")
    beta = np.float32(parts.operator.options.real(0))
    with np.errstate(over="ignore", invalid="ignore"):
        step = -np.float32(parts.entry.scale) * beta
        parts.require(bool(-np.inf < step < 0), f"its beta is {beta}")
        table = tuple(float(np.float32(math.exp(float(step * np.float32(n))))) for n in range(256))
    return Softmax(table, count, parts.out.scale, parts.out.zero_point)


def _reshape(parts: Parts) -> None:
    """Computes nothing: the elements keep their order."""
    parts.require(
        parts.entry == parts.out,
        f"it makes {parts.output} of {parts.input}, or another scale",
    )


_MAKERS: dict[str, Callable[[Parts], Layer | None]] = {
    "FULLY_CONNECTED": _dense,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "AVERAGE_POOL_2D": _average,
    "MEAN": _mean,
    "ADD": _add,
    "SOFTMAX": _softmax,
    "RESHAPE": _reshape,
}
_OF_TWO = {"ADD"}
"""Operators that take what two others give."""
