"""The PPK2's driver against what public sources say that a kit says."""

from __future__ import annotations

import pytest
from support.devices.dialogue import ScriptedTransport
from support.energy.transcripts import dialogues
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.energy.drivers.ppk2.driver import Ppk2
from tinyrunner.energy.drivers.ppk2.stream import parse_calibration
from tinyrunner.energy.errors import MonitorRefused
from tinyrunner.energy.trace import TraceWriter

SAID = dialogues("ppk2")
OPENED = SAID["a kit with a calibration is opened"].pairs
OFF = SAID["it is switched off"].pairs
CALIBRATED = OPENED[1][1]
UNCALIBRATED = SAID["a kit without a calibration says what it is"].pairs[0][1]


def test_a_session_sends_what_the_sources_send_and_reads_what_a_kit_answers(tmp_path):
    at_3_volts = CALIBRATED.replace(b"VDD: 3741", b"VDD: 3000")
    pairs = [
        *OPENED,
        *SAID["3 volts are set"].pairs,
        (b"\x19", at_3_volts),
        *SAID["the device is switched on"].pairs,
        *SAID["it streams, and is stopped"].pairs,
        *OFF,
        (b"\x19", at_3_volts),  # it supplied something, so it is to be heard that it is off
    ]
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs)
    with Ppk2.open(transport, clock) as monitor:
        monitor.set_supply(3.0)
        monitor.power(True)
        monitor.start(TraceWriter(tmp_path / "t.bin", 100_000.0))
        monitor.service()
        trace = monitor.stop()
    transport.finish()
    assert trace.provenance["supply_read_back"] is True
    assert trace.gaps == ()
    assert trace.events_s == (2e-5,)  # D0 is low at the third sample


def test_a_current_is_what_nordics_application_makes_of_it():
    # hdoordt/ppk2-rs, measurement.rs: "JS result", for ADC 4 * 27 in range 0 at 3.741 V
    amperes = parse_calibration(CALIBRATED).amperes(3.741)
    assert amperes[0][27] * 1e6 == pytest.approx(0.021454880761611544, rel=1e-6)


def test_a_kit_without_a_calibration_is_refused_and_with_nordics_constants_it_is_not():
    pairs = [OPENED[0], (b"\x19", UNCALIBRATED), *OFF]
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs)
    with pytest.raises(MonitorRefused, match="--ppk2-default-calibration"):
        Ppk2.open(transport, clock)
    transport.finish()
    transport = ScriptedTransport(clock, [*pairs[:2], OPENED[2], *OFF])
    with Ppk2.open(transport, clock, default_calibration=True) as monitor:
        assert "Nordic's default calibration for R0" in monitor.identify().firmware
    transport.finish()
