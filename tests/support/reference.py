"""Finds the reference data: real models, inputs, published sessions; not in the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).parents[3] / "shared" / "reference"


def reference_path(*parts: str) -> Path:
    """Path of a piece of the reference data; skips the test without it, but fails it in CI."""
    override = os.environ.get("TINYRUNNER_REFERENCE")
    root = Path(override) if override else _BESIDE_THE_CHECKOUT
    path = root.joinpath(*parts)
    if not path.exists():
        reason = f"no reference data: {path} is absent (set TINYRUNNER_REFERENCE to its folder)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason, allow_module_level=True)  # a file may ask as it is imported
    return path
