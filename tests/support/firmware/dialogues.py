"""What our firmware library answers where the reference firmware does not, or otherwise."""

from __future__ import annotations

from support.devices.device_dialogues import Dialogue, R

RING_BYTES = 1024
_NAME = b"m-name-dut-[<vendor>]\r\n" + R
_NO_BYTES = b"e-[Command 'db load' must be >0 bytes]\r\n" + R
_ITERATIONS = b"e-[Inference iterations must be >0]\r\n" + R
_WARMUPS = b"e-[Inference warmup must be >=0]\r\n" + R
_TOO_LARGE = b"Supplied buffer size %d exceeds maximum of 27648\n" + R
_LOST = b"e-[Receive buffer overflow, input lost]\r\n" + R


def load_commands(data: bytes, size: int = 38) -> list[bytes]:
    """A load by `db`."""
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    return [b"db load %d%%" % len(data), *(b"db %b%%" % block.hex().encode() for block in blocks)]


def _of(name: str, *exchanges: tuple[bytes, bytes]) -> Dialogue:
    return Dialogue(name, exchanges)


STRICT = (
    _of("db load of a number with a letter", (b"db load 4x%", _NO_BYTES)),
    _of("db load of a letter with a number", (b"db load x4%", _NO_BYTES)),
    _of("db load of a sign", (b"db load -%", _NO_BYTES)),
    _of("db load of a fraction", (b"db load 4.5%", _NO_BYTES)),
    _of("db load of a hexadecimal number", (b"db load 0x10%", _NO_BYTES)),
    _of("db load with leading zeros", (b"db load 0004%", b"m-[Expecting 4 bytes]\r\n" + R)),
    _of("a number of more than 32 bits", (b"db load 4294967300%", _TOO_LARGE % (2**31 - 1))),
    _of("the least of more than 31 bits", (b"db load 2147483648%", _TOO_LARGE % (2**31 - 1))),
    _of("its negative", (b"db load -4294967300%", _TOO_LARGE % (1 - 2**31))),
    _of("infer of a number with a letter", (b"infer 2x%", _ITERATIONS)),
    _of("infer of more than 32 bits", (b"infer 4294967297%", _ITERATIONS)),
    _of("W with a letter", (b"infer 1 1y%", _WARMUPS)),
    _of("W of text", (b"infer 1 x%", _WARMUPS)),
    _of("a NUL inside a word", (b"name\0%", b"e-[Unknown command: name\0]\r\n" + R)),
    _of(
        "db print of an incomplete load shows 0, not what was there before",
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db aabbccdd%", b"m-load-done\r\n" + R),
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db 11%", R),
        (b"db print%", b"m-buffer-11-00-00-00\r\n\r\n" + R),
    ),
    _of(
        "a load stays when a number that is none was refused",
        *(
            (command, answer)
            for command, answer in zip(
                load_commands(bytes(490), 35),
                [b"m-[Expecting 490 bytes]\r\n" + R, *[R] * 13, b"m-load-done\r\n" + R],
                strict=True,
            )
        ),
        (b"db load 4x%", _NO_BYTES),
        (b"db load 0%", _NO_BYTES),
        (b"db print%", b"<lines>" + R),
    ),
)  # fmt: skip

_WHOLE = (RING_BYTES - 1) // 5
"""`name%` commands of which the ring holds the whole, and no byte of another is left."""

OVERFLOWS = (
    _of(
        "whole commands before the loss are executed, a part of one is not",
        (b"name%" * 300, _NAME * _WHOLE + _LOST),
        (b"name%", _NAME),
    ),
    _of(
        "a load with a hole is given up",
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db " + b"0" * 2 * RING_BYTES, _LOST),
        (b"db 00112233%", b"e-[No load in progress; send 'db load N' first]\r\n" + R),
    ),
    _of(
        "a complete load is kept",
        (b"db load 2%", b"m-[Expecting 2 bytes]\r\n" + R),
        (b"db aabb%", b"m-load-done\r\n" + R),
        (b"x" * 2 * RING_BYTES, _LOST),
        (b"db print%", b"m-buffer-aa-bb\r\n\r\n" + R),
    ),
    _of(
        "a load by b64 with a hole is void",
        (b"xdb load 4 00000000 b64%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"xd " + b"A" * 2 * RING_BYTES, b"e-[xdb: <vendor>]\r\n" + R),
        (b"xd AAAA%", b"e-[xdb: <vendor>]\r\n" + R),
        (b"db print%", R),
    ),
    _of(
        "as often as it happens",
        *[(b"x" * 2 * RING_BYTES, _LOST)] * 3,
        (b"name%", _NAME),
    ),
)  # fmt: skip
