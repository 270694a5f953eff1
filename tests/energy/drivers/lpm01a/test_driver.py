"""The LPM01A's driver: dialogues, refusals, faults of the stream, and leaving it safe."""

from __future__ import annotations

import importlib.util
import itertools
from contextlib import contextmanager

import numpy as np
import pytest
from support.devices.dialogue import ScriptedTransport
from support.devices.faults.faulty import FaultyTransport
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.link.clock import MonotonicClock, VirtualClock
from tinyrunner.energy.drivers.lpm01a.driver import BAUD_RATE, Lpm01a
from tinyrunner.energy.drivers.serial_monitor import open_link
from tinyrunner.energy.errors import (
    MonitorError,
    MonitorRefused,
    MonitorTimeout,
    SamplesLost,
    SupplyMayBeOn,
)
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.energy.simulated.lpm01a import Lpm01aFaults, SimulatedLpm01a
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.trace import TraceWriter
from tinyrunner.energy.windows import measure_windows
from tinyrunner.runner.bench.simulated.monitors import served_monitor

needs_pty = pytest.mark.skipif(
    importlib.util.find_spec("termios") is None, reason="this platform has no pseudo-terminals"
)


TALK = dialogues("lpm01a")
OPENING, CLOSING = TALK["the opening"].pairs, TALK["the end"].pairs


@contextmanager
def script(pairs, **settings):
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs, **settings)
    yield transport, clock
    transport.finish()
    assert transport.closed


@contextmanager
def simulated(faults=None, **settings):
    model, clock = PowerModel(), VirtualClock()
    board = SimulatedLpm01a(model, faults=faults)
    yield board, model, clock, SimulatedMonitorLink(board, clock, "sim")
    if not settings.get("stays_on"):
        assert not board.supply.on
        assert not board.controlled


def record(monitor, model, clock, tmp_path, seconds=5.0, rate_hz=1000.0):
    """A recording with one window in the middle; the trace."""
    writer = TraceWriter(tmp_path / "trace.bin", rate_hz)
    monitor.set_supply(3.0)
    monitor.power(True)
    monitor.start(writer)
    clock.pause(0.5)
    model.change(clock.now_s(), PowerState.INFER)
    model.edge(clock.now_s())
    for _ in range(round(seconds * 10)):
        clock.pause(0.1)
        monitor.service()
    model.edge(clock.now_s())
    model.change(clock.now_s(), PowerState.IDLE)
    clock.pause(0.5)
    return monitor.stop()


# ---- dialogues ----


def test_it_can_be_read_byte_by_byte(tmp_path):
    with simulated() as (_, model, clock, link):
        slow = FaultyTransport(link, byte_at_a_time=True)
        with Lpm01a.open(slow, clock) as monitor:
            trace = record(monitor, model, clock, tmp_path, 1.0, 100.0)
        assert len(trace.events_s) == 2


@pytest.mark.parametrize("volts", [1.79, 3.31, float("nan"), -1.8, 1.8004])
def test_a_voltage_it_cannot_supply_is_refused_before_anything_is_sent(volts):
    with (
        script([*OPENING, *CLOSING]) as (transport, clock),
        Lpm01a.open(transport, clock) as monitor,
        pytest.raises(MonitorRefused),
    ):
        monitor.set_supply(volts)


def test_a_voltage_above_the_configured_one_is_refused():
    with (
        script([*OPENING, *CLOSING]) as (transport, clock),
        Lpm01a.open(transport, clock, max_voltage_v=1.9) as monitor,
        pytest.raises(MonitorRefused, match=r"max_voltage_v of 1\.9 V"),
    ):
        monitor.set_supply(2.0)


def test_the_supply_is_set_before_it_is_switched_on():
    with (
        simulated() as (_, _, clock, link),
        Lpm01a.open(link, clock) as monitor,
        pytest.raises(MonitorRefused, match="set the supply"),
    ):
        monitor.power(True)


