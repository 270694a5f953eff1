"""A session goes on after any kind of end, and refuses what would make it another run."""

from __future__ import annotations

import json
import random
import re
import shutil

import pytest
from support.cli import document, inferences, only_session, tinyrunner
from support.devices.boards import Fault, Interrupts, board, use_board
from support.inputs import write_inputs
from tinyrunner.dut_protocol.simulated.device import DeviceSettings
from tinyrunner.models.suite import AD, KWS
from tinyrunner.runner.errors import ResumeError
from tinyrunner.runner.execute.resume.resume_point import find_resume_point
from tinyrunner.runner.journal.session_folder import SessionFolder, alone_with
from tinyrunner.runner.script.parser import read_script
from tinyrunner.runner.script.plan import planned_inferences

COUNT = 3


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, COUNT)


def start(data, sessions, *more, task="kws", mode="accuracy"):
    return tinyrunner(
        "run", task, "--mode", mode, "--dut", "sim:", "--datasets", data, "--sessions", sessions,
        "--data-bytes-per-db", 38, "--json", *more,
    )  # fmt: skip


@pytest.fixture
def complete(data, tmp_path, monkeypatch):
    """An uninterrupted session, and what it printed."""
    use_board(monkeypatch, board())
    ran = start(data, tmp_path / "complete")
    return only_session(tmp_path / "complete"), ran.json


def same(session, resumed, complete):
    """The resumed session measured what the complete one did, in the same order."""
    whole, printed = complete
    assert inferences(session) == inferences(whole)
    assert resumed.json["accuracy"] == printed["accuracy"]
    assert resumed.json["findings"] == printed["findings"]


def test_ctrl_c_at_every_command_of_a_run_leaves_a_session_that_goes_on(
    complete, data, tmp_path, monkeypatch
):
    interrupted = 0
    for nth in range(1, 200):
        sessions = tmp_path / f"s{nth}"
        use_board(monkeypatch, board(fault=Interrupts(nth)))
        ran = start(data, sessions)
        if ran.status == 3:
            break
        interrupted += 1
        assert ran.status == 130, ran
        assert "interrupted" in ran.err
        session = only_session(sessions)
        if not (session / "session.json").exists():
            assert (
                f"The run itself had not begun; run it again. What was said so far is in {session}"
                in ran.err
            )
            assert (session / "log.txt").read_text().endswith("session: m-session-interrupted\n")
            continue
        assert f"tinyrunner run --resume {session}" in ran.err
        use_board(monkeypatch, board())
        same(session, tinyrunner("run", "--resume", session, "--json"), complete)
    assert interrupted > COUNT * 14


@pytest.mark.parametrize(
    ("every", "others"),
    [pytest.param(1, 300, marks=pytest.mark.slow), (7, 25)],
    ids=["every byte", "some"],
)
def test_a_log_cut_at_any_byte_goes_on_to_the_same_inferences(
    every, others, complete, monkeypatch, tmp_path
):
    whole, printed = complete
    use_board(monkeypatch, board())
    text = (whole / "log.txt").read_bytes()
    second = text.index(b"m-results", text.index(b"m-results") + 1)
    around = range(second - 60, second + 260, every)  # from one result into the next step
    elsewhere = random.Random(3).sample(range(1, len(text)), others)
    for cut in sorted({*around, *elsewhere}):
        session = tmp_path / f"cut{cut}"
        shutil.copytree(whole, session)
        (session / "result.txt").unlink()
        (session / "log.txt").write_bytes(text[:cut])
        same(session, tinyrunner("run", "--resume", session, "--json"), complete)
        scored = tinyrunner("score", session, "--json")
        assert scored.json["accuracy"] == printed["accuracy"], cut
        shutil.rmtree(session)


def test_a_session_killed_before_its_log_begins_starts_at_the_first_step(
    complete, tmp_path, monkeypatch
):
    for content in (None, b"", b"000"):
        session = tmp_path / "again"
        shutil.copytree(complete[0], session)
        (session / "log.txt").unlink()
        if content is not None:
            (session / "log.txt").write_bytes(content)
        use_board(monkeypatch, board())
        same(session, tinyrunner("run", "--resume", session, "--json"), complete)
        shutil.rmtree(session)


