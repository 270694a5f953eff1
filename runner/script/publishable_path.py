"""Writes a path as it may be published: a home folder's name is a person's."""

from __future__ import annotations

import os
from pathlib import Path


def written_path(path: Path) -> str:
    """Return the path, with `~` for the user's home folder where it lies under it."""
    text, home = str(path), os.path.expanduser("~")
    if len(home) > 1 and text.startswith(home) and text[len(home) :][:1] in ("", os.sep):
        return f"~{text[len(home) :]}"
    return text
