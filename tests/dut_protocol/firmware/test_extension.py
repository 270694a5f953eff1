"""The C library's wire extension: its time-outs, what it refuses, and our host's loads into it."""

from __future__ import annotations

import pytest
from support.devices.device_dialogues import R, answers
from support.devices.extension_dialogues import (
    B64,
    BIN,
    DATA,
    REFUSED,
    SHORT,
    begun,
    blocks,
    loaded,
    shown,
    xd_text,
)
from support.firmware.build import host_dut
from support.firmware.device import DeviceProcess
from support.firmware.timeouts import TIMED, TimedDialogue, hold_timed
from tinyrunner.dut_protocol.wire.extension import Offer, encode_block, parse_offer


@pytest.mark.parametrize("dialogue", TIMED, ids=[dialogue.name for dialogue in TIMED])
def test_whoever_dies_in_a_block_leaves_a_device_that_hears_again(dialogue: TimedDialogue):
    with DeviceProcess(host_dut(), *dialogue.arguments) as device:
        device.answer(1)
        hold_timed(device, dialogue)


@pytest.mark.parametrize("again", [b"xdb load 4 00000000 b64", b"xdb shift 1 00000000 bin", b"xdb"])
def test_another_beginning_before_the_last_block_voids_the_load(again: bytes):
    with DeviceProcess(host_dut()) as device:
        device.answer(1)
        device.ask(begun(SHORT, B64)[0])
        assert answers(REFUSED, device.ask(again + b"%"))
        assert answers(REFUSED, device.ask(blocks(SHORT, B64)[0][0]))
        assert device.ask(b"db print%") == R


@pytest.mark.parametrize("more", [b"=", b"==", b"===="])
def test_padding_that_pads_nothing_is_no_base64(more: bytes):
    """Python's decoder, and so the simulated device, lets it pass."""
    with DeviceProcess(host_dut()) as device:
        device.answer(1)
        device.ask(begun(SHORT, B64)[0])
        assert answers(REFUSED, device.ask(xd_text(encode_block(SHORT, BIN), more)))
        assert device.ask(b"db print%") == R


@pytest.mark.parametrize("entries", [0, 256])
def test_the_crc_is_the_same_without_a_table_and_with_the_large_one(entries: int):
    program = host_dut(f"-DTR_CRC_TABLE_ENTRIES={entries}")
    with DeviceProcess(program) as device:
        device.answer(1)
        for sent, expected in (*loaded(DATA, BIN), *loaded(DATA, B64), shown(DATA)):
            assert answers(expected, device.ask(sent))


def test_hex_blocks_do_not_mix_into_a_load_by_b64():
    with DeviceProcess(host_dut()) as device:
        device.answer(1)
        device.ask(begun(SHORT, B64)[0])
        assert device.ask(b"db ffff%").startswith(b"e-[No load in progress")
        assert device.ask(blocks(SHORT, B64)[0][0]) == b"m-load-done\r\n" + R
        assert device.ask(b"db print%") == shown(SHORT)[1]


@pytest.mark.parametrize(
    ("flags", "offer"),
    [
        ((), Offer(512, True, True, 500)),
        (("-DTR_RING_BYTES=256",), Offer(128, True, True, 500)),
        (("-DTR_BIN_BLOCK_BYTES=8", "-DTR_BIN_TIMEOUT_MS=100"), Offer(8, True, True, 100)),
    ],
)
def test_the_offer_says_what_was_compiled_in(flags: tuple[str, ...], offer: Offer):
    with DeviceProcess(host_dut(*flags)) as device:
        device.answer(1)
        lines = device.ask(b"help%").decode().split("\r\n")
    said = next(line for line in lines if line.startswith("x-tinyrunner-1 "))
    assert parse_offer(said.removeprefix("x-tinyrunner-1 ")) == offer
