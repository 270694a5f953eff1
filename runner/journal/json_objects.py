"""JSON objects that say one thing: a key with two values would be read by each reader its own way.

For ``json``'s ``object_pairs_hook``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class TwoValuesError(ValueError):
    """An object has a key twice, with different values."""


def one_value_a_key(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """The object; TwoValuesError where a repeated key has another value than the first time."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if found[key] != value:
                raise TwoValuesError(f"the key {key[:60]!r} twice in an object, with two values")
    return found
