from __future__ import annotations

import pytest
from support.devices.dialogue import PROFILE, READY, dialogue
from tinyrunner.dut_protocol.errors import DutProtocolError, FirmwareFault
from tinyrunner.dut_protocol.host.layers import ask_layers
from tinyrunner.dut_protocol.wire.layers import CounterKind

ASKED = b"profile layers%"
HEAD = b"x-layers-[timer: a clock]\r\n"
FIRST = b"x-layer-0-[dense 8 64 MACs]-300-30\r\n"
SECOND = b"x-layer-1-[softmax]-20-2\r\n"
LAST = b"x-layers-done-2-330-33\r\n"


def asked(reply: bytes):
    with dialogue([(ASKED, reply)]) as talk:
        return ask_layers(talk.dut)


def test_the_layers_are_those_that_the_device_tells():
    times = asked(HEAD + FIRST + b"debug: 3\r\n" + SECOND + LAST + READY)
    assert (times.kind, times.counter) == (CounterKind.TIMER, "a clock")
    assert [layer.cycles for layer in times.layers] == [300, 20]
    assert (times.layer_cycles, times.cycles, times.us) == (320, 330, 33)


@pytest.mark.parametrize(
    "reply",
    [
        HEAD + SECOND + LAST, HEAD + FIRST + LAST, FIRST + SECOND + LAST, HEAD + FIRST + SECOND,
        HEAD + FIRST + FIRST + LAST, HEAD + SECOND + FIRST + LAST,
        HEAD + FIRST + b"x-layer-1-[a[0]]-20-2\r\n" + LAST,
    ],
)  # fmt: skip
def test_a_line_that_is_missing_is_told(reply: bytes):
    with pytest.raises(DutProtocolError, match="lost on the way"):
        asked(reply + READY)


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (PROFILE, "build it with the library's setting TR_LAYERS"),
        (b"e-[Unknown command: profile]\r\n" + READY, "can not tell its layers"),
        (b"e-[Layers: no inference yet]\r\n" + READY, "no inference yet"),
        (b"x-layers-[CYCCNT]\r\n" + FIRST + SECOND + LAST + READY, "`measured:`"),
        (HEAD + b"x-layers-done-0-5-5\r\n" + READY, r"must call tr_layer_done\(\)"),
        (
            HEAD + b"x-layer-0-[a]-0-30\r\nx-layers-done-1-0-30\r\n" + READY,
            "the counter does not run",
        ),
        (
            HEAD + FIRST + b"x-layers-done-1-9223372036854775808-30\r\n" + READY,
            "no count of cycles",
        ),
        (HEAD + FIRST + b"x-layers-done-1-299-30\r\n" + READY, "wraps before"),
    ],
)
def test_firmware_that_cannot_tell_is_told_why(reply: bytes, why: str):
    with pytest.raises(FirmwareFault, match=why):
        asked(reply)