def test_a_rate_it_does_not_have_is_refused(tmp_path):
    with (
        simulated() as (_, _, clock, link),
        Lpm01a.open(link, clock) as monitor,
        pytest.raises(MonitorRefused, match="no sample rate of 10000 Hz"),
    ):
        monitor.start(TraceWriter(tmp_path / "t.bin", 10000.0))


@pytest.mark.parametrize("command", ["htc", "acqtime", "eventsrc", "output", "freq"])
def test_a_refused_command_ends_the_opening_with_its_detail(command):
    faults = Lpm01aFaults(refuse={command: "not today"})
    with (
        simulated(faults) as (_, _, clock, link),
        pytest.raises(MonitorRefused, match=f"{command}.*not today"),
    ):
        Lpm01a.open(link, clock)


@pytest.mark.parametrize("command", ["volt", "pwr", "start"])
def test_a_refused_step_says_why(command, tmp_path):
    with simulated(stays_on=command == "pwr") as (board, model, clock, link):
        monitor = Lpm01a.open(link, clock)
        board._faults = Lpm01aFaults(refuse={command: "not today"})
        with pytest.raises(MonitorError, match=f"{command}.*not today"), monitor:
            record(monitor, model, clock, tmp_path)


def test_old_firmware_is_refused_with_the_way_to_update_it():
    with (
        simulated(Lpm01aFaults(firmware="1.0.3")) as (_, _, clock, link),
        pytest.raises(MonitorRefused, match=r"firmware 1\.0\.3, 1\.0\.6 or later.*update it"),
    ):
        Lpm01a.open(link, clock)


@pytest.mark.parametrize("faults", [Lpm01aFaults(silent=True), Lpm01aFaults(garbage=True)])
def test_a_board_that_says_nothing_or_rubbish_is_a_time_out(faults):
    with (
        simulated(faults) as (_, _, clock, link),
        pytest.raises(MonitorTimeout, match="htc: no answer in 5 s; heard"),
    ):
        Lpm01a.open(link, clock)


def test_a_board_that_was_left_streaming_is_stopped_first(tmp_path):
    with simulated() as (_, model, clock, link):
        killed = Lpm01a.open(link, clock)
        killed.set_supply(3.0)
        killed.power(True)
        killed.start(TraceWriter(tmp_path / "a.bin", 1000.0))
        clock.pause(2.0)
        with Lpm01a.open(link, clock) as monitor:
            assert len(record(monitor, model, clock, tmp_path).events_s) == 2


def test_a_dead_link_is_the_monitors_error():
    class Dead:
        address = "/dev/dead"

        def write(self, data):
            raise LinkError("unplugged")

        read = write

        def close(self):
            pass

    with pytest.raises(MonitorError, match="the LPM01A on /dev/dead: unplugged"):
        Lpm01a.open(Dead(), VirtualClock())


def test_the_power_can_be_switched_while_it_records(tmp_path):
    with simulated() as (board, _, clock, link), Lpm01a.open(link, clock) as monitor:
        monitor.set_supply(3.0)
        monitor.start(TraceWriter(tmp_path / "trace.bin", 1000.0))
        for on in (True, False, True, False):
            clock.pause(1.0)
            monitor.power(on)
            assert board.supply.on is on
        clock.pause(1.0)
        trace = monitor.stop()
    assert trace.gaps == ()
    assert trace.duration_s == pytest.approx(5.0, abs=0.02)
    assert trace.samples_uj.sum(dtype=np.float64) == pytest.approx(2 * 60e3, rel=2e-3)


# ---- the stream's faults ----


