"""Packs what a page holds beside its text: gzip in base64, which the page's script unpacks.

A block begins with the length of its head (4 bytes, little-endian), goes on with the head in JSON
and ends in arrays of 32-bit floats, of each all first bytes, then all second ones, and so on: bytes
of one rank are alike, so they pack well.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_DROPPED_BITS = 10
"""Of the 23 bits of a float32's mantissa: what is drawn is right to 1 in 16,000."""


def packed(head: Mapping[str, Any], arrays: Sequence[Floats] = ()) -> str:
    """Return the block of a head, whose ``counts`` tell the arrays' lengths, and of the arrays."""
    plain = json.dumps(_finite({**head, "counts": [len(each) for each in arrays]})).encode()
    ranks = [_rounded(each).view(np.uint8).reshape(-1, 4).T.tobytes() for each in arrays]
    return packed_bytes(len(plain).to_bytes(4, "little") + plain + b"".join(ranks))


def packed_bytes(content: bytes) -> str:
    """Return bytes packed, as text that can stand in any element."""
    return base64.b64encode(gzip.compress(content, mtime=0)).decode("ascii")


def _rounded(values: Floats) -> npt.NDArray[np.uint32]:
    bits = values.astype("<f4").view("<u4").astype(np.uint64)
    return ((bits + (1 << _DROPPED_BITS - 1)) >> _DROPPED_BITS << _DROPPED_BITS).astype("<u4")


def _finite(value: object) -> object:
    """Replace the numbers that JSON does not know."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value
