"""The PPK2's stream and calibration, from bytes alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.energy.ppk2_text import NAMES, VALUES, metadata
from tinyrunner.energy.drivers.ppk2.stream import RATE_HZ, Ppk2Stream, parse_calibration
from tinyrunner.energy.errors import MonitorError

TEXT = metadata("VDD: 3000")
CALIBRATION = parse_calibration(TEXT)
SUPPLY_V = 3.0


def word(adc=0, range_=0, counter=0, logic=1):
    return adc | range_ << 14 | (counter & 63) << 18 | logic << 24


def stream_of(*words: int) -> bytes:
    return np.array(words, "<u4").tobytes()


def parse(*pieces: bytes):
    stream = Ppk2Stream(CALIBRATION, SUPPLY_V)
    decoded = [stream.feed(piece) for piece in pieces]
    gaps: dict[int, int] = {}
    for part in decoded:
        for index, lost in part.gaps:
            gaps[index] = gaps.get(index, 0) + lost
    return {
        "energy_j": [value for part in decoded for value in part.energy_j.tolist()],
        "gaps": gaps,
        "falling": [index for part in decoded for index in part.falling],
        "count": stream.count,
        "end": stream.end(),
    }


# ---- calibration ----


def test_the_calibration_is_read_to_the_last_constant():
    for name in NAMES:
        assert CALIBRATION.constants[name] == pytest.approx(VALUES[name])
    assert CALIBRATION.regulator_mv == 3000
    assert CALIBRATION.others["HW"] == "9173"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"END", b"EMD", "does not end with END"),
        (b"END\n", b"END\nR0: 1", "does not end with END"),
        (b"GS3: 2.000000000\n", b"", r"tells no calibration of GS3: "),
        (b"GS3: 2.000000000", b"GS3: -nan", r"tells no calibration of GS3: .*--ppk2-default-cal"),
        (b"GS3: 2.000000000", b"GS3: 2.0x", r"GS3 is '2.0x', which is no number"),
        (b"GS3: 2.000000000", b"GS3: inf", r"GS3 is 'inf', which is no number"),
        (b"GS3: 2.000000000", b"GS2: 2.0", "a second time"),
        (b"GS3: 2.000000000", b"GS3 2.0", "no `NAME: value`"),
        (b"R0: 1000.000000000", b"R0: 0.0", "tells no calibration of R0: "),
        (b"R0: 1000.000000000", b"R0: -1.0", "R is"),
        (b"R0: 1000.000000000", b"R0: \xff", "R0 is .*no number"),
    ],
)
def test_a_calibration_that_is_not_complete_is_an_error(old, new, said):
    assert old in TEXT
    with pytest.raises(MonitorError, match=said):
        parse_calibration(TEXT.replace(old, new))


def test_what_a_kit_does_not_tell_is_nordics_default_where_that_is_asked_for():
    text = TEXT.replace(b"R1: 100.000000000", b"R1: 0.0000").replace(b"GS3: 2.000000000\n", b"")
    text = text.replace(b"O2: 64.000000000", b"O2: -nan").replace(b"UG4: 1.0", b"UG4: -nan #")
    text = text.replace(b" #00000000", b"")
    calibration = parse_calibration(text, default_calibration=True)
    assert calibration.defaulted == ("R1", "GS3", "O2", "UG4")
    assert calibration.constants["R"] == (1000.0, 101.65, 10.0, 1.0, 0.05)
    assert calibration.constants["GS"][3] == 1.0
    assert calibration.constants["O"] == (112.0, 75.0, 0.0, 50.0, 87.0)
    assert calibration.constants["UG"][4] == 1.0
    # GS0 is zero, as it is in kits with a calibration: it stays so
    assert calibration.constants["GS"][0] == 0.0
    # without an offset, 1000 of the ADC are 4000 * 1.8 / 163840 volts over the resistor
    kit = parse_calibration(b"END", default_calibration=True)
    assert len(kit.defaulted) == 35
    volts = 4000 * 1.8 / 163840
    for resistor, amperes in zip(
        (1031.64, 101.65, 10.15, 0.94, 0.043), kit.amperes(3.0), strict=True
    ):
        x = volts / resistor
        assert amperes[1000] == pytest.approx(x * (x + 1))


def test_a_calibration_that_is_told_has_nothing_of_nordics():
    assert CALIBRATION.defaulted == ()
    assert parse_calibration(TEXT, default_calibration=True) == CALIBRATION


# ---- samples ----


@settings(deadline=None)
@given(st.integers(0, 16383), st.integers(0, 4))
def test_joules_follow_from_the_documented_formula(adc, range_):
    c = {name: values[range_] for name, values in VALUES.items()}
    x = (4 * adc - c["O"]) * (1.8 / 163840) / c["R"]
    amperes = c["UG"] * (x * (c["GS"] * x + c["GI"]) + c["S"] * SUPPLY_V + c["I"])
    (energy_j,) = parse(stream_of(word(adc, range_)))["energy_j"]
    assert energy_j == pytest.approx(amperes * SUPPLY_V / RATE_HZ, rel=1e-6, abs=1e-16)


def test_a_counter_without_a_break_has_no_gap_over_many_blocks():
    count = 100_000
    data = stream_of(*(word(7, 1, k) for k in range(count)))
    parsed = parse(*(data[i : i + 12345] for i in range(0, len(data), 12345)))
    assert parsed["count"] == count
    assert parsed["gaps"] == {}


@pytest.mark.parametrize("lost", [1, 5, 63])
@pytest.mark.parametrize("at", [1, 70, 16384, 20000])
def test_a_break_of_the_counter_is_a_gap_in_front_of_that_sample(at, lost):
    words = [word(7, 1, k) for k in range(at)] + [word(7, 1, k + lost) for k in range(at, at + 100)]
    assert parse(stream_of(*words))["gaps"] == {at: lost}


def test_a_gap_of_64_does_not_show_in_the_counter():
    """Why gaps are called a lower bound, and why the driver asks its clock as well."""
    words = [word(7, 1, k) for k in (0, 1, 2, 3 + 64, 4 + 64)]
    assert parse(stream_of(*words))["gaps"] == {}


def test_a_range_that_does_not_exist_is_a_gap_of_one():
    words = [word(7, 5 if k in (3, 4, 8) else 1, k) for k in range(10)]
    parsed = parse(stream_of(*words))
    assert parsed["count"] == 7
    assert parsed["gaps"] == {3: 2, 6: 1}


def test_samples_missing_at_the_end_are_told():
    parsed = parse(stream_of(word(7, 1, 0), word(7, 6, 1), word(7, 7, 2)))
    assert (parsed["count"], parsed["gaps"], parsed["end"]) == (1, {}, 2)


def test_the_input_falls_at_its_first_low_sample():
    levels = [1, 1, 0, 0, 1, 0xFE, 1]
    words = [word(7, 1, k, level) for k, level in enumerate(levels)]
    assert parse(stream_of(*words))["falling"] == [2, 5]


def test_an_input_that_is_low_from_the_beginning_has_not_fallen():
    assert parse(stream_of(word(7, 1, 0, 0), word(7, 1, 1, 0)))["falling"] == []


WORDS = st.lists(
    st.builds(
        lambda adc, range_, skip, logic: (adc, range_, skip, logic),
        st.integers(0, 16383),
        st.sampled_from([0, 1, 2, 3, 4, 4, 4, 5, 7]),
        st.sampled_from([1, 1, 1, 1, 2, 9]),
        st.sampled_from([0, 1, 1, 3]),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(WORDS, st.lists(st.integers(0, 240), max_size=6))
def test_it_does_not_matter_where_the_stream_is_cut(samples, cuts):
    counter, words = 0, []
    for adc, range_, skip, logic in samples:
        counter += skip
        words.append(word(adc, range_, counter, logic))
    data = stream_of(*words)
    bounds = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    whole = parse(data)
    assert parse(*pieces) == whole
    assert parse(*(data[i : i + 1] for i in range(len(data)))) == whole
