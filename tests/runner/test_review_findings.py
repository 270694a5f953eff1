"""What a first stranger stumbled over."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.cli import document, ended, only_session, process, tinyrunner
from support.reference import reference_path
from tinyrunner.runner.commands.show.progress import LINE_INTERVAL_S, LineReporter
from tinyrunner.runner.errors import SetupError
from tinyrunner.runner.journal.session_folder import Session, alone_with


def test_the_demo_model_on_official_inputs_is_never_valid(tmp_path):
    ran = ended(
        process(
            "run", "kws", "--mode", "performance", "--dut", "sim:", "--datasets",
            reference_path("datasets"), "--sessions", tmp_path,
        )
    )  # fmt: skip
    assert ran.status == 3, ran
    assert "synthetic" in ran.out
    assert "simulated device" in ran.out
    again = ended(process("score", only_session(tmp_path)))
    assert again.status == 3, again


def test_a_session_in_use_is_not_continued_by_another_process(tmp_path):
    session = Session(tmp_path, "20260101000000")
    with (
        alone_with(session),
        pytest.raises(SetupError, match="in use by another process"),
        alone_with(session),
    ):
        pass
    with alone_with(session):
        pass


def test_an_output_without_the_signs_of_units_does_not_end_a_run(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    monkeypatch.setenv("PYTHONUTF8", "0")
    ran = ended(process("models", "list"))
    assert ran.status == 0, ran


def test_a_slow_run_without_a_terminal_still_says_a_line_a_minute(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("tinyrunner.runner.commands.show.progress.time.monotonic", lambda: now[0])
    text = io.StringIO()
    reporter = LineReporter(Console(file=text, width=200))
    reporter.begin("ad accuracy", 48608, 0)
    for done in range(1, 4):
        now[0] += LINE_INTERVAL_S
        reporter.advance(done, "error 1.0")
    assert text.getvalue().count("\n") == 3
    assert "min left" in text.getvalue()


def test_a_limited_smoke_test_leaves_only_what_a_session_holds(tmp_path):
    tinyrunner(
        "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--limit", 2, "--datasets", "demo",
        "--sessions", tmp_path,
    )  # fmt: skip
    session = only_session(tmp_path)
    assert document(session)["result"]["simulated"] is True
    assert not [path for path in session.iterdir() if path.name.startswith(".")]


def test_a_run_that_is_still_going_is_not_continued_by_a_second_command(tmp_path):
    ran = ended(
        process(
            "run", "kws", "--mode", "accuracy", "--dut", "sim:", "--limit", 2, "--datasets",
            "demo", "--sessions", tmp_path,
        )
    )  # fmt: skip
    assert ran.status == 3, ran
    folder = only_session(tmp_path)
    log = (folder / "log.txt").read_bytes()
    with alone_with(Session(folder, "")):
        second = ended(process("run", "--resume", folder))
    assert second.status == 2, second
    assert "in use by another process" in second.err
    assert (folder / "log.txt").read_bytes() == log
