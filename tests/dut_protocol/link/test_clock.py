from __future__ import annotations

import pytest
from tinyrunner.dut_protocol.link.clock import Deadline, MonotonicClock, VirtualClock


def test_a_virtual_clock_moves_only_when_told_to():
    clock = VirtualClock()
    clock.pause(1.5)
    clock.advance_to(1.0)  # already past
    clock.pause(-1.0)
    assert clock.now_s() == 1.5
    clock.advance_to(2.0)
    assert clock.now_s() == 2.0


def test_a_monotonic_clock_starts_at_zero_and_pauses_in_real_time():
    clock = MonotonicClock()
    assert 0 <= clock.now_s() < 1
    before_s = clock.now_s()
    clock.pause(0.01)
    clock.pause(-5.0)
    assert clock.now_s() - before_s >= 0.01


def test_a_deadline_counts_down_and_never_below_zero():
    clock = VirtualClock()
    deadline = Deadline(clock, 2.0)
    assert deadline.remaining_s == 2.0
    clock.pause(1.5)
    assert deadline.remaining_s == pytest.approx(0.5)
    assert not deadline.expired
    clock.pause(1.0)
    assert deadline.remaining_s == 0.0
    assert deadline.expired


def test_a_deadline_can_begin_in_the_past_and_be_extended():
    clock = VirtualClock()
    clock.pause(10.0)
    deadline = Deadline(clock, 3.0, since_s=9.0)
    assert deadline.remaining_s == pytest.approx(2.0)
    deadline.extend_to(5.0)
    assert (deadline.seconds, deadline.when_s) == (5.0, 15.0)


def test_reading_up_to_a_deadline_reaches_it_whatever_the_rounding():
    clock = VirtualClock()
    for step in range(1, 2000):
        clock.pause(0.1 / step)
        deadline = Deadline(clock, 1.0 / 3.0)
        for _ in range(3):
            clock.advance_to(clock.now_s() + deadline.remaining_s)
        assert deadline.expired
