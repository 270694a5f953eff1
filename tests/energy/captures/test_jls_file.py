"""A .jls file: written by Jetperch's own recorder, pyjoulescope_driver's, through pyjls."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from tinyrunner.energy.captures.capture import Asked
from tinyrunner.energy.captures.figures import figures_of, windows_of
from tinyrunner.energy.captures.read_capture import read_capture
from tinyrunner.energy.errors import TraceError

pyjls = pytest.importorskip("pyjls")
record = pytest.importorskip("pyjoulescope_driver.record")

DEVICE = "u/js220/001234"
RATE_HZ = 1_000_000
BLOCK = 65_536


class Device:
    """Where the vendor's recorder subscribes to an instrument's topics."""

    def __init__(self):
        self.takers = {}

    def subscribe(self, topic, _flags, taker):
        self.takers[topic] = taker

    def unsubscribe(self, _topic, _taker):
        pass

    def publish(self, _topic, _value, timeout=None):
        pass

    def send(self, topic, data, at, utc):
        message = dict(sample_id=2 * at, decimate_factor=2, sample_rate=2 * RATE_HZ, utc=utc)
        self.takers[f"{DEVICE}/{topic}"](f"{DEVICE}/{topic}", message | {"data": data})


def recorded(path, signals="current,voltage,power,gpi[0]", blocks=6, lost=(), lead_in=0):
    """10 mA at 3 V; the pin falls 500 samples into each block, for 20 samples."""
    device = Device()
    recorder = record.Record(device, DEVICE, signals=signals)
    recorder.open(str(path))
    high = np.ones(BLOCK, np.uint8)
    high[500:520] = 0
    values = {"s/i/!data": 0.01, "s/v/!data": 3.0, "s/p/!data": 0.03}
    for block in range(blocks):
        if block in lost:
            continue
        at, utc = 1000 + block * BLOCK, (block + 1) << 24
        for topic, value in values.items():
            if f"{DEVICE}/{topic}" in device.takers:
                data = np.full(BLOCK, value, np.float32)
                data[: lead_in if block == 0 else 0] = np.nan
                device.send(topic, data, at, utc)
        if "gpi" in signals:
            device.send("s/gpi/0/!data", np.packbits(high, bitorder="little"), at, utc)
    recorder.close()
    return path


def read(path, **asked):
    return read_capture(path, path.with_name("trace1-energy.bin"), Asked(**asked))


def test_power_current_and_the_input_are_read(tmp_path):
    capture = read(recorded(tmp_path / "a.jls"))
    figures = figures_of(capture.trace)
    assert capture.trace.sample_rate_hz == RATE_HZ
    assert figures.duration_s == 6 * BLOCK / RATE_HZ
    assert figures.mean_w == pytest.approx(0.03, rel=1e-6)
    assert (capture.mean_a, capture.max_a) == pytest.approx((0.01, 0.01))
    falls = [(500 + block * BLOCK) / RATE_HZ for block in range(6)]
    assert capture.trace.events_s == pytest.approx(falls)
    assert capture.trace.provenance["serial"] == "001234"


@pytest.mark.parametrize(
    ("signals", "supply_v"), [("current,voltage", None), ("current", 3.0), ("power", None)]
)
def test_power_comes_of_what_was_recorded(tmp_path, signals, supply_v):
    capture = read(recorded(tmp_path / "a.jls", signals, blocks=2), supply_v=supply_v)
    assert figures_of(capture.trace).mean_w == pytest.approx(0.03, rel=1e-6)
    assert "The input gpi[0] was not recorded: no edges." in capture.notes
    assert (capture.mean_a is None) == (signals == "power")


def test_a_loss_is_a_gap_and_the_first_nan_are_left_out(tmp_path):
    capture = read(recorded(tmp_path / "a.jls", lost=(2,), lead_in=71))
    trace = capture.trace
    assert [(gap.index, gap.lost) for gap in trace.gaps] == [(2 * BLOCK - 71, BLOCK)]
    assert trace.events_s[0] == pytest.approx((500 - 71) / RATE_HZ)
    windows, _ = windows_of(trace, leading=1)
    assert windows[0].invalid is not None
    assert len(capture.notes) == 2


def mended(path):
    try:
        return read(path)
    except TraceError as error:
        return error


@pytest.mark.parametrize(("blocks", "tenths"), [(20, 3), (20, 9), (40, 6), (40, 8)])
def test_a_file_that_was_not_closed_stays_as_it_is_whatever_becomes_of_it(tmp_path, blocks, tenths):
    """pyjls mends these in place; at the last, release 0.10 crashes."""
    whole = recorded(tmp_path / "a.jls", "current,voltage", blocks=blocks).read_bytes()
    path = tmp_path / "cut.jls"
    path.write_bytes(whole[: len(whole) * tenths // 10])
    before = path.read_bytes()
    became = mended(path)
    if not isinstance(became, TraceError):
        assert figures_of(became.trace).mean_w == pytest.approx(0.03, rel=1e-6)
        became = became.notes[0]
    assert "was not closed" in str(became)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.bin.jls"))


def test_a_damaged_file_is_named(tmp_path, capfd):
    whole = bytearray(recorded(tmp_path / "a.jls", blocks=2).read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    (tmp_path / "b.jls").write_bytes(whole)
    with pytest.raises(TraceError, match=r"b\.jls: pyjls cannot read it"):
        read_capture(tmp_path / "b.jls", tmp_path / "b.bin", Asked())
    (tmp_path / "c.jls").write_bytes(whole[:20])
    with pytest.raises(TraceError, match="ends within the header"):
        read_capture(tmp_path / "c.jls", tmp_path / "c.bin", Asked())
    assert capfd.readouterr() == ("", "")


def test_what_lacks_is_named(tmp_path, monkeypatch):
    path = recorded(tmp_path / "a.jls", "current", blocks=1)
    with pytest.raises(TraceError, match="--supply-v"):
        read_capture(path, tmp_path / "b.bin", Asked())
    with pytest.raises(TraceError, match="--instrument SERIAL; in the file: JS220 001234"):
        read_capture(path, tmp_path / "c.bin", Asked(3.0, instrument="1"))
    path = recorded(tmp_path / "v.jls", "voltage", blocks=1)
    with pytest.raises(TraceError, match="neither power nor current; its signals: voltage"):
        read_capture(path, tmp_path / "d.bin", Asked(3.0))
    monkeypatch.setitem(sys.modules, "pyjls", None)
    with pytest.raises(TraceError, match=r"pip install 'tinyrunner\[jls\]'"):
        read_capture(path, tmp_path / "e.bin", Asked(3.0))
