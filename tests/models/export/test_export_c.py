"""The exported C, compiled for the host, against TFLite: the same bytes out, whatever goes in."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from support.firmware.host_kernels import HostNetwork, skip_with_another_runtime
from support.firmware.tflite_file import write_depthwise
from support.reference import reference_path
from tinyrunner.models.demo_models import demo_model_path
from tinyrunner.models.engine import _RESOLVER, Engine, _runtime
from tinyrunner.models.suite import AD, IC, KWS, VWW

STR_WW = "reference str_ww"
"""Of the streaming task."""

MODELS = {
    "demo ad": (lambda: demo_model_path(AD), 100),
    "demo kws": (lambda: demo_model_path(KWS), 100),
    "demo vww": (lambda: demo_model_path(VWW), 20),
    "demo ic": (lambda: demo_model_path(IC), 30),
    "reference ic": (lambda: reference_path("models", "pretrainedResnet_quant.tflite"), 15),
    "reference ic2": (lambda: reference_path("models", "pretrainedResnet_large_int8.tflite"), 5),
    "reference ad": (lambda: reference_path("models", "ad01_int8.tflite"), 100),
    "reference kws": (lambda: reference_path("models", "kws_ref_model.tflite"), 80),
    "reference vww": (lambda: reference_path("models", "vww_96_int8.tflite"), 10),
    # Without activations: negative sums show on which side a depthwise layer rounds a tie.
    STR_WW: (lambda: reference_path("models", "str_ww_ref_model.tflite"), 150),
}


def tflite(path):
    """int8 in, int8 out, by the kernels that the engine runs."""
    runtime, _ = _runtime()
    interpreter = runtime.Interpreter(
        model_content=path.read_bytes(),
        num_threads=1,
        experimental_op_resolver_type=getattr(runtime.OpResolverType, _RESOLVER),
    )
    interpreter.allocate_tensors()
    (entry,), (out,) = interpreter.get_input_details(), interpreter.get_output_details()

    def infer(data: bytes) -> bytes:
        interpreter.set_tensor(entry["index"], np.frombuffer(data, np.int8).reshape(entry["shape"]))
        interpreter.invoke()
        return interpreter.get_tensor(out["index"]).tobytes()

    return infer


def inputs(count: int, size: int, zero_point: int):
    """Half of them anything, half of them around what stands for 0."""
    source = np.random.default_rng(size)
    yield np.full(size, -128, np.int8).tobytes()
    yield np.full(size, 127, np.int8).tobytes()
    for number in range(count - 2):
        if number % 2:
            yield source.integers(-128, 128, size).astype(np.int8).tobytes()
        else:
            spread = source.uniform(1, 60)
            values = source.normal(zero_point, spread, size).clip(-128, 127)
            yield values.astype(np.int8).tobytes()


@pytest.mark.parametrize("name", MODELS)
def test_the_kernels_give_what_tflite_gives_bit_for_bit(name: str, tmp_path):
    if name == STR_WW:
        skip_with_another_runtime()
    find, count = MODELS[name]
    network, expected = HostNetwork(find(), tmp_path), tflite(find())
    entry = network.network.input
    for data in inputs(count, entry.count, entry.zero_point):
        assert network.infer(data) == expected(data)


@pytest.mark.parametrize(
    "layer",
    [
        {"channels": 1, "multiplier": 8, "kernel": (10, 8), "size": (12, 10), "stride": 2},
        {"channels": 3, "multiplier": 2},
        {"channels": 3, "multiplier": 5, "same": False},
        {"channels": 4, "multiplier": 1},
        {"channels": 2, "multiplier": 3, "said": 0},
        {"channels": 2, "multiplier": 3, "said": 7},
    ],
    ids=lambda layer: "-".join(f"{key} {value}" for key, value in layer.items()),
)
def test_a_depth_multiplier_is_exported_as_tflite_computes_it(layer, tmp_path):
    path = write_depthwise(tmp_path / "layer.tflite", **layer)
    network, expected = HostNetwork(path, tmp_path), tflite(path)
    entry = network.network.input
    outputs = {network.infer(data) for data in inputs(40, entry.count, entry.zero_point)}
    assert len(outputs) == 40
    off = 0 if _runtime()[1].startswith("tflite-runtime") else 1  # the other one rounds otherwise
    for data in inputs(40, entry.count, entry.zero_point):
        ours, theirs = (
            np.frombuffer(out, np.int8) for out in (network.infer(data), expected(data))
        )
        assert np.abs(ours.astype(int) - theirs).max() <= off


def test_the_kernels_do_nothing_undefined(tmp_path):
    """The sanitiser ends the process at the first overflow or misaligned access."""
    flags = ("-fsanitize=undefined", "-fno-sanitize-recover=all", "-static-libubsan")
    for task in (AD, KWS, IC):
        network = HostNetwork(demo_model_path(task), tmp_path / task.key, *flags)
        expected = tflite(demo_model_path(task))
        for data in inputs(20, network.network.input.count, 0):
            assert network.infer(data) == expected(data)


# ---- from the host's floats to the score -------------------------------------------------------


def test_the_ad_score_is_the_engines_float_for_float(tmp_path):
    for name in ("demo ad", "reference ad"):
        path = MODELS[name][0]()
        network = HostNetwork(path, tmp_path / name.split()[0])
        engine = Engine.load(path, AD)
        source = np.random.default_rng(11)
        for number in range(60):
            window = source.normal(-30, 10.0 ** (number % 5), 640).astype("<f4")
            assert (c_score(network, window),) == engine.infer(window.tobytes())


def c_score(network: HostNetwork, window) -> float:
    """As the emulated board's firmware computes it."""
    library, entry, out = network.library, network.network.input, network.network.output
    quantised = ctypes.create_string_buffer(entry.count)
    library.tr_nn_quantise(
        floats(window), entry.count, ctypes.c_float(entry.scale), entry.zero_point, quantised
    )
    error = library.tr_nn_mean_squared_error
    error.restype = ctypes.c_float
    return error(
        network.infer(quantised.raw), out.count, ctypes.c_float(out.scale), out.zero_point,
        floats(window),
    )  # fmt: skip


