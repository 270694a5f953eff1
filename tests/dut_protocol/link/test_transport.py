from __future__ import annotations

import contextlib
import errno
import importlib.util
import os
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import serial
from support.devices.fake_model import FakeModel
from tinyrunner.dut_protocol.errors import LinkError
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.link import transport as module
from tinyrunner.dut_protocol.link.clock import MonotonicClock
from tinyrunner.dut_protocol.link.transport import (
    PosixSerialTransport,
    SerialTransport,
    TcpTransport,
    open_transport,
)
from tinyrunner.dut_protocol.simulated.device import DeviceSettings, SimulatedDut
from tinyrunner.dut_protocol.wire.settings import LinkSettings

needs_pty = pytest.mark.skipif(
    importlib.util.find_spec("termios") is None, reason="this platform has no pseudo-terminals"
)


@pytest.fixture(params=["poll", "select"])
def pty_pair(request, monkeypatch) -> Iterator[tuple[int, str]]:
    """The device's end of a pseudo-terminal, and what the host opens."""
    import pty
    import tty

    monkeypatch.setattr(module, "_POLLS_PORTS", request.param == "poll")
    master, slave = pty.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    yield master, name
    with contextlib.suppress(OSError):  # the test hung up
        os.close(master)


# ---- opening -------------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="names of serial ports on POSIX")
def test_a_port_that_is_absent_is_told_with_those_that_are_there(monkeypatch):
    class There:
        device = "/dev/ttyACM7"

    monkeypatch.setattr(module.list_ports, "comports", lambda: [There()])
    with pytest.raises(LinkError, match=r"no port /dev/ttyNONE.*present: /dev/ttyACM7"):
        open_transport("/dev/ttyNONE", 115200)


@needs_pty
def test_a_port_that_another_has_open_is_told_to_be_busy(pty_pair):
    with (
        open_transport(pty_pair[1], 115200),
        pytest.raises(LinkError, match="busy: another program"),
    ):
        open_transport(pty_pair[1], 115200)


@needs_pty
def test_a_port_can_be_opened_again_after_closing(pty_pair):
    for _ in range(2):
        port = open_transport(pty_pair[1], 115200)
        port.close()
        port.close()


def said(text: str, number: int | None = None) -> serial.SerialException:
    """As pyserial says it: with a number on POSIX, without one on Windows."""
    return serial.SerialException(text) if number is None else serial.SerialException(number, text)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (said("could not open port: Permission denied", errno.EACCES), "dialout"),
        (said("could not open port: not permitted", errno.EPERM), "dialout"),
        (said("could not open port 'COM5': PermissionError(13, 'Access')"), "permission"),
        (said("could not open port: busy", errno.EBUSY), "is busy"),
        (said("Could not exclusively lock port x: [Errno 11]", errno.EAGAIN), "is busy"),
        (said("could not open port /dev/lock0", errno.ENOENT), "there is no port"),
        (said("could not open port", errno.ENXIO), "there is no port"),
        (said("could not open port 'COM9': FileNotFoundError(2, 'x')"), "there is no port"),
        (said("could not open port: Input/output error", errno.EIO), "cannot open"),
        (said("Could not configure port: (25, 'Inappropriate')"), "cannot open"),
        (ValueError("Not a valid baudrate: 7"), "at 115200 baud: Not a valid"),
        (OverflowError("too large"), "at 115200 baud"),
    ],
)
def test_each_reason_has_its_advice(monkeypatch, error: Exception, text: str):
    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(module.serial, "serial_for_url", refuse)
    with pytest.raises(LinkError, match=text) as caught:
        open_transport("/dev/ttyACM0", 115200)
    assert "/dev/ttyACM0" in str(caught.value)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    "address",
    ["nonsense://x", "socket://", "socket://host", "socket://host:x", "socket://h:99999999",
     "socket://h:5000/path", "rfc2217://127.0.0.1"],
)  # fmt: skip
def test_a_url_that_is_none_is_told(address: str):
    with pytest.raises(LinkError) as caught:
        open_transport(address, 115200)
    assert address in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="a file that is no port")
def test_a_file_that_is_no_port_is_told():
    with pytest.raises(LinkError, match="cannot open /dev/null"):
        open_transport("/dev/null", 115200)


def test_a_socket_that_nobody_listens_on_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
    with pytest.raises(LinkError, match="is something listening there"):
        open_transport(f"socket://127.0.0.1:{number}", 115200)


