from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.clips import labels_of, sawtooth, write_wav
from tinyrunner.datasets.build.build_dataset import BuildFailed, build_dataset, open_builder
from tinyrunner.datasets.build.source_files import BuiltFile, SourceFolder, read_index
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.labels import LabelRow
from tinyrunner.models.suite import KWS, TASKS, Task


@dataclass
class NumberBuilder:
    """Fills `7.bin` with sevens; knows no file in `absent` and cannot make one in `broken`."""

    absent: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    fill: int = 0
    task: Task = KWS
    batch_size: int = 2

    def locate(self, row: LabelRow) -> None:
        if row.file in self.absent:
            raise DatasetError(f"{row.file}: no source")

    def convert(self, rows: Sequence[LabelRow]) -> list[BuiltFile]:
        assert len(rows) <= self.batch_size
        return [
            DatasetError(f"/src/{row.file[0]}.wav: damaged")
            if row.file in self.broken
            else bytes([int(row.file[0]) + self.fill]) * 490
            for row in rows
        ]


LABELS = labels_of(KWS, [f"{n}.bin" for n in range(5)])


def everything_under(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_a_built_folder_is_a_data_set_that_a_run_takes(tmp_path: Path) -> None:
    report = build_dataset(NumberBuilder(), LABELS, tmp_path / "new" / "out")
    assert (report.made, report.unchanged, report.complete) == (5, 0, True)
    dataset = Dataset.open(tmp_path / "new" / "out", KWS)
    assert dataset.labels.sha256 == LABELS.sha256
    assert [dataset.read(window)[0] for window in dataset.windows()] == [0, 1, 2, 3, 4]
    assert everything_under(tmp_path / "new" / "out") == [
        "kws01", *(f"kws01/{n}.bin" for n in range(5)), "kws01/y_labels.csv",
    ]  # fmt: skip


def test_progress_is_told_after_every_file(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    build_dataset(
        NumberBuilder(absent=("0.bin",), broken=("3.bin",)),
        LABELS,
        tmp_path,
        keep_going=True,
        progress=lambda done, failed: told.append((done, failed)),
    )
    assert told == [(2, 1), (3, 1), (4, 2), (5, 2)]


def test_sources_that_are_not_there_are_named_before_any_work(tmp_path: Path) -> None:
    builder = NumberBuilder(absent=("1.bin", "4.bin"), broken=("0.bin",))
    with pytest.raises(BuildFailed) as caught:
        build_dataset(builder, LABELS, tmp_path / "out")
    assert str(caught.value).splitlines() == [
        "files of list.csv cannot be made; nothing was written:",
        "1.bin: no source",
        "4.bin: no source",
    ]
    assert everything_under(tmp_path) == []


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"4\.bin: /src/4\.wav: damaged"):
        build_dataset(NumberBuilder(broken=("4.bin",)), LABELS, tmp_path / "a" / "b")
    assert everything_under(tmp_path) == []


def test_a_build_that_is_interrupted_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupt(done: int, failed: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_dataset(NumberBuilder(), LABELS, tmp_path / "out", progress=interrupt)
    assert everything_under(tmp_path) == []


def test_keep_going_makes_the_rest_and_lists_what_failed(tmp_path: Path) -> None:
    builder = NumberBuilder(absent=("1.bin",), broken=("3.bin",))
    report = build_dataset(builder, LABELS, tmp_path, keep_going=True)
    assert report.failures == ("1.bin: no source", "3.bin: /src/3.wav: damaged")
    assert (report.made, report.complete) == (3, False)
    with pytest.raises(DatasetError) as caught:  # the list is whole: a run says what is missing
        Dataset.open(tmp_path, KWS)
    assert "1.bin: missing" in str(caught.value)
    assert "3.bin: missing" in str(caught.value)


def test_with_no_file_to_make_even_keep_going_writes_nothing(tmp_path: Path) -> None:
    builder = NumberBuilder(absent=("1.bin",), broken=("0.bin", "2.bin", "3.bin", "4.bin"))
    with pytest.raises(BuildFailed):
        build_dataset(builder, LABELS, tmp_path / "out", keep_going=True)
    assert everything_under(tmp_path) == []


def test_a_second_build_adds_what_the_first_could_not_make(tmp_path: Path) -> None:
    build_dataset(NumberBuilder(broken=("3.bin",)), LABELS, tmp_path, keep_going=True)
    report = build_dataset(NumberBuilder(), LABELS, tmp_path)
    assert (report.made, report.unchanged) == (1, 4)
    assert Dataset.open(tmp_path, KWS).file_count == 5


def test_files_with_other_contents_are_not_overwritten_unless_told_to(tmp_path: Path) -> None:
    build_dataset(NumberBuilder(), LABELS, tmp_path)
    before = (tmp_path / "kws01" / "2.bin").read_bytes()
    with pytest.raises(DatasetError, match=r"0\.bin and 4 more: other contents.*--overwrite"):
        build_dataset(NumberBuilder(fill=9), LABELS, tmp_path)
    assert (tmp_path / "kws01" / "2.bin").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["kws01"]
    report = build_dataset(NumberBuilder(fill=9), LABELS, tmp_path, overwrite=True)
    assert (report.made, report.unchanged) == (5, 0)
    assert (tmp_path / "kws01" / "2.bin").read_bytes() == bytes([11]) * 490


def test_a_folder_with_other_files_is_refused_before_any_work(tmp_path: Path) -> None:
    folder = tmp_path / "kws01"
    folder.mkdir()
    (folder / "mine.bin").write_bytes(b"x")
    (folder / ".DS_Store").write_bytes(b"x")
    builder = NumberBuilder(absent=("0.bin",))  # would fail, were it asked
    with pytest.raises(DatasetError, match=r"holds mine\.bin, which list\.csv does not name"):
        build_dataset(builder, LABELS, tmp_path)
    build_dataset(NumberBuilder(), LABELS, tmp_path, overwrite=True)
    assert (folder / "mine.bin").read_bytes() == b"x"


def test_a_folder_with_another_list_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "kws01"
    folder.mkdir()
    (folder / "y_labels.csv").write_text("0.bin,12,11\n")
    with pytest.raises(DatasetError, match=r"y_labels\.csv is another list"):
        build_dataset(NumberBuilder(), LABELS, tmp_path)
    build_dataset(NumberBuilder(), LABELS, tmp_path, overwrite=True)
    assert Dataset.open(tmp_path, KWS).labels.sha256 == LABELS.sha256


def test_the_folders_own_list_is_kept_as_it_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "kws01"
    folder.mkdir()
    text = "".join(f"{n}.bin, 12, 0\r\n" for n in range(5))
    (folder / "y_labels.csv").write_bytes(text.encode())
    build_dataset(NumberBuilder(), LABELS, tmp_path)
    assert (folder / "y_labels.csv").read_bytes() == text.encode()


def test_a_file_in_the_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "kws01").write_text("x")
    with pytest.raises(DatasetError, match="is not a folder"):
        build_dataset(NumberBuilder(), LABELS, tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match=r"file.*cannot write the inputs"):
        build_dataset(NumberBuilder(), LABELS, tmp_path / "file" / "out")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_source_that_does_not_exist_is_named(tmp_path: Path, task: Task) -> None:
    with pytest.raises(DatasetError, match="nowhere"):
        open_builder(task, tmp_path / "nowhere")


@pytest.mark.parametrize("key", ["vww", "kws", "ad"])
def test_a_file_in_the_place_of_a_folder_of_sources_is_named(tmp_path: Path, key: str) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(DatasetError, match="is a file; expected the folder"):
        open_builder(TASKS[key], tmp_path / "file")


def test_two_files_that_could_be_the_source_are_both_named(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_wav(tmp_path / folder / "x.wav", sawtooth(100))
    with pytest.raises(DatasetError) as caught:
        SourceFolder.open(tmp_path, (".wav",)).find("x.bin", "x", "x.wav")
    assert str(tmp_path / "a" / "x.wav") in str(caught.value)
    assert str(tmp_path / "b" / "x.wav") in str(caught.value)


def test_an_index_says_which_source_makes_which_file(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "stop" / "563aa4e6_nohash_3.wav", sawtooth(100))
    index = tmp_path / "index.csv"
    index.write_text(
        "wav,speech_commands_path,kws01_bin\n"
        "tst_0.wav,stop/563aa4e6_nohash_3.wav,tst_0.bin\n"
        "tst_1.wav,stop/none.wav,tst_1.bin\n"
    )
    folder = SourceFolder.open(tmp_path, (".wav",), index)
    assert folder.find("tst_0.bin", "tst_0", "a wav") == path
    with pytest.raises(DatasetError, match=r"tst_1\.bin: no .*tst_1\.wav nor .*none\.wav"):
        folder.find("tst_1.bin", "tst_1", "a wav")
    with pytest.raises(DatasetError, match=r"index\.csv does not name its source"):
        folder.find("tst_2.bin", "tst_2", "a wav")


def test_bad_rows_of_an_index_are_named_with_their_lines(tmp_path: Path) -> None:
    index = tmp_path / "index.csv"
    index.write_text("a.bin,a.wav\n\nb.wav,c.wav\na.bin,d.wav\ne.bin\n")
    with pytest.raises(DatasetError) as caught:
        read_index(index)
    assert [line.split(": ")[0] for line in str(caught.value).splitlines()] == [
        f"{index}:{line}" for line in (3, 4, 5)
    ]
    with pytest.raises(DatasetError, match=r"none\.csv: cannot read the index"):
        read_index(tmp_path / "none.csv")
