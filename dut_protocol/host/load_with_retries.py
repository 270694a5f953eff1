"""Loads an input: ``db load N``, then ``db HEX`` until ``m-load-done``, each handshaken.

Where the device was shown to buffer its input, several ``db`` are in flight instead
(:mod:`.pipelined_load`); where it offers the wire extension and that was asked for, loads go by it
(:mod:`.extended_load`). Either falls back to the handshake.

The protocol has no checksum and no flow control. What guards it: the device must say how many
bytes it expects, must say ``m-load-done`` at exactly the last block, and may be asked to print
the buffer back. Whatever breaks, the whole load begins again; not one byte is ever sent beyond N
(it would overrun the reference firmware's buffer).

Each block has its own time-out and the load none: published boards take from 20 ms to 0.2 s a
block, and as many blocks as the input has.
"""

from __future__ import annotations

from enum import Enum

from ..errors import DutProtocolError, DutReportedError, DutTimeout
from ..link.clock import Deadline
from ..link.transport import READ_BYTES
from ..wire.commands import DbLoad
from ..wire.extension import NAME, Offer
from ..wire.messages import READY_LINE, Expecting, LoadDone, Ready
from ..wire.settings import VerifyLoad
from .dut import Dut
from .extended_load import ExtendedLoad
from .load_blocks import (
    LAST_ANSWER,
    Blocks,
    Pace,
    begin_load,
    block_answer,
    handshaken_chars,
    pipelined_chars,
)
from .pipelined_load import send_pipelined

MAX_ATTEMPTS = 4
"""Attempts at one load: the first and at most three restarts."""

CAUTIOUS_DATA_BYTES = 26
"""Data bytes per ``db`` once blocks of two loads came damaged: what MLCommons' runner uses where
the link is at its worst, 55 characters a command."""

MAX_PIPELINE_FAILURES = 2
"""Failed pipelined loads of a session; from then on every block is handshaken."""

MAX_EXTENDED_ATTEMPTS = 2
"""Attempts at one load by the extension; when these fail the session goes on without it."""


class LoadMethod(Enum):
    """Says how an attempt to load goes over the wire."""

    HANDSHAKEN = "handshaken"
    PIPELINED = "pipelined"
    EXTENDED = "extended"


