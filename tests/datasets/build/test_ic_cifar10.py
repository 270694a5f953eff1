from __future__ import annotations

import io
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest
from support.clips import labels_of
from tinyrunner.datasets.build.build_dataset import build_dataset, open_builder
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.models.suite import IC

NAMES = ("emu_s_002009", "taxi_s_001241", "accentor_s_001031")
LABELS = labels_of(IC, [f"{name}.bin" for name in NAMES], label=2)
PICTURES = np.random.default_rng(3).integers(0, 256, (4, 32, 32, 3), np.uint8)
PLANES = np.ascontiguousarray(PICTURES.transpose(0, 3, 1, 2)).reshape(4, 3072)


def batch(**changes: object) -> dict[bytes, object]:
    filenames = [b"other_s_000001.png", *(f"{name}.png".encode() for name in NAMES)]
    entries = {"data": PLANES, "filenames": filenames, "labels": [5, 2, 2, 2]} | changes
    return {key.encode(): value for key, value in entries.items() if value is not None}


def python_2_pickle() -> bytes:
    """Opcode by opcode what cPickle of Python 2 wrote, as the real archive has it."""

    def short(data: bytes) -> bytes:
        return b"U" + bytes([len(data)]) + data

    def number(value: int) -> bytes:
        return b"K" + bytes([value])

    raw = b"T" + struct.pack("<i", PLANES.nbytes) + PLANES.tobytes()
    dtype = (
        b"cnumpy\ndtype\n(" + short(b"u1") + number(0) + number(1) + b"tR("
        + number(3) + short(b"|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" + number(0) + b"tb"
    )  # fmt: skip
    array = (
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + number(0) + b"\x85"
        + short(b"b") + b"tR(" + number(1) + b"(" + number(4) + b"M\x00\x0ct" + dtype + b"\x89"
        + raw + b"tb"
    )  # fmt: skip
    names = b"](" + b"".join(short(name) for name in batch()[b"filenames"]) + b"e"
    labels = b"](" + b"".join(number(label) for label in (5, 2, 2, 2)) + b"e"
    return (
        b"\x80\x02}(" + short(b"batch_label") + short(b"testing batch 1 of 1")
        + short(b"data") + array + short(b"filenames") + names + short(b"labels") + labels + b"u."
    )  # fmt: skip


def archive(path: Path, data: bytes, member: str = "cifar-10-batches-py/test_batch") -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in (("cifar-10-batches-py/readme.html", b"x"), (member, data)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def made(source: Path) -> list[bytes | DatasetError]:
    return open_builder(IC, source).convert(LABELS.rows)


def refusal(source: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        open_builder(IC, source)
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
def test_the_planes_are_interleaved_byte_for_byte(tmp_path: Path, protocol: int) -> None:
    path = archive(tmp_path / "cifar-10-python.tar.gz", pickle.dumps(batch(), protocol))
    build_dataset(open_builder(IC, path), LABELS, tmp_path)
    for index, name in enumerate(NAMES, start=1):
        assert (tmp_path / "ic01" / f"{name}.bin").read_bytes() == PICTURES[index].tobytes()


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    loaded = pickle.loads(python_2_pickle(), encoding="bytes")  # it is a pickle for Python, too
    assert np.array_equal(loaded[b"data"], PLANES)
    path = archive(tmp_path / "any name.tgz", python_2_pickle())
    assert made(path) == [picture.tobytes() for picture in PICTURES[1:]]


@pytest.mark.parametrize("where", ["folder", "above", "file", "archive's folder"])
def test_the_extracted_folder_does_as_well(tmp_path: Path, where: str) -> None:
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    if where == "archive's folder":
        archive(tmp_path / "cifar-10-python.tar.gz", pickle.dumps(batch()))
    else:
        (folder / "test_batch").write_bytes(pickle.dumps(batch()))
    sources = {"folder": folder, "file": folder / "test_batch"}
    assert made(sources.get(where, tmp_path)) == [picture.tobytes() for picture in PICTURES[1:]]


def test_a_pickle_that_names_anything_else_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / "was here",)

    path = tmp_path / "test_batch"
    path.write_bytes(pickle.dumps(batch(labels=Evil())))
    assert "not loading it" in refusal(path)
    for evil in (b"cos\nsystem\n(S'true'\ntR.", b"cbuiltins\neval\n(S'1'\ntR."):
        path.write_bytes(evil)
        assert "which no batch of CIFAR-10 does: not loading it" in refusal(path)
    assert not (tmp_path / "was here").exists()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"data": None}, "no entry 'data'"),
        ({"filenames": None}, "no entry 'filenames'"),
        ({"data": PLANES[:3]}, "3 pictures, 4 filenames and 4 labels"),
        ({"data": PLANES.astype(np.int16)}, "not unsigned bytes"),
        ({"data": PLANES.reshape(4, 3, 1024)}, "expected 3072 bytes a picture"),
        ({"data": np.asfortranarray(PLANES)}, "not stored row by row"),
        ({"data": [1, 2]}, "its data are no array"),
        ({"labels": 7}, "its labels are no list"),
        ({"labels": ["x"] * 4}, "not a batch of CIFAR-10"),
    ],
)
def test_a_batch_of_another_form_is_named(
    tmp_path: Path, changes: dict[str, object], expected: str
) -> None:
    path = tmp_path / "test_batch"
    path.write_bytes(pickle.dumps(batch(**changes), 2))
    text = refusal(path)
    assert text.startswith(f"{path}: ")
    assert expected in text


def test_a_damaged_pickle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "test_batch"
    whole = pickle.dumps(batch())
    for data in (b"", b"x", whole[:100], whole[:-1], b"\x80\x02]."):
        path.write_bytes(data)
        assert refusal(path).startswith(f"{path}: not a batch of CIFAR-10")


def test_an_archive_without_the_batch_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", b"", "cifar-10-batches-py/data_batch_1")
    assert refusal(path) == f"{path}: the archive holds no cifar-10-batches-py/test_batch"


def test_a_truncated_archive_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", pickle.dumps(batch()))
    for data in (path.read_bytes()[:5000], b"no archive", b""):
        path.write_bytes(data)
        assert refusal(path).startswith(f"{path}: ")
        assert "not a whole tar archive" in refusal(path)


def test_a_folder_where_the_batch_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_batch").mkdir()
    assert refusal(tmp_path) == f"{tmp_path / 'test_batch'}: a folder, expected a file"
    (tmp_path / "empty").mkdir()
    assert "holds neither test_batch" in refusal(tmp_path / "empty")


def test_records_that_do_not_fit_the_list_are_named(tmp_path: Path) -> None:
    path = tmp_path / "test_batch"
    filenames = [b"taxi_s_001241.png", b"taxi_s_001241.png", b"x.png", b"accentor_s_001031.png"]
    path.write_bytes(pickle.dumps(batch(filenames=filenames, labels=[2, 2, 2, 7])))
    absent, twice, other = made(path)
    assert str(absent) == f"emu_s_002009.bin: no record is called emu_s_002009.png in {path}"
    assert "2 records are called taxi_s_001241.png" in str(twice)
    assert "the list says label 2, accentor_s_001031.png in" in str(other)


def test_an_index_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="ic takes no index"):
        open_builder(IC, tmp_path, tmp_path / "index.csv")
