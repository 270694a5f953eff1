"""What Joulescope's messages become, whatever order they come in."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from tinyrunner.energy.drivers.joulescope.stream import PowerStream
from tinyrunner.energy.errors import MonitorError

NAN = float("nan")


def message(data, sample_id, step=2000, count_hz=2_000_000):
    return {"sample_id": sample_id, "sample_rate": count_hz, "decimate_factor": step, "data": data}


def power(currents, *, together=1, step=2000, cuts=(), input_bits=None):
    """The whole stream of these currents at 1 V, cut into messages."""
    stream = PowerStream(1000.0, together=together, input_in_current=True)
    bounds = [0, *cuts, len(currents)]
    parts = []
    for first, last in pairwise(bounds):
        stream.current(message(np.array(currents[first:last]), first * step, step))
        stream.voltage(message(np.ones(last - first), first * step, step))
        parts.append(stream.take())
    if input_bits is not None:
        stream.input(message(np.packbits(input_bits, bitorder="little"), 0, step))
        stream.end()
        parts.append(stream.take())
    energy_j = np.concatenate([part.energy_j for part in parts])
    gaps = [gap for part in parts for gap in part.gaps]
    return stream, energy_j, gaps, [edge for part in parts for edge in part.edges_s]


def test_a_js320_counts_at_16_mhz_and_streams_at_one():
    stream = PowerStream(1e6)
    stream.current(message(np.full(10, 2.0), 160, 16, 16_000_000))
    stream.voltage(message(np.full(10, 3.0), 160, 16, 16_000_000))
    stream.input(message(np.array([0b11110111, 0xFF], np.uint8), 160, 16, 16_000_000))
    stream.end()
    combined = stream.take()
    assert combined.energy_j.tolist() == [6e-6] * 10
    assert combined.edges_s == (3e-6,)


def test_another_rate_than_the_one_asked_for_is_an_error():
    stream = PowerStream(1000.0)
    with pytest.raises(MonitorError, match="current comes at 2000 Hz, 1000 Hz was asked for"):
        stream.current(message([1.0], 0, 1000))


def test_a_sample_id_that_goes_back_is_an_error():
    stream = PowerStream(1000.0)
    stream.voltage(message([1.0, 1.0], 4000))
    with pytest.raises(MonitorError, match="sample_id went back from 8000 to 6000"):
        stream.voltage(message([1.0], 6000))


def test_the_first_id_may_be_zero_and_bits_may_be_padded():
    stream = PowerStream(1000.0)
    stream.current(message(np.ones(20), 0))
    stream.voltage(message(np.ones(20), 0))
    stream.input(message(np.array([0b11111111, 0b00000111], np.uint8), 0))
    stream.input(message(np.array([0b11111110], np.uint8), 11 * 2000))
    stream.end()
    combined = stream.take()
    assert combined.energy_j.tolist() == [1e-3] * 20
    assert combined.edges_s == (0.011,)


def test_after_a_loss_the_driver_may_thin_out_from_another_sample_on():
    stream = PowerStream(1000.0)
    stream.current(message(np.ones(5), 0))
    stream.voltage(message(np.ones(20), 0))
    stream.current(message(np.ones(10), 10 * 2000 + 252))
    combined = stream.take()
    assert len(combined.energy_j) == 15
    assert combined.gaps == ((5, 5),)


@pytest.mark.parametrize("cuts", [(), (1,), (3, 4, 5, 11), range(1, 20)])
def test_a_sample_of_the_trace_is_the_sum_of_those_that_it_stands_for(cuts):
    stream, energy_j, gaps, _ = power(list(range(20)), together=4, step=500, cuts=cuts)
    assert energy_j * 4000 == pytest.approx([6, 22, 38, 54, 70])
    assert gaps == []
    assert stream.lost == 0


@pytest.mark.parametrize("cuts", [(), (3, 4, 5, 11), range(1, 24)])
def test_a_sample_of_which_a_part_is_missing_is_missing(cuts):
    currents = [NAN] * 3 + [1.0] * 8 + [NAN] * 2 + [1.0] * 11
    stream, energy_j, gaps, edges = power(
        currents, together=4, step=500, cuts=cuts, input_bits=[0] * 3 + [1] * 8 + [0] * 2 + [1] * 11
    )
    # From the fourth value on, four by four: 2 whole ones, one in which two are missing, 2 more.
    assert energy_j * 1000 == pytest.approx([1.0] * 4)
    assert gaps == [(2, 1)]
    assert stream.lost == 1
    assert stream.lead_in == 3
    assert edges == []  # what fell is what is missing


def test_an_edge_in_a_gap_of_the_current_is_where_the_gap_is():
    stream = PowerStream(1000.0)
    stream.current(message(np.array([1.0, 1.0, NAN, NAN, NAN, 1.0, 1.0, 1.0]), 0))
    stream.voltage(message(np.ones(8), 0))
    stream.input(message(np.array([0b11100111], np.uint8), 0))
    stream.end()
    assert stream.take().edges_s == (0.002,)


def test_what_falls_with_the_first_lost_sample_is_no_edge_whenever_it_is_heard_of():
    stream = PowerStream(1000.0, input_in_current=True)
    stream.input(message(np.array([0b00001111], np.uint8), 0))
    stream.input(message(np.array([0xFF], np.uint8), 8 * 2000))
    stream.current(message(np.ones(4), 0))
    stream.voltage(message(np.ones(8), 0))
    assert stream.take().edges_s == ()  # it fell at the fifth sample, of which nothing is known yet
    stream.current(message(np.array([NAN] * 4), 4 * 2000))
    stream.current(message(np.ones(4), 8 * 2000))
    stream.voltage(message(np.ones(4), 8 * 2000))
    combined = stream.take()
    assert combined.gaps == ((4, 4),)
    assert combined.edges_s == ()
