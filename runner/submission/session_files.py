"""Writes a session into a submission: the round's files, and what lets others check them.

EEMBC's rounds get the session as it is, its result under the names of the round. MLCommons' get
their own dialect's files, and beside them our journal as `journal.txt`: nothing is made to look
as if another program had measured. What MLCommons' runner measured stays as that left it.
`EEMBC_RUNNER` is never written.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...energy.trace_files import details_path, energy_path, timestamps_path
from ..config.rounds import Round
from ..errors import SetupError
from ..journal.logged_session import MLCOMMONS_FILES
from ..journal.session_document import read_document
from ..journal.session_folder import SessionFolder
from ..score.judge import Judged
from ..terms import Dialect
from ..write.mlcommons_session import JOURNAL_NAME, render_session
from ..write.mlcommons_streaming import render_streaming
from .gather import GatheredSession


def result_names(round_: Round, wanted: str | None) -> tuple[str, ...]:
    """Return the names of the results; SetupError where ``wanted`` is none of the round's."""
    if wanted is None:
        return round_.result_files
    if wanted not in round_.result_files:
        raise SetupError(
            f"--results-name {wanted}: {round_.name} has {' and '.join(round_.result_files)}"
        )
    return (wanted,)


def write_session(
    session: GatheredSession, target: Path, round_: Round, names: tuple[str, ...]
) -> tuple[str, ...]:
    """Write one mode folder; return the names of the session's files left behind."""
    target.mkdir(parents=True)
    if session.provenance is None:
        return _copy_mlcommons(session.folder, target)
    places = SessionFolder(session.folder, "")
    copied = {path: path.name for path in _to_copy(places)}
    if round_.dialect is Dialect.MLCOMMONS:
        copied[places.log] = JOURNAL_NAME
        _render(session, target)
    else:
        copied |= {places.log: places.log.name}
        for name in names:
            shutil.copyfile(places.result, target / name)
    for path, name in copied.items():
        shutil.copyfile(path, target / name)
    document = published_document(read_document(session.folder).to_json(), Path.home())
    _write(target / places.document.name, (json.dumps(document, indent=2) + "\n").encode("ascii"))
    known = {path.name for path in (*copied, places.document, places.result)}
    return tuple(sorted(path.name for path in places.folder.iterdir() if path.name not in known))


def _copy_mlcommons(folder: Path, target: Path) -> tuple[str, ...]:
    """Copy what MLCommons' runner left of a session; return the names of other files."""
    files = {path.name for path in folder.iterdir() if path.is_file()}
    taken = {name for name in files if name in MLCOMMONS_FILES or _PICTURE.fullmatch(name)}
    for name in sorted(taken):
        shutil.copyfile(folder / name, target / name)
    return tuple(sorted(files - taken))


_PICTURE = re.compile(r"energy_inf_\d+\.png")


def _to_copy(places: SessionFolder) -> Iterator[Path]:
    """List the files that are published unchanged, whatever the dialect."""
    folder = places.folder
    trace = (energy_path(folder), timestamps_path(folder), details_path(folder))
    pictures = sorted(folder.glob("energy_*.png"))
    for path in (places.script, places.labels, places.truth, places.calibration, *trace, *pictures):
        if path.is_file():
            yield path


def _render(session: GatheredSession, target: Path) -> None:
    judged = session.judged
    if isinstance(judged, Judged):
        files = render_session(session.folder, judged)
    else:
        files = render_streaming(session.folder, judged)
    for name, content in files:
        _write(target / name, content)


def _write(path: Path, content: bytes | Iterator[bytes]) -> None:
    with path.open("xb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            file.writelines(content)


def published_document(document: dict[str, Any], home: Path) -> dict[str, Any]:
    """Return session.json with `~` for the user's home folder in every text."""
    changed = _replace(document, HomeFolder(home))
    assert isinstance(changed, dict)
    return changed


class HomeFolder:
    """Hides whose home folder a path lies in."""

    def __init__(self, home: Path) -> None:
        # A home of `/` (some containers) is nobody's name, and begins every path.
        names = {str(home), home.as_posix()} if len(home.parts) > 1 else set()
        escaped = "|".join(re.escape(name) for name in sorted(names)) or "(?!)"
        case = re.IGNORECASE if "\\" in str(home) else re.NOFLAG
        self._pattern = re.compile(rf"(?<![\w.~/\\-])(?:{escaped})(?![\w.-])", case)

    def hidden(self, text: str) -> str:
        """Return the text with `~` for the folder, where that is a whole path or its beginning."""
        return self._pattern.sub("~", text)


def _replace(value: object, home: HomeFolder) -> object:
    match value:
        case str():
            return home.hidden(value)
        case dict():
            return {home.hidden(str(key)): _replace(item, home) for key, item in value.items()}
        case list():
            return [_replace(item, home) for item in value]
        case _:
            return value
