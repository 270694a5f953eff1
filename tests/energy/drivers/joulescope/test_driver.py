"""The Joulescope's driver, against a fake of Jetperch's with the real topics."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from support.energy.fake_joulescope import FakeJoulescope
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.joulescope.driver import Joulescope
from tinyrunner.energy.drivers.joulescope.stream import PowerStream
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_windows


def bench(**settings):
    model, clock = PowerModel(), VirtualClock()
    return FakeJoulescope(model, clock, **settings), model, clock


def record(monitor, driver, model, clock, tmp_path, supply_v=3.0, rate_hz=100_000.0):
    writer = TraceWriter(tmp_path / "trace.bin", rate_hz)
    monitor.set_supply(supply_v)
    monitor.power(True)
    monitor.start(writer)
    clock.pause(0.1)
    model.change(clock.now_s(), PowerState.INFER)
    model.edge(clock.now_s())
    for _ in range(10):
        clock.pause(0.1)
        driver.advance()
        monitor.service()
    model.edge(clock.now_s())
    model.change(clock.now_s(), PowerState.IDLE)
    clock.pause(0.1)
    driver.advance()
    return monitor.stop()


@pytest.mark.parametrize(
    ("path", "switch"),
    [("u/js220/002557", "s/i/range/mode"), ("u/js110/001234", "s/i/range/select")],
)
def test_a_session_uses_the_real_topics_and_ends_with_the_supply_cut(path, switch, tmp_path):
    driver, model, clock = bench(path=path)
    with Joulescope.open("", clock, driver=driver) as monitor:
        assert driver.calls == [("open", path, "defaults")]
        assert driver.published[0] == (switch, "off")
        trace = record(monitor, driver, model, clock, tmp_path)
        assert (switch, "auto") in driver.published
        assert ("h/fs", 100_000) in driver.published
    assert driver.published[-1] == (switch, "off")
    assert not driver.powered
    assert driver.finalized
    assert trace.provenance["serial"] == path[-6:]
    assert trace.provenance["supply_measured_v"] == pytest.approx(3.0)
    assert trace.provenance["firmware"] == ("1.2.3" if "220" in path else "")
    assert len(trace.events_s) == 2
    assert trace.events_s[1] - trace.events_s[0] == pytest.approx(1.0, abs=2e-6)


def test_power_is_current_times_voltage_where_the_ids_are_the_same(tmp_path):
    driver, model, clock = bench(lag=20 * 100)
    with Joulescope.open("2557", clock, driver=driver) as monitor:
        trace = record(monitor, driver, model, clock, tmp_path)
    first, last = np.round(np.array(trace.events_s) * 1e5).astype(int)
    energy_j = trace.samples_uj[first:last].sum(dtype=np.float64) * 1e-6
    assert energy_j == pytest.approx(0.105, rel=1e-4)
    assert trace.events_s[0] == pytest.approx(0.1 - 100 / 1e5, abs=2e-6)


@pytest.mark.parametrize("path", ["u/js220/002557", "u/js110/001234"])
@pytest.mark.parametrize("packets", [(20,), range(20, 27), (12, 13, 30, 31, 32)])
def test_packets_that_sample_id_does_not_count_are_missed_by_the_hosts_clock(
    path, packets, tmp_path
):
    driver, model, clock = bench(path=path, unnoticed=packets)
    lost = 2000 * len(packets)
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(SamplesLost, match=f"{lost} more missing by the host's clock"):
            record(monitor, driver, model, clock, tmp_path)
        trace = monitor.trace
    assert trace.provenance["samples_lost"] == 0
    assert trace.provenance["samples_missing_by_host_clock"] == trace.lost_samples == lost
    (window,) = measure_windows(trace, [trace.events_s])
    assert "samples are missing inside it" in window.invalid


@pytest.mark.parametrize("signal", ["s/i", "s/v"])
def test_a_jump_of_sample_id_is_a_gap(signal, tmp_path):
    driver, model, clock = bench(lose=[(signal, 7)])
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(SamplesLost, match="2000 of 120000 samples"):
            record(monitor, driver, model, clock, tmp_path)
        assert [(gap.index, gap.lost) for gap in monitor.trace.gaps] == [(14_000, 2000)]
        # the trace's axis leaves out what is missing
        assert monitor.trace.events_s == pytest.approx((0.1, 1.1 - 0.02), abs=2e-6)


def test_a_lost_piece_of_the_timestamp_input_is_told(tmp_path):
    driver, model, clock = bench(lose=[("s/gpi/0", 7)])
    with Joulescope.open("", clock, driver=driver) as monitor:
        trace = record(monitor, driver, model, clock, tmp_path)
    assert trace.provenance["timestamp_input_samples_lost"] == 20_000


def test_a_wrong_external_supply_switches_the_device_off(tmp_path):
    driver, model, clock = bench(external_v=5.0)
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(MonitorRefused, match=r"5\.000 V where 3 V was stated; switched off"):
            record(monitor, driver, model, clock, tmp_path)
        assert not driver.powered


def test_the_driver_is_optional_and_its_absence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", None)
    with pytest.raises(MonitorRefused, match=r"pip install 'tinyrunner\[joulescope\]'"):
        Joulescope.open("", VirtualClock())


@pytest.mark.parametrize(
    ("paths", "serial", "said"),
    [
        ([], "", "no Joulescope; present: none"),
        (["u/js220/1", "u/js110/2"], "", "more than one Joulescope; present: u/js220/1"),
        (["u/js220/1"], "7", "no Joulescope 7; present: u/js220/1"),
        (["u/js320/1"], "", "no Joulescope"),
    ],
)
def test_which_instrument_is_meant_must_be_clear(paths, serial, said):
    driver, _, clock = bench()
    driver.paths = paths
    with pytest.raises(MonitorError, match=said):
        Joulescope.open(serial, clock, driver=driver)
    assert driver.finalized


def test_supply_is_stated_before_it_is_switched_on_and_below_the_configured_limit():
    driver, _, clock = bench()
    with Joulescope.open("", clock, driver=driver, max_voltage_v=3.3) as monitor:
        with pytest.raises(MonitorRefused, match="state the supply"):
            monitor.power(True)
        with pytest.raises(MonitorRefused, match="max_voltage_v"):
            monitor.set_supply(5.0)


def test_an_instrument_that_sends_nothing_is_a_time_out(tmp_path):
    driver, _, clock = bench()
    driver.silent = True
    with Joulescope.open("", clock, driver=driver) as monitor:
        monitor.set_supply(3.0)
        monitor.start(TraceWriter(tmp_path / "t.bin", 1000.0))
        clock.pause(3.0)
        with pytest.raises(MonitorTimeout, match=r"nothing came for 3\.0 s"):
            monitor.service()


def test_a_driver_that_fails_is_the_monitors_error_and_the_rest_is_still_closed():
    driver, _, clock = bench()
    monitor = Joulescope.open("", clock, driver=driver)
    driver.fail_on = ("s/i/range/mode",)
    with pytest.raises(MonitorError, match="may still let the supply through"):
        monitor.close()
    assert ("close", driver.path) in driver.calls
    assert driver.finalized


def test_ctrl_c_while_recording_cuts_the_supply(tmp_path):
    driver, _, clock = bench()

    def interrupted():
        with Joulescope.open("", clock, driver=driver) as monitor:
            monitor.set_supply(3.0)
            monitor.power(True)
            monitor.start(TraceWriter(tmp_path / "t.bin", 1000.0))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not driver.powered
    assert driver.finalized


# ---- messages ----


def message(data, sample_id, step=2000):
    return {"sample_id": sample_id, "sample_rate": 2_000_000, "decimate_factor": step, "data": data}


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
