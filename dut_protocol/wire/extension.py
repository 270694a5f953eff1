"""The wire extension `x-tinyrunner-1`: denser loads with a checksum, for firmware that offers it.

It concerns loading only; every other command, and `db` itself, stay as they are. Off by default; a
host uses it only with a device that offers it, and a host that does not know it sees a line of
help text.

For firmware authors
====================
**Offer.** One line of the reply to ``help``, somewhere among the free lines::

    x-tinyrunner-1 bin=512 b64 shift timeout-ms=500

``bin=B``: 8-bit blocks of up to B data bytes (1 to 65536; 512 is a good size). ``b64``: the same
in base64, within the 80-character command, for links that are not 8-bit clean. At least one of the
two. ``shift``: `xdb shift` is there. ``timeout-ms=T``: see below; 100 to 1000, needed with ``bin``.
Words that a host does not know it skips.

**Checksums.** Each is the CRC-32 of Ethernet and zlib: polynomial 04C11DB7, reflected, initial
value and final exclusive-or FFFFFFFF; of the nine characters ``123456789`` it is CBF43926. In a
command it is eight hex digits, in a block four bytes, the most significant first.

**Beginning.** An ordinary command, ended by ``%``; ENC is ``bin`` or ``b64``::

    host    xdb load N CRC ENC%
    device  m-[Expecting N bytes] | m-ready
    host    xdb shift S CRC ENC%
    device  m-[Expecting S bytes] | m-ready

CRC is that of the whole input as it shall be in the end. `load`: N bytes follow. `shift`: the
buffer holds a complete load (by `xdb` or `db`) of more than S bytes; its first S bytes are dropped,
the rest moves to the front, and S new bytes follow at the end. From here on the earlier input is
gone, whatever happens. What cannot be (no complete load, N too large) is answered
``e-[xdb: …]``, ``m-ready``, and begins nothing.

**Blocks, bin.** With the line end of that ``m-ready`` the device counts bytes and looks at none: a
``%`` has no meaning. A block is min(B, what is left) data bytes and their CRC. It is answered
``m-ready``, the last one ``m-load-done``, ``m-ready``, and only then the host sends the next, so
the receive interrupt may be pointed at the buffer itself. After the last block ``%`` counts again.

**Blocks, b64.** Each is a command, ``xd TEXT%``: the base64 (RFC 4648, with ``+``, ``/`` and ``=``)
of at most 53 data bytes and their CRC. Answered as above.

A plain `db load` ends a b64 load that is not complete and begins its own.

**Errors.** A block whose CRC is wrong, an input whose CRC is wrong after its last block, in b64
also a text that is none, too many bytes, or another `xdb` before the last block: ``e-[xdb: …]``,
``m-ready``, and the load is void: the buffer holds no complete input, and `infer` must not take it.
A block is not repeated; the host begins again with `xdb load`.

**Time-out, bin only.** When for T no byte has come while one is due, counted from the last byte or
the end of the last ``m-ready``, the load is void as above, with its error. After any error of a bin
load the device drops what it receives until T has passed since its answer and since the last byte;
then it takes commands again. So no payload is ever read as a command, and whoever has died in the
middle of a block leaves a device that answers ``name%`` again after 2 T.

A device with this extension must survive any bytes in place of a command, an empty command too.

The host's part
===============
It sends no block when it finds that more than half of T has passed since the device may have begun
to wait (its process was suspended, say). After any error it listens until nothing has come for
1.5 T, re-synchronises with ``name%``, and loads the whole input, never a shift. A second failure in
the same load and the extension is off for the session; what follows goes by `db`.

A shift is sent when the first N - S bytes of the input are the last ones of the input that this
host loaded last; that the device still holds those is what the CRC of the whole proves.

Characters on the wire for an input of N bytes by `bin`: about N, 13 a block, and 75; shifted, S
in place of N.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from dataclasses import dataclass
from enum import Enum

from ...errors import TinyrunnerError
from .settings import COMMAND_BUFFER_BYTES

NAME = "x-tinyrunner-1"

MAX_BIN_BYTES = 65536
MIN_TIMEOUT_MS, MAX_TIMEOUT_MS = 100, 1000
"""Limits of the time-out: a shorter one, and a host's scheduler causes errors; a longer one, and a
first `name%` finds it deaf."""

CRC_BYTES = 4

B64_DATA_BYTES = (COMMAND_BUFFER_BYTES - len("xd ")) // 4 * 3 - CRC_BYTES
"""53: the bytes that the 80-character command leaves for data."""


class Encoding(Enum):
    """Says how a block's bytes travel."""

    BIN = "bin"
    B64 = "b64"


