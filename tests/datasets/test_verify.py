from __future__ import annotations

from pathlib import Path

import pytest
from support.reference import reference_path
from tinyrunner.datasets.demo.demo_dataset import default_root, materialise
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.datasets.verify import OFFICIAL_CONTENT, SetReport, verify
from tinyrunner.models.suite import AD, KWS, TASKS, Task


def make_set(folder: Path, task: Task, count: int = 3, lists: str = "y_labels.csv") -> Path:
    folder.mkdir(parents=True)
    windows = f",{task.input_bytes},{task.stride_bytes}" if task.stride_bytes else ""
    rows = (f"{n}.bin,{task.class_count},0{windows}\n" for n in range(count))
    (folder / lists).write_text("".join(rows))
    for n in range(count):
        (folder / f"{n}.bin").write_bytes(bytes([n]) * task.file_bytes)
    return folder


def test_every_task_folder_of_a_root_is_reported_in_the_suites_order(tmp_path: Path) -> None:
    for task in reversed(TASKS.values()):
        make_set(tmp_path / task.model_id, task)
    (tmp_path / "else").mkdir()
    reports = verify(tmp_path)
    assert [report.task for report in reports] == list(TASKS.values())
    assert all(report.ok for report in reports)


def test_a_complete_set_has_the_hash_that_a_run_computes(tmp_path: Path) -> None:
    make_set(tmp_path / "kws01", KWS)
    (report,) = verify(tmp_path)
    assert report.main is not None
    assert report.main.content_sha256 == Dataset.open(tmp_path, KWS).content_sha256()
    assert (report.main.present, report.main.listed, report.extras) == (3, 3, ())
    assert report.main.official is None
    assert report.main.has_official_content is None
    (quick,) = verify(tmp_path, hashes=False)
    assert quick.main is not None
    assert (quick.ok, quick.main.content_sha256) == (True, None)


def test_missing_and_wrong_files_and_extras_are_told_apart(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "kws01", KWS, 5)
    (folder / "0.bin").unlink()
    (folder / "1.bin").write_bytes(b"x" * 489)
    (folder / "2.bin").unlink()
    (folder / "2.bin").mkdir()
    (folder / "more.bin").write_bytes(b"x")
    (report,) = verify(tmp_path)
    assert report.main is not None
    assert report.main.missing == ("0.bin",)
    assert report.main.wrong_size == ("1.bin: 489 bytes, expected 490", "2.bin: not a file")
    assert report.main.present == 2
    assert report.main.content_sha256 is None
    assert report.extras == ("more.bin",)
    assert not report.ok


def test_a_second_list_is_reported_but_does_not_decide(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "ad01", AD, 2)
    (folder / "y_labels_alt.csv").write_text("1.bin,2,0,2560,512\n9.bin,2,0,2560,512\n")
    (folder / "notes.csv").write_text("a,b\n")
    (report,) = verify(tmp_path)
    main, notes, other = report.lists
    assert report.main is main
    assert notes.problem is not None
    assert (other.name, other.missing) == ("y_labels_alt.csv", ("9.bin",))
    assert report.ok


def test_a_folder_without_its_list_is_not_usable(tmp_path: Path) -> None:
    make_set(tmp_path / "kws01", KWS, lists="other.csv")
    (report,) = verify(tmp_path)
    assert report.main is None
    assert not report.ok


def test_a_list_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    folder = make_set(tmp_path / "kws01", KWS)
    (folder / "y_labels.csv").write_text("0.bin,12,12\n")
    (report,) = verify(tmp_path)
    assert report.main is not None
    assert "label 12 is not one of 0 to 11" in str(report.main.problem)
    assert not report.ok
    assert report.extras == ("0.bin", "1.bin", "2.bin")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_a_folder_by_itself_is_known_by_its_name_or_by_its_list(tmp_path: Path, task: Task) -> None:
    for name in (task.model_id, "mine"):
        (report,) = verify(make_set(tmp_path / name, task))
        assert (report.task, report.ok) == (task, True)


def test_a_folder_without_any_set_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds none of vww01, ic01, kws01, ad01, sww01"):
        verify(tmp_path)
    with pytest.raises(DatasetError, match="no such folder"):
        verify(tmp_path / "nowhere")
    (tmp_path / "y_labels.csv").write_text("x\n")
    with pytest.raises(DatasetError, match="the label list of no task"):
        verify(tmp_path)


def test_demo_inputs_are_called_synthetic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYRUNNER_CACHE", str(tmp_path))
    materialise(KWS, default_root())
    (report,) = verify(default_root())
    assert report.main is not None
    assert report.main.synthetic
    assert report.ok


def test_the_published_kws_inputs_are_known_by_their_content(tmp_path: Path) -> None:
    published = reference_path("datasets", "kws01")
    (report,) = verify(published)
    assert report.main is not None
    assert report.main.official is not None
    assert report.main.official.name == "kws01"
    assert report.main.content_sha256 == OFFICIAL_CONTENT["kws01"]
    assert report.main.has_official_content
    copy = tmp_path / "kws01"
    copy.mkdir()
    for path in published.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    changed = bytearray((copy / "tst_000000_Stop_7.bin").read_bytes())
    changed[0] ^= 1
    (copy / "tst_000000_Stop_7.bin").write_bytes(changed)
    (report,) = verify(tmp_path)
    assert report.main is not None
    assert report.main.has_official_content is False
    assert report.ok


def test_of_the_official_lists_that_come_without_inputs_every_file_is_missing() -> None:
    found = verify(reference_path("datasets"))
    reports = {each.task.key: each for each in found if isinstance(each, SetReport)}
    names = {
        key: [entry.official.name for entry in report.lists if entry.official]
        for key, report in reports.items()
    }
    assert names == {
        "vww": ["vww01"],
        "ic": ["ic01", "ic01-2021"],
        "kws": ["kws01"],
        "ad": ["ad01", "ad01-reduced"],
    }
    assert {key for key, report in reports.items() if report.ok} == {"kws"}
    assert reports["ad"].main is not None
    assert len(reports["ad"].main.missing) == 248
