"""Showing a run's progress on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

from typing import Protocol, Self


class Reporter(Protocol):
    """Told how a run goes; a run never prints."""

    def note(self, text: str) -> None:
        """Something worth reading now."""

    def begin(self, title: str, total: int, done: int) -> None:
        """A run of ``total`` inputs begins, ``done`` of them measured before."""

    def advance(self, done: int, status: str) -> None:
        """``done`` inputs are measured; ``status`` is what they say so far."""

    def end(self) -> None:
        """The run is over, well or not."""


class QuietReporter:
    """For tests and for callers that want the result alone."""

    def note(self, text: str) -> None:
        pass

    def begin(self, title: str, total: int, done: int) -> None:
        pass

    def advance(self, done: int, status: str) -> None:
        pass

    def end(self) -> None:
        pass


class Running:
    """``with`` support for a reporter's begin and end."""

    def __init__(self, reporter: Reporter, title: str, total: int, done: int) -> None:
        self._reporter, self._arguments = reporter, (title, total, done)

    def __enter__(self) -> Self:
        self._reporter.begin(*self._arguments)
        return self

    def __exit__(self, *_: object) -> None:
        self._reporter.end()
