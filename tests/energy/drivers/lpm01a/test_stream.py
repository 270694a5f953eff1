"""The PowerShield's stream, from bytes alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tinyrunner.energy.drivers.lpm01a.stream import MAX_LINE_BYTES, Edge, Lpm01aStream, TimeStamp

CLEAN = b"6409-07\r\n1000-06\r\n0000-09\r\n"
JOULES = [6409e-7, 1000e-6, 0.0]


def parse(*pieces: bytes):
    """Everything that the pieces gave, and the stream."""
    stream = Lpm01aStream()
    parsed = [stream.feed(piece) for piece in pieces]
    whole = {
        name: [item for part in parsed for item in getattr(part, name)]
        for name in ("gaps", "timestamps", "edges", "lines", "broken")
    }
    whole["energy_j"] = [value for part in parsed for value in part.energy_j.tolist()]
    whole["count"], whole["lost"] = stream.count, stream.lost
    return whole


def test_samples_are_digits_times_a_power_of_ten():
    assert parse(CLEAN)["energy_j"] == pytest.approx(JOULES, rel=1e-15)


@given(st.integers(0, 9999), st.integers(4, 12))
def test_a_sample_is_the_number_that_it_says(mantissa, power):
    (value,) = parse(b"%04d-%02d\r\n" % (mantissa, power))["energy_j"]
    assert value == pytest.approx(float(f"{mantissa}e-{power}"), rel=1e-14)


@pytest.mark.parametrize(
    ("line", "seconds", "percent"),
    [
        (b"TimeStamp: 012s 345ms, buff 03%", 12.345, 3),
        (b"TimeStamp:<012s 345ms, buff 03%", 12.345, 3),
        (b"TimeStamp:>1012s 345ms, buff 100%", 1012.345, 100),
    ],
)
def test_a_timestamp_stands_after_the_samples_before_it(line, seconds, percent):
    parsed = parse(CLEAN + line + b"\r\n" + CLEAN)
    assert parsed["timestamps"] == [TimeStamp(3, 0, seconds, percent)]
    assert parsed["count"] == 6
    assert parsed["gaps"] == []


@pytest.mark.parametrize("polarity", ["ris", "fal"])
def test_an_event_stands_after_the_samples_before_it(polarity):
    parsed = parse(CLEAN + f"event 07 {polarity}\r\n".encode() + CLEAN)
    assert parsed["edges"] == [Edge(3, 7, polarity)]


def test_nul_bytes_mean_nothing():
    assert parse(b"\0" + b"\0".join(CLEAN[i : i + 1] for i in range(len(CLEAN)))) == parse(CLEAN)


@pytest.mark.parametrize(
    "line",
    [b"640-07", b"6409-0", b"6409*07", b"64090-07", b"6409-076410-07", b"64a9-07", b"9999+99"],
)
def test_a_broken_sample_is_a_gap_of_one_and_is_never_guessed(line):
    parsed = parse(CLEAN + line + b"\r\n" + CLEAN)
    assert parsed["gaps"] == [(3, 1)]
    assert parsed["energy_j"] == pytest.approx(JOULES * 2)
    assert parsed["lost"] == 1
    assert parsed["broken"] == [line.decode()]


def test_two_pieces_around_a_timestamp_were_one_sample():
    parsed = parse(CLEAN + b"64\r\nTimeStamp: 001s 000ms, buff 00%\r\n09-07\r\n" + CLEAN)
    assert parsed["gaps"] == [(3, 1)]


def test_two_broken_lines_around_a_timestamp_were_two_samples():
    parsed = parse(CLEAN + b"6409-\r\nTimeStamp: 001s 000ms, buff 00%\r\n6409-\r\n" + CLEAN)
    assert parsed["gaps"] == [(3, 1), (3, 1)]


def test_a_sample_cut_off_by_a_timestamp_on_the_same_line_is_a_gap():
    parsed = parse(CLEAN + b"640TimeStamp: 001s 000ms, buff 00%\r\n" + CLEAN)
    assert parsed["gaps"] == [(3, 1)]
    assert parsed["timestamps"] == [TimeStamp(3, 1, 1.0, 0)]


def test_answers_are_told_without_their_prompts():
    parsed = parse(b"\r\nPowerShield > ack start\r\n\r\nPowerShield > 6409-07\r\n")
    assert parsed["lines"] == ["ack start"]
    assert parsed["energy_j"] == pytest.approx([6409e-7])


def test_an_answer_in_the_middle_of_the_stream_costs_no_sample():
    parsed = parse(CLEAN + b"PowerShield > Acquisition completed\r\n")
    assert parsed["lines"] == ["Acquisition completed"]
    assert parsed["gaps"] == []


def test_an_endless_line_is_not_kept():
    stream = Lpm01aStream()
    for _ in range(1000):
        stream.feed(b"x" * 1000)
    (line,) = stream.feed(b"\n").lines
    assert len(line) == MAX_LINE_BYTES


LINES = st.sampled_from(
    [
        b"6409-07\r\n",
        b"1234-08\r\n",
        b"6409-07\n",
        b"12\r\n",
        b"34-08\r\n",
        b"\r\n",
        b"\0",
        b"TimeStamp: 001s 000ms, buff 00%\r\n",
        b"12TimeStamp:<1001s 000ms, buff 100%\r\n",
        b"event 00 fal\r\n",
        b"event 01 ris\r\n",
        b"PowerShield > ",
        b"PowerShield > ack pwr on\r\n",
        b"Error detail: no\r\n",
        b"\xff\x80\r\n",
    ]
)


@settings(deadline=None)
@given(st.lists(LINES, max_size=40).map(b"".join), st.lists(st.integers(0, 400), max_size=8))
def test_it_does_not_matter_where_the_stream_is_cut(data, cuts):
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    whole = parse(data)
    assert parse(*pieces) == whole
    assert parse(*(data[i : i + 1] for i in range(len(data)))) == whole


def test_a_long_clean_stream_loses_nothing():
    values = np.random.default_rng(3).integers(1000, 10000, 20000)
    data = b"".join(b"%04d-07\r\n" % value for value in values)
    parsed = parse(*(data[i : i + 4099] for i in range(0, len(data), 4099)))
    assert parsed["energy_j"] == pytest.approx((values * 1e-7).tolist())
