"""The PPK2's driver: dialogues, faults, and leaving it safe."""

from __future__ import annotations

import importlib.util
import itertools
from contextlib import contextmanager

import numpy as np
import pytest
from support.devices.dialogue import ScriptedTransport
from support.energy.ppk2_text import metadata
from tinyrunner.dut_protocol.link.clock import MonotonicClock, VirtualClock
from tinyrunner.energy.drivers.ppk2.driver import BAUD_RATE, Ppk2
from tinyrunner.energy.drivers.serial_monitor import open_link
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.simulated.ppk2 import Ppk2Faults, SimulatedPpk2
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_windows
from tinyrunner.runner.bench.simulated.monitors import served_monitor

needs_pty = pytest.mark.skipif(
    importlib.util.find_spec("termios") is None, reason="this platform has no pseudo-terminals"
)
OPENING = [(b"\x07\x0c\x00", b""), (b"\x19", metadata("VDD: 3300")), (b"\x11\x02", b"")]
CLOSING = [(b"\x07", b""), (b"\x0c\x00", b"")]


@contextmanager
def script(pairs):
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs)
    yield transport, clock
    transport.finish()
    assert transport.closed


@contextmanager
def simulated(faults=None):
    model, clock = PowerModel(), VirtualClock()
    kit = SimulatedPpk2(model, faults=faults)
    yield model, clock, SimulatedMonitorLink(kit, clock, "sim")
    assert not kit.supply.on


def record(monitor, model, clock, tmp_path, seconds=2.0):
    writer = TraceWriter(tmp_path / "trace.bin", 100_000.0)
    monitor.set_supply(3.0)
    monitor.power(True)
    monitor.start(writer)
    clock.pause(0.1)
    model.change(clock.now_s(), PowerState.INFER)
    model.edge(clock.now_s())
    for _ in range(round(seconds * 20)):
        clock.pause(0.05)
        monitor.service()
    model.edge(clock.now_s())
    model.change(clock.now_s(), PowerState.IDLE)
    clock.pause(0.1)
    return monitor.stop()


def test_a_whole_session_is_the_documented_dialogue(tmp_path):
    words = [100 | 2 << 14 | k << 18 | (k != 2) << 24 for k in range(4)]
    pairs = [
        *OPENING,
        (b"\x0d\x0b\xb8", b""),
        (b"\x19", metadata("VDD: 3000")),
        (b"\x0c\x01", b""),
        (b"\x06", np.array(words, "<u4").tobytes()),
        (b"\x07", b""),
        *CLOSING,
        (b"\x19", metadata("VDD: 3000")),
    ]
    with (
        script(pairs) as (transport, clock),
        Ppk2.open(transport, clock, serial="C0FFEE") as monitor,
    ):
        assert monitor.identify().serial == "C0FFEE"
        assert monitor.identify().firmware == "HW 9173"
        assert monitor.set_supply(3.0) == 3.0
        monitor.power(True)
        monitor.start(TraceWriter(tmp_path / "t.bin", 100_000.0))
        monitor.service()
        trace = monitor.stop()
    assert len(trace.samples_uj) == 4
    assert trace.events_s == (2e-5,)
    assert trace.provenance["supply_read_back"] is True
    assert trace.provenance["spike_filter"] is False


@pytest.mark.parametrize("volts", [0.79, 5.01, float("inf")])
def test_a_voltage_it_cannot_supply_is_refused_before_anything_is_sent(volts):
    with (
        script([*OPENING, *CLOSING]) as (transport, clock),
        Ppk2.open(transport, clock) as monitor,
        pytest.raises(MonitorRefused, match="outside"),
    ):
        monitor.set_supply(volts)


def test_a_voltage_above_the_configured_one_is_refused():
    with (
        simulated() as (_, clock, link),
        Ppk2.open(link, clock, max_voltage_v=3.3) as monitor,
        pytest.raises(MonitorRefused, match="max_voltage_v"),
    ):
        monitor.set_supply(3.4)


def test_a_voltage_that_reads_back_otherwise_is_refused():
    pairs = [*OPENING, (b"\x0d\x0b\xb8", b""), (b"\x19", metadata("VDD: 3300")), *CLOSING]
    with (
        script(pairs) as (transport, clock),
        Ppk2.open(transport, clock) as monitor,
        pytest.raises(MonitorRefused, match="set to 3000 mV it reports 3300 mV"),
    ):
        monitor.set_supply(3.0)


def test_a_kit_that_does_not_tell_its_voltage_is_said_not_to_be_read_back():
    pairs = [*OPENING, (b"\x0d\x0b\xb8", b""), (b"\x19", metadata()), *CLOSING]
    with script(pairs) as (transport, clock), Ppk2.open(transport, clock) as monitor:
        assert monitor.set_supply(3.0) == 3.0
        assert not monitor._supply_read_back


