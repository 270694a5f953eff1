"""A described instrument over real pyvisa, against the simulation made from its description."""

from __future__ import annotations

import random
import re
from itertools import pairwise

import numpy as np
import pytest
from support.energy.described import described, opened
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers import visa_link
from tinyrunner.energy.drivers.scpi_described.driver import ScpiInstrument
from tinyrunner.energy.drivers.visa_link import VisaLink
from tinyrunner.energy.errors import MonitorError, MonitorRefused, SamplesLost, SupplyMayBeOn
from tinyrunner.energy.monitor import SampleKind
from tinyrunner.energy.simulated.power_model import PowerModel, PowerState
from tinyrunner.energy.simulated.scpi import Fault
from tinyrunner.energy.simulated.scpi_described import Flaws, SimulatedScpi
from tinyrunner.energy.trace import TraceWriter

SUPPLY_V = 3.0
SHIPPED = ["dmm7510", "smu2450", "ngm200"]
EVERY = pytest.mark.parametrize("name", [*SHIPPED, "lab"])
SUPPLIES = pytest.mark.parametrize("name", ["smu2450", "ngm200", "lab"])


class Bench:
    """A virtual clock, a board, and a trace file."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = VirtualClock()
        self.power = PowerModel()
        self.simulated = None
        self.prepare = lambda: None
        """What happens between power-up and the recording."""

    def opened(self, said, **settings):
        return opened(said, self.power, self.clock, **settings)

    def measure(self, said, seconds=3.0, steps_s=None, **settings):
        """Record a board that works and idles; the trace, with the supply off afterwards."""
        with self.opened(said, **settings) as (monitor, self.simulated):
            monitor.set_supply(SUPPLY_V)
            monitor.power(True)
            self.prepare()
            path = self.folder / "trace.bin"
            with TraceWriter(path, monitor.capabilities.default_rate_hz) as writer:
                monitor.start(writer)
                self.live(monitor, seconds, steps_s or monitor.capabilities.service_interval_s)
                return monitor.stop()

    def live(self, monitor, seconds, step_s):
        end_s = self.clock.now_s() + seconds
        while (left_s := end_s - self.clock.now_s()) > 1e-9:
            works = int(self.clock.now_s() * 2) % 2
            self.power.change(self.clock.now_s(), PowerState.INFER if works else PowerState.IDLE)
            self.clock.pause(min(step_s, left_s))
            monitor.service()

    def true_j(self, trace, first, last):
        began_s, period_s = trace.provenance["start_s"], 1.0 / trace.sample_rate_hz
        span_s = began_s + np.array([first, last]) * period_s
        return float(np.diff(self.power.energy_j(span_s))[0])

    @property
    def off(self):
        return not self.simulated.supply_on and self.power.supply_v == 0.0


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


# ---- a whole measurement -------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("segment_bytes", [None, 333])
def test_a_measurement_gives_the_boards_energy(name, segment_bytes, bench):
    bench.clock.pause(5.0)
    trace = bench.measure(described(name), segment_bytes=segment_bytes)
    count = len(trace.samples_uj)
    assert count == pytest.approx(3.0 * trace.sample_rate_hz, abs=1)
    assert trace.gaps == ()
    for first, last in ((0, count), (700, count - 300)):
        measured_j = trace.samples_uj[first:last].sum(dtype=float) * 1e-6
        assert measured_j == pytest.approx(bench.true_j(trace, first, last), rel=5e-4)
    if described(name).instrument.supply is not None:
        assert bench.off


def test_provenance_and_capabilities_are_the_descriptions_and_the_instruments(bench):
    trace = bench.measure(described("smu2450"), seconds=1.0, limit_a=0.05)
    assert trace.provenance == {
        "monitor": "2450",
        "maker": "KEITHLEY INSTRUMENTS",
        "serial": "SIM0001",
        "firmware": "SIM0001",
        "description": "smu2450.yaml",
        "description_sha256": "0" * 64,
        "supply": "the instrument's",
        "supply_v": 3.0,
        "supply_measured_v": None,
        "current_limit_a": 0.05,
        "sample_period_s": 0.002,
        "samples_lost": 0,
        "samples_missing_by_host_clock": 0,
        "start_s": 0.0,
        "start_uncertainty_s": 0.0,
    }
    with bench.opened(described("dmm7510")) as (monitor, _):
        can = monitor.capabilities
    assert (can.powers_device, can.event_input) == (False, False)
    assert (can.supply_range_v, can.max_current_a) == ((3.0, 3.0), 0.1)
    assert can.sample_kind is SampleKind.CURRENT
    with bench.opened(described("lab")) as (monitor, _):
        can = monitor.capabilities
    assert (can.powers_device, can.event_input) == (True, True)
    assert can.sample_kind is SampleKind.CURRENT_AND_VOLTAGE


@EVERY
def test_the_error_queue_is_asked_after_every_command(name, bench):
    bench.measure(described(name), seconds=0.6)
    record, received = described(name).instrument.record, bench.simulated.received
    stopped = received.index(record.stop[0], received.index(record.start[0]))
    for command, next_one in pairwise(received[: stopped + 2]):
        if "?" not in command:
            assert next_one == "SYST:ERR?", command


def test_edges_of_the_pin_are_taken_from_the_channel_that_is_on_it(bench):
    edges_s = [0.2503, 0.9, 1.7]
    bench.prepare = lambda: bench.power.edges_s.extend(edges_s)
    trace = bench.measure(described("lab"), seconds=2.0)
    began_s = trace.provenance["start_s"]
    assert len(trace.events_s) == 3
    for event_s, edge_s in zip(trace.events_s, edges_s, strict=True):
        assert 0 <= event_s + began_s - edge_s <= 0.001 + 1e-9


# ---- the set-up ----------------------------------------------------------------------------------


@EVERY
def test_a_set_up_command_that_is_refused_is_quoted_with_the_instruments_error(name, bench):
    said = described(name)
    command = said.instrument.setup[1]
    refuses = Flaws(refuses=(command, -222, "Data out of range"))
    expected = rf"refused {re.escape(repr(command))}: -222,\"Data out of range\""
    simulated = SimulatedScpi(bench.power, bench.clock, said.instrument, flaws=refuses)
    with simulated, pytest.raises(MonitorRefused, match=expected):
        ScpiInstrument.open(said, simulated.address, bench.clock)
    assert simulated.received[-1] == "SYST:ERR?"  # it was left as the description says
    if (supply := said.instrument.supply) is not None:
        assert supply.switch_off[-1] in simulated.received
        assert not simulated.supply_on


@EVERY
def test_another_instrument_is_told_nothing(name, bench):
    said = described(name)
    flaws = Flaws(idn="Rohde&Schwarz,HMP4040,1,1")
    simulated = SimulatedScpi(bench.power, bench.clock, said.instrument, flaws=flaws)
    with (
        simulated,
        pytest.raises(MonitorRefused, match="says it is 'Rohde&Schwarz,HMP4040") as error,
    ):
        ScpiInstrument.open(said, simulated.address, bench.clock)
    assert f"{name}.yaml describes" in str(error.value)
    assert simulated.received == ["*IDN?"]


@pytest.mark.parametrize(
    ("answer", "is_it"),
    [
        ("KEITHLEY INSTRUMENTS,MODEL 2450,04488850,1.7.3c", True),
        ("KEITHLEY INSTRUMENTS INC.,MODEL 2450,01234567,1.0.0i", True),
        ("keithley instruments, model 2450,01419966,1.6.4c", True),
        ("KEITHLEY INSTRUMENTS,MODEL 2450-EC,04488850,1.7.3c", False),
        ("KEITHLEY INSTRUMENTS,MODEL 2460,04488850,1.7.3c", False),
        ("", False),
    ],
)
def test_an_identity_is_compared_field_by_field(answer, is_it):
    assert described("smu2450").instrument.is_named(answer) is is_it


@EVERY
def test_a_period_that_reads_back_otherwise_is_refused(name, bench):
    with (
        pytest.raises(MonitorRefused, match=re.escape(described(name).instrument.period.ask)),
        bench.opened(described(name), flaws=Flaws(period_factor=1.02)),
    ):
        pass


def test_a_period_that_is_rounded_a_little_is_what_counts(bench):
    flaws = Flaws(period_factor=1.002)
    with bench.opened(described("lab"), flaws=flaws) as (monitor, _):
        assert monitor.capabilities.default_rate_hz == pytest.approx(1000 / 1.002)


# ---- the supply ----------------------------------------------------------------------------------


@SUPPLIES
@pytest.mark.parametrize(
    ("supply_v", "why"), [(9.0, "outside what"), (3.7, "max_voltage_v of 3.6")]
)
def test_a_voltage_out_of_bounds_is_refused_and_nothing_is_set(name, supply_v, why, bench):
    with bench.opened(described(name), max_voltage_v=3.6) as (monitor, simulated):
        with pytest.raises(MonitorRefused, match=why):
            monitor.set_supply(supply_v)
        with pytest.raises(MonitorRefused, match="is to be set before"):
            monitor.power(True)
        with pytest.raises(MonitorRefused):
            monitor.set_supply(float("nan"))
        verb = described(name).instrument.supply.set_v.split()[0]
        assert not [one for one in simulated.received if one.startswith(f"{verb} ")]
        assert not simulated.supply_on


@pytest.mark.parametrize("limit_a", [0.0, 1.5])
def test_a_current_limit_that_is_not_offered_is_refused(limit_a, bench):
    with (
        pytest.raises(MonitorRefused, match="above 0, up to 1 A"),
        bench.opened(described("lab"), limit_a=limit_a),
    ):
        pass


def test_a_supply_whose_voltage_reads_back_otherwise_is_switched_off_at_once(bench):
    said = described("lab", supply={"ask_v": "CURR?", "limit_a": 1.0})
    with bench.opened(said) as (monitor, simulated):
        monitor.set_supply(1.0)
        monitor.power(True)
        with pytest.raises(MonitorRefused, match=r"set the voltage to 1 instead of 3; .* off now"):
            monitor.set_supply(3.0)
        assert not simulated.supply_on


def test_the_limits_are_set_before_the_voltage(bench):
    with bench.opened(described("ngm200"), max_voltage_v=3.6) as (monitor, simulated):
        monitor.set_supply(1.8)
        set_ = [one for one in simulated.received if one.startswith(("VOLT", "CURR"))]
    assert set_ == ["VOLT:PROT:LEV 3.96", "VOLT:PROT 1", "CURR 0.1", "CURR?", "VOLT 1.8", "VOLT?"]


def test_a_supply_from_outside_has_the_stated_voltage_or_none(bench):
    with bench.opened(described("dmm7510"), max_voltage_v=2.5) as (monitor, _):
        with pytest.raises(MonitorRefused, match=r"supplied from outside with 3 V \(external"):
            monitor.set_supply(1.8)
        with pytest.raises(MonitorRefused, match=r"max_voltage_v of 2\.5"):
            monitor.set_supply(3.0)


def test_a_supply_from_outside_is_never_switched(bench):
    with bench.opened(described("dmm7510")) as (monitor, simulated):
        assert bench.power.supply_v == 3.0
        monitor.set_supply(3.0)
        monitor.power(True)
        monitor.power(False)
        assert "OUTP" not in "".join(simulated.received)
    assert bench.power.supply_v == 3.0


@pytest.mark.parametrize(("measured_v", "taken"), [(3.1, True), (3.3, False), (2.7, False)])
def test_a_supply_from_outside_is_compared_with_what_is_measured(measured_v, taken, bench):
    said = described("dmm7510", fetch={"fields": ["current_a", "voltage_v"]})
    flaws = Flaws(own_voltage_v=measured_v)
    if taken:
        trace = bench.measure(said, seconds=1.0, flaws=flaws)
        assert trace.provenance["supply_measured_v"] == pytest.approx(measured_v, abs=1e-3)
        return
    why = rf"measures {measured_v}\d* V, where dmm7510\.yaml states 3 V"
    with pytest.raises(MonitorRefused, match=why):
        bench.measure(said, flaws=flaws)


def test_a_current_limit_is_refused_where_nothing_is_supplied(bench):
    with (
        pytest.raises(MonitorRefused, match=r"current limit of 0\.05 A .* offers: none"),
        bench.opened(described("dmm7510"), limit_a=0.05),
    ):
        pass


# ---- losses --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["dmm7510", "smu2450"])
def test_readings_that_were_not_made_are_told_by_their_times(name, bench):
    """A timer's ticks that found the instrument busy: their numbers go on, their times do not."""
    said = described(name)
    period_s = said.instrument.period.seconds
    flaws = Flaws(misses=[range(700, 704)])
    with pytest.raises(SamplesLost, match="4 by the samples' own times"):
        bench.measure(said, seconds=2000 * period_s, flaws=flaws)
    assert bench.off or name == "dmm7510"