def test_what_the_board_gets_wrong_costs_what_it_costs(tmp_path):
    faults = Lpm01aFaults(
        nuls=True, full_buffer=True, polarity="fal", clock_offset_s=998.0, firmware="1.1.0"
    )
    with simulated(faults) as (_, model, clock, link), Lpm01a.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path)
    assert trace.gaps == ()
    assert trace.provenance["buffer_max_percent"] == 100
    assert trace.provenance["buffer_above_90_percent"] == 7
    assert trace.provenance["timestamps"] == 7
    first, last = (round(event * 1000) for event in trace.events_s)
    assert trace.samples_uj[first:last].sum(dtype=np.float64) == pytest.approx(525e3, rel=1e-3)


def test_a_broken_neighbour_of_every_timestamp_is_counted_and_bearable(tmp_path):
    faults = Lpm01aFaults(broken_neighbours=True)
    with simulated(faults) as (_, model, clock, link), Lpm01a.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 4.9)
    assert [gap.lost for gap in trace.gaps] == [1] * 5
    assert trace.provenance["samples_broken_lines"] == 5
    assert trace.provenance["samples_missing_by_timestamps"] == 0


@pytest.mark.parametrize("rate_hz", [1000.0, 5000.0])
@pytest.mark.parametrize("share", [0.02, 0.1])
def test_samples_that_never_came_are_missed_by_the_hosts_clock_where_no_timestamp_tells(
    rate_hz, share, tmp_path
):
    lost = round(share * 5 * rate_hz)
    faults = Lpm01aFaults(
        timestamps=False, lost=frozenset(range(round(2 * rate_hz), round(2 * rate_hz) + lost))
    )
    with simulated(faults) as (_, model, clock, link), Lpm01a.open(link, clock) as monitor:
        with pytest.raises(SamplesLost, match=f"{lost} more missing by the host's clock"):
            record(monitor, model, clock, tmp_path, rate_hz=rate_hz)
        trace = monitor.trace
    assert trace.provenance["samples_missing_by_timestamps"] == 0
    assert trace.lost_samples == lost
    (window,) = measure_windows(trace, [trace.events_s])
    assert "samples are missing inside it" in window.invalid


def test_timestamps_that_stand_still_are_an_error_and_hide_no_loss(tmp_path):
    faults = Lpm01aFaults(timestamps_stand=True)
    with (
        simulated(faults) as (_, model, clock, link),
        Lpm01a.open(link, clock) as monitor,
        pytest.raises(MonitorError, match="more than its TimeStamps allow"),
    ):
        record(monitor, model, clock, tmp_path)
    (tmp_path / "lossy").mkdir()
    faults = Lpm01aFaults(timestamps_stand=True, lost=frozenset(range(2000, 2100)))
    with (
        simulated(faults) as (_, model, clock, link),
        Lpm01a.open(link, clock) as monitor,
        pytest.raises(SamplesLost, match="100 more missing by the host's clock"),
    ):
        record(monitor, model, clock, tmp_path / "lossy")


def test_samples_that_never_came_are_found_by_the_timestamps(tmp_path):
    faults = Lpm01aFaults(lost=frozenset(range(2300, 2306)))
    with simulated(faults) as (_, model, clock, link), Lpm01a.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 9.0)
    # between the TimeStamps at 2000 and 3000: half of them noted at either end
    assert [(gap.index, gap.lost) for gap in trace.gaps] == [(2000, 3), (2994, 3)]


def test_more_than_a_thousandth_lost_is_an_error_that_keeps_the_trace(tmp_path):
    faults = Lpm01aFaults(lost=frozenset(range(2300, 2320)))
    with simulated(faults) as (_, model, clock, link), Lpm01a.open(link, clock) as monitor:
        with pytest.raises(SamplesLost, match=r"20 of 6000 samples.*monitor's own clock"):
            record(monitor, model, clock, tmp_path)
        assert monitor.trace.lost_samples == 20


def test_a_stream_that_falls_silent_is_a_time_out(tmp_path):
    faults = Lpm01aFaults(stops_after=1500)
    with (
        simulated(faults) as (_, model, clock, link),
        Lpm01a.open(link, clock) as monitor,
        pytest.raises(MonitorTimeout, match="nothing came for 3"),
    ):
        record(monitor, model, clock, tmp_path, 20.0)