def test_a_session_can_be_interrupted_again_and_again(complete, data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=Interrupts(10)))
    start(data, tmp_path / "s")
    session = only_session(tmp_path / "s")
    for nth in (5, 9, 30, 12, 22):
        use_board(monkeypatch, board(fault=Interrupts(nth)))
        tinyrunner("run", "--resume", session)
    use_board(monkeypatch, board())
    same(session, tinyrunner("run", "--resume", session, "--json"), complete)
    assert (session / "log.txt").read_text().count("m-session-resume-id[") >= 4
    assert (session / "log.txt").read_text().count("m-session-start-id[") == 1


class Silent(Fault):
    """A device that says nothing more behind so many lines."""

    def __init__(self, lines: int) -> None:
        self._left = lines

    def said(self, line):
        self._left -= 1
        return line if self._left >= 0 else None


def test_a_continuation_that_reaches_no_device_is_told_in_the_log_and_costs_nothing(
    complete, monkeypatch, tmp_path
):
    shutil.copytree(complete[0], session := tmp_path / "between_two_steps")
    (session / "result.txt").unlink()
    whole = (session / "log.txt").read_bytes()
    last = whole.rindex(b"\n", 0, whole.rindex(b"-command[bload"))
    (session / "log.txt").write_bytes(whole[: last + 1])
    before, steps = inferences(session), set()
    assert len(before) == COUNT - 1
    for lines, heard in ((5, "dut: m-name-dut-"), (0, "asked again")):
        use_board(monkeypatch, board(fault=Silent(lines)))
        length = len((session / "log.txt").read_text())
        ran = tinyrunner("run", "--resume", session)
        assert (ran.status, f"tinyrunner run --resume {session}" in ran.err) == (1, True)
        more = (session / "log.txt").read_text()[length:].splitlines()
        steps.add(more[0].partition("session: m-session-resume-id[")[2])
        assert any(heard in line for line in more), more
        assert "session: m-session-error[" in more[-1]
    assert inferences(session) == before
    assert len(steps) == 1  # what the log held before is not inferred again
    use_board(monkeypatch, board())
    same(session, tinyrunner("run", "--resume", session, "--json"), complete)


def test_the_time_of_a_log_goes_on_where_it_ended(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=Interrupts(40), settings=DeviceSettings()))
    start(data, tmp_path / "s")
    use_board(monkeypatch, board(settings=DeviceSettings()))
    session = only_session(tmp_path / "s")
    tinyrunner("run", "--resume", session)
    stamps = [float(line.split()[0]) for line in (session / "log.txt").read_text().splitlines()]
    assert stamps == sorted(stamps)


def test_a_performance_session_goes_on_with_the_n_it_had(data, tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "five", KWS, 5)
    settings = DeviceSettings(inference_time_s=0.02)
    use_board(monkeypatch, board(settings=settings, fault=Interrupts(75)))
    assert start(data, tmp_path / "s", mode="performance").status == 130
    session = only_session(tmp_path / "s")
    use_board(monkeypatch, board(settings=settings))
    ran = tinyrunner("run", "--resume", session, "--json")
    assert [window["iterations"] for window in ran.json["performance"]["windows"]] == [525] * 5
    assert "interrupted" in (session / "log.txt").read_text()


def test_an_interrupted_calibration_is_said_to_be_no_run_yet(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=Interrupts(22)))
    ran = start(data, tmp_path / "s", mode="performance")
    session = only_session(tmp_path / "s")
    assert ran.status == 130
    assert "run it again" in ran.err
    assert "--resume" not in ran.err
    assert "m-session-interrupted" in (session / "calibration.txt").read_text()
    assert not (session / "session.json").exists()
    resumed = tinyrunner("run", "--resume", session)
    assert resumed.status == 2
    assert "stopped before its first step; start a new run" in resumed.err


