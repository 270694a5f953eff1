from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.wire.commands import MAX_COMMAND_CHARS
from tinyrunner.dut_protocol.wire.extension import (
    B64_DATA_BYTES,
    Begin,
    Encoding,
    ExtensionError,
    Offer,
    TextBlock,
    begin_load,
    begin_shift,
    crc32,
    decode_block,
    encode_block,
    parse_extended,
    parse_offer,
)
from tinyrunner.dut_protocol.wire.messages import Chatter, ExtensionOffer, parse_line

OFFERS = st.builds(
    Offer,
    bin_bytes=st.integers(1, 65536),
    b64=st.booleans(),
    shift=st.booleans(),
    timeout_ms=st.integers(100, 1000),
) | st.builds(Offer, b64=st.just(True), shift=st.booleans())


def test_the_checksum_is_the_one_that_firmware_authors_are_told_of():
    assert crc32(b"123456789") == 0xCBF43926
    assert encode_block(b"123456789", Encoding.BIN) == b"123456789\xcb\xf4\x39\x26"


@given(OFFERS)
def test_an_offer_is_read_as_it_was_made(offer: Offer):
    (message,) = parse_line(ExtensionOffer(offer.encode()).encode().encode())
    assert isinstance(message, ExtensionOffer)
    assert parse_offer(message.text) == offer


def test_words_that_this_host_does_not_know_are_skipped():
    offer = parse_offer("zip bin=64 turbo=9 timeout-ms=200 shift=later")
    assert offer == Offer(bin_bytes=64, timeout_ms=200)


@pytest.mark.parametrize(
    "text",
    [
        "", "shift", "bin=0 timeout-ms=500", "bin=65537 timeout-ms=500", "bin=512",
        "bin=512 timeout-ms=99", "bin=512 timeout-ms=1001", "bin=-1 timeout-ms=500",
        "bin=5x timeout-ms=500", "bin= timeout-ms=500", "bin=512 timeout-ms=9999999",
    ],
)  # fmt: skip
def test_an_offer_that_cannot_be_is_refused(text: str):
    with pytest.raises(ExtensionError):
        parse_offer(text)


def test_an_offer_of_a_later_version_is_chatter():
    (message,) = parse_line(b"x-tinyrunner-2 bin=512 timeout-ms=500")
    assert isinstance(message, Chatter)


def test_the_better_encoding_comes_first():
    assert Offer(bin_bytes=1, b64=True, timeout_ms=100).encodings == (Encoding.BIN, Encoding.B64)
    assert Offer(b64=True).encodings == (Encoding.B64,)


@given(st.binary(min_size=1, max_size=600))
def test_an_8_bit_block_is_its_bytes_and_their_checksum(data: bytes):
    assert decode_block(encode_block(data, Encoding.BIN)) == data


@given(st.binary(min_size=1, max_size=B64_DATA_BYTES))
def test_a_text_block_is_a_command_that_fits_the_command_buffer(data: bytes):
    command = encode_block(data, Encoding.B64)
    assert command.count(b"%") == 1
    assert len(command) <= MAX_COMMAND_CHARS + 1
    block = parse_extended(command.decode("ascii").rstrip("%"))
    assert isinstance(block, TextBlock)
    assert decode_block(block.framed) == data


@given(st.binary(min_size=1, max_size=100), st.data())
def test_a_damaged_block_is_never_taken(data: bytes, draw):
    framed = bytearray(encode_block(data, Encoding.BIN))
    place = draw.draw(st.integers(0, len(framed) - 1))
    framed[place] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(ExtensionError):
        decode_block(framed)


@pytest.mark.parametrize("framed", [b"", b"\0\0\0\0", b"abc"])
def test_a_block_without_data_is_none(framed: bytes):
    with pytest.raises(ExtensionError):
        decode_block(framed)


def test_the_beginnings_are_short_commands_and_read_as_they_were_made():
    for make, shift in ((begin_load, False), (begin_shift, True)):
        text = make(27648, 0x0000ABCD, Encoding.BIN)
        assert len(text) <= MAX_COMMAND_CHARS
        assert parse_extended(text) == Begin(shift, 27648, 0xABCD, Encoding.BIN)


@pytest.mark.parametrize(
    "text",
    ["xdb", "xdb load", "xdb load 10 1234 bin", "xdb load 10 12345678", "xdb load x 12345678 bin",
     "xdb load 10 12345678 hex", "xdb drop 10 12345678 bin", "xd", "xd a", "xd ab%c", "xd é"],
)  # fmt: skip
def test_a_command_that_is_meant_to_be_one_and_is_wrong_is_refused(text: str):
    try:
        parsed = parse_extended(text)
    except ExtensionError:
        return
    assert isinstance(parsed, TextBlock)
    with pytest.raises(ExtensionError):
        decode_block(parsed.framed)


@pytest.mark.parametrize("text", ["db 00", "name", "xdc 1", "x"])
def test_other_commands_are_not_touched(text: str):
    assert parse_extended(text) is None


@given(st.text(max_size=90))
def test_no_text_breaks_the_device_s_parser(text: str):
    for candidate in (text, "xd " + text, "xdb " + text):
        with suppress(ExtensionError):
            parse_extended(candidate)
