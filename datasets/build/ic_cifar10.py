"""Makes ic01 inputs from the test batch of CIFAR-10: 32x32 pixels, interleaved RGB.

``emu_s_002009.bin`` is the record whose filename is ``emu_s_002009.png``, with its three planes
interleaved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ...models.suite import IC, Task
from ..errors import DatasetError
from ..labels import LabelRow
from .cifar10_batch import CifarBatch, read_batch
from .source_files import BuiltFile, one_by_one

_HEIGHT, _WIDTH, _CHANNELS = IC.input_shape


@dataclass(frozen=True, slots=True)
class IcBuilder:
    """Makes ic01 files from the test batch."""

    batch: CifarBatch
    records: Mapping[str, tuple[int, ...]] = field(repr=False)
    """Records by filename, without its `.png`."""

    task: Task = IC
    batch_size: int = 16

    @classmethod
    def open(cls, source: Path, index: Path | None = None) -> IcBuilder:
        """Opens ``source``: the archive, the extracted folder, or the folder that holds either."""
        if index is not None:
            raise DatasetError("ic takes no index: the records of CIFAR-10 have the files' names")
        batch = read_batch(source)
        records: dict[str, tuple[int, ...]] = {}
        for record, name in enumerate(batch.filenames):
            stem = name.removesuffix(".png")
            records[stem] = (*records.get(stem, ()), record)
        return cls(batch, MappingProxyType(records))

    def locate(self, row: LabelRow) -> None:
        self._record(row)

    def convert(self, rows: Sequence[LabelRow]) -> list[BuiltFile]:
        return one_by_one(rows, self._make)

    def _make(self, row: LabelRow) -> bytes:
        planes = self.batch.pictures[self._record(row)].reshape(_CHANNELS, _HEIGHT, _WIDTH)
        data: bytes = planes.transpose(1, 2, 0).tobytes()
        return data

    def _record(self, row: LabelRow) -> int:
        name = row.file.removesuffix(".bin") + ".png"
        records = self.records.get(row.file.removesuffix(".bin"), ())
        if len(records) != 1:
            found = f"{len(records)} records are" if records else "no record is"
            raise DatasetError(f"{row.file}: {found} called {name} in {self.batch.origin}")
        (record,) = records
        if self.batch.labels[record] != row.label:
            raise DatasetError(
                f"{row.file}: the list says label {row.label}, {name} in {self.batch.origin} has "
                f"{self.batch.labels[record]}"
            )
        return record