def test_a_complete_session_is_scored_again_and_nothing_is_sent(complete, monkeypatch):
    session, printed = complete
    log = (session / "log.txt").read_bytes()
    (session / "result.txt").unlink()
    use_board(monkeypatch, None)  # there is no device
    ran = tinyrunner("run", "--resume", session, "--json")
    assert ran.json == printed
    assert (session / "log.txt").read_bytes() == log
    assert (session / "result.txt").exists()


def test_the_last_window_of_ad_in_flight_is_inferred_again(tmp_path, monkeypatch):
    data = write_inputs(tmp_path / "data", AD, 1)
    use_board(monkeypatch, board(AD, fault=Interrupts(2000)))
    start(data, tmp_path / "s", task="ad")
    session = only_session(tmp_path / "s")
    before = inferences(session)
    use_board(monkeypatch, board(AD))
    tinyrunner("run", "--resume", session)
    after = inferences(session)
    assert 0 < len(before) < 196
    assert after[: len(before)] == before
    assert [offset for _, offset, _ in after] == [512 * k for k in range(196)]


def cut_short(data, tmp_path, monkeypatch):
    use_board(monkeypatch, board(fault=Interrupts(30)))
    start(data, tmp_path / "s")
    session = only_session(tmp_path / "s")
    use_board(monkeypatch, board())
    return session


def refused(session, *more):
    log = (session / "log.txt").read_bytes()
    ran = tinyrunner("run", "--resume", session, *more)
    assert ran.status == 2, ran
    assert (session / "log.txt").read_bytes() == log
    assert not (session / "result.txt").exists()
    return ran.err


