"""The campaign's journal: a line of JSON for each thing that happened, from which it is resumed.

Every line is on the disk before the campaign goes on; one that a kill cut short is left out when
the journal is read. What a line tells is one of the events below.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from socket import gethostname
from types import TracebackType
from typing import Any, Self

from ...errors import JournalError, ResumeError

NAME = "campaign.jsonl"

STARTED = "started"
"""A campaign's process begins to write, on `host`."""
ENDED = "ended"
"""It has come to its end, with every board left."""
BEGAN = "began"
HOOK = "hook"
CHECKED = "checked"
FINISHED = "finished"
FAILED = "failed"
INTERRUPTED = "interrupted"
RETURNED = "returned"
"""A cell that failed is given back, to be tried on another board with the same tags."""

Event = Mapping[str, Any]
"""What happened: `event`, the `cell` it happened to, and more by the kind of event."""


class CampaignJournal:
    """Appends events to the journal in a campaign's folder."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("ab")
            if self._file.tell() and not _ends_whole(self.path):
                self._file.write(b"\n")  # what a kill cut short stays a line of its own
        except OSError as error:
            raise self._cannot(error) from error

    def write(self, event: Event) -> None:
        """Append an event, with the time; JournalError where that cannot be written."""
        stamped = {"time": datetime.now(UTC).astimezone().isoformat(timespec="seconds"), **event}
        try:
            self._file.write(json.dumps(stamped, ensure_ascii=False).encode() + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._cannot(error) from error

    def _cannot(self, error: OSError) -> JournalError:
        return JournalError(
            f"cannot write the campaign's journal {self.path}: {error.strerror or error}; see to "
            "the disk, then --resume"
        )

    def __enter__(self) -> Self:
        self.write({"event": STARTED, "host": gethostname()})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with contextlib.suppress(JournalError):  # a full disk was told where it mattered
            self.write({"event": ENDED})
        self._file.close()


def running_elsewhere(events: Iterable[Event]) -> str:
    """Return another host whose process may still run the campaign; empty where there is none.

    Locks are a computer's own, and a process that was killed has not said that it ended.
    """
    host = ""
    for event in events:
        if event["event"] in (STARTED, ENDED):
            host = str(event.get("host", ""))
    return "" if host == gethostname() else host


def read_events(folder: Path) -> Iterator[Event]:
    """Yield the events of a campaign's journal; ResumeError where there is none."""
    path = folder / NAME
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ResumeError(
            f"{folder} holds no campaign that could be resumed ({path.name}: "
            f"{error.strerror or error}); begin it without --resume"
        ) from error
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # the last line before a kill, or before the power failed
            continue
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            yield event


def finished_sessions(events: Iterator[Event], folder: Path) -> dict[str, Path]:
    """Return the sessions of the cells that came to their end, by the cells' keys."""
    done: dict[str, Path] = {}
    for event in events:
        key, session = event.get("cell"), event.get("session")
        if event["event"] == FINISHED and isinstance(key, str) and isinstance(session, str):
            place = folder / session
            if place.is_dir():
                done[key] = place
    return done


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
