"""Makes vww01 inputs from COCO pictures: 96x96 pixels, interleaved RGB, from the upper left.

The list names COCO ids: ``000000343218.bin`` is made from ``000000343218.jpg`` or, as in the
extracted VWW set (vw_coco2014_96), ``person/COCO_val2014_000000343218.jpg``, at any depth.

A picture of 96x96 is taken as it is, so the official files come from the extracted set only. A
larger one is resized as a whole, without keeping its proportions, by Pillow's BILINEAR (a triangle
over all the pixels that go into one): like the official pictures, which scikit-image made with a
bilinear filter behind a Gaussian and which then went through JPEG, but not equal to them.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ...models.suite import VWW, Task
from ..errors import DatasetError
from ..labels import LabelRow
from .source_files import BuiltFile, SourceFolder, one_by_one

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp")
_FORMATS = ("JPEG", "PNG", "BMP")

_HEIGHT, _WIDTH, _ = VWW.input_shape
_ID = re.compile(r"[0-9]{12}$")
_FOLDERS = ("non_person", "person")
"""Where the extracted set keeps the pictures of each label."""


@dataclass(frozen=True, slots=True)
class VwwBuilder:
    """Makes vww01 files from a folder of pictures."""

    folder: SourceFolder
    pillow: ModuleType

    task: Task = VWW
    batch_size: int = 16

    @classmethod
    def open(cls, source: Path, index: Path | None = None) -> VwwBuilder:
        return cls(SourceFolder.open(source, SUFFIXES, index, _coco_id), _pillow())

    def locate(self, row: LabelRow) -> None:
        self._source(row)

    def convert(self, rows: Sequence[LabelRow]) -> list[BuiltFile]:
        return one_by_one(rows, self._make)

    def _make(self, row: LabelRow) -> bytes:
        return _pixels(self.pillow, self._source(row))

    def _source(self, row: LabelRow) -> Path:
        stem = row.file.removesuffix(".bin")
        wanted = f"picture whose name ends in {stem} (.jpg, .png or .bmp)"
        return self.folder.find(row.file, _coco_id(stem), wanted, prefer=_FOLDERS[row.label])


def _coco_id(stem: str) -> str:
    """Returns the twelve digits at the end of a name; a name without them stands for itself."""
    digits = _ID.search(stem)
    return digits.group() if digits else stem


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ImportError as error:
        raise DatasetError(
            "making the inputs of vww needs Pillow: pip install 'tinyrunner[build]'"
        ) from error
    return Image


def _pixels(pillow: ModuleType, path: Path) -> bytes:
    if path.is_dir():
        raise DatasetError(f"{path}: a folder, expected a picture")
    try:
        with pillow.open(path, formats=_FORMATS) as picture:
            width, height = picture.size
            if width < _WIDTH or height < _HEIGHT:
                raise DatasetError(f"{path}: {width}x{height} pixels, expected at least 96x96")
            picture = picture.convert("RGB")
            if picture.size != (_WIDTH, _HEIGHT):
                picture = picture.resize((_WIDTH, _HEIGHT), pillow.Resampling.BILINEAR)
            data: bytes = picture.tobytes()
    except pillow.UnidentifiedImageError as error:
        raise DatasetError(f"{path}: no JPEG, PNG or BMP picture") from error
    except (
        OSError,
        EOFError,
        SyntaxError,
        ValueError,
        TypeError,
        IndexError,
        struct.error,
        zlib.error,
        pillow.DecompressionBombError,
    ) as error:  # what Pillow's decoders raise on damaged files
        raise DatasetError(f"{path}: cannot read the picture: {error}") from error
    return data
