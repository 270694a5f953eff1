"""The Joulescope's driver, with an instrument that exists in memory only behind it."""

from __future__ import annotations

import sys
import threading
from types import ModuleType

import numpy as np
import pytest
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.joulescope.driver import Joulescope, load_driver
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from tinyrunner.energy.simulated.joulescope import JoulescopeFaults, SimulatedJoulescope
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_windows

MODELS = ["js110", "js220", "js320"]


def bench(kind="js220", external_v=3.0, **faults):
    model, clock = PowerModel(), VirtualClock()
    driver = SimulatedJoulescope(
        model, clock, kind, external_v=external_v, faults=JoulescopeFaults(**faults)
    )
    return driver, model, clock


def deliver(driver):
    """As the real driver does: in a thread of its own."""
    thread = threading.Thread(target=driver.deliver)
    thread.start()
    thread.join()


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
        deliver(driver)
        monitor.service()
    model.edge(clock.now_s())
    model.change(clock.now_s(), PowerState.IDLE)
    clock.pause(0.1)
    deliver(driver)
    return monitor.stop()


def window_j(trace):
    first, last = np.round(np.array(trace.events_s) * trace.sample_rate_hz).astype(int)
    return trace.samples_uj[first:last].sum(dtype=np.float64) * 1e-6


@pytest.mark.parametrize(
    ("kind", "switch", "stream_hz"),
    [
        ("js110", "s/i/range/select", 2_000_000),
        ("js220", "s/i/range/mode", 100_000),
        ("js320", "s/i/range/mode", 100_000),
    ],
)
def test_a_session_ends_with_the_supply_cut(kind, switch, stream_hz, tmp_path):
    driver, model, clock = bench(kind)
    with Joulescope.open("", clock, driver=driver) as monitor:
        assert driver.opened
        assert driver.published[0] == (switch, "off")
        assert not driver.supply.on
        trace = record(monitor, driver, model, clock, tmp_path)
        assert (switch, "auto") in driver.published
        assert ("h/fs", stream_hz) in driver.published
    assert driver.published[-1] == (switch, "off")
    assert not driver.supply.on
    assert not driver.opened
    assert driver.finalized
    assert trace.provenance["serial"] == f"000{kind[2:]}"
    assert trace.provenance["supply_measured_v"] == pytest.approx(3.0)
    assert trace.provenance["firmware"] == ("" if kind == "js110" else "1.2.3")
    assert trace.events_s[1] - trace.events_s[0] == pytest.approx(1.0, abs=2e-6)
    assert trace.gaps == ()


@pytest.mark.parametrize("lead_in", [22, 26, 63, 71, 1000])
@pytest.mark.parametrize("rate_hz", [1000.0, 100_000.0, 2_000_000.0])
def test_values_that_are_no_numbers_yet_are_before_the_beginning(lead_in, rate_hz, tmp_path):
    driver, model, clock = bench("js110", lead_in=lead_in)
    with Joulescope.open("", clock, driver=driver) as monitor:
        trace = record(monitor, driver, model, clock, tmp_path, rate_hz=rate_hz)
    assert trace.gaps == ()
    assert trace.provenance["not_yet_numbers"] == lead_in
    assert trace.events_s[0] == pytest.approx(0.1 - lead_in / 2e6, abs=2e-6)
    (window,) = measure_windows(trace, [trace.events_s])
    assert window.invalid is None
    assert window.energy_j == pytest.approx(0.105, rel=1e-3)


@pytest.mark.parametrize("kind", MODELS)
def test_values_that_are_no_numbers_later_are_lost_and_the_window_is_invalid(kind, tmp_path):
    driver, model, clock = bench(kind, nan=frozenset([20]))
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(SamplesLost, match=r"by jumps of sample_id or NaN"):
            record(monitor, driver, model, clock, tmp_path)
        trace = monitor.trace
    # Where a sample of the trace is the sum of twenty, half a one is lost whole.
    (gap,) = trace.gaps
    assert gap.lost == pytest.approx(200, abs=1)
    assert trace.lost_samples == gap.lost
    assert len(trace.events_s) == 2  # a JS110's input is zero meanwhile: that is no edge
    (window,) = measure_windows(trace, [trace.events_s])
    assert "samples are missing inside it" in window.invalid


def test_an_instrument_that_never_sends_numbers_is_an_error(tmp_path):
    driver, model, clock = bench("js110", lead_in=10_000_000)
    with (
        Joulescope.open("", clock, driver=driver) as monitor,
        pytest.raises(MonitorError, match=r"none of its first 2[0-9]{6} values is a number"),
    ):
        record(monitor, driver, model, clock, tmp_path)
    assert not driver.supply.on


def test_power_is_current_times_voltage_where_the_ids_are_the_same(tmp_path):
    driver, model, clock = bench(voltage_later=100)
    with Joulescope.open("220", clock, driver=driver) as monitor:
        trace = record(monitor, driver, model, clock, tmp_path)
    assert window_j(trace) == pytest.approx(0.105, rel=1e-4)
    assert trace.events_s[0] == pytest.approx(0.1 - 100 / 1e5, abs=2e-6)


