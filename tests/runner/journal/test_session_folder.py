"""The folder that a run leaves behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.cli import only_session, tinyrunner
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.execute import host
from tinyrunner.runner.journal.session_document import read_document, write_document
from tinyrunner.runner.journal.session_folder import (
    SessionFolder,
    alone_with,
    create_session,
    sessions_of,
    write_atomically,
    write_new,
)
from tinyrunner.runner.terms import Mode

WRITTEN = Path(__file__).parent / "session_json" / "version_1"


def test_a_session_is_named_after_its_time_task_and_mode(tmp_path):
    session = create_session(tmp_path / "not" / "there", "kws", Mode.ACCURACY)
    assert session.folder.parent == tmp_path / "not" / "there"
    assert session.folder.name.endswith("_kws_accuracy")
    assert len(session.session_id) == 14
    assert session.session_id.isdigit()


def test_a_folder_that_is_there_is_never_taken_again(tmp_path):
    folders = {create_session(tmp_path, "kws", Mode.ACCURACY).folder for _ in range(5)}
    assert len(folders) == 5


def test_sessions_are_found_again_the_newest_first_those_of_one_second_too(tmp_path):
    made = [create_session(tmp_path, "ic", Mode.ACCURACY, "a").folder for _ in range(11)]
    create_session(tmp_path, "ic2", Mode.ACCURACY, "a")
    create_session(tmp_path, "ic", Mode.PERFORMANCE, "ic_accuracy")
    (tmp_path / "20200101_000000_ic_accuracy").mkdir()
    found = sessions_of(tmp_path, "ic", Mode.ACCURACY)
    assert found == [*reversed(made), tmp_path / "20200101_000000_ic_accuracy"]


def test_a_place_that_cannot_hold_folders_is_refused_with_advice(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match=r"cannot make a session folder in .*another folder"):
        create_session(tmp_path / "file", "kws", Mode.ACCURACY)


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_impossible_sessions_folder_is_a_usage_error(place, tmp_path):
    (tmp_path / "file").write_text("")
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", "demo",
        "--sessions", tmp_path / place,
    )  # fmt: skip
    assert ran.status == 2, ran
    assert str(tmp_path / place) in ran.err


def test_a_read_only_sessions_folder_is_a_usage_error(tmp_path, monkeypatch):
    def refuse(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(SetupError, match="Permission denied"):
        create_session(tmp_path / "new", "kws", Mode.ACCURACY)


def test_a_disk_that_is_nearly_full_is_refused_before_anything_is_made(tmp_path, monkeypatch):
    class Usage:
        free = 1_000_000

    monkeypatch.setattr(host.shutil, "disk_usage", lambda _: Usage)
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", "demo",
        "--sessions", tmp_path / "s",
    )  # fmt: skip
    assert ran.status == 2, ran
    assert "1 MB free" in ran.err
    assert not (tmp_path / "s").exists()


def test_a_document_is_replaced_whole_or_not_at_all(tmp_path):
    session = SessionFolder(tmp_path, "20260101000000")
    (tmp_path / "session.json").write_bytes((WRITTEN / "accuracy.json").read_bytes())
    before = read_document(tmp_path)
    write_document(session, before.provenance, {"a": 1})
    with pytest.raises(TypeError):
        write_document(session, before.provenance, {"a": object()})
    assert read_document(tmp_path) == before.model_copy(update={"result": {"a": 1}})
    write_atomically(session.result, "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["result.txt", "session.json"]


def test_a_later_schema_is_refused_with_its_number(tmp_path):
    (tmp_path / "session.json").write_text(json.dumps({"schema_version": 9, "provenance": {}}))
    with pytest.raises(SetupError, match="has schema version 9, this tinyrunner reads 1"):
        read_document(tmp_path)


def test_a_session_holds_its_six_files(tmp_path):
    tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets", "demo",
        "--sessions", tmp_path,
    )  # fmt: skip
    assert sorted(path.name for path in only_session(tmp_path).iterdir()) == [
        "calibration.txt",
        "log.txt",
        "result.txt",
        "script.async",
        "session.json",
        "y_labels.csv",
    ]


def test_a_long_run_is_said_to_be_long(tmp_path):
    from support.inputs import write_inputs
    from tinyrunner.datasets.inputs import Dataset
    from tinyrunner.dut_protocol.wire.settings import LinkSettings
    from tinyrunner.models.suite import AD
    from tinyrunner.runner.script.plan import plan

    dataset = Dataset.open(write_inputs(tmp_path, AD, 2), AD)
    script = plan(Mode.ACCURACY, dataset, 1, 0)
    seconds = host.expected_duration_s(script, AD.input_bytes, LinkSettings(), 0.005)
    whole_set_h = seconds / 2 * 248 / 3600
    assert 7 < whole_set_h < 9  # 8.4 h were reported at 115200
    assert host.format_duration(seconds / 2 * 248).startswith(("7 h", "8 h"))
    with host.kept_awake(True) as awake:
        assert awake in (True, False)


def test_a_session_in_use_is_not_continued_by_another_process(tmp_path):
    session = SessionFolder(tmp_path, "20260101000000")
    with (
        alone_with(session),
        pytest.raises(SetupError, match="in use by another process"),
        alone_with(session),
    ):
        pass
    with alone_with(session):
        pass


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_a_full_disk_is_told_with_the_file_that_did_not_fit(tmp_path):
    (tmp_path / "session.json.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left") as refused:
        write_atomically(tmp_path / "session.json", "{}")
    assert refused.value.filename == str(tmp_path / "session.json")
    assert list(tmp_path.iterdir()) == []


def test_a_new_file_is_written_whole_and_over_nothing(tmp_path):
    write_new(tmp_path / "a", "µ\n")
    assert (tmp_path / "a").read_bytes() == "µ\n".encode()
    with pytest.raises(FileExistsError):
        write_new(tmp_path / "a", "other")
    with pytest.raises(UnicodeEncodeError):
        write_new(tmp_path / "b", "\ud800")
    assert not (tmp_path / "b").exists()
