"""Exports a quantised .tflite as C source: constants, and one function to infer.

It makes two files, ``NAME_model.h`` and ``NAME_model.c``, which need nothing but the kernels in
``dut_protocol/firmware/kernels``. The same model and name give the same text, byte for byte.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .c_source import model_header, model_source
from .int8_network import ExportError, Network
from .read_network import read_network

_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")


@dataclass(frozen=True, slots=True)
class Exported:
    """Says what was written."""

    header: Path
    source: Path
    network: Network


def export_model(path: Path, out_dir: Path, name: str) -> Exported:
    """Writes ``name``\\ _model.h and .c into ``out_dir``, which is made where it is missing.

    ExportError where the model is no chain of int8 layers that there are kernels for (it names
    operator and type), where ``name`` is no C name, or where other files are in the way.
    """
    if not _NAME.fullmatch(name):
        raise ExportError(
            f"the name {name!r} begins the names of files and C functions: expected a lower-case "
            "letter, then up to 30 letters, digits or underscores"
        )
    network = read_network(path)
    origin = f"{_in_a_comment(path.name)}\n * SHA-256 {network.sha256}"
    texts = {
        out_dir / f"{name}_model.h": model_header(network, name, origin),
        out_dir / f"{name}_model.c": model_source(network, name, origin),
    }
    try:
        _write(texts, out_dir)
    except OSError as error:
        raise ExportError(
            f"cannot write {', '.join(map(str, texts))}: {error.strerror or error}"
        ) from error
    header, source = texts
    return Exported(header, source, network)


def _write(texts: dict[Path, str], out_dir: Path) -> None:
    for target, text in texts.items():
        if target.exists() and target.read_bytes() != text.encode("ascii"):
            raise ExportError(
                f"{target} is there and holds something else: remove it, or choose another folder "
                "or name"
            )
    out_dir.mkdir(parents=True, exist_ok=True)
    for target, text in texts.items():
        target.write_bytes(text.encode("ascii"))


def _in_a_comment(text: str) -> str:
    """Returns a file's name, which may hold anything, without what could end a comment."""
    return re.sub(r"[^A-Za-z0-9._+ -]", "?", text)
