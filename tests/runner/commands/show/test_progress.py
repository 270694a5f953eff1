"""What a run shows of its progress, on a terminal and without one."""

from __future__ import annotations

import io

from rich.console import Console
from tinyrunner.runner.commands.show.progress import (
    LINE_INTERVAL_S,
    BarReporter,
    LineReporter,
    make_reporter,
)


def run_reported(reporter):
    reporter.note("before [brackets]")
    reporter.begin("kws accuracy", 100, 0)
    for done in range(1, 101):
        reporter.advance(done, "Top-1 [90%]")
    reporter.end()
    reporter.note("after")


def test_without_a_terminal_progress_is_plain_lines():
    out = io.StringIO()
    reporter = make_reporter(Console(file=out))
    assert isinstance(reporter, LineReporter)
    run_reported(reporter)
    lines = out.getvalue().splitlines()
    assert lines[0] == "before [brackets]"
    assert lines[-2:] == ["kws accuracy: 100/100 Top-1 [90%]", "after"]
    assert len(lines) == 22


def test_on_a_terminal_progress_is_a_bar_that_goes_away():
    out = io.StringIO()
    reporter = make_reporter(Console(file=out, force_terminal=True, width=120))
    assert isinstance(reporter, BarReporter)
    run_reported(reporter)
    assert "before [brackets]" in out.getvalue()
    assert "100/100" in out.getvalue()
    assert "Top-1 [90%]" in out.getvalue()


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
