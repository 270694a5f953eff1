"""Lap times of the IO manager on the trace's axis: every edge within the uncertainty stated."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinyrunner.dut_protocol.wire.timer import WRAP_US
from tinyrunner.energy.alignment import LapStamp, align_laps, merge_laps, soft_markers, unwrap_laps
from tinyrunner.energy.errors import TraceError
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.trace import EnergyTrace, EventSource


@dataclass(frozen=True)
class Run:
    """What a bench with the power model would leave, and the truth."""

    trace: EnergyTrace
    laps: list[LapStamp]
    started_host_s: tuple[float, float]
    edges_s: list[float]


def run(
    seed: int = 0,
    *,
    rate_hz: float = 4882.8125,
    drift: float = 0.0,
    noise: float = 0.02,
    first_lap_us: int = 1_000_000,
    windows: int = 5,
    baud: int = 9600,
    late: str = "none",
) -> Run:
    """``drift``: how much faster the IO manager's clock is; ``noise``: of the inference power.

    ``late``: which edges the IO manager sees up to 0.82 ms late, each by chance.
    """
    random = np.random.default_rng(seed)
    model = PowerModel()
    model.supply_v = 3.0
    now = 0.0

    def does(activity: PowerState, for_s: float) -> None:
        nonlocal now
        model.change(now, activity)
        now += for_s

    does(PowerState.IDLE, 0.5 + random.random())
    model.edge(now)
    does(PowerState.IDLE, 1.0)
    for _ in range(windows):
        does(PowerState.UART, 0.3 + random.random())
        does(PowerState.IDLE, 0.02)
        does(PowerState.UART, 200 / baud)
        does(PowerState.INFER, 0.02 + random.random() / 10)  # the warm-up
        does(PowerState.UART, 300 / baud)
        model.edge(now)
        does(PowerState.INFER, 10.0 + random.random())
        model.edge(now)
        does(PowerState.UART, 400 / baud)
    does(PowerState.IDLE, 1.0)
    model.change(now, PowerState.IDLE)
    count = int(now * rate_hz)
    energy = np.diff(model.energy_j(np.arange(count + 1) / rate_hz))
    energy += random.normal(0.0, noise * 0.035 * 3.0 / rate_hz, count)
    host_s = 1000.0 + random.random()
    laps = [
        LapStamp(
            (first_lap_us + int((edge_s + late_s) * (1 + drift) * 1e6) // 4 * 4) % WRAP_US,
            host_s + edge_s + 0.002 + 0.05 * random.random(),
        )
        for edge_s, late_s in zip(model.edges_s, lateness_s(late, model.edges_s), strict=True)
    ]
    started = (host_s - 0.02 * random.random(), host_s + 0.02 * random.random())
    return Run(
        EnergyTrace(rate_hz, (energy * 1e6).astype(np.float32), ()), laps, started, model.edges_s
    )


LATE = {
    "none": lambda number, random: 0.0,
    "beginnings": lambda number, random: number % 2 * random.uniform(0, 820e-6),
    "one in eight": lambda number, random: (random.random() < 0.13) * random.uniform(0, 820e-6),
    "all": lambda number, random: random.uniform(0, 820e-6),
    "ends by the most": lambda number, random: 0.0 if number % 2 else 820e-6,
}


def lateness_s(which: str, edges_s: list[float]) -> list[float]:
    """How late each edge is seen; the first is the one ahead, then each window's two."""
    random = Random(repr(edges_s))
    return [LATE[which](number, random) for number in range(len(edges_s))]


@settings(max_examples=30)
@given(
    seed=st.integers(0, 10**6),
    rate_hz=st.sampled_from([1000.0, 2441.40625, 4882.8125, 9765.625]),
    drift=st.floats(-200e-6, 200e-6),
    noise=st.floats(0, 0.1),
    late=st.sampled_from(list(LATE)),
)
def test_every_edge_is_within_the_stated_uncertainty(seed, rate_hz, drift, noise, late):
    made = run(seed, rate_hz=rate_hz, drift=drift, noise=noise, late=late)
    found = align_laps(made.trace, made.laps, made.started_host_s)
    errors = [abs(a - b) for a, b in zip(found.events_s, made.edges_s, strict=True)]
    assert max(errors) <= found.uncertainty_s
    assert found.uncertainty_s < 0.005
    # What it means for a window: a ten-thousandth of ten seconds, beside what the line is worth.
    for first in range(1, len(errors), 2):
        length_s, true_s = (
            at_s[first + 1] - at_s[first] for at_s in (found.events_s, made.edges_s)
        )
        assert abs(length_s - true_s) <= 1e-3 + 3e-6 * true_s + found.residual_s
    assert found.drift == pytest.approx(-drift, abs=30e-6)


