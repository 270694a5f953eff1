"""The N6705 driver, over real pyvisa-py, against the simulated instrument on a virtual clock."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.n6705.driver import N6705
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from tinyrunner.energy.monitor import SampleKind
from tinyrunner.energy.simulated.n6705 import SimulatedN6705
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.simulated.scpi import Fault
from tinyrunner.energy.trace import TraceWriter

TIMEOUT_S = 5.0
SHORT_S = 0.5
"""Where an answer is not going to come; long enough for a loaded machine's other answers."""


class Bench:
    """A virtual clock, a board, the instrument, and a trace file."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = VirtualClock()
        self.power = PowerModel()
        self.instruments = []

    def serve(self, **settings):
        self.instrument = SimulatedN6705(self.power, self.clock, **settings).start()
        self.instruments.append(self.instrument)
        return self.instrument

    def open(self, **options):
        options = {"timeout_s": TIMEOUT_S} | options
        return N6705.open(self.instrument.address, self.clock, **options)

    def writer(self, monitor):
        return TraceWriter(self.folder / "trace.bin", monitor.capabilities.default_rate_hz)

    def live(self, monitor, seconds, step_s=0.25):
        """The board works and idles while the monitor is served."""
        for step in range(round(seconds / step_s)):
            self.power.change(self.clock.now_s(), PowerState.IDLE if step % 2 else PowerState.INFER)
            self.clock.pause(step_s)
            monitor.service()

    def true_j(self, since_s, until_s):
        return float(np.diff(self.power.energy_j(np.array([since_s, until_s])))[0])


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    yield bench
    for instrument in bench.instruments:
        instrument.close()


def measure(bench, monitor, seconds=12.0):
    monitor.set_supply(1.8)
    monitor.power(True)
    with bench.writer(monitor) as writer:
        monitor.start(writer)
        bench.live(monitor, seconds)
        return monitor.stop()


def record(bench, inside, **options):
    """Power the board, record, and do ``inside`` meanwhile."""
    with bench.open(**options) as monitor:
        monitor.set_supply(1.8)
        monitor.power(True)
        with bench.writer(monitor) as writer:
            monitor.start(writer)
            inside(monitor, writer)


# ---- a whole measurement ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings",
    [{}, {"segment_bytes": 1000}, {"segment_bytes": 7, "current_noise_a": 0.0}],
    ids=["whole", "segments", "tiny segments"],
)
def test_a_measurement_gives_the_boards_energy(bench, settings):
    bench.serve(**settings)
    seconds = 3.0 if settings.get("segment_bytes") == 7 else 12.0
    bench.clock.pause(5.0)
    with bench.open() as monitor:
        trace = measure(bench, monitor, seconds)
        assert bench.instrument.supply_on
    assert not bench.instrument.supply_on
    assert trace.sample_rate_hz == 1.0 / 204.8e-6
    assert trace.gaps == ()
    assert trace.events_s == ()
    began_s = trace.provenance["start_s"]
    for from_s, to_s in ((0.0, trace.duration_s), (0.7, 2.9)):
        first, last = round(from_s / 204.8e-6), round(to_s / 204.8e-6)
        measured_j = float(np.sum(trace.samples_uj[first:last], dtype=float)) * 1e-6
        true_j = bench.true_j(began_s + first * 204.8e-6, began_s + last * 204.8e-6)
        assert measured_j == pytest.approx(true_j, rel=1e-4)
    assert len(trace.samples_uj) == int(seconds / 204.8e-6)


def test_provenance_says_what_measured_and_how(bench):
    bench.serve()
    with bench.open(current_limit_a=0.1, sample_period_s=0.001) as monitor:
        trace = measure(bench, monitor, 2.0)
    assert trace.provenance == {
        "monitor": "N6705C",
        "maker": "Keysight Technologies",
        "serial": "SIM0000001",
        "firmware": "E.02.09.3271",
        "module": "N6781A",
        "channel": 1,
        "supply_v": 1.8,
        "current_limit_a": 0.1,
        "over_voltage_protection_v": None,
        "sample_period_s": pytest.approx(49 * 20.48e-6),
        "start_s": 0.0,
        "start_uncertainty_s": 0.0,
        "samples_missing_by_host_clock": 0,
    }


def test_capabilities_are_the_instruments_own(bench):
    bench.serve()
    with bench.open() as monitor:
        capabilities = monitor.capabilities
        assert monitor.identify().serial == "SIM0000001"
    assert capabilities.supply_range_v == (0.0, 20.4)
    assert capabilities.max_current_a == 3.06
    assert capabilities.sample_kind is SampleKind.CURRENT_AND_VOLTAGE
    assert capabilities.powers_device
    assert not capabilities.event_input


def test_the_rounded_period_is_what_counts(bench):
    bench.serve()
    with bench.open(sample_period_s=0.01) as monitor:
        assert monitor.capabilities.default_rate_hz == pytest.approx(1.0 / (488 * 20.48e-6))
        trace = measure(bench, monitor, 10.0)
    assert len(trace.samples_uj) == int(10.0 / (488 * 20.48e-6))


def test_the_logging_of_every_channel_is_cleared_first(bench):
    bench.serve()
    with bench.open():
        channels = bench.instrument.channels
        assert [channel.logged.parameters for channel in channels] == [2, 0, 0, 0]


def test_an_instrument_that_goes_on_logging_other_channels_is_refused(bench, monkeypatch):
    instrument = bench.serve()
    run = instrument._grammar.run

    def stubborn(message):
        return run(message.replace("OFF,(@1,2,3,4)", "OFF,(@1)"))

    monkeypatch.setattr(instrument._grammar, "run", stubborn)
    with pytest.raises(MonitorRefused, match=r"logs VOLT on channels '1,1,1,1'"):
        bench.open()


def test_a_period_made_longer_than_asked_is_refused(bench, monkeypatch):
    instrument = bench.serve()
    monkeypatch.setattr(instrument._logger, "period_s", lambda channels, asked_s: 532.48e-6)
    with pytest.raises(MonitorRefused, match="logs more than the current and voltage"):
        bench.open()


def test_every_step_of_the_configuration_is_followed_by_the_error_queue(bench):
    bench.serve()
    with bench.open() as monitor:
        measure(bench, monitor, 1.0)
        received = list(bench.instrument.received)
    for command, next_one in pairwise(received):
        if "?" not in command and command != "*RST":
            assert next_one == "SYST:ERR?", command


def test_a_source_measure_unit_gets_its_limit_and_a_plain_module_its_current(bench):
    bench.serve(modules=("N6781A", "N6731B"))
    with bench.open() as monitor:
        monitor.set_supply(3.0)
    with bench.open(channel=2, seamless_ranging=False) as monitor:
        monitor.set_supply(3.3)
    received = bench.instrument.received
    assert {"EMUL PS2Q,(@1)", "FUNC VOLT,(@1)", "CURR:LIM 0.5,(@1)"} <= set(received)
    assert "CURR 0.5,(@2)" in received
    assert "EMUL PS2Q,(@2)" not in received


# ---- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("supply_v", "why"), [(-1.0, "outside"), (20.5, "outside"), (3.6, "max_voltage_v of 3.3 V")]
)
def test_a_voltage_out_of_bounds_is_refused_and_nothing_is_set(bench, supply_v, why):
    bench.serve()
    with bench.open(max_voltage_v=3.3) as monitor:
        with pytest.raises(MonitorRefused, match=re.escape(why)):
            monitor.set_supply(supply_v)
        assert bench.instrument.channels[0].set_v == 0.0
        assert monitor.set_supply(3.3) == 3.3
        with pytest.raises(MonitorRefused):
            monitor.set_supply(float("nan"))


@pytest.mark.parametrize(
    ("modules", "command"), [(("N6781A",), "VOLT:PROT:REM"), (("N6731B",), "VOLT:PROT")]
)
def test_the_instruments_own_protection_is_set_above_the_highest_voltage(bench, modules, command):
    # Keysight's N6700 reference guide, VOLTage:PROTection, says which module has which.
    instrument = bench.serve(modules=modules)
    with bench.open(max_voltage_v=3.3, seamless_ranging=False) as monitor:
        assert f"{command} 3.63,(@1)" in instrument.received
        assert instrument.channels[0].protect_v == pytest.approx(3.63)
        monitor.set_supply(3.3)
        monitor.power(True)  # the limit itself does not trip it
        assert instrument.supply_on
        monitor.power(False)
        trace = measure(bench, monitor, 1.0)
    assert trace.provenance["over_voltage_protection_v"] == pytest.approx(3.63)


def test_a_module_without_such_a_protection_is_used_and_the_provenance_says_so(bench):
    bench.serve()
    with bench.open(max_voltage_v=30.0) as monitor:  # the simulated module's is 22 V at most
        trace = measure(bench, monitor, 1.0)
    assert trace.provenance["over_voltage_protection_v"] is None


def test_power_needs_a_supply_that_was_set(bench):
    bench.serve()
    with bench.open() as monitor:
        with pytest.raises(MonitorRefused, match="is to be set before"):
            monitor.power(True)
        monitor.power(False)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"current_limit_a": 4.0}, "up to 3.06 A"),
        ({"current_limit_a": 0.0}, "above 0"),
        ({"sample_period_s": 1e-4}, "sample period"),
        ({"sample_period_s": 61.0}, "sample period"),
        ({"channel": 2}, "302"),  # seamless ranging, which this module lacks
    ],
)
def test_what_the_instrument_does_not_offer_is_refused_when_opening(bench, options, why):
    bench.serve()
    with pytest.raises(MonitorRefused, match=why):
        bench.open(**options)
    assert "OUTP OFF" in "".join(bench.instrument.received)


@pytest.mark.parametrize("channel", [-1, 0, 5])
def test_a_channel_that_is_not_there_is_refused_before_anything_is_reset(bench, channel):
    bench.serve()
    with pytest.raises(MonitorRefused, match=f"channels 1 to 4, not {channel}"):
        bench.open(channel=channel)
    assert "*RST" not in bench.instrument.received


def test_a_voltage_that_reads_back_otherwise_is_refused(bench, monkeypatch):
    instrument = bench.serve()
    with bench.open() as monitor:
        run = instrument._grammar.run
        monkeypatch.setattr(
            instrument._grammar, "run", lambda message: run(message.replace("VOLT 1.8", "VOLT 2"))
        )
        with pytest.raises(MonitorRefused, match=r"set the voltage to 2 instead of 1\.8"):
            monitor.set_supply(1.8)


def test_recording_asks_for_a_trace_of_its_own_rate_and_for_one_at_a_time(bench):
    bench.serve()
    with bench.open() as monitor:
        with pytest.raises(MonitorRefused, match="not recording"):
            monitor.stop()
        with (
            TraceWriter(bench.folder / "other.bin", 1000.0) as writer,
            pytest.raises(MonitorRefused, match="1000 Hz"),
        ):
            monitor.start(writer)
        with bench.writer(monitor) as writer:
            monitor.start(writer)
            with pytest.raises(MonitorRefused, match="recording already"):
                monitor.start(writer)


def test_another_instrument_is_refused_and_not_touched(bench, monkeypatch):
    bench.serve()
    monkeypatch.setattr(
        "tinyrunner.energy.simulated.n6705.IDENTITY", "Rigol Technologies,DP832,DP8,00.01"
    )
    with pytest.raises(MonitorRefused, match=r"DP832.*neither an N6705"):
        bench.open()
    assert bench.instrument.received == ["*IDN?"]


def test_an_error_queue_that_never_empties_is_refused(bench):
    bench.serve(fault=Fault.STUCK_ERRORS)
    with pytest.raises(MonitorRefused, match=r"System error.*does not empty"):
        bench.open()


def test_a_command_that_the_instrument_refuses_shows_every_entry(bench):
    bench.serve()
    with bench.open() as monitor:
        bench.instrument._errors.append((-310, "System error"))
        with pytest.raises(MonitorRefused, match=r'-310,"System error"; -222,"Data out of range"'):
            monitor._set_number("VOLT", 99.0, "the voltage")


@pytest.mark.parametrize(
    ("fault", "error", "why"),
    [(Fault.GARBAGE, MonitorError, "unreadable"), (Fault.SILENT, MonitorTimeout, "nothing for")],
)
def test_an_instrument_that_talks_nonsense_or_nothing_is_an_error(bench, fault, error, why):
    bench.serve(fault=fault)
    with pytest.raises(error, match=why):
        bench.open(timeout_s=0.1)


# ---- lost samples -------------------------------------------------------------------------------


def test_an_overflow_because_nobody_fetched_fails_and_leaves_the_supply_off(bench):
    bench.serve()

    def sleep_through(monitor, writer):
        bench.clock.pause(25.0)
        monitor.service()

    with pytest.raises(SamplesLost, match=r"left alone for 25\.0 s"):
        record(bench, sleep_through)
    assert not bench.instrument.supply_on
    assert bench.power.supply_v == 0.0


def test_samples_that_the_instrument_drops_fail_and_the_trace_is_kept(bench):
    bench.serve(fault=Fault.SMALL_FIFO, fault_at_s=3.1)
    with bench.open() as monitor:
        monitor.set_supply(1.8)
        monitor.power(True)
        with bench.writer(monitor) as writer:
            monitor.start(writer)
            with pytest.raises(SamplesLost, match="lost samples"):
                bench.live(monitor, 10.0)
            trace = writer.finish({})
    assert not bench.instrument.supply_on
    assert [gap.index for gap in trace.gaps] == [int(3.0 / 204.8e-6)]
    assert trace.gaps[0].lost == pytest.approx(0.5 / 204.8e-6, abs=2)


@pytest.mark.parametrize("records", [100, 200])
def test_a_loss_that_is_shorter_than_the_doubt_of_the_whole_is_seen_from_second_to_second(
    bench, records
):
    bench.serve()
    with bench.open() as monitor:
        monitor.set_supply(1.8)
        monitor.power(True)
        with bench.writer(monitor) as writer:
            monitor.start(writer)
            bench.live(monitor, 10.0)
            bench.instrument.channels[0].fetched += records
            bench.live(monitor, 10.0)
            with pytest.raises(SamplesLost, match=f"{records} more missing by the host's clock"):
                monitor.stop()
        trace = monitor.trace
    assert trace.lost_samples == records
    assert all(9.0 <= gap.index * 204.8e-6 <= 12.0 for gap in trace.gaps)


def test_more_samples_than_there_can_be_are_an_error(bench):
    bench.serve()
    with bench.open() as monitor, bench.writer(monitor) as writer:
        monitor.start(writer)
        bench.instrument.channels[0].started_s -= 5.0
        bench.clock.pause(1.0)
        with pytest.raises(SamplesLost, match="more samples than there can be"):
            monitor.service()


def test_a_long_wait_that_the_fifo_bears_loses_nothing(bench):
    bench.serve()
    with bench.open() as monitor, bench.writer(monitor) as writer:
        monitor.start(writer)
        bench.clock.pause(15.0)
        monitor.service()
        trace = monitor.stop()
    assert len(trace.samples_uj) == int(15.0 / 204.8e-6)


def test_service_fetches_once_a_second_however_often_it_is_called(bench):
    bench.serve()
    with bench.open() as monitor, bench.writer(monitor) as writer:
        monitor.service()
        monitor.start(writer)
        for _ in range(301):
            bench.clock.pause(0.01)
            monitor.service()
    assert sum("FETC" in command for command in bench.instrument.received) == 3


# ---- the supply on every path out ---------------------------------------------------------------


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MonitorError])
def test_whatever_happens_inside_the_supply_is_off_afterwards(bench, error):
    bench.serve()

    def fail(monitor, writer):
        assert bench.instrument.supply_on
        bench.live(monitor, 2.5)
        raise error

    with pytest.raises(error):
        record(bench, fail)
    assert not bench.instrument.supply_on
    assert not bench.instrument.channels[0].initiated
    assert "SYST:COMM:RLST LOC" in bench.instrument.received


def test_an_interrupt_between_a_question_and_its_answer_leaves_the_supply_off(bench):
    bench.serve()

    def interrupt(monitor, writer):
        bench.clock.pause(1.0)
        resource = monitor._link._resource
        read_bytes = resource.read_bytes

        def interrupted(*args, **kwargs):
            resource.read_bytes = read_bytes
            raise KeyboardInterrupt

        resource.read_bytes = interrupted
        monitor.service()

    with pytest.raises(KeyboardInterrupt):
        record(bench, interrupt)
    assert not bench.instrument.supply_on


def test_a_second_interrupt_while_switching_off_does_not_stop_it(bench, monkeypatch):
    bench.serve()
    monitor = bench.open()
    monitor.set_supply(1.8)
    monitor.power(True)
    write = monitor._link.write

    def interrupted(command):
        monkeypatch.setattr(monitor._link, "write", write)
        raise KeyboardInterrupt

    monkeypatch.setattr(monitor._link, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        monitor.close()
    assert not bench.instrument.supply_on


def test_a_link_cut_in_mid_window_fails_and_a_new_connection_switches_off(bench):
    bench.serve(fault=Fault.CUT, fault_at_s=4.0)
    with pytest.raises(MonitorError) as caught, bench.open(timeout_s=SHORT_S) as monitor:
        measure(bench, monitor)
    assert "COULD NOT" not in str(caught.value)
    assert "FETC:ELOG?" in str(caught.value)
    assert not bench.instrument.supply_on
    assert (bench.folder / "trace.bin").stat().st_size > 3 * 4 * 4882


def test_a_dead_link_says_that_the_supply_may_be_on_and_what_went_before(bench):
    bench.serve(fault=Fault.DEAD, fault_at_s=4.0)
    with (
        pytest.raises(MonitorError, match="COULD NOT BE SWITCHED OFF") as caught,
        bench.open(timeout_s=SHORT_S) as monitor,
    ):
        measure(bench, monitor)
    assert "FETC:ELOG?" in str(caught.value)
    assert isinstance(caught.value.__cause__, MonitorError)
    assert bench.instrument.supply_on


def test_a_dead_link_is_not_hidden_by_an_interrupt(bench):
    bench.serve(fault=Fault.DEAD, fault_at_s=1.0)

    def interrupt(monitor, writer):
        bench.clock.pause(2.0)
        raise KeyboardInterrupt

    with pytest.raises(MonitorError, match=r"COULD NOT BE SWITCHED OFF.*went before: interrupted"):
        record(bench, interrupt, timeout_s=SHORT_S)


def test_an_instrument_that_falls_silent_is_an_error_that_names_the_supply(bench):
    bench.serve(fault=Fault.SILENT, fault_at_s=2.0)
    with (
        pytest.raises(MonitorError, match="COULD NOT BE SWITCHED OFF"),
        bench.open(timeout_s=SHORT_S) as monitor,
    ):
        measure(bench, monitor)
    assert not bench.instrument.supply_on  # it heard the command, but nobody could know


def test_closing_twice_is_harmless(bench):
    bench.serve()
    monitor = bench.open()
    monitor.close()
    count = len(bench.instrument.received)
    monitor.close()
    assert len(bench.instrument.received) == count
