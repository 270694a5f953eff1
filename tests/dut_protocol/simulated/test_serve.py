"""The served device, in real time, through real pyserial."""

from __future__ import annotations

import importlib.util
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import serial
from support.devices.device_dialogues import BANNER, INPUT, answers
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.inference import InferenceTimer
from tinyrunner.dut_protocol.host.load_with_retries import Loader
from tinyrunner.dut_protocol.link.clock import MonotonicClock, VirtualClock
from tinyrunner.dut_protocol.link.transport import open_transport
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.simulated.serve import DeviceServer, PtyPort, TcpPort
from tinyrunner.dut_protocol.wire.settings import LinkSettings, VerifyLoad

needs_pty = pytest.mark.skipif(
    importlib.util.find_spec("termios") is None, reason="this platform has no pseudo-terminals"
)
FAST = DeviceSettings(baud_rate=0, inference_time_s=0.0, boot_time_s=0.0)


@contextmanager
def served(kind: str, settings: DeviceSettings = FAST) -> Iterator[str]:
    """A device on a pty or on TCP; yields its address."""
    server = DeviceServer(SimulatedDut(FakeModel(), settings))
    if kind == "pty":
        port = PtyPort.open()
        server.boot()
    else:
        port = TcpPort.listen("127.0.0.1", 0, server.boot)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(port, stop))
    thread.start()
    try:
        yield port.address
    finally:
        stop.set()
        thread.join(5)
        port.close()
    assert not thread.is_alive()


def read_to(port: serial.Serial, end: bytes) -> bytes:
    data = b""
    until_s = time.monotonic() + 5
    while not data.endswith(end) and time.monotonic() < until_s:
        data += port.read(1)
    return data


both = pytest.mark.parametrize("kind", [pytest.param("pty", marks=needs_pty), "tcp"])


@both
def test_any_program_with_pyserial_can_talk_to_it(kind: str):
    with served(kind) as address, serial.serial_for_url(address, timeout=0.2) as port:
        port.write(b"name%")
        answer = read_to(port, b"simulated]\r\nm-ready\r\n")
        assert answer.endswith(b"m-name-dut-[tinyrunner-simulated]\r\nm-ready\r\n")
        port.write(b"foo%")
        assert read_to(port, b"m-ready\r\n") == b"e-[Unknown command: foo]\r\nm-ready\r\n"


@both
def test_our_own_host_runs_an_input_through_it(kind: str):
    settings = LinkSettings(verify_load=VerifyLoad.ALL)
    with served(kind) as address:
        transport = open_transport(address, 115200)
        try:
            dut = Dut(transport, MonotonicClock(), settings)
            assert dut.identify().model_id == "kws01"
            Loader(dut).load(INPUT)
            assert InferenceTimer(dut).infer(3, 1, 12).scores[:3] == (0.0, 0.001, 0.002)
        finally:
            transport.close()


@both
def test_it_serves_one_connection_after_another(kind: str):
    with served(kind) as address:
        for _ in range(2):
            transport = open_transport(address, 115200)
            try:
                assert Dut(transport, MonotonicClock(), LinkSettings()).identify().profile
            finally:
                transport.close()


def test_a_new_tcp_connection_boots_it():
    # Not at once: pyserial throws away what is there when it has connected.
    with served("tcp", DeviceSettings(baud_rate=0, boot_time_s=0.3)) as address:
        for _ in range(2):
            with serial.serial_for_url(address, timeout=0.2) as port:
                assert answers(BANNER, read_to(port, b"m-init-done\r\nm-ready\r\n"))
                port.write(b"db load 8%db 0011%")
                read_to(port, b"bytes]\r\nm-ready\r\nm-ready\r\n")
                port.write(b"db print%")
                assert b"m-buffer-00-11-00" in read_to(port, b"m-ready\r\n")


def test_what_was_not_said_before_a_reset_is_lost():
    device = SimulatedDut(FakeModel(), FAST)
    server = DeviceServer(device, VirtualClock())
    device.receive(b"name%", 0.0)
    server.boot()
    assert answers(BANNER, b"".join(data for _, data in device.outgoing))


def test_a_host_that_vanishes_amid_an_answer_does_not_end_it():
    with served("tcp", DeviceSettings(baud_rate=0, boot_time_s=0.0)) as address:
        host, port_number = address.removeprefix("socket://").split(":")
        rude = socket.create_connection((host, int(port_number)))
        rude.sendall(b"db load 27648%" + b"db print%" * 20)
        reset_on_close = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close)
        rude.close()
        with serial.serial_for_url(address, timeout=0.2) as port:
            port.write(b"name%")
            assert b"m-name-dut" in read_to(port, b"simulated]\r\nm-ready\r\n")


def test_bytes_leave_when_the_modelled_uart_would_have_sent_them():
    """A banner and an answer of some 100 characters at 2400 baud: 0.4 s."""
    with served("tcp", DeviceSettings(baud_rate=2400, boot_time_s=0.3)) as address:
        began_s = time.monotonic()
        with serial.serial_for_url(address, timeout=0.05) as port:
            banner = read_to(port, b"m-init-done\r\nm-ready\r\n")
            port.write(b"profile%")
            answer = read_to(port, b"m-ready\r\n")
        wire_s = 0.3 + (len(banner) + 8 + len(answer)) * 10 / 2400
        assert wire_s <= time.monotonic() - began_s + 0.01 <= wire_s + 1.0


def test_a_port_in_use_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(LinkError, match="another program"):
            TcpPort.listen("127.0.0.1", number, lambda: None)


def test_a_host_name_that_is_none_is_told():
    with pytest.raises(LinkError, match="cannot listen on"):
        TcpPort.listen("256.256.256.256", 0, lambda: None)


def test_without_pseudo_terminals_tcp_is_advised(monkeypatch):
    monkeypatch.setitem(sys.modules, "pty", None)
    with pytest.raises(LinkError, match="--tcp"):
        PtyPort.open()


@needs_pty
def test_a_host_that_reads_nothing_does_not_stop_the_device(monkeypatch):
    monkeypatch.setattr("tinyrunner.dut_protocol.simulated.serve._BACKLOG_TIMEOUT_S", 0.02)
    with served("pty") as address, serial.serial_for_url(address, timeout=0.2) as port:
        port.write(b"db load 27648%db print%")
        time.sleep(0.3)
        port.reset_input_buffer()
        port.write(b"name%")
        assert b"m-name-dut" in read_to(port, b"simulated]\r\nm-ready\r\n")
