"""A .ppk2 file: bytes by hand, from what Nordic's application does when it saves one.

No file of the application itself was at hand. Its source says what a byte is (`ppk2_file` names the
places); the pairs of bits are the examples beside its `convertBits16`.
"""

from __future__ import annotations

import json
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from tinyrunner.energy.captures.capture import Asked
from tinyrunner.energy.captures.figures import figures_of, windows_of
from tinyrunner.energy.captures.read_capture import read_capture
from tinyrunner.energy.errors import TraceError

MILLIAMPERE = b"\x00\x00\x7a\x44"
"""1000 microamperes as float32, little-endian."""
ALL_LOW, ALL_HIGH, D0_HIGH = b"\x55\x55", b"\xaa\xaa", b"\x55\x56"
LOST = b"\xcd\xcc\x4c\x3e" + ALL_LOW
HIGH, LOW = MILLIAMPERE + D0_HIGH, MILLIAMPERE + ALL_LOW


def saved(path, session, rate=100_000, version=2, **more):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        inner = {"samplesPerSecond": rate, "startSystemTime": 1_700_000_000_000}
        metadata = {"metadata": inner, "formatVersion": version}
        archive.writestr("metadata.json", more.get("metadata", json.dumps(metadata)))
        archive.writestr("session.raw", session)
        archive.writestr("minimap.raw", "{}")
    return path


def read(path, supply_v=3.0, pin=0):
    return read_capture(path, path.with_suffix(".bin"), Asked(supply_v, pin))


def test_microamperes_become_joules_at_the_voltage_that_is_said(tmp_path):
    capture = read(saved(tmp_path / "a.ppk2", HIGH * 1000), supply_v=1.8)
    figures = figures_of(capture.trace)
    assert figures.duration_s == pytest.approx(0.01)
    assert figures.mean_w == pytest.approx(1.8e-3, rel=1e-6)
    assert (capture.mean_a, capture.max_a) == pytest.approx((1e-3, 1e-3))
    assert capture.trace.provenance["began_ms_since_1970"] == 1_700_000_000_000


def test_falls_of_the_input_are_edges_and_make_windows(tmp_path):
    # The one of `timestamp`, then two that begin and end a window.
    session = (HIGH * 990 + LOW * 10) * 3 + HIGH * 100
    capture = read(saved(tmp_path / "a.ppk2", session))
    assert capture.trace.events_s == pytest.approx((0.0099, 0.0199, 0.0299))
    (window,), found = windows_of(capture.trace)
    assert window.energy_j == pytest.approx(3e-3 * 0.01, rel=1e-6)
    assert found == "between 3 edges of the timestamp pin, of which 1 lead"


def test_the_inputs_are_big_endian_d0_in_the_lowest_pair(tmp_path):
    capture = read(saved(tmp_path / "a.ppk2", HIGH * 10 + LOW * 10), pin=4)
    assert capture.trace.events_s == ()
    d4 = MILLIAMPERE + struct.pack(">H", 0x5555 + (1 << 8))
    capture = read(saved(tmp_path / "b.ppk2", d4 * 10 + LOW * 10), pin=4)
    assert capture.trace.events_s == pytest.approx((1e-4,))


def test_a_sample_in_which_the_input_was_both_has_the_fall(tmp_path):
    both = MILLIAMPERE + struct.pack(">H", 0x5557)
    capture = read(saved(tmp_path / "a.ppk2", HIGH * 10 + both + HIGH * 10, rate=1000))
    assert capture.trace.events_s == pytest.approx((0.01,))


def test_lost_samples_are_gaps_that_make_a_window_invalid(tmp_path):
    session = HIGH * 10 + LOW * 10 + HIGH * 100 + LOST * 7 + HIGH * 100 + LOW + HIGH
    trace = read(saved(tmp_path / "a.ppk2", session)).trace
    assert [(gap.index, gap.lost) for gap in trace.gaps] == [(120, 7)]
    assert trace.events_s == pytest.approx((1e-4, 2.2e-3))
    (window,), _ = windows_of(trace)
    assert window.invalid == "samples are missing inside it: 7 at 0.001200 s"
    averaged = read(saved(tmp_path / "b.ppk2", session, rate=1000)).trace
    assert averaged.gaps == ()  # there a mean may well be 0.2 uA


