"""Two readings of a microsecond counter, and how long lies between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.runner.score.lap_time import lap_s, wrapped_s

COUNTER = st.integers(0, 2**32 - 1)


@given(COUNTER, COUNTER, st.none() | st.floats(0, 1e4))
def test_a_counter_that_did_not_go_back_is_believed_whatever_the_host_says(start, end, host_s):
    start, end = sorted((start, end))
    assert lap_s(start, end, host_s) == (end - start) / 1e6


@given(COUNTER, st.integers(1, 2**32 - 1))
def test_a_wrap_is_believed_where_the_host_agrees(start, us):
    end = (start + us) % 2**32
    assert lap_s(start, end, us / 1e6) == us / 1e6
    if end < start:
        assert wrapped_s(start, end) == us / 1e6
        assert lap_s(start, end, None) is None


@pytest.mark.parametrize(
    ("host_s", "believed"),
    [(10.0, True), (10.4, True), (10.6, False), (9.55, True), (9.4, False), (0.0, False)],
)
def test_the_host_agrees_within_five_per_cent_and_twenty_milliseconds(host_s, believed):
    seconds = lap_s(2**32 - 1_000_000, 9_000_000, host_s)
    assert seconds == (10.0 if believed else None)


def test_a_short_wrap_may_differ_by_the_lines_own_time():
    assert lap_s(2**32 - 500, 500, 0.020) == 0.001
    assert lap_s(2**32 - 500, 500, 0.024) is None
