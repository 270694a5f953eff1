"""Talks to a VISA instrument: the one place where pyvisa's exceptions become MonitorError.

Commands and answers are lines; data comes as an IEEE 488.2 definite-length block, ``#``, one digit
that counts the digits of the length, the length in bytes, the bytes. A block is taken apart as it
arrives::

    > *IDN?                       < Keysight Technologies,N6705C,MY00000001,E.02.09
    > FETC:ELOG? 2,(@1)           < #216<16 bytes>

pyvisa-py's habits that this module knows (0.8): a refused TCP connection shows at the first write;
a peer that has hung up reads as silence; its ``clear`` of a raw socket never returns then; opening
raises plain ``Exception``. On a raw socket nothing but the line end or the block's length tells
where an answer stops; the other kinds of resource mark the end of a message.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
import warnings
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

from ...dut_protocol.link.wire_log import WireTap
from ...errors import TinyrunnerError
from ..errors import MonitorError, MonitorTimeout

PURE_PYTHON = "@py"
VENDOR = "@ivi"
MAX_LINE_BYTES = 65536
_CHUNK_BYTES = 65536
_QUIET_S = 0.1
"""A raw socket is drained when nothing came from it for this long."""
_DRAIN_ROUNDS = 20
_DRAIN_BYTES = 1 << 24
"""Bytes after which a peer that never stops talking is no longer listened to."""


class VisaLink:
    """Is an open VISA resource. Methods raise MonitorError, or MonitorTimeout for silence."""

    def __init__(
        self,
        resource: Any,  # noqa: ANN401
        address: str,
        timeout_s: float,
        tap: WireTap | None = None,
    ) -> None:
        self._resource = resource
        self._tap = tap
        self.address = address
        self.timeout_s = timeout_s
        self._is_stream = address.upper().endswith("::SOCKET")
        self._owed = False
        """Whether an answer was asked for and not taken in full: an interrupt, a time-out, garbage.
        """
        self._heard = False
        self._closed = False

    @classmethod
    def open(
        cls,
        address: str,
        timeout_s: float = 5.0,
        library: str | None = None,
        tap: WireTap | None = None,
    ) -> Self:
        """Open ``address`` with pyvisa-py; with the vendor's VISA where pyvisa-py lacks that kind
        of resource (USB, GPIB) and one is installed; or with ``library``, when given.

        ``tap`` notes what goes both ways.
        """
        resource = _open(address, timeout_s, library)
        with _translated(address, f"setting up {address}"):
            resource.timeout = timeout_s * 1000.0
            resource.write_termination = "\n"
            link = cls(resource, address, timeout_s, tap)
            if link._is_stream:
                resource.read_termination = "\n"
            return link

    def write(self, command: str) -> None:
        """Send a command that has no answer."""
        self._settle()
        with self._doing(f"sending {command!r}"):
            self._send(command)

    def ask(self, question: str, after: str | None = None) -> None:
        """Send a question; its answer is to be read next. ``after`` is a command to send first."""
        self._settle()
        self._owed = True
        with self._doing(f"sending {question!r}"):
            if after is not None and self._is_stream:
                self._send(f"{after}\n{question}")
            else:
                if after is not None:
                    self._send(after)
                self._send(question)

    def query(
        self, question: str, after: str | None = None, max_bytes: int = MAX_LINE_BYTES
    ) -> str:
        """Return the line that answers ``question``; ``after`` is a command to send right before.

        On a raw socket the two travel together: else the second waits for the acknowledgement of
        the first (Nagle), 40 ms and more a time.
        """
        self.ask(question, after)
        with self._doing(f"waiting for the answer to {question!r}"):
            data = self._read(max_bytes, break_on_termchar=True)
        if len(data) >= max_bytes:
            raise self._garbage(question, data)
        self._heard, self._owed = True, False
        try:
            return str(data.decode("ascii").strip())
        except UnicodeDecodeError as error:
            raise self._garbage(question, data) from error

    def query_binary(self, question: str, max_bytes: int) -> bytes:
        """Return the bytes of the block that answers ``question``, in whatever pieces they come."""
        self.ask(question, None)
        reader = BlockReader(max_bytes)
        with self._doing(f"reading the data block that answers {question!r}"):
            try:
                if self._is_stream:
                    self._read_stream(reader)
                else:  # one message: its end is marked, so asking for too much does no harm
                    most = max_bytes + 16
                    reader.feed(self._read(most, most, break_on_termchar=True))
            except BlockError as error:
                raise MonitorError(
                    f"{self.address} answered {question!r} with something else: {error}"
                ) from error
        if not reader.complete or reader.rest not in (b"", b"\n", b"\r\n"):
            raise self._garbage(question, reader.rest)
        self._owed = False
        return reader.payload

    def clear(self) -> None:
        """Drop what is on its way; the link is as good as new."""
        with self._doing("clearing the link"):
            if not self._is_stream:
                self._resource.clear()
            else:
                self._drain()
        self._owed = False

    def close(self) -> None:
        """Release the resource; calling it again is harmless."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(MonitorError), _translated(self.address, "closing"):
                self._resource.close()  # of a link that is dead: it must not hide why

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ---- inside ----------------------------------------------------------------------------------

    def _send(self, text: str) -> None:
        """Write; pyvisa-py waits without end for a raw socket whose other end reads nothing."""
        if self._is_stream:
            sessions = getattr(self._resource.visalib, "sessions", {})
            connection = getattr(sessions.get(self._resource.session), "interface", None)
            if (
                isinstance(connection, socket.socket)
                and not select.select([], [connection], [], self.timeout_s)[1]
            ):
                raise MonitorTimeout(
                    f"{self.address} took nothing of {text[:40]!r} for {self.timeout_s:g} s; is it "
                    "still connected and switched on?"
                )
        if self._tap is not None:
            self._tap.sent(f"{text}\n".encode("ascii", "replace"))
        self._resource.write(text)

    def _read(self, count: int, *how: Any, **more: Any) -> bytes:  # noqa: ANN401 - pyvisa's
        data: bytes = self._resource.read_bytes(count, *how, **more)
        if self._tap is not None:
            self._tap.came(data)
        return data

    def _settle(self) -> None:
        if self._owed:
            self.clear()

    def _read_stream(self, reader: BlockReader) -> None:
        self._resource.read_termination = None  # a byte of the data may look like a line end
        try:
            while not reader.complete:
                reader.feed(self._read(min(reader.needed, _CHUNK_BYTES)))
            while not reader.rest.endswith(b"\n") and len(reader.rest) < 2:
                reader.feed(self._read(1))
        finally:
            self._resource.read_termination = "\n"

    def _drain(self) -> None:
        """Read a raw socket empty; pyvisa-py's ``clear`` never returns once the peer hung up."""
        from pyvisa.errors import VisaIOError

        self._resource.timeout = _QUIET_S * 1000.0
        self._resource.read_termination = None
        try:
            for _ in range(_DRAIN_ROUNDS):
                with contextlib.suppress(VisaIOError):
                    self._read(_DRAIN_BYTES, 4096)
                try:
                    self._read(1)
                except VisaIOError:  # silence, which is what is wanted
                    return
            raise MonitorError(f"{self.address} never stops talking")
        finally:
            self._resource.read_termination = "\n"
            self._resource.timeout = self.timeout_s * 1000.0

    @contextlib.contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        if self._closed:
            raise MonitorError(f"{self.address} is closed")
        with _translated(self.address, f"{what} on {self.address}", self.timeout_s):
            try:
                yield
            except ConnectionRefusedError as error:
                if self._heard:
                    raise
                raise _no_such(self.address, error) from error

    def _garbage(self, question: str, data: bytes) -> MonitorError:
        self._owed = True
        return MonitorError(
            f"{self.address} answered {question!r} with something unreadable: "
            f"{data[:SHOWN_BYTES]!r}; is it the instrument that was meant?"
        )


