"""The errors of tinyrunner as one family, so that a caller may catch all of it or one branch.

A number is the exit status with which the command line ends; a branch without one has that of its
parent. Where a class stands, its own docstring says what it means.

TinyrunnerError 1
├── BlockError
├── BuildFailed
├── CannotTry
├── CommandError
├── ExportError
├── ExtensionError
├── FetchError
├── GraphError
├── HistoryError
├── InterruptingError
│   ├── DatasetError 2
│   ├── DutError
│   │   ├── DutFault
│   │   │   ├── DutProtocolError
│   │   │   ├── DutRebooted
│   │   │   ├── DutReportedError
│   │   │   └── DutTimeout
│   │   ├── FirmwareFault
│   │   ├── LinkError
│   │   │   ├── PortAbsent
│   │   │   ├── PortBusy
│   │   │   └── PortForbidden
│   │   ├── LinkFlooded
│   │   └── OutOfStep
│   ├── JournalError
│   ├── ModelFailed
│   ├── MonitorError
│   │   ├── MonitorRefused
│   │   │   └── DriverAbsent
│   │   ├── MonitorTimeout
│   │   ├── SamplesLost
│   │   └── SupplyMayBeOn 4
│   └── TraceError
├── LogError
├── NoAnswersError
├── NoCompiler
├── NoTraceError
├── ProbeStopped
├── RunStopped
├── ScoreError
├── ScpiError
├── SystemJsonError
├── TooLarge
├── TwoValuesError
├── Unreadable
├── UsageError 2
│   ├── ConfigError
│   ├── DemoError
│   ├── EngineUnavailable
│   ├── ModelError
│   ├── RoundsError
│   ├── ScriptError
│   └── SetupError
│       ├── BuildError
│       ├── InUse
│       ├── LabgridError
│       │   ├── NoCoordinator
│       │   ├── PlaceGone
│       │   ├── PlaceHeld
│       │   └── PlaceRefused
│       └── ResumeError
├── WireLogError
├── WouldCrash
└── YamlError
"""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

EXIT_SUPPLY_MAY_BE_ON = 4
EXIT_INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""


class TinyrunnerError(Exception):
    """Says that something known went wrong; its text is for a person."""

    exit_status: int = 1
    """The command line's exit status. 1: it failed; 2: usage or configuration; 4: a supply may be
    on; 130: interrupted. (3, finished but not good, is no error.)"""

    def __init__(
        self, message: str = "", line: int | None = None, file: str | Path | None = None
    ) -> None:
        super().__init__(message)
        self.line = line
        """The line at fault, from 1, where there is one."""
        self.file = None if file is None else Path(file)
        """The file at fault, where there is one."""


def may_be_on(error: Exception) -> bool:
    """Tell whether an error says that the supply of a device may be on."""
    return getattr(error, "exit_status", None) == EXIT_SUPPLY_MAY_BE_ON


def in_words(error: Exception) -> str:
    """Return what an error says; the system's without its number: file, what it is, advice."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    place = "" if error.filename is None else f"{error.filename}: "
    advice = _ADVICE.get(error.errno or 0)
    return f"{place}{error.strerror}{f'; {advice}' if advice else ''}"


_ADVICE = {
    errno.EROFS: "nothing can be written there: name another place",
    errno.EACCES: "see who may read and write it, or name another place",
    errno.EPERM: "see who may read and write it, or name another place",
    errno.ENOSPC: "free some space, or name a place on another disk",
    getattr(errno, "EDQUOT", errno.ENOSPC): "free some space, or name a place on another disk",
    errno.ENOENT: "there is no such place: look at the name",
    errno.ENOTDIR: "a file stands where a folder has to be: name another place",
    errno.EISDIR: "a folder stands where a file has to be: name a file",
    errno.EEXIST: "name another, or move it away",
    errno.ENAMETOOLONG: "name a shorter place",
    errno.EIO: "the disk cannot be read or written there: look at its cable and its health",
}
"""What to try, by what the system refused."""


def closest(word: str, known: Iterable[str]) -> str:
    """Return `; did you mean x?`, or nothing where no known word is near."""
    import difflib  # here: only who has made a mistake waits for it

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


class UsageError(TinyrunnerError):
    """Says that what was asked for cannot be done as asked; nothing was sent to a device."""

    exit_status = 2


class InterruptingError(TinyrunnerError):
    """Ends a run in its middle; what was measured by then stays on disk."""
