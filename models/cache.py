"""Says where the program keeps what it downloaded or generated: the user's cache folder."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "TINYRUNNER_CACHE"
"""Names another folder than the platform's, e.g. for CI or a small home."""


def cache_root() -> Path:
    """Returns the folder of all that can be had again; it need not exist yet."""
    override = os.environ.get(CACHE_VARIABLE)
    if override:
        return Path(override)
    import platformdirs  # here: who only names the place of a file need not wait for it

    return platformdirs.user_cache_path("tinyrunner")
