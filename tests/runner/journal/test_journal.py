"""log.txt: its form, its time, and what happens when it cannot be written."""

from __future__ import annotations

import subprocess
import sys

import pytest
from support.cli import inferences, only_session, tinyrunner
from support.inputs import write_inputs
from support.reference import reference_path
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.models.suite import KWS
from tinyrunner.runner.errors import JournalError
from tinyrunner.runner.journal.journal import Journal, last_stamp_s


def test_a_line_is_the_seconds_the_source_and_the_text(tmp_path):
    clock = VirtualClock()
    clock.pause(3.0)  # the journal's time begins with the journal
    with Journal(tmp_path / "log.txt", clock) as journal:
        journal.write("session", "a")
        clock.pause(87.4244)
        journal.write("dut", "m-ready")
    assert (tmp_path / "log.txt").read_bytes() == b"00000.000 session: a\n00087.424 dut: m-ready\n"


def test_a_long_session_has_more_digits_and_no_other_form(tmp_path):
    clock = VirtualClock()
    with Journal(tmp_path / "log.txt", clock) as journal:
        clock.pause(365036.217)
        journal.write("dut", "m-ready")
    assert (tmp_path / "log.txt").read_text() == "365036.217 dut: m-ready\n"


def test_what_was_flushed_is_in_the_file_before_it_is_closed(tmp_path):
    with Journal(tmp_path / "log.txt", VirtualClock()) as journal:
        journal.write("dut", "m-ready")
        journal.flush()
        assert (tmp_path / "log.txt").read_text() == "00000.000 dut: m-ready\n"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows moves no folder with an open file")
def test_a_folder_that_is_moved_away_is_noticed_with_the_next_step(tmp_path):
    (tmp_path / "session").mkdir()
    with Journal(tmp_path / "session" / "log.txt", VirtualClock()) as journal:
        journal.write("dut", "m-ready")
        journal.flush()
        (tmp_path / "session").rename(tmp_path / "elsewhere")
        with pytest.raises(JournalError, match="was moved away while the run wrote it"):
            journal.flush()
    assert (tmp_path / "elsewhere" / "log.txt").read_text() == "00000.000 dut: m-ready\n"


def test_a_log_that_is_there_is_never_begun_again(tmp_path):
    (tmp_path / "log.txt").write_text("precious")
    with pytest.raises(JournalError, match=r"log.txt cannot be opened: File exists"):
        Journal(tmp_path / "log.txt", VirtualClock())
    assert (tmp_path / "log.txt").read_text() == "precious"


def test_a_torn_last_line_is_ended_and_time_goes_on_behind_it(tmp_path):
    log = tmp_path / "log.txt"
    log.write_bytes(b"00012.500 dut: m-infer-done\n00012.6")
    clock = VirtualClock()
    clock.pause(100)
    with Journal(log, clock, resume=True) as journal:
        clock.pause(1)
        journal.write("session", "b")
    assert log.read_text().splitlines()[1:] == ["00012.6", "00013.500 session: b"]


@pytest.mark.parametrize("text", [b"", b"00012.5", b"chatter\n", b"\xff\xfe\n\n"])
def test_a_log_without_a_whole_stamp_ends_at_zero(text, tmp_path):
    (tmp_path / "log.txt").write_bytes(text)
    assert last_stamp_s(tmp_path / "log.txt") == 0.0


@pytest.mark.skipif(sys.platform == "win32", reason="no /dev/full")
def test_a_full_disk_is_an_error_that_names_the_log():
    with pytest.raises(JournalError, match=r"/dev/full cannot be written: No space left"):
        _fill()


def _fill():
    from pathlib import Path

    with Journal(Path("/dev/full"), VirtualClock(), resume=True) as journal:
        journal.write("dut", "m-ready")
        journal.flush()


LIMITED = """
import resource, signal, sys
sys.dont_write_bytecode = True  # a cut-off one would be everybody's
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes}, {bytes}))
sys.argv = ["tinyrunner", *sys.argv[1:]]
from tinyrunner.runner.commands.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no resource limits")
def test_a_disk_that_fills_up_in_mid_run_stops_it_and_it_goes_on_when_there_is_space(tmp_path):
    data = write_inputs(tmp_path / "data", KWS, 30)
    arguments = [
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--datasets", data, "--model",
        reference_path("models", "kws_ref_model.tflite"), "--sessions",
    ]  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", LIMITED.format(bytes=20000), *arguments, tmp_path / "s"],
        capture_output=True,
        text=True,
        check=False,
    )
    session = only_session(tmp_path / "s")
    assert ran.returncode == 1, ran.stderr
    assert "log.txt cannot be written: File too large" in ran.stderr
    assert f"tinyrunner run --resume {session}" in ran.stderr
    assert 0 < len(inferences(session)) < 30
    assert tinyrunner("run", "--resume", session).status == 3
    tinyrunner(*arguments, tmp_path / "whole")
    assert inferences(session) == inferences(only_session(tmp_path / "whole"))
