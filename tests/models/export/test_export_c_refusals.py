"""What the exporter writes, and what it refuses to."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.firmware.build import C99, CPP, FIRMWARE, SYNTAX_ONLY, need, run
from support.firmware.tflite_file import write_depthwise, write_unknown
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.export.arena import arena_of
from tinyrunner.models.export.export_c import export_model
from tinyrunner.models.export.int8_network import ExportError
from tinyrunner.models.export.operator_tensors import Parts
from tinyrunner.models.export.read_network import _add, network_of, read_network
from tinyrunner.models.export.tflite_graph import read_graph
from tinyrunner.models.suite import AD, IC, KWS


def test_the_same_model_gives_the_same_text(tmp_path):
    first = export_model(demo_model_path(KWS), tmp_path / "a", "net")
    second = export_model(demo_model_path(KWS), tmp_path / "b", "net")
    assert first.source.read_bytes() == second.source.read_bytes()
    assert first.header.read_bytes() == second.header.read_bytes()
    assert b"\r" not in first.source.read_bytes()
    assert max(map(len, first.source.read_text("ascii").splitlines())) <= 100


def test_the_header_tells_scales_and_sizes(tmp_path):
    text = export_model(demo_model_path(AD), tmp_path, "toy").header.read_text("ascii")
    for line in (
        "#define TOY_INPUT_COUNT 640",
        "#define TOY_INPUT_SCALE 0.296691179F",
        "#define TOY_INPUT_ZERO_POINT (90)",
        "#define TOY_OUTPUT_COUNT 640",
        "#define TOY_OUTPUT_SCALE 0.252561271F",
        "#define TOY_OUTPUT_ZERO_POINT (106)",
        "void toy_infer(const int8_t *input, int8_t *output);",
    ):
        assert line in text


def test_source_and_kernels_compile_with_clang_without_a_warning(tmp_path):
    """gcc's warnings, for this computer and for Arm, are errors wherever tests build a network."""
    exported = export_model(demo_model_path(KWS), tmp_path, "net")
    kernels = FIRMWARE / "kernels"
    sources = (exported.source, *sorted(kernels.glob("*.c")))
    run([need("clang"), *C99, SYNTAX_ONLY, "-I", kernels, *sources])


def test_the_kernels_are_cpp_too():
    run([need("g++"), *CPP, *sorted((FIRMWARE / "kernels").glob("*.c"))])


def test_what_is_there_is_not_overwritten(tmp_path):
    export_model(demo_model_path(KWS), tmp_path, "net")
    export_model(demo_model_path(KWS), tmp_path, "net")  # the same again
    with pytest.raises(ExportError, match=r"net_model\.h is there and holds something else"):
        export_model(demo_model_path(AD), tmp_path, "net")


@pytest.mark.parametrize("name", ["", "Net", "1net", "a-b", "a" * 32, "é", "net\n"])
def test_a_name_that_c_would_not_take_is_refused(name: str, tmp_path):
    with pytest.raises(ExportError, match="expected a lower-case letter"):
        export_model(demo_model_path(KWS), tmp_path, name)


def test_a_file_name_cannot_end_the_comment(tmp_path):
    path = tmp_path / "x*-y.tflite"
    path.write_bytes(demo_model_path(KWS).read_bytes())
    assert "x?-y.tflite" in export_model(path, tmp_path, "net").header.read_text("ascii")


# ---- refusals ------------------------------------------------------------------------------------


def test_of_a_model_without_a_kernel_nothing_is_written(tmp_path):
    path = write_unknown(tmp_path / "x.tflite", 49)
    with pytest.raises(ExportError, match=r"no kernel for operator 0 \(SPLIT\); there are"):
        export_model(path, tmp_path / "out", "net")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("code", "custom", "name"),
    [
        (49, None, "SPLIT"),
        (56, None, "ARG_MAX"),
        (67, None, "TRANSPOSE_CONV"),
        (117, None, "HARD_SWISH"),
        (126, None, "BATCH_MATMUL"),
        (150, None, "GELU"),
        (32, "AudioSpectrogram", "custom operator 'AudioSpectrogram'"),
        (32, "ethos-u", "custom operator 'ethos-u'"),
        (32, "x" * 100, f"custom operator '{'x' * 40}'"),
        (32, None, "custom operator ''"),
        (207, None, "builtin operator 207"),
    ],
)
def test_an_operator_without_kernel_is_named_by_its_name(code, custom, name, tmp_path):
    path = write_unknown(tmp_path / "x.tflite", code, custom)
    with pytest.raises(
        ExportError, match=re.escape(f"there is no kernel for operator 0 ({name});")
    ):
        read_network(path)


def test_a_model_of_floats_is_told_to_be_quantised_first(tmp_path):
    graph = read_graph(write_depthwise(tmp_path / "x.tflite", channels=2, multiplier=2))
    floats = replace(graph.tensors[0], type_name="float32")
    with pytest.raises(ExportError, match="; quantise a float model to int8 first"):
        network_of(replace(graph, tensors=(floats, *graph.tensors[1:])))


def test_a_depthwise_layer_whose_channels_do_not_fit_is_named(tmp_path):
    graph = read_graph(write_depthwise(tmp_path / "x.tflite", channels=2, multiplier=2))
    entry = replace(graph.tensors[0], shape=(1, 8, 6, 3))
    with pytest.raises(ExportError, match=r"DEPTHWISE_CONV_2D\).*int8\[1, 8, 6, 3\], gives"):
        network_of(replace(graph, tensors=(entry, *graph.tensors[1:])))


