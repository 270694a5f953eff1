"""The same simulated board through every monitor: the model's energy within 0.1 %."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from support.energy.described import described
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.alignment import LapStamp, align_laps
from tinyrunner.energy.drivers.lpm01a.driver import Lpm01a
from tinyrunner.energy.drivers.otii.driver import Otii
from tinyrunner.energy.drivers.ppk2.driver import Ppk2
from tinyrunner.energy.drivers.scpi_described.driver import ScpiInstrument
from tinyrunner.energy.drivers.stlinkv3pwr.driver import StlinkV3Pwr, StreamFormat
from tinyrunner.energy.simulated.joulescope import (
    SimulatedJoulescope,
    SimulatedJoulescopeMonitor,
)
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.energy.simulated.lpm01a import SimulatedLpm01a
from tinyrunner.energy.simulated.otii import SimulatedOtii
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState
from tinyrunner.energy.simulated.ppk2 import SimulatedPpk2
from tinyrunner.energy.simulated.scpi_described import SimulatedScpi
from tinyrunner.energy.simulated.stlinkv3pwr import SimulatedStlinkV3Pwr
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_window

SUPPLY_V = 3.0


def lpm01a(model, clock):
    link = SimulatedMonitorLink(SimulatedLpm01a(model, noise=0.02), clock, "sim")
    return Lpm01a.open(link, clock)


def ppk2(model, clock):
    return Ppk2.open(SimulatedMonitorLink(SimulatedPpk2(model), clock, "sim"), clock)


def js110(model, clock):
    driver = SimulatedJoulescope(model, clock, "js110")
    return SimulatedJoulescopeMonitor.open("", clock, driver=driver)


def js220(model, clock):
    driver = SimulatedJoulescope(model, clock, "js220")
    return SimulatedJoulescopeMonitor.open("", clock, driver=driver)


def js320(model, clock):
    driver = SimulatedJoulescope(model, clock, "js320")
    return SimulatedJoulescopeMonitor.open("", clock, driver=driver)


def stlinkv3pwr(model, clock, stream_format=StreamFormat.BINARY):
    link = SimulatedMonitorLink(SimulatedStlinkV3Pwr(model), clock, "sim")
    return StlinkV3Pwr.open(link, clock, stream_format=stream_format)


def stlinkv3pwr_ascii(model, clock):
    return stlinkv3pwr(model, clock, StreamFormat.ASCII)


@contextmanager
def otii(model, clock):
    with SimulatedOtii(model, clock) as server, Otii.open(clock, *server.bound) as monitor:
        yield monitor


def with_events(trace, edges_s, started_s):
    """The trace with the IO manager's edges, where the monitor has no input for them."""
    stamps_s = [edges_s[0] - 0.2, *edges_s]  # the first lap is no window's
    laps = [LapStamp(round(at_s * 1e6), at_s + 0.002) for at_s in stamps_s]
    return replace(trace, events_s=align_laps(trace, laps, started_s).events_s[1:])


def scpi(name):
    """An instrument described in YAML: a shipped one, or `lab` with the pin on a channel."""

    @contextmanager
    def opened(model, clock):
        said = described(name)
        simulated = SimulatedScpi(model, clock, said.instrument, current_noise_a=1e-6)
        with simulated, ScpiInstrument.open(said, simulated.address, clock) as monitor:
            yield monitor

    opened.__name__ = f"scpi-{name}"
    return opened


DESCRIBED = map(scpi, ("lab", "dmm7510", "smu2450", "ngm200"))
MONITORS = [lpm01a, ppk2, js110, js220, js320, stlinkv3pwr, stlinkv3pwr_ascii, otii, *DESCRIBED]


@pytest.mark.parametrize("infer_a", [0.035, 0.0047, 0.00061])
@pytest.mark.parametrize("opened", MONITORS, ids=lambda opened: opened.__name__)
def test_every_monitor_gives_the_energy_of_the_model_within_a_thousandth(opened, infer_a, tmp_path):
    model, clock = PowerModel(BoardCurrents(infer_a=infer_a, idle_a=infer_a / 3)), VirtualClock()

    def live(seconds):
        end_s = clock.now_s() + seconds
        step_s = min(0.1, monitor.capabilities.service_interval_s)
        while clock.now_s() < end_s:
            clock.pause(min(step_s, end_s - clock.now_s()))
            monitor.service()

    windows = []
    with opened(model, clock) as monitor:
        monitor.set_supply(SUPPLY_V)
        writer = TraceWriter(tmp_path / "trace.bin", monitor.capabilities.default_rate_hz)
        monitor.power(True)
        model.change(clock.now_s(), PowerState.IDLE)
        before_s = clock.now_s()
        monitor.start(writer)
        started_s = before_s, clock.now_s()
        live(0.5037)
        for duration_s in (2.0, 1.5003, 1.2):
            model.change(clock.now_s(), PowerState.INFER)
            model.edge(clock.now_s())
            start_s = clock.now_s()
            live(duration_s)
            model.edge(clock.now_s())
            model.change(clock.now_s(), PowerState.IDLE)
            windows.append((start_s, clock.now_s()))
            live(0.3)
        live(0.1)
        trace = monitor.stop()
    if not monitor.capabilities.event_input:
        trace = with_events(trace, model.edges_s, started_s)
    assert len(trace.events_s) == 6
    assert trace.gaps == ()
    seen = np.reshape(trace.events_s, (-1, 2))
    for (start_s, end_s), events_s in zip(windows, seen, strict=True):
        measured_j = measure_window(trace, 2, *events_s).energy_j
        true_j = float(np.diff(model.energy_j(np.array([start_s, end_s])))[0])
        assert measured_j == pytest.approx(true_j, rel=1e-3)
        assert events_s[1] - events_s[0] == pytest.approx(end_s - start_s, abs=1.01e-3)