def test_what_an_instrument_says_it_overwrote_is_an_error(bench):
    with pytest.raises(SamplesLost, match="says that samples were overwritten"):
        bench.measure(described("ngm200"), steps_s=0.06)  # each chunk can be taken for 20 ms only
    assert bench.off


def test_a_memory_that_was_left_alone_for_too_long_is_an_error(bench):
    with pytest.raises(SamplesLost, match=r"left alone for 5\.0 s and keeps 4 s.*asleep"):
        bench.measure(described("lab"), seconds=10.0, steps_s=5.0)
    assert bench.off


def test_a_memory_that_is_full_is_an_error(bench):
    said = described("dmm7510", fetch={"holds": 1500})
    with pytest.raises(SamplesLost, match=r"holds 1500 samples \(1\.5 s\) and is full"):
        bench.measure(said, fault=Fault.NONE)


@EVERY
def test_samples_fewer_than_the_time_that_went_by_are_an_error(name, bench):
    with pytest.raises(SamplesLost, match="samples came in"):
        bench.measure(described(name), seconds=4.0, flaws=Flaws(slow_by=1.2))


def test_samples_more_than_there_can_be_are_an_error(bench):
    said = described("lab", fetch={"fields": ["event", "voltage_mv", "current_ua"]})
    with pytest.raises(MonitorError, match="more samples than there can be"):
        bench.measure(said, seconds=4.0, flaws=Flaws(slow_by=0.5))