def test_supply_comes_before_power_and_before_recording(tmp_path):
    with simulated() as (_, clock, link), Ppk2.open(link, clock) as monitor:
        with pytest.raises(MonitorRefused, match="set the supply"):
            monitor.power(True)
        with pytest.raises(MonitorRefused, match="set the supply"):
            monitor.start(TraceWriter(tmp_path / "t.bin", 100_000.0))


def test_another_rate_is_refused(tmp_path):
    with simulated() as (_, clock, link), Ppk2.open(link, clock) as monitor:
        monitor.set_supply(3.0)
        with pytest.raises(MonitorRefused, match="no sample rate of 1000 Hz; possible: 100000"):
            monitor.start(TraceWriter(tmp_path / "t.bin", 1000.0))


@pytest.mark.parametrize(
    ("faults", "error", "said"),
    [
        (Ppk2Faults(silent=True), MonitorTimeout, "no calibration in 2 s, 0 bytes"),
        (Ppk2Faults(garbage=True), MonitorError, "no `NAME: value`"),
        (
            Ppk2Faults(uncalibrated=True),
            MonitorRefused,
            "the PPK2 on sim: the PPK2 tells no calibration of R0, .*--ppk2-default-calibration",
        ),
    ],
)
def test_a_kit_without_a_calibration_is_refused(faults, error, said):
    with simulated(faults) as (_, clock, link), pytest.raises(error, match=said):
        Ppk2.open(link, clock)


def test_a_kit_without_a_calibration_measures_with_nordics_and_it_is_written_down(tmp_path):
    with (
        simulated(Ppk2Faults(uncalibrated=True)) as (model, clock, link),
        Ppk2.open(link, clock, default_calibration=True) as monitor,
    ):
        trace = record(monitor, model, clock, tmp_path)
        assert "HW 9173, Nordic's default calibration for R0 R1" in monitor.identify().firmware
    first, last = np.round(np.array(trace.events_s) * 1e5).astype(int)
    energy_j = trace.samples_uj[first:last].sum(dtype=np.float64) * 1e-6
    assert energy_j == pytest.approx(0.035 * 3.0 * 2.0, rel=1e-3)
    assert len(trace.provenance["calibration_by_default"]) == 35
    assert trace.provenance["calibration"]["R"] == [1031.64, 101.65, 10.15, 0.94, 0.043]


def test_a_calibrated_kits_own_constants_are_taken_whatever_is_allowed(tmp_path):
    with (
        simulated() as (model, clock, link),
        Ppk2.open(link, clock, default_calibration=True) as monitor,
    ):
        trace = record(monitor, model, clock, tmp_path, 0.2)
        assert monitor.identify().firmware == "HW 9173"
    assert trace.provenance["calibration_by_default"] == []


def test_a_kit_that_was_left_streaming_is_stopped_first(tmp_path):
    with simulated(Ppk2Faults(streaming=True)) as (model, clock, link):
        clock.pause(1.0)
        with Ppk2.open(link, clock) as monitor:
            assert len(record(monitor, model, clock, tmp_path).events_s) == 2


def test_lost_samples_are_gaps_and_a_few_of_them_are_bearable(tmp_path):
    faults = Ppk2Faults(lost=frozenset(range(50_000, 50_020)), bad_range=frozenset([70_000]))
    with simulated(faults) as (model, clock, link), Ppk2.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path)
    assert [(gap.index, gap.lost) for gap in trace.gaps] == [(50_000, 20), (69_980, 1)]
    assert trace.provenance["counter_breaks"] == 1
    assert trace.provenance["samples_of_bad_range"] == 1


def test_more_than_a_thousandth_lost_is_an_error_that_keeps_the_trace(tmp_path):
    faults = Ppk2Faults(lost=frozenset(k for k in range(50_000, 90_000) if k % 60 < 10))
    with simulated(faults) as (model, clock, link), Ppk2.open(link, clock) as monitor:
        with pytest.raises(SamplesLost, match="breaks of the counter, each at least"):
            record(monitor, model, clock, tmp_path)
        assert monitor.trace.lost_samples > 6000


def test_a_counter_that_is_wrong_is_lost_samples(tmp_path):
    with (
        simulated(Ppk2Faults(counter_stands=True)) as (model, clock, link),
        Ppk2.open(link, clock) as monitor,
        pytest.raises(SamplesLost, match="counter makes no sense"),
    ):
        record(monitor, model, clock, tmp_path)


