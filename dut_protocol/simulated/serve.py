"""Serves a simulated device in real time, on a pseudo-terminal or a TCP port.

Any runner, or a terminal program, can then talk to it as to a board. Bytes leave when the modelled
UART would have sent them. A new TCP connection boots the device, as opening the port of many
boards does (DTR); a pty has no such line, so it boots once.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol, Self

from ..errors import LinkError
from ..link.clock import Clock, MonotonicClock
from ..link.transport import READ_BYTES
from .link import SimulatedEnd

_IDLE_S = 0.05
"""How soon a request to stop is noticed, or that another thread has powered the device."""

_BACKLOG_TIMEOUT_S = 1.0
"""A host that reads nothing for this long loses what the device says, as on a real UART."""


class ServedPort(Protocol):
    """Is the device's end of a link."""

    address: str
    """The address that a host opens to reach it."""

    def wait(self, timeout_s: float) -> bytes | None:
        """Return bytes from the host; None when nothing came. It never raises LinkError."""

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class PtyPort:
    """Is a pseudo-terminal (Linux and macOS)."""

    def __init__(self, master: int, slave: int, address: str) -> None:
        self._master = master
        self._slave = slave  # kept open, or reading fails whenever no host has it open
        self.address = address

    @classmethod
    def open(cls) -> Self:
        try:
            import pty
            import tty
        except ImportError as error:
            raise LinkError(
                "this system has no pseudo-terminals; serve on TCP instead: --tcp 127.0.0.1:5000"
            ) from error
        master, slave = pty.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        return cls(master, slave, os.ttyname(slave))

    def wait(self, timeout_s: float) -> bytes | None:
        if not select.select([self._master], [], [], timeout_s)[0]:
            return None
        try:
            return os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return None

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view and select.select([], [self._master], [], _BACKLOG_TIMEOUT_S)[1]:
            try:
                view = view[os.write(self._master, view) :]
            except BlockingIOError:
                continue

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)


class TcpPort:
    """Is a listening TCP socket; one host at a time."""

    def __init__(self, listener: socket.socket, on_connect: Callable[[], None]) -> None:
        self._listener = listener
        self._host: socket.socket | None = None
        self._on_connect = on_connect
        address, port = listener.getsockname()[:2]
        self.address = f"socket://{address}:{port}"

    @classmethod
    def listen(cls, host: str, port: int, on_connect: Callable[[], None]) -> Self:
        """Listen; port 0 takes any free one, and ``address`` says which."""
        try:
            return cls(socket.create_server((host, port)), on_connect)
        except OSError as error:
            busy = "; another program has it" if error.errno == errno.EADDRINUSE else ""
            raise LinkError(f"cannot listen on {host}:{port}: {error}{busy}") from error

    def wait(self, timeout_s: float) -> bytes | None:
        source = self._host or self._listener
        if not select.select([source], [], [], timeout_s)[0]:
            return None
        if self._host is None:
            self._host = self._listener.accept()[0]
            self._host.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._host.settimeout(_BACKLOG_TIMEOUT_S)
            self._on_connect()
            return None
        try:
            data = self._host.recv(READ_BYTES)
        except OSError:  # reset by the host: the same as its orderly end
            data = b""
        if not data:
            self._hang_up()
            return None
        return data

    def write(self, data: bytes) -> None:
        if self._host is None:
            return
        try:
            self._host.sendall(data)
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None

    def close(self) -> None:
        self._hang_up()
        self._listener.close()


class ServedEnd(SimulatedEnd, Protocol):
    """Can be served: a simulated device, or an IO manager with one behind it."""

    def boot(self, at_s: float) -> None:
        """Begin anew, as opening its port makes it."""


class DeviceServer:
    """Joins a simulated device to a port, in real time."""

    def __init__(
        self,
        device: ServedEnd,
        clock: Clock | None = None,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """Serve ``device``; ``lock`` is held around its use, where other threads use it too."""
        self._device = device
        self._clock = clock or MonotonicClock()
        self._lock = lock or nullcontext()
        self._byte_time_s = device.settings.byte_time_s
        self._received_until_s = 0.0

    def boot(self) -> None:
        """Reset the device; what it had not said yet is lost."""
        with self._lock:
            self._device.outgoing.clear()
            self._device.boot(self._clock.now_s())

    def run(self, port: ServedPort, stop: threading.Event) -> None:
        """Serve until ``stop`` is set."""
        while not stop.is_set():
            data = port.wait(self._patience_s())
            with self._lock:
                if data:
                    self._receive(data)
                due = self._take_due()
            if due:
                port.write(due)

    def _patience_s(self) -> float:
        with self._lock:
            outgoing = self._device.outgoing
            if not outgoing:
                return _IDLE_S
            return min(_IDLE_S, max(0.0, outgoing[0][0] - self._clock.now_s()))

    def _receive(self, data: bytes) -> None:
        start_s = max(self._clock.now_s(), self._received_until_s)
        self._received_until_s = start_s + len(data) * self._byte_time_s
        self._device.receive(data, start_s)

    def _take_due(self) -> bytes:
        outgoing = self._device.outgoing
        now_s = self._clock.now_s()
        due = []
        while outgoing and outgoing[0][0] <= now_s:
            due.append(outgoing.popleft()[1])
        return b"".join(due)
