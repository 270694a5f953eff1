"""The latency timer of USB adapters, on a made-up /sys and on ports that have none."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace

import pytest
from serial.tools import list_ports
from support.devices.dialogue import ScriptedTransport
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.link.latency import shorten_latency
from tinyrunner.dut_protocol.link.transport import open_transport


def timer(tmp_path, ms: str):
    file = tmp_path / "ttyUSB0" / "latency_timer"
    file.parent.mkdir()
    file.write_text(ms, encoding="ascii")
    return file


def shorten(devices, address: str = "/dev/ttyUSB0", platform: str = "linux") -> str | None:
    return shorten_latency(ScriptedTransport(VirtualClock(), []), address, devices, platform)


def test_a_timer_that_may_be_written_is_set_and_said(tmp_path):
    file = timer(tmp_path, "16\n")
    note = shorten(tmp_path)
    assert note is not None
    assert "from 16 ms to 1 ms" in note
    assert file.read_text(encoding="ascii") == "1\n"
    assert shorten(tmp_path) is None, "a second time there is nothing to say"


def test_a_port_is_found_by_its_lasting_name_too(tmp_path):
    timer(tmp_path, "16\n")
    link = tmp_path / "usb-FTDI_FT232R-if00-port0"
    link.symlink_to("/dev/ttyUSB0")
    assert "from 16 ms to 1 ms" in (shorten(tmp_path, str(link)) or "")


def test_a_timer_that_may_not_be_written_is_said_with_what_to_do(tmp_path, monkeypatch):
    file = timer(tmp_path, "16\n")

    def forbidden(path, *_, **__):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(type(file), "write_text", forbidden)
    note = shorten(tmp_path)
    assert note is not None
    assert "16 ms" in note
    assert f"echo 1 | sudo tee {file}" in note


@pytest.mark.parametrize("ms", ["1\n", "0\n", "", "soon\n"])
def test_nothing_is_said_of_a_timer_that_is_short_or_unreadable(tmp_path, ms: str):
    timer(tmp_path, ms)
    assert shorten(tmp_path) is None


@pytest.mark.parametrize("address", ["/dev/ttyACM0", "socket://localhost:5000", "loop://"])
def test_nothing_is_said_of_a_port_without_one(tmp_path, address: str):
    assert shorten(tmp_path, address) is None


@pytest.mark.parametrize(("platform", "says"), [("win32", "Device Manager"), ("darwin", "macOS")])
def test_elsewhere_an_ftdi_adapter_is_told_from_others(tmp_path, monkeypatch, platform, says):
    ports = [SimpleNamespace(device="COM5", vid=0x0403), SimpleNamespace(device="COM6", vid=0x0483)]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    assert says in (shorten(tmp_path, "COM5", platform) or "")
    assert shorten(tmp_path, "COM6", platform) is None
    assert shorten(tmp_path, "COM7", platform) is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_driver_that_knows_no_low_latency_is_left_as_it_is():
    master, slave = os.openpty()
    try:
        with open_transport(os.ttyname(slave), 115200) as port:
            port.ask_for_low_latency()
            port.write(b"name%")
            assert os.read(master, 100) == b"name%"
    finally:
        os.close(master)
        os.close(slave)
