"""Finds and reads the files of a public data set as a user has them, and says what a builder is."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...models.suite import Task
from ..errors import DatasetError, ProblemList
from ..labels import LabelRow
from ..streaming.sound import Recording

BuiltFile = bytes | DatasetError
"""The bytes of a `.bin` file, or why there are none; the text names the source file."""


@dataclass(frozen=True, slots=True)
class PublicSource:
    """Tells people where the inputs of a task come from."""

    title: str
    url: str
    wanted: str
    """What a builder takes of it."""


PUBLIC_SOURCES: Mapping[str, PublicSource] = MappingProxyType(
    {
        "vww": PublicSource(
            "Visual Wake Words, 96x96 pictures of COCO 2014 and 2017",
            "https://www.silabs.com/public/files/github/machine_learning/benchmarks/datasets/"
            "vw_coco2014_96.tar.gz",
            "the extracted folder (person/, non_person/), or a folder of COCO pictures",
        ),
        "ic": PublicSource(
            "CIFAR-10, Python version",
            "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
            "the archive, or its extracted folder",
        ),
        "kws": PublicSource(
            "Speech Commands v0.02 test set (CC BY 4.0)",
            "http://download.tensorflow.org/data/speech_commands_test_set_v0.02.tar.gz",
            "a folder of wav clips named like the list's files, or any folder of clips with "
            "--index FILE: which clip the official names stand for is not published",
        ),
        "ad": PublicSource(
            "DCASE 2020 task 2 development set, ToyCar (ToyADMOS)",
            "https://zenodo.org/record/3678171",
            "the extracted folder, or its ToyCar/test",
        ),
        "sww": PublicSource(
            "Speech Commands v0.02 (CC BY 4.0) and MUSAN (CC BY 4.0)",
            "http://download.tensorflow.org/data/speech_commands_v0.02.tar.gz and "
            "https://www.openslr.org/17/",
            "a folder that holds both, extracted: 50 clips of `marvin`, 18 files of MUSAN",
        ),
    }
)
"""By the task's key."""


class Builder(Protocol):
    """Makes a task's input files from a public data set."""

    @property
    def task(self) -> Task: ...

    @property
    def batch_size(self) -> int:
        """Says how many files one call of :meth:`convert` should be given."""

    def locate(self, row: LabelRow) -> None:
        """Looks whether the source of a listed file is there; DatasetError says what is missing."""

    def convert(self, rows: Sequence[LabelRow]) -> list[BuiltFile]:
        """Returns the contents of these files, each made or explained."""


def one_by_one(rows: Sequence[LabelRow], make: Callable[[LabelRow], bytes]) -> list[BuiltFile]:
    """Does ``convert`` for a builder that gains nothing from seeing several files at once."""
    outcomes: list[BuiltFile] = []
    for row in rows:
        try:
            outcomes.append(make(row))
        except DatasetError as error:
            outcomes.append(error)
    return outcomes


@dataclass(frozen=True, slots=True)
class SourceFolder:
    """Holds the source files under ``root``, found by what their names stand for, at any depth."""

    root: Path
    _files: Mapping[str, tuple[Path, ...]] = field(repr=False)
    _index: Mapping[str, tuple[str, ...]] | None = field(default=None, repr=False)
    index_path: Path | None = None

    @classmethod
    def open(
        cls,
        root: Path,
        suffixes: tuple[str, ...],
        index: Path | None = None,
        key: Callable[[str], str] = lambda stem: stem,
    ) -> SourceFolder:
        """Reads the folder, once; ``index`` is a csv that says which file makes which `.bin`."""
        if not root.is_dir():
            found = "is a file" if root.exists() else "does not exist"
            raise DatasetError(f"{root}: {found}; expected the folder of the data set's files")
        if index is not None:
            return cls(root, {}, read_index(index), index)
        files: dict[str, list[Path]] = {}
        for folder, folders, names in os.walk(root):
            # A folder named like a file is found too, so that the error is about what is there.
            for name in sorted(folders) + sorted(names):
                path = Path(folder, name)
                if path.suffix.lower() in suffixes and not name.startswith("."):
                    files.setdefault(key(path.stem), []).append(path)
        return cls(root, {name: tuple(sorted(paths)) for name, paths in files.items()})

    def find(
        self, bin_name: str, key: str, wanted: str, *, prefer: str = "", avoid: str = ""
    ) -> Path:
        """Returns the source of ``bin_name``: by the index if there is one, else by ``key``.

        ``wanted`` is what an error calls it. Of several with that name, those in a folder named
        ``prefer`` are taken; what lies in one named ``avoid`` does not count.
        """
        if self._index is not None:
            return self._indexed(bin_name)
        found = [path for path in self._files.get(key, ()) if not self._is_in(path, avoid)]
        if len(found) > 1:
            found = [path for path in found if self._is_in(path, prefer)] or found
        if not found:
            raise DatasetError(f"{bin_name}: no {wanted} in {self.root} or its sub-folders")
        if len(found) > 1:
            raise DatasetError(
                f"{bin_name}: {len(found)} files could be its source, {found[0]} and {found[1]}; "
                "name a narrower folder"
            )
        return found[0]

    def _is_in(self, path: Path, folder: str) -> bool:
        parents = path.relative_to(self.root).parts[:-1]
        return folder.lower() in (part.lower() for part in parents)

    def _indexed(self, bin_name: str) -> Path:
        candidates = (self._index or {}).get(bin_name)
        if candidates is None:
            raise DatasetError(f"{bin_name}: {self.index_path} does not name its source")
        for candidate in candidates:
            path = self.root / candidate
            if path.exists():
                return path
        tried = " nor ".join(str(self.root / candidate) for candidate in candidates)
        raise DatasetError(f"{bin_name}: no {tried}, which {self.index_path} says it is made from")


def read_index(path: Path) -> dict[str, tuple[str, ...]]:
    """Reads which source makes which `.bin`, from a csv such as ``wav,kws01_bin``.

    A row holds one cell ending in `.bin` and one or more paths relative to the data set's folder,
    of which the first that exists counts; the first row may be column names.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except OSError as error:
        raise DatasetError(f"{path}: cannot read the index: {error.strerror or error}") from error
    index: dict[str, tuple[str, ...]] = {}
    problems = ProblemList()
    for number, cells in enumerate(csv.reader(lines), start=1):
        cells = [cell.strip() for cell in cells if cell.strip()]
        names = [cell for cell in cells if cell.endswith(".bin")]
        if not cells or (number == 1 and not names):
            continue
        if len(names) != 1 or len(cells) < 2:
            problems.add(f"{path}:{number}: expected a .bin name and the path it is made from")
        elif names[0] in index:
            problems.add(f"{path}:{number}: {names[0]} is in an earlier row already")
        else:
            index[names[0]] = tuple(cell for cell in cells if cell != names[0])
    problems.raise_if_any()
    return index


def read_wav(path: Path) -> npt.NDArray[np.int16]:
    """Returns the samples of a mono 16-bit clip at 16 kHz; DatasetError for anything else."""
    return Recording.open(path, most_channels=1).whole()
