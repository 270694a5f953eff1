"""Seeds for the firmware's fuzzer: each dialogue as its input (see tests/fuzz/firmware_fuzz.c)."""

from __future__ import annotations

from pathlib import Path

from support.devices.device_dialogues import REFERENCE, SAFE_WHERE_THE_REFERENCE_IS_NOT
from support.devices.extension_dialogues import EXTENSION_DIALOGUES
from support.firmware.dialogues import OVERFLOWS, STRICT
from support.firmware.streaming_dialogues import STREAMING_DIALOGUES
from support.firmware.timeouts import TIMED

_FIRST = (0, 1, 2, 4)
"""Mode, buffer and clock."""

_TURNS = b"\xfe\xff"

_LAYERS = b"profile layers%infer 1 0%profile layers%infer 1 1%profile layers%profile layer%"
"""Where the fuzzed library has `TR_LAYERS`: before an inference, and after one of some layers."""


def escaped(data: bytes) -> bytes:
    return data.replace(b"\xfe", b"\xfe\x00")


def passes(seconds: float) -> bytes:
    """So much time; 1 s in each pair."""
    parts = b""
    while seconds > 0:
        parts += bytes([0xFE, max(1, min(250, round(seconds * 250)))])
        seconds -= 1.0
    return parts


def seeds() -> list[bytes]:
    bodies = [
        b"".join(escaped(sent) for sent, _ in dialogue.exchanges)
        for dialogue in (
            *REFERENCE,
            *SAFE_WHERE_THE_REFERENCE_IS_NOT,
            *STRICT,
            *EXTENSION_DIALOGUES,
            *STREAMING_DIALOGUES,
        )
    ]
    bodies += [
        b"".join(_TURNS + escaped(sent) + _TURNS for sent, _ in dialogue.exchanges)
        for dialogue in OVERFLOWS
    ]
    bodies += [
        b"".join(escaped(step.sent) + passes(step.wait_s) for step in timed.steps)
        for timed in TIMED
    ]
    bodies.append(_LAYERS)
    return [bytes([_FIRST[i % len(_FIRST)]]) + body for i, body in enumerate(bodies)]


def write_seeds(folder: Path) -> int:
    """One file each; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (folder / f"seed-{number:03}").write_bytes(seed)
    return len(seeds())
