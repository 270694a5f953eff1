"""Moving bytes: write, read what is there, close. Nothing above knows what carries them.

This is the one place where pyserial's and the system's exceptions become :class:`LinkError`, and
(with ``serve``) the one place with calls that exist on POSIX only.

A handshake costs two system calls (write, then wait-and-read), so on POSIX the port that pyserial
opened and configured is polled and read directly: pyserial's own ``read`` returns when the number
of bytes asked for is there, and its ``in_waiting`` costs further calls.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from .errors import LinkError

READ_BYTES = 65536
WRITE_TIMEOUT_S = 10.0
"""A device or a USB stack that takes nothing for this long is gone."""


class Transport(Protocol):
    """A byte link. ``address`` is for error texts."""

    address: str

    def write(self, data: bytes) -> None:
        """Hand over all of ``data``; LinkError when the link is dead."""

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        """What is there, as soon as there is something; empty when nothing came in time."""

    def close(self) -> None:
        """Release the link; calling it again is harmless."""


class _Closing:
    """``with`` support for the transports of this module."""

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
    """Any pyserial port, through pyserial's own calls (Windows, ``rfc2217://``, ``loop://``)."""

    def __init__(self, port: serial.Serial, address: str) -> None:
        self._port = port
        self.address = address

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except (OSError, serial.SerialException) as error:
            raise _lost(self.address, "writing to", error) from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            waiting = self._port.in_waiting
            if waiting == 0:
                if self._port.timeout != timeout_s:
                    self._port.timeout = timeout_s
                first = bytes(self._port.read(1))
                if not first:
                    return b""
                rest = min(self._port.in_waiting, max_bytes - 1)
                return first + bytes(self._port.read(rest)) if rest > 0 else first
            return bytes(self._port.read(min(waiting, max_bytes)))
        except (OSError, serial.SerialException, TypeError) as error:
            # pyserial raises TypeError when its port is closed under it
            raise _lost(self.address, "reading from", error) from error

    def close(self) -> None:
        try:
            self._port.close()
        except OSError as error:
            raise _lost(self.address, "closing", error) from error


class PosixSerialTransport(_Closing):
    """A local serial port or pty: pyserial opens and configures it, poll and read do the rest."""

    def __init__(self, port: serial.Serial, address: str) -> None:
        self._port = port
        self._fd = port.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
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
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise _lost(self.address, "writing to", error) from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            if not self._poll.poll(timeout_s * 1000.0):
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

    def close(self) -> None:
        if self._port.is_open:
            self._poll.unregister(self._fd)
            self._port.close()


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


def open_transport(address: str, baud_rate: int) -> Transport:
    """Open a serial port by name or any pyserial URL at 8N1, exclusively where that exists."""
    if address.startswith("socket://"):
        return TcpTransport.connect(address)
    try:
        port = serial.serial_for_url(
            address,
            baudrate=baud_rate,
            timeout=0,
            write_timeout=WRITE_TIMEOUT_S,
            exclusive=True if os.name == "posix" and "://" not in address else None,
        )
    except (OSError, ValueError, serial.SerialException) as error:
        raise LinkError(_why_not_opened(address, baud_rate, error)) from error
    if os.name == "posix" and isinstance(port, serial.Serial):
        return PosixSerialTransport(port, address)
    return SerialTransport(port, address)


def _why_not_opened(address: str, baud_rate: int, error: Exception) -> str:
    """Say which of the usual reasons it is, and what to do about it."""
    text = str(error)
    number = getattr(error, "errno", None)
    if isinstance(error, ValueError):
        return f"cannot open {address} at {baud_rate} baud: {text}"
    if number == 13 or "PermissionError" in text or "Permission denied" in text:
        advice = (
            "on Windows this usually means that another program has it open"
            if sys.platform == "win32"
            else "you may not open it: add yourself to the group that owns it, on most Linux "
            "systems `sudo usermod -aG dialout $USER`, and log in again"
        )
        return f"no permission to open {address}: {advice}"
    if number in (11, 16, 35) or "lock" in text.lower() or "busy" in text.lower():
        return (
            f"{address} is busy: another program has it open (a terminal, an IDE's serial "
            "monitor, another run); close it and try again"
        )
    if number == 2 or "FileNotFoundError" in text or "could not open port" in text:
        present = ", ".join(sorted(info.device for info in list_ports.comports())) or "none"
        return f"there is no port {address}; present: {present} (see `tinyrunner devices`)"
    return f"cannot open {address} at {baud_rate} baud: {text}"
