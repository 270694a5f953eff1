"""Reads sessions as entries of a history: the row of each, and a hash of what it was read from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ....datasets.inputs import LABELS_NAME
from ....energy.trace_files import energy_path, timestamps_path
from ...journal.session_folder import TRUTH_NAME
from ...report.gather import Asked
from ...report.page import ReportSession
from ..read import read_sessions, session_row
from ..rows import SessionRow
from .figures import Labels
from .store import Entry, storable


def read_entries(paths: Sequence[Path], labels: Labels, asked: Asked | None = None) -> list[Entry]:
    """Judge sessions, folders of them or a tree, as entries; SetupError where there are none.

    A session that cannot be judged is one, too, with the reason in its row.
    """
    sessions = read_sessions(paths, asked)
    rows = [storable(session_row(session)) for session in sessions]
    return [
        Entry(row, _content_of(session, row), labels, str(session.folder.absolute()))
        for session, row in zip(sessions, rows, strict=True)
    ]


def _content_of(session: ReportSession, row: SessionRow) -> str:
    """Hash which session it is, and the files that its figures are read from.

    What a newer program makes of them is no matter, nor what the folder is called. Of a session
    none of whose files can be read, the folder's name and the reason are hashed.
    """
    whole = hashlib.sha256(f"{row.session_id} {row.task} {row.mode}\n".encode())
    names = {
        session.log_name,
        LABELS_NAME,
        TRUTH_NAME,
        "results.json",
        energy_path(Path()).name,
        timestamps_path(Path()).name,
    }
    read = 0
    for name in sorted(names):
        try:
            digest = session.sha256_of(name)
        except OSError as error:
            digest = str(error.strerror)
        else:
            read += digest is not None
        if digest is None:
            continue
        whole.update(f"{name} {digest}\n".encode())
    if not read:
        told = [session.title, *(finding.text for finding in session.findings)]
        whole.update("\n".join(told).encode("utf-8", "backslashreplace"))
    return whole.hexdigest()
