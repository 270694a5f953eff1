"""Keeps what a run has measured; the history is opened before the run begins."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ....errors import TinyrunnerError, in_words
from .database import HistoryError
from .entries import read_entries
from .figures import Labels, parse_labels
from .store import Added, History


class Keeper:
    """Adds sessions to a history with the same labels."""

    def __init__(self, history: History, labels: Labels) -> None:
        self._history = history
        self._labels = labels

    @classmethod
    def open(cls, place: str, tags: Sequence[str]) -> Keeper:
        """Open the history, so that one that cannot be written is told before anything is run."""
        return cls(History.open(place, create=True), parse_labels(tags))

    def keep(self, folders: Sequence[Path]) -> None:
        """Add sessions; HistoryError, with how to add them later, where one is not kept."""
        reasons = []
        try:
            additions = self._history.add(read_entries(folders, self._labels))
            reasons = [each.reason for each in additions if each.added is Added.REFUSED]
        except (TinyrunnerError, OSError) as error:
            reasons = [in_words(error)]
        if reasons:
            raise HistoryError(
                f"{'; '.join(reasons)}; nothing that was measured is lost: `tinyrunner history add "
                f"{' '.join(map(str, folders))}` adds it later"
            )
