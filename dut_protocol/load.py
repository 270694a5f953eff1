"""Loading an input: ``db load N``, then ``db HEX`` until ``m-load-done``, each handshaken.

The protocol has no checksum and no flow control. What guards it: the device must say how many
bytes it expects, must say ``m-load-done`` at exactly the last block, and may be asked to print
the buffer back. Whatever breaks, the whole load begins again; not one byte is ever sent beyond N
(it would overrun the reference firmware's buffer).
"""

from __future__ import annotations

from .clock import Deadline
from .commands import DbLoad
from .dut import REPLY_TIMEOUT_S, Dut
from .errors import DutProtocolError, DutReportedError, DutTimeout
from .messages import BufferTooSmall, DeviceError, Expecting, LoadDone, Ready
from .settings import VerifyLoad
from .transport import READ_BYTES

MAX_ATTEMPTS = 4
"""One load and at most three restarts."""

CAUTIOUS_DATA_BYTES = 26
"""Data bytes per ``db`` once two loads of a session have failed: what MLCommons' runner uses where
the link is at its worst, 55 characters a command."""

_READY_LINE = b"m-ready\r\n"
_TURNAROUND_S = 0.1
"""Allowance for one handshake beside its bytes: a USB adapter with a 16 ms latency timer, firmware
that polls. The slowest published load needed 94 ms a block, bytes included."""


class Loader:
    """Loads inputs into one device, and remembers how well that went."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut
        self.data_bytes = dut.settings.data_bytes_per_db
        self.failed_loads = 0
        self._verify_load = dut.settings.verify_load
        self._unverifiable_noted = False

    def load(self, data: bytes) -> None:
        """Put ``data`` into the device's input buffer, whole and in order.

        Raises the last attempt's :class:`DutError` when four attempts failed. An attempt to get
        back into step with the device counts as part of the attempt that it is for.
        """
        if not data:
            raise ValueError("an input has at least one byte")
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                if attempt > 1:
                    self._dut.resync()
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

    def _attempt(self, data: bytes) -> None:
        dut = self._dut
        total = len(data)
        doing = f"loading {total} bytes"
        blocks = self._encode(data)
        wire_s = dut.wire_s(sum(map(len, blocks)) + len(_READY_LINE) * len(blocks))
        deadline = Deadline(
            dut.clock, REPLY_TIMEOUT_S + 2 * wire_s + _TURNAROUND_S * (len(blocks) + 1)
        )
        with dut.muting(Ready, Expecting, LoadDone):
            dut.begin(DbLoad(total))
            reply_by = Deadline(dut.clock, REPLY_TIMEOUT_S)
            reply = dut.collect(reply_by, doing, says_something=True)
            expecting = [message for message in reply if isinstance(message, Expecting)]
            if [message.byte_count for message in expecting] != [total]:
                raise DutProtocolError(
                    f"{doing} on {dut.address}: `db load {total}` was answered "
                    f"{[message.encode() for message in reply]}, not `m-[Expecting {total} bytes]`"
                )
            self._send(blocks, deadline, doing)

    def _encode(self, data: bytes) -> list[bytes]:
        # As `DbData.encode` does, without an object a block: there are four million in an ad run.
        digits, size = data.hex().encode(), 2 * self.data_bytes
        return [b"db %b%%" % digits[i : i + size] for i in range(0, len(digits), size)]

    def _send(self, blocks: list[bytes], deadline: Deadline, doing: str) -> None:
        """Handshake the blocks through; the last must bring ``m-load-done``, no other may."""
        dut = self._dut
        write, read = dut.transport.write, dut.transport.read
        now_s, until_s = dut.clock.now_s, deadline.when_s
        in_step = dut.in_step
        last = len(blocks) - 1
        for number, block in enumerate(blocks):
            write(block)
            sent_s = now_s()
            left_s = until_s - sent_s
            if left_s > REPLY_TIMEOUT_S:
                left_s = REPLY_TIMEOUT_S
            if in_step and number < last:
                # The usual answer, whole, in one read: no parsing, no object a command.
                data = read(READ_BYTES, left_s if left_s > 0.0 else 0.0)
                if data == _READY_LINE:
                    continue
                dut.take(data)
            where = f"{doing}, block {number + 1} of {len(blocks)}"
            if left_s <= 0.0:
                raise DutTimeout(
                    f"{where} on {dut.address}: not done in {deadline.seconds:.1f} s; the device "
                    "answers too slowly"
                )
            self._answer(where, number == last, Deadline(dut.clock, left_s, sent_s))
            in_step = dut.in_step

    def _answer(self, where: str, last: bool, reply_by: Deadline) -> None:
        dut = self._dut
        load_done = False
        refused: str | None = None
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
        if load_done and not last:
            raise DutProtocolError(
                f"{where} on {dut.address}: m-load-done came too early; the device lost count"
            )
        if not load_done and last:
            raise DutProtocolError(
                f"{where} on {dut.address}: no m-load-done after the last byte; the device did "
                "not get them all"
            )
        if dut.ready_waiting:
            raise DutProtocolError(
                f"{where} on {dut.address}: two m-ready for one block; the device is a step ahead"
            )

    # ---- verifying ---------------------------------------------------------------------------

    def _verify(self, data: bytes) -> None:
        if self._verify_load is VerifyLoad.NEVER:
            return
        try:
            self._read_back(data)
        except DutReportedError as error:
            self._cannot_verify(f"`db print` is answered {error.reported!r}")
        if self._verify_load is VerifyLoad.FIRST:
            self._verify_load = VerifyLoad.NEVER

    def _read_back(self, data: bytes) -> None:
        """Compare; what a port prints beyond the input (the rest of a row, say) does not matter."""
        dut = self._dut
        printed = dut.print_buffer(len(data))
        for index, (there, sent) in enumerate(zip(printed, data, strict=False)):
            if there != sent:
                self._verify_every_load()
                raise DutProtocolError(
                    f"reading back the load on {dut.address}: byte {index} of {len(data)} is "
                    f"{there:02x} in the device, {sent:02x} was sent; the link corrupts data"
                )
        if len(printed) < len(data):
            self._cannot_verify(f"`db print` printed {len(printed)} of {len(data)} bytes")

    def _verify_every_load(self) -> None:
        """A link that corrupted one input will corrupt others, which nobody would notice."""
        if self._verify_load is VerifyLoad.FIRST:
            self._dut.listener.note("a byte differs: from now on every load is read back")
            self._verify_load = VerifyLoad.ALL

    def _cannot_verify(self, why: str) -> None:
        if not self._unverifiable_noted:
            self._dut.listener.note(f"cannot verify the load: {why}")
            self._unverifiable_noted = True
