"""Runs a model by TensorFlow Lite Micro: PyPI's ``tflite-micro``, a second opinion beside LiteRT.

The package is TFLM's own interpreter and reference kernels, compiled for this computer. It has
wheels for Linux on x86_64 only. It says on standard error why it refuses a model, and raises a
RuntimeError that does not, which is one reason why ``engine`` has it in a process of its own.
"""

from __future__ import annotations

import importlib
from typing import Any

from ..engine import EngineUnavailable
from ..tensor_conversion import Array

_ARENA_BYTES = 16 << 20
"""More than any chip has. Its own guess, ten times the model, is too little for a small model of
large activations."""

INSTALL = "pip install 'tinyrunner[tflm]'"


class TflmInterpreter:
    """A TFLM interpreter is a loaded model, with the methods of LiteRT's ``Interpreter``."""

    def __init__(self, runtime: Any, model: bytes) -> None:  # noqa: ANN401, it has no types
        """Loads a model; RuntimeError or ValueError where TFLM cannot run it."""
        graph = runtime.convert_bytearray_to_object(model).subgraphs[0]
        self._counts = len(graph.inputs), len(graph.outputs)
        self._model = model  # is read in place
        self._interpreter = runtime.Interpreter.from_bytes(
            model, arena_size=_ARENA_BYTES + 10 * len(model)
        )

    def get_input_details(self) -> list[dict[str, Any]]:
        """Returns shape, type and quantisation of each input, by its number instead of an index."""
        details = self._interpreter.get_input_details
        return [_as_litert(index, details(index)) for index in range(self._counts[0])]

    def get_output_details(self) -> list[dict[str, Any]]:
        """Returns those of each output."""
        details = self._interpreter.get_output_details
        return [_as_litert(index, details(index)) for index in range(self._counts[1])]

    def set_tensor(self, tensor_index: int, value: Array) -> None:
        """Copies a value to an input."""
        self._interpreter.set_input(value, tensor_index)

    def invoke(self) -> None:
        """Infers; RuntimeError where a kernel fails."""
        self._interpreter.invoke()

    def get_tensor(self, tensor_index: int) -> Array:
        """Returns a copy of an output."""
        output: Array = self._interpreter.get_output(tensor_index)
        return output


def find_tflm() -> tuple[Any, str]:
    """Returns TFLM's module of interpreters, and the package's name and version."""
    try:
        package = importlib.import_module("tflite_micro")
    except ImportError as error:
        raise EngineUnavailable(
            f"running a model by TensorFlow Lite Micro needs its package: {INSTALL}; it has wheels "
            f"for Linux on x86_64 ({error})"
        ) from error
    return package.runtime, f"tflite-micro {package.__version__}"


def _as_litert(index: int, details: dict[str, Any]) -> dict[str, Any]:
    """Returns a tensor's details as LiteRT tells them; of a float tensor, scale and zero are 0."""
    parameters = details["quantization_parameters"]
    scales, zero_points = parameters["scales"], parameters["zero_points"]
    one = len(scales) == 1 and len(zero_points) == 1
    quantisation = (float(scales[0]), int(zero_points[0])) if one else (0.0, 0)
    return {
        "index": index,
        "shape": details["shape"],
        "dtype": details["dtype"],
        "quantization": quantisation,
    }
