"""Reads the test batch of CIFAR-10 without trusting it.

The batch is a Python pickle, `cifar-10-batches-py/test_batch` of `cifar-10-python.tar.gz`: a
dictionary with ``b"data"`` (10000 x 3072 bytes: the red plane, the green one, the blue one, each
row by row), ``b"filenames"`` and ``b"labels"``.

A pickle may call whatever it names. This reader resolves the few names that arrays need and gives
each a stand-in of its own, which keeps the array's bytes and does nothing else; any other name is
refused.
"""

from __future__ import annotations

import io
import lzma
import pickle
import tarfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DatasetError

ARCHIVE = "cifar-10-python.tar.gz"
BATCH = "test_batch"
BATCH_FOLDER = "cifar-10-batches-py"

RECORD_BYTES = 3 * 32 * 32

_MAX_BATCH_BYTES = 256 << 20
"""The real one has 31 MB; an archive that unpacks to more than this is something else."""


@dataclass(frozen=True, slots=True)
class CifarBatch:
    """A batch has pictures, filenames and labels, which belong together row by row."""

    origin: str
    """What to call it in errors: the file, or the archive and the member."""
    pictures: npt.NDArray[np.uint8] = field(repr=False)
    """(record, byte), planes one after the other."""
    filenames: tuple[str, ...] = field(repr=False)
    labels: tuple[int, ...] = field(repr=False)


def read_batch(source: Path) -> CifarBatch:
    """Returns the batch in the archive, the extracted folder, or the folder that holds either."""
    origin, data = _read_pickle(source)
    return _unpickled(data, origin)


def _read_pickle(source: Path) -> tuple[str, bytes]:
    """Returns the pickle and what to call it in errors."""
    if not source.exists():
        raise DatasetError(f"{source}: no such file; expected {ARCHIVE} or its extracted folder")
    if source.is_dir():
        tried = [source / BATCH, source / BATCH_FOLDER / BATCH, source / ARCHIVE]
        found = next((path for path in tried if path.exists()), None)
        if found is None:
            raise DatasetError(f"{source}: holds neither {BATCH}, {BATCH_FOLDER} nor {ARCHIVE}")
        source = found
    if source.is_dir():
        raise DatasetError(f"{source}: a folder, expected a file")
    try:
        if source.name == BATCH:
            with source.open("rb") as file:
                data = file.read(_MAX_BATCH_BYTES + 1)
            origin = str(source)
        else:
            origin, data = _extract(source)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise DatasetError(
            f"{source}: not a whole tar archive such as {ARCHIVE}: {error}"
        ) from error
    except OSError as error:
        raise DatasetError(f"{source}: cannot read it: {error.strerror or error}") from error
    if len(data) > _MAX_BATCH_BYTES:
        raise DatasetError(f"{origin}: more than {_MAX_BATCH_BYTES >> 20} MB, no batch of CIFAR-10")
    return origin, data


def _extract(archive: Path) -> tuple[str, bytes]:
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.rpartition("/")[2] == BATCH:
                file = tar.extractfile(member) if member.isreg() else None
                if file is None:
                    raise DatasetError(f"{archive}: {member.name} in it is not a file")
                return f"{archive}:{member.name}", file.read(_MAX_BATCH_BYTES + 1)
    raise DatasetError(f"{archive}: the archive holds no {BATCH_FOLDER}/{BATCH}")


