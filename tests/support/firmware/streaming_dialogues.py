"""What a device of sww answers, as a table: the host port's, which has no sound input.

The wording is that of the reference firmware (mlcommons/tiny, ``streaming_wakeword``:
``sww_ref_util.c``), without its echo; ``e-[…]`` and ``frame`` are this library's own.
"""

from __future__ import annotations

import numpy as np
from support.devices.device_dialogues import Dialogue, R
from support.firmware.dialogues import load_commands

FRAME_BYTES = 1024
SILENCE = bytes(FRAME_BYTES)
LOUD = np.where(np.arange(512) % 4 < 2, 32767, -32768).astype("<i2").tobytes()
NOISE = np.random.default_rng(5).integers(-9000, 9000, 512).astype("<i2").tobytes()

IDLE = b"I2S is already idle.  Ignoring stop request\r\n" + R
BUSY = b"I2S Rx currently in progress. Ignoring request\r\n" + R
STARTED = b"Listening for I2S data ... \r\nm-lap-us-<us>\r\nDMA receive initiated.\r\n" + R
_STOPPED = b"m-lap-us-<us>\r\nStreaming stopped.\r\ntarget activations: \r\n"
_NO_FRAME = b"e-[No frame of 1024 bytes is loaded]\r\n" + R
_SILENT = b"m-features-[" + b", ".join([b"-128"] * 40) + b"]\r\n"


def _of(name: str, *exchanges: tuple[bytes, bytes]) -> Dialogue:
    return Dialogue(name, exchanges)


def loaded(data: bytes = SILENCE) -> tuple[tuple[bytes, bytes], ...]:
    """The exchanges that load one frame."""
    first, *middle, last = load_commands(data)
    return (
        (first, b"m-[Expecting %d bytes]\r\n" % len(data) + R),
        *((command, R) for command in middle),
        (last, b"m-load-done\r\n" + R),
    )


def state(number: int, samples: int) -> tuple[bytes, bytes]:
    return b"state%", b"g_i2s_state = %d, g_int16s_read=%d\r\n" % (number, samples) + R


START = (b"start%", STARTED)
HEARD = (b"frame%", R)

STREAMING_DIALOGUES: tuple[Dialogue, ...] = (
    _of("stop at rest", (b"stop%", IDLE), state(0, 0)),
    _of(
        "start and stop without sound",
        START,
        state(2, 0),
        (b"stop%", _STOPPED + b"[]\r\n" + R),
        (b"stop%", IDLE),
    ),
    _of("start twice", START, (b"start%", BUSY), state(2, 0)),
    _of("more than start", (b"starts%", b"e-[Unknown command: starts]\r\n" + R)),
    _of("help", (b"help%", b"<lines>" + R)),
    _of(
        "a frame before start",
        *loaded(),
        (b"frame%", b"e-[Nothing is heard before 'start']\r\n" + R),
    ),
    _of("no frame", START, (b"frame%", _NO_FRAME), state(2, 0)),
    _of(
        "sixteen activations a line, and a comma behind each but the last",
        START,
        *loaded(),
        *[HEARD] * 17,
        state(2, 17 * 1024),
        (b"stop%", _STOPPED + b"[" + b"-128, " * 16 + b"\r\n-128  \r\n]\r\n" + R),
    ),
    _of(
        "a whole line of activations",
        START,
        *loaded(),
        *[HEARD] * 16,
        (b"stop%", _STOPPED + b"[" + b"-128, " * 15 + b"-128  \r\n]\r\n" + R),
    ),
    _of(
        "another start forgets",
        START,
        *loaded(),
        HEARD,
        (b"stop%", _STOPPED + b"[-128  \r\n]\r\n" + R),
        START,
        state(2, 0),
        (b"stop%", _STOPPED + b"[]\r\n" + R),
    ),
    _of(
        "extract_uart_stream",
        *loaded(),
        (b"extract_uart_stream%", _SILENT + b"m-activations-[-128, +127,  +0]\r\n" + R),
    ),
    _of("extract_uart_stream of nothing", (b"extract_uart_stream%", _NO_FRAME)),
    _of("extract_uart_stream of half", *loaded(bytes(512)), (b"extract_uart_stream%", _NO_FRAME)),
    _of(
        "extract_uart_stream of a load that is not finished",
        *loaded()[:-1],
        (b"extract_uart_stream%", _NO_FRAME),
    ),
    _of(
        "extract_uart_stream of a longer load",
        *loaded(bytes(2048)),
        (b"extract_uart_stream%", _NO_FRAME),
    ),
    _of("extract_uart_stream while it listens", *loaded(), START, (b"extract_uart_stream%", BUSY)),
    _of("a model's size is a frame's", *loaded(NOISE), (b"infer 1 0%", b"<lines>" + R)),
)
