"""The interface by which a run tells how it goes; the terminal decides how to show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Reporter(Protocol):
    """Is told how a run goes; a run never prints."""

    def note(self, text: str) -> None:
        """Take something worth reading now."""

    def begin(self, title: str, total: int, done: int) -> None:
        """Begin a run of ``total`` inputs, ``done`` of them measured before."""

    def advance(self, done: int, status: str) -> None:
        """Take it that ``done`` inputs are measured; ``status`` is what they say so far."""

    def end(self) -> None:
        """End: the run is over, well or not."""


class QuietReporter(Reporter):
    """Keeps quiet, for callers that want the result alone."""

    def note(self, text: str) -> None:
        return

    def begin(self, title: str, total: int, done: int) -> None:
        return

    def advance(self, done: int, status: str) -> None:
        return

    def end(self) -> None:
        return


@contextmanager
def running(reporter: Reporter, title: str, total: int, done: int) -> Iterator[None]:
    """Tell the reporter of the beginning, and of the end whatever comes in between."""
    reporter.begin(title, total, done)
    try:
        yield
    finally:
        reporter.end()
