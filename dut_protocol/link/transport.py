"""Moves bytes: write, read what is there, close. Nothing above knows what carries them.

This is the one place where pyserial's and the system's exceptions become :class:`LinkError`, and
(with ``serve``) the one place with calls that exist on POSIX only.

A handshake costs three system calls (write, poll, read): on POSIX the port that pyserial opened and
configured is polled and read directly. pyserial's own ``read`` returns when the number of bytes
asked for is there, and its ``in_waiting`` costs further calls. No read blocks: where another
program reads the same terminal, a blocking one waits for that one, for ever.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import select
import socket
import sys
import time
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import urlsplit

import serial
from serial.tools import list_ports

from ..errors import LinkError, PortAbsent, PortBusy, PortForbidden
from .port_users import others_at
from .usb_address import port_of

READ_BYTES = 65536
_SLICE_S = 0.05
"""How long one call of pyserial's ``read`` waits. Set once: changing the time-out of an open port
sends its whole configuration again, over USB (Windows) or the network (``rfc2217://``)."""
WRITE_TIMEOUT_S = 10.0
"""A device or a USB stack that takes nothing for this long is gone."""
STALLED_TIMEOUT_S = 1.0
"""So long is tried when it took nothing before: what leaves a bench safe must not wait for ever."""


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
            _refuse_shared(self.address)
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
    """Reads and writes a local serial port or pty that pyserial opened, by poll and read."""

    def __init__(self, port: serial.Serial, address: str) -> None:
        self._port = port
        self._fd = port.fileno()
        _nothing_is_no_hang_up(self._fd, address)
        self._stalled = False
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
        patience_s = STALLED_TIMEOUT_S if self._stalled else WRITE_TIMEOUT_S
        deadline = time.monotonic() + patience_s
        view = memoryview(data)
        try:
            while view:
                if not select.select([], [self._fd], [], max(0.0, deadline - time.monotonic()))[1]:
                    self._stalled = True
                    self._port.reset_output_buffer()  # else closing would wait for it to go out
                    raise _takes_nothing(self.address, len(view), patience_s)
                with contextlib.suppress(BlockingIOError):
                    view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise _lost(self.address, "writing to", error) from error

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        until_s = time.monotonic() + timeout_s
        while True:
            try:
                if not self._readable(timeout_s):
                    return b""
                data = os.read(self._fd, max_bytes)
            except BlockingIOError:  # another program reads this port, too, and was faster
                time.sleep(_OUTRUN_S)
                timeout_s = max(0.0, until_s - time.monotonic())
                if timeout_s == 0.0:
                    return b""
            except OSError as error:
                raise _lost(self.address, "reading from", error) from error
            else:
                break
        if not data:
            _refuse_shared(self.address)
            raise LinkError(
                f"{self.address} hung up while reading: the device was unplugged or closed its "
                "side; plug it in"
            )
        return data

    def set_baud_rate(self, baud_rate: int) -> None:
        try:
            self._port.baudrate = baud_rate
        except _port_errors() as error:
            raise _no_such_rate(self.address, baud_rate, error) from error
        _nothing_is_no_hang_up(self._fd, self.address)  # pyserial has configured the port anew

    def ask_for_low_latency(self) -> None:
        """Tell the driver not to keep bytes back; one that cannot do so is left as it is."""
        with contextlib.suppress(OSError, ValueError, NotImplementedError):
            self._port.set_low_latency_mode(True)

    def _readable_by_select(self, timeout_s: float) -> bool:
        return bool(select.select([self._fd], [], [], timeout_s)[0])

    def close(self) -> None:
        if self._port.is_open:
            with contextlib.suppress(OSError):  # of a port that is gone: it must not hide why
                self._port.close()


_POLLS_PORTS = sys.platform == "linux"
"""macOS's manual says of poll that it does not support devices; select does, below 1024."""


def _readable_by_poll(fd: int) -> Callable[[float], bool]:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return lambda timeout_s: bool(poll.poll(timeout_s * 1000.0))


_OUTRUN_S = 0.002
"""Before looking again at a port that another program has just emptied, or is reading."""


def _nothing_is_no_hang_up(fd: int, address: str) -> None:
    """Let a read that finds nothing say so (EAGAIN), where pyserial lets it return no bytes.

    That is what a port that hung up does.
    """
    import termios

    try:
        attributes = termios.tcgetattr(fd)
        attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 1, 0
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except termios.error as error:  # no OSError
        raise _lost(address, "setting up", error) from error


class TcpTransport(_Closing):
    """Reads ``socket://HOST:PORT``, whatever is there.

    pyserial's own reads a byte at a time (its ``in_waiting`` is a flag) and leaves Nagle's
    algorithm on, which costs 40 ms a handshake.
    """

    def __init__(self, connection: socket.socket, address: str) -> None:
        self._socket = connection
        self._stalled = False
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = address

    @classmethod
    def connect(cls, address: str) -> Self:
        host, port = _host_and_port(address)
        try:
            return cls(socket.create_connection((host, port), timeout=WRITE_TIMEOUT_S), address)
        except OSError as error:
            raise LinkError(
                f"cannot connect to {address}: {error}; is something listening there?"
            ) from error

    def write(self, data: bytes) -> None:
        patience_s = STALLED_TIMEOUT_S if self._stalled else WRITE_TIMEOUT_S
        try:
            self._socket.settimeout(patience_s)
            self._socket.sendall(data)
        except TimeoutError as error:
            self._stalled = True
            raise _takes_nothing(self.address, len(data), patience_s) from error
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


def _host_and_port(address: str) -> tuple[str, int]:
    """Split ``socket://HOST:PORT``; LinkError where it is none."""
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LinkError(f"{address}: {error}; expected socket://HOST:PORT") from error
    if not host or port is None or parts.path not in ("", "/"):
        raise LinkError(f"{address} is no socket address; expected socket://HOST:PORT")
    return host, port


_SCHEMES = ("socket", "rfc2217", "loop", "spy", "alt", "hwgrep", "cp2110")
"""What a URL may begin with: ours, and pyserial's."""


def check_address(address: str) -> None:
    """Refuse (LinkError) what cannot be opened, as far as that shows without opening anything.

    For benches of several ports: a typo in the last must not be found when the first, whose
    opening resets a board, is open.
    """
    address = port_of(address)
    scheme, separator, rest = address.partition("://")
    if separator:
        if scheme not in _SCHEMES:
            near = get_close_matches(scheme, _SCHEMES, 1)
            meant = f"; is {near[0]}://{rest} meant?" if near else ""
            raise LinkError(
                f"{address}: nothing is reached by {scheme}://{meant} (there are "
                f"{', '.join(f'{each}://' for each in _SCHEMES)})"
            )
        if scheme == "socket":
            _host_and_port(address)
    elif os.name == "posix" and not os.path.exists(address):
        raise _no_such_port(address)


_HOST_AND_PORT = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}")

