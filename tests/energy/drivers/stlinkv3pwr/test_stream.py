"""The STLINK-V3PWR's binary samples and records, cut anywhere, whole or damaged."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.energy.transcripts import dialogues
from tinyrunner.energy.drivers.stlinkv3pwr.stream import LENGTHS, MAX_TEXT_BYTES, BinaryStream

SAMPLE = b"\x52\xa0"
AMPERES = 640.9e-6
"""What the LPM01A's manual says that it is."""


def stamp(milliseconds, percent=3):
    return b"\xf0\xf3" + milliseconds.to_bytes(4, "big") + bytes([percent]) + b"\xff\xff"


def read(data, joules_per_ampere=1.0, size=None):
    """Everything that pieces of this size hold, put together."""
    stream = BinaryStream(joules_per_ampere)
    size = size or max(1, len(data))
    parts = [stream.feed(data[at : at + size]) for at in range(0, len(data), size)]
    return (
        np.concatenate([np.zeros(0), *(part.energy_j for part in parts)]),
        [gap for part in parts for gap in part.gaps],
        [one for part in parts for one in part.timestamps],
        [line for part in parts for line in part.lines],
        stream,
    )


def reference(data):
    """ST's script said a second time: amperes, and the records, one byte after the other."""
    values, records, at = [], [], 0
    while len(data) - at > 2:
        if data[at] != 0xF0:
            word = int.from_bytes(data[at : at + 2], "big")
            values.append((word & 0xFFF) * 16.0 ** -(word >> 12))
            at += 2
            continue
        size = LENGTHS.get(data[at + 1]) or data.index(b"\r\n\xff\xff", at) + 4 - at
        records.append(data[at : at + size])
        at += size
    return values, records


def test_a_sample_is_what_the_manual_says():
    energy_j, *_ = read(SAMPLE * 3, 2.0)
    assert energy_j == pytest.approx([2 * AMPERES] * 3, rel=1e-4)


def test_the_transcripts_samples_and_time_stamp_are_read():
    lines = dialogues("stlinkv3pwr")["three binary samples behind a TimeStamp"].lines
    begun = lines[1].answer.partition(b"\r\n\r\n")[2]
    energy_j, gaps, stamps, said, stream = read(begun + lines[2].answer)
    assert energy_j == pytest.approx([AMPERES] * 3, rel=1e-4)
    assert (gaps, said, stream.ended) == ([], ["Acquisition completed"], True)
    assert [(one.index, one.time_s, one.buffer_percent) for one in stamps] == [(0, 0.0, 3)]


def test_a_record_of_each_type_is_told_and_costs_no_sample():
    records = (
        b"\xf0\xf1too hot\r\n\xff\xff",
        b"\xf0\xf2range 3\r\n\xff\xff",
        stamp(1234, 97),
        b"\xf0\xf5\x01\x02\x03\x04\xff\xff",
        b"\xf0\xf6\xff\xff",
        b"\xf0\xf7\x0b\xb8\xff\xff",
        b"\xf0\xf8\x00\x19\xff\xff",
        b"\xf0\xf9\x07\xff\xff",
        b"\xf0\xfa\xff\xff",
        b"\xf0\xfb\xff\xff",
        b"\xf0\xf4\xff\xff",
    )
    data = b"".join(SAMPLE + record for record in records)
    energy_j, gaps, stamps, lines, stream = read(data)
    assert len(energy_j) == len(records)
    assert gaps == []
    assert [(one.index, one.time_s, one.buffer_percent) for one in stamps] == [(3, 1.234, 97)]
    assert lines == [
        "error: too hot",
        "range 3",
        "error: over-current (its record: f0 f5 01 02 03 04 ff ff)",
        "error: the target's supply is off",
        "voltage 3000 mV",
        "record f0 f8 00 19 ff ff",
        "record f0 f9 07 ff ff",
        "record f0 fa ff ff",
        "record f0 fb ff ff",
        "Acquisition completed",
    ]
    assert stream.ended
    assert reference(data)[1] == list(records)


