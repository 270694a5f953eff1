"""`--wire-log FILE` through the command line."""

from __future__ import annotations

import errno

import pytest
from support.cli import document, inferences, only_session, tinyrunner
from support.devices.boards import Interrupts, board, use_board
from tinyrunner.dut_protocol.link import wire_log
from tinyrunner.dut_protocol.link.wire_log_reader import WireEvent, WireLogBeginning, WireLogReader


def run(tmp_path, *more, mode="accuracy"):
    return tinyrunner(
        "run", "kws", "--mode", mode, "--dut", "sim:", "--datasets", "demo", "--limit", 3,
        "--sessions", tmp_path / "sessions", *more,
    )  # fmt: skip


def entries(path):
    return list(WireLogReader(path))


def test_a_run_leaves_every_byte_in_the_log_and_its_name_in_session_json(tmp_path):
    path = tmp_path / "wire.log"
    ran = run(tmp_path, "--wire-log", path)
    assert ran.status == 3, ran  # demo inputs
    session = only_session(tmp_path / "sessions")
    beginning, *events = entries(path)
    assert isinstance(beginning, WireLogBeginning)
    assert beginning.address == "sim:"
    assert sum(event.data.count(b"m-results-[") for event in events) == len(inferences(session))
    assert events[0].data.startswith(b"m-timestamp-mode-performance")
    assert document(session)["provenance"]["config"]["dut"]["wire_log"] == str(path)


def test_a_second_run_goes_on_in_the_same_log(tmp_path):
    path = tmp_path / "wire.log"
    for _ in range(2):
        assert run(tmp_path, "--wire-log", path).status == 3
    assert [isinstance(entry, WireLogBeginning) for entry in entries(path)].count(True) == 2


def test_a_file_that_is_no_wire_log_is_refused_before_anything_runs(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("precious", encoding="utf-8")
    ran = run(tmp_path, "--wire-log", path)
    assert ran.status == 2, ran
    assert "--wire-log" in ran.err
    assert "is no wire log" in ran.err
    assert path.read_text(encoding="utf-8") == "precious"
    assert not (tmp_path / "sessions").exists()


def test_the_log_is_written_out_on_ctrl_c_and_goes_on_with_the_resumed_run(tmp_path, monkeypatch):
    path = tmp_path / "wire.log"
    with monkeypatch.context() as patched:
        use_board(patched, board(fault=Interrupts(30)))
        ran = run(tmp_path, "--wire-log", path)
    assert ran.status != 3, ran
    *_, last = entries(path)
    assert last.data.startswith(b"db "), "the command at which it was interrupted"
    session = only_session(tmp_path / "sessions")
    use_board(monkeypatch, board())
    again = tinyrunner("run", "--resume", session)
    assert again.status == 3, again
    read = entries(path)
    assert [isinstance(entry, WireLogBeginning) for entry in read].count(True) == 2
    assert len(inferences(session)) == 3


def test_a_full_disk_is_noted_once_in_the_journal_and_the_run_finishes(tmp_path, monkeypatch):
    written = wire_log.WireLog._write

    def fails(log, block):
        if log._file is not None and not hasattr(log._file, "full"):

            class Full:
                full = True
                close = staticmethod(log._file.close)

                def write(self, data):
                    raise OSError(errno.ENOSPC, "No space left on device")

            log._file = Full()
        written(log, block)

    monkeypatch.setattr(wire_log.WireLog, "_write", fails)
    monkeypatch.setattr(wire_log, "FLUSH_INTERVAL_S", 0.5)
    ran = run(tmp_path, "--wire-log", tmp_path / "wire.log")
    assert ran.status == 3, ran
    session = only_session(tmp_path / "sessions")
    assert len(inferences(session)) == 3
    log = (session / "log.txt").read_text(encoding="utf-8")
    assert (ran.err + log).count("No space left on device") in (1, 2)  # journal and terminal
    assert "goes on without it" in log


def test_a_log_that_fails_at_its_very_end_is_still_told(tmp_path, monkeypatch):
    def fails(log, block):
        if b"> " in block:
            log._give_up()
            log._tell("the wire log ends here")

    monkeypatch.setattr(wire_log.WireLog, "_write", fails)
    monkeypatch.setattr(wire_log, "FLUSH_INTERVAL_S", 1e9)
    monkeypatch.setattr(
        wire_log.LoggingTransport, "read", lambda link, size, s: link._inner.read(size, s)
    )
    with pytest.warns(RuntimeWarning, match="the wire log ends here"):
        assert run(tmp_path, "--wire-log", tmp_path / "wire.log").status == 3


def test_energy_mode_logs_the_wire_to_the_io_manager(tmp_path):
    path = tmp_path / "wire.log"
    ran = tinyrunner(
        "run", "kws", "--mode", "energy", "--dut", "sim:", "--monitor", "sim:", "--supply-v", 3,
        "--datasets", "demo", "--sessions", tmp_path / "sessions", "--wire-log", path,
    )  # fmt: skip
    assert ran.status == 3, ran
    events = [entry for entry in entries(path) if isinstance(entry, WireEvent)]
    assert any(b"dut infer" in event.data for event in events)
    assert any(b"[dut]: m-results-[" in event.data for event in events)


def test_a_full_disk_while_the_monitor_is_opened_is_told_and_the_run_goes_on(tmp_path, monkeypatch):
    """The monitor is spoken to before there is a journal to note it in."""

    def fails(log, block):
        if log._file is not None:
            log._give_up()
            log._tell("the wire log ends here")

    monkeypatch.setattr(wire_log.WireLog, "_write", fails)
    with pytest.warns(RuntimeWarning, match="the wire log ends here"):
        ran = tinyrunner(
            "run", "kws", "--mode", "energy", "--iterations", 2, "--dut", "sim:", "--monitor",
            "sim:lpm01a", "--supply-v", 3, "--datasets", "demo", "--sessions", tmp_path / "s",
            "--wire-log", tmp_path / "wire.log",
        )  # fmt: skip
    assert ran.status == 3, ran


def test_the_console_logs_as_well(tmp_path):
    path = tmp_path / "wire.log"
    ran = tinyrunner("console", "--dut", "sim:kws01", "--wire-log", path, stdin="dut help\n")
    assert ran.status == 0, ran
    sent = [entry.data for entry in entries(path) if getattr(entry, "data", b"").endswith(b"%")]
    assert sent[-1] == b"help%"