def test_a_device_that_draws_nothing_has_lost_nothing(tmp_path):
    off = b"\0\0\0\0" + ALL_LOW
    capture = read(saved(tmp_path / "a.ppk2", off * 1000))
    assert (capture.trace.lost_samples, capture.mean_a) == (0, 0.0)


def test_inputs_as_other_programs_write_them_give_no_edges_and_it_is_said(tmp_path):
    plain = [MILLIAMPERE + struct.pack("<H", level) for level in (1, 0, 1)]
    capture = read(saved(tmp_path / "a.ppk2", b"".join(each * 10 for each in plain)))
    assert capture.trace.events_s == ()
    assert "not as the Power Profiler writes them" in capture.notes[-1]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (dict(session=HIGH + b"\0"), "ends within a sample"),
        (dict(session=b""), "holds no samples"),
        (dict(session=HIGH, rate=0), "samplesPerSecond from 1 to 100000, found '0'"),
        (dict(session=HIGH, rate=1e300), "samplesPerSecond"),
        (dict(session=HIGH, version=3), "expected formatVersion 2, found '3'"),
        (dict(session=HIGH, metadata="[" * 100_000), "metadata.json is not"),
        (dict(session=HIGH, metadata=" " * (2 << 20)), "metadata.json is not"),
        (dict(session=b"\xff\xff\x7f\x7f" + ALL_LOW), "a power of 1.0"),
    ],
)
def test_what_is_no_recording_is_named(tmp_path, made, said):
    with pytest.raises(TraceError, match=said):
        read(saved(tmp_path / "a.ppk2", **made))


def test_a_file_that_was_cut_or_damaged_is_named(tmp_path):
    session = np.random.default_rng(1).bytes(60_000)
    whole = saved(tmp_path / "a.ppk2", session).read_bytes()
    for number, damaged in enumerate(
        (
            whole[:5000],
            whole[:300] + b"\0" * 50 + whole[350:],
            whole[:4],
            b"PK\x03\x04" + b"\0" * 99,
        )
    ):
        path = tmp_path / f"{number}.ppk2"
        path.write_bytes(damaged)
        with pytest.raises(TraceError, match=r"no whole \.ppk2 file"):
            read_capture(path, tmp_path / f"{number}.bin", Asked(3.0))


def test_an_archive_that_lists_more_than_it_holds_is_damaged(tmp_path):
    """Found by fuzzing: the list of contents counts as stored what has no bytes at all."""
    path = tmp_path / "made.ppk2"
    with zipfile.ZipFile(path, "w") as archive:
        inner = '{"metadata": {"samplesPerSecond": 100000}, "formatVersion": 2}'
        archive.writestr("metadata.json", inner)
        archive.writestr("session.raw", b"")
        archive.getinfo("session.raw").file_size = 60
    with pytest.raises(TraceError, match="has 0 samples of 10: it is damaged"):
        read(path)


def test_another_archive_and_a_missing_voltage_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x", "y")
    with pytest.raises(TraceError, match=r"without metadata\.json"):
        read(tmp_path / "a.zip")
    with pytest.raises(TraceError, match="--supply-v"):
        read(saved(tmp_path / "a.ppk2", HIGH), supply_v=None)
    with pytest.raises(TraceError, match="inputs 0 to 7"):
        read(tmp_path / "a.ppk2", pin=8)


def test_a_bomb_takes_little_memory_and_no_more_disk_than_there_is(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.ppk2", bytes(24 << 20))
    assert path.stat().st_size < 1 << 17
    tracemalloc.start()
    try:
        trace = read(path, pin=None).trace
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(trace.samples_uj) == (24 << 20) // 6
    assert most < 20 << 20
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("", (), {"free": 1 << 20}))
    with pytest.raises(TraceError, match=r"its trace takes 0\.0 GB, and .* has 0\.0 GB left"):
        read_capture(path, tmp_path / "b.bin", Asked(3.0))