def test_a_monitor_of_the_n6705s_rate_is_aligned_to_a_fraction_of_a_millisecond():
    made = run(3, drift=150e-6)
    found = align_laps(made.trace, made.laps, made.started_host_s)
    assert 1e-3 < found.uncertainty_s < 1.4e-3  # a whole one is for edges that are seen late
    assert (found.source, found.steps) == (EventSource.IO_MANAGER, 10)
    aligned = found.apply(made.trace)
    assert aligned.events_s == found.events_s
    assert aligned.event_source is EventSource.IO_MANAGER
    assert aligned.event_uncertainty_s == found.uncertainty_s
    assert aligned.provenance["alignment"]["drift_ppm"] == pytest.approx(-150, abs=10)
    assert aligned.provenance["alignment"]["late_edge_s"] == 1e-3


@pytest.mark.parametrize("late", LATE)
def test_a_hundred_kilohertz_trace_is_aligned(late):
    made = run(4, rate_hz=100_000.0, drift=-200e-6, windows=2, late=late)
    found = align_laps(made.trace, made.laps, made.started_host_s)
    errors = [abs(a - b) for a, b in zip(found.events_s, made.edges_s, strict=True)]
    assert max(errors) <= (200e-6 if late == "none" else 900e-6)
    assert 1e-3 < found.uncertainty_s < (1.2e-3 if late == "none" else 4e-3)
    assert found.steps == 4  # none is left out for being late


def test_lap_times_that_wrap_are_unwrapped():
    made = run(5, first_lap_us=WRAP_US - 30_000_000, drift=-100e-6)
    assert made.laps[-1].lap_us < made.laps[0].lap_us
    found = align_laps(made.trace, made.laps, made.started_host_s)
    errors = [abs(a - b) for a, b in zip(found.events_s, made.edges_s, strict=True)]
    assert max(errors) <= found.uncertainty_s


def test_wraps_between_two_laps_are_counted_by_the_hosts_clock():
    two = [LapStamp(100, 0.0), LapStamp(50, 2 * 4294.967296)]
    assert unwrap_laps(two)[1] == pytest.approx(2 * 4294.967296 - 50e-6)
    with pytest.raises(TraceError, match=r"lap 2 of the IO manager.*the host saw 100"):
        unwrap_laps([LapStamp(0, 0.0), LapStamp(50_000_000, 100.0)])


def test_laps_that_bounce_are_one():
    laps = [LapStamp(0, 0.0), LapStamp(40, 0.1), LapStamp(1000, 0.2)]
    assert [lap.lap_us for lap in merge_laps(laps)] == [0, 1000]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 10])
def test_laps_that_are_no_windows_are_refused(count):
    made = run(6)
    with pytest.raises(TraceError, match=f"{count} laps of the IO manager: expected 1 ahead"):
        align_laps(made.trace, made.laps[:count], made.started_host_s)


def test_a_resonators_half_a_per_cent_is_followed():
    made = run(12, drift=0.005)
    found = align_laps(made.trace, made.laps, made.started_host_s)
    errors = [abs(a - b) for a, b in zip(found.events_s, made.edges_s, strict=True)]
    assert max(errors) <= found.uncertainty_s


def test_a_trace_without_steps_fits_nowhere():
    made = run(7)
    noise = np.random.default_rng(1).normal(10, 1, len(made.trace.samples_uj))
    flat = EnergyTrace(made.trace.sample_rate_hz, noise.astype(np.float32), ())
    with pytest.raises(TraceError, match="fit no single place"):
        align_laps(flat, made.laps, made.started_host_s)
    constant = EnergyTrace(made.trace.sample_rate_hz, np.ones_like(made.trace.samples_uj), ())
    with pytest.raises(TraceError, match="fit no single place"):
        align_laps(constant, made.laps, made.started_host_s)
    empty = EnergyTrace(made.trace.sample_rate_hz, np.zeros(0, np.float32), ())
    with pytest.raises(TraceError, match="fit no single place"):
        align_laps(empty, made.laps, made.started_host_s)


def test_the_laps_of_another_run_are_refused():
    made, other = run(8), run(9)
    with pytest.raises(TraceError):
        align_laps(made.trace, other.laps, other.started_host_s)


def test_a_timer_that_is_off_by_more_than_a_clock_can_be_is_refused():
    made = run(11, drift=0.015)
    with pytest.raises(TraceError, match=r"differ by more than 0\.6%"):
        align_laps(made.trace, made.laps, made.started_host_s)


def test_a_beginning_that_nobody_knows_is_refused_instead_of_searched_for_hours():
    made = run(10)
    with pytest.raises(TraceError, match="state the beginning of the recording"):
        align_laps(made.trace, made.laps, (made.started_host_s[0] - 3600, made.started_host_s[1]))


def test_soft_markers_say_what_they_are():
    markers = soft_markers([102.0, 101.0], (100.0, 100.2))
    assert markers.source is EventSource.HOST
    assert markers.events_s == pytest.approx((0.9, 1.9))
    assert markers.uncertainty_s == pytest.approx(0.35)
    trace = markers.apply(EnergyTrace(1000.0, np.ones(10, np.float32), ()))
    assert trace.event_source is EventSource.HOST
    assert trace.provenance["alignment"]["method"] == "host stamps"
