"""Traces in files: EEMBC's pair, our details beside it, MLCommons' results.json; hostile ones."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.energy.traces import write_trace
from support.reference import reference_path
from tinyrunner.energy.errors import TraceError
from tinyrunner.energy.trace import EnergyTrace, EventSource, Gap, TraceOrigin, TraceWriter
from tinyrunner.energy.trace_files import (
    read_results_json,
    read_trace,
    timestamps_text,
    write_events,
)

EEMBC = [
    "v1.1/closed/Krai/results/NUCLEO-H7A3ZI-Q_X-CUBE-AI-7.3/kws/energy",
    "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ad/energy",
    "v1.2/closed/STMicroelectronics/results/NUCLEO_L4R5ZI/ic/energy",
]
NAMES = ("trace1-energy.bin", "trace1-timestamps.json")


@pytest.mark.parametrize("folder", EEMBC)
def test_a_published_trace_is_written_back_byte_for_byte(tmp_path, folder):
    published = reference_path("published", folder)
    trace = read_trace(published)
    assert trace.origin is TraceOrigin.EEMBC
    assert (trace.sample_rate_hz, len(trace.events_s)) == (1000.0, 11)
    write_trace(trace, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(NAMES)
    for name in NAMES:
        assert (tmp_path / name).read_bytes() == (published / name).read_bytes()


def test_a_trace_of_ours_comes_back_whole(tmp_path):
    rate_hz = 1 / 204.9e-6  # not a float32
    with TraceWriter(tmp_path / "trace1-energy.bin", rate_hz) as writer:
        writer.append(np.linspace(0, 1e-6, 1000))
        writer.gap(3)
        writer.append(np.ones(5))
        writer.event(0.123456789)
        written = writer.finish({"supply_v": 3.0})
    write_events(written, tmp_path)
    read = read_trace(tmp_path)
    assert read.samples_uj.tolist() == written.samples_uj.tolist()
    assert (read.sample_rate_hz, read.events_s) == (rate_hz, (0.123456789,))
    assert (read.gaps, read.provenance) == ((Gap(1000, 3),), {"supply_v": 3.0})
    assert (read.origin, read.event_source) == (TraceOrigin.OURS, EventSource.MONITOR)
    assert (tmp_path / "trace1-timestamps.json").read_text() == "[\n\t0.123\n]"


@given(st.lists(st.floats(0, 1e5), max_size=20).map(sorted))
def test_timestamps_are_valid_json_to_the_millisecond(events):
    read = json.loads(timestamps_text(events))
    assert read == pytest.approx(events, abs=0.00051)


def pair(folder, raw: bytes = struct.pack("<Bff", 0xF1, 1000.0, 1.0), stamps: str = "[0.5]"):
    (folder / NAMES[0]).write_bytes(raw)
    (folder / NAMES[1]).write_text(stamps)
    return folder


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"", "a header of 5 bytes"),
        (b"\xf1\x00", "a header of 5 bytes"),
        (struct.pack("<Bff", 0xF0, 1000.0, 1.0), "0xF1 of an energy trace, found '0xF0'"),
        (struct.pack("<Bff", 0xF1, 0.0, 1.0), "a sample rate above 0 Hz"),
        (struct.pack("<Bff", 0xF1, -5.0, 1.0), "a sample rate above 0 Hz"),
        (struct.pack("<Bff", 0xF1, float("inf"), 1.0), "a sample rate above 0 Hz"),
        (struct.pack("<Bff", 0xF1, float("nan"), 1.0), "a sample rate above 0 Hz"),
        (struct.pack("<Bff", 0xF1, 1000.0, 1.0) + b"\0", "whole samples of 4 bytes"),
        (struct.pack("<Bfff", 0xF1, 1e3, 1.0, float("nan")), "sample 1: expected a finite number"),
        (struct.pack("<Bffff", 0xF1, 1e3, 1, float("-inf"), float("inf")), "found '-inf'"),
    ],
)
def test_a_file_of_samples_that_is_none_says_what_was_expected(tmp_path, raw, text):
    with pytest.raises(TraceError, match=r"trace1-energy\.bin.*: expected") as caught:
        read_trace(pair(tmp_path, raw))
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("stamps", "text"),
    [
        ("", "expected JSON"),
        ("[0.5", "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ("\udcff".encode("utf-8", "surrogateescape"), "expected JSON"),
        ("{}", "a list of seconds"),
        ('["0.5"]', "seconds from the trace's beginning"),
        ("[true]", "seconds from the trace's beginning"),
        ("[NaN]", "seconds from the trace's beginning"),
        ("[1e999]", "seconds from the trace's beginning"),
        ("[1" + "0" * 400 + "]", "seconds from the trace's beginning"),
        ("[-0.1]", "seconds from the trace's beginning"),
        ("[0.2, 0.1]", "event 2: expected events in order, at 0.2 s or later, found '0.1'"),
    ],
)
def test_timestamps_of_the_wrong_shape_say_what_was_expected(tmp_path, stamps, text):
    pair(tmp_path)
    raw = stamps if isinstance(stamps, bytes) else stamps.encode()
    (tmp_path / NAMES[1]).write_bytes(raw)
    with pytest.raises(TraceError, match=r"trace1-timestamps\.json") as caught:
        read_trace(tmp_path)
    assert text in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TraceError, match=r"cannot read .*trace1-energy\.bin"):
        read_trace(tmp_path)
    pair(tmp_path)
    (tmp_path / NAMES[1]).unlink()
    with pytest.raises(TraceError, match=r"cannot read .*trace1-timestamps\.json"):
        read_trace(tmp_path)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"format": 2}, "details of a trace in format 1"),
        ({"sample_rate_hz": 999.0}, "sample_rate_hz as in the energy file"),
        ({"sample_rate_hz": float("nan")}, "sample_rate_hz as in the energy file"),
        ({"samples": 7}, "the 2 samples that stand in the energy file"),
        ({"event_source": "guess"}, "event_source as one of monitor, io_manager, host"),
        ({"event_source": []}, "event_source as one of"),
        ({"event_uncertainty_s": -1}, "event_uncertainty_s as seconds"),
        ({"events_s": [2, 1]}, "events in order"),
        ({"gaps": [[3, 1]]}, "a gap as [sample 0 to 2, samples lost]"),
        ({"gaps": [[1, -1]]}, "a whole number of lost samples"),
        ({"gaps": {}}, "gaps as a list"),
        ({"provenance": []}, "provenance as keys and values"),
    ],
)
def test_details_that_do_not_fit_say_what_was_expected(tmp_path, change, text):
    write_trace(EnergyTrace(1000.0, np.ones(2, np.float32), ()), tmp_path)
    path = tmp_path / "trace1-details.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(TraceError, match=r"trace1-details\.json") as caught:
        read_trace(tmp_path)
    assert text in str(caught.value)


def power(**change: object) -> dict[str, object]:
    return {"samples": [1e-5, 2e-5], "timestamps": [["00", 0], ["01", 2]], "voltage": 3, **change}


def test_the_trials_of_a_results_json_are_read(tmp_path):
    path = tmp_path / "results.json"
    path.write_text(json.dumps([{"power": power()}, {"power": power(samples=[1, 2, 3])}]))
    first, second = read_results_json(path)
    assert (first.sample_rate_hz, first.events_s) == (1000.0, (0.0, 0.002))
    assert first.samples_uj.tolist() == pytest.approx([10.0, 20.0])
    assert (first.origin, first.provenance) == (TraceOrigin.MLCOMMONS, {"supply_v": 3.0})
    assert len(second.samples_uj) == 3


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("nonsense", "expected JSON"),
        ({}, "a list of entries"),
        ([1], "entry 1: expected a `power` object"),
        ([{"mode": "p"}], "entry 1: expected a `power` object"),
        ([{"power": power(samples=[])}], "`power.samples` as a list of numbers"),
        ([{"power": power(samples=[1, float("nan")])}], "entry 1, sample 1: expected joules"),
        ([{"power": power(samples=[1, "2"])}], "entry 1, sample 1: expected joules"),
        ([{"power": power(timestamps=None)}], "`power.timestamps` as [[event, sample], …]"),
        ([{"power": power(timestamps=[["00", 3]])}], "[event, sample 0 to 2]"),
        ([{"power": power(timestamps=[["00", -1]])}], "[event, sample 0 to 2]"),
        ([{"power": power(timestamps=[["00"]])}], "[event, sample 0 to 2]"),
        ([{"power": power(timestamps=[["0", 2], ["1", 1]])}], "events in order, after sample 2"),
    ],
)
def test_a_results_json_of_the_wrong_shape_says_what_was_expected(tmp_path, content, text):
    path = tmp_path / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(TraceError, match=r"results\.json") as caught:
        read_results_json(path)
    assert text in str(caught.value)
