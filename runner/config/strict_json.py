"""Strict JSON: numbers of 64 bits, and nested no deeper than Python can follow."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""Half of a pair that stands for one character: alone, no file can hold it."""

_MAX_DIGITS = 20
"""Characters of a whole number; one of thousands takes long to read and cannot be printed."""


def read_json(data: bytes, pairs: Callable[[list[tuple[str, Any]]], object] | None = None) -> Any:  # noqa: ANN401, it is whatever stands there
    """Read UTF-8; ``pairs`` makes objects of keys and values. ValueError says what is wrong."""
    text = data.decode("utf-8-sig")
    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_int=_whole)
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        return value
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _whole(digits: str) -> int:
    value = int(digits) if len(digits) <= _MAX_DIGITS else 1 << 63
    if abs(value) >= 1 << 63:
        raise ValueError(f"a number beyond 64 bits, {digits[:40]}")
    return value
