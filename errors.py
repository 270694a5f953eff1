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
│       └── ResumeError
├── WireLogError
├── WouldCrash
└── YamlError
"""

from __future__ import annotations

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
    """Return what an error says; the system's own without its number, and with the file first."""
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


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
