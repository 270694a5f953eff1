"""Tells a session's mode by what lies in its folder, whatever the folder is called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ....energy.trace_files import DEFAULT_NAME, energy_path, timestamps_path
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


def mode_by_content(folder: Path, names: Sequence[str], told_by: Sequence[str]) -> Mode | None:
    """Return the mode that a folder's files tell; None where they are no session's.

    ``names`` are its plain files, ``told_by`` those of them that are results or a log.
    """
    if not _TRACES.isdisjoint(names) or any(map(_PLOT.fullmatch, names)):
        return Mode.ENERGY
    for name in told_by:
        try:
            with (folder / name).open("rb") as file:
                head = file.read(_HEAD_BYTES)
        except OSError:
            continue
        for mode, sign in _SIGNS:
            if sign.search(head):
                return mode
    return None
