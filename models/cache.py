"""Says where the program keeps what it downloaded or generated, and what it remembers."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "TINYRUNNER_CACHE"
"""Names another folder than the platform's, e.g. for CI or a small home."""

STATE_VARIABLE = "TINYRUNNER_STATE"


def cache_root() -> Path:
    """Returns the folder of all that can be had again; it need not exist yet."""
    override = os.environ.get(CACHE_VARIABLE)
    if override:
        return Path(override)
    import platformdirs  # here: who only names the place of a file need not wait for it

    return platformdirs.user_cache_path("tinyrunner")


def state_root() -> Path:
    """Returns the folder of what is remembered from one time to the next; it need not exist yet."""
    override = os.environ.get(STATE_VARIABLE)
    if override:
        return Path(override)
    import platformdirs

    return platformdirs.user_state_path("tinyrunner")
