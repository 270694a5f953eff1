"""Sends a streaming device its sound over the UART, a frame at a time, and reads its answers.

The reference firmware of the streaming wake word (mlcommons/tiny, ``sww_ref_util.c``) takes a hop
of 512 samples by `db`, whose words are not EEMBC's, and then makes one frame of it::

    host    db load 1024 | db 0100ff7f… | db …     device  Expecting 1024 bytes | 512 bytes received
    host    extract_uart_stream                    device  m-load-done
    device  m-features-[-14, …]   m-activations-[-128, +127, -125]   m-ready

Firmware whose `db` has EEMBC's words, `m-[Expecting 1024 bytes]`, gets the blocks of every other
task: how long a command it takes beyond these nobody knows.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import DutFault, DutProtocolError
from ..link.clock import Deadline
from ..wire.commands import Raw
from ..wire.messages import Chatter, Expecting, LoadDone, Message, Ready
from .dut import Dut
from .exchange import REPLY_TIMEOUT_S

FRAME_BYTES = 1024
"""512 samples of one channel, 16 bits each, little-endian."""
ACTIVATIONS = "m-activations-["

_BLOCK_BYTES = 510
"""What the firmware's command buffer of 1028 characters has room for, beside `db `."""
_LOAD_DONE = LoadDone().encode()
_LOAD_ATTEMPTS = 4
_FRAME_TIMEOUT_S = 10.0
_NUMBERS = re.compile(rf"{re.escape(ACTIVATIONS)}( *[+-]?\d{{1,4}}(?:, *[+-]?\d{{1,4}})*)\]")


class FrameFeeder:
    """Feeds one device; the frames before are remembered by it, so that none is sent twice."""

    def __init__(self, dut: Dut) -> None:
        self._dut = dut

    def frame(self, hop: bytes) -> tuple[int, ...]:
        """Send the sound of a frame; return the device's answers by class, as int8.

        The log gets the line of the answers alone. A load that fails is done again; the frame is
        not, for the device would take it for the next: DutProtocolError.
        """
        dut = self._dut
        with dut.muting(Ready, Chatter, Expecting, LoadDone):
            self._load(hop)
            said: list[str] = []
            dut.ask(Raw("extract_uart_stream"), _FRAME_TIMEOUT_S, _keeping(said))
        line = next((text for text in said if text.startswith(ACTIVATIONS)), "")
        match = _NUMBERS.fullmatch(line)
        if match is None:
            heard = line or (said[-1] if said else "nothing")
            raise DutProtocolError(
                f"`extract_uart_stream` on {dut.address} is answered {heard[:80]!r}, and should "
                f"end in {ACTIVATIONS}…]: does this firmware have it?"
            )
        dut.listener.line(line)
        return tuple(int(number) for number in match[1].split(","))

    def _load(self, hop: bytes) -> None:
        for attempt in range(1, _LOAD_ATTEMPTS + 1):
            try:
                self._send(hop)
                return
            except DutFault as error:
                if attempt == _LOAD_ATTEMPTS:
                    raise
                self._dut.listener.note(f"{error}; loading the frame again")
                self._dut.resync()

    def _send(self, hop: bytes) -> None:
        size = len(hop)
        begun = f"Expecting {size} bytes", Expecting(size).encode()
        as_eembc = begun[1] in self._command(f"db load {size}", *begun)
        block_bytes = self._dut.settings.data_bytes_per_db if as_eembc else _BLOCK_BYTES
        for at in range(0, size, block_bytes):
            block = hop[at : at + block_bytes]
            sent = at + len(block)
            if sent == size:
                expected = [_LOAD_DONE]
            else:
                expected = [] if as_eembc else [f"{sent} bytes received"]
            said = self._command(f"db {block.hex()}", *expected)
            if sent < size and _LOAD_DONE in said:
                raise DutProtocolError(
                    f"`db` on {self._dut.address}: {_LOAD_DONE} came after {sent} of {size} bytes"
                )

    def _command(self, text: str, *expected: str) -> list[str]:
        """Send a command, longer than others may be, and return the lines of the answer.

        Where lines are expected, one of them must be among these.
        """
        dut = self._dut
        said: list[str] = []
        dut.drain()
        data = text.encode("ascii") + b"%"
        dut.send(data)
        deadline = Deadline(dut.clock, REPLY_TIMEOUT_S + 4 * dut.wire_s(len(data)))
        dut.collect(deadline, f"`{text[:20]}…`", _keeping(said))
        if expected and not set(expected).intersection(said):
            heard = said[-1] if said else "nothing"
            raise DutProtocolError(
                f"`{text[:20]}…` on {dut.address} is answered {heard[:80]!r}, not {expected[0]!r}"
            )
        return said


def _keeping(said: list[str]) -> Callable[[Message], None]:
    def each(message: Message) -> None:
        said.append(message.encode())

    return each
