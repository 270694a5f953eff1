"""Unpacks the blocks of a page by the description of their format, not by the code that packs."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from typing import Any

import numpy as np


def unpacked_bytes(text: str) -> bytes:
    """What was packed."""
    return gzip.decompress(base64.b64decode(text))


def unpacked(text: str) -> dict[str, Any]:
    """A block's head, with its arrays under ``arrays``."""
    content = unpacked_bytes(text)
    (length,) = struct.unpack_from("<I", content)
    head: dict[str, Any] = json.loads(content[4 : 4 + length])
    at, arrays = 4 + length, []
    for count in head["counts"]:
        ranks = [content[at + rank * count : at + (rank + 1) * count] for rank in range(4)]
        numbers = b"".join(bytes(parts) for parts in zip(*ranks, strict=True))
        arrays.append(np.frombuffer(numbers, "<f4"))
        at += 4 * count
    assert at == len(content)
    return head | {"arrays": arrays}
