from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinyrunner.dut_protocol.wire.boot_banner import BootMode, InitDone, TimestampMode
from tinyrunner.dut_protocol.wire.framing import LineReader
from tinyrunner.dut_protocol.wire.layers import LayerCounter, LayersDone, LayerTime
from tinyrunner.dut_protocol.wire.messages import (
    Buffer,
    BufferTooSmall,
    Chatter,
    DeviceError,
    Expecting,
    InferDone,
    InferStart,
    InputSize,
    LapTime,
    LoadDone,
    Malformed,
    Model,
    Name,
    Profile,
    Ready,
    Results,
    WarmupDone,
    WarmupStart,
    decode_line,
    no_lap_time,
    parse_line,
)

COUNTS = st.integers(0, 2**64 - 1)
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).filter(
    lambda text: not any(start in text for start in ("m-", "Input db has ", "Supplied buffer "))
)
SCORES = st.lists(
    st.integers(-(10**6), 10**6).map(lambda n: n / 1000), min_size=1, max_size=20
).map(tuple)
NAMES = PRINTABLE.map(lambda text: text.translate({ord(c): None for c in "[]"}))
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
    st.builds(DeviceError, PRINTABLE.map("?{}".format), st.just(True)),
    st.builds(InputSize, COUNTS, COUNTS),
    st.builds(LayerCounter, NAMES),
    st.builds(LayerTime, COUNTS, NAMES, COUNTS, COUNTS),
    st.builds(LayersDone, COUNTS, COUNTS, COUNTS),
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
        b"m-read", b"-ready", b"m-readyy", b"m-lap-us-", b"m-lap-us--x", b"m-lap-us-1x",
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


@pytest.mark.parametrize(
    ("printed", "us"),
    [
        ("         123", 123), ("000123", 123), ("+123", 123), ("123.000", 123), ("123.9", 123),
        ("123 us", 123), ("123us", 123), ("-1", 2**32 - 1), ("-2147483648", 2**31),
        ("-4293967296", 1_000_000),
    ],
)  # fmt: skip
def test_a_time_stamp_in_another_form_is_taken_and_known_to_be_one(printed: str, us: int):
    assert parse_line(f"m-lap-us-{printed}".encode()) == (LapTime(us, printed),)


@pytest.mark.parametrize("printed", ["ld", "lld", "llu", "%lld", "%lu", "lu", "d", "", "%PRIu64"])
def test_a_time_stamp_without_a_number_is_a_printf_without_long_long(printed: str):
    line = f"m-lap-us-{printed}"
    assert parse_line(line.encode()) == (Chatter(line),)
    assert "64-bit" in (no_lap_time(f"timestamp%{line}") or "")


@pytest.mark.parametrize("printed", ["1.2e+06", "1,5", "0xBEEF", "1E6"])
def test_a_time_stamp_whose_digits_are_in_doubt_is_not_taken(printed: str):
    line = f"m-lap-us-{printed}"
    assert not any(isinstance(message, LapTime) for message in parse_line(line.encode()))
    assert "no count of microseconds" in (no_lap_time(line) or "")


@pytest.mark.parametrize("line", ["hello", "m-lap-us-12x4", "m-lap-us-1\\xff", "m-lap-s-ld"])
def test_other_chatter_and_damaged_lines_are_no_firmwares_fault(line: str):
    assert no_lap_time(line) is None


@pytest.mark.parametrize(
    ("line", "before", "text"),
    [
        ("db 1%e-[Invalid hex digit 'zz']", "db 1%", "Invalid hex digit 'zz'"),
        ("db ffe-[Insufficent number of hex digits]", "db ff", "Insufficent number of hex digits"),
        ("infer xe-[Inference warmup must be >=0]", "infer x", "Inference warmup must be >=0"),
        ("infer 0e-[Bad number]", "infer 0", "Bad number"),
        ("fooe-[Unknown command: foo]", "foo", "Unknown command: foo"),
        ("uart:~$ e-[Nope]", "uart:~$", "Nope"),
        ("> e-[Nope]", ">", "Nope"),
    ],
)  # fmt: skip
def test_an_error_is_found_behind_an_echo_and_a_prompt(line: str, before: str, text: str):
    assert parse_line(line.encode()) == (Chatter(before), DeviceError(text))


@pytest.mark.parametrize(
    "line", ["e-?", "e-?foo", "e-tm-?#args?0!=1", "e-i2c-?mod16", "e-?\xff", "e-[EMON]"]
)
def test_an_io_managers_refusals_are_errors_and_printed_as_they_came(line: str):
    (message,) = parse_line(line.encode("ascii", "backslashreplace"))
    assert isinstance(message, DeviceError)
    assert message.encode().encode() == line.encode("ascii", "backslashreplace")


@pytest.mark.parametrize("line", ["done-?", "fine-?foo", "e-", "e-tm", "re-?x", "e-T-?x"])
def test_what_only_ends_like_a_refusal_is_none(line: str):
    assert parse_line(line.encode()) == (Chatter(line),)


def test_a_banner_without_its_first_byte_tells_its_mode():
    for mode in TimestampMode:
        assert parse_line(f"-timestamp-mode-{mode.value}".encode()) == (BootMode(mode),)
        assert parse_line(f"m-timestamp-mode-{mode.value}".encode()) == (BootMode(mode),)
    assert parse_line(b"-timestamp-mode-none") == (Chatter("-timestamp-mode-none"),)


@pytest.mark.parametrize("line", ["m-profile-[e-[x]]", "m-name-dut-[a e-[5] b]", "m-model-[e-[x]]"])
def test_no_error_is_found_in_a_free_text(line: str):
    (message,) = parse_line(line.encode())
    assert not isinstance(message, DeviceError)


@pytest.mark.parametrize(
    ("line", "fits"),
    [
        ("Input db has 490 elemented, expected 490", True),
        ("Input db has 490 elements, expected 490", True),
        ("Input db has 1 element, expected 490", False),
        ("Input db has 490 bytes, expected 491", False),
        ("Input db has zu elemented, expected 490", None),
        ("Input db has %zu elemented, expected %zu", None),
        ("Input db has 490 elemented, expected ld", None),
        ("Input db has  elemented, expected 490", None),
    ],
)
def test_what_a_device_says_of_sizes(line: str, fits: bool | None):
    (message,) = parse_line(line.encode())
    assert isinstance(message, InputSize)
    assert message.fits is fits
    assert message.encode() == line


@pytest.mark.parametrize(
    "body", ["", ",,", " , ", "f,f", "%f,%f", "%.3f,%.3f", "?,?", "*float*,*float*", ".,."]
)
def test_scores_of_a_printf_without_floats_are_the_firmwares_doing(body: str):
    (message,) = parse_line(f"m-results-[{body}]".encode())
    assert isinstance(message, Malformed)
    assert message.in_firmware
    assert "-u _printf_float" in message.reason


@pytest.mark.parametrize("body", ["nan,nan", "0.1,,0.2", "0.1,f", "inf", "0.1;0.2"])
def test_other_scores_that_are_none_are_not(body: str):
    (message,) = parse_line(f"m-results-[{body}]".encode())
    assert isinstance(message, Malformed)
    assert not message.in_firmware
