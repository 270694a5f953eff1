"""The wire extension's time-out, in real time: what is sent, how long is waited, what is said."""

from __future__ import annotations

import time
from dataclasses import dataclass

from support.devices.device_dialogues import R, answers
from support.devices.extension_dialogues import BIN, DATA, REFUSED, SHORT, begun, damaged
from support.firmware.device import DeviceProcess
from tinyrunner.dut_protocol.wire.extension import encode_block

TIMEOUT_S = 0.5
LATE_S = 0.35
"""A loaded machine's leave."""

_NAME = b"m-name-dut-[<vendor>]\r\n" + R
_BLOCKS = encode_block(DATA[:512], BIN) + encode_block(DATA[512:1024], BIN)


@dataclass(frozen=True)
class Step:
    """Send, wait, and it has said this: ``expected``; b"" for nothing."""

    sent: bytes
    wait_s: float
    expected: bytes


@dataclass(frozen=True)
class TimedDialogue:
    name: str
    steps: tuple[Step, ...]
    arguments: tuple[str, ...] = ()


def _of(name: str, *steps: Step, at_once: bool = False) -> TimedDialogue:
    return TimedDialogue(name, steps, ("--at-once", "65536") if at_once else ())


_BEGUN = Step(begun(SHORT, BIN)[0], 0.05, begun(SHORT, BIN)[1])
_BEGUN_LONG = Step(begun(DATA, BIN)[0], 0.05, begun(DATA, BIN)[1])
_TIMED_OUT = Step(b"", TIMEOUT_S + LATE_S, REFUSED)
_HEARS_AGAIN = Step(b"", TIMEOUT_S + LATE_S, b"")
_ALIVE = Step(b"name%", 0.1, _NAME)
_DAMAGED = damaged(encode_block(SHORT, BIN), 0)

TIMED: tuple[TimedDialogue, ...] = (
    _of("no block comes", _BEGUN, _TIMED_OUT, _HEARS_AGAIN, _ALIVE, Step(b"db print%", 0.1, R)),
    _of(
        "half a block comes",
        _BEGUN,
        Step(SHORT[:10], 0.1, b""),
        _TIMED_OUT,
        Step(SHORT[10:] + b"%name%", 0.1, b""),
        _HEARS_AGAIN,
        _ALIVE,
    ),
    _of(
        "a slow block is taken",
        _BEGUN,
        *[Step(encode_block(SHORT, BIN)[i : i + 6], TIMEOUT_S / 2, b"") for i in (0, 6, 12)],
        Step(encode_block(SHORT, BIN)[18:], 0.1, b"m-load-done\r\n" + R),
    ),
    _of(
        "after a damaged block nothing is heard until it has been quiet",
        _BEGUN,
        Step(_DAMAGED, 0.1, REFUSED),
        *[Step(b"name%", TIMEOUT_S / 2, b"")] * 4,
        _HEARS_AGAIN,
        _ALIVE,
    ),
    _of(
        "input lost in a block voids the load",
        _BEGUN_LONG,
        Step(_BLOCKS, 0.1, R + REFUSED),
        Step(b"db print%", 0.1, b""),
        _HEARS_AGAIN,
        Step(b"db print%", 0.1, R),
        at_once=True,
    ),
    _of(
        "what is dropped is not missed",
        _BEGUN,
        Step(_DAMAGED + bytes(3000), 0.1, REFUSED),
        Step(bytes(3000), 0.1, b""),
        _HEARS_AGAIN,
        _ALIVE,
        at_once=True,
    ),
)


def hold_timed(device: DeviceProcess, dialogue: TimedDialogue) -> None:
    for step in dialogue.steps:
        device.send(step.sent)
        until_s = time.monotonic() + step.wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            device.read(left_s)
            if step.expected and device.said.count(R) >= step.expected.count(R):
                break
        said, device.said = device.said, b""
        assert answers(step.expected, said), (
            f"to {step.sent[:60]!r}: {said!r} not {step.expected!r}"
        )
