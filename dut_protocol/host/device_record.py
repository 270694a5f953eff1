"""What `tinyrunner check` found out about a device, kept for later runs.

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
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ..wire.settings import MAX_DATA_BYTES_PER_DB
from .dut import Identity

_FOLDER = "checked"
_FORMAT = 1
_MAX_PIPELINE_CHARS = 1 << 20


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """What a device was shown to do, on a link of this speed; ValueError where it cannot be."""

    vendor: str
    profile: str | None
    model_id: str | None
    baud_rate: int
    data_bytes_per_db: int
    """The largest number of data bytes of a ``db`` that was taken."""
    pipeline_chars: int
    """Characters outstanding that were taken whole; 0: input is not buffered, or nobody knows."""
    checked_at: str
    """ISO 8601, UTC."""
    tool_version: str

    def __post_init__(self) -> None:
        if self.baud_rate < 1:
            raise ValueError(f"baud_rate {self.baud_rate}: expected at least 1")
        if not 1 <= self.data_bytes_per_db <= MAX_DATA_BYTES_PER_DB:
            raise ValueError(
                f"data_bytes_per_db {self.data_bytes_per_db}: expected 1 to {MAX_DATA_BYTES_PER_DB}"
            )
        if not 0 <= self.pipeline_chars <= _MAX_PIPELINE_CHARS:
            raise ValueError(f"pipeline_chars {self.pipeline_chars}: expected 0 or more")


@dataclass(frozen=True, slots=True)
class Lookup:
    """A record, or why there is none."""

    record: DeviceRecord | None
    reason: str
    """Empty where there is one."""
    unreadable: bool = False
    """There is a file, and it is no good."""


def save_record(record: DeviceRecord, root: Path) -> Path:
    """Write the record, over an older one of the same device; the file, or OSError."""
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
    """The record of this device on a link of this speed, or why there is none."""
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
    """Where the record of a device is kept."""
    parts = (identity.vendor, identity.profile or "", identity.model_id or "", str(baud_rate))
    name = hashlib.sha256("|".join(parts).encode("utf-8")).hexdigest()
    return root / _FOLDER / f"{name}.json"


def _parsed(text: str) -> DeviceRecord:
    """ValueError for anything that :func:`save_record` would not have written."""
    tree = json.loads(text)
    if not isinstance(tree, dict):
        raise ValueError("not an object")
    if tree.pop("format", None) != _FORMAT:
        raise ValueError(f"not of format {_FORMAT}")
    names = {field.name for field in fields(DeviceRecord)}
    if set(tree) != names:
        raise ValueError(f"expected {', '.join(sorted(names))}")
    for name in ("baud_rate", "data_bytes_per_db", "pipeline_chars"):
        if type(tree[name]) is not int:
            raise ValueError(f"{name} is {tree[name]!r}, not a whole number")
    for name in ("vendor", "checked_at", "tool_version"):
        if not isinstance(tree[name], str):
            raise ValueError(f"{name} is {tree[name]!r}, not text")
    for name in ("profile", "model_id"):
        if not isinstance(tree[name], str | None):
            raise ValueError(f"{name} is {tree[name]!r}, not text")
    return DeviceRecord(**tree)