def floats(values):
    return np.ascontiguousarray(values, np.float32).ctypes.data_as(ctypes.c_void_p)


def test_floats_that_are_no_numbers_are_quantised_to_something(tmp_path):
    network = HostNetwork(demo_model_path(AD), tmp_path)
    values = np.array([np.inf, -np.inf, np.nan, 1e38, -1e38, 0.25, -0.25, 0.0], np.float32)
    out = ctypes.create_string_buffer(len(values))
    network.library.tr_nn_quantise(floats(values), len(values), ctypes.c_float(0.5), 3, out)
    assert np.frombuffer(out.raw, np.int8).tolist() == [127, -128, -128, 127, -128, 4, 2, 3]


@pytest.fixture(scope="module")
def kws(tmp_path_factory) -> HostNetwork:
    return HostNetwork(demo_model_path(KWS), tmp_path_factory.mktemp("kws"))


@pytest.mark.parametrize(
    ("total", "shift", "up", "from_zero"),
    [
        (2, -1, 1, 1),  # half of 1
        (-2, -1, 0, -1),
        (-6, -1, -1, -2),
        (-6, -2, -1, -1),  # three quarters: no tie
        (3, 0, 2, 2),  # the first rounding takes ties up, whatever the second does
        (-3, 0, -1, -1),
        (2**30 - 1, 1, 2**30 - 1, 2**30 - 1),
        (-(2**31), -31, 0, -1),
        (2**31 - 1, -31, 1, 1),
    ],
)
def test_ties_are_rounded_as_the_layer_wants(total, shift, up, from_zero, kws):
    """A multiplier of one half."""
    requantise = kws.library.tr_nn_requantise
    assert requantise(total, 2**30, shift, 0) == up
    assert requantise(total, 2**30, shift, 1) == from_zero
