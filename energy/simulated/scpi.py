"""A strict SCPI parser, and a simulated instrument that answers by it on a TCP port.

A header is taken in its short or its long form, and in nothing between. A specification marks the
short form by capitals and optional nodes by brackets: ``SENSe:ELOG:PERiod`` takes ``SENS:ELOG:PER``
and ``sense:elog:period``, not ``SENSE:EL:PERI``.
"""

from __future__ import annotations

import contextlib
import re
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Protocol, Self

from ...dut_protocol.link.clock import Clock
from ...errors import TinyrunnerError

Answer = str | bytes | None

UNDEFINED_HEADER = (-113, "Undefined header")
MISSING_PARAMETER = (-109, "Missing parameter")
PARAMETER_NOT_ALLOWED = (-108, "Parameter not allowed")
DATA_TYPE = (-104, "Data type error")
OUT_OF_RANGE = (-222, "Data out of range")
ILLEGAL_VALUE = (-224, "Illegal parameter value")
SETTINGS_CONFLICT = (-221, "Settings conflict")
TRIGGER_IGNORED = (-211, "Trigger ignored")
INIT_IGNORED = (-213, "Init ignored")
NO_OPTION = (302, "Option not installed")


class ScpiError(TinyrunnerError):
    """Is one entry for the error queue."""

    def __init__(self, entry: tuple[int, str]) -> None:
        super().__init__(str(entry))
        self.entry = entry


@dataclass(frozen=True, slots=True)
class Request:
    """Holds what follows a header: parameters, and the channel list if there is one."""

    words: tuple[str, ...]
    channels: tuple[int, ...]

    def word(self, *choices: str) -> str:
        """Return the one parameter, one of ``choices`` (``NORMal``), as its short form."""
        given = self._one()
        for choice in choices:
            short = "".join(letter for letter in choice if not letter.islower())
            if given.upper() in (short, choice.upper()):
                return short
        raise ScpiError(ILLEGAL_VALUE)

    def flag(self) -> bool:
        return self.word("ON", "OFF", "1", "0") in ("ON", "1")

    def number(self, least: float, most: float) -> float:
        try:
            value = float(self._one())
        except ValueError as error:
            raise ScpiError(DATA_TYPE) from error
        if not least <= value <= most:
            raise ScpiError(OUT_OF_RANGE)
        return value

    def _one(self) -> str:
        if not self.words:
            raise ScpiError(MISSING_PARAMETER)
        if len(self.words) > 1:
            raise ScpiError(PARAMETER_NOT_ALLOWED)
        return self.words[0]


Handler = Callable[[Request], Answer]


class Grammar:
    """Holds the commands that there are."""

    def __init__(self, commands: Sequence[tuple[str, Handler]]) -> None:
        self._commands = [(_pattern(spec), handler) for spec, handler in commands]

    def run(self, message: str) -> Answer:
        """Execute one command; ScpiError is for the error queue."""
        header, _, rest = message.strip().partition(" ")
        for pattern, handler in self._commands:
            if pattern.fullmatch(header):
                return handler(_request(rest.strip()))
        raise ScpiError(UNDEFINED_HEADER)


def _pattern(spec: str) -> re.Pattern[str]:
    text = re.escape(spec).replace(r"\[", "(?:").replace(r"\]", ")?").replace(r"\:", ":")
    text = re.sub(r"\b([A-Z]+)([a-z]+)", r"\1(?:\2)?", text)
    return re.compile(":?" + text, re.IGNORECASE)


_CHANNELS = re.compile(r"\(@([^()]*)\)$")


def _request(text: str) -> Request:
    match = _CHANNELS.search(text)
    channels: list[int] = []
    if match:
        text = text[: match.start()].strip().removesuffix(",")
        for part in match[1].split(","):
            first, colon, last = part.strip().partition(":")
            if not first.isdigit() or (colon and not last.isdigit()):
                raise ScpiError(DATA_TYPE)
            channels += range(int(first), int(last or first) + 1)
    words = tuple(word.strip() for word in text.split(",")) if text.strip() else ()
    return Request(words, tuple(channels))


