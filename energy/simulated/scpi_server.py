"""A simulated instrument on a TCP port: lines in, answers out, and what can go wrong on the way."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from enum import Enum
from typing import Protocol

_MAX_LINE_BYTES = 4096


class Fault(Enum):
    """What a simulated instrument can do wrong, from ``fault_at_s`` of the clock on."""

    NONE = "nothing"
    GARBAGE = "answers bytes that are no text"
    SILENT = "does not answer"
    CUT = "drops the connection once, in the middle of the next answer"
    DEAD = "drops the connection and takes no new one"
    SMALL_FIFO = "holds half a second instead of 20"
    STUCK_ERRORS = "has an error queue that never empties"


class Instrument(Protocol):
    """What is behind the port."""

    @property
    def fault_now(self) -> Fault: ...

    def handle(self, line: str) -> list[bytes]:
        """The segments of the answer to a line; none when it has no answer."""

    def cut_once(self) -> None:
        """The connection was dropped; the next one works."""


class ScpiServer:
    """Lines from any number of connections, one after the other, in one thread."""

    def __init__(self, instrument: Instrument, host: str, port: int) -> None:
        self._instrument = instrument
        self._listener = socket.create_server((host, port))
        self.bound: tuple[str, int] = self._listener.getsockname()[:2]
        self._wake, self._woken = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._buffers: dict[socket.socket, bytearray] = {}
        for source in (self._listener, self._woken):
            self._selector.register(source, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="simulated instrument", daemon=True)
        self._thread.start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._wake.send(b"x")
        self._thread.join()
        self._wake.close()

    def _run(self) -> None:
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj is self._woken:
                        return
                    if key.fileobj is self._listener:
                        self._accept()
                    elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._buffers:
                        self._take(key.fileobj)
        finally:
            self._drop_all()
            self._selector.close()
            self._listener.close()
            self._woken.close()

    def _accept(self) -> None:
        connection = self._listener.accept()[0]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffers[connection] = bytearray()
        self._selector.register(connection, selectors.EVENT_READ)

    def _take(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(65536)
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        buffer = self._buffers[connection]
        buffer += data
        while b"\n" in buffer and connection in self._buffers:
            line, _, rest = bytes(buffer).partition(b"\n")
            buffer[:] = rest
            self._serve(connection, line.decode("ascii", "replace").strip())
        if len(buffer) > _MAX_LINE_BYTES:
            buffer.clear()

    def _serve(self, connection: socket.socket, line: str) -> None:
        segments = self._instrument.handle(line)
        fault = self._instrument.fault_now
        broken = bool(segments) and fault in (Fault.CUT, Fault.DEAD)
        try:
            for segment in segments:
                connection.sendall(segment[: len(segment) // 2] if broken else segment)
        except OSError:
            self._drop(connection)
        if not broken:
            return
        self._drop_all()
        if fault is Fault.CUT:
            self._instrument.cut_once()
        else:
            self._selector.unregister(self._listener)
            self._listener.close()

    def _drop(self, connection: socket.socket) -> None:
        if self._buffers.pop(connection, None) is not None:
            self._selector.unregister(connection)
            connection.close()

    def _drop_all(self) -> None:
        for connection in list(self._buffers):
            self._drop(connection)