def test_a_loss_that_the_counter_cannot_see_is_seen_by_the_clock(tmp_path):
    faults = Ppk2Faults(lost=frozenset(range(50_000, 50_000 + 64 * 500)))
    with (
        simulated(faults) as (model, clock, link),
        Ppk2.open(link, clock) as monitor,
        pytest.raises(SamplesLost, match="32000 more missing by the host's clock"),
    ):
        record(monitor, model, clock, tmp_path)


@pytest.mark.parametrize("rounds", [10, 16, 100, 1500])
@pytest.mark.parametrize("place", [45_000, 120_000, 190_000])
def test_a_loss_of_whole_rounds_of_the_counter_is_named_where_it_was(rounds, place, tmp_path):
    faults = Ppk2Faults(lost=frozenset(range(place, place + 64 * rounds)))
    with simulated(faults) as (model, clock, link), Ppk2.open(link, clock) as monitor:
        with pytest.raises(SamplesLost, match=f"{64 * rounds} more missing by the host's clock"):
            record(monitor, model, clock, tmp_path, 3.0)
        trace = monitor.trace
    assert trace.provenance["counter_breaks"] == 0
    assert trace.provenance["samples_missing_by_host_clock"] == trace.lost_samples == 64 * rounds
    assert all(abs(gap.index - place) <= 11_000 for gap in trace.gaps)
    (window,) = measure_windows(trace, [trace.events_s])
    assert "samples are missing inside it" in window.invalid


def test_a_loss_that_shows_and_one_that_does_not_are_counted_once_each(tmp_path):
    lost = frozenset(range(60_000, 60_020)) | frozenset(range(150_000, 150_000 + 6400))
    with (
        simulated(Ppk2Faults(lost=lost)) as (model, clock, link),
        Ppk2.open(link, clock) as monitor,
        pytest.raises(SamplesLost, match=r"6420 of 320000 samples .*6400 more missing"),
    ):
        record(monitor, model, clock, tmp_path, 3.0)


def test_a_kit_that_is_served_late_and_unevenly_is_not_accused(tmp_path):
    random = np.random.default_rng(3)
    with simulated() as (_, clock, link), Ppk2.open(link, clock) as monitor:
        monitor.set_supply(3.0)
        monitor.start(TraceWriter(tmp_path / "trace.bin", 100_000.0))
        for _ in range(100):
            clock.pause(random.exponential(0.1))
            monitor.service()
        trace = monitor.stop()
    assert trace.gaps == ()
    assert trace.provenance["samples_missing_by_host_clock"] == 0


def test_a_stream_that_falls_silent_is_a_time_out(tmp_path):
    with (
        simulated(Ppk2Faults(stops_after=20_000)) as (model, clock, link),
        Ppk2.open(link, clock) as monitor,
        pytest.raises(MonitorTimeout, match="nothing came"),
    ):
        record(monitor, model, clock, tmp_path)


def test_ctrl_c_leaves_the_supply_off_wherever_it_comes(tmp_path):
    """At every single write and read of a session."""

    class Interrupting:
        address = "sim"

        def __init__(self, inner, at):
            self.inner, self.left = inner, at

        def _count(self):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

        def write(self, data):
            self.inner.write(data)
            self._count()

        def read(self, size, timeout_s):
            data = self.inner.read(size, timeout_s)
            self._count()
            return data

        def close(self):
            self.inner.close()

    for at in itertools.count(1):
        folder = tmp_path / str(at)
        folder.mkdir()
        with simulated() as (model, clock, link):
            try:
                with Ppk2.open(Interrupting(link, at), clock) as monitor:
                    record(monitor, model, clock, folder, 0.2)
            except KeyboardInterrupt:
                continue
        break
    assert at > 20


@pytest.mark.parametrize("kind", [pytest.param("pty", marks=needs_pty), "tcp"])
def test_it_works_through_a_real_port(kind, tmp_path):
    model, clock = PowerModel(), MonotonicClock()
    kit = SimulatedPpk2(model)
    with served_monitor(kit, clock, tcp=None if kind == "pty" else ("127.0.0.1", 0)) as address:
        with Ppk2.open(open_link(address, BAUD_RATE), clock) as monitor:
            trace = record(monitor, model, clock, tmp_path, 0.5)
        heard_by = clock.now_s() + 5  # the kit answers nothing to its last command
        while kit.supply.on and clock.now_s() < heard_by:
            clock.pause(0.01)
        assert not kit.supply.on
    first, last = (round(event * 1e5) for event in trace.events_s)
    assert 0.4 < (last - first) / 1e5 < 10  # how long a busy machine took is no matter
    measured_j = trace.samples_uj[first:last].sum(dtype=np.float64) * 1e-6
    assert measured_j == pytest.approx(0.105 * (last - first) / 1e5, rel=1e-3)
