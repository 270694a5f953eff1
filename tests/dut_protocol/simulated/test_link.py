from __future__ import annotations

import pytest
from support.devices.dialogue import Talk
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.link import SimulatedLink
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode


def link(**settings) -> tuple[SimulatedLink, VirtualClock, SimulatedDut]:
    clock = VirtualClock()
    device = SimulatedDut(FakeModel(), DeviceSettings(**settings))
    return SimulatedLink(device, clock, "sim:kws01"), clock, device


def test_reading_with_nothing_coming_moves_the_clock_to_the_time_out():
    wire, clock, _ = link()
    assert wire.read(100, 2.5) == b""
    assert clock.now_s() == 2.5


def test_reading_moves_the_clock_to_the_answer():
    wire, clock, _ = link(baud_rate=9600)
    wire.write(b"name%")
    assert wire.read(100, 3.0) == b"m-name-dut-[tinyrunner-simulated]\r\n"
    assert clock.now_s() == pytest.approx((5 + 35) * 10 / 9600)
    assert wire.read(100, 3.0) == b"m-ready\r\n"


def test_an_answer_that_comes_after_the_time_out_is_not_read_before():
    wire, clock, _ = link(baud_rate=300)
    wire.write(b"name%")
    assert wire.read(100, 0.1) == b""
    assert clock.now_s() == pytest.approx(0.1)
    assert wire.read(100, 10.0).startswith(b"m-name")


def test_all_that_is_there_is_read_at_once_and_never_more_than_asked_for():
    wire, clock, _ = link()
    wire.write(b"name%name%")
    clock.pause(1.0)
    data = wire.read(10, 1.0)
    assert len(data) == 10
    rest = wire.read(65536, 1.0)
    assert (data + rest).count(b"m-ready\r\n") == 2
    assert clock.now_s() == 1.0


def test_what_is_written_at_once_still_takes_its_time_on_the_wire():
    wire, clock, device = link(baud_rate=9600)
    wire.write(b"timestamp%")
    wire.write(b"timestamp%")
    assert clock.now_s() == 0.0  # writing does not wait
    starts = [when_s for when_s, data in device.outgoing if data.startswith(b"m-lap")]
    assert starts[1] >= 20 * 10 / 9600


def test_a_command_in_two_writes_arrives_when_its_last_byte_does():
    wire, _, device = link(baud_rate=300)
    wire.write(b"timest")
    wire.write(b"amp%")
    lap = device.outgoing[0][1].strip().removeprefix(b"m-lap-us-")
    assert int(lap) == pytest.approx(10 * 10 / 300 * 1e6, abs=2)


def test_a_host_finds_a_device_that_boots_and_its_mode():
    wire, clock, device = link(mode=TimestampMode.ENERGY)
    device.boot(0.0)
    identity = Talk.over(wire, clock).dut.identify()
    assert identity.boot_mode is TimestampMode.ENERGY
    assert (identity.vendor, identity.model_id) == ("tinyrunner-simulated", "kws01")


def test_closing_twice_is_harmless():
    wire, _, _ = link()
    wire.close()
    wire.close()
