from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.wire.framing import LineReader
from tinyrunner.dut_protocol.wire.messages import (
    BootMode,
    Buffer,
    BufferTooSmall,
    Chatter,
    DeviceError,
    Expecting,
    InferDone,
    InferStart,
    InitDone,
    InputMismatch,
    LapTime,
    LoadDone,
    Malformed,
    Model,
    Name,
    Profile,
    Ready,
    Results,
    TimestampMode,
    WarmupDone,
    WarmupStart,
    decode_line,
    parse_line,
)

COUNTS = st.integers(0, 2**64 - 1)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).filter(
    lambda text: not any(start in text for start in ("m-", "Input db has ", "Supplied buffer "))
)
SCORES = st.lists(
    st.integers(-(10**6), 10**6).map(lambda n: n / 1000), min_size=1, max_size=20
).map(tuple)
MESSAGES = st.one_of(
    st.sampled_from([Ready(), LoadDone(), WarmupDone(), InferDone(), InitDone()]),
    st.builds(Name, PRINTABLE),
    st.builds(Profile, PRINTABLE),
    st.builds(Model, PRINTABLE),
    st.builds(LapTime, COUNTS),
    st.builds(Expecting, COUNTS),
    st.builds(WarmupStart, COUNTS),
    st.builds(InferStart, COUNTS),
    st.builds(Buffer, st.binary(min_size=1, max_size=16)),
    st.builds(Results, SCORES, st.booleans()),
    st.builds(BootMode, st.sampled_from(TimestampMode)),
    st.builds(DeviceError, PRINTABLE),
    st.builds(InputMismatch, COUNTS, COUNTS),
    st.builds(BufferTooSmall, st.integers(-(2**31), 2**31), COUNTS),
)
GLUABLE = MESSAGES.filter(lambda message: not isinstance(message, DeviceError))
NOISE = st.binary(max_size=4).map(lambda data: bytes(b for b in data if not 0x21 <= b <= 0x7E))


@given(MESSAGES)
def test_what_is_encoded_is_parsed_back(message):
    assert parse_line(message.encode().encode()) == (message,)


@given(NOISE, MESSAGES, NOISE)
def test_noise_on_either_side_hides_no_message(before: bytes, message, after: bytes):
    assert parse_line(before + message.encode().encode() + after) == (message,)


@given(st.sampled_from(["Type error", "[dut] ", "x", "loading... ", "m-", "m-readm-"]), GLUABLE)
def test_chatter_glued_in_front_hides_no_message_and_is_kept(chatter: str, message):
    parsed = parse_line((chatter + message.encode()).encode())
    assert parsed == (Chatter(chatter.strip()), message)


@given(st.lists(GLUABLE, min_size=2, max_size=5), NOISE)
def test_messages_whose_line_ends_were_lost_are_all_found(messages, noise: bytes):
    line = noise.join(message.encode().encode() for message in messages)
    assert parse_line(line) == tuple(messages)


def test_the_glued_line_of_the_published_logs():
    assert parse_line(b"Type errorm-results-[89.274]") == (
        Chatter("Type error"),
        Results((89.274,)),
    )


def test_an_error_with_a_message_glued_on_is_still_an_error():
    line = b"e-[Invalid hex digit 'zz']m-ready"
    assert parse_line(line) == (DeviceError("Invalid hex digit 'zz'"), Ready())


@given(st.lists(MESSAGES, max_size=5), st.lists(st.integers(0, 500)))
def test_every_split_of_the_stream_gives_the_same_messages(messages, cuts):
    data = b"".join(message.encode().encode() + b"\r\n" for message in messages)
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    reader = LineReader()
    found = [
        message
        for a, b in itertools.pairwise(edges)
        for line in reader.feed(data[a:b])
        for message in parse_line(line)
    ]
    assert found == messages


@given(st.binary(max_size=200))
def test_no_bytes_are_beyond_the_parser_and_all_are_loggable(line: bytes):
    for message in parse_line(line):
        assert message.encode().isprintable()
    assert decode_line(line).isprintable()


def test_a_line_of_a_thousand_glued_messages_is_no_problem():
    assert parse_line(b"m-ready" * 2000) == (Ready(),) * 2000


@pytest.mark.parametrize("line", [b"", b" ", b"\x00\xff\x80", b"\r"])
def test_an_empty_line_is_no_message(line: bytes):
    assert parse_line(line) == ()


@pytest.mark.parametrize(
    "line",
    [
        b"m-read", b"-ready", b"m-readyy", b"m-lap-us-", b"m-lap-us--1", b"m-lap-us-1x",
        b"m-lap-us-" + b"9" * 21, b"m-results-[0.1,0.2", b"m-buffer-0", b"m-buffer-00-1",
        b"m-timestamp-mode-other", b"done-[5]", b"e-[open", b"m-[Expecting  bytes]",
    ],
)  # fmt: skip
def test_what_only_resembles_a_message_is_chatter(line: bytes):
    assert parse_line(line) == (Chatter(line.decode()),)


@pytest.mark.parametrize(
    "body", ["", ",", "nan", "0.1,NaN", "inf", "-inf", "1e999", "0.1,,0.2", "0.1,abc", "0.1,,",
             "0x10", "1_000", "0.1;0.2"],
)  # fmt: skip
def test_scores_that_are_no_finite_numbers_are_malformed(body: str):
    (message,) = parse_line(f"m-results-[{body}]".encode())
    assert isinstance(message, Malformed)
    assert "not a finite number" in message.reason


def test_malformed_scores_are_noticed_behind_chatter_too():
    assert isinstance(parse_line(b"Type errorm-results-[nan]")[-1], Malformed)


@pytest.mark.parametrize(
    ("body", "scores", "comma"),
    [
        ("0.023,0.977,", (0.023, 0.977), True),
        ("1", (1.0,), False),
        (" 0.5, -0.5", (0.5, -0.5), False),
        ("+.5,5.,1e-3", (0.5, 5.0, 0.001), False),
    ],
)
def test_scores_are_read_and_one_trailing_comma_is_told(body, scores, comma):
    assert parse_line(f"m-results-[{body}]".encode()) == (Results(scores, comma),)


def test_a_vendor_may_have_brackets_and_dashes():
    assert parse_line(b"m-name-dut-[STM-32 [rev B] Cortex-m-4]") == (
        Name("STM-32 [rev B] Cortex-m-4"),
    )


def test_noise_is_written_out_in_the_log():
    assert decode_line(b"\xffboot\x1b[0m\t") == "\\xffboot\\x1b[0m\\t"
