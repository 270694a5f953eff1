"""What a described instrument sends becomes joules, edges and gaps."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from support.energy.described import described
from tinyrunner.energy.drivers.scpi_described.readings import Readings, parse_samples
from tinyrunner.energy.errors import MonitorError


def fetch(**changes):
    """The lab's meter's way of fetching, without events, otherwise changed."""
    changes = {"fields": ["ignored", "voltage_mv", "current_ua"]} | changes
    return described("lab", fetch=changes, events=None).instrument.fetch


def readings(*fields, supply_v=3.0):
    return Readings(fetch(fields=list(fields)), None, 0.001, supply_v)


# ---- numbers -------------------------------------------------------------------------------------


def test_a_list_of_numbers_is_split_into_samples_and_their_units():
    rows = parse_samples("3000,+8.0E+03,3001,9000", fetch(fields=["voltage_mv", "current_ua"]))
    assert rows == pytest.approx(np.array([[3.0, 8e-3], [3.001, 9e-3]]))


def test_no_answer_is_no_sample():
    assert parse_samples("", fetch(fields=["current_a"])).shape == (0, 1)
    assert parse_samples(b"", fetch(form="block", order="big")).shape == (0, 3)


@pytest.mark.parametrize(
    ("number", "order", "form"),
    [("float32", "little", "<3f"), ("float32", "big", ">3f"), ("float64", "little", "<3d"),
     ("float64", "big", ">3d")],
)  # fmt: skip
def test_a_block_is_read_in_its_order_of_bytes(number, order, form):
    said = fetch(
        form="block", number=number, order=order, fields=["ignored", "voltage_v", "current_ma"]
    )
    rows = parse_samples(struct.pack(form, 5.0, 3.25, 8.5), said)
    assert rows == pytest.approx(np.array([[5.0, 3.25, 8.5e-3]]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("1,2,3", "no whole samples of 2"),
        ("1,x", "expected a list of numbers"),
        (b"12345", "5 bytes"),
    ],
)
def test_what_is_no_list_of_samples_is_told(data, said):
    asked = fetch(fields=["voltage_v", "current_a"])
    if isinstance(data, bytes):
        asked = fetch(form="block", order="big")
    with pytest.raises(MonitorError, match=said):
        parse_samples(data, asked)


# ---- joules --------------------------------------------------------------------------------------


def test_the_energy_is_current_times_measured_voltage_or_else_times_the_supplys():
    measured = readings("current_a", "voltage_v").add(np.array([[0.01, 2.5], [0.02, 2.0]]))
    assert measured.energy_j == pytest.approx([25e-6, 40e-6])
    assert measured.volts == pytest.approx([2.5, 2.0])
    stated = readings("current_a", supply_v=3.3).add(np.array([[0.01], [0.02]]))
    assert stated.energy_j == pytest.approx([33e-6, 66e-6])
    assert not len(stated.volts)


@pytest.mark.parametrize("wild", [9.9e37, -9.9e37, 9.91e37, float("nan"), float("inf")])
def test_what_scpi_has_for_no_number_is_an_error_with_its_sample(wild):
    taken = readings("current_a")
    taken.add(np.zeros((7, 1)))
    with pytest.raises(MonitorError, match=r"sample 9 has .*out of its range"):
        taken.add(np.array([[0.0], [0.1], [wild]]))


# ---- losses by the samples' own times ------------------------------------------------------------


def test_samples_missing_by_their_times_are_counted_where_they_are_missing():
    taken = readings("current_a", "time_s")
    first = taken.add(np.array([[0, 0.0], [0, 0.001], [0, 0.0045], [0, 0.0055]]))
    assert first.gaps == [(2, 2)]  # 3.5 ms: two samples, whichever way it jitters
    second = taken.add(np.array([[0, 0.0105], [0, 0.0115]]))
    assert second.gaps == [(4, 4)]
    assert taken.lost == 6


def test_times_that_jitter_by_less_than_half_a_period_lose_nothing():
    taken = readings("current_a", "time_s")
    jitter = np.array([0.0, 0.0004, -0.0004, 0.0, 0.0003])
    batch = taken.add(np.column_stack([np.zeros(5), np.arange(5) * 0.001 + jitter * 0.5]))
    assert batch.gaps == []


def test_times_that_stand_still_are_an_error():
    with pytest.raises(MonitorError, match="sample 1 comes 0 s after"):
        readings("current_a", "time_s").add(np.array([[0, 0.5], [0, 0.5]]))


# ---- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "levels", "edges"),
    [
        ({"threshold": 1.0}, [3, 3, 0, 0, 3, 0], [2, 5]),
        ({"threshold": 1.0, "edge": "rising"}, [3, 3, 0, 0, 3, 0], [4]),
        ({"threshold": None, "bit": 1}, [3, 2, 1, 1, 2, 0], [2, 5]),
        ({"threshold": None, "bit": 1, "edge": "rising"}, [0, 2, 1, 1, 2, 0], [1, 4]),
        ({"threshold": 1.0}, [0, 0, 3, 0], [3]),  # low from the beginning: no edge was seen
    ],
)
@pytest.mark.parametrize("cut", [1, 2, 3])
def test_an_edge_is_the_first_sample_on_its_other_side(events, levels, edges, cut):
    said = described("lab", events=events).instrument
    taken = Readings(said.fetch, said.events, 0.001, 3.0)
    rows = np.column_stack([levels, np.full(len(levels), 3.0), np.zeros(len(levels))])
    found = [*taken.add(rows[:cut]).edges, *taken.add(rows[cut:]).edges]
    assert found == edges