@contextlib.contextmanager
def _translated(address: str, doing: str, timeout_s: float = 0.0) -> Iterator[None]:
    """Turn whatever pyvisa, its backend and the system raise into one family."""
    from pyvisa.constants import StatusCode

    try:
        yield
    except MonitorError:
        raise
    except Exception as error:  # pyvisa-py raises what its sockets, RPC and USB code raise
        status = getattr(error, "error_code", None)
        if status == StatusCode.error_timeout or isinstance(error, TimeoutError):
            raise MonitorTimeout(
                f"{doing}: nothing for {timeout_s:g} s; is it still connected and switched on?"
            ) from error
        raise MonitorError(f"the link died while {doing}: {error}") from error


def _open(address: str, timeout_s: float, library: str | None) -> Any:  # noqa: ANN401
    try:
        import pyvisa
    except ImportError as error:
        raise MonitorError("VISA instruments need pyvisa: pip install pyvisa pyvisa-py") from error
    # A resource whose making is interrupted has none yet, and its __del__ would print a traceback.
    pyvisa.resources.Resource._session = None
    open_timeout = round(timeout_s * 1000.0)
    handled = sys.exception()
    try:
        manager = pyvisa.ResourceManager(library or PURE_PYTHON)
        return manager.open_resource(address, open_timeout=open_timeout)
    except ValueError as error:  # pyvisa-py lacks what such resources need
        if library is None:
            with contextlib.suppress(OSError, ValueError, pyvisa.errors.Error):
                manager = pyvisa.ResourceManager(VENDOR)
                return manager.open_resource(address, open_timeout=open_timeout)
        raise _no_such(address, error, library) from error
    except Exception as error:  # pyvisa-py raises a plain one for a host that does not exist
        if _hides_interrupt(error, handled):
            raise KeyboardInterrupt from error
        raise _no_such(address, error, library) from error