def test_a_file_that_is_no_model_is_refused(tmp_path):
    for name, content in (("text", b"hello"), ("cut", demo_model_path(AD).read_bytes()[:5000])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ExportError, match="no TFLite model, or part of one is missing"):
            read_network(tmp_path / name)
    with pytest.raises(ExportError, match="cannot read the model"):
        read_network(tmp_path / "nowhere")


def changed(number: int, **changes):
    """The demo's ad model with one tensor changed."""
    graph = read_graph(demo_model_path(AD))
    tensors = list(graph.tensors)
    tensors[number] = replace(tensors[number], **changes)
    return replace(graph, tensors=tuple(tensors))


def test_another_type_than_int8_is_named():
    with pytest.raises(ExportError, match=r"operator 0 .* its input is float32\[1, 640\]"):
        network_of(changed(0, type_name="float32"))
    with pytest.raises(ExportError, match=r"operator 0 .* its weights are int16"):
        network_of(changed(12, type_name="int16"))


def test_sums_that_could_overflow_are_refused():
    biases = read_graph(demo_model_path(AD)).tensors[11]
    with pytest.raises(ExportError, match=r"operator 0 .* its sums could exceed 32 bits"):
        network_of(changed(11, data=b"\xff\xff\xff\x7f" * (len(biases.data) // 4)))


def with_operator(task, number: int, **changes):
    """The demo's model of the task with one operator changed."""
    graph = read_graph(demo_model_path(task))
    operators = list(graph.operators)
    operators[number] = replace(operators[number], **changes)
    return replace(graph, operators=tuple(operators))


def test_an_operator_before_its_inputs_is_refused():
    graph = read_graph(demo_model_path(AD))
    first, second, *rest = graph.operators
    with pytest.raises(ExportError, match=r"operator 1 .* takes what no operator before it gives"):
        network_of(replace(graph, operators=(second, first, *rest)))


def test_a_layer_whose_output_nothing_takes_is_refused():
    conv, start = (read_graph(demo_model_path(IC)).operators[number] for number in (1, 0))
    with pytest.raises(ExportError, match=r"nothing takes what Conv gives"):
        network_of(with_operator(IC, 3, inputs=(start.outputs[0], start.outputs[0])))
    assert conv.name == "CONV_2D"


def test_maps_of_two_shapes_are_not_added():
    """TFLite would spread the smaller one."""
    graph = read_graph(demo_model_path(IC))
    (add, *_) = (operator for operator in graph.operators if operator.name == "ADD")
    tensors = list(graph.tensors)
    small = tensors[add.inputs[1]]
    tensors[small.index] = replace(small, shape=(1, 1, 1, small.shape[3]))
    parts = Parts(replace(graph, tensors=tuple(tensors)), add)
    with pytest.raises(ExportError, match=r"\(ADD\): it adds .* only maps of one shape"):
        _add(parts)


def test_a_sum_with_a_constant_or_with_nothing_is_refused():
    graph = read_graph(demo_model_path(IC))
    (add, *_) = (operator for operator in graph.operators if operator.name == "ADD")
    constant = graph.operators[0].inputs[1]
    for inputs in ((add.inputs[0], constant), (constant, add.inputs[1]), add.inputs[:1], ()):
        with pytest.raises(ExportError, match=r"\(ADD\) takes what no operator before it gives"):
            network_of(with_operator(IC, add.index, inputs=inputs))


# ---- memory --------------------------------------------------------------------------------------


@given(st.data())
def test_outputs_that_are_needed_together_do_not_overlap(data):
    """Of any graph: what a layer reads, and what later ones still read, stays as it is."""
    count = data.draw(st.integers(1, 12))
    sizes = data.draw(st.lists(st.integers(1, 50), min_size=count, max_size=count))
    sources = tuple(
        tuple(data.draw(st.lists(st.integers(-1, number - 1), min_size=1, max_size=2)))
        for number in range(count)
    )
    network = replace(
        read_network(demo_model_path(AD)),
        layers=(None,) * count, sources=sources, counts=tuple(sizes),
    )  # fmt: skip
    arena = arena_of(network)
    memory: dict[int, int] = {}
    for number in range(count):
        for source in sources[number]:
            if source >= 0:
                begin = arena.offsets[source]
                assert all(memory[at] == source for at in range(begin, begin + sizes[source]))
        if number < count - 1:
            begin = arena.offsets[number]
            assert begin + sizes[number] <= arena.size
            memory |= dict.fromkeys(range(begin, begin + sizes[number]), number)
    assert arena.size <= sum(sizes[:-1])


WHOLE = demo_model_path(KWS).read_bytes()


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.sampled_from([0, 1, 2, 127, 128, 255])),
        min_size=1,
        max_size=6,
    )
)
def test_a_damaged_file_is_exported_or_refused_and_nothing_else(tmp_path_factory, damage):
    model = bytearray(WHOLE)
    for at, value in damage:
        model[at] = value
    path = tmp_path_factory.getbasetemp() / "damaged.tflite"
    path.write_bytes(model)
    with contextlib.suppress(ExportError):
        network = read_network(path)
        assert network.input.count > 0
