"""The STLINK-V3PWR's driver: the transcript, refusals, faults of the stream, leaving it safe."""

from __future__ import annotations

import contextlib
import itertools
from contextlib import contextmanager

import numpy as np
import pytest
from support.devices.dialogue import CUTS, ScriptedTransport
from support.devices.faults.faulty import FaultyTransport
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.stlinkv3pwr.driver import StlinkV3Pwr, StreamFormat
from tinyrunner.energy.errors import MonitorError, MonitorRefused, MonitorTimeout, SamplesLost
from tinyrunner.energy.simulated.link import SimulatedMonitorLink
from tinyrunner.energy.simulated.power_model import BoardCurrents, PowerModel, PowerState
from tinyrunner.energy.simulated.stlinkv3pwr import SimulatedStlinkV3Pwr, StlinkV3PwrFaults
from tinyrunner.energy.trace import TraceWriter

TOLD = dialogues("stlinkv3pwr")
OPENING = [
    pair
    for name in (
        "who it is",
        "it becomes a power monitor",
        "binary samples without an end",
        "what is the default",
    )
    for pair in TOLD[name].pairs
]
OFF = (b"pwr off\r\n", b"ack pwr off\r\n\r\n")


@contextmanager
def script(pairs, **settings):
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs, **settings)
    yield transport, clock
    transport.forget()  # the empty line behind its last answer
    transport.finish()
    assert transport.closed


@contextmanager
def simulated(faults=None, infer_a=0.035):
    model, clock = PowerModel(BoardCurrents(infer_a=infer_a)), VirtualClock()
    instrument = SimulatedStlinkV3Pwr(model, faults=faults)
    yield instrument, model, clock, SimulatedMonitorLink(instrument, clock, "sim")
    assert not instrument.supply.on


def record(monitor, model, clock, tmp_path, seconds=1.0, rate_hz=None, every_s=0.05):
    """A recording of a board that infers from its beginning on; the trace."""
    monitor.set_supply(3.0)
    monitor.power(True)
    model.change(clock.now_s(), PowerState.INFER)
    rate_hz = rate_hz or monitor.capabilities.default_rate_hz
    monitor.start(TraceWriter(tmp_path / "trace.bin", rate_hz))
    for _ in range(round(seconds / every_s)):
        clock.pause(every_s)
        monitor.service()
    return monitor.stop()


# ---- the transcript ----


@pytest.mark.parametrize("cut", CUTS)
def test_a_whole_session_is_the_transcript(cut, tmp_path):
    samples = TOLD["three binary samples behind a TimeStamp"].pairs
    pairs = [*OPENING, *TOLD["the supply"].pairs, *samples, OFF]
    with (
        script(pairs, cut=CUTS[cut]) as (transport, clock),
        StlinkV3Pwr.open(transport, clock) as monitor,
    ):
        assert monitor.identify().serial == "003B00383432511939383236"
        assert monitor.identify().firmware == "FW 1.0.0"
        assert monitor.set_supply(3.0) == 3.0
        monitor.power(True)
        monitor.start(TraceWriter(tmp_path / "t.bin", 100_000.0))
        monitor.service()
        trace = monitor.stop()
    assert trace.samples_uj.tolist() == pytest.approx([640.9 * 3.0 / 100_000] * 3, rel=1e-4)
    assert trace.gaps == ()
    assert trace.provenance["timestamps"] == 1
    assert trace.provenance["end_was_told"] is True
    assert trace.provenance["settings_refused"] == []


def test_the_ascii_stream_is_the_transcripts(tmp_path):
    ascii_format, *rest = TOLD["ASCII samples"].pairs
    opening = [ascii_format if pair[0].startswith(b"format") else pair for pair in OPENING]
    pairs = [*opening, *TOLD["the supply"].pairs, *rest, OFF]
    with (
        script(pairs) as (transport, clock),
        StlinkV3Pwr.open(transport, clock, stream_format=StreamFormat.ASCII) as monitor,
    ):
        assert monitor.capabilities.default_rate_hz == 10_000
        monitor.set_supply(3.0)
        monitor.power(True)
        monitor.start(TraceWriter(tmp_path / "t.bin", 10_000.0))
        trace = monitor.stop()
    assert trace.samples_uj.tolist() == pytest.approx([640.9 * 3.0 / 10_000] * 3)
    assert trace.provenance["end_was_told"] is True