def test_changed_inputs_are_refused(data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    path = data / "kws01" / "tst_000002_Left_2.bin"
    path.write_bytes(bytes(490))
    assert "the inputs' content: the session has" in refused(session)


def test_a_changed_label_list_is_refused(data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    path = data / "kws01" / "y_labels.csv"
    path.write_text(path.read_text().replace("12,2", "12,3"))
    assert "the label list: the session has" in refused(session)


def test_another_list_given_by_flag_is_refused(data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    other = tmp_path / "other.csv"
    other.write_text("tst_000000_Down_0.bin,12,0\n")
    assert "the label list" in refused(session, "--labels", other)


def test_a_changed_script_is_refused(data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    path = session / "script.async"
    path.write_text(path.read_text().replace("dut timestamp", "dut name"))
    said = refused(session)
    assert "it is not the script that the session began with" in said
    assert f"`tinyrunner sessions repair {session}` restores it" in said


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (("--data-bytes-per-db", 20), "the data bytes per db: the session has 38, now it is 20"),
        (("--verify-load", "never"), "verify_load: the session has 'first', now it is 'never'"),
        (("--round", "v1.1"), "the round"),
        (("--division", "open"), "the division"),
        (("--limit", 2), "the limit"),
        (("--iterations", 7), "the iterations"),
        (("--warmups", 7), "the warm-ups"),
        (("--baud-rate", 9600), "the baud rate: the session has 115200, now it is 9600"),
    ],
)
def test_changed_settings_are_refused(flags, named, data, tmp_path, monkeypatch):
    assert named in refused(cut_short(data, tmp_path, monkeypatch), *flags)


def test_another_task_or_mode_is_refused(data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    assert "is a session of kws, not of vww" in refused(session, "vww")
    assert "is a session of accuracy, not of performance" in refused(
        session, "--mode", "performance"
    )


class Renamed:
    """A board that says something else of itself."""

    def __init__(self, old, new):
        self._old, self._new = old, new

    def heard(self, data):
        return data

    def said(self, line):
        return line.replace(self._old, self._new)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        (b"Acme", b"Other", "the firmware's name: the session has"),
        (b"V0.0.1", b"V0.0.2", "the firmware's profile: the session has"),
        (b"kws01", b"vww01", "the firmware's model is vww01"),
    ],
)
def test_another_firmware_is_refused(old, new, named, data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    use_board(monkeypatch, board(fault=Renamed(old, new)))
    assert named in refused(session)


def test_another_model_in_the_simulated_device_is_refused(tmp_path, data, monkeypatch):
    ran = start(data, tmp_path / "s")  # the demo model
    session = only_session(tmp_path / "s")
    assert ran.status == 3
    for name in ("result.txt", "log.txt"):
        (session / name).unlink()
    (session / "log.txt").write_text("")
    named = refused(session, "--dut", "sim:kws01?inference_ms=3")
    assert "the simulated device's inference time: the session has 0.02, now it is 0.003" in named
    changed = document(session)
    changed["provenance"]["simulated"]["model_sha256"] = "0" * 64
    (session / "session.json").write_text(json.dumps(changed))
    assert "the simulated device's model" in refused(session)


def test_another_engine_in_the_simulated_device_is_refused(tmp_path, data):
    start(data, tmp_path / "s")
    session = only_session(tmp_path / "s")
    (session / "result.txt").unlink()
    (session / "log.txt").write_text("")
    named = refused(session, "--dut", "sim:kws01?engine=litert-reference")
    assert re.search(r"the simulated device's engine: .*, now it is '.*, reference kernels'", named)


def test_moved_inputs_with_the_same_content_are_taken(complete, data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    data.rename(tmp_path / "moved")
    ran = tinyrunner("run", "--resume", session, "--datasets", tmp_path / "moved", "--json")
    same(session, ran, complete)


def test_a_log_of_another_script_is_refused_with_its_line(complete, tmp_path):
    session = complete[0]
    log = session / "log.txt"
    log.write_text(log.read_text().replace("tst_000001_Go_1.bin", "tst_000009_Go_1.bin"))
    planned = planned_inferences(read_script(session / "script.async"))
    with pytest.raises(ResumeError, match=r"log.txt, line \d+: inference 2 is of tst_000009"):
        find_resume_point(log, planned, KWS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "cannot be read"),
        ("[]", "schema version None"),
        ('{"schema_version": 2, "provenance": {}}', "schema version 2"),
        ('{"schema_version": 1, "provenance": {}}', "its task is None"),
        ('{"schema_version": 1, "provenance": {"task": "kws", "mode": "x"}}', "its mode 'x'"),
        (
            '{"schema_version": 1, "provenance": {"task": "kws", "mode": "accuracy"}}',
            "session.json",
        ),
    ],
)
def test_a_damaged_session_json_is_refused(content, said, complete, monkeypatch):
    session = complete[0]
    (session / "session.json").write_text(content)
    ran = tinyrunner("run", "--resume", session)
    assert ran.status == 2, ran
    assert said in ran.err


def test_a_folder_that_is_no_session_is_refused(tmp_path):
    ran = tinyrunner("run", "--resume", tmp_path)
    assert ran.status == 2
    assert "holds no session.json" in ran.err


def test_a_script_or_a_configuration_beside_resume_is_refused(data, tmp_path, monkeypatch):
    session = cut_short(data, tmp_path, monkeypatch)
    (tmp_path / "c.yaml").write_text("")
    assert "--config" in refused(session, "--config", tmp_path / "c.yaml")
    assert "--script" in refused(session, "--script", session / "script.async")


def test_the_running_accuracy_counts_what_was_done_before(data, tmp_path, monkeypatch):
    device = board()
    device._device.model.infer = lambda _: (1.0, *[0.0] * 11)
    device._fault = Interrupts(30)
    use_board(monkeypatch, device)
    start(data, tmp_path / "s")
    second = board()
    second._device.model.infer = lambda _: (1.0, *[0.0] * 11)
    use_board(monkeypatch, second)
    ran = tinyrunner("run", "--resume", only_session(tmp_path / "s"))
    assert "kws accuracy: 3/3 Top-1 33.3%" in ran.err


def test_a_run_that_is_still_going_is_not_continued_by_a_second_command(tmp_path):
    ran = tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--limit", 2, "--datasets", "demo",
        "--sessions", tmp_path,
    )  # fmt: skip
    assert ran.status == 3, ran
    folder = only_session(tmp_path)
    log = (folder / "log.txt").read_bytes()
    with alone_with(SessionFolder(folder, "")):
        second = tinyrunner("run", "--resume", folder)
    assert second.status == 2, second
    assert "in use by another process" in second.err
    assert (folder / "log.txt").read_bytes() == log
