"""Dialogues of the wire extension, for every device that offers 512-byte blocks, b64 and shift.

Errors are compared by their beginning. Nothing here waits for the device's time-out, so an error of
an 8-bit load ends a dialogue.
"""

from __future__ import annotations

import base64

from support.devices.device_dialogues import Dialogue, R
from tinyrunner.dut_protocol.wire.extension import (
    Encoding,
    begin_load,
    begin_shift,
    crc32,
    encode_block,
)

DATA = bytes((7 * i + i // 256) % 256 for i in range(1100))
SHORT = bytes(range(0x20, 0x34))
"""20 bytes; with a `%` among them, which has no meaning in a block."""

DONE = b"m-load-done\r\n" + R
REFUSED = b"e-[xdb: <vendor>]\r\n" + R
BIN, B64 = Encoding.BIN, Encoding.B64

Exchange = tuple[bytes, bytes]


def begun(data: bytes, encoding: Encoding, crc: int | None = None) -> Exchange:
    """The beginning of a load; ``crc`` where it shall be another than the input's."""
    command = begin_load(len(data), crc32(data) if crc is None else crc, encoding)
    return command.encode() + b"%", expecting(len(data))


def blocks(data: bytes, encoding: Encoding) -> tuple[Exchange, ...]:
    size = 512 if encoding is BIN else 53
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    last = len(pieces) - 1
    return tuple(
        (encode_block(piece, encoding), DONE if i == last else R) for i, piece in enumerate(pieces)
    )


def loaded(data: bytes, encoding: Encoding) -> tuple[Exchange, ...]:
    return begun(data, encoding), *blocks(data, encoding)


def shifted(data: bytes, new: bytes, encoding: Encoding) -> tuple[Exchange, ...]:
    """``new`` at the end of the buffer that holds ``data``."""
    after = data[len(new) :] + new
    command = begin_shift(len(new), crc32(after), encoding).encode() + b"%"
    return (command, expecting(len(new))), *blocks(new, encoding), shown(after)


def shown(data: bytes) -> Exchange:
    rows = [data[i : i + 8] for i in range(0, len(data), 8)]
    text = b"".join(b"m-buffer-" + row.hex("-").encode() + b"\r\n" for row in rows)
    return b"db print%", text + (b"\r\n" if len(data) % 8 else b"") + R


def damaged(block: bytes, at: int) -> bytes:
    """One bit of the byte at ``at`` turned."""
    at %= len(block)
    return block[:at] + bytes([block[at] ^ 1]) + block[at + 1 :]


def _xd(framed: bytes) -> bytes:
    return b"xd " + base64.b64encode(framed) + b"%"


def xd_text(framed: bytes, more: bytes) -> bytes:
    """A block of base64 with some characters more."""
    return b"xd " + base64.b64encode(framed) + more + b"%"


def _unpadded(data: bytes) -> bytes:
    block = encode_block(data, B64)
    assert block.endswith(b"=%")
    return block.replace(b"=", b"")


def _of(name: str, *exchanges: Exchange) -> Dialogue:
    return Dialogue(f"extension: {name}", exchanges)


def expecting(count: int) -> bytes:
    return b"m-[Expecting %d bytes]\r\n" % count + R


def unknown(word: bytes) -> bytes:
    return b"e-[Unknown command: %b]\r\n" % word + R


_EMPTY: Exchange = (b"db print%", R)
_PLAIN: tuple[Exchange, ...] = ((b"db load 2%", expecting(2)), (b"db aabb%", DONE))
_PLAIN_SHOWN = shown(b"\xaa\xbb")
_INFERRED_WITHOUT_INPUT = (
    b"Input db has 0 elemented, expected 490\nm-warmup-start-0\r\nm-warmup-done\r\n"
    b"m-infer-start-1\r\nm-lap-us-<us>\r\nm-lap-us-<us>\r\nm-infer-done\r\n"
    b"m-results-[<scores>]\r\n"
) + R
_REFUSED_COMMANDS = (
    b"xdb", b"xdb ", b"xdb load", b"xdb load 4", b"xdb load 4 00000000",
    b"xdb load 4x 00000000 bin", b"xdb load x 00000000 bin", b"xdb load 4 0000000 bin",
    b"xdb load 4 0000000g bin", b"xdb load 4 000000000 bin", b"xdb load 4 00000000 hex",
    b"xdb store 4 00000000 bin", b"xdb load 4 00000000 bin b64", b"xdb load 0 00000000 bin",
    b"xdb load -4 00000000 b64", b"xdb load 27649 00000000 bin", b"xdb shift 0 00000000 b64",
    b"xdb shift 2 00000000 bin", b"xdb shift 3 00000000 bin",
    b"xd", b"xd ", b"xd AAAA", b"xd AAA", b"xd A=AA", b"xd =AAA", b"xd A===", b"xd AA AA",
    b"xd  AAA", b"xd AA\xc1A", b"xd AAAA:::@",
)  # fmt: skip
_FRAMED = encode_block(SHORT, BIN)
# 51 data bytes and 4 of CRC end in `=`, 50 in `==`; all 64 digits occur
_DIGITS = bytes((5 * i + 3 * (i // 51)) % 256 for i in range(51 * 5 + 50))
_CAPITALS = b"xdb load %d %08X bin%%" % (len(SHORT), crc32(SHORT))

LOADS: tuple[Dialogue, ...] = (
    _of("a load by bin", *loaded(DATA, BIN), shown(DATA)),
    _of("a load by b64", *loaded(DATA, B64), shown(DATA)),
    _of("a load of one byte by bin", *loaded(b"%", BIN), shown(b"%")),
    _of("a load of one byte by b64", *loaded(b"%", B64), shown(b"%")),
    _of("a load of the whole buffer", *loaded(DATA * 25 + DATA[:148], BIN)),
    _of(
        "a block of nothing but %",
        *loaded(b"%" * 512, BIN),
        (b"name%", b"m-name-dut-[<vendor>]\r\n" + R),
    ),
    _of(
        "all base64 digits, and padding",
        begun(_DIGITS, B64),
        *[(encode_block(_DIGITS[i : i + 51], B64), R) for i in range(0, 255, 51)],
        (encode_block(_DIGITS[255:], B64), DONE),
        shown(_DIGITS),
    ),
    _of("capital digits of a CRC", (_CAPITALS, expecting(len(SHORT))), *blocks(SHORT, BIN)),
    _of("a shift by bin", *loaded(DATA, BIN), *shifted(DATA, SHORT, BIN)),
    _of("a shift by b64 after bin", *loaded(DATA, BIN), *shifted(DATA, DATA[::-1][:64], B64)),
    _of("a shift of all bytes but one", *loaded(SHORT, B64), *shifted(SHORT, SHORT[1:], BIN)),
    _of("a shift after a plain load", *_PLAIN, *shifted(b"\xaa\xbb", b"\xcc", BIN)),
    _of("a plain load after one by bin", *loaded(DATA, BIN), *_PLAIN, _PLAIN_SHOWN),
    _of(
        "a plain load ends one by b64",
        begun(DATA, B64),
        blocks(DATA, B64)[0],
        *_PLAIN,
        (encode_block(SHORT, B64), REFUSED),
        _PLAIN_SHOWN,
    ),
)

REFUSALS: tuple[Dialogue, ...] = (
    *(
        _of(
            f"refused {command!r}, the load before stays",
            *_PLAIN,
            (command + b"%", REFUSED),
            _PLAIN_SHOWN,
        )
        for command in _REFUSED_COMMANDS
    ),
    _of("a shift of nothing", (b"xdb shift 1 00000000 bin%", REFUSED), _EMPTY),
    _of(
        "a shift of an incomplete load",
        (b"db load 4%", expecting(4)),
        (b"db aabbcc%", R),
        (b"xdb shift 1 00000000 bin%", REFUSED),
        (b"db dd%", DONE),
    ),
    _of(
        "words that begin alike",
        (b"xdbs%", unknown(b"xdbs")),
        (b"x%", unknown(b"x")),
        (b" xdb load 4 00000000 bin%", unknown(b"xdb")),
    ),
)

VOID: tuple[Dialogue, ...] = (
    _of(
        "a damaged block by b64",
        begun(SHORT, B64),
        (_xd(damaged(_FRAMED, 3)), REFUSED),
        _EMPTY,
        (_xd(_FRAMED), REFUSED),
        *loaded(SHORT, B64),
    ),
    _of("a damaged CRC by b64", begun(SHORT, B64), (_xd(damaged(_FRAMED, -1)), REFUSED), _EMPTY),
    _of("a block of b64 that is none", begun(SHORT, B64), (b"xd AAA%", REFUSED), _EMPTY),
    *(
        _of(
            f"a whole block and {text!r}",
            begun(SHORT, B64),
            (xd_text(_FRAMED, text), REFUSED),
            _EMPTY,
        )
        for text in (b"A===", b"AA", b" ", b"-")
    ),
    _of(
        "a block without its padding",
        begun(SHORT[:18], B64),
        (_unpadded(SHORT[:18]), REFUSED),
        _EMPTY,
    ),
    _of("a block without data", begun(SHORT, B64), (_xd(bytes(4)), REFUSED), _EMPTY),
    _of("more bytes than expected", begun(SHORT[:19], B64), (_xd(_FRAMED), REFUSED), _EMPTY),
    _of(
        "an inference after the beginning of a load, as long as an input",
        begun(DATA, B64),
        *[(encode_block(DATA[i : i + 49], B64), R) for i in range(0, 490, 49)],
        (b"infer 1 0%", _INFERRED_WITHOUT_INPUT.replace(b"has 0 ", b"has 490 ")),
    ),
    _of(
        "an input of another CRC by b64",
        begun(SHORT, B64, crc=1),
        (_xd(_FRAMED), REFUSED),
        _EMPTY,
        (b"infer 1 0%", _INFERRED_WITHOUT_INPUT),
    ),
    _of(
        "a shift onto another input than the host's",
        *loaded(SHORT, B64),
        (b"xdb shift 1 00000000 b64%", expecting(1)),
        (encode_block(b"!", B64), REFUSED),
        _EMPTY,
    ),
    _of("a damaged block by bin", begun(SHORT, BIN), (damaged(_FRAMED, 3), REFUSED)),
    _of("a damaged CRC by bin", begun(SHORT, BIN), (damaged(_FRAMED, -1), REFUSED)),
    _of("an input of another CRC by bin", begun(SHORT, BIN, crc=1), (_FRAMED, REFUSED)),
)

EXTENSION_DIALOGUES = LOADS + REFUSALS + VOID
