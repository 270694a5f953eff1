"""What a check found out is kept, found for the same device, never believed when damaged."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.host import device_record as checked
from tinyrunner.dut_protocol.host.device_record import (
    DeviceRecord,
    look_up,
    record_path,
    save_record,
)
from tinyrunner.dut_protocol.host.dut import Identity
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode

WHO = Identity("acme", "ULPMark for tinyML Firmware V0.0.1", "kws01", TimestampMode.PERFORMANCE)
RECORD = DeviceRecord(
    vendor="acme",
    profile="ULPMark for tinyML Firmware V0.0.1",
    model_id="kws01",
    baud_rate=115200,
    data_bytes_per_db=38,
    pipeline_chars=4096,
    checked_at="2026-01-02T03:04:05+00:00",
    tool_version="0.1.0",
)


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _empty(root: Path):
    shutil.rmtree(root / "checked", ignore_errors=True)


def test_a_record_comes_back_as_it_was_saved(root):
    path = save_record(RECORD, root)
    assert look_up(WHO, 115200, root).record == RECORD
    assert path.parent.name == "checked"
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_boot_mode_does_not_matter_but_everything_else_does(root):
    save_record(RECORD, root)
    assert look_up(replace(WHO, boot_mode=None), 115200, root).record == RECORD
    for other in (
        replace(WHO, vendor="ACME"),
        replace(WHO, profile=None),
        replace(WHO, model_id="ic01"),
    ):
        assert look_up(other, 115200, root).record is None
    assert look_up(WHO, 921600, root).record is None
    assert "never checked at 921600 baud" in look_up(WHO, 921600, root).reason


def test_a_later_check_takes_the_place_of_an_earlier_one(root):
    save_record(RECORD, root)
    later = replace(RECORD, pipeline_chars=0)
    save_record(later, root)
    assert look_up(WHO, 115200, root).record == later


def test_names_that_run_into_one_another_are_told_apart(root):
    one, other = Identity("a|b", None, "c", None), Identity("a", "b|", "c", None)
    save_record(replace(RECORD, vendor="a|b", profile=None, model_id="c"), root)
    assert look_up(one, 115200, root).record is not None
    assert look_up(other, 115200, root).record is None


def changed(root: Path, **values) -> str:
    tree = json.loads(save_record(RECORD, root).read_text("utf-8"))
    return json.dumps({key: v for key, v in (tree | values).items() if v is not ...})


@pytest.mark.parametrize(
    "values",
    [
        {"format": 2},
        {"format": ...},
        {"vendor": ...},
        {"vendor": 7},
        {"model_id": 7},
        {"more": 1},
        {"pipeline_chars": "4096"},
        {"pipeline_chars": True},
        {"pipeline_chars": -1},
        {"pipeline_chars": 10**9},
        {"data_bytes_per_db": 39},
        {"data_bytes_per_db": 0},
        {"data_bytes_per_db": 30.0},
        {"baud_rate": 0},
        {"baud_rate": 9600},
        {"vendor": "another"},
    ],
    ids=str,
)
def test_a_record_that_says_anything_else_is_none_with_a_reason(root, values):
    record_path(WHO, 115200, root).parent.mkdir(exist_ok=True)
    record_path(WHO, 115200, root).write_text(changed(root, **values), "utf-8")
    looked = look_up(WHO, 115200, root)
    assert looked.record is None
    assert "tinyrunner check" in looked.reason


@given(st.binary(max_size=200))
def test_no_bytes_in_the_file_are_an_error(root, data):
    path = save_record(RECORD, root)
    path.write_bytes(data)
    assert look_up(WHO, 115200, root).record is None


@given(st.integers(0, 400))
def test_a_file_cut_anywhere_is_no_record(root, size):
    path = save_record(RECORD, root)
    whole = path.read_bytes()
    path.write_bytes(whole[:size])
    looked = look_up(WHO, 115200, root)
    assert looked.record == (RECORD if size >= len(whole) - 1 else None)


def test_brackets_without_end_are_no_record(root):
    save_record(RECORD, root).write_text("[" * 100_000, "utf-8")
    assert look_up(WHO, 115200, root).record is None


def test_a_write_that_fails_leaves_the_old_record_and_no_rest(root, monkeypatch):
    path = save_record(RECORD, root)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checked.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        save_record(replace(RECORD, pipeline_chars=0), root)
    assert look_up(WHO, 115200, root).record == RECORD
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "values",
    [{"baud_rate": 0}, {"data_bytes_per_db": 39}, {"data_bytes_per_db": 0}, {"pipeline_chars": -1}],
    ids=str,
)
def test_a_record_that_cannot_be_cannot_be_made(values):
    with pytest.raises(ValueError, match=next(iter(values))):
        replace(RECORD, **values)
