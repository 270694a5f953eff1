"""Reads a .tflite file, and checks without a runtime that it is whole, before one is given it.

tflite-runtime 2.14 does not check the FlatBuffer it is given: a file cut short by a broken
download takes the whole process down (measured). So look first whether all parts are inside the
file. This is no full verifier: a file that was tampered with can still crash the runtime, which
``runtimes.model_process`` is for.
"""

from __future__ import annotations

import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from ..errors import UsageError

MAX_MODEL_BYTES = 64 << 20
"""More than any board of the suite holds: a guard against a slip of the pen, or an endless file."""

_IDENTIFIER = b"TFL3"

_Layout: TypeAlias = "int | list[_Layout] | dict[int, _Layout]"
"""A field of a FlatBuffer: a vector of scalars of so many bytes, of tables, or a table."""

_QUANTISATION: dict[int, _Layout] = {0: 4, 1: 4, 2: 4, 3: 8}
_TENSOR: dict[int, _Layout] = {0: 4, 3: 1, 4: _QUANTISATION}
_OPERATOR: dict[int, _Layout] = {1: 4, 2: 4, 4: {}}
_SUBGRAPH: dict[int, _Layout] = {0: [_TENSOR], 1: 4, 2: 4, 3: [_OPERATOR], 4: 1}
_MODEL: dict[int, _Layout] = {1: [{1: 1}], 2: [_SUBGRAPH], 3: 1, 4: [{0: 1}]}
"""What there is to follow in a model, by field number; from TFLite's schema, version 3."""

_MOST_SHARED = 2
"""Each part has its own bytes in what converters write. Parts that add up to more than so many
times the file are one part named again and again, which would take for ever to read."""


class ModelError(UsageError):
    """The file is missing, is no model, or is not one for this task."""


def read_model(path: Path) -> bytes:
    """Returns the bytes of the TFLite model at ``path``; ModelError where there is none, whole."""
    try:
        facts = path.stat()
        if not stat.S_ISREG(facts.st_mode):
            raise ModelError(f"cannot read the model {path}: it is no file")
        if facts.st_size > MAX_MODEL_BYTES:
            raise ModelError(
                f"{path} is no model for a microcontroller: it has {facts.st_size} bytes, and "
                f"{MAX_MODEL_BYTES} is the limit here"
            )
        model = path.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror or error}") from error
    if not is_whole(model):
        raise ModelError(f"{path} is no TFLite model, or part of one is missing")
    return model


def is_whole(model: bytes) -> bool:
    """Tells whether it is a TFLite model of which no part lies outside of ``model``."""
    if model[4:8] != _IDENTIFIER:
        return False
    left = _MOST_SHARED * len(model)
    try:
        pending: list[tuple[int, _Layout]] = [(_follow(model, 0), _MODEL)]
        while pending:
            at, layout = pending.pop()
            left -= _own_bytes(model, at, layout)
            if left < 0:
                return False
            pending += _parts(model, at, layout)
    except struct.error:
        return False
    return True


def _own_bytes(model: bytes, at: int, layout: _Layout) -> int:
    """Returns how many bytes a vector has, or about as many as a table has."""
    match layout:
        case int(width):
            return 4 + width * _number(model, "<I", at)
        case list():
            return 4 + 4 * _number(model, "<I", at)
        case dict():
            return 4 + 4 * len(layout)


def _parts(model: bytes, at: int, layout: _Layout) -> Iterator[tuple[int, _Layout]]:
    """Yields what the table or vector at ``at`` points to; ``struct.error`` outside the file."""
    match layout:
        case int(width):
            _require(model, at + 4 + width * _number(model, "<I", at))
        case [element]:
            for index in range(_number(model, "<I", at)):
                yield _follow(model, at + 4 + 4 * index), element
        case dict(fields):
            vtable = at - _number(model, "<i", at)
            size = _number(model, "<H", vtable)
            _require(model, vtable + size)
            _require(model, at + _number(model, "<H", vtable + 2))
            for field, part in fields.items():
                entry = vtable + 4 + 2 * field
                offset = _number(model, "<H", entry) if entry + 2 <= vtable + size else 0
                if offset:
                    yield _follow(model, at + offset), part


def _follow(model: bytes, at: int) -> int:
    return at + _number(model, "<I", at)


def _number(model: bytes, form: str, at: int) -> int:
    _require(model, at)
    return int(struct.unpack_from(form, model, at)[0])


def _require(model: bytes, end: int) -> None:
    if not 0 <= end <= len(model):
        raise struct.error("outside the file")