# ---- local ports ---------------------------------------------------------------------------------


@needs_pty
def test_a_read_takes_what_is_there_and_no_more_than_asked_for(pty_pair):
    master, name = pty_pair
    with open_transport(name, 115200) as port:
        assert isinstance(port, PosixSerialTransport)
        os.write(master, b"m-ready\r\n")
        assert port.read(4, 1.0) == b"m-re"
        assert port.read(100, 1.0) == b"ady\r\n"
        port.write(b"name%")
        assert os.read(master, 100) == b"name%"


@needs_pty
@pytest.mark.parametrize("timeout_s", [0.0, 0.03, 0.25])
def test_a_read_with_nothing_coming_takes_its_time_out(pty_pair, timeout_s: float):
    with open_transport(pty_pair[1], 115200) as port:
        began_s = time.monotonic()
        assert port.read(100, timeout_s) == b""
        assert timeout_s - 0.02 <= time.monotonic() - began_s <= timeout_s + 1.0


@needs_pty
@pytest.mark.parametrize("after_s", [0.02, 0.2])
def test_a_read_returns_as_soon_as_something_comes(pty_pair, after_s: float):
    master, name = pty_pair
    with open_transport(name, 115200) as port:
        timer = threading.Timer(after_s, os.write, (master, b"x"))
        timer.start()
        began_s = time.monotonic()
        assert port.read(100, 5.0) == b"x"
        assert time.monotonic() - began_s < 2.0
        timer.join()


@needs_pty
@pytest.mark.parametrize("timeout_s", [0.0, 0.05, 1.0])
def test_a_device_that_hangs_up_is_told_while_reading(pty_pair, timeout_s: float):
    master, name = pty_pair
    with open_transport(name, 115200) as port:
        os.close(master)
        with pytest.raises(LinkError, match=r"plug it in$") as caught:
            port.read(100, timeout_s)
        assert name in str(caught.value)


@needs_pty
def test_a_device_that_hangs_up_is_told_while_writing(pty_pair):
    master, name = pty_pair
    with open_transport(name, 115200) as port:
        os.close(master)
        with pytest.raises(LinkError, match="writing to"):
            port.write(b"name%")