def _unpickled(data: bytes, origin: str) -> CifarBatch:
    try:
        batch = _BatchUnpickler(io.BytesIO(data), encoding="bytes").load()
        array = _entry(batch, "data")
        if not isinstance(array, _Array):
            raise pickle.UnpicklingError("its data are no array")
        pictures = array.pixels()
        filenames = tuple(_text(name) for name in _list(batch, "filenames"))
        labels = tuple(int(label) for label in _list(batch, "labels"))
    except (
        pickle.UnpicklingError,
        EOFError,
        AttributeError,
        ImportError,
        IndexError,
        KeyError,
        TypeError,
        ValueError,
        OverflowError,
        MemoryError,
    ) as error:  # what a damaged pickle may end in
        reason = str(error) or type(error).__name__
        raise DatasetError(f"{origin}: not a batch of CIFAR-10: {reason}") from error
    if not len(pictures) == len(filenames) == len(labels):
        raise DatasetError(
            f"{origin}: {len(pictures)} pictures, {len(filenames)} filenames and {len(labels)} "
            "labels do not belong together"
        )
    return CifarBatch(origin, pictures, filenames, labels)


def _entry(batch: object, key: str) -> object:
    if not isinstance(batch, dict):
        raise pickle.UnpicklingError(f"it holds no dictionary but a {type(batch).__name__}")
    for name in (key.encode(), key):
        if name in batch:
            return batch[name]
    raise pickle.UnpicklingError(f"it has no entry {key!r}")


def _list(batch: object, key: str) -> list[Any]:
    value = _entry(batch, key)
    if not isinstance(value, list):
        raise pickle.UnpicklingError(f"its {key} are no list")
    return value


def _text(name: object) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


class _Array:
    """Stands for a numpy array: its shape and its bytes."""

    def __init__(self) -> None:
        self._shape: object = None
        self._dtype: object = None
        self._fortran: object = False
        self._data: object = b""

    def __setstate__(self, state: object) -> None:
        """Takes version, shape, dtype, column-major or not, and bytes, as an ndarray does."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise pickle.UnpicklingError("an array in an unknown form")
        _, self._shape, self._dtype, self._fortran, self._data = state

    @classmethod
    def from_buffer(cls, data: object, dtype: object, shape: object, order: object) -> _Array:
        """Stands for numpy's ``_frombuffer``, which pickles of protocol 5 call."""
        array = cls()
        array.__setstate__((1, shape, dtype, order != "C", data))
        return array

    def pixels(self) -> npt.NDArray[np.uint8]:
        if not isinstance(self._dtype, _DType) or self._dtype.code not in ("u1", "|u1"):
            raise pickle.UnpicklingError("the pictures are not unsigned bytes")
        if self._fortran or not isinstance(self._data, bytes | bytearray):
            raise pickle.UnpicklingError("the pictures are not stored row by row")
        count = len(self._data) // RECORD_BYTES
        if self._shape != (count, RECORD_BYTES) or len(self._data) != count * RECORD_BYTES:
            raise pickle.UnpicklingError(
                f"expected {RECORD_BYTES} bytes a picture, found an array of {self._shape} in "
                f"{len(self._data)} bytes"
            )
        return np.frombuffer(self._data, np.uint8).reshape(count, RECORD_BYTES)


class _DType:
    """Stands for a numpy dtype: its code."""

    def __init__(self, code: object, *_: object) -> None:
        self.code = code.decode("ascii") if isinstance(code, bytes) else code

    def __setstate__(self, state: object) -> None:
        """Drops byte order and the like, for a byte has none."""


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _encode(text: object, encoding: object) -> bytes:
    """Stands for what Python 3 calls in pickles of bytes that Python 2 can read."""
    if not isinstance(text, str) or encoding not in ("latin1", b"latin1"):
        raise pickle.UnpicklingError("text in an unknown encoding")
    return text.encode("latin1")


_STAND_INS: Mapping[tuple[str, str], Callable[..., object]] = MappingProxyType(
    {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _DType,
        ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
        ("numpy.core.numeric", "_frombuffer"): _Array.from_buffer,
        ("numpy._core.numeric", "_frombuffer"): _Array.from_buffer,
        ("_codecs", "encode"): _encode,
    }
)


class _BatchUnpickler(pickle.Unpickler):
    """Resolves nothing but the stand-ins."""

    def find_class(self, module: str, name: str) -> Callable[..., object]:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which no batch of CIFAR-10 does: not loading it"
            ) from None
