"""Says how the description of a submission is named, and what may become a folder of one.

A folder has a name that git and every system can hold.
"""

from __future__ import annotations

import re

DESCRIPTION_NAME = "submission.yaml"
"""What the description of a submission is called, unless told otherwise."""

MAX_CHARACTERS = 100
"""The longest name: file systems hold 255 bytes; Windows' 260 characters are for the whole path."""

_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"}
)
"""Device names of Windows, which are reserved also with an ending (`nul.txt`)."""

_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*]')


def check_folder_name(name: str) -> str:
    """Return the name itself; ValueError where it is not one folder's name on every system."""
    if not name:
        raise ValueError("expected a name, got nothing")
    if problem := _problem(name):
        raise ValueError(f"{name!r} cannot be a folder's name: {problem}")
    return name


def as_folder_name(text: str) -> str:
    """Return the nearest name that can be a folder's; "system" where nothing is left."""
    name = re.sub(r"[^\w.+-]+", "_", text, flags=re.ASCII).strip("._- ")[:MAX_CHARACTERS]
    return name if name and _problem(name) is None else "system"


def _problem(name: str) -> str | None:
    if name in (".", ".."):
        return "it means another folder"
    if found := _FORBIDDEN.search(name):
        return f"it has {found[0]!r} in it"
    if name.startswith("."):
        return "it begins with a dot, so it would be hidden"
    if name != name.strip():
        return "it begins or ends with a space"
    if name.endswith("."):
        return "it ends with a dot, which Windows drops"
    if name.partition(".")[0].rstrip().lower() in _RESERVED:
        return "Windows keeps that name for a device"
    if len(name) > MAX_CHARACTERS:
        return f"it is longer than {MAX_CHARACTERS} characters"
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "it is not text"
    return None