SAMPLES = st.tuples(st.integers(3, 14), st.integers(0, 4095)).map(
    lambda one: (one[0] << 12 | one[1]).to_bytes(2, "big")
)
RECORDS = st.one_of(
    st.integers(0, 2**32 - 1).map(stamp),
    st.binary(min_size=4, max_size=4).map(lambda more: b"\xf0\xf5" + more + b"\xff\xff"),
    st.binary(max_size=20).map(
        lambda text: b"\xf0\xf2" + text.replace(b"\r", b"") + b"\r\n\xff\xff"
    ),
    st.just(b"\xf0\xf9\x07\xff\xff"),
)


@given(st.lists(st.one_of(SAMPLES, SAMPLES, SAMPLES, RECORDS), max_size=60), st.integers(1, 40))
def test_it_reads_what_sts_script_reads_however_it_is_cut(pieces, size):
    data = b"".join(pieces)
    energy_j, gaps, stamps, lines, _ = read(data, size=size)
    values, records = reference(data + SAMPLE)  # it does not look at the last two bytes
    assert energy_j.tolist() == pytest.approx(values)
    assert gaps == []
    assert len(stamps) + len(lines) == len(records)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_anything_can_come_and_the_cuts_change_nothing(data, size):
    whole, cut = read(data), read(data, size=size)
    assert whole[0].tolist() == cut[0].tolist()
    assert sum(lost for _, lost in whole[1]) == sum(lost for _, lost in cut[1])
    assert whole[2:4] == cut[2:4]


# ---- what is damaged ----


def test_a_lost_byte_is_found_and_the_next_record_puts_the_reading_right():
    good = b"".join((0x5000 | number).to_bytes(2, "big") for number in range(0x200, 0x2A0))
    data = stamp(0) + good[:101] + good[102:] + stamp(1) + good + stamp(2)
    energy_j, gaps, stamps, _, stream = read(data)
    assert [one.time_s for one in stamps] == [0.0, 0.001, 0.002]
    assert stream.lost >= 1
    assert gaps
    last = energy_j[-len(good) // 2 :]
    assert last == pytest.approx([number / 16**5 for number in range(0x200, 0x2A0)])
    # the time stamps still know how many there should be
    assert stamps[1].index + stamps[1].lost == len(good) // 2


def test_a_current_that_cannot_be_is_no_sample():
    energy_j, gaps, stamps, _, stream = read(SAMPLE + b"\x0f\xff" + SAMPLE + stamp(5) + SAMPLE)
    assert len(energy_j) == 3
    assert gaps == [(1, 1)]
    assert stream.lost == 1
    assert [(one.index, one.lost) for one in stamps] == [(2, 1)]


def test_bytes_of_samples_that_look_like_a_record_are_samples():
    """F0 at the end of a sample and F3 at the beginning of the next make none."""
    data = b"\x5a\xf0\xf3\x01" + SAMPLE * 6
    assert len(read(data)[0]) == 8
    for size in range(1, 12):
        assert len(read(data, size=size)[0]) == 8


def test_text_that_does_not_end_is_given_up():
    energy_j, gaps, *_ = read(b"\xf0\xf1" + SAMPLE * MAX_TEXT_BYTES)
    assert len(energy_j) == MAX_TEXT_BYTES
    assert gaps == [(0, 1)]


def test_what_comes_after_the_end_is_no_sample():
    energy_j, _, _, lines, _ = read(SAMPLE + b"\xf0\xf4\xff\xff" + b"summary beg")
    assert len(energy_j) == 1
    assert lines == ["Acquisition completed"]


def test_the_lengths_are_those_of_sts_script():
    assert list(itertools.chain(*LENGTHS.items())) == [
        *(0xF3, 9, 0xF4, 4, 0xF5, 8, 0xF6, 4, 0xF7, 6, 0xF8, 6, 0xF9, 5, 0xFA, 4, 0xFB, 4)
    ]
