"""What everybody is asked: inputs of a data set, or the frames of a recording; all or some."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from .....datasets.errors import DatasetError
from .....datasets.inputs import Dataset
from .....datasets.labels import LabelList, LabelRow
from .....datasets.streaming.front_end import HOP_SAMPLES
from .....datasets.streaming.sound import Recording, hops_of
from .....datasets.streaming.wake_word import WakeWordStream
from .answer import GivenInput


class AskedInputs(Protocol):
    """Is what engines and boards are asked."""

    @property
    def folder(self) -> Path:
        """Return where the files are."""

    @property
    def files(self) -> int:
        """Return how many files there are."""

    @property
    def windows(self) -> int:
        """Return how many inferences they are."""

    @property
    def rows(self) -> Sequence[LabelRow]:
        """Return the files with their labels; none where there is nothing to be right about."""

    def given(self) -> Iterator[GivenInput]:
        """Yield each input."""


@dataclass(frozen=True, slots=True)
class DatasetInputs:
    """Asks a data set, in the order of its list."""

    dataset: Dataset

    @property
    def folder(self) -> Path:
        return self.dataset.folder

    @property
    def files(self) -> int:
        return self.dataset.file_count

    @property
    def windows(self) -> int:
        return self.dataset.window_count

    @property
    def rows(self) -> Sequence[LabelRow]:
        return self.dataset.labels.rows

    def given(self) -> Iterator[GivenInput]:
        for window in self.dataset.windows():
            yield GivenInput(window.file, window.offset, self.dataset.read(window))

    def spread(self, count: int | None) -> DatasetInputs:
        """Return ``count`` files at equal distances in the list, or all of them.

        Lists are sorted by class, so that the first files would be of one.
        """
        return self._with(_spread(self.rows, count))

    def only(self, files: Collection[str]) -> DatasetInputs:
        """Return the files with these names."""
        return self._with([row for row in self.rows if row.file in files])

    def _with(self, rows: Sequence[LabelRow]) -> DatasetInputs:
        labels = LabelList.of(rows, self.dataset.labels.source)
        return DatasetInputs(replace(self.dataset, labels=labels))


@dataclass(frozen=True, slots=True)
class RecordedFrames:
    """Asks what a device of sww hears: the features of the last 30 hops of sound, hop by hop."""

    folder: Path
    recordings: tuple[Recording, ...]
    most: int | None = None
    """Frames, at equal distances; None: all."""

    @classmethod
    def of(cls, folder: Path, most: int | None) -> RecordedFrames:
        """Open the wav files of a folder; DatasetError where there are none."""
        try:
            paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".wav")
        except OSError as error:
            why = error.strerror or error
            raise DatasetError(f"{folder}: cannot list the folder: {why}") from error
        if not paths:
            raise DatasetError(f"{folder}: no recording to listen to; expected wav files")
        return cls(folder, tuple(map(Recording.open, paths)), most)

    @property
    def files(self) -> int:
        return len(self.recordings)

    @property
    def windows(self) -> int:
        return len(self._chosen())

    @property
    def rows(self) -> Sequence[LabelRow]:
        return ()

    def given(self) -> Iterator[GivenInput]:
        chosen, frame = set(self._chosen()), 0
        for recording in self.recordings:
            heard: list[bytes] = []

            def keep(data: bytes, heard: list[bytes] = heard) -> tuple[int, ...]:
                heard.append(data)
                return (-128, -128, -128)  # nobody is told of it

            stream = WakeWordStream(keep)
            for hops in hops_of(recording.pieces(), HOP_SAMPLES):
                for each in stream.hear(hops):
                    data = heard.pop()
                    if frame in chosen:
                        yield GivenInput(recording.path.name, each.index, data)
                    frame += 1

    def _chosen(self) -> Sequence[int]:
        frames = sum(recording.samples // HOP_SAMPLES for recording in self.recordings)
        return _spread(range(frames), self.most)


_Item = TypeVar("_Item")


def _spread(items: Sequence[_Item], count: int | None) -> Sequence[_Item]:
    if count is None or count >= len(items):
        return items
    return [items[place * len(items) // count] for place in range(count)]