def test_a_short_loss_is_found_by_the_hosts_clock(bench):
    flaws = Flaws(misses=[range(5000, 5060)])
    with pytest.raises(SamplesLost, match="60 more missing by the host's clock"):
        bench.measure(described("lab"), seconds=12.0, flaws=flaws)
    assert bench.off


# ---- what else goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fault", "why"),
    [
        ("lab", Fault.GARBAGE, "something unreadable"),
        ("ngm200", Fault.GARBAGE, "something unreadable"),
        ("smu2450", Fault.CUT, "nothing for"),
        ("ngm200", Fault.CUT, "nothing for|expected a data block"),
        ("lab", Fault.STUCK_ERRORS, "does not empty"),
    ],
)
def test_a_failure_in_the_middle_leaves_the_supply_off(name, fault, why, bench, monkeypatch):
    monkeypatch.setattr(visa_link, "visa_resources", lambda _: ())
    with pytest.raises(MonitorError, match=why):
        bench.measure(described(name, timeout_s=0.3), fault=fault, fault_at_s=1.2)
    assert bench.off


@SUPPLIES
def test_an_interrupt_at_any_moment_leaves_the_supply_off(name, tmp_path, monkeypatch):
    """Before and after what is sent, so also with an answer asked for and not read."""
    moments = Moments(monkeypatch)

    def ends(moment):
        folder = tmp_path / f"{moment}"
        folder.mkdir()
        bench = Bench(folder)
        moments.left = moment
        try:
            bench.measure(described(name), seconds=0.6)
        except KeyboardInterrupt:
            return bench
        return None

    assert ends(10**9) is None
    chance = random.Random(name)
    for moment in chance.sample(range(4, 10**9 - moments.left), 6):
        bench = ends(moment)
        assert bench is not None, moment
        assert bench.power.supply_v == 0.0, moment
        assert bench.simulated is None or bench.off, moment


