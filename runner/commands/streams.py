"""A stdout whose failures have its name, and a stderr that ends no command.

What nobody can read any more is no reason to stop measuring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO


class Named:
    """Writes to a stream; what the system refuses has its name, as that of a file has."""

    def __init__(self, stream: Any, name: str) -> None:  # noqa: ANN401, of text or of bytes
        self._stream = stream
        self._name = name

    def write(self, data: str | bytes) -> int:
        written: int = self._try(self._stream.write, data)
        return written

    def flush(self) -> None:
        self._try(self._stream.flush)

    @property
    def buffer(self) -> Named:
        """Return the stream of bytes, under the same name."""
        return Named(self._stream.buffer, self._name)

    def _try(self, call: Callable[..., Any], *arguments: str | bytes) -> Any:  # noqa: ANN401
        try:
            return call(*arguments)
        except OSError as error:
            error.filename = self._name
            raise

    def __getattr__(self, name: str) -> object:
        """Be the stream in all else: its encoding, whether it is a terminal."""
        return getattr(self._stream, name)


class Unfailing:
    """Writes to a stream as long as that works, and to nothing from then on.

    A terminal that was closed, a pipe whose reader went away, a log file on a full disk.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._works = True

    def write(self, text: str) -> int:
        return self._try(self._stream.write, text) or len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, call: Callable[..., int | None], *arguments: str) -> int | None:
        if self._works:
            try:
                return call(*arguments)
            except (OSError, ValueError):  # the latter: it was closed in this process
                self._works = False
        return None

    def __getattr__(self, name: str) -> object:
        """Be the stream in all else: its encoding, whether it is a terminal."""
        return getattr(self._stream, name)