@needs_pty
def test_a_device_that_takes_nothing_is_told(pty_pair, monkeypatch):
    monkeypatch.setattr(module, "WRITE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(module, "STALLED_TIMEOUT_S", 0.01)
    with open_transport(pty_pair[1], 115200) as port:
        with pytest.raises(LinkError, match=r"in 0\.05 s; .* takes nothing"):
            port.write(b"x" * 10_000_000)
        with pytest.raises(LinkError, match=r"in 0\.01 s; .* takes nothing"):  # not so long again
            port.write(b"x" * 10_000_000)


def test_a_connection_whose_other_end_reads_nothing_is_told(monkeypatch):
    monkeypatch.setattr(module, "WRITE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(module, "STALLED_TIMEOUT_S", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"socket://127.0.0.1:{server.getsockname()[1]}"
        with open_transport(address, 115200) as port:
            with pytest.raises(LinkError, match=r"in 0\.05 s; .* takes nothing"):
                port.write(b"x" * 100_000_000)
            with pytest.raises(LinkError, match=r"in 0\.01 s; .* takes nothing"):
                port.write(b"pwr off\r\n")


@needs_pty
def test_a_long_write_arrives_whole(pty_pair):
    master, name = pty_pair
    data = bytes(range(256)) * 200
    got = bytearray()

    def device() -> None:
        while len(got) < len(data):
            got.extend(os.read(master, 1000))

    with open_transport(name, 115200) as port:
        thread = threading.Thread(target=device)
        thread.start()
        port.write(data)
        thread.join(10)
    assert bytes(got) == data


# ---- pyserial's own calls ------------------------------------------------------------------------


def test_a_loop_url_goes_through_pyserial():
    with open_transport("loop://", 115200) as port:
        assert isinstance(port, SerialTransport)
        assert port.read(10, 0.0) == b""
        port.write(b"name%profile%")
        assert port.read(5, 1.0) == b"name%"
        assert port.read(100, 1.0) == b"profile%"
        began_s = time.monotonic()
        assert port.read(10, 0.1) == b""
        assert 0.09 <= time.monotonic() - began_s <= 1.0


def test_a_closed_port_is_a_dead_link():
    port = open_transport("loop://", 115200)
    port.close()
    port.close()
    with pytest.raises(LinkError):
        port.read(10, 0.1)
    with pytest.raises(LinkError):
        port.write(b"x")


@needs_pty
def test_a_spy_url_shows_the_traffic(pty_pair, tmp_path):
    master, name = pty_pair
    log = tmp_path / "wire.txt"
    with open_transport(f"spy://{name}?file={log}", 115200) as port:
        port.write(b"name%")
        os.write(master, b"m-ready\r\n")
        assert port.read(100, 1.0) == b"m-ready\r\n"
    assert "name%" in log.read_text()


class CountingPort:
    """What a read costs: pyserial sends the whole configuration when the time-out is changed."""

    def __init__(self) -> None:
        self.waiting = b""
        self.reads = 0

    @property
    def in_waiting(self) -> int:
        return len(self.waiting)

    def read(self, size: int) -> bytes:
        self.reads += 1
        if not self.waiting:
            time.sleep(0.01)
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data

    def __setattr__(self, name: str, value: object) -> None:
        assert name != "timeout", "reconfigures the port"
        super().__setattr__(name, value)


def test_reading_never_reconfigures_the_port_and_never_goes_byte_by_byte():
    port = CountingPort()
    transport = SerialTransport(port, "COM5")
    port.waiting = b"m-ready\r\n" * 10
    assert len(transport.read(65536, 1.0)) == 90
    assert port.reads == 1
    assert transport.read(65536, 0.05) == b""


def test_an_rfc2217_url_is_opened_and_talked_to():
    """Against pyserial's own server side, with a simulated device behind it."""
    with Rfc2217Device() as address:
        transport = open_transport(address, 115200)
        try:
            dut = Dut(transport, MonotonicClock(), LinkSettings(boot_wait_s=0.2))
            began_s = time.monotonic()
            assert dut.identify().model_id == "kws01"
            assert time.monotonic() - began_s < 5
        finally:
            transport.close()


class Rfc2217Device:
    """One connection of an RFC 2217 server."""

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return f"rfc2217://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        from serial import rfc2217

        connection, _ = self._listener.accept()
        device = SimulatedDut(FakeModel(), DeviceSettings(baud_rate=0))

        class Connection:
            def write(self, data: bytes) -> None:
                connection.sendall(data)

        manager = rfc2217.PortManager(serial.serial_for_url("loop://"), Connection())
        with connection:
            while data := connection.recv(4096):
                device.receive(b"".join(manager.filter(data)), 0.0)
                while device.outgoing:
                    answer = device.outgoing.popleft()[1]
                    connection.sendall(b"".join(manager.escape(answer)))


# ---- TCP -----------------------------------------------------------------------------------------


@pytest.fixture
def tcp_pair() -> Iterator[tuple[socket.socket, TcpTransport]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = open_transport(f"socket://127.0.0.1:{listener.getsockname()[1]}", 115200)
        device, _ = listener.accept()
    with device, port:
        yield device, port


def test_tcp_carries_both_ways_without_delay(tcp_pair):
    device, port = tcp_pair
    assert isinstance(port, TcpTransport)
    assert port._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    port.write(b"name%")
    assert device.recv(100) == b"name%"
    device.sendall(b"m-ready\r\n")
    assert port.read(4, 1.0) == b"m-re"
    assert port.read(100, 1.0) == b"ady\r\n"


@pytest.mark.parametrize("timeout_s", [0.0, 0.05])
def test_tcp_reads_nothing_in_its_time(tcp_pair, timeout_s: float):
    _, port = tcp_pair
    began_s = time.monotonic()
    assert port.read(100, timeout_s) == b""
    assert timeout_s - 0.01 <= time.monotonic() - began_s <= timeout_s + 1.0


def test_tcp_tells_when_the_other_side_closed(tcp_pair):
    device, port = tcp_pair
    device.sendall(b"last")
    device.close()
    assert port.read(100, 1.0) == b"last"
    with pytest.raises(LinkError, match="closed the connection"):
        port.read(100, 1.0)


def test_tcp_tells_when_it_is_dead(tcp_pair):
    _, port = tcp_pair
    port.close()
    port.close()
    with pytest.raises(LinkError, match="reading from"):
        port.read(100, 0.1)
    with pytest.raises(LinkError, match="writing to"):
        port.write(b"x")
