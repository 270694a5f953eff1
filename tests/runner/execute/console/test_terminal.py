"""The console at a terminal: keys, completion, what was typed the last time, and how it is left."""

from __future__ import annotations

import contextlib
import signal
import sys

import pytest
from support.cli import Terminal
from support.inputs import write_inputs
from tinyrunner.models.suite import KWS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")

UP, LEFT, TAB, CTRL_C, CTRL_D = "\x1b[A", "\x1b[D", "\t", "\x03", "\x04"


@pytest.fixture
def terminal(tmp_path):
    """The console on a simulated device, in a folder with one input, ready to be typed at."""
    write_inputs(tmp_path, KWS, 1)
    with contextlib.ExitStack() as opened:

        def start(*arguments, state=tmp_path / "state", dut="sim:kws01"):
            where = {"cwd": tmp_path / "kws01", "TINYRUNNER_STATE": str(state)}
            console = Terminal("console", "--dut", dut, *arguments, **where)
            opened.callback(console.kill)
            console.until("\n>")
            return console

        yield start


def test_lines_are_edited_completed_and_found_again_the_next_time(terminal):
    console = terminal()
    console.type("nme" + LEFT + LEFT + "a\r")
    console.until("m-name-dut-[tinyrunner-simulated]")
    console.until("\n>")
    console.type("blo" + TAB + "d" + TAB + "tst" + TAB + "\r")
    console.until("490 bytes loaded")
    console.until("\n>")
    console.type("quit\r")
    assert console.end() == 0
    console = terminal()
    console.type(UP + UP + "\r")
    console.until("490 bytes loaded")
    console.until("\n>")
    console.type(CTRL_D)
    assert console.end() == 0


def test_ctrl_c_drops_what_is_typed_and_leaves_where_nothing_is(terminal):
    console = terminal()
    console.type("dut nonsense" + CTRL_C + "name\r")
    console.until("m-name-dut-[tinyrunner-simulated]")
    assert "nonsense]" not in console.shown
    console.until("\n>")
    console.type(CTRL_C)
    assert console.end() == 130
    assert console.shown.rstrip().endswith("interrupted")
    assert "Traceback" not in console.shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_at_the_prompt_ends_it_in_order(terminal, number):
    console = terminal("--monitor", "sim:")
    console.type("emon voltage 3000\remon power on\r")
    console.until("m-power[on]")
    console.until("\n>")
    console.running.send_signal(number)
    assert console.end() == 130
    assert "interrupted" in console.shown
    assert "Traceback" not in console.shown


def test_a_history_that_cannot_be_written_ends_nothing(terminal, tmp_path):
    (tmp_path / "state").write_text("a file where the folder would be")
    console = terminal()
    console.type("name\r")
    console.until("m-name-dut-[tinyrunner-simulated]")
    console.until("\n>")
    console.type(CTRL_D)
    assert console.end() == 0


@pytest.mark.parametrize("shown", ["m-init-done", "m-profile-"])
def test_ctrl_c_before_the_first_prompt_ends_it_in_order(tmp_path, shown):
    console = Terminal("console", "--dut", "sim:kws01", TINYRUNNER_STATE=str(tmp_path))
    try:
        console.until(shown)
        console.type(CTRL_C)
        assert console.end() == 130
    finally:
        console.kill()
    assert console.shown.endswith("interrupted\n")
    assert "Traceback" not in console.shown