# ---- leaving it safe ----


def test_ctrl_c_leaves_the_supply_off_and_control_released_wherever_it_comes(tmp_path):
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
        with simulated() as (_, model, clock, link):
            try:
                with Lpm01a.open(Interrupting(link, at), clock) as monitor:
                    record(monitor, model, clock, folder, 0.3)
            except KeyboardInterrupt:
                continue
        break
    assert at > 40


def test_closing_twice_is_harmless():
    with simulated() as (_, _, clock, link):
        monitor = Lpm01a.open(link, clock)
        monitor.close()
        monitor.close()


def test_a_supply_that_may_still_be_on_is_told():
    with simulated(stays_on=True) as (board, _, clock, link):
        monitor = Lpm01a.open(link, clock)
        monitor.set_supply(3.0)
        monitor.power(True)
        board._faults = Lpm01aFaults(silent=True)
        with pytest.raises(MonitorError, match=r"may still supply the device.*unplug"):
            monitor.close()


def test_a_link_that_died_is_told_once_and_what_went_before_in_words():
    class Dies:
        address, dead = "sim", False

        def __init__(self, inner):
            self._inner = inner

        def write(self, data):
            self._fail()
            self._inner.write(data)

        def read(self, max_bytes, timeout_s):
            self._fail()
            return self._inner.read(max_bytes, timeout_s)

        def close(self):
            self._inner.close()

        def _fail(self):
            if self.dead:
                raise LinkError("sim: unplugged")

    def left_after(error=None):
        with simulated(stays_on=True) as (_, _, clock, link):
            wire = Dies(link)
            with Lpm01a.open(wire, clock) as monitor:
                monitor.set_supply(3.0)
                monitor.power(True)
                wire.dead = True
                if error:
                    raise error
                monitor.power(False)

    with pytest.raises(SupplyMayBeOn) as told:
        left_after()
    assert str(told.value).count("unplugged") == 1
    assert "Error(" not in str(told.value)
    with pytest.raises(SupplyMayBeOn, match=r"what went before: no file is left\)"):
        left_after(OSError("no file is left"))


def test_switching_the_power_is_told_to_the_simulated_device():
    switched = []
    model, clock = PowerModel(), VirtualClock()
    board = SimulatedLpm01a(model, lambda on, at_s: switched.append((on, at_s)))
    with Lpm01a.open(SimulatedMonitorLink(board, clock, "sim"), clock) as monitor:
        monitor.set_supply(2.5)
        monitor.power(True)
        on_s = clock.now_s()
        clock.pause(0.1)
    assert [on for on, _ in switched] == [True, False]
    assert switched[0][1] == pytest.approx(on_s, abs=0.01)
    assert model.at(on_s)[1] == 2.5


# ---- real time ----


@pytest.mark.parametrize("kind", [pytest.param("pty", marks=needs_pty), "tcp"])
def test_it_works_through_a_real_port(kind, tmp_path):
    model, clock = PowerModel(), MonotonicClock()
    board = SimulatedLpm01a(model)
    with served_monitor(board, clock, tcp=None if kind == "pty" else ("127.0.0.1", 0)) as address:
        with Lpm01a.open(open_link(address, BAUD_RATE), clock) as monitor:
            trace = record(monitor, model, clock, tmp_path, 0.5)
        assert not board.supply.on
        assert not board.controlled
    assert len(trace.events_s) == 2
    first, last = (round(event * 1000) for event in trace.events_s)
    measured_j = trace.samples_uj[first:last].sum(dtype=np.float64) * 1e-6
    assert measured_j == pytest.approx(0.105 * (last - first) / 1000, rel=5e-3)


def test_a_port_that_does_not_exist_is_the_monitors_error():
    with pytest.raises(MonitorError, match="there is no port /dev/nothing-here"):
        open_link("/dev/nothing-here", BAUD_RATE)
