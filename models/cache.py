"""Says where the program keeps what it downloaded or generated: the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "TINYRUNNER_CACHE"
"""Names another folder than the platform's, e.g. for CI or a small home."""


def cache_root() -> Path:
    """Returns the folder of all that can be had again; it need not exist yet."""
    override = os.environ.get(CACHE_VARIABLE)
    return Path(override) if override else platformdirs.user_cache_path("tinyrunner")
