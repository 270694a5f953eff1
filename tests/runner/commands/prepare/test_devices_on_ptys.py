"""`tinyrunner devices --probe-all` on ten real terminals at once, in real time."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
import serial
from support.cli import tinyrunner
from support.devices.fake_ports import Port, board
from support.devices.pty_boards import RatedPty, on_a_pty
from support.devices.uart_rates import BootsLate, Peer, Talks
from tinyrunner.dut_protocol.discovery import ports
from tinyrunner.dut_protocol.discovery.ports import find_dut
from tinyrunner.dut_protocol.link import transport
from tinyrunner.dut_protocol.wire.boot_banner import TimestampMode
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.runner.bench import monitors

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the rate of a Linux pty")

HOLDER = "import sys; port = open(sys.argv[1], 'rb'); print('open', flush=True); sys.stdin.read()"
ST_LINK = (0x0483, 0x374B)


class Desk:
    """A computer with boards on ptys, which the list of ports has."""

    def __init__(self, stack: ExitStack, monkeypatch) -> None:
        self._stack = stack
        self._infos: list[Port] = []
        monkeypatch.setattr(ports.list_ports, "comports", lambda: self._infos)
        monkeypatch.setattr(monitors, "find_monitors", list)

    def plug(self, device, ids=ST_LINK, serial_number: str | None = None) -> RatedPty:
        port = self._stack.enter_context(on_a_pty(device))
        vid, pid = ids
        self._infos.append(
            Port(
                device=port.address,
                vid=vid,
                pid=pid,
                serial_number=serial_number,
                description="a pty",
            )
        )
        return port

    def hold(self, port: RatedPty) -> int:
        """Another process opens it; its id."""
        holder = self._stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", HOLDER, port.address],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        self._stack.callback(holder.stdin.close)
        assert holder.stdout.readline() == b"open\n"
        return holder.pid


@pytest.fixture
def desk(monkeypatch):
    with ExitStack() as stack:
        yield Desk(stack, monkeypatch)


def test_each_of_ten_ports_is_told_for_what_it_is(desk: Desk, monkeypatch):
    noise = bytes(range(128, 256))
    plugged = {
        "fast": desk.plug(board(921600), serial_number="0670FF11"),
        "energy": desk.plug(board(9600, mode=TimestampMode.ENERGY), serial_number="0670FF22"),
        "silent": desk.plug(Peer()),
        "garbage": desk.plug(Talks(noise, every_s=0.2, baud_rate=19200)),
        "talks": desk.plug(Talks(b"$GPGGA,123519,4807.038,N\r\n", 0.2, baud_rate=9600)),
        "late": desk.plug(BootsLate(board(), 1.6), (None, None)),
        "busy": desk.plug(board()),
        "forbidden": desk.plug(board()),
        "io": desk.plug(Peer(), (0x2341, 0x0043)),
        "monitor": desk.plug(Peer(), (0x0483, 0x5740)),
    }
    holder = desk.hold(plugged["busy"])
    opened = transport.serial.serial_for_url

    def refuse(address: str, **settings):
        if address == plugged["forbidden"].address:
            raise serial.SerialException(errno.EACCES, "could not open port")
        return opened(address, **settings)

    monkeypatch.setattr(transport.serial, "serial_for_url", refuse)
    busy_rate = plugged["busy"].host_baud()
    files, threads = len(os.listdir("/proc/self/fd")), threading.active_count()

    ran = tinyrunner("devices", "--probe-all", "--json")

    assert threading.active_count() == threads
    assert len(os.listdir("/proc/self/fd")) == files
    by_device = {report["device"]: report for report in ran.json}
    told = {name: by_device[port.address] for name, port in plugged.items()}
    assert {name: report["state"] for name, report in told.items()} == {
        "fast": "dut",
        "energy": "dut",
        "silent": "silent",
        "garbage": "garbage",
        "talks": "no-dut",
        "late": "dut",
        "busy": "busy",
        "forbidden": "no-permission",
        "io": "silent",
        "monitor": "monitor",
    }
    assert (told["fast"]["baud_rate"], told["fast"]["mode"]) == (921600, "performance")
    assert told["fast"]["identity"]["model_id"] == "kws01"
    assert told["fast"]["serial_number"] == "0670FF11"
    assert (told["energy"]["baud_rate"], told["energy"]["mode"]) == (9600, "energy")
    assert (told["talks"]["baud_rate"], told["talks"]["heard"]) == (
        9600,
        "$GPGGA,123519,4807.038,N",
    )
    assert told["late"]["answered_s"] > 1.6
    assert "its port" in told["late"]["finding"]
    assert [user["pid"] for user in told["busy"]["users"]] == [holder]
    assert "dialout" in told["forbidden"]["finding"]
    assert told["io"]["option"] == f"--io {plugged['io'].address}"
    # what was not to be touched was not
    assert plugged["busy"].received == plugged["monitor"].received == b""
    assert plugged["busy"].host_baud() == busy_rate
    # and nothing but whole commands was ever written
    for port in plugged.values():
        commands = port.received.split(b"%")
        assert commands.pop() == b""
        assert set(commands) <= {b"name", b"profile", b"timestamp"}


def test_of_two_boards_that_are_awake_the_one_with_the_model_is_found(desk: Desk):
    desk.plug(board(model_id="ic01"))
    wanted = desk.plug(board(921600, "ad01"))
    assert find_dut(LinkSettings(), "ad01") == (wanted.address, 921600)


def test_changing_the_rate_of_an_open_port_keeps_it_open_and_its_reads_short(tmp_path: Path):
    with on_a_pty(board(9600)) as pty:
        port = transport.open_serial(pty.address, 115200)
        try:
            for baud_rate in (921600, 9600):
                port.set_baud_rate(baud_rate)
                assert pty.host_baud() == baud_rate
            port.write(b"name%")
            said = b""
            while not said.endswith(b"m-ready\r\n"):
                data = port.read(4096, 5.0)
                assert data
                said += data
            assert said == b"m-name-dut-[tinyrunner-simulated]\r\nm-ready\r\n"
            assert port.read(4096, 0.15) == b""
        finally:
            port.close()


def test_a_rate_that_cannot_be_is_a_link_error():
    with on_a_pty(board()) as pty:
        port = transport.open_serial(pty.address, 115200)
        try:
            with pytest.raises(transport.LinkError, match=r"cannot set /dev/pts.*-5 baud"):
                port.set_baud_rate(-5)
        finally:
            port.close()
