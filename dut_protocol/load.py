"""Loading an input: ``db load N``, then ``db HEX`` until ``m-load-done``, each handshaken.

The protocol has no checksum and no flow control. What guards it: the device must say how many
bytes it expects, must say ``m-load-done`` at exactly the last block, and may be asked to print
the buffer back. Whatever breaks, the whole load begins again; not one byte is ever sent beyond N
(it would overrun the reference firmware's buffer).
"""

from __future__ import annotations

from .clock import Deadline
from .commands import DbData, DbLoad, DbPrint
from .dut import REPLY_TIMEOUT_S, Dut
from .errors import DutProtocolError, DutReportedError, DutTimeout
from .messages import Buffer, BufferTooSmall, DeviceError, Expecting, LoadDone, Ready
from .settings import VerifyLoad
from .transport import READ_BYTES

MAX_ATTEMPTS = 4
"""One load and at most three restarts."""

CAUTIOUS_DATA_BYTES = 26
"""Data bytes per ``db`` once two loads of a session have failed: what MLCommons' runner uses where
the link is at its worst, 55 characters a command."""

_READY_LINE = b"m-ready\r\n"
_OVERHEAD_S = 0.02
"""Allowance for the turnaround of one handshake: a USB adapter with a 16 ms latency timer."""


class Loader:
    """Loads inputs into one device, and remembers how well that went."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut
        self.data_bytes = dut.settings.data_bytes_per_db
        self.failed_loads = 0
        self._verified_once = False

    def load(self, data: bytes) -> None:
        """Put ``data`` into the device's input buffer, whole and in order.

        Raises the last attempt's :class:`DutError` when four attempts failed.
        """
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                self._attempt(data)
                self._verify(data)
            except (DutProtocolError, DutReportedError, DutTimeout) as error:
                self._failed(error, attempt)
            else:
                return

    def _failed(self, error: Exception, attempt: int) -> None:
        listener = self._dut.listener
        self.failed_loads += 1
        if self.failed_loads == 2 and self.data_bytes > CAUTIOUS_DATA_BYTES:
            listener.note(
                f"second failed load of this session: from now on {CAUTIOUS_DATA_BYTES} data "
                f"bytes per db instead of {self.data_bytes}"
            )
            self.data_bytes = CAUTIOUS_DATA_BYTES
        if attempt == MAX_ATTEMPTS:
            raise error
        listener.note(f"load failed ({error}); restart {attempt} of {MAX_ATTEMPTS - 1}")
        self._dut.resync()

    def _attempt(self, data: bytes) -> None:
        dut = self._dut
        total = len(data)
        doing = f"loading {total} bytes"
        blocks = self._encode(data)
        chars = sum(map(len, blocks)) + (len(_READY_LINE)) * len(blocks)
        wire_s = chars * 10 / dut.settings.baud_rate
        deadline = Deadline(
            dut.clock, REPLY_TIMEOUT_S + 2 * wire_s + _OVERHEAD_S * (len(blocks) + 1)
        )
        with dut.muting(Ready, Expecting, LoadDone):
            dut.begin(DbLoad(total))
            reply = dut.collect(self._reply_by(deadline), doing)
            expecting = [message for message in reply if isinstance(message, Expecting)]
            if [message.byte_count for message in expecting] != [total]:
                raise DutProtocolError(
                    f"{doing} on {dut.address}: `db load {total}` was answered "
                    f"{[message.encode() for message in reply]}, not `m-[Expecting {total} bytes]`"
                )
            self._send(blocks, deadline, doing)

    def _encode(self, data: bytes) -> list[bytes]:
        size = self.data_bytes
        return [DbData(data[i : i + size]).encode() for i in range(0, len(data), size)]

    def _reply_by(self, deadline: Deadline) -> Deadline:
        return Deadline(self._dut.clock, min(deadline.remaining_s, REPLY_TIMEOUT_S))

    def _send(self, blocks: list[bytes], deadline: Deadline, doing: str) -> None:
        """Handshake the blocks through; the last must bring ``m-load-done``, no other may."""
        dut = self._dut
        write, read = dut.transport.write, dut.transport.read
        now_s, until_s = dut.clock.now_s, deadline.when_s
        in_step = dut.in_step
        last = len(blocks) - 1
        for number, block in enumerate(blocks):
            write(block)
            if in_step and number < last:
                # The usual answer, whole, in one read: no parsing, no object a command.
                data = read(READ_BYTES, min(max(until_s - now_s(), 0.0), REPLY_TIMEOUT_S))
                if data == _READY_LINE:
                    continue
                dut.take(data)
            self._answer(number, len(blocks), deadline, doing)
            in_step = dut.in_step

    def _answer(self, number: int, count: int, deadline: Deadline, doing: str) -> None:
        dut = self._dut
        where = f"{doing}, block {number + 1} of {count}"
        load_done = False
        refused: str | None = None
        reply_by = self._reply_by(deadline)
        while not isinstance(message := dut.next_message(reply_by, where), Ready):
            match message:
                case LoadDone():
                    load_done = True
                case DeviceError() | BufferTooSmall():
                    refused = message.encode()
                case _:
                    raise DutProtocolError(
                        f"{where} on {dut.address}: the device answered {message.encode()!r}"
                    )
        if refused is not None:
            raise DutReportedError(
                f"{where} on {dut.address}: the device answered {refused!r}", refused
            )
        if load_done and number + 1 < count:
            raise DutProtocolError(
                f"{where} on {dut.address}: m-load-done came too early; the device lost count"
            )
        if not load_done and number + 1 == count:
            raise DutProtocolError(
                f"{where} on {dut.address}: no m-load-done after the last byte; the device did "
                "not get them all"
            )

    # ---- verifying ---------------------------------------------------------------------------

    def _verify(self, data: bytes) -> None:
        match self._dut.settings.verify_load:
            case VerifyLoad.NEVER:
                return
            case VerifyLoad.FIRST if self._verified_once:
                return
            case _:
                self._read_back(data)
                self._verified_once = True

    def _read_back(self, data: bytes) -> None:
        """Compare with ``db print``, which prints 8 bytes a line (``m-buffer-00-01-…``)."""
        dut = self._dut
        rows = (len(data) + 7) // 8
        wire_s = rows * 35 * 10 / dut.settings.baud_rate
        deadline = Deadline(dut.clock, REPLY_TIMEOUT_S + 2 * wire_s)
        try:
            with dut.muting(Ready, Buffer):
                dut.begin(DbPrint())
                reply = dut.collect(deadline, f"reading {len(data)} bytes back")
        except DutReportedError as error:
            dut.listener.note(f"cannot verify the load: `db print` is answered {error.reported!r}")
            return
        printed = b"".join(message.data for message in reply if isinstance(message, Buffer))
        for index, (there, sent) in enumerate(zip(printed, data, strict=False)):
            if there != sent:
                raise DutProtocolError(
                    f"reading back the load on {dut.address}: byte {index} of {len(data)} is "
                    f"{there:02x} in the device, {sent:02x} was sent; the link corrupts data"
                )
        if len(printed) < len(data):
            dut.listener.note(
                f"cannot verify the load: `db print` printed {len(printed)} of {len(data)} bytes"
            )
        elif len(printed) > len(data):
            raise DutProtocolError(
                f"reading back the load on {dut.address}: {len(printed)} bytes in the device, "
                f"{len(data)} were sent"
            )
