"""Tells a session's mode and task by what lies in its folder, whatever the folder is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ....energy.trace_files import DEFAULT_NAME, energy_path, timestamps_path
from ....models.suite import TASKS_BY_MODEL_ID
from ...terms import Mode

_HEAD_BYTES = 1 << 18
"""Bytes of a file that are looked at: the setting of the mode stands within a log's first lines."""
_TRACES = frozenset(
    path.name for path in (energy_path(Path(), DEFAULT_NAME), timestamps_path(Path(), DEFAULT_NAME))
)
_PLOT = re.compile(r"energy_inf_\d+\.png")
_SIGNS = (
    (Mode.ENERGY, re.compile(rb"Median energy cost|Energy data for|-code\[ulp-ml\]|\[ML Energy")),
    (Mode.ACCURACY, re.compile(rb"Top[- ]1|AUC\s?[:=]|-key\[runMode\]-val\[multi\]")),
    (Mode.PERFORMANCE, re.compile(rb"Median throughput|-key\[runMode\]-val\[(?:bmark|single)\]")),
)
"""What the results and the log of each mode say; energy says what performance says as well."""
_MODEL = re.compile(
    rb"m-model-\[([^\]\n]{1,40})\]|Device model retrieved: (\S{1,40})"
    rb"|-key\[model\]-val\[([^\]\n]{1,40})\]"
)


def mode_by_content(folder: Path, names: Sequence[str], told_by: Sequence[str]) -> Mode | None:
    """Return the mode that a folder's files tell; None where they are no session's.

    ``names`` are its plain files, ``told_by`` those of them that are results or a log.
    """
    if not _TRACES.isdisjoint(names) or any(map(_PLOT.fullmatch, names)):
        return Mode.ENERGY
    for name in told_by:
        head = _head(folder / name)
        for mode, sign in _SIGNS:
            if sign.search(head):
                return mode
    return None


def task_by_content(log: Path) -> str | None:
    """Return the key of the task whose model a log names first; None where it names none."""
    for match in _MODEL.finditer(_head(log)):
        model_id = next(filter(None, match.groups())).decode("utf-8", "replace")
        if model_id in TASKS_BY_MODEL_ID:
            return TASKS_BY_MODEL_ID[model_id].key
    return None


def _head(path: Path) -> bytes:
    """Return a file's beginning; nothing where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_HEAD_BYTES)
    except OSError:
        return b""