_NEAR = 0.85
"""How alike two names of ports are that may have been mistaken for each other."""


def _no_such_port(address: str) -> PortAbsent:
    present = sorted(info.device for info in list_ports.comports())
    near = get_close_matches(address, present, 1, _NEAR)
    meant = f"; is {near[0]} meant?" if near else ""
    if _HOST_AND_PORT.fullmatch(address):
        meant = f"; is socket://{address} meant?"
    return PortAbsent(
        f"there is no port {address}; present: {', '.join(present) or 'none'}{meant} (see "
        "`tinyrunner devices`)"
    )


def _lost(address: str, doing: str, error: Exception) -> LinkError:
    return LinkError(
        f"the link died while {doing} {address}: {error}; check the cable and the port"
    )


def _takes_nothing(address: str, count: int, patience_s: float) -> LinkError:
    return LinkError(
        f"{address}: {count} bytes could not be written in {patience_s:.3g} s; the device, its USB "
        "adapter or the other end of the connection takes nothing"
    )


def _no_such_rate(address: str, baud_rate: int, error: Exception) -> LinkError:
    return LinkError(f"cannot set {address} to {baud_rate} baud: {error}")


def open_transport(address: str, baud_rate: int) -> Transport:
    """Open a serial port by name, `usb:SERIAL` or any pyserial URL at 8N1.

    It is opened exclusively where that exists.
    """
    if "://" in address:
        check_address(address)
    if address.startswith("socket://"):
        return TcpTransport.connect(address)
    return open_serial(address, baud_rate)


def open_serial(address: str, baud_rate: int) -> SerialLink:
    """Open what is a serial port to pyserial, exclusively where that exists.

    PortBusy, PortForbidden, or LinkError for any other reason.
    """
    address = port_of(address)
    local = "://" not in address
    _refuse_shared(address)
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


def _refuse_shared(address: str) -> None:
    """Raise PortBusy where another program has the port open: it would take the answers."""
    if others := others_at(address):
        raise PortBusy(
            f"{address} is busy: {others} has it open, and each would take the other's answers; "
            "close it there and try again"
        )


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
        return _no_such_port(address)
    if number == errno.EISDIR or Path(address).is_file():  # which a port is not
        what = "a folder" if number == errno.EISDIR else "a file"
        return LinkError(f"{address} is {what}, and no port; `tinyrunner devices` lists the ports")
    return LinkError(f"cannot open {address} at {baud_rate} baud: {text}")
