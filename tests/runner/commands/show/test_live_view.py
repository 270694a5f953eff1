"""What a person sees while a run goes on: at terminals of several widths, and without one."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
import tinyrunner
from rich.console import Console
from support.cli import Terminal, only_session
from support.cli import tinyrunner as command
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS
from tinyrunner.runner.commands.show import progress
from tinyrunner.runner.commands.show.progress import (
    LineReporter,
    LiveRun,
    begun_rows,
    make_reporter,
)
from tinyrunner.runner.execute.progress import BegunRun
from tinyrunner.runner.journal.session_document import read_document
from tinyrunner.runner.terms import Mode

BAR = re.compile(r"kws performance  ([━╸╺]+)  (\d)/5  \d:\d\d(  \d:\d\d left)?")


@pytest.fixture
def data(tmp_path):
    return write_inputs(tmp_path / "data", KWS, 5)


def words(data, tmp_path, address, *more: str) -> list[str]:
    return [
        "run", "kws", "--mode", "performance", "--dut", address, "--datasets", str(data),
        "--sessions", str(tmp_path / "s"), "--iterations", "600", "--for", "development", *more,
    ]  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
@pytest.mark.parametrize("columns", [80, 120])
def test_a_run_shows_what_it_measures_and_moves_within_its_windows(data, tmp_path, columns):
    with tinyrunner.simulated_device("kws", baud_rate=0, inference_time_s=0.001) as address:
        arguments = words(data, tmp_path, address)
        terminal = Terminal(*arguments, columns=columns)
        assert terminal.end() == 3, terminal.shown  # its windows are too short
    *seen, last = terminal.screens()
    session = only_session(tmp_path / "s")
    text = "\n".join(last)
    for row in (
        "device    tinyrunner-simulated, ULPMark for tinyML Firmware V0.0.1",
        f"port      {address}, 115200 baud",
        "model     kws01",
        "inputs    5 files of a list that is not official",
        "windows   600 inferences each, 1 before",
        f"session   {session}",
    ):
        assert f"\n  {row}\n" in text
    assert not any(BAR.match(line) for line in last)
    bars = [line for screen in seen for line in screen if "/5  0:" in line]
    assert all(BAR.fullmatch(line) and len(line) <= columns for line in bars), bars
    # The place of the bar's end while one and the same number of windows is measured.
    found = [BAR.fullmatch(line) for line in bars]
    places = {(bar[2], re.search("[╸╺]", bar[1] + "╸").start()) for bar in found if bar}
    assert max(sum(done == n for done, _ in places) for n in "1234") > 1, places
    paces = [line for screen in seen for line in screen if " ms/inf  tst_" in line]
    assert paces
    assert all(re.match(r"  \d+\.\d{3} inf/s, \d\.\d{3} ms/inf  tst_", line) for line in paces)
    assert max(map(len, paces)) <= columns
    table = text.partition("window  input")[2].splitlines()[1:6]
    assert all(re.search(r"  600 +0\.\d{3}  +\d+\.\d{3}  +0\.\d{3}$", row) for row in table), table


def test_a_run_of_energy_names_its_monitor_and_says_that_it_is_simulated(demo_sessions):
    provenance = read_document(demo_sessions["kws", Mode.ENERGY]).provenance
    rows = dict(begun_rows(BegunRun(Path("s"), provenance, 660.0, at_least=False)))
    assert rows["monitor"] == "Keysight Technologies N6705C, simulated, 3 V"
    assert rows["takes"] == "about 11 min at 9600 baud"


@pytest.fixture
def clock(monkeypatch):
    """The seconds that the view takes it to be."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def drawn(run: LiveRun, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(run)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120])
def test_a_narrow_terminal_costs_names_and_parts_and_never_digits(clock, width):
    run = LiveRun("a-board ad accuracy", 48608, 0, clock[0] - 9000, 24304)
    run.status = "AUC 0.8612 so far, 124 files  anomaly_id_01_00000002_hist_librosa.bin"
    bar, status = drawn(run, width)
    assert max(len(bar), len(status)) <= width
    left = "  2:30:00 left" if width >= 30 else ""
    assert re.search(rf"  24304/48608(  2:30:00)?{left}$", bar), bar
    assert ("2:30:00  2:30:00" in bar) is (width >= 80)
    assert re.match(r"  AUC 0\.8612( so far,| so far, 124 files(  anomal.*)?)?$", status), status


def test_the_bar_moves_within_a_window_and_never_to_its_end(clock):
    run = LiveRun("kws performance", 5, 0, clock[0], 2, window_s=10.0, window_began_s=clock[0])
    assert run.progress == 2
    clock[0] += 5
    assert run.progress == 2.5
    clock[0] += 50
    assert 2.9 < run.progress < 3


def test_the_time_left_is_what_was_expected_until_there_is_a_pace(clock):
    run = LiveRun("kws performance", 5, 0, clock[0], 0, expected_s=55.0)
    assert run.left_s == 55
    clock[0] += 10
    assert run.left_s == 45
    run.done = 1
    assert run.left_s == 40
    assert LiveRun("ad accuracy", 5, 0, clock[0], 0).left_s is None


def test_a_continued_run_goes_by_the_pace_of_its_own_part(clock):
    run = LiveRun("ad accuracy", 100, 90, clock[0] - 4, 90, expected_s=20.0)
    assert run.left_s == 16
    run.done = 92
    assert run.left_s == 16


@pytest.mark.parametrize(
    ("asked", "kind"),
    [({}, "BarReporter"), ({"quiet": True}, "QuietReporter"), ({"verbose": True}, "BarReporter")],
)
def test_a_terminal_gets_a_bar_but_where_nothing_is_asked_for(asked, kind):
    console = Console(file=io.StringIO(), force_terminal=True)
    assert type(make_reporter(console, **asked)).__name__ == kind


def test_a_terminal_that_can_move_no_cursor_gets_lines():
    dumb = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"})
    assert isinstance(make_reporter(dumb), LineReporter)


def test_every_input_leaves_a_line_where_that_is_asked_for():
    for terminal in (True, False):
        console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
        reporter = make_reporter(console, verbose=True)
        reporter.begin("kws accuracy", 300, 0)
        for done in range(1, 301):
            reporter.advance(done, f"Top-1 of {done}")
        reporter.end()
        text = console.file.getvalue()
        assert all(f"{done}/300 Top-1 of {done}" in text for done in range(1, 301))


def test_quiet_leaves_results_alone_and_colours_are_left_out_on_request(data, tmp_path):
    ran = command(*words(data, tmp_path, "sim:", "--quiet"))
    assert ran.status == 0, ran
    assert ran.err == ""
    assert "median throughput 49.99" in ran.out
    ran = command(*words(data, tmp_path, "sim:"))
    assert "kws performance: device: tinyrunner-simulated, " in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_no_color_leaves_the_bar_and_takes_the_colours(data, tmp_path):
    terminal = Terminal(*words(data, tmp_path, "sim:"), NO_COLOR="1")
    assert terminal.end() == 0
    steering = set(re.findall(r"\x1b\[[0-9;]*m", terminal.text()))
    assert not [one for one in steering if re.search(r"\[(?:\d+;)*(?:3|4|9)\d", one)], steering
