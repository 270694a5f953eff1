"""What must not be cut short is not, whatever signals come; what came is raised behind it."""

from __future__ import annotations

import signal
import sys

import pytest
from tinyrunner.energy import interruptions
from tinyrunner.energy.errors import MonitorError, SupplyMayBeOn
from tinyrunner.energy.interruptions import INTERRUPTIONS, SafeStack, held, leave_all
from tinyrunner.runner.commands import interrupts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture(autouse=True)
def _as_in_a_command():
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in numbers}
    interrupts.interrupt_the_work(even_if_ignored=True)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    INTERRUPTIONS.raised = False
    INTERRUPTIONS.on_release = lambda: None
    assert (INTERRUPTIONS.held, INTERRUPTIONS.open) == (0, [])


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_one_that_comes_while_it_is_held_is_raised_behind_the_outermost_block():
    done = []

    def inner() -> None:
        with held():
            ctrl_c()
            done.append("inner")

    def outer() -> None:
        with held():
            inner()
            done.append("outer")

    with pytest.raises(KeyboardInterrupt):
        outer()
    assert done == ["inner", "outer"]


def test_a_block_that_waits_is_told_of_what_is_kept_and_nobody_else_is():
    told = []

    def wait() -> None:
        with held(lambda: told.append("the outer")):
            with held(lambda: told.append("the inner")):
                ctrl_c()
            ctrl_c()
        told.append("never")

    with pytest.raises(KeyboardInterrupt):
        wait()
    INTERRUPTIONS.on_kept()
    assert told == ["the inner", "the outer"]


def test_from_the_first_on_others_are_held_until_all_is_in_order(capfd):
    done = []

    def close() -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.raise_signal(number)
        done.append("off")

    def run() -> None:
        with SafeStack() as stack:
            stack.callback(close)
            try:
                ctrl_c()
            finally:
                ctrl_c()  # before the stack is left, too
                done.append("journal")

    with pytest.raises(KeyboardInterrupt):
        run()
    assert done == ["journal", "off"]
    answers = capfd.readouterr().err.splitlines()
    assert set(answers) == {"switching the supply off; please wait"}
    assert 2 <= len(answers) <= 3  # two of a kind that wait at once are one


def test_an_interruption_that_jumps_over_the_stack_is_followed_by_its_leaving(monkeypatch):
    """Python may raise it wherever a function is entered, so before the first line of this one."""
    done = []
    left = SafeStack.__exit__

    def entered(stack, *details):
        if not INTERRUPTIONS.raised:
            ctrl_c()
        return left(stack, *details)

    monkeypatch.setattr(SafeStack, "__exit__", entered)
    with pytest.raises(KeyboardInterrupt), SafeStack() as stack:
        stack.callback(done.append, "off")
    assert done == []
    ctrl_c()
    leave_all()
    assert done == ["off"]


@pytest.mark.parametrize("signals", [0, 1, 2])
def test_that_the_supply_may_be_on_outranks_the_interruption(signals):
    def close() -> None:
        for _ in range(signals):
            ctrl_c()
        raise SupplyMayBeOn("it does not answer")

    with pytest.raises(SupplyMayBeOn, match="it does not answer") as caught, SafeStack() as stack:
        stack.callback(close)
    assert isinstance(caught.value.__cause__, KeyboardInterrupt) == (signals > 0)


def test_what_was_interrupted_while_it_failed_says_both():
    def run() -> None:
        with SafeStack() as stack:
            stack.callback(ctrl_c)
            raise MonitorError("unplugged")

    with pytest.raises(KeyboardInterrupt) as caught:
        run()
    assert str(caught.value.__context__) == "unplugged"


def test_one_that_was_swallowed_is_not_the_last_that_is_heard(monkeypatch):
    with SafeStack():
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
        ctrl_c()  # held: all is ending, as it seems
        monkeypatch.setattr(interrupts, "_ENDING_S", 0.0)
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()


def test_where_nobody_handles_signals_nothing_changes():
    INTERRUPTIONS.on_release = interruptions.Interruptions().on_release
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(KeyboardInterrupt), held():
        ctrl_c()
