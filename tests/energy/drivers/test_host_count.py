"""Samples counted against the host's clock: a loss is found, a busy host is not accused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinyrunner.energy.drivers.host_count import (
    HostCount,
    finish_recording,
    host_loss_words,
    write_host_losses,
)
from tinyrunner.energy.errors import SamplesLost
from tinyrunner.energy.trace import EnergyTrace, TraceWriter
from tinyrunner.energy.windows import measure_windows

RATE_HZ = 100_000.0


def count(
    seconds,
    *,
    lost=(),
    drift=0.0,
    late_s=0.0002,
    rate_hz=RATE_HZ,
    every_s=0.05,
    modulus=64,
    busy=(),
    seed=1,
):
    """A recording that is looked at now and then.

    ``lost``: (moment, samples); ``late_s``: how late what came last is, on average; ``busy``:
    (from, to, seconds) in which the host sees everything so much later.
    """
    random = np.random.default_rng(seed)
    counted = HostCount(rate_hz, every_s, modulus)
    at_s, had = 0.0, 0
    while at_s < seconds:
        at_s += every_s * (0.8 + 0.4 * random.random())
        came_s = at_s - random.exponential(late_s) - 0.0001
        came_s -= sum(more_s for from_s, to_s, more_s in busy if from_s <= at_s < to_s)
        made = int(came_s * rate_hz * (1 - drift))
        gone = sum(min(n, max(0, made - int(moment_s * rate_hz))) for moment_s, n in lost)
        if made - gone > had:
            had = made - gone
            counted.seen(1000.0 + at_s, had)
    return counted.losses()


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**31),
    st.floats(-0.0005, 0.0005),
    st.sampled_from([0.0, 0.0002, 0.001, 0.004, 0.02]),
    st.floats(0.4, 60.0),
)
def test_a_recording_without_a_loss_has_none(seed, drift, late_s, seconds):
    assert count(seconds, drift=drift, late_s=late_s, seed=seed) == []


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**31), st.floats(2.0, 54.0), st.integers(16, 4000), st.floats(-4e-4, 4e-4))
def test_a_loss_of_whole_rounds_is_counted_to_the_sample(seed, moment_s, rounds, drift):
    (loss,) = count(60.0, lost=[(moment_s, 64 * rounds)], drift=drift, seed=seed)
    assert loss.lost % 64 == 0
    assert loss.lost == pytest.approx(64 * rounds, abs=3 * 64)
    assert loss.first <= moment_s * RATE_HZ + 1
    assert loss.last >= moment_s * RATE_HZ - 1
    assert loss.last - loss.first < RATE_HZ


@pytest.mark.parametrize("drift", [0.004, -0.004])
def test_a_clock_that_is_off_all_the_time_is_no_loss_and_hides_none(drift):
    assert count(60.0, drift=drift) == []
    (loss,) = count(60.0, drift=drift, lost=[(30.0, 6400)])
    assert loss.lost == pytest.approx(6400, abs=128)


def test_a_host_that_is_busy_for_seconds_is_no_loss():
    busy = [(10.0, 13.0, 0.2), (20.0, 24.0, 0.05), (30.0, 30.3, 1.5)]
    assert count(60.0, busy=busy) == []
    losses = count(60.0, busy=busy, lost=[(22.0, 6400)])
    assert sum(loss.lost for loss in losses) == pytest.approx(6400, abs=128)
    assert losses[0].first <= 22.0 * RATE_HZ <= losses[-1].last <= 24.0 * RATE_HZ


def test_several_losses_are_told_apart():
    losses = count(60.0, lost=[(10.0, 640), (10.7, 1280), (31.0, 128_000)])
    assert [loss.lost for loss in losses] == pytest.approx([640, 1280, 128_000], abs=64)


def test_what_is_missing_everywhere_is_found_where_no_clock_is_so_far_off():
    losses = count(30.0, lost=[(0.25 * k, 320) for k in range(120)])
    assert sum(loss.lost for loss in losses) == pytest.approx(120 * 320, rel=0.1)


@pytest.mark.parametrize(
    ("rate_hz", "every_s", "samples"), [(1000.0, 0.1, 100), (4882.8125, 1.0, 200), (2e6, 0.1, 50e3)]
)
def test_other_rates_and_other_intervals_work_as_well(rate_hz, every_s, samples):
    setup = {"rate_hz": rate_hz, "every_s": every_s, "modulus": 1}
    assert count(80.0, **setup) == []
    (loss,) = count(80.0, lost=[(41.0, samples)], **setup)
    assert loss.lost == pytest.approx(samples, rel=0.1)


def test_a_loss_invalidates_the_windows_that_it_may_be_in_and_no_other(tmp_path):
    losses = count(60.0, lost=[(31.0, 6400)])
    with TraceWriter(tmp_path / "trace.bin", RATE_HZ) as writer:
        writer.append(np.full(6_000_000 - 6400, 1e-6))
        assert write_host_losses(writer, losses) == losses[0].lost
        trace: EnergyTrace = writer.finish({})
    windows = measure_windows(trace, [(5.0, 15.0), (20.0, 30.0), (30.5, 40.5), (45.0, 55.0)])
    assert [window.invalid is None for window in windows] == [True, True, False, True]
    assert "samples are missing inside it" in windows[2].invalid
    assert trace.lost_samples == losses[0].lost


def test_a_window_that_lies_within_a_stretch_of_doubt_does_not_count(tmp_path):
    """The host saw nothing for four seconds, and a window was in the middle of them."""
    counted = HostCount(RATE_HZ, 0.05, 64)
    for moment in np.arange(0.0, 20.0, 0.05):
        if not 8.0 < moment < 12.0:
            counted.seen(moment, round(moment * RATE_HZ) - (6400 if moment > 9.0 else 0))
    with TraceWriter(tmp_path / "trace.bin", RATE_HZ) as writer:
        writer.append(np.full(1_990_000, 1e-6))
        write_host_losses(writer, counted.losses())
        trace = writer.finish({})
    (window,) = measure_windows(trace, [(9.8, 10.2)])
    assert window.invalid is not None


def test_the_words_say_how_many_and_where():
    losses = count(60.0, lost=[(31.0, 6400)])
    (words,) = host_loss_words(losses, RATE_HZ)
    assert words.startswith("6400 more missing by the host's clock (6400 between 3")
    assert host_loss_words([], RATE_HZ) == []


def test_a_recording_that_lost_too_much_is_finished_kept_and_refused(tmp_path):
    class Monitor:
        trace: EnergyTrace | None = None

    counted = HostCount(RATE_HZ, 0.05, 64)
    for moment in np.arange(0.0, 20.0, 0.05):
        counted.seen(moment, round(moment * RATE_HZ) - (6400 if moment > 9.0 else 0))
    monitor, writer = Monitor(), TraceWriter(tmp_path / "trace.bin", RATE_HZ)
    writer.append(np.full(1_990_000, 1e-6))
    with pytest.raises(
        SamplesLost, match=r"the meter: 6500 of .* broken lines; 6400 more missing by the host's"
    ):
        finish_recording(
            monitor, "the meter", writer, counted, {"maker": "A"}, 100, ["100 broken lines"]
        )
    assert monitor.trace.provenance == {"maker": "A", "samples_missing_by_host_clock": 6400}
    assert monitor.trace.lost_samples == 6400  # the others are noted where they were found
