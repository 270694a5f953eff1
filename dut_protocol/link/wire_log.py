"""The wire log: every byte both ways with its time, written on the side of any transport.

    # tinyrunner 0.1.0 wire log, format 2, clock monotonic, 115200 baud, begun …Z, at /dev/ttyACM0
    12.345678 > db 0011223344%
    12.347013 < m-ready\\r\\n

One line a write (``>``, to the device, stamped before it) and a read (``<``, stamped after it):
seconds on the bench's clock, then the bytes. On a bench of several wires each is named, the IO
manager's and the monitor's; a line says which monitor it is::

    # 0.012345 wire monitor at lpm01a:/dev/ttyACM1
    0.012401 >monitor htc\\r\\n
    0.013502 <monitor \\r\\nPowerShield > ack htc\\r\\n\\r\\n
    5.104110 >io dut name%

Behind the layers that a device told may stand what its model file calls each::

    # layer 0 convolution 25x5x64 320000 MACs

Format 1 has no named wires. Printable ASCII stands for itself, a backslash is
doubled, the rest is ``\\r``, ``\\n``, ``\\t`` or ``\\xff``. What begins with ``#`` is about the
log: each opening of the file appends a beginning like the one above, so that one file holds a run
and its continuations; ``# 12.5 …`` says that the link died. Nothing is ever overwritten. Two runs
at once need two files.

Text, because people read it; formatting and escaping are done for many lines in one go. A whole ad
run, 4.2 million blocks of 30 bytes, makes 0.45 GB. A log that cannot be written any more (a full
disk) is given up, which is told once; the run, which it is only an aid to, goes on.

:class:`~.wire_log_reader.WireLogReader` reads it back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Self

from ...errors import TinyrunnerError
from ..errors import LinkError
from .clock import Clock, VirtualClock
from .transport import READ_BYTES, Transport

FORMAT = 2
"""The version of the format; a reader refuses a higher one."""

FLUSH_INTERVAL_S = 1.0
"""Seconds on the bench's clock: a killed run loses no more of its wire log."""

MAX_WAITING = 4096
"""Writes and reads kept before they are rendered, where no time passes: a bound for the memory."""

TO_DEVICE, FROM_DEVICE = b">", b"<"

IO_MANAGER, MONITOR = "io", "monitor"
"""The names of the wires of a bench that has several."""

_PLAIN = bytes(byte for byte in range(0x20, 0x7F) if byte != ord("\\")) + b"\r\n"
"""What bytes rendered in one go may consist of; with any other among them, each write or read is
escaped by itself."""

_LINE, _END = b"%.6f %b %b\x00", b"\x00"
"""A line in the making: its end is none of the plain bytes, a CR or LF in the data is one."""

CUT = b"\t(cut)\n"
"""The end that a line cut by a killed run gets when its log goes on: no data holds a bare tab."""

BEGINNING = re.compile(
    rb"# tinyrunner (\S+) wire log, format (\d{1,9}), clock (\w+), (\d{1,18}) baud, "
    rb"begun (\S+), at (.*)"
)


class WireLogError(TinyrunnerError, ValueError):
    """Says that a file is no wire log, cannot be one, or is damaged, and where."""


@dataclass(frozen=True, slots=True)
class WireLogBeginning:
    """Is the line that each opening of the file begins with."""

    version: str
    """The version of tinyrunner."""
    clock: str
    """`monotonic`, or `virtual` where the bench was simulated; each beginning starts it anew."""
    baud_rate: int
    begun: str
    """When the log was begun: UTC, ISO 8601, by the calendar whatever the clock is."""
    address: str

    def encode(self) -> bytes:
        """Return the line without its end."""
        head = (
            f"# tinyrunner {self.version} wire log, format {FORMAT}, clock {self.clock}, "
            f"{self.baud_rate} baud, begun {self.begun}, at "
        )
        return head.encode("ascii") + escaped(self.address.encode("utf-8"))