def _hides_interrupt(error: BaseException | None, handled: BaseException | None) -> bool:
    """Tell whether an error came of an interrupt, which none of those ``handled`` before is.

    pyvisa-py's clean-up fails where a socket was interrupted before there was one.
    """
    while error is not None and error is not handled:
        if isinstance(error, KeyboardInterrupt):
            return True
        error = error.__context__
    return False


def _no_such(address: str, why: Exception | None, library: str | None = None) -> MonitorError:
    present = ", ".join(visa_resources(library)) or "none"
    return MonitorError(
        f"cannot open the VISA resource {address}: {why}. Resources that answer: {present} "
        "(raw sockets and instruments behind a router are not found by searching)"
    )


def visa_resources(library: str | None = None) -> tuple[str, ...]:
    """Find the VISA resources there are; takes a second, since instruments are called for."""
    import pyvisa

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is not installed, and of sockets left open
        try:
            return tuple(pyvisa.ResourceManager(library or PURE_PYTHON).list_resources("?*"))
        except (pyvisa.errors.Error, OSError, ValueError):
            return ()  # nothing found is an error for some


SHOWN_BYTES = 60
"""The number of bytes that an error quotes of what came instead."""


class BlockError(TinyrunnerError, ValueError):
    """Says that these bytes are no definite-length block."""


class BlockReader:
    """Takes a definite-length block in any pieces; no I/O."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._header_bytes = 2
        self._length: int | None = None

    @property
    def needed(self) -> int:
        """Return how many bytes are certainly still missing; 0 when the block is complete."""
        return max(0, self._header_bytes + (self._length or 0) - len(self._buffer))

    @property
    def complete(self) -> bool:
        return self._length is not None and self.needed == 0

    @property
    def payload(self) -> bytes:
        return bytes(self._buffer[self._header_bytes : self._header_bytes + (self._length or 0)])

    @property
    def rest(self) -> bytes:
        """Return what came after the block."""
        return bytes(self._buffer[self._header_bytes + (self._length or 0) :])

    def feed(self, data: bytes) -> None:
        """Take more bytes; BlockError as soon as they cannot be a block."""
        self._buffer += data
        if self._length is not None:
            return
        start = bytes(self._buffer[:SHOWN_BYTES])
        if start[:1] not in (b"", b"#"):
            raise BlockError(f"expected a data block (#…), got {start!r}")
        if len(self._buffer) < 2:
            return
        if start[1:2] not in b"123456789":
            raise BlockError(f"expected a block of stated length (#1… to #9…), got {start!r}")
        self._header_bytes = 2 + int(start[1:2])
        if len(self._buffer) < self._header_bytes:
            return
        digits = start[2 : self._header_bytes]
        if not digits.isdigit():
            raise BlockError(f"the length of a data block is no number: {start!r}")
        if int(digits) > self._max_bytes:
            raise BlockError(
                f"a data block of {int(digits)} bytes, where {self._max_bytes} at most were wanted"
            )
        self._length = int(digits)