class Loader:
    """Loads inputs into one device, and remembers how well that went."""

    def __init__(self, dut: Dut, settle_s: float = 0.0) -> None:
        """Load into ``dut``.

        ``settle_s``: how long to listen behind a load for an answer too many, where an `infer`
        that finds it would come too late to begin anew.
        """
        self._dut = dut
        self._settle_s = settle_s
        self.data_bytes = dut.settings.data_bytes_per_db
        self.pipeline_chars = dut.settings.pipeline_chars
        """Characters that may be unanswered; 0: no pipelining, or no more."""
        self.failed_loads = 0
        self.pace = Pace(dut.clock)
        self._damaged_loads = 0
        self._unanswered = False
        """The last attempt ended in silence; what came behind it tells why."""
        self._pipeline_failures = 0
        self._extension: ExtendedLoad | None = None
        self.extended = False
        """Whether loads go by the wire extension."""
        self._verify_load = dut.settings.verify_load
        self._unverifiable_noted = False

    def load(self, data: bytes) -> None:
        """Put ``data`` into the device's input buffer, whole and in order.

        Raises the last attempt's :class:`DutError` when four attempts failed. An attempt to get
        back into step with the device counts as part of the attempt that it is for.
        """
        if not data:
            raise ValueError("an input has at least one byte")
        self._dut.loaded_bytes = None
        self._dut.strict = True
        way = LoadMethod.HANDSHAKEN
        for attempt in range(1, MAX_ATTEMPTS + 1):
            before, way = way, self._way(attempt)
            try:
                if attempt > 1:
                    self._resync(before)
                self._attempt(data, way)
                self._verify(data)
            except (DutProtocolError, DutReportedError, DutTimeout) as error:
                self._failed(error, attempt, way)
            else:
                self._dut.loaded_bytes = len(data)
                return

    def extend(self, offer: Offer, shift_bytes: int | None) -> None:
        """Load by the wire extension from now on, of which the device offers so much.

        ``shift_bytes`` is how far an input may lie behind the one before it, where they overlap.
        """
        self._extension = ExtendedLoad(self._dut, offer, shift_bytes)
        self.extended = True

    @property
    def offer(self) -> Offer | None:
        """Return what the device offered of the extension, where loads go or went by it."""
        return None if self._extension is None else self._extension.offer

    def usual_chars(self, byte_count: int) -> int:
        """Count the characters that follow each other on the wire in a load where nothing fails.

        The windows of a file are taken for shifted where they can be.
        """
        if self.extended and self._extension is not None:
            return self._extension.usual_chars(byte_count)
        chars = pipelined_chars if self.pipeline_chars else handshaken_chars
        return chars(byte_count, self.data_bytes)

    def _way(self, attempt: int) -> LoadMethod:
        if self.extended:
            return LoadMethod.EXTENDED
        return (
            LoadMethod.PIPELINED if self.pipeline_chars and attempt == 1 else LoadMethod.HANDSHAKEN
        )

    def _resync(self, failed: LoadMethod) -> None:
        if failed is LoadMethod.EXTENDED and self._extension is not None:
            self._extension.wait_until_quiet()
        late = self._dut.resync()
        unanswered, self._unanswered = self._unanswered, False
        if not unanswered:
            return
        if late:
            self.pace.too_slow()
            self._dut.listener.note(
                "the device is slow, not silent: the answer came late; from now on a block may "
                f"take {self.pace.patience_s:.0f} s"
            )
        elif failed is LoadMethod.HANDSHAKEN:
            self._damaged()

    def _damaged(self) -> None:
        """Count a handshaken load that was damaged on its way; the second one means fewer bytes."""
        self._damaged_loads += 1
        if self._damaged_loads == 2 and self.data_bytes > CAUTIOUS_DATA_BYTES:
            self._dut.listener.note(
                f"second failed load of this session: from now on {CAUTIOUS_DATA_BYTES} "
                f"data bytes per db instead of {self.data_bytes}"
            )
            self.data_bytes = CAUTIOUS_DATA_BYTES

    def _failed(self, error: Exception, attempt: int, way: LoadMethod) -> None:
        listener = self._dut.listener
        self.failed_loads += 1
        self._unanswered = isinstance(error, DutTimeout)
        match way:
            case LoadMethod.HANDSHAKEN:
                if not self._unanswered:
                    self._damaged()
            case LoadMethod.PIPELINED:
                self._pipeline_failures += 1
                if self._pipeline_failures == MAX_PIPELINE_FAILURES:
                    self.pipeline_chars = 0
                    listener.note(
                        f"failed load number {MAX_PIPELINE_FAILURES} with several db in flight: "
                        "from now on each waits for the answer to the one before"
                    )
            case LoadMethod.EXTENDED:
                self._extension_failed(attempt)
        if attempt == MAX_ATTEMPTS:
            raise error
        listener.note(f"load failed ({error}); restart {attempt} of {MAX_ATTEMPTS - 1}")

    def _extension_failed(self, attempt: int) -> None:
        if self._extension is not None:
            self._extension.forget()
        if attempt == MAX_EXTENDED_ATTEMPTS:
            self.extended = False
            self._dut.listener.note(
                f"{attempt} failed attempts of one load by {NAME}: from now on by db"
            )

    def _attempt(self, data: bytes, way: LoadMethod = LoadMethod.HANDSHAKEN) -> None:
        if way is LoadMethod.EXTENDED and self._extension is not None:
            self._extension.attempt(data)
            return
        dut = self._dut
        total = len(data)
        doing = f"loading {total} bytes"
        blocks = Blocks.of(data, self.data_bytes)
        self.pace.begin()
        with dut.muting(Ready, Expecting, LoadDone):
            begin_load(dut, DbLoad(total), total, doing)
            if way is LoadMethod.PIPELINED:
                send_pipelined(dut, blocks, self.pipeline_chars, self.pace, doing)
            else:
                self._send(blocks, doing)
            if self._settle_s:
                dut.drain(quiet_s=self._settle_s, limit_s=3 * self._settle_s)

    def _send(self, blocks: Blocks, doing: str) -> None:
        """Handshake the blocks through; the last must bring ``m-load-done``, no other may."""
        dut, pace = self._dut, self.pace
        write, read = dut.transport.write, dut.transport.read
        now_s = dut.clock.now_s
        in_step = dut.in_step
        stream, size, count = blocks.stream, blocks.size, blocks.count
        end = 0
        sent_s = now_s()
        for number in range(1, count + 1):
            begin, end = end, end + size
            write(stream[begin:end])
            before_s, sent_s = sent_s, now_s()
            if sent_s - before_s > pace.slowest_s:
                pace.took(sent_s - before_s)
            if sent_s >= pace.tell_s:
                pace.tell(number - 1, count)
            if in_step:
                # The usual answer, whole, in one read: no parsing, no object a command.
                data = read(READ_BYTES, pace.patience_s)
                if data == (READY_LINE if number < count else LAST_ANSWER):
                    continue
                dut.take(data)
            where = f"{doing}, block {number} of {count}"
            try:
                reply_by = Deadline(dut.clock, pace.patience_s, sent_s)
                block_answer(dut, where, number == count, reply_by)
            except DutTimeout as error:
                raise pace.fell_silent(error, number - 1) from error
            in_step = dut.in_step

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
        """Compare the device's buffer; what a port prints beyond the input does not matter."""
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
        """Verify from now on: a link that corrupted one input will corrupt others unnoticed."""
        if self._verify_load is VerifyLoad.FIRST:
            self._dut.listener.note("a byte differs: from now on every load is read back")
            self._verify_load = VerifyLoad.ALL

    def _cannot_verify(self, why: str) -> None:
        if not self._unverifiable_noted:
            self._dut.listener.note(f"cannot verify the load: {why}")
            self._unverifiable_noted = True
