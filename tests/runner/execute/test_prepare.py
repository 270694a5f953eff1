"""What is looked at before anything is measured."""

from __future__ import annotations

import pytest
from support.cli import only_session, tinyrunner
from support.devices.boards import Fault, board, use_board
from support.inputs import write_inputs
from tinyrunner.datasets.inputs import Dataset
from tinyrunner.models.suite import KWS, VWW
from tinyrunner.runner.execute.prepare import rerooted
from tinyrunner.runner.script.script import Script, ScriptError, Step


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 3)


def run(sessions, *more):
    return tinyrunner("run", "kws", "--mode", "accuracy", "--sessions", sessions, *more)


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Users\x\datasets\kws01\tst_000001_Go_1.bin",
        "/home/x/kws01/tst_000001_Go_1.bin",
        r"\\server\share/kws01\tst_000001_Go_1.bin",
        "tst_000001_Go_1.bin",
    ],
)
def test_a_script_of_anybody_is_run_on_the_users_own_files(path, data):
    dataset = Dataset.open(data, KWS)
    script = rerooted(Script((Step(f'bload dut "{path}" 0 490', 7840),)), dataset)
    own = data / "kws01" / "tst_000001_Go_1.bin"
    assert script.steps == (Step(f'bload dut "{own}" 0 490', 7840),)


@pytest.mark.parametrize(
    ("path", "window"),
    [
        (r"C:\Users\x\datasets\ad01\x.bin", " 512 2560"),
        ("x.bin", ""),
    ],
)
def test_a_load_through_the_io_manager_is_rerooted_with_its_window(path, window, data):
    dataset = Dataset.open(data, KWS)
    script = rerooted(Script((Step(f'bloadp "{path}"{window}'), Step("io dut profile"))), dataset)
    own = data / "kws01" / "x.bin"
    assert script.steps == (Step(f'bloadp "{own}"{window}'), Step("io dut profile"))


@pytest.mark.parametrize("path", ["a/..", "..", "a/", ".", "a\\..", "x/C:y.bin"])
def test_a_load_never_leaves_the_data_sets(path, data):
    script = Script((Step(f'bload dut "{path}"'),))
    with pytest.raises(ScriptError, match="does not end in the name of an input file"):
        rerooted(script, Dataset.open(data, KWS))


def test_what_the_device_says_before_the_journal_exists_is_in_the_journal(
    data, tmp_path, monkeypatch
):
    class Boots(Fault):
        def said(self, line):
            return b"\xff\x80boot v1\r\n" + line if b"timestamp-mode" in line else line

    use_board(monkeypatch, board(fault=Boots()))
    run(tmp_path / "s", "--dut", "sim:", "--datasets", data)
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert "boot v1" in log
    assert "dut: m-timestamp-mode-performance" in log
    assert log.index("boot v1") < log.index("m-sequencer-start")


def test_a_first_name_that_is_lost_is_asked_again_and_noted(data, tmp_path, monkeypatch):
    class Loses(Fault):
        lost = False

        def heard(self, sent):
            if sent == b"name%" and not self.lost:
                self.lost = True
                return b""
            return sent

    use_board(monkeypatch, board(fault=Loses()))
    ran = run(tmp_path / "s", "--dut", "sim:", "--datasets", data)
    assert ran.status == 3, ran
    assert "m-note[name% unanswered" in (only_session(tmp_path / "s") / "log.txt").read_text()


def test_a_device_that_never_answers_fails_the_run_with_advice(data, tmp_path, monkeypatch):
    class Mute(Fault):
        def said(self, line):
            return None

    use_board(monkeypatch, board(fault=Mute()))
    ran = run(tmp_path / "s", "--dut", "sim:", "--datasets", data)
    assert ran.status == 1, ran
    assert "no answer to name%" in ran.err
    assert "energy firmware runs at 9600" in ran.err
    session = only_session(tmp_path / "s")
    assert f"had not begun; run it again. What was said so far is in {session}" in ran.err
    assert "no answer to name%" in (session / "log.txt").read_text().splitlines()[-1]


def test_what_is_said_is_on_the_disk_before_anything_more_is_asked(data, tmp_path, monkeypatch):
    held = []

    class Watched(Fault):
        def heard(self, data):
            (log,) = (tmp_path / "s").glob("*/log.txt")
            held.append((data, log.read_text(encoding="utf-8")))
            return data

    use_board(monkeypatch, board(fault=Watched()))
    assert run(tmp_path / "s", "--dut", "sim:", "--datasets", data).status == 3
    first = held[0][1].splitlines()
    assert [line.split("[")[0][10:] for line in first] == [
        "session: m-session-start-id", "parser: m-bmark-run-name",
    ]  # fmt: skip
    loading = next(log for data, log in held if data.startswith(b"db load"))
    assert "dut: m-model-[kws01]" in loading


def test_firmware_of_another_task_is_told_with_where_its_words_are(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(VWW))
    ran = run(tmp_path / "s", "--dut", "sim:", "--datasets", data)
    session = only_session(tmp_path / "s")
    assert ran.status == 2
    assert f"flash the firmware for kws01 (what was said is in {session})" in ran.err
    log = (session / "log.txt").read_text(encoding="utf-8")
    assert "dut: m-model-[vww01]" in log
    assert "m-session-error[sim:: the firmware's model is vww01" in log.splitlines()[-1]


def test_the_data_sets_may_be_named_in_the_environment(data, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYRUNNER_DATASETS", str(data))
    use_board(monkeypatch, board())
    ran = run(tmp_path / "s", "--dut", "sim:", "--json")
    assert ran.json["accuracy"]["listed"] == 3


def test_the_folder_of_the_task_itself_may_be_named(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board())
    ran = run(tmp_path / "s", "--dut", "sim:", "--datasets", data / "kws01", "--json")
    assert ran.json["accuracy"]["listed"] == 3


def test_a_board_without_a_banner_that_sends_lap_times_is_held_to_them(data, tmp_path, monkeypatch):
    class NoBanner(Fault):
        """No banner, and the second input's answer has lost both its lap times."""

        inputs = 0

        def said(self, line):
            if b"m-timestamp-mode" in line or b"m-init-done" in line:
                return None
            self.inputs += b"m-infer-start" in line
            return None if self.inputs == 2 and b"m-lap-us" in line else line

    use_board(monkeypatch, board(fault=NoBanner()))
    ran = run(tmp_path / "s", "--dut", "sim:", "--datasets", data, "--json")
    assert ran.json["accuracy"]["listed"] == 3, ran
    log = (only_session(tmp_path / "s") / "log.txt").read_text()
    assert log.count("0 time stamps instead of two") == 1
    assert log.count("m-session-retry-step") == 1
