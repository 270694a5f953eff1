"""Reports what is wrong with the inputs of a task: all of it at once."""

from __future__ import annotations

from ..errors import InterruptingError

MAX_LISTED = 20
"""Problems shown one a line; of a list that is wrong throughout, the first ones tell enough."""


class DatasetError(InterruptingError):
    """A label list or a folder of inputs cannot be used; says which file, and which line."""

    exit_status = 2


class ProblemList:
    """Collects problems, keeps the first :data:`MAX_LISTED` and counts the rest."""

    __slots__ = ("_count", "_lines")

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._count = 0

    def add(self, problem: str) -> None:
        if self._count < MAX_LISTED:
            self._lines.append(problem)
        self._count += 1

    def raise_if_any(self, headline: str | None = None) -> None:
        """Raises them as one :class:`DatasetError`, under a headline if there is one."""
        if not self._count:
            return
        lines = list(self._lines) if headline is None else [headline, *self._lines]
        if self._count > len(self._lines):
            lines.append(f"and {self._count - len(self._lines)} more")
        raise DatasetError("\n".join(lines))