@pytest.mark.parametrize("kind", ["js220", "js110"])
@pytest.mark.parametrize("packets", [(20,), range(20, 27), (12, 13, 30, 31, 32)])
def test_packets_that_sample_id_does_not_count_are_missed_by_the_hosts_clock(
    kind, packets, tmp_path
):
    driver, model, clock = bench(kind, uncounted=frozenset(packets))
    lost = 2000 * len(packets)
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(SamplesLost, match=r"more missing by the host's clock"):
            record(monitor, driver, model, clock, tmp_path)
        trace = monitor.trace
    assert trace.provenance["samples_lost"] == 0
    assert trace.provenance["samples_missing_by_host_clock"] == trace.lost_samples
    assert trace.lost_samples == pytest.approx(lost, abs=4)
    (window,) = measure_windows(trace, [trace.events_s])
    assert "samples are missing inside it" in window.invalid


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("signal", ["i", "v"])
def test_a_jump_of_sample_id_is_a_gap(kind, signal, tmp_path):
    driver, model, clock = bench(kind, lost=frozenset([(signal, 7)]))
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(SamplesLost, match=r"200[0-9] of 1[0-9]{5} samples"):
            record(monitor, driver, model, clock, tmp_path)
        ((index, lost),) = [(gap.index, gap.lost) for gap in monitor.trace.gaps]
        assert lost == pytest.approx(2000, abs=1)
        assert index == pytest.approx(14_000, abs=4)
        # the trace's axis leaves out what is missing
        assert monitor.trace.events_s == pytest.approx((0.1, 1.1 - 0.02), abs=60e-6)


def test_a_lost_piece_of_the_timestamp_input_is_told(tmp_path):
    driver, model, clock = bench(lost=frozenset([("gpi/0", 7)]))
    with Joulescope.open("", clock, driver=driver) as monitor:
        trace = record(monitor, driver, model, clock, tmp_path)
    assert trace.provenance["timestamp_input_samples_lost"] == 40_000


def test_a_wrong_external_supply_switches_the_device_off(tmp_path):
    driver, model, clock = bench(external_v=5.0)
    with Joulescope.open("", clock, driver=driver) as monitor:
        with pytest.raises(MonitorRefused, match=r"5\.000 V where 3 V was stated; switched off"):
            record(monitor, driver, model, clock, tmp_path)
        assert not driver.supply.on


@pytest.mark.parametrize(("supply_v", "level_mv"), [(1.71, 1800), (1.8, 1800), (3.29, 3000)])
def test_a_js110s_inputs_get_the_level_that_goes_with_the_supply(supply_v, level_mv):
    driver, _, clock = bench("js110")
    with Joulescope.open("", clock, driver=driver) as monitor:
        monitor.set_supply(supply_v)
        assert driver.published[-1] == ("s/extio/voltage", level_mv)


def test_the_driver_is_optional_and_its_absence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", None)
    with pytest.raises(MonitorRefused, match=r"pip install --upgrade 'tinyrunner\[joulescope\]'"):
        Joulescope.open("", VirtualClock())


def test_a_driver_that_is_too_old_says_what_to_install(monkeypatch):
    module = ModuleType("pyjoulescope_driver")
    module.__version__ = "0.2.2"
    module.Driver = type("Driver", (), {"device_paths": lambda self: []})
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", module)
    with pytest.raises(MonitorRefused, match=r"0\.2\.2 is too old.*Driver\.open.*pip install"):
        load_driver()


def test_a_driver_that_does_not_start_is_the_monitors_error(monkeypatch):
    class Driver(SimulatedJoulescope):
        def __init__(self):
            raise TimeoutError("jsdrv_initialize timed out")

    module = ModuleType("pyjoulescope_driver")
    module.Driver = Driver
    monkeypatch.setitem(sys.modules, "pyjoulescope_driver", module)
    with pytest.raises(MonitorError, match="does not start: jsdrv_initialize timed out"):
        load_driver()


@pytest.mark.parametrize(
    ("paths", "serial", "said"),
    [
        ([], "", "no Joulescope; present: none.*A JS320 needs release 2"),
        (["u/js220/1", "u/js110/2"], "", "more than one Joulescope; present: u/js220/1"),
        (["u/js220/1"], "7", "no Joulescope 7; present: u/js220/1"),
        (["u/&js220/1"], "", "no Joulescope; present: u/&js220/1"),
    ],
)
def test_which_instrument_is_meant_must_be_clear(paths, serial, said):
    driver, _, clock = bench()
    driver.device_paths = lambda: paths
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


def test_a_rate_that_it_does_not_have_is_refused(tmp_path):
    driver, _, clock = bench("js320")
    with Joulescope.open("", clock, driver=driver) as monitor:
        monitor.set_supply(3.0)
        with pytest.raises(MonitorRefused, match="no sample rate of 500000 Hz"):
            monitor.start(TraceWriter(tmp_path / "t.bin", 500_000.0))


def test_an_instrument_that_sends_nothing_is_a_time_out(tmp_path):
    driver, _, clock = bench(silent=True)
    with Joulescope.open("", clock, driver=driver) as monitor:
        monitor.set_supply(3.0)
        monitor.start(TraceWriter(tmp_path / "t.bin", 1000.0))
        clock.pause(3.0)
        with pytest.raises(MonitorTimeout, match=r"nothing came for 3\.0 s"):
            monitor.service()


def test_a_driver_that_fails_is_the_monitors_error_and_the_rest_is_still_closed():
    driver, _, clock = bench()
    monitor = Joulescope.open("", clock, driver=driver)
    driver._faults = JoulescopeFaults(no_answer=frozenset(["s/i/range/mode"]))
    with pytest.raises(MonitorError, match="may still let the supply through"):
        monitor.close()
    assert not driver.opened
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
    assert not driver.supply.on
    assert driver.finalized
