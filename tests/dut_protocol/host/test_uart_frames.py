"""Sound over the UART, frame by frame, against the words of the reference firmware."""

from __future__ import annotations

import pytest
from support.devices.dialogue import NAME, READY, Listener, ScriptedTransport
from tinyrunner.dut_protocol.errors import DutProtocolError
from tinyrunner.dut_protocol.host.dut import Dut
from tinyrunner.dut_protocol.host.uart_frames import FrameFeeder
from tinyrunner.dut_protocol.link.clock import VirtualClock
from tinyrunner.dut_protocol.wire.settings import LinkSettings

HOP = bytes(range(256)) * 4
FEATURES = b"m-features-[" + b", ".join([b" +0"] * 40) + b"]\r\n"


def answer(command, *lines):
    said = b"".join(line + b"\r\n" for line in lines)
    return command + b"%", b"Received command: " + command[:70] + b"\r\n" + said + READY


LOAD = [
    answer(b"db load 1024", b"Expecting 1024 bytes"),
    answer(b"db " + HOP[:510].hex().encode(), b"510 bytes received"),
    answer(b"db " + HOP[510:1020].hex().encode(), b"1020 bytes received"),
    answer(b"db " + HOP[1020:].hex().encode(), b"m-load-done"),
]
EXTRACT = (
    b"extract_uart_stream%",
    b"Received command: extract_uart_stream\r\n" + FEATURES
    + b"m-activations-[-128,  +5, +127]\r\n" + READY,
)  # fmt: skip


BLOCKS = [HOP[at : at + 30] for at in range(0, len(HOP), 30)]
EEMBC_LOAD = [
    answer(b"db load 1024", b"m-[Expecting 1024 bytes]"),
    *(answer(b"db " + block.hex().encode()) for block in BLOCKS[:-1]),
    answer(b"db " + BLOCKS[-1].hex().encode(), b"m-load-done"),
]


def feeder(pairs):
    clock = VirtualClock()
    transport = ScriptedTransport(clock, pairs)
    listener = Listener()
    return FrameFeeder(Dut(transport, clock, LinkSettings(), listener)), transport, listener


def test_a_frame_is_sent_and_its_answers_alone_are_logged():
    feed, transport, listener = feeder([*LOAD, EXTRACT])
    assert feed.frame(HOP) == (-128, 5, 127)
    assert listener.lines == ["m-activations-[-128,  +5, +127]"]
    transport.finish()


def test_firmware_with_the_words_of_the_other_tasks_gets_their_blocks():
    feed, transport, listener = feeder([*EEMBC_LOAD, EXTRACT])
    assert feed.frame(HOP) == (-128, 5, 127)
    assert listener.lines == ["m-activations-[-128,  +5, +127]"]
    transport.finish()


def test_a_load_that_is_done_too_early_is_done_again():
    early = answer(b"db " + BLOCKS[0].hex().encode(), b"m-load-done")
    feed, transport, listener = feeder(
        [EEMBC_LOAD[0], early, (b"name%", NAME), *EEMBC_LOAD, EXTRACT]
    )
    assert feed.frame(HOP) == (-128, 5, 127)
    assert "m-load-done came after 30 of 1024 bytes" in listener.notes[0]
    transport.finish()


def test_a_load_that_came_damaged_is_done_again():
    short = answer(b"db " + HOP[510:1020].hex().encode(), b"1019 bytes received")
    feed, transport, listener = feeder([*LOAD[:2], short, (b"name%", NAME), *LOAD, EXTRACT])
    assert feed.frame(HOP) == (-128, 5, 127)
    assert "is answered '1019 bytes received', not '1020 bytes received'" in listener.notes[0]
    transport.finish()


def test_firmware_without_it_is_told():
    unknown = answer(b"extract_uart_stream", b"Unrecognized command extract_uart_stream")
    feed, _, _ = feeder([*LOAD, unknown])
    with pytest.raises(DutProtocolError, match="does this firmware have it"):
        feed.frame(HOP)