def test_a_refusal_is_told_in_the_instruments_words():
    pairs = [*OPENING, (b"volt 3000m\r\n", b"err volt unknown command or parameter\r\n\r\n"), OFF]
    with (
        script(pairs) as (transport, clock),
        pytest.raises(MonitorRefused, match="volt 3000m: err volt unknown command"),
        StlinkV3Pwr.open(transport, clock) as monitor,
    ):
        monitor.set_supply(3.0)


def test_the_other_name_of_the_binary_format_is_tried():
    at = [command for command, _ in OPENING].index(b"format bin_hexa\r\n")
    other = [
        (b"format bin_hexa\r\n", b"err format\r\n\r\n"),
        (b"format bin_hex\r\n", b"ack format bin_hex\r\n\r\n"),
    ]
    with script([*OPENING[:at], *other, *OPENING[at + 1 :], OFF]) as (transport, clock):
        StlinkV3Pwr.open(transport, clock).close()


def test_a_default_that_it_does_not_know_is_kept_in_the_provenance(tmp_path):
    faults = StlinkV3PwrFaults(refuse={"output": "unknown", "trigdelay": "unknown"})
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 0.2)
    assert [line.rpartition(": ")[2] for line in trace.provenance["settings_refused"]] == [
        "err output unknown",
        "err trigdelay unknown",
    ]


def test_a_late_answer_to_another_command_is_none():
    """`pwr off` is not answered by the `ack pwr on` of a command that was given up."""
    pairs = [*OPENING, (b"pwr off\r\n", b"ack pwr on\r\n\r\nack pwr off\r\n\r\n")]
    with script(pairs) as (transport, clock):
        StlinkV3Pwr.open(transport, clock).close()


# ---- what it measures ----


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_the_energy_is_the_boards_in_both_formats(stream_format, tmp_path):
    with (
        simulated() as (_, model, clock, link),
        StlinkV3Pwr.open(link, clock, stream_format=stream_format) as monitor,
    ):
        trace = record(monitor, model, clock, tmp_path, 2.0)
    assert trace.samples_uj.sum(dtype=float) * 1e-6 == pytest.approx(
        0.105 * trace.duration_s, rel=1e-4
    )
    assert trace.duration_s == pytest.approx(2.0, abs=0.01)
    assert trace.lost_samples == 0
    assert monitor.capabilities.event_input is False


def test_it_can_be_read_byte_by_byte(tmp_path):
    with simulated() as (_, model, clock, link):
        slow = FaultyTransport(link, byte_at_a_time=True)
        with StlinkV3Pwr.open(slow, clock) as monitor:
            trace = record(monitor, model, clock, tmp_path, 0.5, 1000.0)
    assert len(trace.samples_uj) == 500


# ---- lost samples ----


def test_samples_that_never_came_are_missed_by_its_time_stamps(tmp_path):
    faults = StlinkV3PwrFaults(lost=frozenset(range(50_000, 50_500)))
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        with pytest.raises(SamplesLost, match="500 missing by the monitor's own clock"):
            record(monitor, model, clock, tmp_path)
        gaps = monitor.trace.gaps
    assert sum(gap.lost for gap in gaps) == 500
    assert all(49_000 <= gap.index <= 52_000 for gap in gaps)


def test_without_time_stamps_the_hosts_clock_misses_them(tmp_path):
    faults = StlinkV3PwrFaults(lost=frozenset(range(300_000, 300_900)), timestamps=False)
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 10.0)
    assert trace.lost_samples == pytest.approx(900, rel=0.1)
    assert trace.provenance["samples_missing_by_host_clock"] == trace.lost_samples


def test_a_lost_byte_costs_the_recording_and_no_wrong_energy(tmp_path):
    faults = StlinkV3PwrFaults(lost_bytes=frozenset([50_300]))
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = None
        try:
            trace = record(monitor, model, clock, tmp_path)
        except SamplesLost:
            trace = monitor.trace
    assert trace.lost_samples >= 1
    whole = trace.samples_uj[np.r_[0:50_000, 52_000 : len(trace.samples_uj)]]
    assert whole.mean() == pytest.approx(0.105 / 100_000 * 1e6, rel=1e-3)


