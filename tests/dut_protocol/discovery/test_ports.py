"""Which ports there are, which are asked, and what is said of each."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from support.devices.fake_ports import Computer, board
from support.devices.uart_rates import Answers, BootsLate, Peer, Talks
from tinyrunner.dut_protocol.discovery import port_report, ports
from tinyrunner.dut_protocol.discovery.port_report import PortState
from tinyrunner.dut_protocol.discovery.ports import find_dut, scan
from tinyrunner.dut_protocol.errors import LinkError, PortBusy, PortForbidden
from tinyrunner.dut_protocol.link.port_users import PortUser
from tinyrunner.dut_protocol.simulated.io_manager import SimulatedIoManager
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings

SETTINGS = LinkSettings()
ST, JLINK = 0x0483, 0x1366
MINICOM = PortUser("minicom", 4711)


@pytest.fixture
def computer(monkeypatch) -> Computer:
    return Computer(monkeypatch)


# ---- which are asked -----------------------------------------------------------------------------


def test_nothing_unknown_is_opened_let_alone_written_to(computer: Computer):
    computer.plug("/dev/ttyS0", None)
    computer.plug("/dev/ttyUSB9", 0x1234)
    reports = scan(SETTINGS)
    assert computer.opened == []
    assert [report.usb_id for report in reports] == [None, "1234:0001"]
    assert all(report.state is PortState.NOT_ASKED for report in reports)
    assert all("--probe-all" in report.finding for report in reports)
    assert not any(report.known for report in reports)


def test_unknown_ports_are_asked_when_the_caller_says_so(computer: Computer):
    computer.plug("/dev/ttyUSB9", 0x1234, at=board())
    (report,) = scan(SETTINGS, probe_all=True)
    assert report.identity.model_id == "kws01"


def test_a_port_that_is_in_use_is_not_even_opened(computer: Computer):
    computer.plug("/dev/ttyACM0", ST, at=board())
    computer.users["/dev/ttyACM0"] = (MINICOM,)
    (report,) = scan(SETTINGS, probe_all=True)
    assert computer.opened == []
    assert (report.state, report.users) == (PortState.BUSY, (MINICOM,))
    assert "minicom (process 4711)" in report.finding


def test_who_uses_a_port_that_is_not_asked_is_told_as_well(computer: Computer):
    computer.plug("/dev/ttyUSB9", 0x1234)
    computer.plug("/dev/ttyACM1", 0x0483, 0x5740)
    computer.users |= {"/dev/ttyUSB9": (MINICOM,), "/dev/ttyACM1": (MINICOM,)}
    monitor, unknown = scan(SETTINGS)
    assert (monitor.state, unknown.state) == (PortState.MONITOR, PortState.NOT_ASKED)
    assert all("open in minicom" in report.finding for report in (monitor, unknown))


@pytest.mark.parametrize("probe_all", [False, True])
def test_a_monitor_is_never_opened(computer: Computer, probe_all: bool):
    computer.plug("/dev/ttyACM1", 0x1915, 0xC00A)
    (report,) = scan(SETTINGS, probe_all=probe_all)
    assert computer.opened == []
    assert (report.state, report.option) == (PortState.MONITOR, "--monitor ppk2:/dev/ttyACM1")


def test_an_io_manager_is_not_opened_unless_the_caller_says_so(computer: Computer):
    computer.plug("/dev/ttyACM1", 0x2341, 0x0043, at=SimulatedIoManager(board(9600)))
    (report,) = scan(SETTINGS)
    assert computer.opened == []
    assert (report.state, report.option) == (PortState.IO_MANAGER, "--io /dev/ttyACM1")
    assert "resets it" in report.finding
    (report,) = scan(SETTINGS, probe_all=True)
    assert (report.state, report.option) == (PortState.IO_MANAGER, "--io /dev/ttyACM1")
    assert report.heard == "m-ver-IoTConnect IO Manager 1.0.3"


def test_an_io_manager_is_asked_only_at_the_rate_it_has(computer: Computer):
    computer.plug("/dev/ttyACM1", 0x2341, 0x0043)
    (report,) = scan(LinkSettings(baud_rate=921600), probe_all=True)
    assert {rate for rate, _ in computer.links[0].written} == {115200}
    assert report.option == "--io /dev/ttyACM1"


# ---- what is said of them ------------------------------------------------------------------------


def test_a_known_board_is_asked_its_name(computer: Computer):
    computer.plug("/dev/ttyACM0", ST, 0x374B, "0670FF", at=board())
    (report,) = scan(SETTINGS)
    assert (report.device, report.usb_id, report.known) == ("/dev/ttyACM0", "0483:374b", True)
    assert (report.baud_rate, report.serial_number) == (115200, "0670FF")
    assert report.option == "--dut /dev/ttyACM0 --baud-rate 115200"
    assert report.finding == (
        "DUT tinyrunner-simulated, model kws01, performance firmware at 115200 baud"
    )


def test_energy_firmware_on_the_port_itself_is_told_as_such(computer: Computer):
    computer.plug("/dev/ttyACM0", ST, at=board(9600, mode=TimestampMode.ENERGY))
    (report,) = scan(SETTINGS)
    assert report.mode is TimestampMode.ENERGY
    assert "energy firmware at 9600 baud" in report.finding


def test_the_configured_rate_is_tried_beside_the_likely_ones(computer: Computer):
    computer.plug("/dev/ttyACM0", ST)
    scan(LinkSettings(baud_rate=57600))
    (link,) = computer.links
    assert list(dict.fromkeys(link.rates[1:])) == [921600, 460800, 115200, 57600, 9600]


@pytest.mark.parametrize(
    ("device", "state", "said"),
    [
        (Peer(), PortState.SILENT, "silent"),
        (
            Talks(bytes(range(128, 256)), baud_rate=19200),
            PortState.GARBAGE,
            "garbage at 921600, 460800, ",
        ),
        (
            Talks(b"$GPGGA,123519,4807.038,N\r\n", baud_rate=9600),
            PortState.NO_DUT,
            "talks at 9600 baud, but does not answer name%; first text '$GPGGA,123519,4807.038,N'; "
            "garbage at",
        ),
        (Answers(lambda command: command + b"%\r\n"), PortState.NO_DUT, "are its two wires joined"),
        (BootsLate(board(), 1.8), PortState.DUT, "its banner came after 1.9 s"),
        (BootsLate(board(), 1.8, says_so=False), PortState.DUT, "s after its port was opened"),
        (
            Answers(lambda _: b"tinyML Enhanced Interface Board\r\nm-ready\r\n"),
            PortState.INTERFACE_BOARD,
            "MLCommons' interface board",
        ),
        (
            Answers(lambda _: b"m-name-thermometer-[5]\r\nm-ready\r\n"),
            PortState.NO_DUT,
            "answers name% with 'm-name-thermometer-[5]'",
        ),
    ],
)
def test_what_is_at_a_port_is_said(computer: Computer, device, state: PortState, said: str):
    computer.plug("/dev/ttyACM0", JLINK, at=device)
    (report,) = scan(SETTINGS)
    assert report.state is state
    assert said in report.finding
    assert [link.closed for link in computer.links] == [1]


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [
        (PortForbidden("no permission: dialout"), PortState.NO_PERMISSION, "dialout"),
        (LinkError("there is no port"), PortState.FAILED, "there is no port"),
        (PortBusy("is busy"), PortState.BUSY, "busy: "),
    ],
)
def test_a_port_that_cannot_be_opened_says_why_and_the_others_are_asked(
    computer: Computer, error, state: PortState, said: str
):
    computer.plug("/dev/ttyACM0", ST, refuses=error)
    computer.plug("/dev/ttyACM1", JLINK, at=board())
    refused, found = scan(SETTINGS)
    assert refused.state is state
    assert said in refused.finding
    assert found.identity is not None


@pytest.mark.parametrize(
    ("tells", "said"), [(True, "another user"), (False, "this system does not tell which")]
)
def test_a_busy_port_without_a_name_says_whether_the_system_would_tell(
    computer: Computer, monkeypatch, tells: bool, said: str
):
    monkeypatch.setattr(port_report, "system_tells", lambda: tells)
    computer.plug("/dev/ttyACM0", ST, refuses=PortBusy("busy"))
    assert said in scan(SETTINGS)[0].finding


def test_a_port_that_dies_while_it_is_asked_is_closed_and_told(computer: Computer):
    class Pulled(Peer):
        def receive(self, data: bytes, start_s: float) -> None:
            raise LinkError("the link died")

    computer.plug("/dev/ttyACM0", ST, at=Pulled())
    (report,) = scan(SETTINGS)
    assert (report.state, report.finding) == (PortState.FAILED, "the link died")
    assert computer.links[0].closed


def test_the_lasting_name_of_a_port_is_told(computer: Computer, monkeypatch, tmp_path: Path):
    device = tmp_path / "ttyACM0"
    device.touch()
    link = tmp_path / "by-id" / "usb-STMicroelectronics_STM32_0670FF-if02"
    link.parent.mkdir()
    link.symlink_to(device)
    monkeypatch.setattr(ports, "BY_ID", link.parent)
    computer.plug(str(device), None)
    assert scan(SETTINGS)[0].by_id == str(link)


# ---- at the same time ----------------------------------------------------------------------------


def test_all_ports_are_asked_at_the_same_time_and_told_in_their_order(computer: Computer):
    together = threading.Barrier(10, timeout=20)
    computer.on_open = lambda _: together.wait()  # nobody passes before all ten have come
    for number in reversed(range(10)):
        computer.plug(f"/dev/ttyACM{number}", ST, at=board() if number % 2 else None)
    reports = scan(SETTINGS)
    assert [report.device for report in reports] == [f"/dev/ttyACM{n}" for n in range(10)]
    assert [report.identity is not None for report in reports] == [False, True] * 5


def test_a_port_that_hangs_in_its_driver_is_given_up_and_closed_once_it_opens(
    computer: Computer, monkeypatch
):
    opens = threading.Event()
    monkeypatch.setattr(ports, "LIMIT_S", 0.2)
    monkeypatch.setattr(ports, "_STOP_S", 0.1)
    computer.on_open = lambda device: device.endswith("0") and opens.wait(20)
    computer.plug("/dev/ttyACM0", ST, at=board())
    computer.plug("/dev/ttyACM1", ST, refuses=PortBusy("busy"))
    hung, other = scan(SETTINGS)
    assert (hung.state, other.state) == (PortState.FAILED, PortState.BUSY)
    assert "given up" in hung.finding
    (thread,) = (each for each in threading.enumerate() if each.name == "ask /dev/ttyACM0")
    opens.set()
    thread.join(20)
    assert [link.closed for link in computer.links] == [1]
    assert computer.links[0].written == []


def test_ctrl_c_closes_every_port_and_ends_every_thread(computer: Computer, monkeypatch):
    reading = threading.Barrier(4, timeout=20)
    interrupted = threading.Event()

    class Held(Peer):
        def receive(self, data: bytes, start_s: float) -> None:
            if not interrupted.is_set():
                reading.wait()
                interrupted.wait(20)

    join = ports._join

    def interrupt_the_first(threads, deadline) -> None:
        if not interrupted.is_set():
            reading.wait()
            threading.Timer(0.05, interrupted.set).start()  # after scan has asked to stop
            raise KeyboardInterrupt
        join(threads, deadline)

    def join_the_rest(threads, deadline) -> None:
        if interrupted.is_set() or reading.broken:
            return join(threads, deadline)
        try:
            return interrupt_the_first(threads, deadline)
        finally:
            monkeypatch.setattr(ports, "_join", join)

    monkeypatch.setattr(ports, "_join", join_the_rest)
    for number in range(3):
        computer.plug(f"/dev/ttyACM{number}", ST, at=Held())
    with pytest.raises(KeyboardInterrupt):
        scan(SETTINGS)
    assert [link.closed for link in computer.links] == [1, 1, 1]
    assert not [each for each in threading.enumerate() if each.name.startswith("ask ")]


# ---- choosing ------------------------------------------------------------------------------------


def test_the_one_device_is_found(computer: Computer):
    computer.plug("/dev/ttyACM0", ST)
    computer.plug("/dev/ttyACM1", JLINK, at=board(921600))
    assert find_dut(SETTINGS) == ("/dev/ttyACM1", 921600)


def test_the_one_device_is_taken_whatever_its_model(computer: Computer):
    computer.plug("/dev/ttyACM1", JLINK, at=board(model_id="ic01"))
    assert find_dut(SETTINGS, "kws01") == ("/dev/ttyACM1", 115200)


def test_of_several_the_one_with_the_model_of_the_task_is_taken(computer: Computer):
    computer.plug("/dev/ttyACM0", ST, at=board(model_id="ic01"))
    computer.plug("/dev/ttyACM1", JLINK, at=board(921600, "kws01"))
    computer.plug("/dev/ttyACM2", JLINK, at=board(model_id="ad01"))
    assert find_dut(SETTINGS, "kws01") == ("/dev/ttyACM1", 921600)


@pytest.mark.parametrize("model_id", [None, "kws01", "vww01"])
def test_several_devices_are_not_chosen_between(computer: Computer, model_id: str | None):
    computer.plug("/dev/ttyACM0", ST, serial="AAA", at=board())
    computer.plug("/dev/ttyACM1", JLINK, serial="BBB", at=board())
    computer.plug("/dev/ttyS0", None)
    with pytest.raises(LinkError, match=r"2 devices answer.*name one with --dut PORT") as caught:
        find_dut(SETTINGS, model_id)
    text = str(caught.value)
    assert "--dut /dev/ttyACM0 --baud-rate 115200" in text
    assert "/dev/ttyACM1 (serial number BBB): DUT tinyrunner-simulated" in text
    assert "/dev/ttyS0: no USB device" in text


def test_no_device_is_told_with_every_port_and_its_finding(computer: Computer):
    computer.plug("/dev/ttyS0", None)
    computer.plug("/dev/ttyACM0", ST)
    computer.plug("/dev/ttyACM1", ST, refuses=PortForbidden("no permission: dialout"))
    with pytest.raises(LinkError, match="no device under test found") as caught:
        find_dut(SETTINGS)
    text = str(caught.value)
    for said in ("/dev/ttyS0: no USB", "/dev/ttyACM0: no DUT: silent", "/dev/ttyACM1: no perm"):
        assert said in text


def test_no_port_at_all_is_told(computer: Computer):
    with pytest.raises(LinkError, match="this machine has no serial port"):
        find_dut(SETTINGS)
