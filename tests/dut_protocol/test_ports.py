from __future__ import annotations

from dataclasses import dataclass

import pytest
from support.fake_model import FakeModel
from tinyrunner.dut_protocol import ports
from tinyrunner.dut_protocol.clock import VirtualClock
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.ports import find_dut, scan
from tinyrunner.dut_protocol.settings import LinkSettings
from tinyrunner.dut_protocol.simulated import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated_link import SimulatedLink

SETTINGS = LinkSettings()


@dataclass(order=True)
class Info:
    """What pyserial tells of a port."""

    device: str
    vid: int | None
    pid: int | None
    description: str = "a port"


class Deaf:
    """Takes everything, says nothing."""

    def __init__(self, address: str, clock: VirtualClock) -> None:
        self.address = address
        self._clock = clock

    def write(self, data: bytes) -> None:
        pass

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        self._clock.pause(timeout_s)
        return b""

    def close(self) -> None:
        pass


class Machine:
    """A computer with ports: some with a device at one baud rate, some busy, some deaf."""

    def __init__(self, monkeypatch) -> None:
        self.clock = VirtualClock()
        self.infos: list[Info] = []
        self.devices: dict[str, int] = {}
        self.busy: set[str] = set()
        self.opened: list[tuple[str, int]] = []
        monkeypatch.setattr(ports.list_ports, "comports", lambda: self.infos)
        monkeypatch.setattr(ports, "open_transport", self.open)
        monkeypatch.setattr(ports, "MonotonicClock", lambda: self.clock)

    def plug(self, device: str, vid: int | None, pid: int | None = 1, baud: int | None = None):
        self.infos.append(Info(device, vid, None if vid is None else pid))
        if baud is not None:
            self.devices[device] = baud

    def open(self, device: str, baud_rate: int):
        self.opened.append((device, baud_rate))
        if device in self.busy:
            raise LinkError(f"{device} is busy")
        if self.devices.get(device) != baud_rate:
            return Deaf(device, self.clock)
        firmware = SimulatedDut(FakeModel(), DeviceSettings(baud_rate=baud_rate))
        return SimulatedLink(firmware, self.clock, device)


@pytest.fixture
def machine(monkeypatch) -> Machine:
    return Machine(monkeypatch)


def test_nothing_unknown_is_opened_let_alone_written_to(machine: Machine):
    machine.plug("/dev/ttyS0", None)
    machine.plug("/dev/ttyUSB9", 0x1234)
    reports = scan(SETTINGS)
    assert machine.opened == []
    assert [report.usb_id for report in reports] == [None, "1234:0001"]
    assert all("--probe-all" in report.finding for report in reports)
    assert not any(report.known for report in reports)


def test_unknown_ports_are_asked_when_the_caller_says_so(machine: Machine):
    machine.plug("/dev/ttyUSB9", 0x1234, baud=115200)
    (report,) = scan(SETTINGS, probe_all=True)
    assert report.identity.model_id == "kws01"


def test_a_known_board_is_asked_its_name(machine: Machine):
    machine.plug("/dev/ttyACM0", 0x0483, 0x374B, baud=115200)
    (report,) = scan(SETTINGS)
    assert (report.device, report.usb_id, report.known) == ("/dev/ttyACM0", "0483:374b", True)
    assert report.baud_rate == 115200
    assert "tinyrunner-simulated" in report.finding
    assert "kws01" in report.finding


@pytest.mark.parametrize("baud", [921600, 9600])
def test_other_likely_baud_rates_are_tried(machine: Machine, baud: int):
    machine.plug("/dev/ttyACM0", 0x0483, baud=baud)
    assert scan(SETTINGS)[0].baud_rate == baud
    assert machine.opened[0] == ("/dev/ttyACM0", 115200)


def test_the_configured_baud_rate_is_tried_first_and_none_twice(machine: Machine):
    machine.plug("/dev/ttyACM0", 0x0483)
    (report,) = scan(LinkSettings(baud_rate=921600))
    assert [baud for _, baud in machine.opened] == [921600, 115200, 9600]
    assert report.identity is None
    assert report.finding.startswith("no DUT")


def test_a_busy_port_is_reported_as_such_and_the_others_are_asked(machine: Machine):
    machine.plug("/dev/ttyACM0", 0x0483)
    machine.plug("/dev/ttyACM1", 0x1366, baud=115200)
    machine.busy.add("/dev/ttyACM0")
    busy, found = scan(SETTINGS)
    assert "busy" in busy.finding
    assert found.identity is not None


def test_the_one_device_is_found(machine: Machine):
    machine.plug("/dev/ttyACM0", 0x0483)
    machine.plug("/dev/ttyACM1", 0x1366, baud=921600)
    assert find_dut(SETTINGS) == ("/dev/ttyACM1", 921600)


def test_two_devices_are_not_chosen_between(machine: Machine):
    machine.plug("/dev/ttyACM0", 0x0483, baud=115200)
    machine.plug("/dev/ttyACM1", 0x1366, baud=115200)
    with pytest.raises(LinkError, match=r"2 devices answer; name one with --dut") as caught:
        find_dut(SETTINGS)
    assert "/dev/ttyACM0" in str(caught.value)
    assert "/dev/ttyACM1" in str(caught.value)


def test_no_device_is_told_with_what_was_tried(machine: Machine):
    machine.plug("/dev/ttyS0", None)
    with pytest.raises(LinkError, match=r"no device under test found(.|\n)*/dev/ttyS0: no USB"):
        find_dut(SETTINGS)


def test_no_port_at_all_is_told(machine: Machine):
    with pytest.raises(LinkError, match="none"):
        find_dut(SETTINGS)
