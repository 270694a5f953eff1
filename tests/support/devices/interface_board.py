"""What an interface board was heard to say: a published session as a dialogue, and single answers.

The line ends are those of its firmware (mlcommons/tiny, benchmark/interface), which the log of
MLCommons' runner does not keep.
"""

from __future__ import annotations

from support.devices.dialogue import READY
from support.reference import reference_path

PUBLISHED = "record/v1.3/closed/syntiant/results/syntiant_9120_1v0_49mhz/sww/energy/log.txt"
BOARD = b"tinyML Enhanced Interface Board\r\n" + READY
FILES = b"long_wav.wav\r\nshort.wav\r\n" + READY
PLAYED = b"Attempting to play short.wav\nsucceeded.\n" + READY
NO_STEREO = (
    b"Attempting to play short.wav\nError playing file. Check that the file exists and is a "
    b"2-channel wav file.\n" + READY
)
PLAY_S = 1200.0


def echoed(command: str) -> bytes:
    return f"m-dut-passthrough({command})\r\n".encode() + READY


def published_dialogue() -> list[tuple[bytes, bytes | list[tuple[float, bytes]]]]:
    """The session of syntiant's: what the runner sent, and what came back; the board's reset too.

    A recording takes its time.
    """
    pairs = []
    for line in reference_path(PUBLISHED).read_text(encoding="utf-8").splitlines():
        if line.endswith("%"):
            pairs.append([line.encode(), b""])
        elif line.startswith("RX:") and pairs:
            pairs[-1][1] += line[3:].encode() + b"\r\n"
    for pair in pairs:
        pair[1] = (
            pair[1].replace(b", m-ready\r\n", b", m-ready\r\n").replace(b"[dut]:\r", b"[dut]: \r")
        )
        if pair[0].startswith(b"play"):
            first, rest = pair[1].split(b"\r\n", 1)
            pair[1] = [(0.001, first + b"\n"), (PLAY_S, rest)]
    return [(sent, answer) for sent, answer in pairs]