@pytest.mark.parametrize("unit_s", [1e-6, 0.01])
def test_time_stamps_of_another_unit_are_not_believed_and_accuse_nobody(unit_s, tmp_path):
    with (
        simulated(StlinkV3PwrFaults(timestamp_unit_s=unit_s)) as (_, model, clock, link),
        StlinkV3Pwr.open(link, clock) as monitor,
    ):
        trace = record(monitor, model, clock, tmp_path, 5.0)
    assert trace.gaps == ()
    assert trace.provenance["timestamps_not_believed"] > 400
    assert trace.provenance["samples_missing_by_timestamps"] == 0


def test_a_host_that_is_busy_for_a_second_does_not_lose_the_time_stamps(tmp_path):
    with simulated() as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 6.0, every_s=1.0)
    assert trace.gaps == ()
    assert trace.provenance["timestamps_not_believed"] < 600  # those that came late


def test_a_full_buffer_is_kept_in_the_provenance(tmp_path):
    faults = StlinkV3PwrFaults(full_buffer=True)
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 0.2)
    assert trace.provenance["buffer_max_percent"] == 100


# ---- what it says while it records ----


@pytest.mark.parametrize("stream_format", StreamFormat)
def test_over_current_is_told_with_the_reading(stream_format, tmp_path):
    said = r"cut the supply: .*highest reading of the last moments was 0.\d+ A, .*at most 0.5 A"
    with (
        simulated(infer_a=0.62) as (instrument, model, clock, link),
        StlinkV3Pwr.open(link, clock, stream_format=stream_format) as monitor,
    ):
        with pytest.raises(MonitorError, match=said):
            record(monitor, model, clock, tmp_path)
        assert not instrument.supply.on


@pytest.mark.parametrize(
    ("record_", "said"),
    [
        (b"\xf0\xf1too hot\r\n\xff\xff", "stopped measuring: error: too hot"),
        (b"\xf0\xf6\xff\xff", "stopped measuring: error: the target's supply is off"),
        (b"\xf0\xf4\xff\xff", "ended the acquisition without being asked"),
        (b"\xf0\xf7\x0b\x00\xff\xff", "its output has 2.816 V, it was set to 3 V"),
    ],
)
def test_what_ends_a_measurement_is_told_and_what_came_before_is_kept(record_, said, tmp_path):
    faults = StlinkV3PwrFaults(says={40_500: record_})
    with (
        simulated(faults) as (_, model, clock, link),
        StlinkV3Pwr.open(link, clock) as monitor,
        pytest.raises(MonitorError, match=said),
    ):
        record(monitor, model, clock, tmp_path)
    assert len(monitor.trace.samples_uj) >= 40_500
    assert said in monitor.trace.provenance["ended_by"]


def test_what_it_says_else_is_kept_in_the_provenance(tmp_path):
    faults = StlinkV3PwrFaults(
        says={100: b"\xf0\xf2range 3\r\n\xff\xff", 200: b"\xf0\xf7\x0b\xb6\xff\xff"}
    )
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 0.2)
    assert trace.provenance["said_while_recording"][:2] == ["range 3", "voltage 2998 mV"]
    assert trace.provenance["measured_mv"] == 2998


@pytest.mark.parametrize("millivolts", [0, 30, 65535])
def test_a_number_that_can_be_no_voltage_accuses_nobody(millivolts, tmp_path):
    record_ = b"\xf0\xf7" + millivolts.to_bytes(2, "big") + b"\xff\xff"
    faults = StlinkV3PwrFaults(says={100: record_})
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 0.2)
    assert trace.provenance["measured_mv"] == millivolts


def test_more_samples_than_there_can_be_are_told(tmp_path):
    with (
        simulated(StlinkV3PwrFaults(takes_no_freq=True)) as (_, model, clock, link),
        StlinkV3Pwr.open(link, clock) as monitor,
        pytest.raises(MonitorError, match="the sample rate is not the 50000 Hz that was set"),
    ):
        record(monitor, model, clock, tmp_path, 2.0, 50_000.0)


def test_silence_while_recording_is_told(tmp_path):
    faults = StlinkV3PwrFaults(stops_after=10_000)
    with (
        simulated(faults) as (_, model, clock, link),
        StlinkV3Pwr.open(link, clock) as monitor,
        pytest.raises(MonitorTimeout, match="nothing came for 3"),
    ):
        record(monitor, model, clock, tmp_path, 10.0)


