"""Checks that a .tflite file is whole, without a runtime, before one is given it.

tflite-runtime 2.14 does not check the FlatBuffer it is given: a file cut short by a broken
download takes the whole process down (measured). So look first whether all parts are inside the
file. This is no full verifier: a file that was tampered with can still crash the runtime.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

_IDENTIFIER = b"TFL3"

_Layout: TypeAlias = "int | list[_Layout] | dict[int, _Layout]"
"""A field of a FlatBuffer: a vector of scalars of so many bytes, of tables, or a table."""

_QUANTISATION: dict[int, _Layout] = {0: 4, 1: 4, 2: 4, 3: 8}
_TENSOR: dict[int, _Layout] = {0: 4, 3: 1, 4: _QUANTISATION}
_OPERATOR: dict[int, _Layout] = {1: 4, 2: 4, 4: {}}
_SUBGRAPH: dict[int, _Layout] = {0: [_TENSOR], 1: 4, 2: 4, 3: [_OPERATOR], 4: 1}
_MODEL: dict[int, _Layout] = {1: [{}], 2: [_SUBGRAPH], 3: 1, 4: [{0: 1}]}
"""What there is to follow in a model, by field number; from TFLite's schema, version 3."""


def is_whole(model: bytes) -> bool:
    """Tells whether it is a TFLite model of which no part lies outside of ``model``."""
    if model[4:8] != _IDENTIFIER:
        return False
    try:
        pending: list[tuple[int, _Layout]] = [(_follow(model, 0), _MODEL)]
        while pending:
            pending += _parts(model, *pending.pop())
    except struct.error:
        return False
    return True


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
