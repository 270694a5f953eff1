"""What the reference firmware answers, as a table: bytes in, bytes out.

Any device side can be held against it: the simulated one, or a firmware port. The table is for a
device of kws01 in performance mode, just booted (its banner read), one dialogue each. In an answer
stand for what differs from board to board: ``<vendor>``, ``<us>`` (the counter), ``<scores>``
(twelve, three decimals each) and ``<lines>`` (any lines).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

R = b"m-ready\r\n"
_COUNTING = bytes(i % 256 for i in range(490))
INPUT = _COUNTING


def _print(data: bytes) -> bytes:
    rows = [data[i : i + 8] for i in range(0, len(data), 8)]
    text = b"".join(b"m-buffer-" + row.hex("-").encode() + b"\r\n" for row in rows)
    return text + (b"\r\n" if len(data) % 8 else b"")


def _load(data: bytes, size: int = 30) -> tuple[tuple[bytes, bytes], ...]:
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    first = (b"db load %d%%" % len(data), b"m-[Expecting %d bytes]\r\n" % len(data) + R)
    middle = tuple((b"db %b%%" % block.hex().encode(), R) for block in blocks[:-1])
    return (first, *middle, (b"db %b%%" % blocks[-1].hex().encode(), b"m-load-done\r\n" + R))


def _infer(n: int, w: int) -> bytes:
    return (
        b"m-warmup-start-%d\r\nm-warmup-done\r\nm-infer-start-%d\r\nm-lap-us-<us>\r\n"
        b"m-lap-us-<us>\r\nm-infer-done\r\nm-results-[<scores>]\r\n" % (w, n)
    ) + R


@dataclass(frozen=True)
class Dialogue:
    name: str
    exchanges: tuple[tuple[bytes, bytes], ...]


def _of(name: str, *exchanges: tuple[bytes, bytes]) -> Dialogue:
    return Dialogue(name, exchanges)


BANNER = b"m-timestamp-mode-performance\r\nm-lap-us-<us>\r\nm-init-done\r\n" + R
ENERGY_BANNER = b"m-timestamp-mode-energy\r\nm-init-done\r\n" + R
_NAME = b"m-name-dut-[<vendor>]\r\n" + R
_MISMATCH = b"Input db has %d elemented, expected 490\n"

REFERENCE: tuple[Dialogue, ...] = (
    _of("name", (b"name%", _NAME)),
    _of("name, eight times in a row", (b"name%" * 8, _NAME * 8)),
    _of("name with spaces around and words after", (b"  name  x y %", _NAME)),
    _of(
        "profile",
        (b"profile%", b"m-profile-[<vendor>]\r\nm-model-[kws01]\r\n" + R),
    ),
    _of("timestamp", (b"timestamp%", b"m-lap-us-<us>\r\n" + R)),
    _of("help", (b"help%", b"<lines>" + R)),
    _of("more than a command", (b"names%", b"e-[Unknown command: names]\r\n" + R)),
    _of("a command cut short", (b"nam%", b"e-[Unknown command: nam]\r\n" + R)),
    _of("capitals", (b"NAME%", b"e-[Unknown command: NAME]\r\n" + R)),
    _of(
        "an unknown command echoes its first word only",
        (b"foo bar baz%", b"e-[Unknown command: foo]\r\n" + R),
    ),
    _of(
        "a line end is part of the next command",
        (b"name%\nname%", _NAME + b"e-[Unknown command: \nname]\r\n" + R),
    ),
    _of(
        "an unknown command of 81 characters loses the last",
        (b"x" * 80 + b"y%", b"e-[Unknown command: " + b"x" * 80 + b"]\r\n" + R),
    ),
    _of(
        "a command after a long one is whole",
        (b"x" * 200 + b"%name%", b"e-[Unknown command: " + b"x" * 80 + b"]\r\n" + R + _NAME),
    ),
    # -- db ------------------------------------------------------------------------------------
    _of("db alone", (b"db%", b"e-[Command 'db' requires a subcommand]\r\n" + R)),
    _of("db and a space", (b"db %", b"e-[Command 'db' requires a subcommand]\r\n" + R)),
    _of("db load alone", (b"db load%", b"e-[Command 'db load' requires the # of bytes]\r\n" + R)),
    _of("db load 0", (b"db load 0%", b"e-[Command 'db load' must be >0 bytes]\r\n" + R)),
    _of("db load text", (b"db load abc%", b"e-[Command 'db load' must be >0 bytes]\r\n" + R)),
    _of("db load by atoi", (b"db load 4x%", b"m-[Expecting 4 bytes]\r\n" + R)),
    _of("db load with a sign", (b"db load +4%", b"m-[Expecting 4 bytes]\r\n" + R)),
    _of("db load of the whole buffer", (b"db load 27648%", b"m-[Expecting 27648 bytes]\r\n" + R)),
    _of(
        "db load of more than the buffer, ended by LF alone",
        (b"db load 27649%", b"Supplied buffer size 27649 exceeds maximum of 27648\n" + R),
    ),
    _of(
        "db load of a negative size",
        (b"db load -1%", b"Supplied buffer size -1 exceeds maximum of 27648\n" + R),
    ),
    _of("a whole load", *_load(INPUT)),
    _of("a whole load of 38 bytes a block", *_load(INPUT, 38)),
    _of("capital digits", (b"db load 2%", b"m-[Expecting 2 bytes]\r\n" + R),
        (b"db ABcd%", b"m-load-done\r\n" + R), (b"db print%", _print(b"\xab\xcd") + R)),
    _of(
        "an odd number of digits stores nothing",
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db 0011223%", b"e-[Insufficent number of hex digits]\r\n" + R),
        (b"db 00112233%", b"m-load-done\r\n" + R),
        (b"db print%", _print(b"\x00\x11\x22\x33") + R),
    ),
    _of(
        "an invalid pair leaves the pairs before it stored",
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db 0011zz33%", b"e-[Invalid hex digit 'zz']\r\n" + R),
        (b"db 2233%", b"m-load-done\r\n" + R),
        (b"db print%", _print(b"\x00\x11\x22\x33") + R),
    ),
    _of(
        "half a valid pair is named whole",
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db 0g%", b"e-[Invalid hex digit '0g']\r\n" + R),
    ),
    _of(
        "digits beyond N in the last block are ignored",
        (b"db load 3%", b"m-[Expecting 3 bytes]\r\n" + R),
        (b"db 0011223344zz%", b"m-load-done\r\n" + R),
        (b"db print%", _print(b"\x00\x11\x22") + R),
    ),
    _of(
        "of a block of more than 80 characters the first 80 count",
        (b"db load 490%", b"m-[Expecting 490 bytes]\r\n" + R),
        # 77 of the 78 digits fit beside `db `
        (b"db " + b"00" * 39 + b"%", b"e-[Insufficent number of hex digits]\r\n" + R),
    ),
    _of(
        "a new db load begins again",
        (b"db load 4%", b"m-[Expecting 4 bytes]\r\n" + R),
        (b"db 0011%", R),
        (b"db load 2%", b"m-[Expecting 2 bytes]\r\n" + R),
        (b"db aabb%", b"m-load-done\r\n" + R),
        (b"db print%", _print(b"\xaa\xbb") + R),
    ),
    _of("db print of nothing", (b"db print%", R)),
    _of(
        "db print ends a partial row with an empty line, and ignores its arguments",
        *_load(INPUT),
        (b"db print 16 0%", _print(INPUT) + R),
    ),
    _of(
        "db print of whole rows has no empty line",
        *_load(bytes(range(16))),
        (b"db print%", _print(bytes(range(16))) + R),
    ),
    # -- infer -----------------------------------------------------------------------------------
    _of("infer", *_load(INPUT), (b"infer 3 2%", _infer(3, 2))),
    _of("infer without W warms up ten times", *_load(INPUT), (b"infer 5%", _infer(5, 10))),
    _of("infer without N runs once", *_load(INPUT), (b"infer%", _infer(1, 10))),
    _of("infer without warm-ups", *_load(INPUT), (b"infer 1 0%", _infer(1, 0))),
    _of("infer by atoi", *_load(INPUT), (b"infer 2x 1y%", _infer(2, 1))),
    _of("infer 0", (b"infer 0%", b"e-[Inference iterations must be >0]\r\n" + R)),
    _of("infer text", (b"infer x%", b"e-[Inference iterations must be >0]\r\n" + R)),
    _of("infer -1", (b"infer -1 5%", b"e-[Inference iterations must be >0]\r\n" + R)),
    _of("infer with W below 0", (b"infer 1 -1%", b"e-[Inference warmup must be >=0]\r\n" + R)),
    _of("infer with W of text", *_load(INPUT), (b"infer 1 x%", _infer(1, 0))),
    _of("infer with nothing loaded", (b"infer 1 0%", _MISMATCH % 0 + _infer(1, 0))),
    _of(
        "infer with a short input",
        *_load(bytes(16)),
        (b"infer 1 0%", _MISMATCH % 16 + _infer(1, 0)),
    ),
    _of(
        "results say the last scores again",
        *_load(INPUT),
        (b"infer 1 0%", _infer(1, 0)),
        (b"results%", b"m-results-[<scores>]\r\n" + R),
    ),
)  # fmt: skip

SAFE_WHERE_THE_REFERENCE_IS_NOT: tuple[Dialogue, ...] = (
    _of(
        "an inference after the beginning of a load, as long as an input",
        (b"db load 5000%", b"m-[Expecting 5000 bytes]\r\n" + R),
        *[(b"db " + b"5a" * 35 + b"%", R)] * 14,
        (
            b"infer 1 0%",
            _MISMATCH % 490
            + b"m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\nm-lap-us-<us>\r\n"
            + b"m-lap-us-<us>\r\nm-infer-done\r\nm-results-[<scores>]\r\n"
            + R,
        ),
    ),
    _of("an empty command", (b"%name%", b"e-[<vendor>]\r\n" + R + _NAME)),
    _of("a command of spaces", (b"   %name%", b"e-[<vendor>]\r\n" + R + _NAME)),
    _of(
        "a block after m-load-done",
        *_load(bytes(range(8))),
        (b"db ffff%", b"e-[<vendor>]\r\n" + R),
        (b"db print%", _print(bytes(range(8))) + R),
    ),
    _of("a block before any db load", (b"db 00%", b"e-[<vendor>]\r\n" + R), (b"db print%", R)),
    _of(
        "a block after a refused db load",
        (b"db load 27649%", b"Supplied buffer size 27649 exceeds maximum of 27648\n" + R),
        (b"db 00%", b"e-[<vendor>]\r\n" + R),
    ),
    _of("bytes outside ASCII", (b"\xff\xfe%name%", b"e-[<vendor>]\r\n" + R + _NAME)),
)

STRICTER_IN_THE_LIBRARY = frozenset({"db load by atoi", "infer by atoi", "infer with W of text"})
"""Dialogues of C's `atoi`, for the simulated device: our firmware library takes no such number."""

SHARED = tuple(
    dialogue
    for dialogue in REFERENCE + SAFE_WHERE_THE_REFERENCE_IS_NOT
    if dialogue.name not in STRICTER_IN_THE_LIBRARY
)
"""What the simulated device and every port of the firmware library answer alike."""

_WILDCARDS = {
    rb"<vendor>": rb"[^\r\n]*",
    rb"<us>": rb"\d+",
    rb"<scores>": rb"\d\.\d{3}(?:,\d\.\d{3}){11}",
    rb"<lines>": rb"(?:(?!m-ready)[^\n]*\r\n){3,}",
}


def answers(expected: bytes, answer: bytes) -> bool:
    """Whether ``answer`` is what the table says."""
    pattern = re.escape(expected)
    for name, regex in _WILDCARDS.items():
        pattern = pattern.replace(re.escape(name), regex)
    return re.fullmatch(pattern, answer) is not None
