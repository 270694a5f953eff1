"""`tinyrunner devices`: what each port is, and how to address it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from support.cli import tinyrunner
from support.devices.fake_ports import Computer, board
from support.devices.uart_rates import Talks
from tinyrunner.dut_protocol.discovery.ports import scan
from tinyrunner.dut_protocol.errors import PortBusy, PortForbidden
from tinyrunner.dut_protocol.link.port_users import PortUser
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.runner.bench import monitors
from tinyrunner.runner.bench.monitors import MonitorReport
from tinyrunner.runner.commands import options


@pytest.fixture
def computer(monkeypatch) -> Computer:
    monkeypatch.setattr(monitors, "find_monitors", list)
    return Computer(monkeypatch)


@pytest.mark.parametrize(
    ("vid", "pid", "what", "how"),
    [
        (0x0483, 0x5740, "LPM01A", "--monitor lpm01a:/dev/ttyACM1"),
        (0x1915, 0xC00A, "PPK2", "--monitor ppk2:/dev/ttyACM1"),
        (0x0483, 0x3757, "STLINK-V3PWR", "--monitor stlinkv3pwr:/dev/ttyACM1"),
        (0x2341, 0x0043, "IO manager", "--io /dev/ttyACM1"),
        (0x2341, 0x0001, "IO manager", "--io /dev/ttyACM1"),
        (0x2A03, 0x0043, "IO manager", "--io /dev/ttyACM1"),
        (0x2A03, 0x0243, "IO manager", "--io /dev/ttyACM1"),
    ],
)
def test_a_monitor_or_an_io_manager_is_explained_and_not_opened(
    computer: Computer, vid, pid, what, how
):
    computer.plug("/dev/ttyACM1", vid, pid)
    ran = tinyrunner("devices")
    assert ran.status == 0, ran
    assert what in ran.out
    assert how in ran.out
    assert computer.opened == []


@pytest.mark.parametrize(
    ("monitors_name", "boards_name"),
    [
        ("STLINK-V3PWR - ST-Link VCP-PWR Ctrl", "STLINK-V3PWR - ST-Link VCP Ctrl"),
        (
            "STMicroelectronics STLink Virtual COM Port PWR (COM28)",
            "STMicroelectronics STLink Virtual COM Port (COM27)",
        ),
    ],
)
def test_of_the_two_ports_of_an_stlink_v3pwr_the_boards_is_asked_and_the_monitors_is_not(
    computer: Computer, monitors_name, boards_name
):
    computer.plug("/dev/ttyACM0", 0x0483, 0x3757, at=board(), description=boards_name)
    computer.plug("/dev/ttyACM1", 0x0483, 0x3757, description=monitors_name)
    dut, monitor = scan(LinkSettings())
    assert dut.option == "--dut /dev/ttyACM0 --baud-rate 115200"
    assert monitor.option == "--monitor stlinkv3pwr:/dev/ttyACM1"
    assert {device for device, _ in computer.opened} == {"/dev/ttyACM0"}


def test_the_interface_board_shares_its_id_with_boards_so_it_is_asked(computer: Computer):
    computer.plug("/dev/ttyACM2", 0x0483, 0x374E, refuses=PortBusy("busy"))
    (report,) = scan(LinkSettings())
    assert computer.opened
    assert report.option == "--interface-board /dev/ttyACM2"
    assert "busy" in report.finding
    assert "MLCommons' interface board" in report.finding


def test_another_st_link_is_no_interface_board(computer: Computer):
    computer.plug("/dev/ttyACM2", 0x0483, 0x374B)
    assert scan(LinkSettings())[0].option is None


def test_instruments_that_are_no_serial_ports_are_listed_as_well(computer: Computer, monkeypatch):
    found = [
        MonitorReport("joulescope:002557", "Joulescope JS220: --monitor joulescope:002557"),
        MonitorReport(None, "searching for VISA instruments: not done in 5 s, given up"),
    ]
    monkeypatch.setattr(monitors, "find_monitors", lambda: found)
    ran = tinyrunner("devices")
    assert "no serial ports" in ran.out
    assert "--monitor joulescope:002557" in ran.out
    assert "given up" in ran.out


def test_two_identical_boards_are_told_apart_by_their_serial_numbers(computer: Computer):
    computer.plug("/dev/ttyACM0", 0x0483, 0x374B, "0670FF11", at=board())
    computer.plug("/dev/ttyACM1", 0x0483, 0x374B, "0670FF22", at=board())
    out = tinyrunner("devices").out
    assert "serial number 0670FF11" in out
    assert "serial number 0670FF22" in out


def test_what_a_device_says_is_shown_as_it_is(computer: Computer):
    computer.plug("/dev/ttyACM0", 0x0483, 0x374B, at=Talks(b"[bold]I (29) boot:[/] 5\r\n"))
    assert "'[bold]I (29) boot:[/] 5'" in tinyrunner("devices").out


def test_the_table_is_readable_at_80_columns(computer: Computer, monkeypatch):
    out = io.StringIO()
    monkeypatch.setattr(options, "result_console", lambda: Console(file=out, width=80))
    long = "/dev/cu.usbmodem0010502743391"
    computer.plug("/dev/ttyACM0", 0x0483, 0x374B, "0670FF485550755187", at=board(921600))
    computer.plug("/dev/ttyACM1", 0x2341, 0x0043)
    computer.plug(long, 0x1366, refuses=PortForbidden(f"no permission to open {long}: " + "x" * 99))
    computer.plug("/dev/ttyUSB0", 0x0403)
    computer.users["/dev/ttyUSB0"] = (PortUser("minicom", 4711),)
    assert tinyrunner("devices").status == 0
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    for device in ("/dev/ttyACM0", "/dev/ttyACM1", long, "/dev/ttyUSB0"):
        assert any(line.startswith(device + "  ") for line in lines)
    assert len(lines) < 35


def test_json_tells_the_same_to_a_script(computer: Computer, monkeypatch):
    found = MonitorReport("joulescope:1", "Joulescope JS220: --monitor joulescope:1")
    monkeypatch.setattr(monitors, "find_monitors", lambda: [found])
    computer.plug("/dev/ttyACM1", 0x0483, 0x5740)
    computer.plug("/dev/ttyACM2", 0x0483, 0x374B, "0670FF", at=board())
    computer.plug("/dev/ttyACM3", 0x0483, 0x374B)
    computer.users["/dev/ttyACM3"] = (PortUser("minicom", 4711),)
    port, dut, used, monitor = tinyrunner("devices", "--json").json
    assert (port["kind"], port["device"]) == ("port", "/dev/ttyACM1")
    assert port["option"] == "--monitor lpm01a:/dev/ttyACM1"
    assert (port["identity"], port["state"]) == (None, "monitor")
    assert (monitor["kind"], monitor["address"]) == ("monitor", "joulescope:1")
    assert (dut["state"], dut["mode"], dut["serial_number"]) == ("dut", "performance", "0670FF")
    assert dut["identity"] == {
        "vendor": "tinyrunner-simulated",
        "profile": "ULPMark for tinyML Firmware V0.0.1",
        "model_id": "kws01",
        "boot_mode": None,
    }
    assert (used["state"], used["users"]) == ("busy", [{"name": "minicom", "pid": 4711}])


def test_auto_without_a_device_lists_every_port_and_is_a_usage_error(computer: Computer, tmp_path):
    computer.plug("/dev/ttyS0", None)
    computer.plug("/dev/ttyACM3", 0x0483, 0x374B)
    ran = tinyrunner(
        "run", "kws", "--mode", "performance", "--dut", "auto", "--datasets", "demo",
        "--sessions", tmp_path,
    )  # fmt: skip
    assert ran.status == 2, ran
    text = " ".join(ran.err.split())
    assert "/dev/ttyS0: no USB device" in text
    assert "/dev/ttyACM3: no DUT: silent" in text
