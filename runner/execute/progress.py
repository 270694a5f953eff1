"""The interface by which a run tells how it goes; the terminal decides how to show it."""

from __future__ import annotations

from typing import Protocol, Self


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


class QuietReporter:
    """Keeps quiet, for tests and for callers that want the result alone."""

    def note(self, text: str) -> None:
        pass

    def begin(self, title: str, total: int, done: int) -> None:
        pass

    def advance(self, done: int, status: str) -> None:
        pass

    def end(self) -> None:
        pass


class Running:
    """Gives ``with`` support to a reporter's begin and end."""

    def __init__(self, reporter: Reporter, title: str, total: int, done: int) -> None:
        self._reporter, self._arguments = reporter, (title, total, done)

    def __enter__(self) -> Self:
        self._reporter.begin(*self._arguments)
        return self

    def __exit__(self, *_: object) -> None:
        self._reporter.end()