class Moments:
    """Interrupts around the uses of the link: ``left`` more pass."""

    def __init__(self, monkeypatch):
        self.left = 0
        for method in ("write", "ask"):
            monkeypatch.setattr(VisaLink, method, self._around(getattr(VisaLink, method)))

    def _around(self, used):
        def use(link, *words):
            self._pass()
            used(link, *words)
            self._pass()

        return use

    def _pass(self):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_silent_instrument_is_shouted_about(bench):
    with pytest.raises(SupplyMayBeOn, match=r"COULD NOT BE SWITCHED OFF.*nothing for 0\.3 s"):
        bench.measure(described("lab", timeout_s=0.3), fault=Fault.SILENT, fault_at_s=1.2)


def test_a_dead_instrument_with_a_supply_is_shouted_about(bench, monkeypatch):
    monkeypatch.setattr(visa_link, "visa_resources", lambda _: ())
    with pytest.raises(SupplyMayBeOn, match="COULD NOT BE SWITCHED OFF"):
        bench.measure(described("lab"), fault=Fault.DEAD, fault_at_s=1.2)


def test_a_dead_meter_is_not_said_to_power_anything(bench, monkeypatch):
    monkeypatch.setattr(visa_link, "visa_resources", lambda _: ())
    with pytest.raises(MonitorError, match="could not be left as it should be") as error:
        bench.measure(described("dmm7510", timeout_s=0.3), fault=Fault.DEAD, fault_at_s=1.2)
    assert not isinstance(error.value, SupplyMayBeOn)


def test_an_absent_visa_says_what_to_install(bench, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "pyvisa", None)
    with pytest.raises(MonitorError, match="pip install pyvisa pyvisa-py"):
        ScpiInstrument.open(described("lab"), "TCPIP0::127.0.0.1::1::SOCKET", bench.clock)


def test_starting_twice_and_stopping_what_does_not_record_are_refused(bench):
    with bench.opened(described("lab")) as (monitor, _):
        with pytest.raises(MonitorRefused, match="is not recording"):
            monitor.stop()
        with TraceWriter(bench.folder / "trace.bin", 1000.0) as writer:
            with pytest.raises(MonitorRefused, match="supply is to be set"):
                monitor.start(writer)
            monitor.set_supply(3.0)
            monitor.start(writer)
            with pytest.raises(MonitorRefused, match="recording already"):
                monitor.start(writer)
        with (
            TraceWriter(bench.folder / "other.bin", 500.0) as writer,
            pytest.raises(MonitorRefused),
        ):
            monitor.start(writer)
