"""Runs a model as `firmware export` writes it: C, compiled for this computer and called here."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..... import __version__
from .....errors import TinyrunnerError
from .....models.engine import Engine
from .....models.export.export_c import export_model
from .....models.export.int8_network import Scaled
from .....models.suite import Task

EXPORTED_C = "exported-c"
KERNELS = Path(__file__).parents[4] / "dut_protocol" / "firmware" / "kernels"

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c99", "-O2", "-ffp-contract=off", "-shared", "-fPIC")
_COMPILING_S = 300.0
_MOST_SAID = 400


class NoCompiler(TinyrunnerError):
    """Says why the exported C could not be compiled here."""


class _Compiled:
    """Is the network in this process, with the methods of a TFLite interpreter."""

    def __init__(self, library: ctypes.CDLL, entry: Scaled, out: Scaled) -> None:
        self._infer = library.net_infer
        self._details = _details(entry), _details(out)
        self._input: npt.NDArray[np.int8] = np.zeros(entry.count, np.int8)
        self._output: npt.NDArray[np.int8] = np.zeros(out.count, np.int8)

    def get_input_details(self) -> list[dict[str, Any]]:
        return [self._details[0]]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [self._details[1]]

    def set_tensor(self, tensor_index: int, value: npt.NDArray[Any]) -> None:
        self._input[:] = value.reshape(-1)

    def invoke(self) -> None:
        self._infer(
            self._input.ctypes.data_as(ctypes.c_void_p),
            self._output.ctypes.data_as(ctypes.c_void_p),
        )

    def get_tensor(self, tensor_index: int) -> npt.NDArray[np.int8]:
        return self._output.copy()


def load_exported(path: Path, task: Task) -> Engine:
    """Export the model at ``path``, compile it, and load it.

    ExportError where there are no kernels for it, NoCompiler where nothing compiles it.
    """
    compiler = os.environ.get("CC") or next(filter(shutil.which, _COMPILERS), None)
    if compiler is None:
        raise NoCompiler(
            f"no C compiler is here: {', '.join(_COMPILERS)} are not found, and $CC names none"
        )
    # Windows lets no library go that is loaded: what is left there is the system's to clear.
    folder = tempfile.TemporaryDirectory(prefix="tinyrunner-", ignore_cleanup_errors=True)
    with folder as name:
        exported = export_model(path, Path(name), "net")
        library = Path(name) / ("net.dll" if sys.platform == "win32" else "net.so")
        sources = [str(source) for source in (*sorted(KERNELS.glob("*.c")), exported.source)]
        _compile([*compiler.split(), *_FLAGS, "-I", str(KERNELS), *sources, "-o", str(library)])
        try:
            loaded = ctypes.CDLL(str(library))
        except OSError as error:
            raise NoCompiler(f"what {compiler} made cannot be loaded: {error}") from error
    network = exported.network
    compiled = _Compiled(loaded, network.input, network.output)
    name = f"tinyrunner {__version__}, firmware export, {compiler}"
    return Engine.of(task, compiled, path.read_bytes(), name, str(path))


def _compile(command: list[str]) -> None:
    try:
        subprocess.run(command, capture_output=True, text=True, check=True, timeout=_COMPILING_S)
    except subprocess.CalledProcessError as error:
        raise NoCompiler(
            f"{command[0]} does not compile the exported C: "
            f"{' '.join(str(error.stderr).split())[:_MOST_SAID]}"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoCompiler(f"{command[0]} cannot compile the exported C: {error}") from error


def _details(tensor: Scaled) -> dict[str, Any]:
    return {
        "index": 0,
        "shape": (1, tensor.count),
        "dtype": np.int8,
        "quantization": (tensor.scale, tensor.zero_point),
    }