def test_an_end_that_is_not_told_is_when_nothing_comes_any_more(tmp_path):
    faults = StlinkV3PwrFaults(end_is_told=False)
    with simulated(faults) as (_, model, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        trace = record(monitor, model, clock, tmp_path, 0.2)
    assert trace.provenance["end_was_told"] is False
    assert trace.samples_uj.max() == pytest.approx(1.05, rel=0.01)  # the text is no sample


# ---- what is refused ----


@pytest.mark.parametrize(
    ("volts", "limit_v", "said"),
    [
        (1.5, None, "outside what it can supply, 1.6 to 3.6 V"),
        (3.7, None, "outside what it can supply"),
        (3.3, 3.0, "max_voltage_v of 3 V; nothing was switched"),
        (3.3001, None, "whole millivolts"),
    ],
)
def test_a_voltage_that_is_not_allowed_is_refused(volts, limit_v, said):
    with simulated() as (_, _, clock, link):
        monitor = StlinkV3Pwr.open(link, clock, max_voltage_v=limit_v)
        with monitor, pytest.raises(MonitorRefused, match=said):
            monitor.set_supply(volts)


def test_steps_out_of_order_are_refused(tmp_path):
    with simulated() as (_, _, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        with pytest.raises(MonitorRefused, match="set the supply before switching"):
            monitor.power(True)
        with pytest.raises(MonitorRefused, match="set the supply before recording"):
            monitor.start(TraceWriter(tmp_path / "a.bin", 100_000.0))
        with pytest.raises(MonitorRefused, match="not recording"):
            monitor.stop()
        monitor.set_supply(3.0)
        with pytest.raises(MonitorRefused, match="no sample rate of 7 Hz"):
            monitor.start(TraceWriter(tmp_path / "b.bin", 7.0))
        monitor.start(TraceWriter(tmp_path / "c.bin", 100_000.0))
        for refused in (lambda: monitor.set_supply(3.1), lambda: monitor.power(False)):
            with pytest.raises(MonitorRefused, match="while recording"):
                refused()


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (StlinkV3PwrFaults(silent=True), "heard nothing; is it the port that is called PWR"),
        (StlinkV3PwrFaults(garbage=True), "powershield: no answer in 5 s; heard"),
        (StlinkV3PwrFaults(refuse={"power_monitor": "unknown"}), "power_monitor: err"),
    ],
)
def test_what_is_no_stlink_v3pwr_is_told(faults, said):
    with simulated(faults) as (_, _, clock, link), pytest.raises(MonitorError, match=said):
        StlinkV3Pwr.open(link, clock)


def test_one_that_was_left_streaming_is_stopped():
    faults = StlinkV3PwrFaults(streaming=True)
    with simulated(faults) as (_, _, clock, link), StlinkV3Pwr.open(link, clock) as monitor:
        assert monitor.identify().model == "STLINK-V3PWR"


# ---- leaving it safe ----


def test_an_interrupt_while_it_records_leaves_the_supply_off(tmp_path):
    with simulated() as (_, model, clock, link):

        def interrupted():
            with StlinkV3Pwr.open(link, clock) as monitor:
                monitor.service = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
                record(monitor, model, clock, tmp_path)

        with pytest.raises(KeyboardInterrupt):
            interrupted()


@pytest.mark.parametrize("moment", range(1, 9))
def test_a_second_interrupt_in_the_middle_of_switching_off_does_not_keep_it_on(moment):
    with simulated() as (_, _, clock, link):
        monitor = StlinkV3Pwr.open(link, clock)
        monitor.set_supply(3.0)
        monitor.power(True)
        moments = itertools.count(1)

        def interrupting(used):
            def use(*arguments):
                if next(moments) == moment:
                    raise KeyboardInterrupt
                result = used(*arguments)
                if next(moments) == moment:
                    raise KeyboardInterrupt
                return result

            return use

        link.read, link.write = interrupting(link.read), interrupting(link.write)
        with contextlib.suppress(KeyboardInterrupt):  # there are four moments, as a rule
            monitor.close()


def test_a_port_that_is_gone_is_told_with_what_to_do():
    with simulated() as (instrument, _, clock, link):
        monitor = StlinkV3Pwr.open(link, clock)
        monitor.set_supply(3.0)
        monitor.power(True)

        def gone(data):
            raise LinkError("the port is gone")

        link.write = gone
        with pytest.raises(MonitorError, match=r"may still supply the device: .*unplug it"):
            monitor.close()
        monitor.close()  # again is harmless
        instrument.supply.switch(False, clock.now_s())
