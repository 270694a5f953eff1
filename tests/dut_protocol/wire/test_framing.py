from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.errors import DutProtocolError
from tinyrunner.dut_protocol.wire.framing import MAX_LINE_BYTES, CommandReader, LineReader

STREAM = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"%", b"m-ready", b"\xff", b"a b"])).map(
    b"".join
)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges)]


@given(STREAM, st.lists(st.integers(0, 1000)))
def test_lines_are_the_same_however_the_stream_is_cut(data: bytes, cuts: list[int]):
    whole = LineReader()
    lines = whole.feed(data)
    for way in (pieces(data, cuts), [data[i : i + 1] for i in range(len(data))]):
        reader = LineReader()
        assert [line for piece in way for line in reader.feed(piece)] == lines
        assert reader.pending == whole.pending


def test_a_line_ends_in_lf_with_or_without_cr():
    reader = LineReader()
    assert reader.feed(b"one\r\ntwo\nthree\r\r\n\r\nfou") == [b"one", b"two", b"three", b""]
    assert reader.pending == b"fou"
    assert reader.take_pending() == b"fou"
    assert reader.pending == b""


@pytest.mark.parametrize("size", [1, 1000, 2 * MAX_LINE_BYTES])
def test_an_endless_line_is_refused_and_its_memory_given_back(size: int):
    reader = LineReader()

    def endlessly() -> None:
        for _ in range(MAX_LINE_BYTES // size + 2):
            reader.feed(b"x" * size)

    with pytest.raises(DutProtocolError, match="baud rate"):
        endlessly()
    assert len(reader.pending) <= size
    reader.take_pending()
    assert reader.feed(b"m-ready\r\n") == [b"m-ready"]


def test_the_longest_honest_line_is_taken():
    line = b"x" * MAX_LINE_BYTES
    assert LineReader().feed(line + b"\n") == [line]


def test_a_whole_line_that_is_too_long_is_refused_too():
    with pytest.raises(DutProtocolError, match="beginning b'yyy"):
        LineReader().feed(b"y" * (MAX_LINE_BYTES + 1) + b"\nm-ready\r\n")


@given(STREAM, st.lists(st.integers(0, 1000)))
def test_commands_are_the_same_however_the_stream_is_cut(data: bytes, cuts: list[int]):
    whole = CommandReader(80)
    commands = [command for _, command in whole.feed(data)]
    reader = CommandReader(80)
    found = [command for piece in pieces(data, cuts) for _, command in reader.feed(piece)]
    assert found == commands
    assert reader.empty == whole.empty


def test_each_command_comes_with_the_place_where_it_ended():
    assert CommandReader(80).feed(b"name%db 00%re") == [(5, b"name"), (11, b"db 00")]


def test_a_command_without_end_takes_no_memory():
    reader = CommandReader(80)
    for _ in range(100):
        assert reader.feed(b"x" * 1000) == []
    assert len(reader._rest) == 80


@given(st.integers(0, 300), st.integers(1, 90))
def test_of_a_long_command_the_first_characters_are_kept(length: int, size: int):
    data = bytes(i % 26 + 97 for i in range(length)) + b"%"
    reader = CommandReader(80)
    found = [
        command
        for start in range(0, len(data), size)
        for _, command in reader.feed(data[start : start + size])
    ]
    assert found == [data[:-1][:80]]
