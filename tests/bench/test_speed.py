"""Quick, loose checks that nothing became many times as slow; the figures are the scripts' matter.

Every bound is a ratio of CPU seconds to a floor of the same run, so that neither the machine's
speed nor its other work counts; no real time is asserted. Beside each stands what it was measured
as, and what a real regression gave: the bound is between the two.
"""

from __future__ import annotations

import sys

import pytest
from bench import ad_accuracy, kws_accuracy, log_reading
from bench.energy import streams


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_db_command_costs_about_what_a_bare_handshake_costs() -> None:
    """1.1 to 1.5; with pyserial's own read 4.0, read byte by byte 5.1, every reply parsed 2.4.
    Pipelined 1.3 to 1.7; with every reply parsed 6.6."""
    from bench.link import db_command

    costs = db_command.measure(blocks=20)
    assert costs.ratio.cpu_s < 2.2
    assert costs.pipelined_ratio.cpu_s < 2.6


def test_a_simulated_kws_session_costs_a_few_times_its_inferences() -> None:
    """3 to 5 with the small demo model; with every command parsed by the simulator 8."""
    assert kws_accuracy.measure(300, blocks=3, demo=True).ratio.cpu_s < 6.5


def test_an_ad_window_costs_a_few_times_its_bytes_and_log_lines() -> None:
    """6 to 9; with every command parsed by the simulator 57 to 70."""
    assert ad_accuracy.window_ratio(files=2).cpu_s < 20


def test_reading_a_log_costs_a_few_times_a_look_at_each_line() -> None:
    """6 to 9; line by line, without the pattern for a whole load and inference, 14 to 18."""
    with log_reading.ad_log(files=4) as log:
        assert log_reading.measure(log, blocks=5).each_line_ratio.cpu_s < 12


def test_reading_binary_samples_costs_a_few_times_a_look_up_of_each() -> None:
    """4 to 5; with the samples between two records decoded by themselves 10, one by one 300."""
    assert streams.stlink_ratio(1_000_000, blocks=5).cpu_s < 7.5


def test_judging_a_streaming_session_costs_half_as_much_again_as_reading_it() -> None:
    """1.1 to 1.4; with each word sought in all detections 5, the rounds parsed each time 15."""
    with log_reading.streaming_session() as (folder, truth):
        assert log_reading.judging_costs(folder, truth, blocks=8, times=3).ratio.cpu_s < 1.8
