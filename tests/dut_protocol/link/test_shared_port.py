"""Another program reads the port, too: never silence, always its name. Real programs, real ptys."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.cli import ended, process
from support.devices.boards import served
from support.devices.scripted import Habits, ScriptedDevice
from support.inputs import write_inputs
from tinyrunner.dut_protocol.discovery import ports
from tinyrunner.dut_protocol.discovery.port_report import PortState
from tinyrunner.dut_protocol.errors import DutTimeout, PortBusy
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.dut_protocol.link.port_users import others_at
from tinyrunner.dut_protocol.link.transport import open_transport
from tinyrunner.dut_protocol.wire.settings import LinkSettings
from tinyrunner.models.suite import KWS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who has a port open")

QUICK = Habits(baud_rate=921600, inference_s=0.001)
ENDS_WITHIN_S = 5.0


@contextlib.contextmanager
def read_by_cat(port: str) -> Iterator[int]:
    """`cat PORT`; yields its process id once it reads."""
    with subprocess.Popen(["cat", port], stdout=subprocess.DEVNULL) as cat:
        try:
            while not any(
                os.path.realpath(link) == os.path.realpath(port)
                for link in Path(f"/proc/{cat.pid}/fd").iterdir()
            ):
                time.sleep(0.01)
            yield cat.pid
        finally:
            cat.kill()


MONITOR = """
import os, sys, time
port = os.open(sys.argv[1], os.O_RDONLY | os.O_NOCTTY)
print("open", flush=True)
while True:
    os.read(port, 1) or time.sleep(0.001)
"""


@contextlib.contextmanager
def read_by_a_monitor(port: str) -> Iterator[int]:
    """A program that goes on reading; `cat` ends where pyserial has set the port to not wait."""
    with subprocess.Popen(
        [sys.executable, "-c", MONITOR, port], stdout=subprocess.PIPE, text=True
    ) as monitor:
        try:
            assert monitor.stdout.readline() == "open\n"
            yield monitor.pid
        finally:
            monitor.kill()


@pytest.fixture
def port() -> Iterator[str]:
    with served(ScriptedDevice(QUICK), "pty") as address:
        yield address


@pytest.fixture(params=["", "spy://"], ids=["a pty", "through pyserial"])
def address(request, port: str) -> str:
    return request.param + port


COMMANDS = {
    "run": ("run", "kws", "--mode", "accuracy", "--datasets", "DATA", "--sessions", "SESSIONS"),
    "check": ("check", "--quick", "--no-save"),
    "console": ("console",),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))
def test_a_command_ends_within_seconds_and_names_the_process(command, address: str, tmp_path: Path):
    write_inputs(tmp_path / "data", KWS, 2)
    places = {"DATA": str(tmp_path / "data"), "SESSIONS": str(tmp_path / "sessions")}
    words = [places.get(word, word) for word in command]
    with read_by_cat(address.removeprefix("spy://")) as pid:
        began_s = time.monotonic()
        done = ended(process(*words, "--dut", address, stdin=subprocess.DEVNULL), 60)
        took_s = time.monotonic() - began_s
    assert done.status in (1, 2), done
    assert f"cat (process {pid})" in done.err
    assert "close it there" in done.err
    assert took_s < 2 * ENDS_WITHIN_S


def test_opening_is_refused_and_the_process_named(address: str):
    with read_by_cat(address.removeprefix("spy://")) as pid:
        began_s = time.monotonic()
        with pytest.raises(PortBusy, match=rf"cat \(process {pid}\)"):
            open_transport(address, 115200)
        assert time.monotonic() - began_s < ENDS_WITHIN_S


@pytest.mark.parametrize("program", [read_by_cat, read_by_a_monitor], ids=["cat", "a monitor"])
def test_the_list_of_devices_names_the_process_and_does_not_ask(monkeypatch, port: str, program):
    # A pseudo-terminal is none of the ports that a computer lists: this one is put on the list.
    listed = SimpleNamespace(device=port, vid=0x0483, pid=0x374B, serial_number="1", description="")
    monkeypatch.setattr(ports.list_ports, "comports", lambda: [listed])
    with program(port) as pid:
        began_s = time.monotonic()
        (report,) = ports.scan(LinkSettings(), probe_all=True)
        assert time.monotonic() - began_s < ENDS_WITHIN_S
    assert report.state is PortState.BUSY
    assert f"(process {pid})" in report.finding
    assert "close it there and try again" in report.finding


def identify_again_and_again(dut: Dut) -> None:
    """Now and then an answer is ours, after some waiting: how often is chance."""
    for _ in range(100):
        dut.identify()


def test_one_that_comes_later_is_named_when_nothing_is_answered(address: str):
    transport = open_transport(address, 115200)
    try:
        dut = Dut(transport, MonotonicClock(), LinkSettings(boot_wait_s=0.2))
        dut.identify()
        with (
            read_by_a_monitor(address.removeprefix("spy://")) as pid,
            pytest.raises((PortBusy, DutTimeout), match=rf"\(process {pid}\)"),
        ):
            identify_again_and_again(dut)
    finally:
        transport.close()


def test_a_read_ends_at_its_time_out_whoever_else_reads(address: str):
    transport = open_transport(address, 115200)
    try:
        transport.read(100_000, 0.3)  # the banner
        with read_by_a_monitor(address.removeprefix("spy://")):
            for timeout_s in (0.0, 0.05, 0.4):
                began_s = time.monotonic()
                assert transport.read(100, timeout_s) == b""
                assert timeout_s - 0.02 <= time.monotonic() - began_s <= timeout_s + 1.0
    finally:
        transport.close()


def test_ctrl_c_works_while_another_program_reads(port: str):
    """A read is waiting in the main thread when the signal comes."""
    transport = open_transport(port, 115200)
    try:
        with read_by_cat(port):
            timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            began_s = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                transport.read(100, 20.0)
            assert time.monotonic() - began_s < ENDS_WITHIN_S
            timer.join()
    finally:
        transport.close()


SERVER = """
import os, pty, sys
master, slave = pty.openpty()
print(os.ttyname(slave), flush=True)
sys.stdin.read()
"""


def test_who_serves_a_pty_and_keeps_its_other_end_open_is_no_other_reader():
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        name = server.stdout.readline().strip()
        assert others_at(name) == ""
        with read_by_cat(name) as pid:
            assert others_at(name) == f"cat (process {pid})"
            assert others_at(f"the device behind spy://{name}?file=x") == f"cat (process {pid})"
        server.stdin.close()


@pytest.mark.parametrize(
    "address",
    ["/dev/null", "/dev/zero", "/dev/ttyNONE", "COM5", "loop://", "socket://127.0.0.1:5000",
     "sim:kws01", "scripted", __file__],
)  # fmt: skip
def test_what_is_no_port_of_this_machine_has_no_other_users(address: str):
    assert others_at(address) == ""
