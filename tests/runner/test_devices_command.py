"""`tinyrunner devices`: what each port is, and how to address it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from support.bench_cli import tinyrunner
from tinyrunner.dut_protocol import ports
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.ports import scan
from tinyrunner.dut_protocol.settings import LinkSettings
from tinyrunner.runner.commands import devices
from tinyrunner.runner.monitors import MonitorReport


class Machine:
    """A computer with ports; each that is opened is noted, and turns out to be busy."""

    def __init__(self, monkeypatch) -> None:
        self.infos: list[object] = []
        self.opened: list[str] = []
        self.monitors: list[MonitorReport] = []
        monkeypatch.setattr(ports.list_ports, "comports", lambda: self.infos)
        monkeypatch.setattr(ports, "open_transport", self._open)
        monkeypatch.setattr(devices, "find_monitors", lambda: self.monitors)

    def plug(self, device: str, vid: int, pid: int) -> None:
        self.infos.append(Port(device=device, vid=vid, pid=pid, description="a port"))

    def _open(self, device: str, baud_rate: int):
        self.opened.append(device)
        raise LinkError(f"{device} is busy")


class Port(SimpleNamespace):
    def __lt__(self, other) -> bool:
        return self.device < other.device


@pytest.fixture
def machine(monkeypatch) -> Machine:
    return Machine(monkeypatch)


@pytest.mark.parametrize(
    ("vid", "pid", "what", "how"),
    [
        (0x0483, 0x5740, "LPM01A", "--monitor lpm01a:/dev/ttyACM1"),
        (0x1915, 0xC00A, "PPK2", "--monitor ppk2:/dev/ttyACM1"),
        (0x2341, 0x0043, "IO manager", "--io /dev/ttyACM1"),
        (0x2341, 0x0001, "IO manager", "--io /dev/ttyACM1"),
        (0x2A03, 0x0043, "IO manager", "--io /dev/ttyACM1"),
        (0x2A03, 0x0243, "IO manager", "--io /dev/ttyACM1"),
    ],
)
@pytest.mark.parametrize("probe_all", [False, True])
def test_a_monitor_or_an_io_manager_is_explained_and_never_probed_as_a_dut(
    machine: Machine, vid, pid, what, how, probe_all
):
    machine.plug("/dev/ttyACM1", vid, pid)
    ran = tinyrunner("devices", *(["--probe-all"] if probe_all else []))
    assert ran.status == 0, ran
    assert what in ran.out
    assert how in ran.out
    assert machine.opened == []


def test_the_interface_board_shares_its_id_with_boards_so_it_is_asked(machine: Machine):
    machine.plug("/dev/ttyACM2", 0x0483, 0x374E)
    (report,) = scan(LinkSettings())
    assert machine.opened
    assert report.option == "--io /dev/ttyACM2"
    assert "busy" in report.finding
    assert "MLCommons' interface board" in report.finding


def test_another_st_link_is_no_interface_board(machine: Machine):
    machine.plug("/dev/ttyACM2", 0x0483, 0x374B)
    assert scan(LinkSettings())[0].option is None


def test_instruments_that_are_no_serial_ports_are_listed_as_well(machine: Machine):
    machine.monitors = [
        MonitorReport("joulescope:002557", "Joulescope JS220: --monitor joulescope:002557"),
        MonitorReport(None, "searching for VISA instruments: not done in 5 s, given up"),
    ]
    ran = tinyrunner("devices")
    assert "no serial ports" in ran.out
    assert "--monitor joulescope:002557" in ran.out
    assert "given up" in ran.out


def test_json_tells_the_same_to_a_script(machine: Machine):
    machine.plug("/dev/ttyACM1", 0x0483, 0x5740)
    machine.monitors = [MonitorReport("joulescope:1", "Joulescope JS220: --monitor joulescope:1")]
    port, monitor = tinyrunner("devices", "--json").json
    assert (port["kind"], port["device"]) == ("port", "/dev/ttyACM1")
    assert port["option"] == "--monitor lpm01a:/dev/ttyACM1"
    assert port["identity"] is None
    assert (monitor["kind"], monitor["address"]) == ("monitor", "joulescope:1")
