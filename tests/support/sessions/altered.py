"""Copies of sessions with something changed, for what must be refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyrunner.datasets.labels import read_labels
from tinyrunner.models.suite import KWS, Task


def altered(session: Path, target: Path, changes: Mapping[str, Any]) -> Path:
    """A copy of a session with other values in its provenance (`device.vendor`: "x")."""
    shutil.copytree(session, target)
    path = target / "session.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        *way, last = key.split(".")
        section = document["provenance"]
        for part in way:
            section = section[part]
        assert last in section, key
        section[last] = value
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return target


def write_labels(folder: Path, rows: str, task: Task = KWS) -> None:
    """The session's label list, with its hash in session.json."""
    labels, path = folder / "y_labels.csv", folder / "session.json"
    labels.write_text(rows, encoding="utf-8")
    document = json.loads(path.read_text("utf-8"))
    document["provenance"]["dataset"]["labels_sha256"] = read_labels(labels, task).sha256
    path.write_text(json.dumps(document), encoding="utf-8")


def pointed_to(text: str, mode: str, session: Path) -> str:
    """A description's text with another session folder in each place of a mode."""
    changed, count = re.subn(
        rf"(?m)^(        {mode}: ).*$", lambda match: f"{match[1]}'{session}'", text
    )
    assert count, mode
    return changed
