"""The trace and its writer: samples in a file, events and gaps beside them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from tinyrunner.energy.errors import TraceError
from tinyrunner.energy.trace import EnergyTrace, EventSource, Gap, TraceOrigin, TraceWriter


def test_what_is_appended_stands_in_the_file_as_microjoules(tmp_path):
    path = tmp_path / "t.bin"
    with TraceWriter(path, 1000.0) as writer:
        writer.append(np.array([1e-6, 2e-6]))
        writer.append(np.array([3e-6]))
        trace = writer.finish({"monitor": "sim"})
    assert path.read_bytes() == struct.pack("<Bffff", 0xF1, 1000.0, 1.0, 2.0, 3.0)
    assert isinstance(trace.samples_uj, np.memmap)
    assert trace.samples_uj.tolist() == [1.0, 2.0, 3.0]
    assert trace.duration_s == 0.003
    assert trace.provenance == {"monitor": "sim"}
    assert (trace.origin, trace.event_source) == (TraceOrigin.OURS, EventSource.MONITOR)


def test_a_trace_of_nothing_is_a_trace(tmp_path):
    with TraceWriter(tmp_path / "t.bin", 1000.0) as writer:
        trace = writer.finish({})
    assert (len(trace.samples_uj), trace.duration_s, trace.lost_fraction) == (0, 0.0, 0.0)


def test_events_are_in_order_and_neighbouring_gaps_are_one(tmp_path):
    with TraceWriter(tmp_path / "t.bin", 1000.0) as writer:
        writer.append(np.ones(10))
        writer.gap(2)
        writer.gap(3)
        writer.append(np.ones(10))
        writer.gap(1)
        writer.event(0.015)
        writer.event(0.005)
        trace = writer.finish({})
    assert trace.events_s == (0.005, 0.015)
    assert trace.gaps == (Gap(10, 5), Gap(20, 1))
    assert trace.lost_samples == 6
    assert trace.lost_fraction == 6 / 26


@pytest.mark.parametrize("rate_hz", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_none_is_refused_before_a_file_is_made(tmp_path, rate_hz):
    with pytest.raises(TraceError, match="sample rate"):
        TraceWriter(tmp_path / "t.bin", rate_hz)
    assert not (tmp_path / "t.bin").exists()


def test_a_file_that_exists_is_not_overwritten(tmp_path):
    (tmp_path / "t.bin").write_bytes(b"precious")
    with pytest.raises(FileExistsError):
        TraceWriter(tmp_path / "t.bin", 1000.0)


def test_a_file_that_was_cut_behind_the_writers_back_is_noticed(tmp_path):
    writer = TraceWriter(tmp_path / "t.bin", 1000.0)
    writer.append(np.ones(10))
    writer.flush()
    with (tmp_path / "t.bin").open("r+b") as file:
        file.truncate(5 + 4 * 5)
    with pytest.raises(TraceError, match="holds 5 samples, 10 were written"):
        writer.finish({})


def test_a_trace_cannot_be_changed():
    trace = EnergyTrace(1000.0, np.zeros(1, np.float32), ())
    with pytest.raises(AttributeError):
        trace.events_s = (1.0,)
