"""Loads an input by the wire extension (:mod:`.wire_extension`), on the host's side."""

from __future__ import annotations

from ..errors import DutTimeout
from ..link.clock import Deadline
from ..link.transport import READ_BYTES
from ..wire.commands import AskHelp, Raw
from ..wire.extension import (
    NAME,
    Encoding,
    ExtensionError,
    Offer,
    begin_shift,
    crc32,
    encode_block,
    parse_offer,
)
from ..wire.extension import begin_load as begin_load_text
from ..wire.messages import READY_LINE, Expecting, ExtensionOffer, LoadDone, Ready
from .dut import REPLY_TIMEOUT_S, Dut
from .exchange import QUIET_S
from .load_blocks import begin_load, block_answer

_LINE = len(READY_LINE)

_BEGIN_AND_END_CHARS = 75
"""`xdb load`, its answer and `m-load-done`, about."""

_QUIET_TIMEOUTS = 1.5
"""So many of the device's time-outs later it takes commands again, whatever state it was in."""


def ask_for_offer(dut: Dut) -> Offer | None:
    """Ask for `help` and return what it says of the extension; None where it does not have it."""
    for message in dut.ask(AskHelp()):
        if isinstance(message, ExtensionOffer):
            try:
                return parse_offer(message.text)
            except ExtensionError as error:
                dut.listener.note(f"the device's offer `{message.encode()}` cannot be: {error}")
    return None


class ExtendedLoad:
    """Loads inputs into one device that offers the extension."""

    def __init__(self, dut: Dut, offer: Offer, shift_bytes: int | None) -> None:
        self.offer = offer
        self.encoding = offer.encodings[0]
        self._dut = dut
        self._shift_bytes = shift_bytes if offer.shift else None
        self._held: bytes | None = None
        """What the device holds, as far as this host knows."""

    def forget(self) -> None:
        """Assume nothing of what the device holds: the next load is of the whole input."""
        self._held = None

    def attempt(self, data: bytes) -> None:
        """Load once, shifted where the device holds the input before; DutError when it fails."""
        held, self._held = self._held, None
        crc, shift = crc32(data), self._shift_bytes
        if shift is not None and held is not None and _overlap(held, data, shift):
            command, new = begin_shift(shift, crc, self.encoding), data[-shift:]
        else:
            command, new = begin_load_text(len(data), crc, self.encoding), data
        doing = f"loading {len(new)} bytes by {NAME}"
        with self._dut.muting(Ready, Expecting, LoadDone):
            # The device waits for the first block from the end of its answer on, at the earliest.
            chars = len(command) + len(Expecting(len(new)).encode()) + len("%\r\n") + _LINE
            waiting_since_s = self._dut.clock.now_s() + self._dut.wire_s(chars)
            begin_load(self._dut, Raw(command), len(new), doing)
            self._send(new, waiting_since_s, doing)
        self._held = data

    def usual_chars(self, byte_count: int) -> int:
        """Count the characters of a load and its answers, of a shifted one where there are any."""
        new = byte_count if self._shift_bytes is None else min(self._shift_bytes, byte_count)
        size = self.offer.block_bytes(self.encoding)
        blocks = -(-new // size)
        framed = len(encode_block(bytes(size), self.encoding)) / size
        return round(new * framed) + _LINE * blocks + _BEGIN_AND_END_CHARS

    def wait_until_quiet(self) -> None:
        """Let the device's time-out pass after a failure, so that it takes commands again."""
        dut = self._dut
        quiet_s = max(self.offer.timeout_s * _QUIET_TIMEOUTS, QUIET_S)
        limit = Deadline(dut.clock, REPLY_TIMEOUT_S + 3 * quiet_s)
        while data := dut.transport.read(READ_BYTES, min(quiet_s, limit.remaining_s)):
            dut.take(data)

    def _send(self, data: bytes, waiting_since_s: float, doing: str) -> None:
        dut, encoding = self._dut, self.encoding
        size = self.offer.block_bytes(encoding)
        count = (len(data) + size - 1) // size
        for number in range(count):
            block = encode_block(data[number * size : (number + 1) * size], encoding)
            where = f"{doing}, block {number + 1} of {count}"
            now_s = dut.clock.now_s()
            if encoding is Encoding.BIN and now_s - waiting_since_s > self.offer.timeout_s / 2:
                raise DutTimeout(
                    f"{where} on {dut.address}: {now_s - waiting_since_s:.3f} s after the one "
                    "before; the device may not be waiting for it any more"
                )
            dut.transport.write(block)
            wire_s = dut.wire_s(len(block) + _LINE)
            waiting_since_s = now_s + wire_s
            reply_by = Deadline(dut.clock, REPLY_TIMEOUT_S + 2 * wire_s, now_s)
            block_answer(dut, where, number == count - 1, reply_by)


def _overlap(held: bytes, data: bytes, shift: int) -> bool:
    """Tell whether ``data`` begins with what ``held`` has behind its first ``shift`` bytes."""
    return len(held) == len(data) > shift and held[shift:] == data[:-shift]