class WireLog:
    """Writes a wire log. Close it on every path; that writes out what it still keeps."""

    def __init__(
        self, file: BinaryIO, path: Path, clock: Clock, tell: Callable[[str], None]
    ) -> None:
        """Write into an open file; ``tell`` is told, once, that the log could not be continued."""
        self._file: BinaryIO | None = file
        self._path = path
        self._clock = clock
        self._tell = tell
        self.waiting: list[float | bytes] = []
        """Time, direction, bytes of each event that is not written yet, one after the other."""
        self.due_s = clock.now_s() + FLUSH_INTERVAL_S

    @classmethod
    def open(
        cls,
        path: Path,
        clock: Clock,
        address: str,
        baud_rate: int,
        tell: Callable[[str], None],
        version: str,
    ) -> Self:
        """Begin a log in a new file, or behind what a wire log holds already.

        ``version`` is tinyrunner's. ``tell`` is told, once, that the log could not be continued.
        WireLogError where the file is something else (it stays as it is) or cannot be written.
        """
        kind = "virtual" if isinstance(clock, VirtualClock) else "monotonic"
        begun = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        beginning = WireLogBeginning(version, kind, baud_rate, begun, address)
        try:
            with ExitStack() as stack:
                file = stack.enter_context(path.open("a+b"))
                torn = _ends_torn(file, path)
                file.write(CUT * torn + beginning.encode() + b"\n")
                file.flush()
                stack.pop_all()
        except OSError as error:
            raise WireLogError(
                f"cannot write the wire log {path}: {error.strerror or error}; name another file"
            ) from error
        return cls(file, path, clock, tell)

    def flush(self) -> None:
        """Hand what is kept to the system; a failure ends the log and is told."""
        self.due_s = self._clock.now_s() + FLUSH_INTERVAL_S
        if self.waiting:
            block = _rendered(self.waiting)
            self.waiting.clear()
            self._write(block)

    def remark(self, text: str) -> None:
        """Write a line about the log, with its time, after everything kept, and at once."""
        self.flush()
        self._write(b"# %.6f %b\n" % (self._clock.now_s(), escaped(text.encode("utf-8"))))

    def name_wire(self, name: str, address: str) -> None:
        """Say what is at the other end of a wire that has this name."""
        self.remark(f"wire {name} at {address}")

    def close(self) -> None:
        """Write out what is kept; calling it again is harmless."""
        self.flush()
        self._give_up()

    def _write(self, block: bytes) -> None:
        if self._file is None:
            return
        try:
            self._file.write(block)
            self._file.flush()
        except OSError as error:
            self._give_up()
            self._tell(
                f"the wire log {self._path} ends here, it cannot be written: "
                f"{error.strerror or error}; the run goes on without it"
            )

    def _give_up(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # what could not be written has been told
                file.close()


def add_layer_names(path: Path, names: Sequence[str]) -> None:
    """Write behind a closed log what a model file calls the layers; WireLogError where it fails."""
    lines = (
        b"# layer %d %b\n" % (number, escaped(name.encode("utf-8")))
        for number, name in enumerate(names)
    )
    try:
        with path.open("ab") as file:
            file.write(b"".join(lines))
    except OSError as error:
        raise WireLogError(
            f"cannot write into the wire log {path}: {error.strerror or error}"
        ) from error


class WireTap:
    """Writes into a :class:`WireLog` what goes over a wire that is no transport."""

    def __init__(self, log: WireLog, clock: Clock, name: str) -> None:
        self._log = log
        self._now_s = clock.now_s
        self._to, self._from = (way + name.encode("ascii") for way in (TO_DEVICE, FROM_DEVICE))

    def sent(self, data: bytes) -> None:
        """Note what is about to be sent."""
        self._keep(self._to, data)

    def came(self, data: bytes) -> None:
        """Note what has come."""
        self._keep(self._from, data)
        if self._now_s() >= self._log.due_s or len(self._log.waiting) >= 3 * MAX_WAITING:
            self._log.flush()

    def _keep(self, way: bytes, data: bytes) -> None:
        now_s = self._now_s()
        for start in range(0, len(data), READ_BYTES):  # as long as a line may be
            self._log.waiting.extend((now_s, way, data[start : start + READ_BYTES]))


class LoggingTransport:
    """Writes into a :class:`WireLog` what another transport carries.

    ``name`` is the wire's, where a bench has several. Closing closes both, and the log alone stays
    open where it is not ``its_log``.
    """

    def __init__(
        self,
        inner: Transport,
        clock: Clock,
        log: WireLog,
        name: str = "",
        *,
        its_log: bool = True,
    ) -> None:
        self.address = inner.address
        self._inner = inner
        self._to, self._from = (way + name.encode("ascii") for way in (TO_DEVICE, FROM_DEVICE))
        self._its_log = its_log
        self._log = log
        self._now_s = clock.now_s
        self._waiting = log.waiting
        self._keep = log.waiting.extend

    def write(self, data: bytes) -> None:
        self._keep((self._now_s(), self._to, data))
        try:
            self._inner.write(data)
        except LinkError as error:
            self._log.remark(str(error))
            raise

    def read(self, max_bytes: int, timeout_s: float) -> bytes:
        try:
            data = self._inner.read(max_bytes, timeout_s)
        except LinkError as error:
            self._log.remark(str(error))
            raise
        if data:
            now_s = self._now_s()
            self._keep((now_s, self._from, data))
            if now_s >= self._log.due_s or len(self._waiting) >= 3 * MAX_WAITING:
                self._log.flush()
        elif timeout_s > 0.0:
            # The device is silent: time to write, and whoever watches the file sees all of it.
            self._log.flush()
        return data

    def close(self) -> None:
        try:
            self._inner.close()
        finally:
            if self._its_log:
                self._log.close()


def escaped(data: bytes) -> bytes:
    """Return the bytes as a wire log has them: printable ASCII without a line end."""
    return data.decode("latin-1").encode("unicode_escape")


def _rendered(waiting: list[float | bytes]) -> bytes:
    """Return the lines of events, given as time, direction, bytes one after the other."""
    data: list[bytes] = waiting[2::3]  # type: ignore[assignment]
    if b"".join(data).translate(None, _PLAIN):
        waiting[2::3] = map(escaped, data)
    block = _LINE * len(data) % tuple(waiting)
    return block.replace(b"\r", b"\\r").replace(b"\n", b"\\n").replace(_END, b"\n")


def _ends_torn(file: BinaryIO, path: Path) -> bool:
    """Tell whether the log's last line was cut; WireLogError for a file that is no wire log."""
    size = file.seek(0, os.SEEK_END)
    if size == 0:
        return False
    file.seek(0)
    if not BEGINNING.match(file.readline(READ_BYTES)):
        raise WireLogError(
            f"{path} exists and is no wire log, so nothing is written to it; name another file"
        )
    file.seek(size - 1)
    return file.read(1) != b"\n"
