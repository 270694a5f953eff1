"""An exported model compiled for this computer and called in this process."""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import pytest
from support.firmware.build import C99, FIRMWARE, build
from tinyrunner.models.engine import _runtime
from tinyrunner.models.export.export_c import export_model

KERNELS = FIRMWARE / "kernels"
_FLAGS = (*C99, "-O2", "-ffp-contract=off", "-fPIC")


def skip_with_another_runtime() -> None:
    """For str_ww_ref_model: ai-edge-litert 2.3 rounds it otherwise than tflite-runtime 2.14.

    By up to several steps of the output; the kernels are those of the latter.
    """
    if not _runtime()[1].startswith("tflite-runtime"):
        pytest.skip("another runtime, which rounds this model otherwise")


def kernels_object(*flags: str) -> Path:
    """The kernels, compiled once for every network, as one object file."""
    sources = sorted(KERNELS.glob("*.c"))
    return build("gcc", [*_FLAGS, *flags, "-r", "-nostdlib"], sources, "kernels.o")


class HostNetwork:
    """The model at ``path``: int8 bytes in, int8 bytes out."""

    def __init__(self, path: Path, folder: Path, *flags: str) -> None:
        exported = export_model(path, folder, "net")
        self.network = exported.network
        library = build(
            "gcc",
            [*_FLAGS, *flags, "-shared", "-I", KERNELS],
            [exported.source, kernels_object(*flags)],
            f"net{'.dll' if sys.platform == 'win32' else '.so'}",
        )
        self.library = ctypes.CDLL(str(library))

    def infer(self, data: bytes) -> bytes:
        assert len(data) == self.network.input.count
        out = ctypes.create_string_buffer(self.network.output.count)
        self.library.net_infer(data, out)
        return out.raw
