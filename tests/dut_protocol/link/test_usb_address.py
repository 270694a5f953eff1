"""A board is found by its USB serial number, whatever its port is called today."""

from __future__ import annotations

import pytest
from support.devices.fake_ports import Port
from tinyrunner.dut_protocol.errors import LinkError, PortAbsent
from tinyrunner.dut_protocol.link import usb_address
from tinyrunner.dut_protocol.link.transport import check_address
from tinyrunner.dut_protocol.link.usb_address import port_of


@pytest.fixture(autouse=True)
def plugged_in(monkeypatch):
    infos = [
        Port(device="/dev/ttyACM1", serial_number="PPK2"),
        Port(device="/dev/ttyACM0", serial_number="0670FF49"),
        Port(device="/dev/ttyACM2", serial_number="PPK2"),
        Port(device="/dev/ttyS0", serial_number=None),
    ]
    monkeypatch.setattr(usb_address.list_ports, "comports", lambda: infos)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("usb:0670FF49", "/dev/ttyACM0"),
        ("usb:0670ff49", "/dev/ttyACM0"),
        ("usb:0670FF49:0", "/dev/ttyACM0"),
        ("usb:PPK2:1", "/dev/ttyACM2"),
        ("/dev/ttyACM0", "/dev/ttyACM0"),
        ("socket://host:1", "socket://host:1"),
    ],
)
def test_a_serial_number_stands_for_its_port(address, port):
    assert port_of(address) == port


def test_what_is_not_plugged_in_is_told_with_what_is():
    with pytest.raises(PortAbsent, match="present: usb:0670ff49, usb:ppk2; is usb:0670ff49 meant"):
        check_address("usb:0670FF48")


@pytest.mark.parametrize("address", ["usb:PPK2", "usb:PPK2:2", "usb:PPK2:x"])
def test_of_several_ports_it_must_be_clear_which(address):
    with pytest.raises(LinkError, match=r"which of its ports.*usb:PPK2:1 is /dev/ttyACM2"):
        port_of(address)
