"""What everybody is asked: inputs of a data set, all of them or some from all over its list."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from .....datasets.inputs import Dataset, InputWindow
from .....datasets.labels import LabelList
from .answer import GivenInput


def spread(dataset: Dataset, count: int | None) -> Dataset:
    """Return a set of ``count`` files at equal distances in the list, or of all of them.

    Lists are sorted by class, so that the first files would be of one.
    """
    rows = dataset.labels.rows
    if count is None or count >= len(rows):
        return dataset
    chosen = [rows[place * len(rows) // count] for place in range(count)]
    return replace(dataset, labels=LabelList.of(chosen, dataset.labels.source))


def only(dataset: Dataset, files: Collection[str]) -> Dataset:
    """Return the set of the files with these names."""
    rows = [row for row in dataset.labels.rows if row.file in files]
    return replace(dataset, labels=LabelList.of(rows, dataset.labels.source))


def given_inputs(dataset: Dataset) -> Iterator[tuple[InputWindow, GivenInput]]:
    """Yield each window with its bytes, in the order of the list."""
    for window in dataset.windows():
        yield window, GivenInput(window.file, window.offset, dataset.read(window))
