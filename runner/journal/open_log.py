"""Opens a log in either of the field's two dialects, told apart by its content."""

from __future__ import annotations

import re
from pathlib import Path

from ...models.suite import Task
from ..terms import Dialect
from .dialects.eembc import EembcReader
from .dialects.mlcommons import MlcommonsReader
from .reader import LogError, LogReader, Observer
from .stamps import EEMBC_STAMP, MLCOMMONS_STAMP

__all__ = ["EembcReader", "LogError", "LogReader", "MlcommonsReader", "open_log", "sniff"]

_SNIFFED_BYTES = 1 << 20
"""Bytes that are looked at: device noise may stand before the first line of the log proper."""

_SOURCES = rb" (?:session|parser|sequencer|dut|io|ib|emon|pnp): "
_EEMBC = re.compile(rb"^" + EEMBC_STAMP + _SOURCES, re.M)
_MLCOMMONS = re.compile(rb"^(?:Logging initialized\.|" + MLCOMMONS_STAMP + rb" +ulp-ml)", re.M)


def open_log(
    path: Path,
    *,
    resuming: bool = False,
    observe: Observer | None = None,
    merge_json: bool = True,
    task: Task | None = None,
    sound: bool = True,
) -> LogReader:
    """Return a reader for the log at ``path``, by what stands in it, as a context manager.

    ``observe`` sees the log's bytes on the way. ``merge_json`` takes the numbers of a results.json
    that stands beside an MLCommons log; without it the records are what the log itself prints.
    ``task`` is whose log it is, where it may not say so itself. ``sound`` leaves out what stands
    behind damage to a log of our own; its facts tell of it.

    ``resuming`` is for a runner that is about to continue the session: what holds no whole line is
    the beginning of a log of ours.
    """
    dialect = sniff(path)
    if dialect is Dialect.EEMBC:
        return EembcReader(path, observe=observe, sound=sound)
    if dialect is Dialect.MLCOMMONS:
        return MlcommonsReader(path, observe=observe, merge_json=merge_json, task=task)
    if resuming:  # our own journal, killed within its first line
        return EembcReader(path, observe=observe)
    raise LogError(
        f"{path} is no session log: expected lines like `00086.889 session: m-session-start-id[…]` "
        "(EEMBC) or `Logging initialized. …` (MLCommons); give the session's log.txt"
    )


def sniff(path: Path) -> Dialect | None:
    """Return a log's dialect, by what stands in its beginning; None where it is no log."""
    try:
        with path.open("rb") as stream:
            head = stream.read(_SNIFFED_BYTES)
    except OSError as error:
        raise LogError(f"cannot read the log {path}: {error.strerror}") from error
    eembc = _EEMBC.search(head)
    if _MLCOMMONS.search(head, 0, eembc.start() if eembc else len(head)):
        return Dialect.MLCOMMONS
    return None if eembc is None else Dialect.EEMBC
