from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.errors import CommandError
from tinyrunner.dut_protocol.wire.commands import (
    AskHelp,
    AskName,
    AskProfile,
    AskResults,
    DbData,
    DbLoad,
    DbPrint,
    Empty,
    Infer,
    Raw,
    Refused,
    Timestamp,
    c_atoi,
    parse_command,
)
from tinyrunner.dut_protocol.wire.settings import LinkSettings

COMMANDS = st.one_of(
    st.sampled_from(
        [AskName(), AskProfile(), AskHelp(), AskResults(), Timestamp(), DbPrint(), Raw("foo")]
    ),
    st.builds(DbLoad, st.integers(1, 10**6)),
    st.builds(DbData, st.binary(min_size=1, max_size=38)),
    st.builds(Infer, st.integers(1, 10**6), st.integers(0, 10**6)),
)


@given(COMMANDS)
def test_every_command_is_understood_as_it_was_meant(command):
    data = command.encode()
    assert data.endswith(b"%")
    assert data.count(b"%") == 1
    assert b"\r" not in data
    assert b"\n" not in data
    assert len(data) <= 81
    assert parse_command(data[:-1].decode()) == command


@pytest.mark.parametrize("text", ["", " ", "   ", "\t"])
def test_an_empty_command_cannot_be_encoded(text: str):
    with pytest.raises(CommandError, match="crashes"):
        Raw(text).encode()


@pytest.mark.parametrize("text", ["name%", "na\nme", "name\r", "näme", "na\x00me", "\x7f"])
def test_a_command_with_a_terminator_or_a_strange_character_cannot_be_encoded(text: str):
    with pytest.raises(CommandError):
        Raw(text).encode()


def test_a_command_has_at_most_80_characters():
    assert len(Raw("x" * 80).encode()) == 81
    with pytest.raises(CommandError, match="81 characters"):
        Raw("x" * 81).encode()


def test_a_block_has_1_to_38_data_bytes():
    assert len(DbData(bytes(38)).encode()) == 80
    for data in (b"", bytes(39)):
        with pytest.raises(CommandError):
            DbData(data).encode()


@pytest.mark.parametrize(
    "command", [DbLoad(0), DbLoad(-1), Infer(0, 1), Infer(-1, 1), Infer(1, -1)]
)
def test_what_the_device_could_only_refuse_is_not_sent(command):
    with pytest.raises(CommandError):
        command.encode()


@pytest.mark.parametrize("count", [0, -1, 39, 1000])
def test_39_data_bytes_are_refused_in_the_settings(count: int):
    with pytest.raises(ValueError, match="1 to 38"):
        LinkSettings(data_bytes_per_db=count)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4x", 4), ("x4", 0), ("", 0), ("-5", -5), ("+7", 7), ("007", 7), ("\t3", 3), ("1.9", 1),
        ("- 5", 0), ("--5", 0), ("0x10", 0), ("1e3", 1), ("\xa03", 0), ("٣", 0),
    ],
)  # fmt: skip
def test_numbers_are_read_as_c_reads_them(text: str, number: int):
    assert c_atoi(text) == number


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Empty()),
        ("  ", Empty()),
        (" name ", AskName()),
        ("names", Raw("names")),
        ("foo bar", Raw("foo")),
        ("db", Refused("Command 'db' requires a subcommand")),
        ("db ", Refused("Command 'db' requires a subcommand")),
        ("db load", Refused("Command 'db load' requires the # of bytes")),
        ("db load x", Refused("Command 'db load' must be >0 bytes")),
        ("db load -5", DbLoad(-5)),
        ("db load  4x  9", DbLoad(4)),
        ("db loading", DbData(b"", "Insufficent number of hex digits")),
        ("db loader", DbData(b"", "Invalid hex digit 'lo'")),
        ("db print 16 0", DbPrint()),
        ("db 001", DbData(b"", "Insufficent number of hex digits")),
        ("db 00g1", DbData(b"\x00", "Invalid hex digit 'g1'")),
        ("db 00 11", DbData(b"\x00")),
        ("infer", Infer(1, 10)),
        ("infer 5", Infer(5, 10)),
        ("infer 5 0", Infer(5, 0)),
        ("infer x", Refused("Inference iterations must be >0")),
        ("infer 0", Refused("Inference iterations must be >0")),
        ("infer 1 -1", Refused("Inference warmup must be >=0")),
        ("infer 1 x", Infer(1, 0)),
    ],
)
def test_the_device_understands_as_the_reference_firmware_does(text: str, meant):
    assert parse_command(text) == meant


@given(st.text(alphabet=st.characters(min_codepoint=0, max_codepoint=255), max_size=80))
def test_no_text_is_beyond_the_parser(text: str):
    assert parse_command(text) is not None