class ExtensionError(TinyrunnerError, ValueError):
    """Says that an offer, a command or a block is none."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Says what a device can do; an impossible offer cannot exist (ExtensionError)."""

    bin_bytes: int = 0
    """Most data bytes of an 8-bit block; 0: none are taken."""
    b64: bool = False
    shift: bool = False
    timeout_ms: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.bin_bytes <= MAX_BIN_BYTES:
            raise ExtensionError(f"bin={self.bin_bytes}: expected 1 to {MAX_BIN_BYTES}")
        if not self.bin_bytes and not self.b64:
            raise ExtensionError("neither bin nor b64")
        if self.bin_bytes and not MIN_TIMEOUT_MS <= self.timeout_ms <= MAX_TIMEOUT_MS:
            raise ExtensionError(
                f"timeout-ms={self.timeout_ms}: expected {MIN_TIMEOUT_MS} to {MAX_TIMEOUT_MS}"
            )

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """Return those offered, the better one first."""
        return (Encoding.BIN,) * bool(self.bin_bytes) + (Encoding.B64,) * self.b64

    @property
    def timeout_s(self) -> float:
        return self.timeout_ms / 1000.0

    def block_bytes(self, encoding: Encoding) -> int:
        """Return the most data bytes of one block."""
        return self.bin_bytes if encoding is Encoding.BIN else B64_DATA_BYTES

    def encode(self) -> str:
        """Return the words behind the extension's name."""
        words = [
            f"bin={self.bin_bytes}" if self.bin_bytes else "",
            "b64" if self.b64 else "",
            "shift" if self.shift else "",
            f"timeout-ms={self.timeout_ms}" if self.bin_bytes else "",
        ]
        return " ".join(filter(None, words))


def parse_offer(text: str) -> Offer:
    """Parse the words behind the extension's name; ExtensionError says what is wrong with them."""
    numbers = {"bin": 0, "timeout-ms": 0}
    words = text.split()
    for word in words:
        key, equals, value = word.partition("=")
        if key in numbers and equals:
            if not re.fullmatch(r"[0-9]{1,6}", value):
                raise ExtensionError(f"{word}: expected a number")
            if key == "bin" and int(value) == 0:
                raise ExtensionError(f"{word}: expected 1 to {MAX_BIN_BYTES}")
            numbers[key] = int(value)
    return Offer(numbers["bin"], "b64" in words, "shift" in words, numbers["timeout-ms"])


def crc32(data: bytes | bytearray | memoryview) -> int:
    """Compute the extension's checksum."""
    return zlib.crc32(data)


def begin_load(total: int, crc: int, encoding: Encoding) -> str:
    """Return the command (without ``%``) that begins a load of ``total`` bytes."""
    return f"xdb load {total} {crc:08x} {encoding.value}"


def begin_shift(new: int, crc: int, encoding: Encoding) -> str:
    """Return the command to drop the buffer's first ``new`` bytes and take as many at its end."""
    return f"xdb shift {new} {crc:08x} {encoding.value}"


def encode_block(data: bytes, encoding: Encoding) -> bytes:
    """Return one block as it goes onto the wire."""
    framed = data + crc32(data).to_bytes(CRC_BYTES, "big")
    if encoding is Encoding.BIN:
        return framed
    return b"xd " + base64.b64encode(framed) + b"%"


def decode_block(framed: bytes | bytearray) -> bytes:
    """Return the data of a block and its CRC; ExtensionError where they do not belong together."""
    data, crc = bytes(framed[:-CRC_BYTES]), int.from_bytes(framed[-CRC_BYTES:], "big")
    if not data or crc32(data) != crc:
        raise ExtensionError("block damaged")
    return data


@dataclass(frozen=True, slots=True)
class Begin:
    """Is `xdb load` or, where ``shift``, `xdb shift`."""

    shift: bool
    byte_count: int
    crc: int
    encoding: Encoding


@dataclass(frozen=True, slots=True)
class TextBlock:
    """Is `xd TEXT`, decoded but not checked."""

    framed: bytes


_BEGIN = re.compile(r"xdb (load|shift) ([0-9]{1,9}) ([0-9A-Fa-f]{8}) (bin|b64)")


def parse_extended(text: str) -> Begin | TextBlock | None:
    """Read a command as a device does: None for one that is not of the extension.

    ExtensionError for one that is meant to be, and is wrong.
    """
    word, _, rest = text.partition(" ")
    if word == "xd":
        try:
            data = base64.b64decode(rest, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ExtensionError("no base64") from error
        if base64.b64encode(data).decode() != rest:  # Python takes more `=` than there may be
            raise ExtensionError("no base64")
        return TextBlock(data)
    if word != "xdb":
        return None
    match = _BEGIN.fullmatch(text)
    if match is None:
        raise ExtensionError("expected `xdb load|shift COUNT CRC bin|b64`")
    return Begin(match[1] == "shift", int(match[2]), int(match[3], 16), Encoding(match[4]))
