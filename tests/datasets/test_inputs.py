from __future__ import annotations

import hashlib
import tracemalloc
from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.official_lists import identify
from tinyrunner.models.suite import AD, KWS, Task


def make_dataset(root: Path, task: Task, count: int) -> Path:
    """`count` files whose bytes tell them apart, and their list; returns the files' folder."""
    folder = root / task.model_id
    folder.mkdir(parents=True)
    columns = f",{task.input_bytes},{task.stride_bytes}" if task.stride_bytes else ""
    with (folder / "y_labels.csv").open("w") as labels:
        for index in range(count):
            (folder / f"{index}.bin").write_bytes(content(task, index))
            labels.write(f"{index}.bin,{task.class_count},{index % task.class_count}{columns}\n")
    return folder


def content(task: Task, index: int) -> bytes:
    words = (index * 1_000_003 + i for i in range(task.file_bytes // 2 + 1))
    return b"".join((word % 65521).to_bytes(2, "little") for word in words)[: task.file_bytes]


def test_a_file_of_kws_is_one_window(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, KWS, 3)
    dataset = Dataset.open(tmp_path, KWS)
    windows = list(dataset.windows())
    assert [(w.file, w.offset, w.length, w.label) for w in windows] == [
        (f"{index}.bin", 0, 490, index) for index in range(3)
    ]
    assert windows[0].path == folder / "0.bin"
    assert windows[0].is_whole_file
    assert dataset.window_count == dataset.file_count == 3
    assert [dataset.read(window) for window in windows] == [content(KWS, i) for i in range(3)]


def test_a_file_of_ad_is_196_overlapping_windows(tmp_path: Path) -> None:
    make_dataset(tmp_path, AD, 2)
    dataset = Dataset.open(tmp_path, AD)
    windows = list(dataset.windows())
    assert len(windows) == dataset.window_count == 392
    assert [window.offset for window in windows[:196]] == list(range(0, 99841, 512))
    assert {window.file for window in windows[196:]} == {"1.bin"}
    assert not windows[0].is_whole_file
    assert dataset.read(windows[195]) == content(AD, 0)[99840:]
    assert dataset.read(windows[197]) == content(AD, 1)[512 : 512 + 2560]


def test_the_first_windows_are_of_the_first_five_files(tmp_path: Path) -> None:
    make_dataset(tmp_path, AD, 7)
    windows = Dataset.open(tmp_path, AD).first_windows()
    assert [(w.file, w.offset, w.length) for w in windows] == [
        (f"{index}.bin", 0, 2560) for index in range(5)
    ]


def test_a_limited_set_is_the_first_files_with_another_hash(tmp_path: Path) -> None:
    make_dataset(tmp_path, KWS, 4)
    dataset = Dataset.open(tmp_path, KWS)
    limited = dataset.limited(2)
    assert [window.file for window in limited.windows()] == ["0.bin", "1.bin"]
    assert limited.labels.sha256 != dataset.labels.sha256
    assert limited.content_sha256() != dataset.content_sha256()
    assert len(limited.first_windows()) == 2


def test_the_content_hash_is_over_names_and_bytes_in_list_order(tmp_path: Path) -> None:
    make_dataset(tmp_path, KWS, 2)
    expected = hashlib.sha256(
        b"0.bin\0" + content(KWS, 0) + b"1.bin\0" + content(KWS, 1)
    ).hexdigest()
    assert Dataset.open(tmp_path, KWS).content_sha256() == expected


def test_the_folder_with_the_list_in_it_is_a_root_too(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, KWS, 1)
    assert Dataset.open(folder, KWS).folder == folder
    assert Dataset.open(tmp_path, KWS).folder == folder


def test_another_list_takes_the_place_of_the_folders_own(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path / "data", KWS, 3)
    (folder / "y_labels.csv").unlink()
    labels = tmp_path / "mine.csv"
    labels.write_text("2.bin,12,2\n")
    dataset = Dataset.open(tmp_path / "data", KWS, labels)
    assert [window.file for window in dataset.windows()] == ["2.bin"]
    assert dataset.extra_count == 2
    assert dataset.labels.source == str(labels)


def test_files_beside_the_list_are_counted_and_ignored(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, KWS, 2)
    (folder / "extra.bin").write_bytes(b"x")
    (folder / "notes.txt").write_text("x")
    assert Dataset.open(tmp_path, KWS).extra_count == 1


def test_each_missing_or_wrong_file_is_named_before_anything_is_read(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, KWS, 5)
    (folder / "0.bin").unlink()
    (folder / "1.bin").write_bytes(b"x" * 489)
    (folder / "2.bin").write_bytes(b"x" * 491)
    (folder / "3.bin").unlink()
    (folder / "3.bin").mkdir()
    with pytest.raises(DatasetError) as caught:
        Dataset.open(tmp_path, KWS)
    assert str(caught.value).splitlines() == [
        f"the inputs of kws do not match {folder / 'y_labels.csv'}:",
        f"{folder / '0.bin'}: missing",
        f"{folder / '1.bin'}: 489 bytes, expected 490",
        f"{folder / '2.bin'}: 491 bytes, expected 490",
        f"{folder / '3.bin'}: not a file",
    ]


def test_of_many_missing_files_the_first_twenty_are_named(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, KWS, 30)
    for path in folder.glob("*.bin"):
        path.unlink()
    with pytest.raises(DatasetError) as caught:
        Dataset.open(tmp_path, KWS)
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "and 10 more"


@pytest.mark.parametrize("exists", [True, False])
def test_a_missing_folder_says_what_belongs_where(tmp_path: Path, exists: bool) -> None:
    root = tmp_path if exists else tmp_path / "nowhere"
    with pytest.raises(DatasetError) as caught:
        Dataset.open(root, KWS)
    text = str(caught.value)
    assert str(root / "kws01" / "y_labels.csv") in text
    assert "~/eembc/runner/benchmarks/ulp-mlperf/datasets" in text
    assert ("no such folder" in text) is not exists


@pytest.mark.parametrize("size", [0, 489, 491])
def test_a_file_that_changed_since_the_check_is_an_error(tmp_path: Path, size: int) -> None:
    folder = make_dataset(tmp_path, KWS, 2)
    dataset = Dataset.open(tmp_path, KWS)
    first, second = dataset.windows()
    dataset.read(first)
    (folder / "1.bin").write_bytes(b"x" * size)
    with pytest.raises(DatasetError, match=r"1\.bin: the file changed during the run"):
        dataset.read(second)
    with pytest.raises(DatasetError, match="changed"):
        dataset.content_sha256()
    assert dataset.read(first) == content(KWS, 0)


def test_a_file_that_vanished_since_the_check_is_an_error(tmp_path: Path) -> None:
    folder = make_dataset(tmp_path, KWS, 1)
    dataset = Dataset.open(tmp_path, KWS)
    (folder / "0.bin").unlink()
    with pytest.raises(DatasetError, match=r"0\.bin: cannot read the input"):
        dataset.read(dataset.first_windows()[0])


def test_only_one_file_is_held_in_memory(tmp_path: Path) -> None:
    make_dataset(tmp_path, AD, 12)
    dataset = Dataset.open(tmp_path, AD)
    tracemalloc.start()
    try:
        assert sum(len(dataset.read(window)) for window in dataset.windows()) == 12 * 196 * 2560
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * AD.file_bytes


def test_the_complete_kws_set_opens_as_the_official_one() -> None:
    dataset = Dataset.open(reference_path("datasets"), KWS)
    official = identify(dataset.labels)
    assert official is not None
    assert dataset.window_count == official.file_count == 1000
    assert dataset.extra_count == 0
