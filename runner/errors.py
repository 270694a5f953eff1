"""The errors that stop a run before anything is measured, or in the middle of it."""

from __future__ import annotations

from pathlib import Path

from ..errors import (
    EXIT_INTERRUPTED,
    EXIT_SUPPLY_MAY_BE_ON,
    InterruptingError,
    TinyrunnerError,
    UsageError,
)

MAX_TEXT_CHARS = 2000
"""Longest text of a note or an error: a device's line may have many times as much."""


def shortened(text: str) -> str:
    """Return what is shown of a text that may hold anything a device sends."""
    return text if len(text) <= MAX_TEXT_CHARS else f"{text[:MAX_TEXT_CHARS]} …"


class SetupError(UsageError):
    """Says why the run cannot begin as asked (exit 2); nothing was sent to be measured."""


class InUse(SetupError):
    """Says that another process runs or continues this session or campaign at the moment."""


class ResumeError(SetupError):
    """Says why a session cannot be continued; the text names the difference."""


class JournalError(InterruptingError):
    """Says that the journal cannot be written: a full disk, a folder that went away."""


class RunStopped(TinyrunnerError):
    """Says that a run ended before its plan did. The journal keeps what was measured.

    Exit 1; 130 where somebody wanted it to end; 4 where the supply may be on.
    """

    def __init__(
        self,
        session: Path | None,
        reason: str,
        *,
        resumable: bool = True,
        begin_again: str | None = None,
        hopeless: bool = False,
        interrupted: bool = False,
        supply_may_be_on: bool = False,
    ) -> None:
        super().__init__(reason)
        self.session = session
        """The session's folder; None where there was none yet."""
        self.resumable = resumable
        """Whether there is something to continue: the run had come to its first step."""
        self.begin_again = begin_again
        """Why it is begun again although it had come to its first step, where that is so."""
        self.hopeless = hopeless
        """Whether it would end in the same place again, as long as the firmware is as it is."""
        self.interrupted = interrupted
        """Whether somebody wanted it to end: Ctrl-C, a kill."""
        if interrupted:
            self.exit_status = EXIT_INTERRUPTED
        self.supply_may_be_on = supply_may_be_on
        """Whether a supply could not be switched off."""
        if supply_may_be_on:
            self.exit_status = EXIT_SUPPLY_MAY_BE_ON
