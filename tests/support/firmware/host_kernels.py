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


def skip_with_another_runtime() -> None:
    """For str_ww_ref_model: ai-edge-litert 2.3 rounds it otherwise than tflite-runtime 2.14.

    By up to several steps of the output; the kernels are those of the latter.
    """
    if not _runtime()[1].startswith("tflite-runtime"):
        pytest.skip("another runtime, which rounds this model otherwise")


class HostNetwork:
    """The model at ``path``: int8 bytes in, int8 bytes out."""

    def __init__(self, path: Path, folder: Path, *flags: str) -> None:
        exported = export_model(path, folder, "net")
        self.network = exported.network
        library = build(
            "gcc",
            [*C99, "-O2", "-ffp-contract=off", "-shared", "-fPIC", *flags, "-I", KERNELS],
            [*sorted(KERNELS.glob("*.c")), exported.source],
            f"net{'.dll' if sys.platform == 'win32' else '.so'}",
        )
        self.library = ctypes.CDLL(str(library))

    def infer(self, data: bytes) -> bytes:
        assert len(data) == self.network.input.count
        out = ctypes.create_string_buffer(self.network.output.count)
        self.library.net_infer(data, out)
        return out.raw
