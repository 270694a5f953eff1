"""The record of what `tinyrunner check` found out about a device, kept for later runs.

One JSON file a device, link speed and model, in the folder ``checked`` of a cache whose ``root``
the caller names (the program's is ``models.cache.cache_root()``). A file that cannot be read is
no record: a run then does what is safe on any device.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError
from pydantic.dataclasses import dataclass as pydantic_dataclass

from ..wire.settings import MAX_DATA_BYTES_PER_DB
from .dut import Identity

_FOLDER = "checked"
_FORMAT = 1


@pydantic_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, extra="forbid"))
class DeviceRecord:
    """Says what a device was shown to do on a link of this speed; ValueError where it cannot be."""

    vendor: str
    profile: str | None
    model_id: str | None
    baud_rate: Annotated[int, Field(ge=1)]
    data_bytes_per_db: Annotated[int, Field(ge=1, le=MAX_DATA_BYTES_PER_DB)]
    """The largest number of data bytes of a ``db`` that was taken."""
    pipeline_chars: Annotated[int, Field(ge=0, le=1 << 20)]
    """Characters outstanding that were taken whole; 0: input is not buffered, or nobody knows."""
    checked_at: str
    """When the check was made: ISO 8601, UTC."""
    tool_version: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """Holds a record, or the reason why there is none."""

    record: DeviceRecord | None
    reason: str
    """Why there is no record; empty where there is one."""
    unreadable: bool = False
    """Whether there is a file that is no good."""


def save_record(record: DeviceRecord, root: Path) -> Path:
    """Write the record over an older one of the same device; return the file, or raise OSError."""
    identity = Identity(record.vendor, record.profile, record.model_id, None)
    path = record_path(identity, record.baud_rate, root)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"format": _FORMAT} | asdict(record), indent=2) + "\n"
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        with suppress(FileNotFoundError):  # where all went well it has its new name
            os.unlink(part)
    return path


def look_up(identity: Identity, baud_rate: int, root: Path) -> Lookup:
    """Find the record of this device on a link of this speed, or say why there is none."""
    path = record_path(identity, baud_rate, root)
    try:
        record = _parsed(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Lookup(None, f"never checked at {baud_rate} baud; try `tinyrunner check`")
    except (OSError, ValueError, RecursionError) as error:
        return Lookup(None, f"{path} cannot be read ({error}); run `tinyrunner check` again", True)
    asked = (identity.vendor, identity.profile, identity.model_id, baud_rate)
    if (record.vendor, record.profile, record.model_id, record.baud_rate) != asked:
        return Lookup(None, f"{path} is of another device; run `tinyrunner check` again", True)
    return Lookup(record, "")


def record_path(identity: Identity, baud_rate: int, root: Path) -> Path:
    """Return where the record of a device is kept."""
    parts = (identity.vendor, identity.profile or "", identity.model_id or "", str(baud_rate))
    name = hashlib.sha256("|".join(parts).encode("utf-8")).hexdigest()
    return root / _FOLDER / f"{name}.json"


def _parsed(text: str) -> DeviceRecord:
    """Return the record in a text; ValueError for what :func:`save_record` does not write."""
    tree = json.loads(text)
    if not isinstance(tree, dict):
        raise ValueError("not an object")
    if tree.pop("format", None) != _FORMAT:
        raise ValueError(f"not of format {_FORMAT}")
    try:
        return DeviceRecord(**tree)
    except (TypeError, ValidationError) as error:
        raise ValueError(_first_problem(error)) from error


def _first_problem(error: TypeError | ValidationError) -> str:
    """Say the first thing wrong in one line, for the middle of a sentence."""
    if isinstance(error, TypeError):  # a key that is no name
        return str(error)
    first = error.errors(include_url=False)[0]
    key = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"{key} is missing"
    return f"{key} is {first['input']!r:.60}: {first['msg']}"
