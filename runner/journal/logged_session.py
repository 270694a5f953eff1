"""Holds a whole log in memory, so that what it ran can say by which labels it is scored."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from ...models.suite import Task
from ..terms import Dialect
from .open_log import open_log, sniff
from .reader import LogError, Observer
from .records import InferenceRecord, LogFacts
from .session_folder import DOCUMENT_NAME

MAX_INFERENCES = 4 * 48_608
"""The most inferences: four times the whole ad list; repetitions and slips included, no honest log
has more."""
MAX_NUMBERS = 16 * MAX_INFERENCES
"""The most scores of them all: a hostile line can hold half a million."""


MLCOMMONS_FILES = ("log.txt", "results.txt", "results.json")
"""The files that MLCommons' runner leaves of a session, beside pictures of an energy one."""


def is_of_mlcommons(folder: Path) -> bool:
    """Tell whether a folder holds a log in MLCommons' dialect and no session.json of ours."""
    log = folder / MLCOMMONS_FILES[0]
    ours = (folder / DOCUMENT_NAME).is_file()
    return not ours and log.is_file() and sniff(log) is Dialect.MLCOMMONS


@dataclass(slots=True)
class LoggedSession:
    """Holds a log's inferences in order, some 200 bytes each."""

    facts: LogFacts
    records: list[InferenceRecord] = field(default_factory=list)
    error: LogError | None = None
    """The reason why reading ended before the log did; what came before stands."""

    @property
    def files(self) -> list[str]:
        """Return the files it ran, in order, once each where windows of one follow one another."""
        return [file for file, _ in groupby(self.records, key=lambda record: record.file)]


def read_log(
    path: Path,
    *,
    observe: Observer | None = None,
    merge_json: bool = True,
    task: Task | None = None,
    sound: bool = True,
) -> LoggedSession:
    """Read a log of either dialect, see `open_log`; LogError where it is none at all."""
    with open_log(path, observe=observe, merge_json=merge_json, task=task, sound=sound) as reader:
        logged = LoggedSession(reader.facts)
        keep = logged.records.append
        numbers = 0
        try:
            for record in reader:
                keep(record)
                numbers += len(record.scores)
                if numbers > MAX_INFERENCES and (
                    len(logged.records) > MAX_INFERENCES or numbers > MAX_NUMBERS
                ):
                    raise LogError(
                        f"{path}, line {record.line}: more than {MAX_INFERENCES} inferences, four "
                        "times the longest list; the rest was not read",
                        record.line,
                    )
        except LogError as error:
            logged.error = error
    return logged