_MAX_LINE_BYTES = 4096
_ERROR_QUEUE = 20


class Fault(Enum):
    """Says what a simulated instrument does wrong, from ``fault_at_s`` of the clock on."""

    NONE = "nothing"
    GARBAGE = "answers bytes that are no text"
    SILENT = "does not answer"
    CUT = "drops the connection once, in the middle of the next answer"
    DEAD = "drops the connection and takes no new one"
    SMALL_FIFO = "holds half a second instead of 20"
    STUCK_ERRORS = "has an error queue that never empties"


class Served(Protocol):
    """Is what stands behind the port."""

    @property
    def fault_now(self) -> Fault: ...

    def handle(self, line: str) -> list[bytes]:
        """Return the segments of the answer to a line; none when it has no answer."""

    def cut_once(self) -> None:
        """Note that the connection was dropped; the next one works."""


class SimulatedInstrument:
    """Is a simulated instrument and its TCP server; a context manager.

    ``segment_bytes`` cuts its answers into pieces; ``fault`` holds from ``fault_at_s`` of the
    clock on. It answers in a thread of its own.
    """

    def __init__(
        self,
        clock: Clock,
        host: str,
        port: int,
        segment_bytes: int | None,
        fault: Fault,
        fault_at_s: float,
    ) -> None:
        self.fault = fault
        self.fault_at_s = fault_at_s
        self._clock = clock
        self._where = (host, port)
        self._segment_bytes = segment_bytes
        self._errors: deque[tuple[int, str]] = deque()
        self._server: ScpiServer | None = None
        self.received: list[str] = []
        """Every command so far, for tests and curious people."""
        self.greeting = b""
        """What every connection is told first."""

    @property
    def bound(self) -> tuple[str, int]:
        """Return where it listens; only while it is served."""
        assert self._server is not None, "start it first"
        return self._server.bound

    @property
    def address(self) -> str:
        """Return what to open; only while it is served."""
        host, port = self.bound
        return f"TCPIP0::{host}::{port}::SOCKET"

    def start(self) -> Self:
        """Listen and serve, in a thread."""
        self._server = ScpiServer(self, *self._where, self.greeting)
        return self

    def close(self) -> None:
        """Stop serving; the output stays as it is."""
        if self._server is not None:
            self._server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def fault_now(self) -> Fault:
        return self.fault if self._clock.now_s() >= self.fault_at_s else Fault.NONE

    def handle(self, line: str) -> list[bytes]:
        """Return the segments of the answer to a line; none when it has no answer."""
        answer = self._answer(line)
        if not answer or self.fault_now is Fault.SILENT:
            return []
        if self.fault_now is Fault.GARBAGE:
            return [b"\xff\xfe\x00 nothing that anybody could read\n"]
        size = self._segment_bytes or len(answer)
        return [answer[start : start + size] for start in range(0, len(answer), size)]

    def cut_once(self) -> None:
        """Note that the connection was dropped; the next one works."""
        self.fault = Fault.NONE

    def _answer(self, line: str) -> bytes:
        """Execute a line and return its answer; empty when it has none."""
        raise NotImplementedError

    def _refuse(self, entry: tuple[int, str]) -> None:
        """Put an entry into the error queue."""
        if len(self._errors) < _ERROR_QUEUE:
            self._errors.append(entry)

    def _next_error(self) -> str:
        if self.fault_now is Fault.STUCK_ERRORS:
            return '-310,"System error"'
        code, text = self._errors.popleft() if self._errors else (0, "No error")
        return f'{code:+d},"{text}"'


class ScpiServer:
    """Serves lines from any number of connections, one after the other, in one thread."""

    def __init__(self, instrument: Served, host: str, port: int, greeting: bytes = b"") -> None:
        """Listen; every connection is told ``greeting`` first."""
        self._instrument = instrument
        self._greeting = greeting
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
        if self._greeting:
            connection.sendall(self._greeting)

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
