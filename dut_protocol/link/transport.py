"""Moves bytes: write, read what is there, close. Nothing above knows what carries them.

This is the one place where pyserial's and the system's exceptions become :class:`LinkError`, and
(with ``serve``) the one place with calls that exist on POSIX only.

A handshake costs two system calls (write, then wait-and-read), so on POSIX the port that pyserial
opened and configured is polled and read directly: pyserial's own ``read`` returns when the number
of bytes asked for is there, and its ``in_waiting`` costs further calls.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from ..errors import LinkError, PortBusy, PortForbidden

READ_BYTES = 65536
_SLICE_S = 0.05
"""How long one call of pyserial's ``read`` waits. Set once: changing the time-out of an open port
sends its whole configuration again, over USB (Windows) or the network (``rfc2217://``)."""
WRITE_TIMEOUT_S = 10.0
"""A device or a USB stack that takes nothing for this long is gone."""


class Transport(Protocol):
    """Carries bytes. ``address`` is for error texts."""

    address: str

    def write(self, data: bytes) -> None:
        """Hand over all of ``data``; LinkError when the link is dead."""

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """Return what is there, as soon as there is something; empty when nothing came in time."""

    def close(self) -> None:
        """Release the link; calling it again is harmless."""


class SerialLink(Transport, Protocol):
    """Is a serial port whose rate can be changed while it is open: one reset of its device."""

    def set_baud_rate(self, baud_rate: int) -> None:
        """Go on at another rate; LinkError when the port does not have it."""


class _Closing:
    """Gives ``with`` support to the transports of this module."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        raise NotImplementedError


class SerialTransport(_Closing):
    """Reads any pyserial port by pyserial's own calls (Windows, ``rfc2217://``, ``loop://``)."""

    def __init__(self, port: serial.Serial, address: str) -> None:
        self._port = port
        self.address = address

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as error:
            raise _lost(self.address, "writing to", error) from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        until_s = time.monotonic() + timeout_s
        try:
            while not (data := self._read_waiting(max_bytes)) and time.monotonic() < until_s:
                if data := bytes(self._port.read(1)):
                    return data + self._read_waiting(max_bytes - 1)
            return data
        except (OSError, serial.SerialException, TypeError) as error:
            # pyserial raises TypeError when its port is closed under it
            raise _lost(self.address, "reading from", error) from error

    def set_baud_rate(self, baud_rate: int) -> None:
        try:
            self._port.baudrate = baud_rate
        except (OSError, ValueError, OverflowError) as error:
            raise _no_such_rate(self.address, baud_rate, error) from error

    def _read_waiting(self, max_bytes: int) -> bytes:
        waiting = min(self._port.in_waiting, max_bytes)
        return bytes(self._port.read(waiting)) if waiting > 0 else b""

    def close(self) -> None:
        with contextlib.suppress(OSError):  # of a port that is gone: it must not hide why
            self._port.close()


class PosixSerialTransport(_Closing):
    """A local serial port or pty: pyserial opens and configures it, poll and read do the rest.

    The driver waits the first tenth of a second of a read itself (VTIME), in which nearly every
    answer comes: a poll before it would cost a third of the whole handshake's CPU time.
    """

    def __init__(self, port: serial.Serial, address: str) -> None:
        self._port = port
        self._fd = port.fileno()
        _read_waits_a_tick(self._fd, address)
        self._blocking_fd = _second_descriptor(self._fd)
        self._readable = _readable_by_poll(self._fd) if _POLLS_PORTS else self._readable_by_select
        self.address = address

    def write(self, data: bytes) -> None:
        try:
            sent = os.write(self._fd, data)
            if sent < len(data):
                self._write_rest(data[sent:])
        except BlockingIOError:
            self._write_rest(data)
        except OSError as error:
            raise _lost(self.address, "writing to", error) from error

    def _write_rest(self, data: bytes) -> None:
        deadline = time.monotonic() + WRITE_TIMEOUT_S
        view = memoryview(data)
        try:
            while view:
                if not select.select([], [self._fd], [], max(0.0, deadline - time.monotonic()))[1]:
                    raise LinkError(
                        f"{self.address}: {len(view)} bytes could not be written in "
                        f"{WRITE_TIMEOUT_S:.0f} s; the device or its USB adapter takes nothing"
                    )
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise _lost(self.address, "writing to", error) from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            if timeout_s >= _TICK_S:
                if self._blocking_fd is None:
                    data = self._read_switched(max_bytes)
                else:
                    data = os.read(self._blocking_fd, max_bytes)
                if data:
                    return data
                timeout_s -= _TICK_S  # the tick is over, or the device hung up: poll tells
            if not self._readable(timeout_s):
                return b""
            data = os.read(self._fd, max_bytes)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _lost(self.address, "reading from", error) from error
        if not data:
            raise LinkError(
                f"{self.address} hung up while reading: the device was unplugged or closed its "
                "side; plug it in and continue with --resume"
            )
        return data

    def _read_switched(self, max_bytes: int) -> bytes:
        """Read in blocking mode, which nothing else does: a write must never hang."""
        os.set_blocking(self._fd, True)
        try:
            return os.read(self._fd, max_bytes)
        finally:
            os.set_blocking(self._fd, False)

    def set_baud_rate(self, baud_rate: int) -> None:
        try:
            self._port.baudrate = baud_rate
        except _port_errors() as error:
            raise _no_such_rate(self.address, baud_rate, error) from error
        _read_waits_a_tick(self._fd, self.address)  # pyserial has configured the port anew

    def ask_for_low_latency(self) -> None:
        """Tell the driver not to keep bytes back; one that cannot do so is left as it is."""
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._port.set_low_latency_mode(True)

    def _readable_by_select(self, timeout_s: float) -> bool:
        return bool(select.select([self._fd], [], [], timeout_s)[0])

    def close(self) -> None:
        if self._blocking_fd is not None:
            os.close(self._blocking_fd)
            self._blocking_fd = None
        if self._port.is_open:
            with contextlib.suppress(OSError):  # of a port that is gone: it must not hide why
                self._port.close()


_POLLS_PORTS = sys.platform == "linux"
"""macOS's manual says of poll that it does not support devices; select does, below 1024."""


def _readable_by_poll(fd: int) -> Callable[[float], bool]:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return lambda timeout_s: bool(poll.poll(timeout_s * 1000.0))


def _second_descriptor(fd: int) -> int | None:
    """Open the same port once more, to be read in blocking mode, where the system can.

    The mode belongs to the open file and not to the terminal; changing it to and fro would be two
    system calls a read.
    """
    if sys.platform != "linux":
        return None
    try:
        # Opening does not block: that would wait for a carrier on some ports.
        second = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:  # no /proc, or a port that may be open only once
        return None
    os.set_blocking(second, True)
    return second


_TICK_S = 0.1
"""The unit of VTIME, a terminal's own time-out."""


def _read_waits_a_tick(fd: int, address: str) -> None:
    """Let a blocking read return as soon as something is there, or empty in 0.1 s."""
    import termios

    try:
        attributes = termios.tcgetattr(fd)
        attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 0, 1
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except termios.error as error:  # no OSError
        raise _lost(address, "setting up", error) from error


class TcpTransport(_Closing):
    """``socket://HOST:PORT``. pyserial's own reads a byte at a time (its ``in_waiting`` is a flag)
    and leaves Nagle's algorithm on, which costs 40 ms a handshake."""

    def __init__(self, connection: socket.socket, address: str) -> None:
        self._socket = connection
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = address

    @classmethod
    def connect(cls, address: str) -> Self:
        parts = urlsplit(address)
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise LinkError(f"{address}: {error}; expected socket://HOST:PORT") from error
        if not host or port is None or parts.path not in ("", "/"):
            raise LinkError(f"{address} is no socket address; expected socket://HOST:PORT")
        try:
            return cls(socket.create_connection((host, port), timeout=WRITE_TIMEOUT_S), address)
        except OSError as error:
            raise LinkError(
                f"cannot connect to {address}: {error}; is something listening there?"
            ) from error

    def write(self, data: bytes) -> None:
        try:
            self._socket.settimeout(WRITE_TIMEOUT_S)
            self._socket.sendall(data)
        except OSError as error:
            raise _lost(self.address, "writing to", error) from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            self._socket.settimeout(timeout_s)  # 0 means: do not wait
            data = self._socket.recv(max_bytes)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise _lost(self.address, "reading from", error) from error
        if not data:
            raise LinkError(f"{self.address}: the other side closed the connection")
        return data

    def close(self) -> None:
        self._socket.close()


def _lost(address: str, doing: str, error: Exception) -> LinkError:
    return LinkError(
        f"the link died while {doing} {address}: {error}; check the cable and the port, then "
        "continue with --resume"
    )


def _no_such_rate(address: str, baud_rate: int, error: Exception) -> LinkError:
    return LinkError(f"cannot set {address} to {baud_rate} baud: {error}")


def open_transport(address: str, baud_rate: int) -> Transport:
    """Open a serial port by name or any pyserial URL at 8N1, exclusively where that exists."""
    if address.startswith("socket://"):
        return TcpTransport.connect(address)
    return open_serial(address, baud_rate)


def open_serial(address: str, baud_rate: int) -> SerialLink:
    """Open what is a serial port to pyserial, exclusively where that exists.

    PortBusy, PortForbidden, or LinkError for any other reason.
    """
    local = "://" not in address
    try:
        port = serial.serial_for_url(
            address,
            baudrate=baud_rate,
            timeout=_SLICE_S,
            # pyserial's RFC 2217 port refuses to have one
            write_timeout=None if address.startswith("rfc2217://") else WRITE_TIMEOUT_S,
            exclusive=True if os.name == "posix" and local else None,
        )
    except _port_errors() as error:
        raise _why_not_opened(address, baud_rate, error) from error
    if os.name == "posix" and local:
        return PosixSerialTransport(port, address)
    return SerialTransport(port, address)


def _port_errors() -> tuple[type[Exception], ...]:
    """Name the exceptions that setting up a port may raise.

    The error of termios is no OSError, and pyserial lets it through when a port goes meanwhile.
    """
    try:
        import termios
    except ImportError:
        return (OSError, ValueError, OverflowError)
    return (OSError, ValueError, OverflowError, termios.error)


def _why_not_opened(address: str, baud_rate: int, error: Exception) -> LinkError:
    """Say which of the usual reasons it is, and what to do about it."""
    text = str(error)
    number = getattr(error, "errno", None)  # pyserial keeps it on POSIX; on Windows the text
    if isinstance(error, ValueError | OverflowError):
        return LinkError(f"cannot open {address} at {baud_rate} baud: {text}")
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        if sys.platform == "win32":
            return PortBusy(
                f"no permission to open {address}: on Windows this usually means that another "
                "program has it open"
            )
        return PortForbidden(
            f"no permission to open {address}: you may not open it: add yourself to the group that "
            "owns it, on most Linux systems `sudo usermod -aG dialout $USER`, and log in again"
        )
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in text:
        return PortBusy(
            f"{address} is busy: another program has it open (a terminal, an IDE's serial "
            "monitor, another run); close it and try again"
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO) or "FileNotFoundError" in text:
        present = ", ".join(sorted(info.device for info in list_ports.comports())) or "none"
        return LinkError(
            f"there is no port {address}; present: {present} (see `tinyrunner devices`)"
        )
    return LinkError(f"cannot open {address} at {baud_rate} baud: {text}")
