"""Pictures of a trace: the right files, nothing lost in drawing fewer columns, no global state."""

from __future__ import annotations

import struct
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.energy.trace import EnergyTrace, Gap
from tinyrunner.energy.windows import measure_windows
from tinyrunner.runner.score.results import EnergyResult, MeasuredWindow
from tinyrunner.runner.write.energy_plots import envelope, plot_energy, plot_whole


def trace(count: int = 20_000, rate_hz: float = 1000.0, **more) -> EnergyTrace:
    samples = np.random.default_rng(1).normal(100, 5, count).astype(np.float32)
    return EnergyTrace(rate_hz, samples, (1.0, 2.0, 9.0, 10.0, 18.0), **more)


def result(of: EnergyTrace, spans=((2.0, 9.0), (10.0, 18.0))) -> EnergyResult:
    windows = measure_windows(of, spans)
    return EnergyResult(tuple(MeasuredWindow(w, "a.bin", 0, 100) for w in windows))


def size(path) -> tuple[int, int]:
    head = path.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", head[16:24])


def test_one_picture_of_the_whole_and_one_a_window(tmp_path):
    made = trace(gaps=(Gap(12_000, 1),))
    written = plot_energy(result(made), [made], tmp_path)
    assert [path.name for path in written] == [
        "energy_trace.png",
        "energy_inf_000.png",
        "energy_inf_001.png",
    ]
    assert [size(path) for path in written] == [(1200, 400), (800, 400), (800, 400)]


def test_a_session_with_a_trace_a_window_has_no_picture_of_the_whole(tmp_path):
    made = trace()
    written = plot_energy(result(made), [made, made], tmp_path)
    assert [path.name for path in written] == ["energy_inf_000.png", "energy_inf_001.png"]


@pytest.mark.parametrize("spans", [((2.0, 50.0),), ((60.0, 70.0),), ()])
def test_windows_that_the_trace_does_not_hold_are_drawn_as_far_as_it_goes(tmp_path, spans):
    made = trace()
    assert len(plot_energy(result(made, spans), [made], tmp_path)) == 1 + len(spans)


def test_an_empty_trace_is_drawn(tmp_path):
    empty = EnergyTrace(1000.0, np.zeros(0, np.float32), ())
    assert size(plot_whole(EnergyResult(()), empty, tmp_path / "x.png")) == (1200, 400)


@given(st.integers(1, 5000), st.integers(1, 300), st.floats(-1, 6), st.floats(-1, 6))
def test_the_envelope_keeps_the_least_and_the_greatest(count, columns, begin_s, end_s):
    made = trace(count)
    times_s, least_w, greatest_w = envelope(made, begin_s, end_s, columns)
    first = min(max(int(begin_s * 1000), 0), count)
    inside = made.samples_uj[first : max(min(int(np.ceil(end_s * 1000)), count), first)]
    assert len(times_s) <= columns
    assert (len(times_s) == 0) == (len(inside) == 0)
    if len(inside):
        assert least_w.min() == pytest.approx(float(inside.min()) * 1e-3)
        assert greatest_w.max() == pytest.approx(float(inside.max()) * 1e-3)
        assert np.all(np.diff(times_s) > 0)


def test_half_a_million_samples_draw_quickly(tmp_path):
    made = trace(500_000, 50_000.0)
    began_s = time.process_time()
    plot_whole(EnergyResult(()), made, tmp_path / "x.png")
    assert time.process_time() - began_s < 5.0  # 0.6 s on the machine it was written on


def test_drawing_leaves_pyplot_alone():
    code = (
        "import sys, tinyrunner.runner.write.energy_plots; "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
