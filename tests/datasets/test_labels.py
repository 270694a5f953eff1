from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.datasets.errors import DatasetError
from tinyrunner.datasets.labels import LabelList, LabelRow, parse_labels, read_labels
from tinyrunner.models.suite import AD, IC, KWS, TASKS, Task

GOOD = "a.bin,12,7\nb.bin,12,0\n"


def problems(text: str, task: Task = KWS) -> str:
    with pytest.raises(DatasetError) as caught:
        parse_labels(text, task, "list.csv")
    return str(caught.value)


def test_rows_come_in_the_order_of_the_list_with_their_lines() -> None:
    labels = parse_labels("a.bin,12,7\n\nb.bin,12,0\n", KWS, "list.csv")
    assert labels.rows == (
        LabelRow("a.bin", 12, 7, None, None, 1),
        LabelRow("b.bin", 12, 0, None, None, 3),
    )
    assert labels.source == "list.csv"


def test_a_row_of_ad_has_its_window_and_stride() -> None:
    labels = parse_labels("x.bin, 2, 1, 2560, 512", AD, "list.csv")
    assert labels.rows == (LabelRow("x.bin", 2, 1, 2560, 512, 1),)


@pytest.mark.parametrize(
    "text",
    [
        "a.bin, 12, 7\nb.bin,\t12,0",
        "\ufeffa.bin,12,7\r\nb.bin,12,0\r\n",
        "\n\n  a.bin ,12,7\n   \nb.bin,12,0\n\n",
        "a.bin,12,7\rb.bin,12,0\r",
        "a.bin,012,07\nb.bin,12,0",
    ],
)
def test_white_space_and_line_ends_do_not_change_the_hash(text: str) -> None:
    expected = hashlib.sha256(GOOD.encode()).hexdigest()
    assert parse_labels(text, KWS, "x").sha256 == expected


def test_another_label_or_order_changes_the_hash() -> None:
    hashes = {
        parse_labels(text, KWS, "x").sha256
        for text in (GOOD, "a.bin,12,6\nb.bin,12,0\n", "b.bin,12,0\na.bin,12,7\n")
    }
    assert len(hashes) == 3


@pytest.mark.parametrize(
    ("row", "task", "expected"),
    [
        ("b.bin,12", KWS, "expected 3 columns (file,classes,label), found 2"),
        ("b.bin,12,1,", KWS, "expected 3 columns (file,classes,label), found 4"),
        ("b.bin;12;1", KWS, "expected 3 columns (file,classes,label), found 1"),
        ("b.bin,2,1", AD, "expected 5 columns"),
        ("b.bin,12,one", KWS, "label: expected a whole number, found 'one'"),
        ("b.bin,12,1.0", KWS, "label: expected a whole number, found '1.0'"),
        ("b.bin,12,1_0", KWS, "label: expected a whole number"),
        ("b.bin,12,٣", KWS, "label: expected a whole number"),
        ("b.bin,12," + "9" * 5000, KWS, "label: expected a whole number"),
        ("b.bin,,1", KWS, "classes: expected a whole number, found ''"),
        ("b.bin,12,12", KWS, "label 12 is not one of 0 to 11"),
        ("b.bin,12,-1", KWS, "label -1 is not one of 0 to 11"),
        ("b.bin,10,1", KWS, "kws has 12 classes, the row says 10"),
        ("../b.bin,12,1", KWS, "is not a plain file name"),
        ("sub/b.bin,12,1", KWS, "is not a plain file name"),
        ("sub\\b.bin,12,1", KWS, "is not a plain file name"),
        ("C:b.bin,12,1", KWS, "is not a plain file name"),
        ("b..bin,12,1", KWS, "is not a plain file name"),
        ("b\0.bin,12,1", KWS, "is not a plain file name"),
        ("b.wav,12,1", KWS, "'b.wav' is not the name of a .bin file"),
        (",12,1", KWS, "'' is not the name of a .bin file"),
        ("file,classes,label", KWS, "is not the name of a .bin file"),
        ("b.bin,2,1,2560,256", AD, "2560 bytes every 512, the row says 2560 every 256"),
        ("b.bin,2,1,640,512", AD, "2560 bytes every 512, the row says 640 every 512"),
    ],
)
def test_a_broken_row_is_an_error_with_its_line(row: str, task: Task, expected: str) -> None:
    good = "a.bin,12,7" if task is KWS else "a.bin,2,0,2560,512"
    text = problems(f"{good}\n{row}\n", task)
    assert text.startswith("list.csv:2: ")
    assert expected in text
    assert len(text) < 300


def test_a_repeated_file_names_both_lines() -> None:
    assert problems("a.bin,12,7\nb.bin,12,0\na.bin,12,7") == (
        "list.csv:3: a.bin is on line 1 already"
    )


def test_all_problems_are_reported_at_once() -> None:
    assert problems("a.bin,12\nb.bin,12,x\nc.bin,12,1").splitlines() == [
        "list.csv:1: expected 3 columns (file,classes,label), found 2",
        "list.csv:2: label: expected a whole number, found 'x'",
    ]


def test_only_the_first_twenty_problems_are_listed() -> None:
    lines = problems("nonsense\n" * 1000).splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 980 more"


@pytest.mark.parametrize("text", ["", "\ufeff", " \r\n\n"])
def test_an_empty_list_is_an_error(text: str) -> None:
    assert "list.csv: the label list is empty" in problems(text)


def test_the_first_rows_of_a_list_are_another_list() -> None:
    labels = parse_labels(GOOD, KWS, "x")
    assert labels.first(1) == parse_labels("a.bin,12,7", KWS, "x")
    assert labels.first(2) is labels
    with pytest.raises(ValueError, match="at least 1"):
        labels.first(0)


def test_a_file_that_is_not_utf8_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "y_labels.csv"
    path.write_bytes(GOOD.encode("utf-16"))
    with pytest.raises(DatasetError, match=r"y_labels\.csv: not UTF-8 text"):
        read_labels(path, KWS)


def test_a_missing_list_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv: cannot read the label list"):
        read_labels(tmp_path / "none.csv", KWS)


names = st.text("aZ09_- é", max_size=12).map(lambda stem: f"{stem}x.bin".strip())


@given(st.lists(names, min_size=1, unique=True), st.sampled_from([KWS, AD, IC]), st.data())
def test_the_normalised_rows_read_back_as_the_same_list(
    files: list[str], task: Task, data: st.DataObject
) -> None:
    rows = [
        LabelRow(
            file,
            task.class_count,
            data.draw(st.integers(0, task.class_count - 1)),
            task.input_bytes if task.stride_bytes else None,
            task.stride_bytes,
            line,
        )
        for line, file in enumerate(files, start=1)
    ]
    labels = LabelList.of(rows, "x")
    assert parse_labels("".join(row.normalised for row in rows), task, "x") == labels


@given(st.text(), st.sampled_from(list(TASKS.values())))
def test_no_text_does_anything_but_parse_or_raise_dataset_error(text: str, task: Task) -> None:
    try:
        labels = parse_labels(text, task, "x")
    except DatasetError:
        return
    assert labels.rows
