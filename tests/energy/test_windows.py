"""Windows: which edges belong to which, and what was drawn between them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.energy.errors import SamplesLost
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.trace import EnergyTrace, Gap, TraceOrigin
from tinyrunner.energy.windows import (
    check_lost,
    energy_uj,
    measure_window,
    measure_windows,
    merge_edges,
    split_events,
    whole_sample_indices,
)

ELEVEN = (0.014, 2.711, 16.045, 17.85, 31.184, 32.99, 46.322, 48.141, 61.473, 63.285, 76.618)


def trace_of(samples, rate_hz=1000.0, **more) -> EnergyTrace:
    return EnergyTrace(rate_hz, np.asarray(samples, np.float32), (), **more)


def test_eleven_edges_are_one_ahead_and_five_windows():
    edges = split_events(ELEVEN, 5)
    assert edges.error is None
    assert len(edges.windows_s) == 5
    assert edges.windows_s[0] == (2.711, 16.045)
    assert edges.windows_s[-1] == (63.285, 76.618)


def test_a_recorded_boot_pulse_is_set_aside_where_it_is_known_of():
    edges = split_events((0.001, *ELEVEN), 5, leading=2)
    assert edges == split_events(ELEVEN, 5)


def test_edges_closer_than_the_hold_are_one_edge():
    bouncing = [moment + bounce for moment in ELEVEN for bounce in (0, 20e-6, 49e-6)]
    assert merge_edges(bouncing) == ELEVEN
    assert split_events(bouncing, 5).error is None
    assert merge_edges((0.0, 50e-6)) == (0.0, 50e-6)


def test_a_chain_of_bounces_does_not_swallow_what_comes_after_the_hold():
    assert merge_edges((0.0, 40e-6, 80e-6)) == (0.0, 80e-6)


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ((), "0 edges of the timestamp pin where 11 were expected, 1 ahead and 2 for each of 5"),
        ((), "not wired to the event input, or the firmware is built for performance"),
        (ELEVEN[:1], "1 edge of the timestamp pin (at 0.014 s)"),
        (ELEVEN[:1], "the run ended early"),
        (ELEVEN[1:], "one pulse was too short for the monitor"),
        ((*ELEVEN, 80.0), "12 edges of the timestamp pin (at 0.014, 2.711"),
        ((*ELEVEN, 80.0), "boot pulse"),
        (sorted([*ELEVEN, *(e + 0.001 for e in ELEVEN)]), "set its event source to falling"),
        (tuple(range(100)), "the pin bounces or floats"),
    ],
)
def test_missing_and_surplus_edges_are_counted_and_explained(events, told):
    edges = split_events(events, 5)
    assert edges.windows_s == ()
    assert told in edges.error
    assert len(edges.error) < 800


def test_windows_are_numbered_as_eembc_counts():
    trace = trace_of(np.ones(100))
    windows = measure_windows(trace, [(0.01, 0.02), (0.03, 0.05)])
    assert [window.number for window in windows] == [2, 4]
    assert [window.energy_j for window in windows] == pytest.approx([10e-6, 20e-6])
    assert [window.power_w for window in windows] == pytest.approx([1e-3, 1e-3])
    assert [window.invalid for window in windows] == [None, None]


@given(
    st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=30),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
)
def test_energy_between_two_moments_takes_fractions_of_the_edge_samples(values, parts):
    """Against the integral of the staircase that the samples are."""
    samples = np.array(values, np.float32)
    start, end = (part * len(values) for part in parts)
    integral = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64))])
    at = np.arange(len(values) + 1)
    expected = np.interp(end, at, integral) - np.interp(start, at, integral)
    assert energy_uj(samples, start, end) == pytest.approx(expected, abs=1e-9)


@given(st.floats(0.1, 3.0), st.floats(0.01, 6.0), st.sampled_from([1000.0, 4882.8125, 1e5]))
def test_the_energy_of_a_steady_window_is_the_models(start_s, length_s, rate_hz):
    model = PowerModel()
    model.supply_v = 3.0
    model.change(0.0, PowerState.INFER)
    count = int(10 * rate_hz)
    samples = np.diff(model.energy_j(np.arange(count + 1) / rate_hz)) * 1e6
    window = measure_window(trace_of(samples, rate_hz), 2, start_s, start_s + length_s)
    assert window.energy_j == pytest.approx(0.035 * 3.0 * length_s, rel=1e-6)
    assert window.power_w == pytest.approx(0.105, rel=1e-6)


def test_eembcs_index_is_where_the_running_sum_of_periods_reaches_the_moment():
    trace = trace_of(np.ones(80_000), origin=TraceOrigin.EEMBC)
    moments = [2.711, 16.045, 31.184, 32.99, 76.618]
    # What the published sums of v1.1 kws tell, see test_energy_score.
    assert whole_sample_indices(trace, moments) == [2712, 16046, 31184, 32990, 76618]
    assert whole_sample_indices(trace, moments[::-1])[0] == 76618
    assert whole_sample_indices(trace, [0.0]) == [0]
    assert measure_window(trace, 2, 79.0, 80.5).energy_j is None


def test_the_running_sum_goes_on_across_chunks(monkeypatch):
    trace = trace_of(np.ones(80_000), origin=TraceOrigin.EEMBC)
    moments = [0.0, *ELEVEN, 79.9]
    whole = whole_sample_indices(trace, moments)
    monkeypatch.setattr("tinyrunner.energy.windows._CHUNK_SAMPLES", 777)
    assert whole_sample_indices(trace, moments) == whole


@pytest.mark.parametrize("span", [(0.09, 0.11), (0.05, 0.05), (0.06, 0.05), (5.0, 6.0)])
def test_a_window_that_the_trace_does_not_hold_is_invalid_and_says_so(span):
    window = measure_window(trace_of(np.ones(100)), 4, *span)
    assert (window.energy_j, window.power_w) == (None, None)
    assert "where the trace holds 0.100 s" in window.invalid


def test_a_gap_inside_a_window_makes_it_invalid_and_says_where():
    trace = trace_of(np.ones(100), gaps=(Gap(5, 1), Gap(20, 3), Gap(80, 1)))
    window = measure_window(trace, 2, 0.010, 0.050)
    assert window.invalid == "samples are missing inside it: 3 at 0.020000 s"
    assert window.energy_j == pytest.approx(40e-6)
    assert measure_window(trace, 2, 0.030, 0.070).invalid is None
    assert measure_window(trace, 2, 0.020, 0.030).invalid is not None


def test_many_gaps_are_told_shortly():
    trace = trace_of(np.ones(100), gaps=tuple(Gap(at, 1) for at in range(10, 90)))
    assert measure_window(trace, 2, 0.0, 0.1).invalid.endswith("and in 75 more places")


def test_a_sample_that_is_no_number_makes_the_window_invalid():
    window = measure_window(trace_of([1, 1, float("nan"), 1]), 2, 0.0, 0.004)
    assert (window.energy_j, window.invalid) == (None, "a sample in it is no finite number")


def test_one_lost_sample_in_a_thousand_is_borne_and_more_fail():
    check_lost(trace_of(np.ones(999), gaps=(Gap(5, 1),)))
    with pytest.raises(SamplesLost, match=r"2 samples \(0\.20%\).*first at 0\.005 s"):
        check_lost(trace_of(np.ones(998), gaps=(Gap(5, 2),)))


def test_a_large_trace_is_summed_as_exactly_as_numpy_does():
    samples = np.random.default_rng(1).random(3_000_000, np.float32)
    assert energy_uj(samples, 0, len(samples)) == pytest.approx(
        float(samples.sum(dtype=np.float64)), rel=1e-14
    )
